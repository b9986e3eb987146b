"""Closed contours with an exact signed distance: the ground truth behind every phantom.

A contour is an N x 2 array of (row, column) points, closed by joining the last point to the first. Pixel (r, c) has
its centre at exactly (r, c), as in scikit-image's `find_contours`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.spatial import cKDTree

Array = NDArray[np.float64]
Field = NDArray[np.floating]
#: A value along a contour: one number, {(from, to): number} in degrees, or a function of the angle in degrees.
Setting = float | Mapping[tuple[float, ...], float] | Callable[[Array], Array]

POINTS = 1440  # per contour: 0.3 pixels apart on a 256-pixel phantom
RAMP_DEG = 8.0  # a sector's value fades in over this angle, outside the sector


def resample(points: Array, count: int = POINTS) -> Array:
    """Closed contour with `count` points at equal steps of arc length."""
    closed = np.vstack([points, points[:1]])
    arc = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = np.linspace(0.0, arc[-1], count, endpoint=False)
    return np.column_stack([np.interp(at, arc, closed[:, 0]), np.interp(at, arc, closed[:, 1])])


def star_contour(
    rng: np.random.Generator, radius: float, aspect: float, irregularity: float, roughness: float
) -> Array:
    """Random closed contour around (0, 0), area about pi radius^2: an ellipse whose radius carries harmonics 2 to 40.

    Args:
        rng: its own stream; the same draws for every argument, so that irregularity deforms ONE shape.
        radius: of the circle of the same area, in the caller's unit.
        aspect: long axis over short axis.
        irregularity: 0 (ellipse) to 1 (ragged); scales the root mean square of the relative radius change (0.2 at 1).
        roughness: fall-off of the harmonics, amplitude k^-roughness: 2 smooth and lobed, 1 ragged.
    """
    theta = np.linspace(0.0, 2 * np.pi, 4 * POINTS, endpoint=False)
    order = np.arange(2, 41)[:, None]
    amplitude = rng.normal(size=order.shape) * order**-roughness
    wave = (amplitude * np.cos(order * theta + rng.uniform(0, 2 * np.pi, order.shape))).sum(axis=0)
    wave *= 0.2 * irregularity / max(float(wave.std()), 1e-9)
    tilt = rng.uniform(0, np.pi)
    r = radius * np.exp(np.clip(wave, -0.7, 0.7))
    u, v = r * np.cos(theta) * np.sqrt(aspect), r * np.sin(theta) / np.sqrt(aspect)
    return resample(np.column_stack([u * np.sin(tilt) + v * np.cos(tilt), u * np.cos(tilt) - v * np.sin(tilt)]))


def spline(points: Sequence[tuple[float, float]], count: int = 400) -> Array:
    """Open smooth curve through the points (natural cubic spline over the chord length)."""
    given = np.asarray(points, dtype=float)
    chord = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(given, axis=0).T))])
    return np.asarray(CubicSpline(chord, given, bc_type="natural")(np.linspace(0.0, chord[-1], count)))


def signed_distance(contours: Sequence[Array], shape: tuple[int, int]) -> tuple[Array, NDArray[np.intp]]:
    """Signed Euclidean distance of every pixel centre to the contours.

    Returns:
        distance: h x w float64, in pixels, negative inside (even-odd rule), exact for the given polygons as long as
            their points lie closer together than the details of the curve.
        nearest: h x w index of the nearest contour point, counted through all contours in order.
    """
    height, width = shape
    start = np.concatenate(contours)
    following = np.concatenate([np.roll(c, -1, axis=0) for c in contours])
    before = np.concatenate([np.roll(c, 1, axis=0) for c in contours])
    pixels = (
        np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), axis=-1).reshape(-1, 2).astype(float)
    )
    nearest = cKDTree(start, leafsize=32).query(pixels, workers=1)[1]
    here = start[nearest]
    distance = np.minimum(
        _to_segment(pixels, here, following[nearest]),
        _to_segment(pixels, here, before[nearest]),
    ).reshape(shape)
    inside = _inside(start, following, shape)
    return np.where(inside, -distance, distance), nearest.reshape(shape)


def _to_segment(points: Array, a: Array, b: Array) -> Array:
    """Distance of each point to its own segment a-b."""
    along = b - a
    t = np.einsum("ij,ij->i", points - a, along) / np.maximum(np.einsum("ij,ij->i", along, along), 1e-30)
    return np.hypot(*(points - a - np.clip(t, 0.0, 1.0)[:, None] * along).T)


def _inside(start: Array, end: Array, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Even-odd rule at pixel centres: toggle a row wherever an edge crosses it, then count toggles from the left."""
    height, width = shape
    first = np.ceil(np.minimum(start[:, 0], end[:, 0])).astype(int)  # rows with low <= row < high
    last = np.ceil(np.maximum(start[:, 0], end[:, 0])).astype(int)
    edge = np.repeat(np.arange(len(start)), last - first)
    row = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
    keep = (row >= 0) & (row < height)
    edge, row = edge[keep], row[keep]
    t = (row - start[edge, 0]) / (end[edge, 0] - start[edge, 0])
    column = np.ceil(start[edge, 1] + t * (end[edge, 1] - start[edge, 1])).clip(0, width).astype(int)
    toggles = np.zeros((height, width + 1), dtype=np.int32)
    np.add.at(toggles, (row, column), 1)
    return (np.cumsum(toggles[:, :width], axis=1) % 2).astype(bool)


