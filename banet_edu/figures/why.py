"""Where to look at an outline first: its unclear or doubtful stretches on the image, coloured by their reason, and in words."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.causes import Explanation
from banet_edu.explain.boundary.tables import Profile
from banet_edu.explain.boundary.wording import expects, others, where
from banet_edu.explain.boundary.wording import number as shown
from banet_edu.figures.contour import draw_lines, draw_scale_bar, mask_outlines
from banet_edu.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PREDICTION,
    PURPLE,
    REFERENCE,
    VERMILLION,
    draw_image,
    new_figure,
    proportion,
    styled,
)
from banet_edu.prediction import Prediction

if TYPE_CHECKING:
    import pandas as pd


class ReasonStyle(NamedTuple):
    """How a reason is drawn: colour, line style and marker, so that no reader needs the colour."""

    colour: str
    line: Any  # as matplotlib's linestyle
    marker: str


REASON_STYLES = {
    "low contrast": ReasonStyle(ORANGE, "-", "o"),
    "soft edge": ReasonStyle(PURPLE, "--", "s"),
    "hair/line or highlight": ReasonStyle(GREEN, (0, (1.4, 0.8)), "^"),
    "network undecided": ReasonStyle(VERMILLION, "-.", "D"),
    "networks disagree": ReasonStyle(BLUE, (0, (5, 1)), "v"),
    "image unclear": ReasonStyle(ORANGE, (0, (3, 1, 1, 1)), "P"),
    "unusual shape": ReasonStyle(GREY, (0, (1, 1)), "X"),
}
_HALO = [Stroke(linewidth=2.5, foreground=INK), Normal()]
_LISTED = 8  # stretches in the list beside the image


def doubtful_figure(
    sample: Sample, prediction: Prediction, profile: pd.DataFrame, explanation: Explanation, *, title: str = ""
) -> Figure:
    """The image with its outline, the explanation's stretches in the colour and line style of their main reason.

    Beside it the first stretches in words, with the numbers they carry in the image. 12 h, 3 h, 6 h and 9 h around an outline
    are the o'clock of the sentences (12 is up, seen from the outline's centre). Where the outline is the expert's, the
    predicted one is drawn too. A scale bar where the spacing is known.

    Args:
        sample: H x W x 3 image; its mask need not be there.
        prediction: h x w, of the same image.
        profile: `boundary_profile` of the two, of this one image.
        explanation: `why(profile)`: where the image is unclear; or with `expected`: where the largest errors are expected.

    Raises ValueError when the profile is empty or holds several images.
    """
    profile = check_one_image(profile, "doubtful_figure")
    size, spacing = prediction.mask.shape, prediction.spacing_mm or sample.spacing_mm
    shape = proportion(size, spacing)
    height = float(np.clip(5.9 * shape, 3.4, 7.5))
    figure, [[axes, side]] = new_figure(1, 2, height=height + 0.6, width_ratios=[min(5.9, height / shape), 3.4])
    with styled():
        draw_image(axes, sample.image, size, spacing_mm=spacing)
        along = str(profile["along"].iloc[0])
        entries = []
        if along == "reference" and prediction.contours:
            draw_lines(axes, prediction.contours, colour=PREDICTION, width=1.2)
            entries.append(_entry("network's line", PREDICTION))
        elif along == "prediction" and sample.mask is not None and sample.mask.any():
            draw_lines(axes, mask_outlines(sample.mask > 0), colour=REFERENCE, width=1.2)
            entries.append(_entry("reference", REFERENCE))
        ours = "reference" if along == "reference" else "outline"
        colour = REFERENCE if along == "reference" else PREDICTION
        for _, part in profile.groupby("contour"):
            places = part[["row", "column"]].to_numpy()
            if part["closed"].all():
                places = np.concatenate([places, places[:1]])
            draw_lines(axes, [places], colour=colour, width=1.4)
        entries.insert(0, _entry(ours, colour))
        segments = explanation.segments
        taken: list[NDArray[np.float64]] = []
        for number, stretch in enumerate(segments.rows(), start=1):
            _draw_stretch(axes, number, stretch, profile, size, taken)
        _draw_hours(axes, profile, size, spacing, taken)
        present = [reason for reason in REASON_STYLES if (segments["reasons"].map(main_reason) == reason).any()]
        entries += [_entry(reason, *REASON_STYLES[reason]) for reason in present]
        look = "where to look first" if expects(segments) else "where the image shows no clear edge"
        axes.set_title(title or ("the outline" if segments.empty else look))
        if spacing is not None:
            draw_scale_bar(axes, size, spacing)
        side.set_axis_off()
        side.legend(handles=entries, loc="upper left", borderaxespad=0, handlelength=3.2)
        side.text(0, 1 - (0.2 * len(entries) + 0.25) / height, _listed(explanation, profile), va="top",
                  transform=side.transAxes, fontsize=9.5, linespacing=1.35)  # fmt: skip
    return figure


def main_reason(reasons: str) -> str:
    """The first of a stretch's reasons, the one it is coloured by.

    >>> main_reason("soft edge, network undecided")
    'soft edge'
    """
    return reasons.partition(",")[0]


def check_one_image(profile: pd.DataFrame, what: str) -> Profile:
    """The table as a `Profile`; ValueError unless it is one, and has rows, all of one image."""
    if not len(profile):
        raise ValueError(f"{what}: the profile is empty, there is no outline to draw (nothing was found or outlined)")
    profile = Profile.of(profile)
    if (count := profile["name"].nunique()) > 1:
        raise ValueError(
            f"{what} draws one image, the profile holds {count}; choose one: profile[profile['name'] == ...]"
        )
    return profile


def _entry(label: str, colour: str, line: Any = "-", marker: str = "") -> Line2D:
    halo = [] if marker else [Stroke(linewidth=4.6, foreground=INK), Normal()]
    return Line2D([], [], color=colour, linestyle=line, marker=marker, linewidth=3, markersize=7,
                  markeredgecolor=INK, label=label, path_effects=halo)  # fmt: skip


def _draw_stretch(
    axes: Axes,
    number: int,
    stretch: dict[str, Any],
    profile: Profile,
    size: tuple[int, int],
    taken: list[NDArray[np.float64]],
) -> None:
    """One stretch and its number, which keeps away from the numbers at `taken` (row, column)."""
    colour, line, marker = REASON_STYLES[main_reason(stretch["reasons"])]
    rows = profile.between(stretch["contour"], stretch["from"], stretch["to"])
    row, column = rows["row"].to_numpy(), rows["column"].to_numpy()
    axes.plot(column, row, color=INK, linewidth=5.5, solid_capstyle="round", zorder=3)
    axes.plot(column, row, color=colour, linestyle=line, linewidth=3.4, zorder=4)
    at = np.unique(np.linspace(0, len(rows) - 1, max(2, len(rows) // 22 + 1)).round().astype(int))
    axes.plot(
        column[at], row[at], linestyle="", marker=marker, color=colour, markeredgecolor=INK, markersize=6, zorder=5
    )
    middle = rows[["row", "column"]].to_numpy(float)[len(rows) // 2]
    outward = rows[["normal_row", "normal_column"]].to_numpy(float)[len(rows) // 2]
    outward = outward / max(float(np.hypot(*outward)), 1e-9)
    margin, step = 0.025 * np.array(size), 0.045 * max(size)
    tries = [np.clip(middle + away * step * outward, margin, size - margin) for away in (1, -1, 2, -2, 3)]
    free = [at for at in tries if all(np.hypot(*(at - other)) > 0.9 * step for other in taken)]
    y, x = place = (free or tries)[0]
    taken.append(place)
    if number > _LISTED:
        return
    light = float(np.dot(to_rgb(colour), (0.299, 0.587, 0.114)))
    axes.text(x, y, str(number), color=INK if light > 0.5 else "w", fontsize=9, ha="center", va="center", zorder=7,
              bbox={"boxstyle": "circle,pad=0.2", "facecolor": colour, "edgecolor": INK, "linewidth": 1})  # fmt: skip


def _draw_hours(
    axes: Axes,
    profile: Profile,
    size: tuple[int, int],
    spacing_mm: tuple[float, float] | None,
    taken: list[NDArray[np.float64]],
) -> None:
    """12, 3, 6 and 9 h around each outline that is no speck; of several inside. Away from what is at `taken` (row, column)."""
    scale = np.array(spacing_mm or (1.0, 1.0))
    several = profile["contour"].nunique() > 1
    longest = float((np.array(size) * scale).max())
    reach = (0.045 if several else 0.055) * longest
    for contour, part in profile.groupby("contour"):
        if len(part) < 0.1 * len(profile):
            continue
        places = part[["row", "column"]].to_numpy() * scale
        centre = places.mean(axis=0)
        away = np.linalg.norm(places - centre, axis=1)
        angle = part["angle_deg"].to_numpy()
        for hour in (12, 3, 6, 9):
            direction = 90 - 30 * hour
            near = np.abs((angle - direction + 180) % 360 - 180) <= 12
            if not near.any():
                continue
            radius = max(away[near].min() - reach, 0.35 * away[near].min()) if several else away[near].max() + reach
            if several and radius < 0.08 * longest:
                continue
            step = np.array([-np.sin(np.radians(direction)), np.cos(np.radians(direction))])
            tries = [(centre + (radius + further * longest) * step) / scale for further in (0, 0.02, 0.04)]
            free = [at for at in tries if all(np.hypot(*(at - other)) > 0.06 * max(size) for other in taken)]
            y, x = (free or tries)[0]
            inside = 0.03 * size[0] < y < 0.97 * size[0] and 0.03 * size[1] < x < 0.97 * size[1]
            if inside:
                box = {"boxstyle": "round,pad=0.15", "facecolor": INK, "edgecolor": "none", "alpha": 0.75}
                axes.text(x, y, f"{hour} h", color="w", fontsize=9, ha="center", va="center", zorder=6, bbox=box)
        if several:
            y, x = centre / scale
            axes.text(x, y, f"outline {int(str(contour)) + 1}", color="w", fontsize=9, ha="center", va="center",
                      zorder=6, path_effects=_HALO)  # fmt: skip


def _listed(explanation: Explanation, profile: Profile) -> str:
    segments, unit = explanation.segments, explanation.unit
    if segments.empty:
        return "No stretch is marked."
    several = profile["contour"].nunique() > 1
    lines = []
    for number, stretch in enumerate(segments.head(_LISTED).rows(), start=1):
        size = shown(stretch["length"])
        text = f"{number}  {where(stretch, several)}, {size} {unit.replace('pct', '% of the diagonal')}: {stretch['reasons']}"
        error = stretch.get("mean_error", np.nan)
        if "expected" in stretch:
            text += f"; expected: off by {shown(stretch['expected'])} {unit.replace('pct', '%')}"
        text += f"; off by {shown(error)} {unit.replace('pct', '%')}" if error == error else ""
        lines.append(fill(text, 42, subsequent_indent="    "))
    if len(segments) > _LISTED:
        lines.append(f"and {others(len(segments) - _LISTED, expects(segments))}")
    return "\n".join(lines)
