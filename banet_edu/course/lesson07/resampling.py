"""What the bootstrap does, step by step: the mean difference of two networks, over and over, on images drawn anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd


def resampled_differences(
    a: ArrayLike, b: ArrayLike, *, paired: bool = True, resamples: int = 9999, seed: int = 0
) -> NDArray[np.float64]:
    """The mean of `a` minus the mean of `b` in each of `resamples` draws of as many images, with replacement.

    Args:
        a, b: the figures of two networks, one per image, of the same images in the same order.
        paired: draw images, and take both figures of each. False draws the images of `a` and of `b` apart, as if they
            came from two different test sets.

    Raises ValueError when they differ in length, hold nan (leave those images out first), or are fewer than two.

    >>> means = resampled_differences([0.9, 0.5, 0.7], [0.8, 0.4, 0.6])
    >>> bool(np.ptp(means) < 1e-9)
    True
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape or a.ndim != 1 or len(a) < 2:
        raise ValueError(f"need two equally long lists of two or more figures, got {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("some figures are missing: leave out the images for which either network has none")
    random = np.random.default_rng(seed)
    drawn = random.integers(0, len(a), (resamples, len(a)))
    other = drawn if paired else random.integers(0, len(a), (resamples, len(a)))
    means: NDArray[np.float64] = a[drawn].mean(axis=1) - b[other].mean(axis=1)
    return means


def percentile_interval(means: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """The middle `level` of resampled means: the percentile interval.

    >>> percentile_interval(range(101), 0.5)
    (25.0, 75.0)
    """
    low, high = np.percentile(np.asarray(means, dtype=float), [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)


def paired_values(table: pd.DataFrame, metric: str, a: str, b: str) -> pd.DataFrame:
    """The figure of two networks for the same images: one row per image, columns `a` and `b`, mean over seeds.

    Images for which either has no value (a missed object has no boundary distance) are left out; their number stands in
    `.attrs["left_out"]`.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"model": ["a", "a", "b", "b"], "name": ["x", "y"] * 2, "JA": [0.9, 0.8, 0.7, None]})
    >>> values = paired_values(table, "JA", "a", "b")
    >>> values.loc["x"].tolist(), values.attrs["left_out"]
    ([0.9, 0.7], 1)
    """
    every = table.pivot_table(index="name", columns="model", values=metric, sort=False, dropna=False)[[a, b]]
    kept = every.dropna()
    kept.attrs["left_out"] = len(every) - len(kept)
    return kept
