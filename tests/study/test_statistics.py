from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from banet_edu.study.statistics import paired_wilcoxon, summarise

NAN = float("nan")


def table(model: str, values, status=None, seed=None) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "model": model,
            "name": [f"image{i}" for i in range(len(values))],
            "status": status or ["ok"] * len(values),
            "hd95_px": values,
            "diagonal_px": 100.0,
        }
    )
    return rows if seed is None else rows.assign(seed=seed)


# --- summaries


def test_nine_of_ten_missed_shows() -> None:
    """What MONAI averages to 4.0 without a word: here nine are counted, and cost the diagonal when asked."""
    missed = table("unet", [4.0] + [NAN] * 9, ["ok"] + ["missed"] * 9)
    [row] = summarise(missed, ["hd95_px"]).to_dict("records")
    assert (row["mean"], row["n"], row["n_left_out"], row["n_missed"]) == (4, 1, 9, 9)
    assert math.isnan(row["low"])  # one image has no spread
    [row] = summarise(missed, ["hd95_px"], penalise=True).to_dict("records")
    assert (row["mean"], row["n"], row["n_left_out"], row["n_missed"]) == (pytest.approx(90.4), 10, 0, 9)


def test_all_missed_is_nan_with_a_count_and_not_zero() -> None:
    [row] = summarise(table("unet", [NAN] * 3, ["missed"] * 3), ["hd95_px"]).to_dict("records")
    assert math.isnan(row["mean"])
    assert (row["n"], row["n_left_out"], row["n_missed"]) == (0, 3, 3)


def test_every_status_is_counted_per_group_in_the_order_of_the_table() -> None:
    statuses = ["ok", "missed", "hallucinated", "both_empty", "missed"]
    rows = pd.concat([table("unet", [1.0, NAN, NAN, NAN, NAN], statuses), table("banet", [1.0, 2.0, 3.0, 4.0, 5.0])])
    summary = summarise(rows, ["hd95_px"]).set_index("model")
    assert list(summary.index) == ["unet", "banet"]
    counts = ["n_missed", "n_hallucinated", "n_both_empty", "n_left_out"]
    assert summary.loc["unet", counts].tolist() == [2, 1, 1, 4]
    assert summary.loc["banet", counts].tolist() == [0, 0, 0, 0]
    assert summary.loc["banet", "median"] == 3


def test_the_interval_is_the_textbook_one_and_seeded() -> None:
    values = np.random.default_rng(1).normal(10, 2, 100)
    summary = summarise(table("unet", values), ["hd95_px"]).iloc[0]
    half = 1.96 * values.std() / 10  # normal data: the bootstrap agrees with mean +- 1.96 standard errors
    assert summary["low"] == pytest.approx(values.mean() - half, abs=0.05)
    assert summary["high"] == pytest.approx(values.mean() + half, abs=0.05)
    assert summarise(table("unet", values), ["hd95_px"]).iloc[0].equals(summary)
    other = summarise(table("unet", values), ["hd95_px"], seed=1).iloc[0]
    assert other["low"] != summary["low"]
    narrow = summarise(table("unet", values), ["hd95_px"], confidence=0.5).iloc[0]
    assert narrow["high"] - narrow["low"] < 0.5 * (summary["high"] - summary["low"])


def test_equal_values_have_an_interval_without_width() -> None:
    row = summarise(table("unet", [3.0] * 5), ["hd95_px"]).iloc[0]
    assert (row["low"], row["mean"], row["high"]) == (3, 3, 3)


def test_seeds_are_averaged_per_image_before_anything_else() -> None:
    """Three identical runs are no more information than one: the interval must not shrink."""
    values = list(np.random.default_rng(0).normal(5, 1, 20))
    once = summarise(table("unet", values), ["hd95_px"]).iloc[0]
    thrice = summarise(pd.concat([table("unet", values, seed=s) for s in range(3)]), ["hd95_px"]).iloc[0]
    assert (thrice["low"], thrice["high"]) == (pytest.approx(once["low"]), pytest.approx(once["high"]))
    assert (thrice["n_images"], thrice["n"]) == (20, 60)


def test_an_image_missed_by_one_seed_counts_as_a_case() -> None:
    rows = pd.concat([table("unet", [2.0, 4.0], seed=0), table("unet", [NAN, 8.0], ["missed", "ok"], seed=1)])
    row = summarise(rows, ["hd95_px"]).iloc[0]
    assert row["mean"] == np.mean([2, 6])
    assert (row["n_images"], row["n"], row["n_left_out"], row["n_missed"]) == (2, 3, 1, 1)
    assert summarise(rows, ["hd95_px"], penalise=True).iloc[0]["mean"] == np.mean([(2 + 100) / 2, 6])


def test_groups_by_several_columns() -> None:
    rows = pd.concat([table("unet", [1.0, 2.0]).assign(**{"class": k}) for k in (1, 2)])
    summary = summarise(rows, ["hd95_px"], by=["model", "class"])
    assert summary[["model", "class", "n"]].values.tolist() == [["unet", 1, 2], ["unet", 2, 2]]
    with pytest.raises(ValueError, match=r"more than one row for .*image0.*group by what tells them apart"):
        summarise(rows, ["hd95_px"])


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match=r"no column \['JA'\]; it has \['model', 'name'"):
        summarise(table("unet", [1.0]), ["JA"])


