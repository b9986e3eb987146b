"""The image unrolled along an outline, as a strip with both outlines drawn on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.across import unrolled_image
from banet_edu.explain.boundary.tables import Profile
from banet_edu.figures.style import INK, PREDICTION, REFERENCE

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

_HALO = [Stroke(linewidth=3.4, foreground=INK), Normal()]
_USUAL_REACH, _LARGEST_REACH = 24, 60  # profile points to either side of the outline; more only where errors need it


def draw_strip(
    axes: Axes, sample: Sample, profile: Profile, places: list[tuple[Any, Array]], error: pd.Series | None
) -> None:
    """The unrolled image, its own outline at 0 and the other one (if `error` is known) at its signed distance.

    `places`: for each outline the rows of the profile and where on the axis they lie.
    """
    step = profile.step
    farthest = 0.0 if error is None else 1.2 * float(error.abs().max())
    reach = float(np.clip(farthest, _USUAL_REACH * step, _LARGEST_REACH * step))
    distance = np.arange(-reach, reach + step / 4, step / 2)
    along = str(profile["along"].iloc[0])
    ours, other = ("reference", "outline") if along == "reference" else ("outline", "reference")
    colours = {"reference": REFERENCE, "outline": PREDICTION}
    for rows, x in places:
        axes.imshow(unrolled_image(sample, profile.loc[rows], distance), origin="lower", aspect="auto",
                    extent=(x[0] - step / 2, x[-1] + step / 2, -reach, reach), interpolation="nearest")  # fmt: skip
        axes.plot(x[[0, -1]], [0, 0], color=colours[ours], linewidth=1.8, path_effects=_HALO, label=ours)
        if error is not None:
            # Positive: the prediction lies outside of the expert's outline, so seen from the prediction that lies inside.
            shift = error[rows].to_numpy() * (1 if along == "reference" else -1)
            axes.plot(x, shift, color=colours[other], linewidth=1.8, linestyle="--", path_effects=_HALO, label=other)
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    axes.legend(unique.values(), unique.keys(), loc="lower right", bbox_to_anchor=(1.0, 1.08), ncols=2, borderpad=0.1)
    axes.set_xlim(places[0][1][0] - step / 2, places[-1][1][-1] + step / 2)
    axes.set_ylim(-reach, reach)
    axes.set_ylabel(f"distance ({profile.unit.replace('pct', '% of diag.')})\ninside < 0 < outside")
    axes.grid(visible=False)
    _label_hours(axes, profile, places)


def _label_hours(axes: Axes, profile: Profile, places: list[tuple[Any, Array]]) -> None:
    """12, 3, 6 and 9 o'clock above the strip; where there are several outlines, their numbers."""
    total = places[-1][1][-1] - places[0][1][0]
    ticks: list[tuple[float, str]] = []
    for number, (rows, x) in enumerate(places, start=1):
        angle = profile.loc[rows, "angle_deg"].to_numpy()
        off = {hour: np.abs((angle - 90 + 30 * hour + 180) % 360 - 180) for hour in (12, 3, 6, 9)}
        wanted = [(int(away.argmin()), hour) for hour, away in off.items() if away.min() < 10]
        short = len(rows) < 0.15 * len(profile)
        for k, hour in sorted(wanted)[: 1 if short else 4]:
            text = f"{hour} o'clock" if len(places) == 1 else f"{hour} h"
            if all(abs(x[k] - place) > 0.07 * total for place, _ in ticks):
                ticks.append((float(x[k]), text))
        if len(places) > 1 and not short:
            axes.text(x.mean(), 0.97, f"outline {number}", transform=axes.get_xaxis_transform(), ha="center", va="top",
                      color="w", fontsize=9, path_effects=[Stroke(linewidth=2.5, foreground=INK), Normal()])  # fmt: skip
    upper = axes.secondary_xaxis("top")
    upper.set_xticks([place for place, _ in ticks], [text for _, text in ticks])
