"""Diameters and area on an outline, and how far they would move within the network's band of doubt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from banet_edu.data.sample import Sample
from banet_edu.explain.wording import numbers
from banet_edu.metrics.callipers import BAND, clinic_measures, diameters
from banet_edu.metrics.shape import outlines
from banet_edu.plots.beside import finish, picture_beside_words
from banet_edu.plots.contour import draw_lines
from banet_edu.plots.style import GREEN, INK, ORANGE, PREDICTION, styled
from banet_edu.prediction import Prediction

_HALO = [Stroke(linewidth=4.2, foreground=INK), Normal()]
_NAMES = {
    "longest": "longest diameter",
    "across": "the one across it",
    "perimeter": "perimeter",
    "area": "area",
}


def level_at(prediction: Prediction, threshold: float) -> NDArray[np.float32]:
    """h x w, zero or more where the probability of the foreground reaches the threshold."""
    return prediction.probability - np.float32(threshold)


def measured_in_band(prediction: Prediction, threshold: float = 0.5) -> dict[str, tuple[float, float, float]]:
    """Each measurement (see `clinic_measures`) at the threshold, and at the tight and the wide end of the band, 0.75 and 0.25.

    >>> from banet_edu import load_model, load_samples, predict
    >>> found = predict(load_model("banet-lite-phantom"), load_samples("dermoscopy", "test")[0])
    >>> here, tight, wide = measured_in_band(found)["area_mm2"]
    >>> tight < here < wide
    True
    """
    rows = [clinic_measures(level_at(prediction, t), spacing_mm=prediction.spacing_mm) for t in (threshold, *BAND)]
    return {name: (rows[0][name], rows[1][name], rows[2][name]) for name in rows[0]}


def measures_figure(sample: Sample, prediction: Prediction, *, threshold: float = 0.5, source: str = "") -> Figure:
    """The outline with its longest diameter and the one across; beside it the figures and how far they move with the doubt.

    Lengths are in mm where the prediction's spacing is known, otherwise in % of the image diagonal with pixels beside; the
    area is then in % of the image. Nothing found: the picture says so.

    Args:
        sample: H x W x 3 image.
        prediction: of the same image, h x w.
        threshold: on the probability of the foreground; the band of doubt is always 0.25 to 0.75.
        source: where the pixel size comes from, for the line below the figures.
    """
    level = level_at(prediction, threshold)
    with styled():
        figure, axes = picture_beside_words(sample, prediction, f"{sample.name}: threshold {threshold:.2f}")
        for wide in BAND:
            for line in outlines(level_at(prediction, wide)):
                axes.plot(line[:, 1], line[:, 0], color="w", linewidth=1.1, linestyle=(0, (3, 2)), zorder=2)
        draw_lines(axes, outlines(level), colour=PREDICTION, width=1.8)
        found = diameters(level, spacing_mm=prediction.spacing_mm)
        if found is not None:
            for ends, colour, style in ((found.longest, ORANGE, "-"), (found.across, GREEN, "--")):
                axes.plot(ends[:, 1], ends[:, 0], color=colour, linestyle=style, linewidth=2.4, marker="o", markersize=5,
                          markeredgecolor=INK, path_effects=_HALO if style == "-" else None, zorder=4)  # fmt: skip
        entries = [
            Line2D([], [], color=PREDICTION, linewidth=2.4, label=f"outline at threshold {threshold:.2f}"),
            Line2D([], [], color="#8A8A8A", linewidth=1.4, linestyle=(0, (3, 2)), label="outlines at 0.25 and 0.75"),
            Line2D([], [], color=ORANGE, linewidth=2.4, marker="o", label="longest diameter"),
            Line2D([], [], color=GREEN, linewidth=2.4, linestyle="--", marker="o", label="the one across it"),
        ]
        finish(axes, prediction, entries, _table(prediction, threshold, source))
    return figure


def _table(prediction: Prediction, threshold: float, source: str) -> str:
    rows = measured_in_band(prediction, threshold)
    if not rows["regions"][0]:
        most = float(prediction.probability.max())
        return (
            f"Nothing is found at this threshold:\nno pixel reaches it (the highest\nprobability is {most:.2f}).\n"
            "That is no proof that nothing is there."
        )
    mm = prediction.spacing_mm is not None
    lines = []
    for name, words in _NAMES.items():
        unit = ("mm²" if name == "area" else "mm") if mm else ("% of image" if name == "area" else "% of diag.")
        key = name + (("_mm2" if name == "area" else "_mm") if mm else "_pct")
        here, tight, wide = rows[key]
        beside = "" if mm else f" ({rows[f'{name}_px'][0]:,.0f} px)"
        middle, low, high = numbers(here, tight, wide)
        low = "nothing" if not rows["regions"][1] else low
        lines.append(f"{words}: {middle} {unit}{beside}\n    band of doubt {low} to {high}")
    if rows["regions"][0] > 1:
        lines.append(f"{rows['regions'][0]:.0f} parts; the diameters are the largest's")
    return "\n".join([*lines, source] if source else lines)


def with_spacing(prediction: Prediction, spacing_mm: tuple[float, float] | None) -> Prediction:
    """The same prediction with another pixel size."""
    return replace(prediction, spacing_mm=spacing_mm)
