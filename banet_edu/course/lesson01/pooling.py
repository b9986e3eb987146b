"""What pooling does to the position of an edge: one row of pixels, made coarse and blown up again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

PIXELS = 64
KINDS = ("max", "average")
PLACES = np.arange(24, 41, 0.25)  # true positions of the edge: a whole cell of stride 16


class PooledEdge(NamedTuple):
    """The row (64 values, 0 to 1), the row after pooling and bilinear resizing, and where the latter falls through one half,
    in pixels from the left."""

    row: NDArray[np.float64]
    back: NDArray[np.float64]
    found: float


@dataclass(frozen=True, eq=False)
class Pooled:
    """An edge pooled with one stride: `edges` by the kind of pooling; `shifts` (pixels) by kind, at each of PLACES."""

    position: float
    stride: int
    edges: dict[str, PooledEdge]
    shifts: dict[str, NDArray[np.float64]]


def pooled(position: float, stride: int) -> Pooled:
    """Both kinds of pooling: the edge at `position`, and how far an edge anywhere else would move."""
    edges = {kind: pooled_edge(position, stride, kind) for kind in KINDS}
    shifts = {kind: np.array([pooled_edge(place, stride, kind).found - place for place in PLACES]) for kind in KINDS}
    return Pooled(position, stride, edges, shifts)


def pooled_edge(position: float, stride: int, kind: str = "max") -> PooledEdge:
    """A bright object that ends at `position`, pooled and resized back.

    Args:
        position: where it ends, in pixels from the left of a row of 64; the pixel it ends in is partly bright.
        stride: pixels per cell; 1 leaves the row as it is.
        kind: "max" (the largest value of a cell) or "average".

    >>> [round(pooled_edge(30.0, stride).found, 1) for stride in (1, 4, 16)]
    [30.0, 32.0, 32.0]
    """
    row = np.clip(position - np.arange(PIXELS), 0, 1)
    tensor = torch.from_numpy(row)[None, None]
    cells = F.max_pool1d(tensor, stride) if kind == "max" else F.avg_pool1d(tensor, stride)
    back = F.interpolate(cells, PIXELS, mode="linear", align_corners=False)[0, 0].numpy()
    last = int(np.flatnonzero(back >= 0.5)[-1])
    after = float(back[last + 1]) if last + 1 < PIXELS else 0.0
    crossing = last + 0.5 + (back[last] - 0.5) / (back[last] - after)  # pixel i has its centre at i + 0.5
    return PooledEdge(row, back, float(crossing))
