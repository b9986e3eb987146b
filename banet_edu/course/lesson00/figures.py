"""Where along its outline a prediction is wrong, and how the threshold moves the outline while the overlap hardly changes."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.course.lesson00.thresholds import ThresholdCurves
from banet_edu.figures.contour import (
    draw_errors,
    draw_lines,
    draw_scale_bar,
    error_colours,
    figures_text,
    mask_outlines,
    name_lines,
    unit_of,
)
from banet_edu.figures.style import (
    BLUE,
    DPI,
    GREY,
    INK,
    PREDICTION,
    PURPLE,
    REFERENCE,
    VERMILLION,
    WIDTH,
    draw_image,
    new_figure,
    styled,
)

# (left, bottom, width, height) of the picture, its colour bar, and the three curves. They are fixed rather than laid out, so
# that nothing jumps from one position of a slider to the next.
PLACES = ((0.01, 0.03, 0.45, 0.84), (0.475, 0.1, 0.016, 0.7),
          (0.64, 0.74, 0.345, 0.185), (0.64, 0.43, 0.345, 0.185), (0.64, 0.12, 0.345, 0.185))  # fmt: skip
# Pixels of both, of the reference alone, of the prediction alone.
_BOTH, _MISSED, _ADDED = (0, 158, 115), (240, 228, 66), (86, 180, 233)


def outlines_figure(
    image: NDArray[np.uint8], masks: Mapping[str, NDArray[np.bool_]], reference: NDArray[np.bool_]
) -> Figure:
    """One panel per entry of `masks` (name -> h x w bool), its outline beside the reference's: no figures, no colours yet."""
    figure, axes = new_figure(1, len(masks), height=4.6)
    with styled():
        for panel, (name, mask) in zip(axes[0], masks.items(), strict=True):
            _outlines(panel, image, mask, reference, name)
            panel.set_title(name)
    return figure


