"""The bootstrap step by step agrees with the package's own interval; pairs are kept, and gaps counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from banet_edu.course.lesson07.resampling import paired_values, percentile_interval, resampled_differences
from banet_edu.study.statistics import paired_wilcoxon

RANDOM = np.random.default_rng(3)
SHARED = RANDOM.normal(0, 1, 40)
A, B = SHARED + RANDOM.normal(0.2, 0.2, 40), SHARED + RANDOM.normal(0, 0.2, 40)


def table(a, b) -> pd.DataFrame:
    names = [f"i{i}" for i in range(len(a))]
    frames = [pd.DataFrame({"model": m, "name": names, "status": "ok", "JA": v}) for m, v in (("a", a), ("b", b))]
    return pd.concat(frames, ignore_index=True)


def test_paired_interval_is_that_of_the_paired_test():
    test = paired_wilcoxon(table(A, B), "JA", "a", "b")
    low, high = percentile_interval(resampled_differences(A, B))
    assert (low, high) == pytest.approx((test.low, test.high), abs=0.01)


def test_pairing_narrows_as_the_variances_say():
    widths = {p: np.ptp(percentile_interval(resampled_differences(A, B, paired=p))) for p in (True, False)}
    assert widths[True] / widths[False] == pytest.approx(np.std(A - B) / np.sqrt(A.var() + B.var()), rel=0.05)
    assert widths[True] < 0.3 * widths[False]


def test_same_seed_same_draws():
    assert (resampled_differences(A, B, seed=4) == resampled_differences(A, B, seed=4)).all()
    assert (resampled_differences(A, B, seed=4) != resampled_differences(A, B, seed=5)).any()


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ([1, 2], [1], "equally long"),
        ([1], [1], "two or more"),
        ([1, np.nan], [1, 2], "missing"),
        ([[1, 2]], [[1, 2]], "lists"),
    ],
)
def test_unfit_figures_are_refused(a, b, said):
    with pytest.raises(ValueError, match=said):
        resampled_differences(a, b)


def test_pairs_leave_out_what_either_network_missed_and_average_seeds():
    rows = table([1.0, 2.0, np.nan], [0.5, np.nan, 0.1])
    values = paired_values(rows, "JA", "a", "b")
    assert values.to_numpy().tolist() == [[1.0, 0.5]] and values.attrs["left_out"] == 2
    again = pd.concat([rows.assign(seed=0), rows.assign(seed=1, JA=rows["JA"] + 1)])
    assert paired_values(again, "JA", "b", "a").loc["i0"].tolist() == [1.0, 1.5]
