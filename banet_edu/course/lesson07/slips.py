"""Lesson 07: the paired bootstrap as a formula with named parts, and what is put in the place of a part by mistake."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.course.checks import Slips
from banet_edu.course.lesson07.resampling import percentile_interval

Interval = tuple[float, float]
Figures = NDArray[np.float64]
BOTH_SIDES = "Cut off the same share on both sides: 50 * (1 - level) and 50 * (1 + level) per cent."


def interval_of(
    a: Figures,
    b: Figures,
    resamples: int,
    level: float,
    seed: int,
    *,
    numbers: Callable[..., Any] = lambda rng, n, resamples: rng.integers(0, n, (resamples, n)),
    of_a: Callable[..., Figures] = lambda a, drawn, rng: a[drawn],
    of_b: Callable[..., Figures] = lambda b, drawn, rng: b[drawn],
    apart: Callable[..., Figures] = np.subtract,
    each: Callable[[Figures], Figures] = lambda differences: differences.mean(axis=1),
    asked: Callable[[float], float] = lambda level: level,
    ends: Callable[..., Any] = lambda means, level, d: percentile_interval(means, level),
    given: Callable[..., Any] = lambda low, high, level: (low, high),
) -> Interval:
    """The interval, step by step, each of which can be taken wrongly."""
    rng = np.random.default_rng(seed)
    drawn = numbers(rng, len(a), resamples)
    means = each(apart(of_a(a, drawn, rng), of_b(b, drawn, rng)))
    low, high = given(*ends(means, asked(level), apart(a, b)), level)
    return float(low), float(high)


def _normal(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


def _of_the_mean(
    multiple: Callable[[float], float], unit: Callable[[Figures], Any] = lambda d: d.std(ddof=1) / np.sqrt(len(d))
) -> Callable[..., Any]:
    return lambda means, level, d: (d.mean() - multiple(level) * unit(d), d.mean() + multiple(level) * unit(d))


def _turned_round(means: Figures, level: float, d: Figures) -> Interval:
    low, high = percentile_interval(means, level)
    return 2 * d.mean() - high, 2 * d.mean() - low


def percentiles(low: Callable[[float], float], high: Callable[[float], float]) -> Callable[..., Any]:
    return lambda means, level, d: np.percentile(means, [low(level), high(level)])


def _table() -> dict[tuple[str, str], dict[str, Any]]:
    difference, with_replacement = (
        "The difference is a minus b.",
        "Draw WITH replacement: rng.integers, or rng.choice(..., replace=True).",
    )
    once = "Draw the numbers of the images ONCE and use them for both: drawn = rng.integers(...); a[drawn], b[drawn]."
    every = "Numbers from 0 to n - 1: rng.integers(0, n, n)."
    size, fill = "Draw len(a) images in each resample.", "Take the mean difference of EACH draw, and keep all of them."
    found: dict[tuple[str, str], dict[str, Any]] = {
        ("the images of a and of b are drawn apart: the pairs are torn.", once):
            {"of_b": lambda b, drawn, rng: b[rng.integers(0, len(b), drawn.shape)]},
        ("that is b minus a.", difference): {"apart": lambda a, b: b - a},
        ("where b is the larger one the interval keeps its sign.", "a minus b, without abs."):
            {"apart": lambda a, b: np.abs(a - b)},
        ("a and b are added, not subtracted.", difference): {"apart": np.add},
        ("a and b are multiplied, not subtracted.", difference): {"apart": np.multiply},
        ("a is divided by b: these are ratios, not differences.", difference): {"apart": np.divide},
        ("the differences are divided by b.", difference): {"apart": lambda a, b: (a - b) / b},
        ("that is the interval of a's own mean.", "Subtract b first: the difference is bootstrapped."):
            {"apart": lambda a, b: a},
        ("that is the interval of b's own mean.", "The difference a minus b is bootstrapped."): {"apart": lambda a, b: b},
        ("that is the mean plus and minus one standard error, no percentile interval.",
         "Take percentiles of the resampled means."): {"ends": _of_the_mean(lambda level: 1)},
        ("that is the mean plus and minus a multiple of the standard error: symmetric, though the differences are skewed.",
         "Take percentiles of the resampled means; they need not lie symmetrically."):
            {"ends": _of_the_mean(_normal)},
        ("that is the mean plus and minus 1.96 standard errors, whatever level is asked.",
         "Take percentiles of the resampled means."): {"ends": _of_the_mean(lambda level: 1.96)},
        ("that is the mean plus and minus a multiple of the standard DEVIATION: where images lie, not where their mean lies.",
         "Take percentiles of the resampled means."):
            {"ends": _of_the_mean(_normal, lambda d: d.std(ddof=1))},
        ("that is the interval turned round at the mean: the basic bootstrap, not the percentile interval.",
         "Give back the percentiles of the resampled means themselves."): {"ends": _turned_round},
        ("these are percentiles of the single differences: where images lie, not where their mean may lie.",
         "Take the mean of each resample first, then percentiles of the means."):
            {"ends": lambda means, level, d: percentile_interval(d, level)},
        ("your interval has no width: every resample has the same mean.", with_replacement):
            {"numbers": lambda rng, n, resamples: np.tile(np.arange(n), (resamples, 1))},
        ("both ends are one and the same mean: that of your first resample.",
         "Make rng once, before the loop, and take the percentiles after it: does one of them stand inside?"):
            {"numbers": lambda rng, n, resamples: np.tile(rng.integers(0, n, n), (resamples, 1))},
        ("both ends are 0.", fill): {"given": lambda low, high, level: (0, 0)},
        ("the lower end is given back twice.", "return low, high"): {"given": lambda low, high, level: (low, low)},
        ("the upper end is given back twice.", "return low, high"): {"given": lambda low, high, level: (high, high)},
        ("both ends are `level` itself.", "Take percentiles of the means."): {"given": lambda low, high, level: (level, level)},
        ("at each end you cut off the whole of 1 - level: the interval is too narrow.", BOTH_SIDES):
            {"ends": percentiles(lambda level: 100 * (1 - level), lambda level: 100 * level)},
        ("at each end you cut off half of what you should: the interval is too wide.", BOTH_SIDES):
            {"ends": percentiles(lambda level: 25 * (1 - level), lambda level: 100 - 25 * (1 - level))},
        ("each resample has half as many images as there are: its mean varies too much.", size):
            {"numbers": lambda rng, n, resamples: rng.integers(0, n, (resamples, n // 2))},
        ("each resample has twice as many images as there are: its mean varies too little.", size):
            {"numbers": lambda rng, n, resamples: rng.integers(0, n, (resamples, 2 * n))},
        ("these are percentiles of single differences, not of means.",
         "For each of `resamples` draws: take len(a) images, and the mean of their differences."):
            {"numbers": lambda rng, n, resamples: rng.integers(0, n, (resamples, 1))},
        ("the first image is never drawn.", every):
            {"numbers": lambda rng, n, resamples: rng.integers(1, n, (resamples, n))},
        ("the last image is never drawn.", every):
            {"numbers": lambda rng, n, resamples: rng.integers(0, n - 1, (resamples, n))},
        ("the last image is drawn twice as often as the others: the number -1 means it too.", every):
            {"numbers": lambda rng, n, resamples: rng.integers(-1, n, (resamples, n))},
        ("only a is drawn anew; of b all images stay as they are.", once): {"of_b": lambda b, drawn, rng: b},
        ("only b is drawn anew; of a all images stay as they are.", once): {"of_a": lambda a, drawn, rng: a},
    }  # fmt: skip
    for words, reduce in (
        ("median", np.median),
        ("sum", np.sum),
        ("largest value", np.max),
        ("smallest value", np.min),
        ("spread", np.std),
    ):
        hint = f"Take the mean of each resample, not its {words}."
        said = f"that is the interval of the {words} of the differences in a resample, not of their mean."
        found["that is the interval of the median difference." if words == "median" else said, hint] = {
            "each": lambda differences, reduce=reduce: reduce(differences, axis=1)
        }
    for fixed in (0.95, 0.9, 0.8):
        said = f"whatever level is asked, you give the {100 * fixed:.0f} % interval."
        found[said, "Compute both percentiles from `level`: 50 * (1 - level) and 50 * (1 + level)."] = {
            "asked": lambda level, fixed=fixed: fixed
        }
    return found


SLIPS = Slips(interval_of, _table())
