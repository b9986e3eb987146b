"""Where the boundary of a mask is: boundary pixels, or the pieces of the contour between pixels.

Both forms give points in pixel coordinates (row, column), pixel centres at whole numbers.
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
    """Points N x 2 (row, column) in pixels; `codes` N (the 2 x 2 neighbourhoods) where pieces of contour are meant."""

    points: np.ndarray
    codes: np.ndarray | None

    def weights(self, spacing: tuple[float, float]) -> np.ndarray | None:
        """Contour length at each point in the unit of `spacing` (row, column), or None: every point counts once."""
        if self.codes is None:
            return None
        row, column = spacing
        cut = 0.5 * float(np.hypot(row, column))  # a corner cut off at the middle of both sides
        table = np.full(16, cut)
        table[[*_ROWWISE]] = column
        table[[*_COLUMNWISE]] = row
        table[[*_SADDLE]] = 2 * cut
        return table[self.codes]


def boundary_pair(
    prediction: np.ndarray, target: np.ndarray, *, weighting: Weighting, frame_is_boundary: bool
) -> tuple[Boundary, Boundary]:
    """The boundaries of two non-empty masks, found inside their joint bounding box."""
    boxes = [cv2.boundingRect(mask.view(np.uint8)) for mask in (prediction, target)]
    height, width = target.shape
    # One pixel more on each side, where the image has one: there the background beside the box is seen.
    left, top = (max(min(box[i] for box in boxes) - 1, 0) for i in (0, 1))
    right = min(max(box[0] + box[2] for box in boxes) + 1, width)
    bottom = min(max(box[1] + box[3] for box in boxes) + 1, height)
    find = {"pixels": _pixels, "length": _pieces}[weighting]
    crops = [mask[top:bottom, left:right].view(np.uint8) for mask in (prediction, target)]
    return find(crops[0], (top, left), frame_is_boundary), find(crops[1], (top, left), frame_is_boundary)


def _pixels(mask: np.ndarray, offset: tuple[int, int], frame_is_boundary: bool) -> Boundary:
    """Foreground pixels with a background pixel among their four neighbours."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    # Outside of the array counts as background (0), or as whatever does not erode (1).
    inner = cv2.erode(mask, cross, borderType=cv2.BORDER_CONSTANT, borderValue=0 if frame_is_boundary else 1)
    found = cv2.findNonZero(cv2.subtract(mask, inner, dst=inner))
    if found is None:
        return Boundary(np.empty((0, 2)), None)
    return Boundary(found.reshape(-1, 2)[:, ::-1] + np.array(offset, float), None)


def _pieces(mask: np.ndarray, offset: tuple[int, int], frame_is_boundary: bool) -> Boundary:
    """Corners between four pixels that are not all alike: marching squares without the geometry."""
    pad = int(frame_is_boundary)
    mask = np.pad(mask, pad)
    codes = mask[:-1, :-1] + 2 * mask[:-1, 1:] + 4 * mask[1:, :-1] + 8 * mask[1:, 1:]
    rows, columns = np.nonzero((codes != 0) & (codes != 15))
    points = np.column_stack([rows, columns]) + (np.array(offset) + 0.5 - pad)
    return Boundary(points, codes[rows, columns])
