"""What the text of lesson 10 says about bundled weights, recorded runs and geometry holds for those that are there now."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from lesson_prints import printed
from scipy import stats

from banet_edu import create_model, load_model, load_samples
from banet_edu.banet.pee import convert_pee
from banet_edu.course.lesson02.figures import frame_share
from banet_edu.course.lesson10.corners import boundary_shift
from banet_edu.course.lesson10.exercise import loss_box
from banet_edu.course.lesson10.selection import chosen_and_fresh, optimism_curves
from banet_edu.study.compare import evaluate
from banet_edu.study.recorded import read_recorded, recorded_facts

pytestmark = pytest.mark.landing

KINDS = ("dermoscopy", "polyp", "lung")
REAL = ("isic2017-lite", "kvasir_seg-lite", "sz_cxr-lite")


@pytest.fixture(scope="module")
def model():
    return load_model("banet-lite-phantom")


@pytest.fixture(scope="module")
def samples():
    return [sample for kind in KINDS for sample in load_samples(kind, "test")]


@pytest.fixture(scope="module")
def figures():
    runs = ("phantom-compare", "phantom-ablation", "phantom-kernels")
    table = pd.concat([read_recorded(run, "per_image") for run in runs])
    table = table[table["model"] != "unet"].drop_duplicates(["model", "seed", "name"])
    return table.pivot(index="name", columns=["model", "seed"], values="JA")


# Part 2


def with_our_weights(model, **change):
    other = create_model("banet", preset="lite", **change)
    other.load_state_dict(model.state_dict(), strict=True)
    other.spec = model.spec
    return other.eval()


def test_weights_that_load_and_do_not_fit(model, samples):
    trained = evaluate(model, samples)["JA"].mean()
    lost = {
        name: trained - evaluate(with_our_weights(model, **change), samples)["JA"].mean()
        for name, change in {
            "averages": {"pee": "average"},
            "zeros": {"pee_padding": "zero"},
            "windows": {"pee_kernels": ((3, 5), (3, 5), (5, 7), (5, 7))},
            "corners": {"align_corners": True},
        }.items()
    }
    assert lost["averages"] > 0.5 * trained  # "less than half of JA is left"
    assert 0 < lost["zeros"] < 0.01 and 0 < lost["windows"] < 0.01
    assert lost["corners"] == pytest.approx(0.04, abs=0.005)
    assert abs(evaluate(convert_pee(model, "average"), samples)["JA"].mean() - trained) < 1e-3


def test_the_blogs_attention_cannot_be_loaded_by_mistake(model):
    with pytest.raises(RuntimeError, match="seg_attention"):
        with_our_weights(model, interactive_attention="blog")


# Part 3


def test_shifts_of_align_corners():
    for stride in (4, 8):
        half, whole = (stride - 1) / 2, stride - 1
        for place in (7, 100, 247):
            assert boundary_shift(stride, place, "blocks", False) == pytest.approx(0, abs=0.02)
            assert boundary_shift(stride, place, "samples", False) == pytest.approx(half, abs=0.02)
        assert -half < boundary_shift(stride, 7, "blocks", True) < -0.9 * half
        assert 0.9 * half < boundary_shift(stride, 247, "blocks", True) < half
        assert 0.95 * whole < boundary_shift(stride, 247, "samples", True) < whole
        assert 0 < boundary_shift(stride, 7, "samples", True) < 0.25


def test_a_resnets_cells_lie_on_every_s_th_pixel():
    """Odd kernels padded on both sides: averaging the coordinate gives stride x index in the middle."""
    coordinate = torch.arange(64.0)[None, None]
    for kernel in (7, 3):
        weight = torch.full((1, 1, kernel), 1 / kernel)
        coordinate = torch.nn.functional.conv1d(coordinate, weight, stride=2, padding=kernel // 2)
    assert coordinate[0, 0, 4:12].tolist() == pytest.approx([4.0 * i for i in range(4, 12)])


def test_pixel_of_the_painted_chest_xray_is_1_37_mm():
    assert load_samples("lung", "test")[0].spacing_mm[1] == pytest.approx(1.37, abs=0.005)


# Part 4


def test_loss_pulls_twice_as_strongly_towards_nothing_on_an_empty_image():
    empty, faint = np.zeros((40, 40)), np.full((40, 40), 1e-5)
    box = (loss_box(faint, empty) - loss_box(empty, empty)) / faint.sum()
    meant = (1 - 1 / (faint.sum() + 1)) / faint.sum()
    assert box / meant == pytest.approx(2, abs=0.01) and meant == pytest.approx(1, abs=0.03)


def test_painted_objects_lie_inside_their_images():
    """And a lesson's claim: the box is right there; cut in half, about a sixth of the boundary is false."""
    for kind in KINDS:
        for sample in load_samples(kind):
            assert frame_share(sample.mask > 0) == 0
            assert not sample.mask[[0, -1]].any() and not sample.mask[:, [0, -1]].any()
    assert "objects that touch their frame: 0 of 30" in printed("10", "objects that touch")
    lesion = load_samples("dermoscopy", "test")[0].mask
    centre = int(np.nonzero(lesion)[0].mean())
    assert 0.1 < frame_share(lesion[:centre]) < 0.25


