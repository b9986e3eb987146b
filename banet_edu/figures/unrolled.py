"""The boundary laid out straight: the image unrolled along the contour, and under it what was measured at each point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.causes import Explanation
from banet_edu.explain.boundary.segments import unclear_stretches
from banet_edu.explain.boundary.tables import Profile, UnitTable
from banet_edu.explain.boundary.wording import UNITS
from banet_edu.figures.strip import draw_strip
from banet_edu.figures.style import BLUE, INK, ORANGE, VERMILLION, new_figure, styled
from banet_edu.figures.why import REASON_STYLES, check_one_image, main_reason

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

_GAP = 0.03  # between two outlines, as a share of their length together
_NO_ERROR = {
    "no_reference": "no reference: no error is known",
    "missed": "missed: nothing was found, no error can be measured",
    "hallucinated": "the expert outlines nothing here: no error can be measured",
}


def unrolled_figure(
    sample: Sample,
    profile: pd.DataFrame,
    *,
    explanation: Explanation | None = None,
    tolerance: float = 1.0,
    title: str = "",
) -> Figure:
    """The image unrolled along the outline, above curves of what `boundary_profile` measured at each of its points.

    From top to bottom, arc length being the axis of all: the image read along the normals (inside below 0, outside above) with
    this outline at 0 and the other one at its signed distance; signed error, contrast, edge width, share under hair or
    highlights and of look-alikes, and slack. Dashed: the median of this outline. The explanation's stretches are shaded and
    numbered. Several outlines follow one another with a gap between, each from its own 0.

    Args:
        sample: the image that the profile was made of, H x W x 3, and its mask or None.
        profile: N rows of `boundary_profile`, of one image; lengths are drawn in its unit (mm, or % of the image diagonal).
        explanation: `why(profile)`, whose stretches are shaded; None: `unclear_stretches(profile)`.
        tolerance: in the profile's unit: the grey band around error 0.

    Without known errors (no reference, missed) there is no panel of errors, and the figure says why.
    Raises ValueError when the profile is empty or holds several images.
    """
    profile = check_one_image(profile, "unrolled_figure")
    short = profile.unit.replace("pct", "% of diag.")
    known = profile.has_errors
    error = profile.measured("signed_error") if known else None
    segments = unclear_stretches(profile) if explanation is None else explanation.segments
    places = _places(profile)
    least = 4 * profile.step
    figure, axes = new_figure(5 + known, 1, height=5.6 + 1.1 * known + 2.0, sharex=True,
                              height_ratios=[2.4, *[1.0] * (4 + known)])  # fmt: skip
    strip, panels = axes[0, 0], list(axes[1:, 0])
    with styled():
        draw_strip(strip, sample, profile, places, error)
        if error is not None:
            _draw_error(panels.pop(0), places, error, tolerance, short)
        contrast, width, shares, slack = panels
        _draw_curve(contrast, places, profile["contrast"], "contrast\n(RGB levels)")
        _draw_curve(width, places, profile.measured("edge_width"), f"edge width\n({short})", at_least=least)
        if profile.measured("edge_width").isna().any():
            width.set_ylim(width.get_ylim()[0], 1.35 * width.get_ylim()[1])
            width.text(
                0.99, 0.97, "gaps: no edge to be seen", transform=width.transAxes, ha="right", va="top", fontsize=9
            )
        for rows, x in places:
            shares.plot(x, 100 * profile.loc[rows, "occluder"], color=BLUE, linewidth=1.6)
            shares.plot(x, 100 * profile.loc[rows, "look_alike"], color=ORANGE, linewidth=1.6, linestyle="--")
        shares.set_ylim(-6, 155)
        shares.set_yticks([0, 50, 100])
        shares.set_ylabel("share\n(%)")
        shares.legend(
            shares.lines[:2], ["hair/line or highlight", "look-alike"], loc="upper right", ncols=2, borderpad=0.1
        )
        _draw_curve(slack, places, profile.measured("slack"), f"slack\n({short})", at_least=least)
        _shade(figure, strip, list(axes[:, 0]), segments, places, profile)
        _label_arc(axes[-1, 0], places, UNITS[profile.unit])
        said = "image along the outline" if known else f"image along the outline ({_why_no_error(profile)})"
        strip.set_title(said, pad=20, loc="left")
        figure.align_ylabels(list(axes[:, 0]))
        if title:
            figure.suptitle(title)
    return figure


def _places(profile: Profile) -> list[tuple[Any, Array]]:
    """For each outline its rows and their places on the axis: one outline after the other, a gap between."""
    arcs = [arc for _, arc in profile.measured("arc").groupby(profile["contour"])]
    lengths = [float(arc.max()) for arc in arcs]
    gap, start, places = _GAP * sum(lengths), 0.0, []
    for arc, length in zip(arcs, lengths, strict=True):
        places.append((arc.index, start + arc.to_numpy()))
        start += length + gap
    return places


def _draw_error(axes: Axes, places: list[tuple[Any, Array]], error: pd.Series, tolerance: float, unit: str) -> None:
    axes.axhspan(-tolerance, tolerance, color="#E4E4E4", label=f"within ± {tolerance:g} {unit}", zorder=0)
    axes.axhline(0, color=INK, linewidth=0.8)
    for rows, x in places:
        y = error[rows].to_numpy()
        axes.fill_between(x, 0, y, where=y > 0, color=VERMILLION, alpha=0.55, linewidth=0, interpolate=True)
        axes.fill_between(x, 0, y, where=y < 0, color=BLUE, alpha=0.55, linewidth=0, interpolate=True)
        axes.plot(x, y, color=INK, linewidth=1.2)
    most = 1.1 * max(float(error.abs().max()), 1e-6)
    limit = max(most, min(1.15 * tolerance, 3 * most))
    axes.set_ylim(-limit, 1.6 * limit)
    axes.set_ylabel(f"signed error\n({unit})")
    axes.legend(loc="upper right", borderpad=0.1)


def _draw_curve(
    axes: Axes, places: list[tuple[Any, Array]], values: pd.Series, label: str, at_least: float = 1.0
) -> None:
    """One property as a line, its median dashed. The axis holds 0 and `at_least`: what hardly varies should look so."""
    for rows, x in places:
        axes.plot(x, values[rows], color=INK, linewidth=1.4)
    values = values.dropna()
    if len(values):
        axes.axhline(float(values.median()), color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        lowest, highest = min(0.0, float(values.min())), max(float(values.max()), at_least)
        axes.set_ylim(lowest - 0.05 * (highest - lowest) * (lowest < 0), highest + 0.12 * (highest - lowest))
    else:
        axes.text(0.5, 0.5, "no edge to be seen anywhere", transform=axes.transAxes, ha="center", va="center")
    axes.set_ylabel(label)
    axes.yaxis.set_major_locator(MaxNLocator(4))


def _shade(
    figure: Figure,
    strip: Axes,
    panels: list[Axes],
    segments: UnitTable,
    places: list[tuple[Any, Array]],
    profile: Profile,
) -> None:
    """Stretches over all panels, numbered in the strip; the legend says the reasons of each number."""
    said: dict[str, list[str]] = {}
    taken: list[float] = []
    total = places[-1][1][-1] - places[0][1][0]
    offsets = {profile.loc[rows[0], "contour"]: (x[0], x[-1]) for rows, x in places}
    for number, stretch in enumerate(segments.rows(), start=1):
        colour = REASON_STYLES[main_reason(stretch["reasons"])].colour
        start, end = offsets[stretch["contour"]]
        first, last = start + stretch["from"], start + stretch["to"]
        spans = [(first, last)] if first <= last else [(first, end), (start, last)]
        for left, right in spans:
            for panel in panels[1:]:
                panel.axvspan(left, right, color=colour, alpha=0.22, linewidth=0, zorder=0.5)
            strip.plot([left, right], [0.02, 0.02], transform=strip.get_xaxis_transform(), color=colour, linewidth=6,
                       solid_capstyle="butt", path_effects=[Stroke(linewidth=8, foreground=INK), Normal()])  # fmt: skip
            for edge in (left, right):
                strip.axvline(edge, color="w", linewidth=0.9, linestyle=":")
        left, right = max(spans, key=lambda span: span[1] - span[0])
        middle = (left + right) / 2
        crowded = sum(abs(middle - other) < 0.025 * total for other in taken)
        taken.append(middle)
        strip.text(middle, 0.13 + 0.15 * crowded, str(number), transform=strip.get_xaxis_transform(), ha="center", va="center",
                   fontsize=9, color=INK, zorder=6,
                   bbox={"boxstyle": "circle,pad=0.2", "facecolor": colour, "edgecolor": INK, "linewidth": 1})  # fmt: skip
        said.setdefault(stretch["reasons"], []).append(str(number))
    if said:
        handles = [
            Patch(
                facecolor=REASON_STYLES[main_reason(reasons)].colour,
                alpha=0.6,
                label=f"{', '.join(numbers)}: {reasons}",
            )
            for reasons, numbers in said.items()
        ]
        figure.legend(
            handles=handles, loc="outside lower center", ncols=2, title="doubtful stretches", title_fontsize=9
        )


def _label_arc(axes: Axes, places: list[tuple[Any, Array]], unit: str) -> None:
    """Ticks of each outline from its own 0."""
    axes.set_xlabel(f"arc length along the outline ({unit})")
    if len(places) == 1:
        return
    axes.set_xlabel(f"arc length along each outline ({unit})")
    total = places[-1][1][-1]
    marks = MaxNLocator(9, steps=[1, 2, 5, 10]).tick_values(0, total)
    step, ticks = marks[1] - marks[0], []
    for _, x in places:
        ticks += [(x[0] + value, f"{value:g}") for value in np.arange(0, x[-1] - x[0] + 1e-9, step)]
    kept: list[tuple[float, str]] = []
    for place, text in ticks:
        if text == "0" and kept and place - kept[-1][0] < 0.045 * total:
            kept.pop()
        if not kept or place - kept[-1][0] >= 0.045 * total:
            kept.append((place, text))
    axes.set_xticks([place for place, _ in kept], [text for _, text in kept])


def _why_no_error(profile: Profile) -> str:
    return _NO_ERROR.get(str(profile["status"].iloc[0]), "one outline cannot be followed: no error point by point")
