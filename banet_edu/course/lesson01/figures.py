"""Segmentation before networks, in pictures: a grey level, a region that grows until it leaks; and an edge that is pooled."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from banet_edu.course.lesson01.pooling import KINDS, PIXELS, PLACES, Pooled
from banet_edu.data.sample import Sample
from banet_edu.figures.contour import draw_lines, mask_outlines
from banet_edu.figures.style import BLUE, INK, ORANGE, REFERENCE, VERMILLION, draw_image, new_figure
from banet_edu.metrics.overlap import overlap
from banet_edu.networks.classical import Otsu, RegionGrowing, as_grey, field_of_view, find_seed, smoothed


def brightness_figure(sample: Sample, level: int) -> Figure:
    """What lies below one grey level, beside the histogram that the level cuts; Otsu's level is marked."""
    figure, [[picture, histogram]] = new_figure(1, 2, height=4.2, width_ratios=(1, 1.15))
    grey = smoothed(as_grey(sample.image), Otsu().smoothing_px)
    _draw_below(picture, sample, grey, level)
    counts, _edges, _ = histogram.hist(grey.ravel(), bins=np.arange(0, 257, 4), color="#B8B8B8")
    histogram.axvspan(0, level, color=ORANGE, alpha=0.25, zorder=0)
    histogram.axvline(level, color=INK, linewidth=2)
    histogram.axvline(otsu_level(sample), color=BLUE, linestyle="--", linewidth=2)
    top = float(np.sort(counts)[-2])  # black surroundings can be one bar higher than all
    histogram.set_ylim(0, 1.25 * top)
    histogram.text(otsu_level(sample) + 3, 1.2 * top, "Otsu", color=BLUE, va="top")
    histogram.set_xlim(0, 255)
    histogram.set_xlabel("grey level (0 black, 255 white)")
    histogram.set_ylabel("pixels")
    histogram.set_title("how many pixels have which grey")
    return figure


def growing_figure(sample: Sample, tolerance: float) -> Figure:
    """The region grown from the seed at one tolerance, and how its area runs away at a leak."""
    figure, [[picture, curve]] = new_figure(1, 2, height=4.2, width_ratios=(1, 1.15))
    _draw_grown(picture, sample, tolerance)
    tolerances = np.arange(0, 101, 4)
    shares = [100 * RegionGrowing(tolerance=float(t)).grow(sample.image).mean() for t in tolerances]
    assert sample.mask is not None
    curve.plot(tolerances, shares, color=BLUE, marker=".", linewidth=2)
    true = 100 * float((sample.mask > 0).mean())
    curve.axhline(true, color=INK, linestyle=":", linewidth=1.6)
    curve.text(100, true + 1, "true area", ha="right", va="bottom")
    curve.axvline(tolerance, color=VERMILLION, linewidth=2)
    curve.set_xlim(-1, 101)
    curve.set_ylim(0, 104)
    curve.set_xlabel("tolerance (grey levels)")
    curve.set_ylabel("share of the image (%)")
    curve.set_title("size of the region")
    return figure


def otsu_level(sample: Sample) -> float:
    """Otsu's grey level, inside the field of view."""
    from skimage.filters import threshold_otsu

    grey = smoothed(as_grey(sample.image), Otsu().smoothing_px)
    return float(threshold_otsu(grey[field_of_view(grey)]))


def _draw_below(axes: Axes, sample: Sample, grey: np.ndarray, level: float) -> None:
    below = grey < level
    painted = sample.image.copy()
    painted[below] = (0.45 * painted[below] + 0.55 * np.array([230, 159, 0])).astype(np.uint8)
    _draw(axes, sample, painted, f"below {level:g}: {100 * below.mean():.0f} % of the image")


def _draw_grown(axes: Axes, sample: Sample, tolerance: float) -> None:
    region = RegionGrowing(tolerance=tolerance).grow(sample.image)
    painted = sample.image.copy()
    painted[region] = (0.45 * painted[region] + 0.55 * np.array([230, 159, 0])).astype(np.uint8)
    assert sample.mask is not None
    found = RegionGrowing(tolerance=tolerance)(sample.image) > 0
    ja = overlap(found, sample.mask > 0)["JA"]
    _draw(axes, sample, painted, f"tolerance {tolerance:g}: JA {ja:.2f}")
    row, column = find_seed(sample.image)
    axes.plot(column, row, "P", color="white", markeredgecolor=INK, markersize=12)


def _draw(axes: Axes, sample: Sample, painted: np.ndarray, title: str) -> None:
    assert sample.mask is not None
    draw_image(axes, painted, sample.mask.shape)
    draw_lines(axes, mask_outlines(sample.mask > 0), colour=REFERENCE)
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
    axes.set_title(f"stride {stride}: {(found - position) * spacing_mm:+.2f} mm")
