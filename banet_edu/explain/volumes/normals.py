"""A volume and a network's probability read along the normals of a surface, and what the probability says of the error there.

Were the probability p right, the true surface would lie beyond a place t mm outward of the predicted one with probability p(t),
and within a place t mm inward with probability 1 - p(-t). So the error e, whichever way, is

    P(e > r) = p(r) + 1 - p(-r),    expected error = integral of P(e > r) over r from 0,

with p(r) only falling and p(-r) only rising on the way: what lies behind is another boundary. Eight of ten errors then lie
between the r at which P is 0.9 and that at which it is 0.1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from banet_edu.explain.boundary.across import nearest_run
from banet_edu.explain.boundary.appearance import REACH, STEP
from banet_edu.explain.volumes.surface import Array, Surface, read_at

T = np.arange(-REACH, REACH + STEP / 2, STEP)  # along a normal, in working lengths
PER_VOXEL = 3.0  # working lengths; a voxel's is the cube root of its volume


class Expected(NamedTuple):
    """N each, in mm: the expected error, and from where to where eight of ten errors lie."""

    expected: Array
    low: Array
    high: Array


def working_length(spacing: tuple[float, ...]) -> float:
    """mm: what one step of `T` stands for."""
    return float(np.prod(spacing)) ** (1 / 3) / PER_VOXEL


def along_normals(surface: Surface, chosen: NDArray[np.intp]) -> Array:
    """N x T x 3, in voxels: the places along the normals of the chosen points."""
    outward = surface.normals[chosen] / surface.spacing * working_length(surface.spacing)
    return surface.points[chosen][:, None] + T[None, :, None] * outward[:, None]


def expected_by_probability(probability: NDArray[np.float32], surface: Surface, chosen: NDArray[np.intp]) -> Expected:
    """The formula above at points of the predicted surface; an error larger than the reach of a normal counts as that.

    Args:
        probability: D x H x W of the foreground.
        surface: of that prediction. chosen: indices of its points.
    """
    line = read_at(probability, along_normals(surface, chosen))  # N x T
    middle = len(T) // 2
    outward = np.minimum.accumulate(line[:, middle:], axis=1)
    inward = np.minimum.accumulate(1 - line[:, middle::-1], axis=1)
    beyond = np.clip(outward + inward, 0, 1)  # P(e > r)
    r = T[middle:] * working_length(surface.spacing)
    low, high = (_where_below(beyond, r, share) for share in (0.9, 0.1))
    return Expected(np.trapezoid(beyond, r, axis=1), low, high)


def slack(line: Array, spacing: tuple[float, ...]) -> Array:
    """N, in mm: over how long a way along the normal the probabilities, N x T, lie between 0.25 and 0.75."""
    undecided = (line > 0.25) & (line < 0.75)
    count = [len(nearest_run(row, np.abs(T))) for row in undecided]
    return np.array(count, float) * STEP * working_length(spacing)


def _where_below(falling: Array, r: Array, share: float) -> Array:
    """N: the first r at which a falling row is at most `share`, interpolated; the last r where it never is."""
    at = np.argmax(falling <= share, axis=1)
    never = ~(falling <= share).any(axis=1)
    before = np.maximum(at - 1, 0)
    rows = np.arange(len(falling))
    high, low = falling[rows, before], falling[rows, at]
    part = np.where(high > low, (high - share) / np.maximum(high - low, 1e-12), 0.0).clip(0, 1)
    return np.where(never, r[-1], r[before] + part * (r[at] - r[before]))
