"""Lesson 07, BA-Net against U-Net: the check of the paired bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.course.checks import Slips, Wrong, attempt, checked
from banet_edu.course.lesson07.resampling import percentile_interval

Interval = tuple[float, float]
Figures = NDArray[np.float64]
_IMAGES, _DRAWS = 30, 10_000
_ROUGH = 1000  # draws that rule out most slips
_BOTH_SIDES = "Cut off the same share on both sides: 50 * (1 - level) and 50 * (1 + level) per cent."
_CLOSE = 0.08  # of the interval's half width: two right bootstraps of 10 000 draws differ by less, the slips by more


@checked
def check_paired_bootstrap(my_paired_bootstrap: Callable[..., Interval]) -> str:
    """Check `my_paired_bootstrap(a, b, resamples, level, seed)`: the percentile interval of the mean of a - b."""
    a, b = _figures()
    cases = [(a, b, _DRAWS, 0.95, 0), (a, b, _DRAWS, 0.8, 0), (b, a, _DRAWS, 0.95, 1)]
    runs = [(case, _interval(attempt(my_paired_bootstrap, "my_paired_bootstrap", *case))) for case in cases]
    near = partial(_near, {level: np.ptp(percentile_interval(_means(a - b), level)) for level in (0.95, 0.8)})
    off = [run for run in runs if not near(run[1], _interval_of(*run[0]), *run[0])]
    if off:
        rough = [((one, other, _ROUGH, level, seed), found) for (one, other, _, level, seed), found in runs]
        (one, other, _, level, _), found = off[0]
        wanted = percentile_interval(_means(one - other), level)
        raise (
            SLIPS.explain([*rough, *runs], near)
            or _cut_off(runs)
            or Wrong(
                f"for level {level:g} your interval is {found[0]:.3f} to {found[1]:.3f}, expected is about "
                f"{wanted[0]:.3f} to {wanted[1]:.3f}.",
                "Each of the `resamples` draws takes as many images as there are, with replacement; take the mean difference "
                "of each draw, then two percentiles of those means.",
            )
        )
    again = [attempt(my_paired_bootstrap, "my_paired_bootstrap", a, b, 200, 0.95, 3) for _ in range(2)]
    if _interval(again[0]) != _interval(again[1]):
        raise Wrong(
            "the same call gives two different intervals.",
            "Draw from np.random.default_rng(seed), made inside the function.",
        )
    return "the images are drawn together, and the middle of the resampled mean differences is your interval."


def _figures() -> tuple[Figures, Figures]:
    """Two networks on 30 images: easy and hard images for both, and a skewed difference, so that each slip shows."""
    random = np.random.default_rng(7)
    shared = random.normal(0, 0.8, _IMAGES)
    skewed = random.exponential(0.5, _IMAGES) ** 2
    a = 3 + shared + skewed
    b = 2.8 + shared + random.normal(0, 0.05, _IMAGES)
    order = (a - b).argsort()  # large differences at both ends, so that a draw that leaves an end out shows
    order = np.concatenate([order[-1:], order[:-3], order[-2:-1], order[-3:-2]])
    return a[order], b[order]


def _means(values: Figures) -> Figures:
    drawn = np.random.default_rng(1).integers(0, len(values), (_DRAWS, len(values)))
    means: Figures = values[drawn].mean(axis=1)
    return means


def _near(widths: dict[float, float], found: Interval, result: Interval, *inputs: Any) -> bool:
    """Whether both are the same but for the draws, of which `result` had `resamples`; `widths` are those of right intervals."""
    _, _, resamples, level, _ = inputs
    room = _CLOSE * (_DRAWS / resamples) ** 0.5 * max(widths[level], result[1] - result[0]) / 2
    without_width = [end[1] - end[0] < 1e-9 for end in (found, result)]  # a claim that is not to be stretched
    return without_width[0] == without_width[1] and all(abs(found[at] - result[at]) <= room for at in (0, 1))


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


def _cut_off(runs: list[tuple[tuple[Any, ...], Interval]]) -> Wrong | None:
    """What the shares of resampled means beyond both ends tell: the very ends move too much to be compared themselves."""
    beyond, within = [], True
    for (a, b, _, level, _), (low, high) in runs:
        means = _means(a - b)
        beyond.append((level, (float((means < low).mean()), float((means > high).mean()))))
        reach = np.ptp(means) / 8  # the outermost of two samples of means lie less apart
        within &= bool(low > means.min() - reach and high < means.max() + reach)

    def cut(side: int, wanted: Callable[[float], float]) -> bool:
        return all(abs(shares[side] - wanted(level)) < _noise(wanted(level)) for level, shares in beyond)

    below, above = (all(shares[side] < 0.003 for _, shares in beyond) for side in (0, 1))
    if below and above and within:
        whole = partial(_interval_of, ends=lambda means, level, d: (means.min(), means.max()))
        return Wrong("your interval goes from the smallest to the largest resampled mean.", _BOTH_SIDES, whole)
    for nothing, side, where in ((below, 1, "below"), (above, 0, "above")):
        if nothing and cut(side, lambda level: 1 - level):
            return Wrong(f"your interval is one-sided: nothing is cut off {where}.", _BOTH_SIDES)
    if below and cut(1, lambda level: 1 - (1 + level) / 200):
        small = partial(_interval_of, ends=_percentiles(lambda level: (1 - level) / 2, lambda level: (1 + level) / 2))
        said = "your percentiles are shares between 0 and 1: both ends lie among the smallest resampled means."
        return Wrong(said, f"np.percentile counts from 0 to 100. {_BOTH_SIDES}", small)
    for side, right, wrong, where in ((0, "upper", "lower", "below"), (1, "lower", "upper", "above")):
        if cut(1 - side, lambda level: (1 - level) / 2) and all(0.003 < shares[side] < 0.997 for _, shares in beyond):
            level, shares = beyond[0]
            return Wrong(
                f"the {right} end is right, but {100 * shares[side]:.1f} % of the resampled means lie {where} your {wrong} "
                f"end; {50 * (1 - level):.1f} % should.",
                f"Which percentile is your {wrong} end? {_BOTH_SIDES}",
            )
    return None


def _noise(share: float) -> float:
    """How far two shares of as many draws may lie apart by chance."""
    return 4 * float(np.sqrt(2 * share * (1 - share) / _DRAWS))


def _interval_of(
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


def _of_the_mean(multiple: Callable[[float], float]) -> Callable[..., Any]:
    def ends(means: Figures, level: float, d: Figures) -> Any:
        error = multiple(level) * d.std(ddof=1) / np.sqrt(len(d))
        return d.mean() - error, d.mean() + error

    return ends


def _percentiles(low: Callable[[float], float], high: Callable[[float], float]) -> Callable[..., Any]:
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
        ("with a and b swapped the interval keeps its sign.", "a minus b, without abs."): {"apart": lambda a, b: np.abs(a - b)},
        ("a and b are added, not subtracted.", difference): {"apart": np.add},
        ("a and b are multiplied, not subtracted.", difference): {"apart": np.multiply},
        ("a is divided by b: these are ratios, not differences.", difference): {"apart": np.divide},
        ("that is the interval of a's own mean.", "Subtract b first: the difference is bootstrapped."):
            {"apart": lambda a, b: a},
        ("that is the interval of b's own mean.", "The difference a minus b is bootstrapped."): {"apart": lambda a, b: b},
        ("that is the mean plus and minus one standard error, no bootstrap interval.",
         "Take percentiles of the resampled means."): {"ends": _of_the_mean(lambda level: 1)},
        ("that is the mean plus and minus a multiple of the standard error: symmetric, though the differences are skewed.",
         "Take percentiles of the resampled means; they need not lie symmetrically."):
            {"ends": _of_the_mean(lambda level: NormalDist().inv_cdf((1 + level) / 2))},
        ("these are percentiles of the single differences: where images lie, not where their mean may lie.",
         "Take the mean of each resample first, then percentiles of the means."):
            {"ends": lambda means, level, d: percentile_interval(d, level)},
        ("your interval has no width: every resample has the same mean.", with_replacement):
            {"numbers": lambda rng, n, resamples: np.tile(np.arange(n), (resamples, 1))},
        ("both ends are 0.", fill): {"given": lambda low, high, level: (0, 0)},
        ("the lower end is given back twice.", "return low, high"): {"given": lambda low, high, level: (low, low)},
        ("the upper end is given back twice.", "return low, high"): {"given": lambda low, high, level: (high, high)},
        ("both ends are `level` itself.", "Take percentiles of the means."): {"given": lambda low, high, level: (level, level)},
        ("at each end you cut off the whole of 1 - level: the interval is too narrow.", _BOTH_SIDES):
            {"ends": _percentiles(lambda level: 100 * (1 - level), lambda level: 100 * level)},
        ("at each end you cut off half of what you should: the interval is too wide.", _BOTH_SIDES):
            {"ends": _percentiles(lambda level: 25 * (1 - level), lambda level: 100 - 25 * (1 - level))},
        ("each resample has half as many images as there are: its mean varies too much.", size):
            {"numbers": lambda rng, n, resamples: rng.integers(0, n, (resamples, n // 2))},
        ("each resample has twice as many images as there are: its mean varies too little.", size):
            {"numbers": lambda rng, n, resamples: rng.integers(0, n, (resamples, 2 * n))},
        ("each resample is one single image.", size):
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


SLIPS = Slips(_interval_of, _table())
