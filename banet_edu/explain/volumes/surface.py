"""The surface of a region in a volume: points with outward normals, in voxels and in mm, and distances to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

Array = NDArray[np.float64]

MOST_POINTS = 20_000  # rows of a table; distances are measured to the whole surface
SMOOTH = 0.7  # voxels: takes the staircase out of a mask's surface
_MARGIN = 4  # voxels around a region
_SPECK = 12  # points: of a smaller part no direction can be read off
_NEAREST = 4  # points: the nearest triangle need not be at the nearest one
_REACH = 2.5  # standard deviations that a mean over the surface reaches


@dataclass(frozen=True, eq=False)
class Surface:
    """N points and M triangles between them.

    Attributes:
        points: N x 3 (z, y, x) in voxels, their middles at whole numbers.
        normals: N x 3 unit vectors in mm, outward: along the gradient of the signed distance to the region.
        triangles: M x 3, indices of points.
        part: N, the number of the connected part that a point belongs to.
        spacing: (z, y, x) size of a voxel, in mm; 1 where it is unknown.

    The faces of the volume are no boundary: a region that they cut has an open surface, and a single slice has none.
    """

    points: Array
    normals: Array
    triangles: NDArray[np.intp]
    part: NDArray[np.intp]
    spacing: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def places(self) -> Array:
        """N x 3, the points in mm."""
        return self.points * self.spacing

    @cached_property
    def tree(self) -> cKDTree:
        """Of `places`."""
        return cKDTree(self.places)

    @cached_property
    def area(self) -> Array:
        """N, mm2: a third of the triangles around each point."""
        a, b, c = self.places[self.triangles].transpose(1, 0, 2)
        each = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
        return np.bincount(self.triangles.ravel(), np.repeat(each, 3), minlength=len(self)).astype(np.float64)

    def distance(self, places: Array) -> Array:
        """From each of P x 3 places (mm) to the surface: to the triangles around its nearest points."""
        nearest = self.tree.query(places, k=_NEAREST)[1]
        around = self._triangles_around[nearest].reshape(len(places), -1)  # P x K, -1 where a point has fewer
        corners = self.places[self.triangles[around]]  # P x K x 3 corners x 3
        found = _to_triangles(places[:, None], *np.moveaxis(corners, 2, 0))
        return np.where(around >= 0, found, np.inf).min(axis=1)

    @cached_property
    def _triangles_around(self) -> NDArray[np.intp]:
        point = self.triangles.ravel()
        order = np.argsort(point, kind="stable")
        count = np.bincount(point, minlength=len(self))
        column = np.arange(len(point)) - np.repeat(np.cumsum(count) - count, count)
        table = np.full((len(self), int(count.max())), -1, np.intp)
        table[point[order], column] = order // 3
        return table

    def thinned(self, most: int = MOST_POINTS) -> NDArray[np.intp]:
        """Indices of at most so many points, evenly over their order."""
        count = min(most, len(self))
        return (np.arange(count) * len(self)) // max(count, 1)

    def means_over(self, chosen: NDArray[np.intp], sigma: float) -> csr_array:
        """Weights (rows add up to 1) of a Gaussian mean, `sigma` in mm, over the neighbours of each chosen point that lie on
        the same side: the other face of a thin sheet is another boundary."""
        places, normals, part = self.places[chosen], self.normals[chosen], self.part[chosen]
        pairs = cKDTree(places).sparse_distance_matrix(cKDTree(places), _REACH * sigma, output_type="coo_matrix")
        rows, columns, apart = pairs.row, pairs.col, pairs.data
        along = (part[rows] == part[columns]) & ((normals[rows] * normals[columns]).sum(axis=1) > 0)
        own = np.arange(len(chosen))  # a distance of 0 is not stored by every version of scipy
        other = along & (rows != columns)
        weight = np.concatenate([np.exp(-0.5 * (apart[other] / sigma) ** 2), np.ones(len(own))])
        table = coo_array(
            (weight, (np.concatenate([rows[other], own]), np.concatenate([columns[other], own]))),
            shape=(len(own), len(own)),
        ).tocsr()
        return csr_array(table.multiply(1 / table.sum(axis=1)[:, None]))


def surface_of_mask(mask: NDArray[np.bool_], spacing: tuple[float, ...]) -> Surface:
    """The surface of a mask: where the signed distance to its voxels, smoothed a little, is 0. Each voxel stays on its side."""
    if not mask.any() or mask.all() or min(mask.shape) < 2:
        return _none(spacing)
    box, offset = _around(mask)
    return _surface(_signed_distance(mask[box], spacing), mask[box], offset, spacing)


def surface_of_level(level: NDArray[np.floating], spacing: tuple[float, ...]) -> Surface:
    """The surface where a map (a probability minus its threshold) crosses 0, trilinear between voxels."""
    mask = level >= 0
    if not mask.any() or mask.all() or min(mask.shape) < 2:
        return _none(spacing)
    box, offset = _around(mask)
    values = level[box].astype(np.float64)
    return _surface(np.where(values == 0, np.finfo(np.float32).tiny, values), mask[box], offset, spacing)


def read_at(values: NDArray[Any], points: Array) -> Array:
    """D x H x W read at ... x 3 points (voxels), trilinear; the outermost voxels beyond the volume."""
    at = np.moveaxis(points, -1, 0)
    return np.asarray(map_coordinates(np.asarray(values, np.float32), at, order=1, mode="nearest"), np.float64)


def _signed_distance(mask: NDArray[np.bool_], spacing: tuple[float, ...]) -> Array:
    """In mm, positive inside: smoothed by 2 G - G G, which unlike a Gaussian G moves no curved surface inward."""
    distance = distance_transform_edt(mask, sampling=spacing) - distance_transform_edt(~mask, sampling=spacing)
    once = gaussian_filter(distance, SMOOTH, mode="nearest")
    smooth = 2 * once - gaussian_filter(once, SMOOTH, mode="nearest")
    least = 0.05 * min(spacing)
    return np.where(mask, np.maximum(smooth, least), np.minimum(smooth, -least))


def _surface(level: Array, mask: NDArray[np.bool_], offset: Array, spacing: tuple[float, ...]) -> Surface:
    points, triangles, _, _ = marching_cubes(level, 0.0)
    points, triangles = points.astype(np.float64), triangles.astype(np.intp)
    slope = np.gradient(gaussian_filter(_signed_distance(mask, spacing), 1.0, mode="nearest"), *spacing)
    normals = -np.stack([read_at(along, points) for along in slope], axis=1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]]).T
    _, part = connected_components(coo_array((np.ones(ends.shape[1]), tuple(ends)), shape=(len(points),) * 2))
    kept = np.bincount(part)[part] >= _SPECK
    number = np.cumsum(kept) - 1
    _, part = np.unique(part[kept], return_inverse=True)
    triangles = number[triangles[kept[triangles].all(axis=1)]]
    return Surface(points[kept] + offset, normals[kept], triangles, part, spacing)


def _none(spacing: tuple[float, ...]) -> Surface:
    empty = np.empty((0, 3))
    return Surface(empty, empty, np.empty((0, 3), np.intp), np.empty(0, np.intp), spacing)


def _around(mask: NDArray[np.bool_]) -> tuple[tuple[slice, ...], Array]:
    """The box of the region and a few voxels around it, and where that begins."""
    filled = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    box = tuple(slice(max(int(at[0]) - _MARGIN, 0), int(at[-1]) + _MARGIN + 1) for at in filled)
    return box, np.array([side.start for side in box], float)


def _to_triangles(p: Array, a: Array, b: Array, c: Array) -> Array:
    """Distances of points to triangles of these corners, ... x 3 each: to the plane where the foot lies within, else to a
    side."""
    normal = np.cross(b - a, c - a)
    size = np.maximum(np.linalg.norm(normal, axis=-1), 1e-12)
    plane = np.abs(((p - a) * normal).sum(axis=-1)) / size
    within, sides = size > 1e-9, np.full(plane.shape, np.inf)  # marching cubes leaves triangles without an area
    for start, end in ((a, b), (b, c), (c, a)):
        along = end - start
        within &= (np.cross(along, p - start) * normal).sum(axis=-1) >= 0
        share = ((p - start) * along).sum(axis=-1) / np.maximum((along**2).sum(axis=-1), 1e-12)
        foot = start + np.clip(share, 0, 1)[..., None] * along
        sides = np.minimum(sides, np.linalg.norm(p - foot, axis=-1))
    return np.where(within, plane, sides)
