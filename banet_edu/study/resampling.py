"""What a comparison with few seeds and many tests needs: intervals that resample the seeds too, and Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


class Interval(NamedTuple):
    """A mean difference and its interval."""

    mean: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


def paired_interval(
    table: pd.DataFrame,
    column: str,
    a: str,
    b: str,
    *,
    by: str = "model",
    confidence: float = 0.95,
    resamples: int = 9999,
    seed: int = 0,
) -> Interval:
    """`a` minus `b` on the same images with the same seeds, both resampled: percentile bootstrap with two crossed factors.

    An interval over images alone (`paired_wilcoxon`) speaks of the networks that were trained; this one also of those that
    other seeds would have given. Each resample draws images and, independently, seeds; a difference is the mean over
    the drawn images of the mean over the drawn seeds (Owen 2007, doi:10.1214/07-AOAS122, the pigeonhole bootstrap). With two or
    three seeds it is still too narrow: n seeds show only (n - 1)/n of their variance.

    Args:
        table: one row per image, model and seed: columns `by`, `name`, `seed` and `column`. Cases without a value for both
            are left out.
        a, b: two values of the column `by`.
        confidence, resamples, seed: of the bootstrap.

    Returns:
        The mean difference and its interval; nan without a common case, an interval of nan with one image only.

    Raises:
        ValueError: a column or model that the table does not have, or a case twice, as with several classes.

    >>> import pandas as pd
    >>> rows = [(m, s, n, {"a": 0.1, "b": 0.0}[m] + 0.2 * s) for m in "ab" for s in (0, 1) for n in ("x", "y", "z")]
    >>> table = pd.DataFrame(rows, columns=["model", "seed", "name", "JA"])
    >>> [round(value, 6) for value in paired_interval(table, "JA", "a", "b")]
    [0.1, 0.1, 0.1]
    """
    if lacking := [name for name in (by, "name", "seed", column) if name not in table.columns]:
        raise ValueError(f"the table has no column {lacking}; it has {list(table.columns)}")
    known = set(table[by])
    if absent := [name for name in (a, b) if name not in known]:
        raise ValueError(f"no rows with {by} = {absent} in the table; it has {sorted(known)}")
    table = table[table[by].isin([a, b])]
    if (twice := table.duplicated([by, "seed", "name"])).any():
        case = table.loc[twice, [by, "seed", "name"]].iloc[0].to_dict()
        raise ValueError(f"more than one row for {case}: keep one, or the rows of one class")
    wide = table.pivot(index="name", columns=[by, "seed"], values=column)
    shared = [seed for seed in wide[a].columns if seed in wide[b].columns]
    apart = (wide[a][shared] - wide[b][shared]).to_numpy(float)  # images x seeds
    apart = apart[~np.isnan(apart).all(axis=1)]
    if not len(apart):
        return Interval(float("nan"), float("nan"), float("nan"))
    mean = float(np.nanmean(apart, axis=1).mean())
    if len(apart) == 1:
        return Interval(mean, float("nan"), float("nan"))
    random = np.random.default_rng(seed)
    images, seeds = (random.multinomial(n, [1 / n] * n, resamples).astype(float) for n in apart.shape)
    there = ~np.isnan(apart)
    weight = seeds @ there.T  # resamples x images: how many of the drawn seeds have a value
    sums = seeds @ np.where(there, apart, 0).T
    per_image = np.divide(sums, weight, out=np.zeros_like(sums), where=weight > 0)
    images *= weight > 0
    total = images.sum(axis=1)
    drawn = (images * per_image).sum(axis=1)[total > 0] / total[total > 0]
    tail = 50 * (1 - confidence)
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return Interval(mean, float(low), float(high))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number (Holm 1979): below 0.05, and a family of true null hypotheses is refused less than
    once in 20. nan stays nan and is not counted.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03, 0.005])]
    [0.03, 0.06, 0.06, 0.02]
    """
    p = np.asarray(p_values, float)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    adjusted = p.copy()
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(order) else []
    return adjusted.tolist()
