"""Boundary errors of several masks of one case, on one colour scale, with their figures above each picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.metrics.boundary import boundary_metrics, signed_errors
from banet_edu.metrics.overlap import overlap
from banet_edu.plots.contour import draw_lines, draw_scale_bar, mask_outlines
from banet_edu.plots.style import INK, REFERENCE, SIGNED, draw_image, new_figure, styled


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
    figure, axes = new_figure(1, len(masks), height=1.3 + 9.5 / max(len(masks), 2))
    with styled():
        for panel, (name, mask) in zip(axes[0], masks.items(), strict=True):
            draw_image(panel, image, reference.shape)
            draw_errors(panel, mask, reference, spacing_mm=spacing_mm, limit=limit)
            panel.set_title(f"{name}\n{figures_text(mask, reference, spacing_mm)}")
        if spacing_mm is not None:
            draw_scale_bar(axes[0][0], reference.shape, spacing_mm)
        bar = figure.colorbar(
            error_colours(limit), ax=list(axes[0]), location="bottom", aspect=50, fraction=0.05, pad=0.02
        )
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
    draw_lines(axes, mask_outlines(reference), colour=REFERENCE, width=1.5)
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