# Part 5


def test_27_networks_hardly_differ(figures):
    assert figures.shape == (144, 27) and not figures.isna().any().any()
    means = figures.mean()
    assert means.min() > 0.765 and means.max() < 0.80


def test_best_of_27_is_optimistic_and_one_alone_is_not(figures):
    optimism = {n: np.subtract(*chosen_and_fresh(figures, 27, n)).mean() for n in (12, 96)}
    assert optimism[12] == pytest.approx(0.025, abs=0.003)
    assert optimism[96] == pytest.approx(0.008, abs=0.0015)
    for n in (12, 48, 96):
        assert abs(np.subtract(*chosen_and_fresh(figures, 1, n)).mean()) < 0.004


def test_96_images_for_27_networks_and_12_for_two_bring_the_optimism_below_a_hundredth(figures):
    curves = optimism_curves(figures.to_numpy(), [1, 2, 5, 10, 20, 27], [6, 12, 24, 48, 96], draws=333)  # the widget's
    below = {k: [n for n, line in curves.items() if line[k] < 0.01] for k in (2, 27)}
    assert below == {2: [12, 24, 48, 96], 27: [96]}
    assert f"{curves[48][27]:.3f}" == "0.012" and f"{curves[96][27]:.3f}" == "0.008"


def test_with_u_net_among_them_96_images_leave_next_to_nothing():
    table = pd.concat(
        [read_recorded(run, "per_image") for run in ("phantom-compare", "phantom-ablation", "phantom-kernels")]
    )
    table = table.drop_duplicates(["model", "seed", "name"])
    figures = table.pivot(index="name", columns=["model", "seed"], values="JA")
    assert figures.shape == (144, 30)
    assert abs(np.subtract(*chosen_and_fresh(figures, 30, 96)).mean()) < 0.002


def test_pee_gives_0_008_in_the_ablation():
    rows = read_recorded("phantom-ablation", "paired")
    row = rows[(rows["b"] == "no-pee") & (rows["column"] == "JA")].iloc[0]
    assert row["mean_difference"] == pytest.approx(0.008, abs=0.0005)


# Part 6


def test_recorded_differences_from_u_net():
    found = {}
    for run in REAL:
        rows = read_recorded(run, "paired")
        found[run] = {b: rows[(rows["b"] == b) & (rows["column"] == "JA")].iloc[0] for b in rows["b"].unique()}
    skin, polyps, lungs = (found[run] for run in REAL)
    assert skin["unet"]["low"] < 0 < skin["unet"]["high"] < 0.045  # the reported gain lies outside
    assert polyps["unet"]["low"] > 0
    assert polyps["unet_same_encoder"]["low"] < 0 < polyps["unet_same_encoder"]["high"]
    assert lungs["unet"]["high"] < 0


def test_each_real_run_has_one_seed():
    for run in REAL:
        assert recorded_facts(run)["seeds"] == [0]


def test_attention_is_better_with_one_seed_of_three():
    seeds = read_recorded("phantom-ablation", "seeds")
    table = seeds[seeds["metric"] == "JA"].pivot(index="seed", columns="variant", values="mean")
    gain = table["banet"] - table["no-attention"]
    assert gain[0] == pytest.approx(0.008, abs=0.0005) and (gain > 0).sum() == 1
    assert stats.ttest_1samp(gain, 0).pvalue > 0.3  # "nothing that could be told from chance"
    rows = read_recorded("phantom-ablation", "paired")
    row = rows[(rows["b"] == "no-attention") & (rows["column"] == "JA")].iloc[0]
    assert row["low"] < 0 < row["high"]