def angles_deg(contours: Sequence[Array]) -> Array:
    """Direction of every contour point from the centroid of its own contour: 0 right, 90 up, in [0, 360)."""
    return np.concatenate([_directions(c) for c in contours])


def _directions(contour: Array) -> Array:
    following = np.roll(contour, -1, axis=0)
    cross = contour[:, 0] * following[:, 1] - following[:, 0] * contour[:, 1]
    centre = ((contour + following) * cross[:, None]).sum(axis=0) / (3 * cross.sum())
    rows, columns = (contour - centre).T
    return np.degrees(np.arctan2(-rows, columns)) % 360.0


def along_contour(name: str, setting: Setting, contours: Sequence[Array], default: float, top: float) -> Array:
    """The setting at every contour point.

    A mapping {(from, to): value} holds counter-clockwise between two angles (so (330, 30) spans 0) and fades to
    `default` within 8 degrees beyond; {(from, to, i): value} does so on contour i alone (lungs: 0 is left in the image).

    Raises:
        ValueError: a value outside [0, top] or not finite, or a sector that is no pair of angles.
    """
    angle = angles_deg(contours)
    if isinstance(setting, Mapping):
        values = np.full(len(angle), float(default))
        which = np.repeat(np.arange(len(contours)), [len(c) for c in contours])
        for sector, value in setting.items():
            if not isinstance(sector, tuple) or len(sector) not in (2, 3):
                raise ValueError(f"{name}: sector {sector!r} must be (from_deg, to_deg), a contour's index may follow.")
            if len(sector) == 3 and sector[2] not in range(len(contours)):
                raise ValueError(f"{name}: sector {sector!r} names contour {sector[2]}, there are {len(contours)}.")
            weight = _sector_weight(angle, float(sector[0]), float(sector[1]))
            if len(sector) == 3:
                weight = weight * (which == sector[2])
            values += weight * (value - values)
    elif callable(setting):
        values = np.broadcast_to(np.asarray(setting(angle), dtype=float), angle.shape).copy()
    else:
        values = np.full(len(angle), float(setting))
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > top:
        raise ValueError(f"{name} must lie between 0 and {top:g} everywhere, got {values.min():g} to {values.max():g}.")
    return values


def _sector_weight(angle: Array, begin: float, end: float) -> Array:
    span = (end - begin) % 360.0 or 360.0
    beyond = np.maximum(np.abs((angle - begin - span / 2 + 180.0) % 360.0 - 180.0) - span / 2, 0.0)
    return 0.5 + 0.5 * np.cos(np.pi * np.clip(beyond / RAMP_DEG, 0.0, 1.0))


@dataclass(frozen=True)
class Target:
    """The object of a scene with known boundary, as the painters need it.

    Attributes:
        contours: in scene coordinates (y, x).
        distance: h x w signed distance in scene units, negative inside.
        alpha: h x w share of the object in each pixel, 0..1: the edge with its softness.
        contrast: h x w; how much of the difference between object and surroundings is kept (1: all).
        occlusion: the same per contour point.
        covered: h x w share to be hidden, 0..1, faded away from the contour.
    """

    contours: Sequence[Array]
    distance: Field
    alpha: Field
    contrast: Field
    occlusion: Array
    covered: Field

    @property
    def depth(self) -> Field:
        """h x w: 0 outside and on the contour, 1 at the innermost point."""
        inner = np.maximum(-self.distance, 0)
        return inner / inner.max()
