"""Where the boundary of a mask is: boundary pixels, or the pieces of the contour between pixels.

Both forms give points in pixel coordinates (row, column), pixel centres at whole numbers; of a volume (z, y, x) in voxels.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import cv2
import numpy as np

Weighting = Literal["pixels", "length"]

# Which of the four pixels around a corner are set: 1 upper left, 2 upper right, 4 lower left, 8 lower right.
_ROWWISE = (3, 12)  # the contour runs along a row: one column spacing long
_COLUMNWISE = (5, 10)
_SADDLE = (6, 9)  # two cut corners


class Boundary(NamedTuple):
    """Points N x 2 (row, column) in pixels, or N x 3 in voxels; `codes` N (the 2 x 2 neighbourhoods) where pieces of contour
    are meant."""

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
        raise ValueError(
            'weighting="length" is the length of an outline; a volume has a surface: use weighting="pixels"'
        )
    find = {"pixels": _pixels if target.ndim == 2 else _voxels, "length": _pieces}[weighting]
    box = tuple(_extent(prediction, target, axis) for axis in range(target.ndim))
    crops = [mask[box].view(np.uint8) for mask in (prediction, target)]
    offset = tuple(side.start for side in box)
    return find(crops[0], offset, frame_is_boundary), find(crops[1], offset, frame_is_boundary)


def _extent(prediction: np.ndarray, target: np.ndarray, axis: int) -> slice:
    """Where either mask has foreground along one axis, and one pixel more on each side, where the image has one: there the
    background beside it is seen."""
    others = tuple(other for other in range(target.ndim) if other != axis)
    filled = np.flatnonzero(prediction.any(axis=others) | target.any(axis=others))
    return slice(max(int(filled[0]) - 1, 0), min(int(filled[-1]) + 2, target.shape[axis]))


def _voxels(mask: np.ndarray, offset: tuple[int, ...], frame_is_boundary: bool) -> Boundary:
    """Foreground voxels with a background voxel among their six neighbours."""
    inner = mask.copy()
    # Outside of the array counts as background (0), or as foreground (1).
    padded = np.pad(mask, 1, constant_values=0 if frame_is_boundary else 1)
    for axis, side in enumerate(mask.shape):
        for start in (0, 2):  # the neighbour before, and the one after
            around = [slice(1, -1)] * mask.ndim
            around[axis] = slice(start, start + side)
            inner &= padded[tuple(around)]
    return Boundary(np.argwhere(mask > inner) + np.array(offset, float), None)


def _pixels(mask: np.ndarray, offset: tuple[int, ...], frame_is_boundary: bool) -> Boundary:
    """Foreground pixels with a background pixel among their four neighbours: `_voxels` of an image, by OpenCV: faster."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    # Outside of the array counts as background (0), or as whatever does not erode (1).
    inner = cv2.erode(mask, cross, borderType=cv2.BORDER_CONSTANT, borderValue=0 if frame_is_boundary else 1)
    found = cv2.findNonZero(cv2.subtract(mask, inner, dst=inner))
    if found is None:
        return Boundary(np.empty((0, 2)), None)
    return Boundary(found.reshape(-1, 2)[:, ::-1] + np.array(offset, float), None)


def _pieces(mask: np.ndarray, offset: tuple[int, ...], frame_is_boundary: bool) -> Boundary:
    """Corners between four pixels that are not all alike: marching squares without the geometry."""
    pad = int(frame_is_boundary)
    mask = np.pad(mask, pad)
    codes = mask[:-1, :-1] + 2 * mask[:-1, 1:] + 4 * mask[1:, :-1] + 8 * mask[1:, 1:]
    rows, columns = np.nonzero((codes != 0) & (codes != 15))
    points = np.column_stack([rows, columns]) + (np.array(offset) + 0.5 - pad)
    return Boundary(points, codes[rows, columns])
