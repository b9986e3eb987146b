"""Lesson 07, BA-Net against U-Net: the check of the paired bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.course.checks import Wrong, attempt, checked
from banet_edu.course.lesson07.resampling import percentile_interval

Interval = tuple[float, float]
_IMAGES, _DRAWS = 30, 10_000
_BOTH_SIDES = "Cut off the same share on both sides: 50 * (1 - level) and 50 * (1 + level) per cent."
_CLOSE = 0.08  # of the interval's half width: two right bootstraps of 10 000 draws differ by less, the slips by more


@checked
def check_paired_bootstrap(my_paired_bootstrap: Callable[..., Interval]) -> str:
    """Check `my_paired_bootstrap(a, b, resamples, level, seed)`: the percentile interval of the mean of a - b."""
    a, b = _figures()
    for level in (0.95, 0.8):
        found = _interval(attempt(my_paired_bootstrap, "my_paired_bootstrap", a.copy(), b.copy(), _DRAWS, level, 0))
        wanted = percentile_interval(_means(a - b), level)
        if _near(found, wanted, wanted):
            continue
        if level != 0.95 and _near(found, percentile_interval(_means(a - b), 0.95), wanted):
            raise Wrong(
                "asked for an 80 % interval you give the 95 % interval.",
                "Compute both percentiles from `level`: 50 * (1 - level) and 50 * (1 + level).",
            )
        for (said, hint), slip in _slips(a, b, level).items():
            if _near(found, slip, wanted):
                raise Wrong(said, hint)
        _refuse_one_sided(found, _means(a - b), wanted, level)
        raise Wrong(
            f"for level {level:g} your interval is {found[0]:.3f} to {found[1]:.3f}, expected is about "
            f"{wanted[0]:.3f} to {wanted[1]:.3f}.",
            "Each of the `resamples` draws takes as many images as there are, with replacement; take the mean difference "
            "of each draw, then two percentiles of those means.",
        )
    again = [attempt(my_paired_bootstrap, "my_paired_bootstrap", a.copy(), b.copy(), 200, 0.95, 3) for _ in range(2)]
    if _interval(again[0]) != _interval(again[1]):
        raise Wrong(
            "the same call gives two different intervals.",
            "Draw from np.random.default_rng(seed), made inside the function.",
        )
    swapped = _interval(attempt(my_paired_bootstrap, "my_paired_bootstrap", b.copy(), a.copy(), _DRAWS, 0.95, 0))
    if swapped[0] > 0:
        raise Wrong("with a and b swapped the interval keeps its sign.", "a minus b, without abs.")
    return "the images are drawn together, and the middle of the resampled mean differences is your interval."


def _figures() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two networks on 30 images: easy and hard images for both, and a skewed difference, so that each slip shows."""
    random = np.random.default_rng(7)
    shared = random.normal(0, 0.8, _IMAGES)
    skewed = random.exponential(0.5, _IMAGES) ** 2
    a = 3 + shared + skewed
    b = 2.8 + shared + random.normal(0, 0.05, _IMAGES)
    order = (a - b).argsort()  # large differences at both ends, so that a draw that leaves an end out shows
    order = np.concatenate([order[-1:], order[:-3], order[-2:-1], order[-3:-2]])
    return a[order], b[order]


def _means(values: NDArray[np.float64], size: int | None = None, seed: int = 1) -> NDArray[np.float64]:
    drawn = np.random.default_rng(seed).integers(0, len(values), (_DRAWS, size or len(values)))
    means: NDArray[np.float64] = values[drawn].mean(axis=1)
    return means


def _near(found: Interval, wanted: Interval, scale: Interval) -> bool:
    room = _CLOSE * (scale[1] - scale[0]) / 2 * max(1.0, (wanted[1] - wanted[0]) / (scale[1] - scale[0]))
    return all(abs(one - other) <= room for one, other in zip(found, wanted, strict=True))


def _interval(value: Any) -> Interval:
    try:
        low, high = (float(each) for each in value)
    except (TypeError, ValueError):
        raise Wrong(
            f"my_paired_bootstrap gives {type(value).__name__}, two numbers are expected.", "return low, high"
        ) from None
    if np.isnan([low, high]).any():
        raise Wrong("your interval holds nan.", "Is something divided by zero, or the mean taken of nothing?")
    if low > high:
        raise Wrong("the lower end lies above the upper end.", "return low, high, in this order.")
    return low, high


def _refuse_one_sided(found: Interval, means: NDArray[np.float64], wanted: Interval, level: float) -> None:
    """Wrong where an end lies beyond nearly all resampled means: the very ends move too much to be compared."""
    below, above = found[0] < np.percentile(means, 0.3), found[1] > np.percentile(means, 99.7)
    room = _CLOSE * (wanted[1] - wanted[0])
    if below and above:
        raise Wrong("your interval goes from the smallest to the largest resampled mean.", _BOTH_SIDES)
    if below and abs(found[1] - np.percentile(means, 100 * level)) < room:
        raise Wrong("your interval is one-sided: nothing is cut off below.", _BOTH_SIDES)
    if above and abs(found[0] - np.percentile(means, 100 * (1 - level))) < room:
        raise Wrong("your interval is one-sided: nothing is cut off above.", _BOTH_SIDES)


def _slips(a: NDArray[np.float64], b: NDArray[np.float64], level: float) -> dict[tuple[str, str], Interval]:
    d = a - b
    means, n = _means(d), len(d)
    low, high = percentile_interval(means, level)
    error = d.std(ddof=1) / np.sqrt(n)
    factor = {0.95: 1.96, 0.8: 1.2816}[level]
    tail = 100 * (1 - level)
    mean = float(d.mean())
    return {
        ("the images of a and of b are drawn apart: the pairs are torn.",
         "Draw the numbers of the images ONCE and use them for both: drawn = rng.integers(...); a[drawn], b[drawn]."):
            percentile_interval(_means(a) - _means(b, seed=2), level),
        ("that is b minus a.", "The difference is a minus b."): (-high, -low),
        ("that is the mean plus and minus one standard error, no bootstrap interval.",
         "Take percentiles of the resampled means."): (mean - error, mean + error),
        ("that is the mean plus and minus a multiple of the standard error: symmetric, though the differences are skewed.",
         "Take percentiles of the resampled means; they need not lie symmetrically."):
            (mean - factor * error, mean + factor * error),
        ("these are percentiles of the single differences: where images lie, not where their mean may lie.",
         "Take the mean of each resample first, then percentiles of the means."): percentile_interval(d, level),
        ("your interval has no width: every resample has the same mean.",
         "Draw WITH replacement: rng.integers, or rng.choice(..., replace=True)."): (mean, mean),
        ("at each end you cut off the whole of 1 - level: the interval is too narrow.", _BOTH_SIDES):
            (float(np.percentile(means, tail)), float(np.percentile(means, 100 - tail))),
        ("at each end you cut off half of what you should: the interval is too wide.", _BOTH_SIDES):
            (float(np.percentile(means, tail / 4)), float(np.percentile(means, 100 - tail / 4))),
        ("each resample has half as many images as there are: its mean varies too much.",
         "Draw len(a) images in each resample."): percentile_interval(_means(d, n // 2), level),
        ("that is the interval of the median difference.", "Take the mean of each resample, not its median."):
            percentile_interval(np.median(d[np.random.default_rng(1).integers(0, n, (_DRAWS, n))], axis=1), level),
        ("that is the interval of a's own mean.", "Subtract b first: the difference is bootstrapped."):
            percentile_interval(_means(a), level),
    }  # fmt: skip
