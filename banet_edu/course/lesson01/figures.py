"""Segmentation before networks, in pictures: a grey level, a region that grows until it leaks; and an edge that is pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.course.lesson01.pooling import KINDS, PIXELS, PLACES, Pooled
from banet_edu.data.sample import Sample
from banet_edu.figures.contour import draw_lines, draw_scale_bar, figures_text, mask_outlines, name_lines
from banet_edu.figures.style import (
    BLUE,
    INK,
    ORANGE,
    PREDICTION,
    REFERENCE,
    VERMILLION,
    draw_image,
    new_figure,
    styled,
)
from banet_edu.metrics.overlap import overlap
from banet_edu.networks.classical import Gabor, Otsu, RegionGrowing, as_grey, field_of_view, find_seed, smoothed


def brightness_figure(sample: Sample, level: int) -> Figure:
    """What lies below one grey level, beside the histogram that the level cuts; Otsu's level is marked, and the one that it
    finds without the black surroundings where that is another."""
    figure, [[picture, histogram]] = new_figure(1, 2, height=3.7, width_ratios=(1, 1.15))
    grey = as_grey(sample.image)
    _draw_below(picture, sample, grey, level)
    counts, _edges, _ = histogram.hist(grey.ravel(), bins=np.arange(0, 257, 4), color="#B8B8B8")
    histogram.axvspan(0, level, color=ORANGE, alpha=0.25, zorder=0)
    histogram.axvline(level, color=INK, linewidth=2)
    top = float(np.sort(counts)[-2])  # black surroundings can be one bar higher than all
    histogram.set_ylim(0, 1.25 * top)
    bare, inside = otsu_levels(sample)
    for words, at, side in (("Otsu ", bare, "right"), (" without the rim ", inside, "left")):
        if side == "right" or round(inside) != round(bare):
            histogram.axvline(at, color=BLUE, linestyle="--" if side == "right" else ":", linewidth=2)
            histogram.text(at, 1.2 * top, f"{words}{at:.0f} ", color=BLUE, va="top", ha=side)
    histogram.set_xlim(0, 255)
    histogram.set_xlabel("grey level (0 black, 255 white)")
    histogram.set_ylabel("pixels")
    histogram.set_title("how many pixels have which grey")
    return figure


def grey_figure(samples: Sequence[Sample], *, seeds: bool = False) -> Figure:
    """The grey levels of samples side by side, small and without any outline; `seeds` marks where a region would start.

    Drawn in steps of 8 grey levels: what is lost is noise, and the picture is half as large.
    """
    figure, axes = new_figure(1, len(samples), height=2.0)
    for panel, sample in zip(axes[0], samples, strict=True):
        coarse = 8 * np.round(as_grey(sample.image) / 8)
        panel.imshow(coarse, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        panel.set_axis_off()
        panel.set_title(sample.name)
        if seeds:
            _mark_seed(panel, sample)
    return figure


def growing_figure(sample: Sample, tolerance: float) -> Figure:
    """The region grown from the seed at one tolerance, and how its area runs away at a leak."""
    figure, [[picture, curve]] = new_figure(1, 2, height=4.2, width_ratios=(1, 1.15))
    _draw_grown(picture, sample, tolerance)
    tolerances = np.arange(0, 101, 4)
    shares = [100 * (RegionGrowing(tolerance=float(t))(sample.image) > 0).mean() for t in tolerances]
    assert sample.mask is not None
    curve.plot(tolerances, shares, color=BLUE, marker=".", linewidth=2)
    true = 100 * float((sample.mask > 0).mean())
    curve.axhline(true, color=INK, linestyle=":", linewidth=1.6)
    curve.text(0, true + 1, "area of the reference", va="bottom")
    curve.axvline(tolerance, color=VERMILLION, linewidth=2)
    curve.set_xlim(-1, 101)
    curve.set_ylim(0, 104)
    curve.set_xlabel("tolerance (grey levels)")
    curve.set_ylabel("share of the image (%)")
    curve.set_title("size of the region, holes filled")
    return figure


def otsu_levels(sample: Sample) -> tuple[float, float]:
    """Otsu's grey level of the whole image, and inside the field of view alone."""
    from skimage.filters import threshold_otsu

    grey = as_grey(sample.image)
    view = field_of_view(smoothed(grey, Otsu().smoothing_px))
    return float(threshold_otsu(grey)), float(threshold_otsu(grey[view]))


def _draw_below(axes: Axes, sample: Sample, grey: np.ndarray, level: float) -> None:
    below = grey < level
    painted = sample.image.copy()
    painted[below] = (0.45 * painted[below] + 0.55 * np.array([230, 159, 0])).astype(np.uint8)
    assert sample.mask is not None
    ja = overlap(below, sample.mask > 0)["JA"]
    _draw(axes, sample, painted, f"below {level:g}: {100 * below.mean():.0f} % of the image, JA {ja:.2f}")


def _draw_grown(axes: Axes, sample: Sample, tolerance: float) -> None:
    region = RegionGrowing(tolerance=tolerance)(sample.image) > 0
    painted = sample.image.copy()
    painted[region] = (0.45 * painted[region] + 0.55 * np.array([230, 159, 0])).astype(np.uint8)
    assert sample.mask is not None
    ja, outside = (
        overlap(region, sample.mask > 0)["JA"],
        100 * (region & (sample.mask == 0)).sum() / max(1, region.sum()),
    )
    _draw(axes, sample, painted, f"tolerance {tolerance:g}: JA {ja:.2f}, {outside:.0f} % of it outside")
    _mark_seed(axes, sample)


