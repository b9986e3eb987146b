"""Volumes of any size through a network of one size: padded where they are smaller, in overlapping windows where larger."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray

from banet_edu.data.volume import centred

OVERLAP = 0.5  # of neighbouring windows
SIGMA = 0.125  # of the Gaussian, in sides of a window: what lies at a window's edge has seen half of its surroundings

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def in_windows(image: NDArray[np.float32], size: tuple[int, ...], network: Network) -> NDArray[np.float32]:
    """K x D x H x W, the mean of the network's answers in all windows, each weighted by a Gaussian about its middle.

    Args:
        image: D x H x W, what the network is fed: normalised as a whole, so that every window has one grey scale.
        size: of a window; a shorter side is padded by its outermost voxels, and cropped back.
        network: from d x h x w of this size to K x d x h x w.

    Formula: p(v) = sum_w g_w(v) p_w(v) / sum_w g_w(v), g_w = exp(-|(v - middle) / (SIGMA size)|^2 / 2), at least 0.001.

    >>> in_windows(np.ones((5, 7, 9), np.float32), (4, 8, 4), lambda window: window[None]).shape
    (1, 5, 7, 9)
    """
    sides = tuple(max(pair) for pair in zip(image.shape, size, strict=True))
    grown = centred(image, sides)
    weight = gaussian(size)
    starts = product(*(window_starts(side, window) for side, window in zip(sides, size, strict=True)))
    places = [tuple(slice(at, at + window) for at, window in zip(start, size, strict=True)) for start in starts]
    if len(places) == 1:
        found = network(grown)
    else:
        first = network(grown[places[0]])
        found, weights = np.zeros((len(first), *sides), np.float32), np.zeros(sides, np.float32)
        for number, place in enumerate(places):
            found[:, *place] += weight * (network(grown[place]) if number else first)
            weights[place] += weight
        found /= weights
    before = [(side - own) // 2 for side, own in zip(sides, image.shape, strict=True)]
    return found[:, *(slice(at, at + own) for at, own in zip(before, image.shape, strict=True))]


def window_starts(side: int, window: int) -> list[int]:
    """Where the windows along one side begin: half a window apart, the last one at the end.

    >>> window_starts(10, 4), window_starts(11, 4), window_starts(4, 4)
    ([0, 2, 4, 6], [0, 2, 4, 6, 7], [0])
    """
    step = max(1, int(window * (1 - OVERLAP)))
    return [*range(0, side - window, step), side - window]


def gaussian(size: tuple[int, ...]) -> NDArray[np.float32]:
    """Weights of a window's voxels, of this size; 1 in the middle of a window of odd sides."""
    weight = np.ones((), np.float64)
    for side in size:
        away = (np.arange(side) - (side - 1) / 2) / (SIGMA * side)
        weight = weight[..., None] * np.exp(-(away**2) / 2)
    return np.maximum(weight, 1e-3).astype(np.float32)
