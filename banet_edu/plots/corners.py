"""What `align_corners` does to a boundary when a coarse map is enlarged, along one row of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.plots.style import BLUE, INK, VERMILLION, new_figure, styled

WIDTH = 256  # pixels of the row
PLACES = (7, 247)  # where a boundary may lie: at every stride there is a cell on either side of it
Grid = Literal["blocks", "samples"]
GRIDS: dict[str, Grid] = {"means of blocks": "blocks", "every s-th pixel": "samples"}
_LOOKS = {False: (BLUE, "-", "align_corners=False"), True: (VERMILLION, "--", "align_corners=True")}


def cell_centres(stride: int, grid: Grid, width: int = WIDTH) -> NDArray[np.float64]:
    """Where the cells of a map lie, in pixels of the image (pixel 0 has its centre at 0).

    "blocks": each cell speaks for `stride` pixels, as after average pooling. "samples": cell i lies on pixel i x stride,
    as behind a convolution with that stride and odd kernel, padded on both sides (a ResNet).

    >>> cell_centres(4, "blocks", 12).tolist(), cell_centres(4, "samples", 12).tolist()
    ([1.5, 5.5, 9.5], [0.0, 4.0, 8.0])
    """
    if grid not in ("blocks", "samples"):
        raise ValueError(f'the grid is "blocks" or "samples", not {grid!r}')
    first = (stride - 1) / 2 if grid == "blocks" else 0.0
    return first + stride * np.arange(width // stride, dtype=float)


def enlarged(stride: int, position: float, grid: Grid, align_corners: bool) -> NDArray[np.float64]:
    """A boundary at `position`, known exactly at the cells (a ramp from 1 to 0 across it), enlarged to WIDTH pixels."""
    cells = np.clip(0.5 + (position - cell_centres(stride, grid)) / (4 * stride), 0, 1)
    values = torch.from_numpy(cells)[None, None, None]
    size = (1, WIDTH)
    result: NDArray[np.float64] = F.interpolate(values, size=size, mode="bilinear", align_corners=align_corners)[
        0, 0, 0
    ].numpy()
    return result


def boundary_shift(stride: int, position: float, grid: Grid = "samples", align_corners: bool = False) -> float:
    """By how many pixels the boundary moves, to the right positive: where the enlarged row crosses 0.5.

    >>> [round(boundary_shift(4, 200, "blocks", a), 2) for a in (False, True)]
    [0.0, 0.86]
    """
    values = enlarged(stride, position, grid, align_corners)
    last = int(np.flatnonzero(values >= 0.5)[-1])  # the last pixel inside
    if last == WIDTH - 1:
        raise ValueError(f"the boundary at {position} leaves the row of {WIDTH} pixels")
    step = float((values[last] - 0.5) / (values[last] - values[last + 1]))
    return last + step - position


def align_corners_figure(stride: int, position: int, grid: Grid, pixel_mm: float) -> Figure:
    """The row around the boundary, enlarged in both ways; and the shift of a boundary anywhere in the row."""
    figure, [[row, shifts]] = new_figure(1, 2, height=4.1)
    with styled():
        _draw_row(row, stride, position, grid, pixel_mm)
        _draw_shifts(shifts, stride, grid, pixel_mm, position)
    return figure


def align_corners_overview(strides: Sequence[int], pixel_mm: float) -> Figure:
    """The shift of a boundary anywhere in the row, a column per stride, a row per grid: the sliders as a still picture."""
    figure, axes = new_figure(2, len(strides), height=5.6, sharex=True, sharey=True)
    with styled():
        for line, grid in zip(axes, GRIDS.values(), strict=True):
            for panel, stride in zip(line, strides, strict=True):
                _draw_shifts(panel, stride, grid, pixel_mm, None, legend=panel is axes[0, 0])
        for panel in axes[0]:
            panel.set_xlabel("")
        for panel in axes[:, 1:].ravel():
            panel.set_ylabel("")
    return figure


def _draw_row(panel: Axes, stride: int, position: int, grid: Grid, pixel_mm: float) -> None:
    low, high = max(0, position - 2.5 * stride - 4), min(WIDTH - 1, position + 2.5 * stride + 4)
    for aligned, (colour, line, name) in _LOOKS.items():
        values = enlarged(stride, position, grid, aligned)
        panel.plot(np.arange(WIDTH), values, line, color=colour, linewidth=2)
        moved = boundary_shift(stride, position, grid, aligned)
        said = f"{name}: {moved:+.1f} px = {moved * pixel_mm:+.1f} mm"
        panel.plot(position + moved, 0.5, "os"[aligned], color=colour, markersize=9, label=said)
    panel.plot([position, position], [-0.05, 1.05], color=INK, linewidth=1.5)  # ends below the legend
    panel.axhline(0.5, color=INK, linewidth=0.8, linestyle=":")
    panel.set_xlim(low, high)
    panel.set_ylim(-0.05, 1.42)
    panel.set_yticks([0, 0.5, 1])
    panel.set_xlabel("pixel of the row")
    panel.set_ylabel("probability of the object")
    panel.set_title(f"boundary at pixel {position} (black line), stride {stride}")
    panel.legend(loc="upper right")


def _draw_shifts(
    panel: Axes, stride: int, grid: Grid, pixel_mm: float, position: int | None, *, legend: bool = False
) -> None:
    places = np.linspace(*PLACES, 61)
    for aligned, (colour, line, name) in _LOOKS.items():
        shift = [boundary_shift(stride, float(place), grid, aligned) for place in places]
        panel.plot(places, shift, line, color=colour, linewidth=2, label=name)
        if position is not None:
            here = boundary_shift(stride, position, grid, aligned)
            panel.plot(position, here, "os"[aligned], color=colour, markersize=9)
    panel.axhline(0, color=INK, linewidth=1)
    panel.set_ylim(-8, 8)
    panel.set_xlabel("true place of the boundary (pixel)")
    panel.set_ylabel("shift (pixels, right is +)")
    said = "cells are means of blocks" if grid == "blocks" else "a cell on every s-th pixel"
    worst = max(abs(boundary_shift(stride, float(p), grid, a)) for p in (places[0], places[-1]) for a in _LOOKS)
    title = f"stride {stride}: {said}"
    panel.set_title(f"{title}\nup to {worst:.1f} px = {worst * pixel_mm:.1f} mm", fontsize=10)
    if legend:
        panel.legend(loc="lower right")
