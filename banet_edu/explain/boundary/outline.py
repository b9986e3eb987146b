"""The outline of a region as evenly spaced points with normals, on a grid of one size for every image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from banet_edu.metrics.shape import outlines

Array = NDArray[np.float64]

WORKING_SIZE = 256  # the longer side of the working grid; its pixels are square in mm where a spacing is known
_NARROWEST, _LONGEST = 8, 4096  # of a strip the shorter side decides, up to a longer one that is no image any more
_SHORTEST = 12  # contours of fewer points are specks: no direction can be read off them
_TANGENT = 3  # points to either side that a direction is taken from


@dataclass(frozen=True, eq=False)
class Grid:
    """The working grid of one image: how its pixels relate to the mask's and to the unit of lengths."""

    shape: tuple[int, int]
    mask_shape: tuple[int, int]
    unit: str
    unit_per_px: float

    @classmethod
    def of(cls, mask_shape: tuple[int, int], spacing_mm: tuple[float, float] | None) -> Grid:
        row, column = spacing_mm or (1.0, 1.0)
        extent = np.array([mask_shape[0] * row, mask_shape[1] * column])
        longer = float(np.clip(_NARROWEST * extent.max() / extent.min(), WORKING_SIZE, _LONGEST))
        height, width = (max(2, int(side)) for side in np.rint(longer * extent / extent.max()))
        size = float(extent.max()) / longer if spacing_mm else 100.0 / float(np.hypot(height, width))
        return cls((height, width), mask_shape, "mm" if spacing_mm else "pct", size)

    @property
    def factor(self) -> Array:
        """Working pixels per mask pixel, (row, column)."""
        return np.array(self.shape) / np.array(self.mask_shape)

    def to_mask(self, points: Array) -> Array:
        return (points + 0.5) / self.factor - 0.5

    def read(self, values: NDArray[Any], points: Array) -> Array:
        """A map of any size (it covers the same field of view) at N x 2 working-grid points, bilinear."""
        at = (points + 0.5) * (np.array(values.shape) / np.array(self.shape)) - 0.5
        return np.asarray(map_coordinates(np.asarray(values, np.float32), at.T, order=1, mode="nearest"), np.float64)


@dataclass(frozen=True, eq=False)
class Outline:
    """N points (row, column), one working pixel apart along each contour, with unit normals that point outward.

    `contour` numbers the contours, `closed` says which point belongs to a closed one (a region cut by the frame has an
    open outline: the frame is no boundary), `arc` is the length from the contour's first point, in working pixels.
    """

    points: Array
    normals: Array
    contour: NDArray[np.intp]
    closed: NDArray[np.bool_]
    arc: Array

    def __len__(self) -> int:
        return len(self.points)

    def neighbours(self, reach: int) -> NDArray[np.intp]:
        """N x (2 reach + 1) indices of the points before and after each point; ends of open contours repeat."""
        steps = np.arange(-reach, reach + 1)
        found = np.empty((len(self), len(steps)), np.intp)
        for one in np.unique(self.contour):
            rows = np.flatnonzero(self.contour == one)
            at = np.arange(len(rows))[:, None] + steps
            found[rows] = rows[at % len(rows) if self.closed[rows[0]] else np.clip(at, 0, len(rows) - 1)]
        return found

    def smoothed(self, values: Array, sigma: float) -> Array:
        """Gaussian mean over neighbours along the contour, sigma in points."""
        reach = int(np.ceil(3 * sigma))
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        return np.einsum("nk...,k->n...", values[self.neighbours(reach)], kernel / kernel.sum())

    def curvature(self, sigma: float = 4.0) -> Array:
        """N, in 1 / working pixel: positive where the region bulges outward."""
        around = self.smoothed(self.points, sigma)[self.neighbours(2)]
        first, second = (around[:, 4] - around[:, 0]) / 4, (around[:, 4] - 2 * around[:, 2] + around[:, 0]) / 4
        return -(second * self.normals).sum(axis=1) / np.maximum((first**2).sum(axis=1), 1e-9)


def outline_of_mask(mask: NDArray[np.bool_], grid: Grid) -> Outline:
    """The outline of a mask. A blur of 1.5 working pixels takes the staircase out of it."""
    share = cv2.resize(mask.astype(np.float32), grid.shape[::-1], interpolation=cv2.INTER_AREA)
    return _outline(cv2.GaussianBlur(share, (0, 0), 1.5, borderType=cv2.BORDER_REPLICATE) - 0.5)


def outline_of_level(level: NDArray[np.floating], grid: Grid) -> Outline:
    """The outline where a map (a probability minus its threshold, at the mask's size) crosses 0."""
    grows = grid.shape[0] > level.shape[0] or grid.shape[1] > level.shape[1]
    method = cv2.INTER_LINEAR if grows else cv2.INTER_AREA  # enlarged by area, a map becomes a staircase
    return _outline(cv2.resize(level.astype(np.float32), grid.shape[::-1], interpolation=method))


def _outline(level: NDArray[Any]) -> Outline:
    parts: list[tuple[Array, Array, bool, Array]] = []
    for line in outlines(level):
        closed = bool(np.hypot(*(line[0] - line[-1])) < 1e-6)
        arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
        count = round(arc[-1])
        if count < _SHORTEST:
            continue
        at = np.linspace(0, arc[-1], count, endpoint=not closed)
        points = np.column_stack([np.interp(at, arc, line[:, 0]), np.interp(at, arc, line[:, 1])])
        parts.append((points, _normals(points, closed, level), closed, at))
    if not parts:
        none = np.empty((0, 2))
        return Outline(none, none, np.empty(0, np.intp), np.empty(0, bool), np.empty(0))
    lengths = [len(part[0]) for part in parts]
    return Outline(
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.repeat(np.arange(len(parts)), lengths),
        np.repeat([part[2] for part in parts], lengths),
        np.concatenate([part[3] for part in parts]),
    )


def _normals(points: Array, closed: bool, level: NDArray[Any]) -> Array:
    padded = np.concatenate([points[-_TANGENT:], points, points[:_TANGENT]]) if closed else np.pad(
        points, ((_TANGENT, _TANGENT), (0, 0)), mode="edge"
    )  # fmt: skip
    tangent = padded[2 * _TANGENT :] - padded[: -2 * _TANGENT]
    normals = np.column_stack([tangent[:, 1], -tangent[:, 0]])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    # find_contours keeps one side for high values; which one is seen from the map itself.
    ahead = np.rint(points + 2 * normals).astype(int).clip(0, np.array(level.shape) - 1)
    behind = np.rint(points - 2 * normals).astype(int).clip(0, np.array(level.shape) - 1)
    outward = level[tuple(ahead.T)].mean() < level[tuple(behind.T)].mean()
    return normals if outward else -normals


def distance_to(points: Array, others: Outline) -> Array:
    """Distance of each point to the nearest of another outline, as if its points were joined by lines."""
    tree = cKDTree(others.points)
    distance, nearest = tree.query(points)
    before_after = others.points[others.neighbours(1)[nearest]]  # N x 3 x 2
    for k in (0, 1):
        start, end = before_after[:, k], before_after[:, k + 1]
        along = end - start
        squared = np.maximum((along**2).sum(axis=1), 1e-12)
        share = np.clip(((points - start) * along).sum(axis=1) / squared, 0, 1)[:, None]
        distance = np.minimum(distance, np.linalg.norm(points - start - share * along, axis=1))
    return distance
