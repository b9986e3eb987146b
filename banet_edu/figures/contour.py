"""One case on its image: the expert's contour, and those of one or several predictions coloured by how far they are off.

The lines, colours and scale bar that other figures of a contour are made of are here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from banet_edu.figures.style import INK, PREDICTION, REFERENCE, SIGNED, draw_image, new_figure, proportion, styled
from banet_edu.metrics.boundary import boundary_metrics, signed_errors
from banet_edu.metrics.overlap import overlap
from banet_edu.metrics.shape import outlines
from banet_edu.prediction import Prediction

_HALO = [Stroke(linewidth=2.8, foreground=INK), Normal()]  # a dark edge: the line is seen on light and on dark skin


def contour_figure(
    image: NDArray[np.uint8],
    prediction: Prediction,
    reference: NDArray[np.bool_] | None = None,
    *,
    title: str = "",
) -> Figure:
    """The image beside the same image with both contours; the predicted one carries its signed error.

    `image` H x W x 3 uint8, `reference` h x w bool of the prediction's size (None: only the prediction is drawn).
    Errors are in mm when `prediction.spacing_mm` is known, with a scale bar, otherwise in pixels of the mask.
    """
    size = prediction.mask.shape
    figure, axes = new_figure(1, 2, height=0.5 + 4.65 * proportion(size, prediction.spacing_mm))
    bare, drawn = axes[0]
    for panel in (bare, drawn):
        draw_image(panel, image, size, spacing_mm=prediction.spacing_mm)
    with styled():
        bare.set_title("image")
        if reference is None:
            draw_lines(drawn, prediction.contours, colour=PREDICTION, label="outline")
        else:
            draw_lines(drawn, mask_outlines(reference), colour=REFERENCE, label="reference")
            lines = _coloured(drawn, prediction, reference)
            if lines is None:
                draw_lines(drawn, prediction.contours, colour=PREDICTION, label="outline")
                drawn.text(0.5, 0.02, _why_no_error(prediction, reference), transform=drawn.transAxes, ha="center", color="w",
                           bbox={"facecolor": INK, "edgecolor": "none"})  # fmt: skip
            else:
                unit = "px" if prediction.spacing_mm is None else "mm"
                bar = figure.colorbar(lines, ax=drawn, fraction=0.046, pad=0.02, extend=_beyond(lines))
                bar.set_label(f"signed boundary error ({unit})\ninside the reference < 0 < outside")
        name_lines(drawn)
        drawn.set_title("the outline" if reference is None else "outline and reference")
        if prediction.spacing_mm is not None:
            for panel in (bare, drawn):
                draw_scale_bar(panel, size, prediction.spacing_mm)
        if title:
            figure.suptitle(title)
    return figure


def mask_outlines(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Contours of a mask, each N x 2 (row, column), half way between inside and outside pixels."""
    return outlines(np.where(np.asarray(mask) > 0, np.float32(0.5), np.float32(-0.5)))


def class_outlines(prediction: Prediction) -> list[NDArray[np.float64]]:
    """Contours of the foreground, sub-pixel; of several classes those of each, between its pixels and the others."""
    if len(prediction.class_names) == 2:
        return prediction.contours
    return [line for k in range(1, len(prediction.class_names)) for line in mask_outlines(prediction.labels == k)]


def draw_lines(
    axes: Axes, lines: list[NDArray[np.float64]], *, colour: str, label: str | None = None, width: float = 1.6
) -> None:
    """Contours, each N x 2 (row, column), with a dark edge. The legend gets one entry for all of them."""
    for line in lines:
        axes.plot(line[:, 1], line[:, 0], color=colour, linewidth=width, path_effects=_HALO, label=label)
        label = None


def name_lines(axes: Axes, place: Literal["upper right", "upper left", "lower left"] = "upper right") -> None:
    """A legend of the labelled lines on an image, where there are any."""
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc=place, labelcolor="w", facecolor=INK, framealpha=0.7, frameon=True)


