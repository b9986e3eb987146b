"""What `align_corners` does to a boundary when a coarse map is enlarged, along one row of pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

WIDTH = 256  # pixels of the row
ENDS = (7, 247)  # where a boundary may lie: at every stride there is a cell on either side of it
PLACES = np.linspace(*ENDS, 61)
Grid = Literal["blocks", "samples"]
GRIDS: dict[str, Grid] = {"means of blocks": "blocks", "every n-th pixel": "samples"}


@dataclass(frozen=True, eq=False)
class Enlarged:
    """A boundary enlarged with align_corners False and True (the keys): the `rows`, how far it `moved` (pixels, right is +),
    and the `shifts` of a boundary at each of PLACES."""

    stride: int
    position: int
    grid: Grid
    rows: dict[bool, NDArray[np.float64]]
    moved: dict[bool, float]
    shifts: dict[bool, NDArray[np.float64]]


def enlarged_both_ways(stride: int, position: int, grid: Grid) -> Enlarged:
    """All that `align_corners_figure` draws of one boundary."""
    ways = (False, True)
    rows = {aligned: enlarged(stride, position, grid, aligned) for aligned in ways}
    moved = {aligned: boundary_shift(stride, position, grid, aligned) for aligned in ways}
    shifts = {a: np.array([boundary_shift(stride, float(place), grid, a) for place in PLACES]) for a in ways}
    return Enlarged(stride, position, grid, rows, moved, shifts)


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
