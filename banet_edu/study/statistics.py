"""From a per-image table to a statement: bootstrap intervals, paired tests, and how many cases were left out.

The table is a pandas DataFrame with one row per image (and model, and seed): columns `model`, `name`, `status`, the
figures of `overlap` and `boundary_metrics`, and `seed` where there are several. The image is the unit that is resampled
and paired: seeds are averaged per image first, because three runs on 150 images are not 450 independent images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from banet_edu.metrics.boundary import penalised

if TYPE_CHECKING:
    import pandas as pd

# With fewer differing pairs than this, no outcome of the two-sided test can reach p < 0.05: 2 / 2**5 = 0.0625.
FEWEST_PAIRS = 6


def summarise(
    table: pd.DataFrame,
    columns: Sequence[str],
    *,
    by: str | Sequence[str] = "model",
    penalise: bool = False,
    confidence: float = 0.95,
    resamples: int = 9999,
    seed: int = 0,
) -> pd.DataFrame:
    """Mean and bootstrap interval of each column for each group, with the count of what the mean leaves out.

    Args:
        table: one row per image, model and seed (see the module).
        columns: figures to summarise, such as ["JA", "hd95_mm"].
        by: the column or columns that make a group, such as "model" or ["model", "class"].
        penalise: fill undefined figures by `penalised` first, so that missed images count as the worst case.
        confidence, resamples, seed: of the percentile bootstrap over images.

    Returns:
        One row per group and column: the group, `metric`, `mean`, `low`, `high`, `median` (over images), `n_images`
        (with a value), and counts of cases, a case being one image with one seed: `n` with a value, `n_left_out`
        without, `n_missed`, `n_hallucinated`, `n_both_empty` (counted whether or not they are left out). An interval
        needs two images; with one it is nan.

    Raises:
        ValueError: a column that the table does not have, or an image twice in one group and seed.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"model": "unet", "name": list("abc"), "status": ["ok", "ok", "missed"],
    ...                       "hd_px": [2.0, 4.0, float("nan")], "diagonal_px": 90.0})
    >>> summarise(table, ["hd_px"])[["mean", "n", "n_left_out", "n_missed"]].values.tolist()
    [[3.0, 2.0, 1.0, 1.0]]
    >>> summarise(table, ["hd_px"], penalise=True)[["mean", "n", "n_left_out"]].values.tolist()
    [[32.0, 3.0, 0.0]]
    """
    import pandas as pd

    groups = [by] if isinstance(by, str) else list(by)
    table = _prepared(table, [*groups, *columns], groups, penalise)
    rows = []
    for key, group in table.groupby(groups, sort=False):
        status = group["status"]
        for column in columns:
            values = _per_image(group, column).dropna().to_numpy(float)
            low, high = _interval(values, confidence, resamples, seed)
            n = int(group[column].notna().sum())
            rows.append(
                dict(zip(groups, key, strict=True))
                | {
                    "metric": column,
                    "mean": float(values.mean()) if len(values) else float("nan"),
                    "low": low,
                    "high": high,
                    "median": float(np.median(values)) if len(values) else float("nan"),
                    "n_images": len(values),
                    "n": n,
                    "n_left_out": len(group) - n,
                    "n_missed": int((status == "missed").sum()),
                    "n_hallucinated": int((status == "hallucinated").sum()),
                    "n_both_empty": int((status == "both_empty").sum()),
                }
            )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class PairedTest:
    """Result of `paired_wilcoxon`: differences are `a` minus `b`, over images that both have a value for."""

    column: str
    a: str
    b: str
    n_pairs: int
    n_left_out: int
    n_equal: int
    mean_difference: float
    low: float
    high: float
    median_difference: float
    p_value: float
    note: str


def paired_wilcoxon(
    table: pd.DataFrame,
    column: str,
    a: str,
    b: str,
    *,
    by: str = "model",
    penalise: bool = False,
    confidence: float = 0.95,
    resamples: int = 9999,
    seed: int = 0,
) -> PairedTest:
    """Wilcoxon's signed-rank test, two-sided, of two models on the same images.

    Pairs that are equal carry no sign and are dropped (Wilcoxon's own rule), ties among the rest get their mean rank.
    Exact p-values for small samples, the normal approximation for larger ones, as scipy chooses. The mean difference
    comes with its bootstrap interval, because a p-value does not say whether a difference matters.

    Args:
        table, penalise, confidence, resamples, seed: as in `summarise`.
        column: the figure to compare.
        a, b: two values of the column `by`.

    Returns:
        A `PairedTest`. `p_value` is nan with fewer than six differing pairs, where no outcome could reach 0.05, and 1
        where no image differs; `note` says so in words, as it says how many pairs were left out (an image that either
        model missed has no boundary error, unless penalised). It is empty where there is nothing to say.

    Raises:
        ValueError: a column or model that the table does not have, or an image twice for one model and seed.
    """
    table = _prepared(table, [by, column], [by], penalise)
    known = list(table[by].unique())
    if absent := [name for name in (a, b) if name not in known]:
        raise ValueError(f"no rows with {by} = {absent} in the table; it has {known}")
    values = [_per_image(table[table[by] == name], column).rename(name) for name in (a, b)]
    difference_all = values[0].sub(values[1])  # aligned by image name; nan where either has none
    difference = difference_all.dropna().to_numpy(float)
    n_left_out = len(difference_all) - len(difference)
    # What is equal but for rounding is equal, and tied: mm, px and means over seeds round otherwise.
    unit = 1e-9 * max((float(np.nanmax(np.abs(v.to_numpy(float)), initial=0.0)) for v in values), default=0.0)
    steps = np.round(difference / unit) if unit else difference
    differing = steps[steps != 0]
    notes = [f"{n_left_out} of {len(difference_all)} images left out: no value for both"] if n_left_out else []
    if len(difference) and not len(differing):
        p_value = 1.0
        notes.append("no image differs")
    elif len(differing) < FEWEST_PAIRS:
        p_value = float("nan")
        pairs = f"{len(differing)} differing pair{'s' * (len(differing) != 1)}"
        notes.append(f"only {pairs}: no test below {FEWEST_PAIRS}")
    else:
        from scipy.stats import wilcoxon  # here and below: most of a second of import, which few commands need

        p_value = float(wilcoxon(differing).pvalue)
    low, high = _interval(difference, confidence, resamples, seed)
    return PairedTest(
        column=column,
        a=a,
        b=b,
        n_pairs=len(difference),
        n_left_out=n_left_out,
        n_equal=len(difference) - len(differing),
        mean_difference=float(difference.mean()) if len(difference) else float("nan"),
        low=low,
        high=high,
        median_difference=float(np.median(difference)) if len(difference) else float("nan"),
        p_value=p_value,
        note="; ".join(notes),
    )


def _prepared(table: pd.DataFrame, columns: Sequence[str], groups: Sequence[str], penalise: bool) -> pd.DataFrame:
    """The table checked, one row per image, group and seed; undefined figures filled when asked."""
    import pandas as pd

    if absent := [c for c in ("name", "status", *columns) if c not in table.columns]:
        raise ValueError(f"the table has no column {absent}; it has {list(table.columns)}")
    keys = [*groups, "name", *(["seed"] if "seed" in table.columns else [])]
    if (twice := table.duplicated(keys)).any():
        case = table.loc[twice, keys].iloc[0].to_dict()
        raise ValueError(f"more than one row for {case}: keep one, or group by what tells them apart")
    if not penalise:
        return table
    return pd.DataFrame([penalised(row) for row in table.to_dict("records")], columns=table.columns)


def _per_image(group: pd.DataFrame, column: str) -> pd.Series:
    """Mean over seeds for each image. With several seeds, those without a value are left out (and counted)."""
    return group.groupby("name", sort=False)[column].mean()


def _interval(values: np.ndarray, confidence: float, resamples: int, seed: int) -> tuple[float, float]:
    """Percentile bootstrap of the mean; nan below two values."""
    if len(values) < 2:
        return float("nan"), float("nan")
    from scipy.stats import bootstrap

    result = bootstrap(
        (values,),
        np.mean,
        confidence_level=confidence,
        n_resamples=resamples,
        batch=1000,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(result.low), float(result.high)
