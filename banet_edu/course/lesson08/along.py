"""What the image shows along an outline, and how far the line is off there: the two go together, or they do not."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.causes import Explanation
from banet_edu.explain.boundary.tables import Profile
from banet_edu.figures.style import INK, styled
from banet_edu.figures.why import REASON_STYLES, doubtful_figure, main_reason
from banet_edu.prediction import Prediction


def along_figure(sample: Sample, prediction: Prediction, profile: Profile, explanation: Explanation) -> Figure:
    """`doubtful_figure` with two curves in its free corner: contrast and error by the o'clock, the stretches shaded.

    Args:
        sample: image and mask, of one object.
        prediction: of the same image.
        profile: `boundary_profile` of the two along the reference, with errors.
        explanation: `why(profile)`.
    """
    figure = doubtful_figure(sample, prediction, profile, explanation)
    hour = _from_six(profile)
    order = np.argsort(hour, kind="stable")
    curves = {
        "contrast\n(0 to 255)": profile["contrast"].to_numpy(),
        f"error\n({profile.unit.replace('pct', '% of diag.')})": profile.measured("signed_error").abs().to_numpy(),
    }
    with styled():
        for (name, values), bottom in zip(curves.items(), (0.42, 0.1), strict=True):
            panel = figure.axes[1].inset_axes((0.17, bottom, 0.8, 0.25))
            panel.plot(hour[order], values[order], color=INK, linewidth=1.6)
            for stretch in explanation.segments.rows():
                rows = profile.between(stretch["contour"], stretch["from"], stretch["to"])
                there = np.isin(profile.index[order], rows.index)
                colour = REASON_STYLES[main_reason(stretch["reasons"])].colour
                panel.fill_between(hour[order], 0, 1, where=there.tolist(), color=colour, alpha=0.35, linewidth=0,
                                   transform=panel.get_xaxis_transform())  # fmt: skip
            panel.set_ylim(0, None)
            panel.set_xlim(0, 12)
            panel.set_xticks([0, 3, 6, 9, 12], ["6", "9", "12", "3", "6"])
            panel.set_ylabel(name)
        panel.set_xlabel("o'clock (shaded: the numbered stretches)")
    return figure


def _from_six(profile: Profile) -> np.ndarray:
    """Hours after 6 o'clock at which the points are seen from the object's centre, so that 12 is in the middle."""
    return ((90 - profile["angle_deg"].to_numpy()) / 30 - 6) % 12
