"""What the text of lesson 11 says about the bundled volumes, networks and recorded runs holds for those that are there now."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch.nn.functional as F
from lesson_prints import printed
from scipy import ndimage
from torch import nn

from banet_edu import load_model, predict
from banet_edu.course.lesson11.slices import lone_share, thick
from banet_edu.datasets.bundled import load_volumes
from banet_edu.explain import boundary_profile, errors, mean_effects
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.study.compare import evaluate
from banet_edu.study.recorded import read_recorded, recorded_facts
from banet_edu.study.statistics import paired_wilcoxon

pytestmark = pytest.mark.landing

NETWORKS = ("banet", "unet", "control", "banet-slices")


@pytest.fixture(scope="module")
def volumes():
    return list(load_volumes())


@pytest.fixture(scope="module")
def found(volumes):
    """Labels of every volume by BA-Net in 3D and slice by slice."""
    models = [load_model(f"{name}-lite-hippocampus") for name in ("banet", "banet-slices")]
    return [[predict(model, volume).labels for volume in volumes] for model in models]


# Part 1


def test_a_layer_is_about_half_of_each_volume(volumes):
    inside = [volume.mask > 0 for volume in volumes]
    grown = [ndimage.binary_dilation(mask).sum() / mask.sum() - 1 for mask in inside]
    assert min(grown) > 0.4 and max(grown) < 0.6


def test_the_outline_is_most_off_at_the_tail_where_there_is_no_usual_edge(volumes):
    volume = volumes[0]
    prediction = predict(load_model("banet-lite-hippocampus"), volume)
    worst = errors(volume, prediction).iloc[0]
    place = [worst[axis] for axis in "zyx"]
    profile = boundary_profile(volume, prediction)
    there = profile.iloc[np.linalg.norm(profile[["z", "y", "x"]].to_numpy() - place, axis=1).argmin()]
    usual = np.average(profile["contrast_sd"], weights=profile["share"])
    assert usual > 0.4 and there["contrast_sd"] < 0
    assert "posterior" in worst["towards"] and volume.mask[tuple(there[list("zyx")].astype(int))] in (0, 2)
    tail = np.argwhere(volume.mask == 2)[:, 1]  # y runs to the front
    assert place[1] <= np.quantile(tail, 0.25)


# Part 2


def test_slice_by_slice_jumps_in_every_volume(volumes, found):
    whole, slices = ([lone_share(labels) for labels in each] for each in found)
    expert = [lone_share(volume.mask) for volume in volumes]
    assert all(np.array(slices) > whole)
    assert np.mean(slices) > 3 * np.mean(whole)
    assert np.mean(expert) < np.mean(whole)
    assert np.mean(slices) / np.mean(expert) == pytest.approx(8, abs=1)


def test_the_experts_labels_jump_across_coronal_slices_in_seven_of_eight(volumes):
    shares = np.array([[lone_share(volume.mask, axis) for axis in range(3)] for volume in volumes])
    assert (shares.argmax(axis=1) == 1).sum() == 7
    assert shares.mean(axis=0)[1] > 5 * shares.mean(axis=0)[0]


def test_in_3d_no_direction_jumps_more_than_the_others_by_much(volumes, found):
    shares = np.array([[lone_share(labels, axis) for axis in range(3)] for labels in found[0]]).mean(axis=0)
    assert shares.max() < 0.5


# Part 3


def test_pee_is_worth_the_most(volumes):
    change = mean_effects(load_model("banet-lite-hippocampus"), volumes, ["pee off", "ia off", "cff off"])
    change = change.set_index("knob")
    assert change["assd_mm_change"].idxmax() == "pee off"
    assert change["assd_mm_change"].min() > 0
    assert change["bias_mm_before"].iloc[0] > 0.1 and change.loc["pee off", "bias_mm_after"] < -0.2


# Part 4


def hd95(volume, labels, every, cubes):
    stack = thick(volume, every)
    spacing = (1.0, 1.0, 1.0) if cubes else stack.spacing_mm
    return boundary_metrics(labels[every // 2 :: every] > 0, stack.mask > 0, spacing_mm=spacing)["hd95_mm"]


def test_as_if_cubes_is_too_small_in_three_of_eight_with_thick_slices(volumes, found):
    every = {
        (step, cubes): np.array([hd95(*each, step, cubes) for each in zip(volumes, found[0], strict=True)])
        for step in (1, 3)
        for cubes in (True, False)
    }
    assert np.array_equal(every[1, True], every[1, False])
    assert (every[3, True] < every[3, False]).sum() == 3 and (every[3, True] == every[3, False]).sum() == 5
    assert every[3, False].mean() - every[3, True].mean() > 0.05
    assert "slices of 3 mm: too small in 3 of 8" in printed("11", "slices of 3 mm")


def test_the_widget_shows_two_distances_at_every_second_and_third_slice_only(volumes, found):
    shown = {
        step: [f"{hd95(volumes[0], found[0][0], step, cubes):.1f}" for cubes in (False, True)] for step in range(2, 7)
    }
    assert [step for step, (true, cubes) in shown.items() if true != cubes] == [2, 3]
    assert all(true == "1.0" for step, (true, _) in shown.items() if step > 3)  # "at most one voxel within its slice"


# Part 5


@pytest.fixture(scope="module")
def recorded():
    """One row per network and volume: the mean of its two parts and of three seeds."""
    cells = [(name, seed) for name in NETWORKS for seed in (0, 1, 2)]
    tables = [read_recorded("volumes-hippocampus", f"{name}-seed{seed}").assign(model=name) for name, seed in cells]
    parts = pd.concat(tables).groupby(["model", "name"], sort=False)
    return parts.agg({"status": "first"} | dict.fromkeys(["DI", "assd_mm", "hd95_mm"], "mean")).reset_index()


def test_unet_leads_the_control_is_level_and_slice_by_slice_is_last(recorded):
    dice = recorded.groupby("model")["DI"].mean()
    assert dice["unet"] - dice["banet"] > 0.01 and dice.idxmin() == "banet-slices"
    assert abs(dice["control"] - dice["banet"]) < 0.004
    assert dice["banet"] - dice["banet-slices"] == pytest.approx(0.011, abs=0.0005)
    minutes = {name: recorded_facts("volumes-hippocampus", f"{name}-seed0")["cpu_minutes"] for name in NETWORKS}
    assert minutes["unet"] < minutes["banet"] and minutes["control"] < minutes["banet"] / 2
    closer = paired_wilcoxon(recorded, "assd_mm", "control", "banet")
    assert closer.mean_difference == pytest.approx(-0.014, abs=0.0005) and -0.0005 < closer.high < 0


def test_slice_by_slice_is_surely_and_little_worse(recorded):
    columns = ["DI", "assd_mm", "hd95_mm"]
    tests = {column: paired_wilcoxon(recorded, column, "banet-slices", "banet") for column in columns}
    assert tests["DI"].high < 0 and tests["DI"].p_value < 0.001
    assert all(tests[column].low > 0 and tests[column].p_value < 0.05 for column in columns[1:])
    assert tests["assd_mm"].mean_difference == pytest.approx(0.02, abs=0.005)
    assert tests["hd95_mm"].mean_difference == pytest.approx(0.16, abs=0.005)
    told = printed("11", "banet-slices − banet")
    for column, test in tests.items():
        assert f"{column:8} {test.mean_difference:+.3f} [{test.low:+.3f}, {test.high:+.3f}]" in told


class OnBANetsGrid(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network, self.spec = network, network.spec

    def forward(self, x):
        scores = self.network(x)
        return F.interpolate(F.avg_pool3d(scores, 2), size=scores.shape[2:], mode="trilinear")


def test_the_grid_is_about_half_of_unets_lead(volumes):
    unet = load_model("unet-lite-hippocampus")
    models = load_model("banet-lite-hippocampus"), unet, OnBANetsGrid(unet).eval()
    banet, whole, coarse = (evaluate(model, volumes)["DI"].mean() for model in models)
    assert 0.35 < (whole - coarse) / (whole - banet) < 0.65


def test_results_page_says_what_its_table_says():
    page = (Path(__file__).resolve().parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    section = page.partition("## Brain MRI in three dimensions\n")[2].partition("\n## ")[0]
    text, _, table = section.partition("<!-- run")
    text = " ".join(text.split())
    row = {line.split(" | ")[0].strip("| "): line for line in table.splitlines() if line.startswith("|")}
    assert "U-Net is 0.017 Dice ahead" in text and "| +0.017 [+0.013, +0.021] |" in row["unet"]
    assert "0.066 mm closer, in less time; so it is with each seed" in text
    assert "| -0.066 [-0.083, -0.051] |" in row["unet"]
    assert "control are level in Dice" in text and "| +0.003 [-0.000, +0.007] |" in row["control"]
    assert "boundary is 0.014 mm closer, at the edge" in text and "| -0.014 [-0.028, -0.000] |" in row["control"]
    assert "0.011 Dice lower and its boundary 0.021 mm further off, both clear of 0" in text
    assert "| -0.011 [-0.017, -0.006] | +0.021 [+0.003, +0.040] |" in row["banet-slices"]
    assert "missed: 0.863" in text and "| 0.863 [" in row["banet"]
    assert "one seed, 33 CPU minutes; the target allows 60) it reaches 0.871; U-Net needs 13 for its 0.880" in text
    assert "| 0 | 2000 | 0.871 [" in row["banet-long"] and row["banet-long"].endswith("| 33 |")
    assert "| 0.880 [" in row["unet"] and row["unet"].endswith("| 13 |")


def test_unet_leads_with_each_seed():
    for seed in (0, 1, 2):
        cells = [f"{name}-seed{seed}" for name in ("banet", "unet")]
        banet, unet = (read_recorded("volumes-hippocampus", cell)[["DI", "assd_mm"]].mean() for cell in cells)
        assert unet["DI"] > banet["DI"] and unet["assd_mm"] < banet["assd_mm"]
        slow, fast = (recorded_facts("volumes-hippocampus", cell)["cpu_minutes"] for cell in cells)
        assert fast < slow
