"""Across the boundary at chosen points: how bright the image is there, and how sure the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.across import probability_across, undecided, unrolled_image
from banet_edu.explain.boundary.tables import Profile
from banet_edu.figures.contour import draw_lines, draw_scale_bar, mask_outlines
from banet_edu.figures.style import INK, PREDICTION, REFERENCE, VERMILLION, draw_image, new_figure, proportion, styled
from banet_edu.figures.why import check_one_image
from banet_edu.prediction import Prediction

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("image", "brightness", "probability")
_REACH = 22  # points of the profile to either side of the outline; more only where an error needs it
_EXPERT = "#8A6D00"  # the expert's yellow, dark enough for a line on white
_FOUND = "#0072B2"  # the prediction's light blue, likewise
_DOUBT = "#E4E4E4"
_SOLID: tuple[float, Any] = (0, None)
_DASHED: tuple[float, Any] = (0, (2, 1))
_HALO = [Stroke(linewidth=2.8, foreground=INK), Normal()]


def across_figure(
    sample: Sample,
    prediction: Prediction,
    profile: pd.DataFrame,
    rows: Sequence[int],
    *,
    title: str = "",
    parts: Sequence[str] = PARTS,
) -> Figure:
    """The image with numbered places on its outline; for each, brightness and probability across the boundary.

    The horizontal axis is the distance from the expert's outline along its normal, inside below 0; one line stands where
    the expert drew the boundary (0), one where the network did (the signed error). The shaded band is the slack: as far as the
    network's line would move, were its threshold moved from 0.25 to 0.75.

    Args:
        sample: image and mask.
        prediction: of the same image, h x w.
        profile: `boundary_profile` of the two along the reference; distances are drawn in its unit.
        rows: one to three rows of the profile, by position.
        parts: of `PARTS`, those to draw, one curve at least; the slack comes with the probability.

    Raises ValueError when the profile is empty, holds several images or no errors, or a row is not in it.
    """
    profile = check_one_image(profile, "across_figure")
    if not profile.has_errors:
        raise ValueError("across_figure needs a reference and something found: this profile holds no errors")
    if not rows or not all(0 <= row < len(profile) for row in rows):
        raise ValueError(f"rows are positions in the profile, 0 to {len(profile) - 1}, not {list(rows)}")
    size, spacing = prediction.mask.shape, prediction.spacing_mm
    picture, curves = min(3.4, 2.5 * proportion(size, spacing)), len(set(parts) - {"image"})
    drawn = None
    if "image" not in parts:
        figure, axes = new_figure(curves, len(rows), height=0.9 + 1.5 * curves)
        columns = list(axes.T)
    elif len(rows) == 1:
        figure, axes = new_figure(curves, 2, height=max(4.2, picture + 1.4), width_ratios=[1, 1.25])
        grid = axes[0, 0].get_gridspec()
        for each in axes[:, 0]:
            each.remove()
        drawn = figure.add_subplot(grid[:, 0])
        columns = [axes[:, 1]]
    else:
        ratios = [1.5 * picture / 2.4, *[1] * curves]
        figure, axes = new_figure(1 + curves, len(rows), height=0.9 + 1.5 * curves + picture, height_ratios=ratios)
        grid = axes[0, 0].get_gridspec()
        for each in axes[0]:
            each.remove()
        drawn = figure.add_subplot(grid[0, :])
        columns = list(axes[1:].T)
    chosen, unit = profile.iloc[list(rows)], profile.unit
    errors = chosen.measured("signed_error")
    distance = np.arange(-1.0, 1.0001, 0.02) * max(_REACH * profile.step, 1.5 * float(errors.abs().max()))
    with styled():
        if drawn is not None:
            _draw_places(drawn, sample, prediction, chosen, distance)
        levels = unrolled_image(sample, chosen, distance).mean(axis=2)
        sure = probability_across(prediction, chosen, distance)
        fine = np.linspace(distance[0], distance[-1], 1001)  # for the ends of the slack
        finely = probability_across(prediction, chosen, fine)
        # One scale for every place of the outline, so that a walk along it does not change the scale.
        everywhere = unrolled_image(sample, profile.iloc[:: max(1, len(profile) // 60)], distance).mean(axis=2)
        brightness = (
            max(min(everywhere.min(), levels.min()) - 10, -8),
            min(max(everywhere.max(), levels.max()) + 10, 263),
        )
        for k, (column, error) in enumerate(zip(columns, errors, strict=True)):
            band = undecided(fine, finely[:, k], error)
            if "brightness" in parts:
                _draw_brightness(column[0], distance, levels[:, k], brightness, first=k == 0)
            if "probability" in parts:
                _draw_doubt(column[-1], distance, sure[:, k], band, first=k == 0)
            _finish_column(column, distance, error, unit)
            number = "" if len(rows) == 1 else f"{k + 1}: "
            slack = band[1] - band[0] if "probability" in parts else None
            column[0].set_title(number + _said(error, slack, unit), fontsize=10)
        # As it is drawn on the image, then as it is drawn below or beside it.
        lines = [
            (
                *([Line2D([], [], color=colour, linewidth=1.6, path_effects=_HALO)] if drawn is not None else []),
                Line2D([], [], color=dark, linewidth=2, linestyle=how),
            )
            for colour, dark, how in ((REFERENCE, _EXPERT, _SOLID), (PREDICTION, _FOUND, _DASHED))
        ]
        names = ["reference", "network's line"]
        # A tuple is drawn by its handler; matplotlib's types do not know.
        pairs: list[Any] = [*lines]
        if "probability" in parts:
            pairs += [Patch(color=_DOUBT, linewidth=0), Patch(color=_FOUND, alpha=0.18, linewidth=0)]
            names += ["probability 0.25 to 0.75", "slack"]
        figure.legend(
            pairs,
            names,
            handler_map={tuple: HandlerTuple(ndivide=None, pad=0.4)},
            loc="outside lower center",
            ncols=4,
            handlelength=3.6,
        )
        if title:
            figure.suptitle(title)
    return figure


def _draw_places(
    axes: Axes, sample: Sample, prediction: Prediction, chosen: Profile, distance: NDArray[np.float64]
) -> None:
    size, spacing = prediction.mask.shape, prediction.spacing_mm
    draw_image(axes, sample.image, size, spacing_mm=spacing)
    assert sample.mask is not None
    draw_lines(axes, mask_outlines(sample.mask > 0), colour=REFERENCE)
    draw_lines(axes, prediction.contours, colour=PREDICTION)
    for k, place in enumerate(chosen.rows(), start=1):
        normal = np.array([place["normal_row"], place["normal_column"]])
        middle = np.array([place["row"], place["column"]])
        ends = middle + np.outer([distance[0], distance[-1]], normal)
        axes.plot(ends[:, 1], ends[:, 0], color=VERMILLION, linewidth=2.2, zorder=4)
        axes.plot(middle[1], middle[0], "o", color="w", markeredgecolor=INK, markersize=6, zorder=5)
        if len(chosen) > 1:
            y, x = np.clip(middle + 1.35 * distance[-1] * normal, 0.04 * np.array(size), 0.96 * np.array(size))
            axes.text(x, y, str(k), fontsize=9, ha="center", va="center", zorder=6,
                      bbox={"boxstyle": "circle,pad=0.25", "facecolor": "w", "edgecolor": INK})  # fmt: skip
    axes.set_xlim(-0.5, size[1] - 0.5)
    axes.set_ylim(size[0] - 0.5, -0.5)
    if spacing is not None:
        draw_scale_bar(axes, size, spacing)


def _draw_brightness(
    axes: Axes,
    distance: NDArray[np.float64],
    levels: NDArray[np.float64],
    limits: tuple[float, float],
    *,
    first: bool,
) -> None:
    axes.plot(distance, levels, color=INK, linewidth=1.8)
    axes.set_ylim(*limits)
    if first:
        axes.set_ylabel("brightness\n(0 to 255)")


def _draw_doubt(
    axes: Axes,
    distance: NDArray[np.float64],
    sure: NDArray[np.float64],
    band: tuple[float, float],
    *,
    first: bool,
) -> None:
    """The probability, and the slack as a band."""
    if first:
        axes.set_ylabel("probability of\nforeground")
    axes.plot(distance, sure, color=INK, linewidth=1.8)
    axes.axhspan(0.25, 0.75, color=_DOUBT, zorder=0)
    axes.axvspan(*band, color=_FOUND, alpha=0.18, linewidth=0)
    axes.set_ylim(-0.05, 1.05)


def _finish_column(column: Sequence[Axes], distance: NDArray[np.float64], error: float, unit: str) -> None:
    """Both lines in every panel of a column, and what its horizontal axis is."""
    for axes in column:
        axes.axvline(0, color=_EXPERT, linewidth=2)
        axes.axvline(error, color=_FOUND, linewidth=2, linestyle="--")
        axes.set_xlim(distance[0], distance[-1])
        axes.tick_params(labelbottom=axes is column[-1])
    column[-1].set_xlabel(f"inside < 0 < outside ({_short(unit)})")


def _said(error: float, slack: float | None, unit: str) -> str:
    where = "off" if abs(error) < 0.005 else "too far out" if error > 0 else "too far in"
    said = f"{abs(error):.2f} {_short(unit)} {where}"
    return said if slack is None else f"{said}\nslack {slack:.2f} {_short(unit)}"


def _short(unit: str) -> str:
    return unit.replace("pct", "% of diag.")
