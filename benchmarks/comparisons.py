"""One network against another, as the tables of docs/results.md have it: paired, with and without the seeds resampled."""

from __future__ import annotations

from math import isnan
from typing import NamedTuple

import pandas as pd

from banet_edu.study.resampling import Interval, paired_interval
from banet_edu.study.statistics import paired_wilcoxon

NONE = "–"


class Comparison(NamedTuple):
    """A network minus another in one figure: interval over images, over images and seeds (None with one seed), p."""

    network: str
    figure: str
    images: Interval
    seeds: Interval | None
    p: float


_MADE: dict[tuple[str, str, str, int], Comparison] = {}


def compare_with(other: str, group: pd.DataFrame, figure: str, network: str) -> Comparison | None:
    """`network` minus `other`, on the same images with the same seeds; None where they are one, or the other is not there."""
    if network == other or other not in set(group["model"]):
        return None
    pair = group.loc[group["model"].isin([network, other]), ["name", "seed", "model", "status", figure]].dropna()
    key = other, network, figure, int(pd.util.hash_pandas_object(pair).sum())
    if key not in _MADE:  # the tables and the count of tests ask for the same
        _MADE[key] = _compare(other, pair, figure, network)
    return _MADE[key]


def _compare(other: str, pair: pd.DataFrame, figure: str, network: str) -> Comparison:
    both = pair.groupby(["name", "seed"])["model"].transform("nunique") == 2  # the same seeds of every image
    test = paired_wilcoxon(pair[both], figure, network, other)
    crossed = paired_interval(pair[both], figure, network, other) if pair["seed"].nunique() > 1 else None
    return Comparison(network, figure, Interval(test.mean_difference, test.low, test.high), crossed, test.p_value)


def counted(table: pd.DataFrame) -> str:
    """How many of the tests (columns p and holm) say something, before and after Holm's correction for all of them."""
    small, left = (table["p"] < 0.05).sum(), (table["holm"] < 0.05).sum()
    return f"{len(table)} tests, {small} with p < 0.05, {left} after Holm's correction."


def in_cells(found: Comparison | None) -> list[str]:
    """Difference with its interval, the interval with seeds resampled, p."""
    if found is None:
        return [NONE] * 3
    mean, low, high = found.images
    seeds = NONE if found.seeds is None else f"[{found.seeds.low:+.3f}, {found.seeds.high:+.3f}]"
    p = NONE if isnan(found.p) else "< 0.001" if found.p < 0.001 else f"{found.p:.3f}"
    return [f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]", seeds, p]