# --- paired test


def pair(differences) -> pd.DataFrame:
    base = np.arange(10.0, 10.0 + len(differences))
    return pd.concat([table("a", base + np.asarray(differences)), table("b", base)])


def test_agrees_with_scipy_and_has_the_sign_of_a_minus_b() -> None:
    differences = np.random.default_rng(3).normal(0.6, 1, 30)
    result = paired_wilcoxon(pair(differences), "hd95_px", "a", "b")
    assert result.p_value == pytest.approx(wilcoxon(differences).pvalue)
    assert result.mean_difference == pytest.approx(differences.mean())
    assert result.median_difference == pytest.approx(np.median(differences))
    assert result.low < result.mean_difference < result.high
    assert (result.n_pairs, result.n_left_out, result.n_equal, result.note) == (30, 0, 0, "")
    back = paired_wilcoxon(pair(differences), "hd95_px", "b", "a")
    assert (back.mean_difference, back.p_value) == (pytest.approx(-result.mean_difference), result.p_value)


def test_six_pairs_of_one_sign_are_the_fewest_that_can_be_significant() -> None:
    six = paired_wilcoxon(pair([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), "hd95_px", "a", "b")
    assert six.p_value == pytest.approx(2 / 2**6)
    five = paired_wilcoxon(pair([1.0, 2.0, 3.0, 4.0, 5.0]), "hd95_px", "a", "b")
    assert math.isnan(five.p_value)
    assert five.note == "only 5 differing pairs: no test below 6"
    assert five.mean_difference == 3


def test_equal_pairs_are_dropped_and_counted() -> None:
    differences = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    result = paired_wilcoxon(pair(differences + [0.0] * 4), "hd95_px", "a", "b")
    assert (result.n_pairs, result.n_equal) == (10, 4)
    assert result.p_value == pytest.approx(2 / 2**6)
    same = paired_wilcoxon(pair([0.0] * 8), "hd95_px", "a", "b")
    assert (same.p_value, same.mean_difference, same.note) == (1, 0, "no image differs")


def test_ties_are_ranked_and_do_not_warn() -> None:
    result = paired_wilcoxon(pair([1.0] * 12 + [-1.0] * 2), "hd95_px", "a", "b")
    assert 0.001 < result.p_value < 0.05


def test_pairs_are_matched_by_name_and_missing_ones_are_counted() -> None:
    a = table("a", [5.0, NAN, 7.0, 8.0], ["ok", "missed", "ok", "ok"])
    b = table("b", [1.0, 2.0, 3.0, 4.0]).iloc[[3, 2, 1, 0]]
    result = paired_wilcoxon(pd.concat([a, b]), "hd95_px", "a", "b")
    assert (result.n_pairs, result.n_left_out, result.mean_difference) == (3, 1, 4)
    assert result.note.startswith("1 of 4 images left out")
    penalised = paired_wilcoxon(pd.concat([a, b]), "hd95_px", "a", "b", penalise=True)
    assert (penalised.n_pairs, penalised.mean_difference) == (4, (4 + 98 + 4 + 4) / 4)


def test_seeds_are_averaged_before_pairing() -> None:
    rows = pd.concat([pair([1.0] * 6).assign(seed=0), pair([3.0] * 6).assign(seed=1)])
    result = paired_wilcoxon(rows, "hd95_px", "a", "b")
    assert (result.n_pairs, result.mean_difference) == (6, 2)


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no rows with model = \['c'\] in the table; it has \['a', 'b'\]"):
        paired_wilcoxon(pair([1.0]), "hd95_px", "a", "c")


@pytest.mark.parametrize("size", [0.1, 0.37, 1 / 3])
def test_rounding_decides_no_tie_and_no_zero(size) -> None:
    rng = np.random.default_rng(77)
    a, b = rng.integers(1, 9, 30).astype(float), rng.integers(1, 9, 30).astype(float)
    tests = []
    for unit in (1.0, size):
        tests.append(paired_wilcoxon(pd.concat([table("a", a * unit), table("b", b * unit)]), "hd95_px", "a", "b"))
    assert tests[0].p_value == tests[1].p_value and tests[0].n_equal == tests[1].n_equal == (a == b).sum()
    seeds = [table("a", [one] * 8, seed=s) for s, one in enumerate((0.1, 0.2, 0.3))]
    seeds += [table("b", [one] * 8, seed=s) for s, one in enumerate((0.3, 0.2, 0.1))]
    equal = paired_wilcoxon(pd.concat(seeds), "hd95_px", "a", "b")
    assert equal.n_equal == 8 and equal.p_value == 1


def test_one_pair_is_told_as_one() -> None:
    note = paired_wilcoxon(pair([0.1]), "hd95_px", "a", "b").note
    assert note == "only 1 differing pair: no test below 6"
