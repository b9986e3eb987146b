"""What pooling does to the position of an edge: one row of pixels, made coarse and blown up again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.plots.style import BLUE, INK, ORANGE, VERMILLION, new_figure

PIXELS = 64


def pooled_edge(
    position: float, stride: int, kind: str = "max"
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """A bright object that ends at `position`, pooled and resized back.

    Args:
        position: where it ends, in pixels from the left of a row of 64; the pixel it ends in is partly bright.
        stride: pixels per cell; 1 leaves the row as it is.
        kind: "max" (the largest value of a cell) or "average".

    Returns:
        The row (64 values, 0 to 1), the row after pooling and bilinear resizing, and where the latter falls through one
        half, in pixels from the left.

    >>> [round(pooled_edge(30.0, stride)[2], 1) for stride in (1, 4, 16)]
    [30.0, 32.0, 32.0]
    """
    row = np.clip(position - np.arange(PIXELS), 0, 1)
    tensor = torch.from_numpy(row)[None, None]
    cells = F.max_pool1d(tensor, stride) if kind == "max" else F.avg_pool1d(tensor, stride)
    back = F.interpolate(cells, PIXELS, mode="linear", align_corners=False)[0, 0].numpy()
    last = int(np.flatnonzero(back >= 0.5)[-1])
    after = float(back[last + 1]) if last + 1 < PIXELS else 0.0
    crossing = last + 0.5 + (back[last] - 0.5) / (back[last] - after)  # pixel i has its centre at i + 0.5
    return row, back, float(crossing)


def pooling_figure(position: float, stride: int, spacing_mm: float) -> Figure:
    """One position and one stride: the row before and after; beside it the shift for every position."""
    figure, [[row, shifts]] = new_figure(1, 2, height=3.9, width_ratios=(1.35, 1))
    _draw_row(row, position, stride, spacing_mm)
    places = np.arange(24, 41, 0.25)
    for kind, colour in (("max", VERMILLION), ("average", BLUE)):
        moved = [(pooled_edge(float(p), stride, kind)[2] - p) * spacing_mm for p in places]
        shifts.plot(places, moved, color=colour, linewidth=2, label=f"{kind} pooling")
        here = (pooled_edge(position, stride, kind)[2] - position) * spacing_mm
        shifts.plot(position, here, "D", color=colour, markeredgecolor=INK, markersize=8)
    shifts.axhline(0, color=INK, linewidth=1)
    shifts.set_ylim(-1.6 * spacing_mm, 16.6 * spacing_mm)
    shifts.set_xlabel("true position of the edge (pixels)")
    shifts.set_ylabel("shift of the edge (mm)")
    shifts.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, borderaxespad=0.2)  # above: no curve below it
    return figure


def pooling_strides_figure(position: float, strides: Sequence[int], spacing_mm: float) -> Figure:
    """The same edge at several strides: the slider as a still picture."""
    figure, axes = new_figure(1, len(strides), height=3.6, sharey=True)
    for panel, stride in zip(axes[0], strides, strict=True):
        _draw_row(panel, position, stride, spacing_mm)
        if panel is not axes[0][0]:
            panel.set_ylabel("")
            panel.get_legend().remove()
    return figure


def _draw_row(axes: Axes, position: float, stride: int, spacing_mm: float) -> None:
    row, back, crossing = pooled_edge(position, stride)
    axes.stairs(row, np.arange(PIXELS + 1), fill=True, color=ORANGE, alpha=0.5, label="pixels")
    axes.plot(np.arange(PIXELS) + 0.5, back, color=VERMILLION, linewidth=2, label="pooled, resized")
    axes.axvline(position, color=INK, linestyle="--", linewidth=1.6, label="true edge")
    axes.plot(crossing, 0.5, "D", color=VERMILLION, markeredgecolor=INK, markersize=9, label="edge found")
    for cell in range(0, PIXELS + 1, stride):
        if stride > 1:
            axes.axvline(cell, color="#BBBBBB", linewidth=0.8, zorder=0)
    axes.set_xlim(8, 56)
    axes.set_ylim(0, 1.32)
    axes.set_yticks([0, 0.5, 1])
    axes.set_xlabel("pixels")
    axes.set_ylabel("brightness")
    axes.legend(loc="upper right", ncols=2, handlelength=1.4)
    axes.set_title(f"stride {stride}: {(crossing - position) * spacing_mm:+.2f} mm")
