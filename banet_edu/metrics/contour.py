"""Where the boundary of a mask is: boundary pixels, or the pieces of the contour between pixels.

Both forms give points in pixel coordinates (row, column), pixel centres at whole numbers; of a volume (z, y, x) in voxels.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

Weighting = Literal["pixels", "length"]

# Which of the four pixels around a corner are set: 1 upper left, 2 upper right, 4 lower left, 8 lower right.
_ROWWISE = (3, 12)  # the contour runs along a row: one column spacing long
_COLUMNWISE = (5, 10)
_SADDLE = (6, 9)  # two cut corners


class Boundary(NamedTuple):
    """Points N x 2 (row, column) in pixels, N x 3 in voxels; `codes` N (2 x 2 neighbourhoods) of pieces of contour."""

    points: np.ndarray
    codes: np.ndarray | None

    def weights(self, spacing: tuple[float, ...]) -> np.ndarray | None:
        """Contour length at each point in the unit of `spacing` (row, column), or None: every point counts once."""
        if self.codes is None:
            return None
        row, column = spacing  # only of images: see `boundary_pair`
        cut = 0.5 * float(np.hypot(row, column))  # a corner cut off at the middle of both sides
        table = np.full(16, cut)
        table[[*_ROWWISE]] = column
        table[[*_COLUMNWISE]] = row
        table[[*_SADDLE]] = 2 * cut
        return table[self.codes]


def boundary_pair(
    prediction: np.ndarray, target: np.ndarray, *, weighting: Weighting, frame_is_boundary: bool
) -> tuple[Boundary, Boundary]:
    """The boundaries of two non-empty masks, both h x w or both d x h x w, found inside their joint bounding box."""
    if weighting == "length" and target.ndim == 3:
        raise ValueError('a volume has a surface, no length of outline: use weighting="pixels"')
    find = {"pixels": _pixels, "length": _pieces}[weighting]
    box = tuple(_extent(prediction, target, axis) for axis in range(target.ndim))
    crops = [mask[box].view(np.uint8) for mask in (prediction, target)]
    offset = tuple(side.start for side in box)
    return find(crops[0], offset, frame_is_boundary), find(crops[1], offset, frame_is_boundary)


def _extent(prediction: np.ndarray, target: np.ndarray, axis: int) -> slice:
    """Where either mask has foreground along an axis, and one pixel of background more on each side, where there is one."""
    others = tuple(other for other in range(target.ndim) if other != axis)
    filled = np.flatnonzero(prediction.any(axis=others) | target.any(axis=others))
    return slice(max(int(filled[0]) - 1, 0), min(int(filled[-1]) + 2, target.shape[axis]))


def _pixels(mask: np.ndarray, offset: tuple[int, ...], frame_is_boundary: bool) -> Boundary:
    """Foreground pixels with a background pixel among their four neighbours, voxels with one among their six."""
    inner = mask.copy()
    for axis in range(mask.ndim):
        kept, own = np.moveaxis(inner, axis, 0), np.moveaxis(mask, axis, 0)
        kept[1:] &= own[:-1]
        kept[:-1] &= own[1:]
        if frame_is_boundary:  # outside of the array counts as background
            kept[0] = kept[-1] = 0
    found = np.unravel_index(np.flatnonzero(mask != inner), mask.shape)  # several times as fast as argwhere
    return Boundary(np.column_stack(found) + np.array(offset, float), None)


def _pieces(mask: np.ndarray, offset: tuple[int, ...], frame_is_boundary: bool) -> Boundary:
    """Corners between four pixels that are not all alike: marching squares without the geometry."""
    pad = int(frame_is_boundary)
    mask = np.pad(mask, pad)
    codes = mask[:-1, :-1] + 2 * mask[:-1, 1:] + 4 * mask[1:, :-1] + 8 * mask[1:, 1:]
    rows, columns = np.nonzero((codes != 0) & (codes != 15))
    points = np.column_stack([rows, columns]) + (np.array(offset) + 0.5 - pad)
    return Boundary(points, codes[rows, columns])