def draw_scale_bar(axes: Axes, size: tuple[int, int], spacing_mm: tuple[float, float], *, below: bool = False) -> None:
    """A bar of a round number of millimetres, about a fifth of the image's width, at its lower left.

    `below` the image it covers nothing in it, such as a ruler; it takes a quarter of an inch under the axes.
    """
    height, width = size
    wanted = 0.2 * width * spacing_mm[1]
    power = 10.0 ** np.floor(np.log10(wanted))
    length = max(step * power for step in (1, 2, 5) if step * power <= wanted)
    if below:
        under = axes.get_xaxis_transform()  # across in the image's pixels, down in heights of the axes
        assert axes.figure is not None
        under += ScaledTranslation(0, -0.15, axes.figure.dpi_scale_trans)
        end = length / spacing_mm[1] - 0.5
        axes.plot([-0.5, end], [0, 0], color=INK, linewidth=3, solid_capstyle="butt", transform=under, clip_on=False)
        axes.text(end + 0.015 * width, 0, f"{length:g} mm", color=INK, va="center", fontsize=10, transform=under)
        return
    left, y = 0.05 * width, 0.94 * height
    axes.plot([left, left + length / spacing_mm[1]], [y, y], color="w", linewidth=3, solid_capstyle="butt",
              path_effects=[Stroke(linewidth=5, foreground=INK), Normal()])  # fmt: skip
    axes.text(left, y - 0.02 * height, f"{length:g} mm", color="w", va="bottom", fontsize=10,
              path_effects=[Stroke(linewidth=2.5, foreground=INK), Normal()])  # fmt: skip


def _coloured(axes: Axes, prediction: Prediction, reference: NDArray[np.bool_]) -> LineCollection | None:
    """The predicted contour, each piece coloured by the signed error of the nearest predicted boundary point."""
    errors = signed_errors(prediction.mask, reference, spacing_mm=prediction.spacing_mm)
    if errors.status != "ok" or not prediction.contours:
        return None
    tree = cKDTree(errors.points)
    # The scale ends at the 99th percentile: one stray point must not bleach the rest.
    limit = max(float(np.quantile(np.abs(errors.distance), 0.99)), 1e-6)
    lines = LineCollection(
        [np.stack([line[:-1, ::-1], line[1:, ::-1]], axis=1)[k] for line in prediction.contours for k in range(len(line) - 1)],
        cmap=SIGNED, norm=Normalize(-limit, limit), linewidths=2.6, capstyle="round", zorder=3,
    )  # fmt: skip
    middles = np.concatenate([(line[:-1] + line[1:]) / 2 for line in prediction.contours])
    lines.set_array(errors.distance[tree.query(middles)[1]])
    for line in prediction.contours:
        axes.plot(line[:, 1], line[:, 0], color=INK, linewidth=4.2)
    axes.add_collection(lines, autolim=False)
    return lines


