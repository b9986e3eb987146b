from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from banet_edu.study.resampling import holm, paired_interval
from banet_edu.study.statistics import paired_wilcoxon


def cases(images=40, seeds=3, seed_sd=0.0, image_sd=0.05, shift=0.02, rng=0):
    random = np.random.default_rng(rng)
    rows = []
    for seed in range(seeds):
        of_seed = random.normal(0, seed_sd)
        for image in range(images):
            base = random.normal(0.8, 0.1)
            rows.append(("b", seed, f"i{image}", "ok", base))
            rows.append(("a", seed, f"i{image}", "ok", base + shift + of_seed + random.normal(0, image_sd)))
    return pd.DataFrame(rows, columns=["model", "seed", "name", "status", "JA"])


def test_with_one_seed_it_is_the_interval_over_images():
    table = cases(seeds=1)
    own, test = paired_interval(table, "JA", "a", "b"), paired_wilcoxon(table, "JA", "a", "b")
    assert own.mean == pytest.approx(test.mean_difference)
    assert (own.low, own.high) == pytest.approx((test.low, test.high), abs=1e-3)


def test_seeds_that_disagree_widen_it():
    def width(**given):
        found = paired_interval(cases(**given), "JA", "a", "b")
        return found.high - found.low

    assert width(seed_sd=0.1) > 1.5 * width(seed_sd=0.0)
    over_images = paired_wilcoxon(cases(seed_sd=0.1), "JA", "a", "b")
    assert width(seed_sd=0.1) > 1.5 * (over_images.high - over_images.low)


def test_it_covers_the_truth_as_often_as_it_says_with_many_seeds():
    hits = [
        (found := paired_interval(cases(20, 12, 0.03, rng=i), "JA", "a", "b", resamples=400)).low <= 0.02 <= found.high
        for i in range(60)
    ]
    assert 50 <= sum(hits) <= 60  # 95 % of 60 is 57; twelve seeds are a little too few


def test_cases_without_a_value_are_left_out_pairwise():
    table = cases(seeds=2)
    gone = (table["model"] == "a") & (table["name"] == "i3")
    table.loc[gone, "JA"] = float("nan")  # in both seeds: the image is gone
    table.loc[(table["model"] == "b") & (table["name"] == "i4") & (table["seed"] == 0), "JA"] = 99.0
    table.loc[(table["model"] == "a") & (table["name"] == "i4") & (table["seed"] == 0), "JA"] = float("nan")
    found = paired_interval(table, "JA", "a", "b")
    assert abs(found.mean) < 0.1 and found.high < 0.2
    assert np.isnan(paired_interval(table.assign(JA=float("nan")), "JA", "a", "b").mean)


def test_only_shared_seeds_count():
    table = cases(seeds=2)
    extra = table[(table["model"] == "a") & (table["seed"] == 1)].assign(seed=7, JA=5.0)
    assert paired_interval(pd.concat([table, extra]), "JA", "a", "b") == paired_interval(table, "JA", "a", "b")
    with pytest.raises(ValueError, match=r"no rows with model = \['c'\]"):
        paired_interval(table, "JA", "a", "c")


def test_holm_against_its_definition():
    random = np.random.default_rng(0)
    p = random.uniform(0, 0.2, 12)
    adjusted = np.array(holm(p))
    order = np.argsort(p)
    refused = set()
    for rank, index in enumerate(
        order
    ):  # step down: the smallest against 0.05 / m, the next against 0.05 / (m - 1) ...
        if p[index] > 0.05 / (len(p) - rank):
            break
        refused.add(index)
    assert set(np.flatnonzero(adjusted <= 0.05)) == refused
    assert (np.diff(adjusted[order]) >= 0).all() and (adjusted >= p).all() and adjusted.max() <= 1
    assert np.isnan(holm([0.01, float("nan")])[1]) and holm([0.01, float("nan")])[0] == 0.01
    assert holm([]) == []


def test_what_cannot_be_paired_is_refused_in_words():
    rows = [(m, s, n, k, 0.5) for m in "ab" for s in (0, 1) for n in "xy" for k in ("left", "right")]
    table = pd.DataFrame(rows, columns=["model", "seed", "name", "class", "JA"])
    with pytest.raises(ValueError, match=r"more than one row for .*'name': 'x'.*: keep one, or the rows of one class"):
        paired_interval(table, "JA", "a", "b")
    for lacking in ("seed", "JA"):
        with pytest.raises(ValueError, match=rf"the table has no column \['{lacking}'\]; it has"):
            paired_interval(table[table["class"] == "left"].drop(columns=lacking), "JA", "a", "b")