def overlap_figure(
    image: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    reference: NDArray[np.bool_],
    *,
    spacing_mm: tuple[float, float] | None,
) -> Figure:
    """Both outlines on the image with its scale bar; beside them the pixels of both, and of one of the two."""
    mask, reference = np.asarray(mask) > 0, np.asarray(reference) > 0
    figure, [[lines, pixels]] = new_figure(1, 2, height=5.0)
    shaded = np.asarray(cv2.resize(image, reference.shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    parts = {
        "both": (mask & reference, _BOTH),
        "reference only": (reference & ~mask, _MISSED),
        "prediction only": (mask & ~reference, _ADDED),
    }
    for part, colour in parts.values():
        shaded[part] = (0.3 * shaded[part] + 0.7 * np.array(colour)).astype(np.uint8)
    with styled():
        _outlines(lines, image, mask, reference, "prediction")
        lines.set_title("outlines")
        if spacing_mm is not None:
            draw_scale_bar(lines, reference.shape, spacing_mm)
        draw_image(pixels, shaded, reference.shape)
        pixels.set_title(f"{(mask & reference).sum():,} pixels in both, {(mask | reference).sum():,} in one or both")
        for name, (_, colour) in parts.items():
            pixels.plot([], [], "s", color=np.array(colour) / 255, label=name)
        name_lines(pixels)
    return figure


def _outlines(
    axes: Axes, image: NDArray[np.uint8], mask: NDArray[np.bool_], reference: NDArray[np.bool_], name: str
) -> None:
    draw_image(axes, image, reference.shape)
    draw_lines(axes, mask_outlines(reference), colour=REFERENCE, label="reference")
    draw_lines(axes, mask_outlines(mask), colour=PREDICTION, label=name)
    name_lines(axes)


def threshold_figure(curves: ThresholdCurves, threshold: float) -> Figure:
    """The contour at one threshold, coloured by signed error, beside JA, ASSD and HD at every threshold.

    The colour scale is the same at every threshold, so that colours can be compared while a slider moves.
    """
    sample = curves.sample
    assert sample.mask is not None
    mask, unit = curves.probability >= threshold, unit_of(sample.spacing_mm)
    figure = Figure(figsize=(WIDTH, 4.6), dpi=DPI)
    with styled():
        picture, scale, *rows = (figure.add_axes(place) for place in PLACES)
        draw_image(picture, sample.image, mask.shape)
        draw_errors(picture, mask, sample.mask, spacing_mm=sample.spacing_mm, limit=curves.limit)
        picture.set_title(f"threshold {threshold:.2f}\n{figures_text(mask, sample.mask, sample.spacing_mm)}")
        if sample.spacing_mm is not None:
            draw_scale_bar(picture, mask.shape, sample.spacing_mm)
        bar = figure.colorbar(error_colours(curves.limit), cax=scale, extend="both")
        bar.set_label(f"signed boundary error ({unit})\ninside the reference < 0 < outside")
        name_lines(picture)
        measured = (
            (curves.overlap, BLUE, "JA (Jaccard index)"),
            (curves.error, VERMILLION, f"ASSD ({unit})"),
            (curves.largest, PURPLE, f"HD ({unit}), logarithmic"),
        )
        for panel, (values, colour, label) in zip(rows, measured, strict=True):
            here = float(np.interp(threshold, curves.thresholds, values))
            panel.plot(curves.thresholds, values, color=colour, marker=".", linewidth=2)
            panel.axvline(threshold, color=INK, linestyle="--", linewidth=1.4)
            panel.plot(threshold, here, "D", color=colour, markeredgecolor=INK, markersize=8)
            panel.set_title(label)
            panel.set_xlim(0, 1)
        rows[0].set_ylim(0, 1.04)
        rows[1].set_ylim(bottom=0)
        if np.nanmax(curves.largest, initial=0) > 0:  # one far region must not flatten the rest of HD's curve
            rows[2].set_yscale("log", base=2)
            rows[2].yaxis.set_major_formatter("{x:g}")
            rows[2].set_ylim(top=1.5 * np.nanmax(curves.largest))  # the marker of the largest value is whole
        rows[2].set_xlabel("threshold on the probability")
    return figure


def error_profile(
    points: NDArray[np.floating],
    errors: NDArray[np.floating],
    *,
    unit: str,
    tolerance: float | None = None,
    title: str = "",
) -> Figure:
    """Signed error against the direction from the centre of the contour, clockwise from the top.

    `points` N x 2 (row, column) of one case's predicted boundary, `errors` N in `unit`. `tolerance` shades the band
    within it. Raises ValueError on an empty boundary.
    """
    if len(points) == 0:
        raise ValueError("no boundary points to draw: the prediction or the reference is empty")
    centre = points.mean(axis=0)
    angle = np.degrees(np.arctan2(points[:, 1] - centre[1], centre[0] - points[:, 0])) % 360
    order = np.argsort(angle)
    angle, errors = angle[order], np.asarray(errors)[order]
    figure, [[axes]] = new_figure(height=3.6)
    with styled():
        if tolerance is not None:
            axes.axhspan(
                -tolerance, tolerance, facecolor="#E6E6E6", edgecolor=GREY, label=f"within ± {tolerance:g} {unit}"
            )
        axes.axhline(0, color=INK, linewidth=1)
        colours = np.where(errors > 0, VERMILLION, np.where(errors < 0, BLUE, INK))
        axes.scatter(angle, errors, s=9, c=list(colours), linewidths=0)
        axes.plot([], [], "o", color=VERMILLION, markersize=4, label="outside the reference")
        axes.plot([], [], "o", color=INK, markersize=4, label="on the reference")
        axes.plot([], [], "o", color=BLUE, markersize=4, label="inside the reference")
        axes.set_xlim(0, 360)
        axes.set_xticks([0, 90, 180, 270, 360], ["0° top", "90° right", "180° bottom", "270° left", "360°"])
        axes.set_xlabel("direction from the centre of the contour (degrees, clockwise)")
        axes.set_ylabel(f"signed boundary error ({unit})")
        axes.legend(loc="best", frameon=True, framealpha=0.9, edgecolor="none")
        if title:
            axes.set_title(title)
    return figure