def _beyond(lines: LineCollection) -> Literal["neither", "both", "min", "max"]:
    """At which ends of the colour scale an arrow has to say that there are larger errors."""
    values, (low, high) = np.asarray(lines.get_array()), lines.get_clim()
    return {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[
        bool(values.min() < low), bool(values.max() > high)
    ]  # type: ignore[return-value]


def _why_no_error(prediction: Prediction, reference: NDArray[np.bool_]) -> str:
    if prediction.mask.any():
        return "no reference here" if not reference.any() else "the region fills the image: no boundary"
    return "missed: nothing found" if reference.any() else "nothing there, nothing found"


def errors_figure(
    image: NDArray[np.uint8],
    masks: Mapping[str, NDArray[np.bool_]],
    reference: NDArray[np.bool_],
    *,
    spacing_mm: tuple[float, float] | None,
    limit: float | None = None,
    title: str = "",
) -> Figure:
    """One panel per entry of `masks` (name -> h x w bool): its boundary coloured by signed error, its figures above.

    `image` H x W x 3 uint8 of the same field of view, `reference` h x w bool. Errors are in mm with a spacing, else in
    pixels. The colour scale ends at `limit`, by default the largest error of all panels.

    Raises ValueError on an empty mapping.
    """
    if not masks:
        raise ValueError("errors_figure needs at least one mask; `masks` is empty")
    if limit is None:
        limit = max(largest_error(mask, reference, spacing_mm) for mask in masks.values()) or 1.0
    high = float(np.clip(proportion(reference.shape, spacing_mm), 0.4, 2.0))
    figure, axes = new_figure(1, len(masks), height=1.3 + 9.5 * high / max(len(masks), 2))
    with styled():
        for panel, (name, mask) in zip(axes[0], masks.items(), strict=True):
            draw_image(panel, image, reference.shape, spacing_mm=spacing_mm)
            draw_errors(panel, mask, reference, spacing_mm=spacing_mm, limit=limit)
            panel.set_title(f"{name}\n{figures_text(mask, reference, spacing_mm)}")
        name_lines(axes[0][0])
        if spacing_mm is not None:
            draw_scale_bar(axes[0][0], reference.shape, spacing_mm)
        most = max(largest_error(mask, reference, spacing_mm) for mask in masks.values())
        bar = figure.colorbar(
            error_colours(limit), ax=list(axes[0]), location="bottom", aspect=50, fraction=0.05, pad=0.02,
            extend="both" if most > limit else "neither",
        )  # fmt: skip
        bar.set_label(f"signed boundary error ({unit_of(spacing_mm)}): inside the reference < 0 < outside")
        if title:
            figure.suptitle(title)
    return figure


def draw_errors(
    axes: Axes,
    mask: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    *,
    spacing_mm: tuple[float, float] | None,
    limit: float,
) -> None:
    """The reference's outline, and every boundary pixel of `mask` in the colour of its signed error.

    Colours end at -limit and +limit (mm with a spacing, else pixels). Without an error (one mask is empty) only the
    outline is drawn.
    """
    draw_lines(axes, mask_outlines(reference), colour=REFERENCE, width=1.5, label="reference")
    errors = signed_errors(mask, reference, spacing_mm=spacing_mm)
    if errors.status != "ok":
        return
    rows, columns = errors.points.T
    axes.scatter(columns, rows, s=16, color=INK, linewidths=0, zorder=3)
    axes.scatter(columns, rows, s=7, c=error_colours(limit).to_rgba(errors.distance), linewidths=0, zorder=4)


def error_colours(limit: float) -> ScalarMappable:
    """The colours of signed errors from -limit to limit: for points, and for the colour bar."""
    return ScalarMappable(Normalize(-limit, limit), SIGNED)


def figures_text(mask: NDArray[np.bool_], reference: NDArray[np.bool_], spacing_mm: tuple[float, float] | None) -> str:
    """JA, ASSD and HD in a line, or the status of a pair that has none.

    >>> square = np.zeros((64, 64), bool); square[16:48, 16:48] = True
    >>> figures_text(np.roll(square, 2, axis=1), square, (0.5, 0.5))
    'JA 0.88 · ASSD 0.50 mm · HD 1.00 mm'
    """
    row = overlap(mask, reference) | boundary_metrics(mask, reference, spacing_mm=spacing_mm)
    if row["status"] != "ok":
        return str(row["status"]).replace("_", " ")
    unit = unit_of(spacing_mm)
    return f"JA {row['JA']:.2f} · ASSD {row[f'assd_{unit}']:.2f} {unit} · HD {row[f'hd_{unit}']:.2f} {unit}"


def largest_error(
    mask: NDArray[np.bool_], reference: NDArray[np.bool_], spacing_mm: tuple[float, float] | None
) -> float:
    """The largest distance of a boundary pixel of `mask` from the reference's boundary; 0 where there is none."""
    errors = signed_errors(mask, reference, spacing_mm=spacing_mm)
    return float(np.abs(errors.distance).max()) if errors.status == "ok" else 0.0


def unit_of(spacing_mm: tuple[float, float] | None) -> str:
    """The unit that boundary errors are drawn in: mm where a spacing is known, else px."""
    return "px" if spacing_mm is None else "mm"
