"""What the text of lesson 07 says about bundled weights and recorded runs holds for those that are there now."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lesson_prints import printed
from scipy.stats import norm
from torch.nn import functional as F

from banet_edu import load_model, load_samples
from banet_edu.course.lesson07.resampling import paired_values, percentile_interval, resampled_differences
from banet_edu.explain import intervene
from banet_edu.study.compare import evaluate
from banet_edu.study.recorded import read_recorded, recorded_facts
from banet_edu.study.statistics import paired_wilcoxon

pytestmark = pytest.mark.landing

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


def test_networks_of_part_1_were_trained_as_the_text_says(models):
    for model in models.values():
        assert tuple(model.spec.input_size) == (128, 128)
    for name in models:
        card = Path(__file__).resolve().parents[2] / "data_samples" / "weights" / f"{name}-lite-phantom.json"
        training = json.loads(card.read_text(encoding="utf-8"))["training"]
        assert (training["train_images"], training["training"]["steps"], training["seeds"]) == (450, 500, [0])


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
    assert [f"{width:.2f}" for width in widths] == ["0.32", "0.79"]
    assert widths[0] / widths[1] == pytest.approx(0.41, abs=0.03)
    assert (widths[1] / widths[0]) ** 2 == pytest.approx(6, abs=0.9)
    # by the square root of the number of images, and of the 24 and 96 that the explorer shows
    assert [f"{0.32 * np.sqrt(144 / count):.2f}" for count in (96, 24)] == ["0.39", "0.78"]
    mixed = values.iloc[np.random.default_rng(1).permutation(len(values))]
    found = {}
    for count in (96, 24):
        part = mixed.iloc[:count]
        found[count] = np.ptp(percentile_interval(resampled_differences(part["banet"], part["unet"])))
    assert {count: f"{width:.2f}" for count, width in found.items()} == {96: "0.39", 24: "0.49"}
    differences = mixed["banet"] - mixed["unet"]
    assert differences[:24].std() < 0.7 * differences.std() and differences[:24].mean() < 0 < differences.mean()
    assert np.corrcoef(values["banet"], values["unet"])[0, 1] == pytest.approx(0.83, abs=0.02)


def test_u_net_wins_the_painted_lungs_and_the_others_are_open(table):
    tests, better = {}, {}
    for kind in KINDS:
        rows = table[table["kind"] == kind]
        tests[kind] = paired_wilcoxon(rows, "JA", "banet", "unet")
        values = paired_values(rows, "JA", "banet", "unet")
        better[kind] = int((values["unet"] > values["banet"]).sum())
    for kind, label in (("lung", "lungs"), ("dermoscopy", "skin")):
        assert re.search(rf"^{label} .*U-Net better on {better[kind]} of 48 images", printed("07", "skin    p"), re.M)
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
    for network, count in missed.items():
        assert re.search(rf"^{network} +missed {count} of 148 polyps", printed("07", "banet              missed"), re.M)


def test_on_ba_nets_grid_u_net_loses_its_lead_on_painted_lungs_and_little_elsewhere(models, table):
    mean = table.pivot_table(index="kind", columns="model", values="JA")
    with intervene(models["unet"], {"logits": on_the_grid}):
        coarse = pd.Series({kind: evaluate(models["unet"], load_samples(kind))["JA"].mean() for kind in KINDS})
    assert (mean["unet"] - mean["banet"])["lung"] == pytest.approx(0.011, abs=0.001)
    assert (coarse - mean["banet"])["lung"] == pytest.approx(-0.013, abs=0.001)
    cost = mean["unet"] - coarse
    assert 4.5 < cost["lung"] / cost["dermoscopy"] < 5.5 and 8 < cost["lung"] / cost["polyp"] < 9.5
    told = re.findall(r"^\w+ +banet − unet .* it costs U-Net (0\.\d{4})$", printed("07", "skin   banet − unet"), re.M)
    assert [float(value) for value in told] == pytest.approx([cost[k] for k in KINDS], abs=2e-4)  # skin, polyps, lungs


def on_the_grid(logits):
    return F.interpolate(F.avg_pool2d(logits, 4), scale_factor=4, mode="bilinear", align_corners=False)


def test_longer_training_turns_the_order_on_polyps_round():
    for run in ("isic2017-lite-5000", "kvasir_seg-lite-5000"):
        facts, shorter = recorded_facts(run), recorded_facts(run.removesuffix("-5000"))
        assert (facts["training"].pop("steps"), shorter["training"].pop("steps")) == (5000, 1200)
        for key in ("training", "seeds", "split_seed", "preset", "train_images", "test_images"):
            assert facts[key] == shorter[key], key
    rows = read_recorded("kvasir_seg-lite-5000", "paired").query("column == 'JA' and b == 'unet'").iloc[0]
    assert rows["high"] < 0 < real("polyps", "unet")["low"]
    short, long = (
        read_recorded(run, "summary").query("metric == 'JA'").set_index("model")["mean"]
        for run in ("kvasir_seg-lite", "kvasir_seg-lite-5000")
    )
    gained = long - short  # "both gained, and U-Net gained more"
    assert 0 < gained["banet"] < gained["unet"]
    for steps, mean in ((1200, short), (5000, long)):
        said = f"polyps {steps} steps: banet {mean['banet']:.3f}, unet {mean['unet']:.3f}"
        assert said in printed("07", "polyps 1200") + printed("07", "polyps 5000")
