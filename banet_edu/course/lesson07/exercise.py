"""Lesson 07, BA-Net against U-Net: the check of the paired bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from banet_edu.course.checks import Wrong, attempt, checked
from banet_edu.course.lesson07.resampling import percentile_interval
from banet_edu.course.lesson07.slips import BOTH_SIDES, SLIPS, Figures, Interval, interval_of, percentiles
from banet_edu.course.values import numeric

_IMAGES, _DRAWS = 30, 10_000
_ROUGH = 1000  # draws that rule out most slips
_CLOSE = 0.08  # of the interval's half width: two right bootstraps of 10 000 draws differ by less, the slips by more


@checked
def check_paired_bootstrap(my_paired_bootstrap: Callable[..., Interval]) -> str:
    """Check `my_paired_bootstrap(a, b, resamples, level, seed)`: the percentile interval of the mean of a - b."""
    a, b = _figures()
    cases = [(a, b, _DRAWS, 0.95, 0), (a, b, _DRAWS, 0.8, 0), (*_other_figures(), _DRAWS, 0.95, 1)]
    runs = [(case, _interval(attempt(my_paired_bootstrap, "my_paired_bootstrap", *case))) for case in cases]
    widths = {
        (len(one), level): float(np.ptp(percentile_interval(_means(one - other), level)))
        for one, other, _, level, _ in cases
    }
    near = partial(_near, widths)
    off = [run for run in runs if not near(run[1], interval_of(*run[0]), *run[0])]
    if off:
        rough = [((one, other, _ROUGH, level, seed), found) for (one, other, _, level, seed), found in runs]
        (one, other, _, level, _), found = off[0]
        wanted = percentile_interval(_means(one - other), level)
        raise (
            SLIPS.explain([*rough, *runs], near)
            or _cut_off(runs)
            or _no_width(runs)
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
    for resamples, seed, name in ((200, 4, "seed"), (150, 3, "resamples")):
        other = attempt(my_paired_bootstrap, "my_paired_bootstrap", a, b, resamples, 0.95, seed)
        if _interval(other) == _interval(again[0]):
            raise Wrong(
                f"another `{name}` gives the same interval to the last digit.", f"Use the `{name}` that is given."
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


def _other_figures() -> tuple[Figures, Figures]:
    """Fewer images, much more alike, and b is the larger one: what two slips give above by chance they do not give here."""
    random = np.random.default_rng(8)
    b = 5 + random.normal(0, 2, 25)
    return b - 0.4 + random.normal(0, 0.3, 25), b


def _means(values: Figures) -> Figures:
    drawn = np.random.default_rng(1).integers(0, len(values), (_DRAWS, len(values)))
    means: Figures = values[drawn].mean(axis=1)
    return means


def _near(widths: dict[tuple[int, float], float], found: Interval, result: Interval, *inputs: Any) -> bool:
    """Whether both are the same but for the draws, of which `result` had `resamples`; `widths` are those of right intervals."""
    a, _, resamples, level, _ = inputs
    room = _CLOSE * (_DRAWS / resamples) ** 0.5 * max(widths[len(a), level], result[1] - result[0]) / 2
    without_width = [end[1] - end[0] < 1e-9 for end in (found, result)]  # a claim that is not to be stretched
    return without_width[0] == without_width[1] and all(abs(found[at] - result[at]) <= room for at in (0, 1))


def _interval(value: Any) -> Interval:
    try:
        low, high = (numeric(each) for each in value)
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
        whole = partial(interval_of, ends=lambda means, level, d: (means.min(), means.max()))
        return Wrong("your interval goes from the smallest to the largest resampled mean.", BOTH_SIDES, whole)
    for nothing, side, where in ((below, 1, "below"), (above, 0, "above")):
        if nothing and cut(side, lambda level: 1 - level):
            return Wrong(f"your interval is one-sided: nothing is cut off {where}.", BOTH_SIDES)
    if below and cut(1, lambda level: 1 - (1 + level) / 200):
        small = partial(interval_of, ends=percentiles(lambda level: (1 - level) / 2, lambda level: (1 + level) / 2))
        said = "your percentiles are shares between 0 and 1: both ends lie among the smallest resampled means."
        return Wrong(said, f"np.percentile counts from 0 to 100. {BOTH_SIDES}", small)
    for side, right, wrong, where in ((0, "upper", "lower", "below"), (1, "lower", "upper", "above")):
        if cut(1 - side, lambda level: (1 - level) / 2) and all(0.003 < shares[side] < 0.997 for _, shares in beyond):
            level, shares = beyond[0]
            return Wrong(
                f"the {right} end is right, but {100 * shares[side]:.1f} % of the resampled means lie {where} your {wrong} "
                f"end; {50 * (1 - level):.1f} % should.",
                f"Which percentile is your {wrong} end? {BOTH_SIDES}",
            )
    return None


def _no_width(runs: list[tuple[tuple[Any, ...], Interval]]) -> Wrong | None:
    """One draw over and over, in a way of drawing that is not ours; or one mean only."""
    if any(high - low > 1e-9 for _, (low, high) in runs):
        return None
    hint = (
        "Make rng once, before the loop; keep the mean of each draw; take percentiles and return only after the loop."
    )
    return Wrong("both ends are the same number.", hint)


def _noise(share: float) -> float:
    """How far two shares of as many draws may lie apart by chance."""
    return 4 * float(np.sqrt(2 * share * (1 - share) / _DRAWS))
