"""What the text of lesson 07 says about bundled weights and recorded runs holds for those that are there now."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from torch.nn import functional as F

from banet_edu import load_model, load_samples
from banet_edu.course.lesson07.resampling import paired_values, percentile_interval, resampled_differences
from banet_edu.explain import intervene
from banet_edu.study.compare import evaluate
from banet_edu.study.recorded import read_recorded, recorded_facts
from banet_edu.study.statistics import paired_wilcoxon

KINDS = ("dermoscopy", "polyp", "lung")
REAL = {"skin": "isic2017-lite", "lungs": "sz_cxr-lite", "polyps": "kvasir_seg-lite"}


@pytest.fixture(scope="module")
def models():
    return {name: load_model(f"{name}-lite-phantom") for name in ("banet", "unet")}


@pytest.fixture(scope="module")
def table(models):
    parts = []
    for kind in KINDS:
        samples = load_samples(kind)
        parts += [evaluate(m, samples).assign(model=n, kind=kind) for n, m in models.items()]
    return pd.concat(parts, ignore_index=True)


def real(data: str, other: str, column: str = "JA") -> pd.Series:
    rows = read_recorded(REAL[data], "paired")
    return rows[(rows["b"] == other) & (rows["column"] == column)].iloc[0]


# Part 1


def test_mean_and_majority_disagree(table):
    values = paired_values(table, "JA", "banet", "unet")
    difference = values["banet"] - values["unet"]
    assert len(difference) == 144 and (table["status"] == "ok").all()
    assert difference.mean() == pytest.approx(0.008, abs=0.001)
    assert abs((difference > 0).sum() - 50) <= 3
    assert -0.014 < difference.median() < -0.007
    # both ends of the row are polyps, and large
    assert difference.idxmin().startswith("PHANTOM_P") and difference.idxmax().startswith("PHANTOM_P")
    assert difference.min() < -0.5 and difference.max() > 0.4
    assert difference.abs().median() < 0.03  # "hardly anything happens"


def test_networks_have_the_parameters_printed():
    counts = recorded_facts("phantom-compare")["parameters"]
    assert {name: round(count / 1e6, 1) for name, count in counts.items()} == {
        "banet": 3.0, "unet": 1.9, "unet_same_encoder": 3.6,
    }  # fmt: skip


# Part 2


def test_pairing_makes_the_interval_less_than_half_as_wide_worth_six_times_the_images(table):
    values = paired_values(table, "assd_mm", "banet", "unet")
    widths = [
        np.ptp(percentile_interval(resampled_differences(values["banet"], values["unet"], paired=p)))
        for p in (True, False)
    ]
    assert widths[0] / widths[1] == pytest.approx(0.41, abs=0.03)
    assert (widths[1] / widths[0]) ** 2 == pytest.approx(6, abs=0.9)
    assert np.corrcoef(values["banet"], values["unet"])[0, 1] == pytest.approx(0.83, abs=0.02)


def test_u_net_wins_the_painted_lungs_and_the_others_are_open(table):
    tests, better = {}, {}
    for kind in KINDS:
        rows = table[table["kind"] == kind]
        tests[kind] = paired_wilcoxon(rows, "JA", "banet", "unet")
        values = paired_values(rows, "JA", "banet", "unet")
        better[kind] = int((values["unet"] > values["banet"]).sum())
    assert better["lung"] == 40 and better["dermoscopy"] == 35
    assert tests["lung"].high < 0 and tests["lung"].p_value < 0.001
    assert tests["lung"].mean_difference == pytest.approx(-0.011, abs=0.002)
    assert tests["polyp"].low < 0 < tests["polyp"].high and tests["polyp"].p_value > 0.06
    assert tests["polyp"].mean_difference == max(abs(test.mean_difference) for test in tests.values())
    skin = tests["dermoscopy"]
    assert skin.low < 0 < skin.mean_difference < skin.high and 0.037 < skin.p_value < 0.045
    assert skin.median_difference < 0


# Part 3


def test_each_wins_on_one_real_data_set_and_nobody_on_skin():
    assert real("polyps", "unet")["low"] > 0 and real("lungs", "unet")["high"] < 0
    skin = real("skin", "unet")
    assert skin["low"] < 0 < skin["high"] and round(skin["p_value"], 2) == 0.01 and skin["median_difference"] < 0
    assert real("polyps", "unet")["mean_difference"] == pytest.approx(0.057, abs=0.001)
    assert real("lungs", "unet")["mean_difference"] == pytest.approx(-0.009, abs=0.001)


def test_real_runs_were_made_as_the_text_says():
    for run in REAL.values():
        facts = recorded_facts(run)
        assert (facts["seeds"], facts["split_seed"], facts["training"]["steps"], facts["preset"]) == (
            [0],
            0,
            1200,
            "lite",
        )
        assert 446 <= sum(facts[f"{part}_images"] for part in ("train", "val", "test")) <= 800


def test_lungs_separate_intervals_overlap_and_nearly_all_ranks_favour_u_net():
    rows = read_recorded("sz_cxr-lite", "summary").query("metric == 'JA'").set_index("model")
    assert rows.loc["banet", "high"] > rows.loc["unet", "low"]
    # The p-value of 89 pairs gives the rank sum back: those in favour of BA-Net hold 2 % of it.
    test = real("lungs", "unet")
    n = test["n_pairs"]
    deviation = norm.isf(test["p_value"] / 2) * np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    assert (n * (n + 1) / 4 - deviation) / (n * (n + 1) / 2) < 0.03


def test_control_has_the_whole_lead_on_polyps():
    rest = real("polyps", "unet_same_encoder")
    assert abs(rest["mean_difference"]) < 0.001
    assert (round(rest["low"], 3), round(rest["high"], 3)) == (-0.025, 0.024)
    missed = read_recorded("kvasir_seg-lite", "summary").groupby("model")["n_missed"].first()
    assert missed.to_dict() == {"banet": 5, "unet": 1, "unet_same_encoder": 0}


def test_on_ba_nets_grid_u_net_loses_its_lead_on_painted_lungs_and_little_elsewhere(models, table):
    mean = table.pivot_table(index="kind", columns="model", values="JA")
    with intervene(models["unet"], {"logits": on_the_grid}):
        coarse = pd.Series({kind: evaluate(models["unet"], load_samples(kind))["JA"].mean() for kind in KINDS})
    assert (mean["unet"] - mean["banet"])["lung"] == pytest.approx(0.011, abs=0.001)
    assert (coarse - mean["banet"])["lung"] == pytest.approx(-0.013, abs=0.001)
    cost = mean["unet"] - coarse
    assert 4.5 < cost["lung"] / cost["dermoscopy"] < 5.5 and 8 < cost["lung"] / cost["polyp"] < 9.5


def on_the_grid(logits):
    return F.interpolate(F.avg_pool2d(logits, 4), scale_factor=4, mode="bilinear", align_corners=False)


def test_seeds_of_the_study_lie_far_apart_on_polyps_and_together_on_lungs():
    def by_seed(run, model):
        return np.array([read_recorded(run, f"{seed}-{model}")["JA"].mean() for seed in range(3)])

    assert round(np.ptp(by_seed("study-kvasir_seg", "unet")), 3) == 0.095 > real("polyps", "unet")["mean_difference"]
    assert (by_seed("study-kvasir_seg", "banet") > by_seed("study-kvasir_seg", "unet")).all()
    assert max(np.ptp(by_seed("study-sz_cxr", model)) for model in ("banet", "unet")) < 0.001


def test_longer_training_turns_the_order_on_polyps_round():
    for run in ("isic2017-lite-5000", "kvasir_seg-lite-5000"):
        facts, shorter = recorded_facts(run), recorded_facts(run.removesuffix("-5000"))
        assert (facts["training"].pop("steps"), shorter["training"].pop("steps")) == (5000, 1200)
        for key in ("training", "seeds", "split_seed", "preset", "train_images", "test_images"):
            assert facts[key] == shorter[key], key
    rows = read_recorded("kvasir_seg-lite-5000", "paired").query("column == 'JA' and b == 'unet'").iloc[0]
    assert rows["high"] < 0 < real("polyps", "unet")["low"]


# Part 4


def test_u_net_wins_the_study_and_its_seeds_are_as_far_apart_as_the_networks():
    study = read_recorded("phantom-compare", "ablation").query("metric == 'JA'").set_index("variant").loc["unet"]
    assert study["low"] > 0 and study["n_missed"] == 2
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


def test_two_seeds_alone_would_have_blamed_the_missing_attention():
    images = read_recorded("phantom-ablation", "per_image")
    early = paired_wilcoxon(images[images["seed"] < 2], "assd_mm", "no-attention", "banet")
    late = paired_wilcoxon(images, "assd_mm", "no-attention", "banet")
    assert early.low > 0 and early.mean_difference == pytest.approx(0.08, abs=0.003)
    assert late.low < 0 < late.high
