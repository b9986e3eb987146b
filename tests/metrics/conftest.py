"""Shapes whose boundary is known, and irregular ones for comparisons with other implementations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest


def _disc(shape: tuple[int, int], radius: float, centre: tuple[float, float] | None = None) -> np.ndarray:
    rows, columns = np.indices(shape)
    row, column = centre or ((shape[0] - 1) / 2, (shape[1] - 1) / 2)
    return np.hypot(rows - row, columns - column) <= radius


def _blob(seed: int, shape: tuple[int, int] = (96, 128)) -> np.ndarray:
    """An irregular region away from the frame."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape)
    row, column = (n * rng.uniform(0.45, 0.55) for n in shape)
    angle = np.arctan2(rows - row, columns - column)
    radius = np.full(shape, 0.25 * min(shape))
    for k in range(2, 9):
        radius *= 1 + 0.2 * rng.normal() / k * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
    return np.hypot(rows - row, columns - column) < radius


@pytest.fixture
def square() -> np.ndarray:
    """32 x 32 pixels in a 64 x 64 image."""
    mask = np.zeros((64, 64), bool)
    mask[16:48, 16:48] = True
    return mask


@pytest.fixture
def empty() -> np.ndarray:
    return np.zeros((64, 64), bool)


@pytest.fixture
def disc() -> Callable[..., np.ndarray]:
    return _disc


@pytest.fixture
def blob() -> Callable[..., np.ndarray]:
    return _blob


@pytest.fixture(params=range(6))
def pair(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    """Irregular pairs; in the last two the prediction has a small false positive far away."""
    prediction, target = _blob(2 * request.param), _blob(2 * request.param + 1)
    if request.param >= 4:
        prediction[4:7, 4:7] = True
    return prediction, target
