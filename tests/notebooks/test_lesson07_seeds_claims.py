"""What parts 4 and 5 of lesson 07 say, seeds and ablations, holds for the runs recorded now."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lesson_prints import printed

from banet_edu.study.recorded import read_recorded, recorded_facts
from banet_edu.study.statistics import paired_wilcoxon

pytestmark = pytest.mark.landing

REAL = {"skin": "isic2017-lite", "lungs": "sz_cxr-lite", "polyps": "kvasir_seg-lite"}


def real(data: str, other: str, column: str = "JA") -> pd.Series:
    rows = read_recorded(REAL[data], "paired")
    return rows[(rows["b"] == other) & (rows["column"] == column)].iloc[0]


# Part 4


def test_seeds_of_the_study_lie_far_apart_on_polyps_and_together_on_lungs():
    def by_seed(run, model):
        return np.array([read_recorded(run, f"{seed}-{model}")["JA"].mean() for seed in range(3)])

    assert round(np.ptp(by_seed("study-kvasir_seg", "unet")), 3) == 0.095 > real("polyps", "unet")["mean_difference"]
    assert (by_seed("study-kvasir_seg", "banet") > by_seed("study-kvasir_seg", "unet")).all()
    assert max(np.ptp(by_seed("study-sz_cxr", model)) for model in ("banet", "unet")) < 0.001


def test_u_net_wins_the_study_and_its_seeds_are_as_far_apart_as_the_networks():
    study = read_recorded("phantom-compare", "ablation").query("metric == 'JA'").set_index("variant").loc["unet"]
    assert study["low"] > 0 and study["n_missed"] == 2
    assert "U-Net missed 2 of 432 objects" in printed("07", "seed 0: banet − unet")
    rows = read_recorded("phantom-compare", "seeds").query("variant == 'unet' and metric == 'JA'")
    assert np.ptp(rows["mean"]) > 1.5 * study["difference"] and round(np.ptp(rows["mean"]), 3) == 0.021
    assert len(rows) == 3 and (rows["difference"] > 0).all()  # "three times out of three"
    assert rows["difference"].max() > 2 * rows["difference"].min()  # "less than half of the largest"
    leads = {data: abs(real(data, "unet")["mean_difference"]) for data in REAL}
    assert [data for data, lead in leads.items() if lead > 2 * np.ptp(rows["mean"])] == ["polyps"]


def test_study_was_made_as_the_text_says():
    for run in ("phantom-compare", "phantom-ablation", "phantom-kernels"):
        facts = recorded_facts(run)
        assert (facts["train_images"], facts["test_images"], facts["training"]["steps"]) == (450, 144, 300)
        assert facts["input_size"] == 96 and facts["machine"]["threads"] == 1
        assert len(facts["commit"]) == 7 and facts["recorded"]


def test_recorded_tables_follow_from_the_recorded_images():
    for run in ("phantom-compare", "phantom-ablation", "phantom-kernels"):
        images, found = read_recorded(run, "per_image"), read_recorded(run, "ablation")
        for row in found[found["difference"].notna()].itertuples():
            test = paired_wilcoxon(images, row.metric, row.variant, "banet")
            expected = (test.mean_difference, test.low, test.high)
            assert (row.difference, row.low, row.high) == pytest.approx(expected, abs=1e-4)


# Part 5


def test_pee_switched_off_costs_ten_times_what_training_without_it_costs():
    switched = read_recorded("phantom-ablation", "switched")
    assert len(switched) == 9 and set(switched["seed"]) == {0, 1, 2} and (switched["images"] == 144).all()
    assert (switched["JA_change"] < 0).all()
    off = switched.groupby("variant")["JA_change"].mean()
    assert off["no-pee"] == pytest.approx(-0.09, abs=0.003)
    rows = read_recorded("phantom-ablation", "ablation").query("metric == 'JA'").set_index("variant")
    assert off["no-pee"] / rows.loc["no-pee", "difference"] > 10
    # The switches were thrown in the very networks of the ablation.
    before = switched.groupby("seed")["JA_before"].first()
    seeds = read_recorded("phantom-ablation", "seeds").query("variant == 'banet' and metric == 'JA'").set_index("seed")
    assert before.tolist() == pytest.approx(seeds["mean"].tolist(), abs=1e-5)


def test_pee_and_cff_help_a_little_with_every_seed_and_the_rest_is_open():
    rows = read_recorded("phantom-ablation", "ablation").query("metric == 'JA'").set_index("variant")
    seeds = read_recorded("phantom-ablation", "seeds").query("metric == 'JA'")
    changes = {variant: group["difference"] for variant, group in seeds.groupby("variant")}
    assert set(seeds["seed"]) == {0, 1, 2}
    for variant in ("no-pee", "no-cff"):
        assert rows.loc[variant, "high"] < 0 and (changes[variant] < 0).all()
        assert rows.loc[variant, "difference"] == pytest.approx(-0.009, abs=0.0015)
    for variant in ("no-attention", "no-edge-task"):
        assert rows.loc[variant, "low"] < 0 < rows.loc[variant, "high"]
        assert changes[variant].min() < 0 < changes[variant].max()
    own = seeds.loc[seeds["variant"] == "banet", "mean"]
    assert np.ptp(own) == pytest.approx(0.011, abs=0.0005)
    assert np.ptp(own) > rows["difference"].abs().max()


def test_boundary_without_the_edge_task_is_a_little_better_with_each_seed():
    row = read_recorded("phantom-ablation", "ablation").query("metric == 'assd_mm'").set_index("variant")
    seeds = read_recorded("phantom-ablation", "seeds").query("variant == 'no-edge-task' and metric == 'assd_mm'")
    assert len(seeds) == 3 and (seeds["difference"] < 0).all() and seeds["difference"].min() > -0.1
    assert row.loc["no-edge-task", "low"] < 0 < row.loc["no-edge-task", "high"] < 0.01  # "its interval just holds 0"