def _mark_seed(axes: Axes, sample: Sample) -> None:
    row, column = find_seed(sample.image)
    axes.plot(column, row, "P", color="white", markeredgecolor=INK, markersize=12)


def _draw(axes: Axes, sample: Sample, painted: np.ndarray, title: str) -> None:
    assert sample.mask is not None
    draw_image(axes, painted, sample.mask.shape)
    draw_lines(axes, mask_outlines(sample.mask > 0), colour=REFERENCE, label="reference")
    name_lines(axes)
    axes.set_title(title)


def pooling_figure(pooled: Pooled, spacing_mm: float) -> Figure:
    """One position and one stride: the row before and after; beside it the shift for every position."""
    figure, [[row, shifts]] = new_figure(1, 2, height=3.9, width_ratios=(1.35, 1))
    _draw_row(row, pooled, spacing_mm)
    for kind, colour in zip(KINDS, (VERMILLION, BLUE), strict=True):
        shifts.plot(PLACES, pooled.shifts[kind] * spacing_mm, color=colour, linewidth=2, label=f"{kind} pooling")
        here = (pooled.edges[kind].found - pooled.position) * spacing_mm
        shifts.plot(pooled.position, here, "D", color=colour, markeredgecolor=INK, markersize=8)
    shifts.axhline(0, color=INK, linewidth=1)
    shifts.set_ylim(-1.6 * spacing_mm, 16.6 * spacing_mm)
    shifts.set_xlabel("true position of the edge (pixels)")
    shifts.set_ylabel("shift of the edge (mm)")
    shifts.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, borderaxespad=0.2)  # above: no curve below it
    return figure


def pooled_row_figure(pooled: Pooled, spacing_mm: float) -> Figure:
    """The row alone, before and after max pooling: what is said of pooling, before anything is said of other positions."""
    figure, [[row]] = new_figure(height=3.2)
    row.set_xticks(range(0, PIXELS + 1, max(pooled.stride, 8)))  # where cells begin
    _draw_row(row, pooled, spacing_mm)
    return figure


def _draw_row(axes: Axes, pooled: Pooled, spacing_mm: float) -> None:
    position, stride, (row, back, found) = pooled.position, pooled.stride, pooled.edges["max"]
    axes.stairs(row, np.arange(PIXELS + 1), fill=True, color=ORANGE, alpha=0.5, label="pixels")
    axes.plot(np.arange(PIXELS) + 0.5, back, color=VERMILLION, linewidth=2, label="pooled, resized")
    axes.axvline(position, color=INK, linestyle="--", linewidth=1.6, label="true edge")
    axes.plot(found, 0.5, "D", color=VERMILLION, markeredgecolor=INK, markersize=9, label="edge found")
    for cell in range(0, PIXELS + 1, stride):
        if stride > 1:
            axes.axvline(cell, color="#BBBBBB", linewidth=0.8, zorder=0)
    axes.set_xlim(8, 56)
    axes.set_ylim(0, 1.32)
    axes.set_yticks([0, 0.5, 1])
    axes.set_xlabel("pixels")
    axes.set_ylabel("brightness")
    axes.legend(loc="upper right", ncols=2, handlelength=1.4)
    axes.set_title(f"max pooling, stride {stride}: {(found - position) * spacing_mm:+.2f} mm")


def gabor_figure(image: NDArray[np.uint8]) -> Figure:
    """One image as k-means of `Gabor` gets it: the answers of a fine and a coarse filter, and the smoothed grey level."""
    bank, features = Gabor(), Gabor().features(image)
    pixels = image.shape[1] / bank.size
    shown = {
        "grey level": features[..., -1],
        f"upright stripes of {pixels / bank.frequencies[-1]:.0f} pixels": features[..., -1 - bank.orientations],
        f"upright stripes of {pixels / bank.frequencies[0]:.0f} pixels": features[..., 0],
    }
    figure, axes = new_figure(1, 3, height=3.8)
    for panel, (name, values) in zip(axes[0], shown.items(), strict=True):
        panel.imshow(values, cmap="gray")
        panel.set_axis_off()
        panel.set_title(f"{name}\n{values.min():.0f} to {values.max():.0f}")
    return figure


def pushed_figure(cases: Mapping[str, tuple[Sample, NDArray[np.bool_]]]) -> Figure:
    """One panel per name -> (sample with a mask, another mask): both outlines, with the figures above and a scale bar."""
    figure, axes = new_figure(1, len(cases), height=5.5)
    with styled():
        for panel, (name, (sample, mask)) in zip(axes[0], cases.items(), strict=True):
            assert sample.mask is not None and sample.spacing_mm is not None
            draw_image(panel, sample.image, sample.mask.shape)
            draw_lines(panel, mask_outlines(sample.mask > 0), colour=REFERENCE, label="reference")
            draw_lines(panel, mask_outlines(mask), colour=PREDICTION, label="pushed outwards")
            name_lines(panel)
            draw_scale_bar(panel, sample.mask.shape, sample.spacing_mm)
            panel.set_title(f"{name}\n{figures_text(mask, sample.mask > 0, sample.spacing_mm)}")
    return figure
