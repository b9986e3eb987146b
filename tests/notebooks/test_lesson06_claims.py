"""What the text of lesson 06 says holds for the losses, and for the runs recorded now."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from lesson_prints import printed

from banet_edu import create_model, load_samples
from banet_edu.config import LossConfig, TrainConfig
from banet_edu.course.lesson06.recorded_runs import unnamed_runs
from banet_edu.course.lesson06.toy_disc import loss_parts
from banet_edu.data.tensors import prepare
from banet_edu.study.recorded import read_recorded, recorded_facts
from banet_edu.training.history import History
from banet_edu.training.losses import segmentation_loss
from banet_edu.training.schedule import learning_rate

pytestmark = pytest.mark.landing


def test_what_the_shift_adds_to_the_losses_of_the_large_disc_is_printed():
    at = {shift: loss_parts(40, shift, 1.0) for shift in (0, 4)}
    said = {name: tuple(f"{at[shift][name]:.2f}" for shift in (0, 4)) for name in at[0]}
    assert said["edge cross entropy"] == ("0.04", "0.17")
    assert said["cross entropy"] == ("0.03", "0.09") and said["dice"] == ("0.03", "0.07")
    told = printed("06", "radius 40, moved 4 px")
    for name in ("edge cross entropy", "cross entropy", "dice"):
        assert all(f" {name} {value}" in told for value in said[name])


def test_from_nine_pixels_on_the_masks_cross_entropy_is_larger_and_blur_is_most_of_a_blurred_edges():
    def ahead(shift: int) -> bool:
        parts = loss_parts(40, shift, 1.0)
        return parts["cross entropy"] > parts["edge cross entropy"]

    assert [shift for shift in range(17) if ahead(shift)] == list(range(9, 17))
    still, moved = (loss_parts(40, shift, 4.0)["edge cross entropy"] for shift in (0, 4))
    assert still > 2 * (moved - still) and (f"{still:.2f}", f"{moved:.2f}") == ("0.38", "0.49")


def test_dice_of_a_small_blurred_disc_is_not_0_at_the_right_place():
    small, large = (loss_parts(radius, 0, 1.0) for radius in (10, 40))
    assert small["JA"] == 1 and f"{small['dice']:.2f}" == "0.14" and small["dice"] > 3 * large["dice"]
    assert loss_parts(10, 0, 0.1)["dice"] < 0.1 * small["dice"]  # without the blur next to nothing is left
    assert "radius 10, moved 0 px: JA 1.00; cross entropy 0.01, dice 0.14" in printed("06", "radius 10, moved 0")


def test_neighbours_masks_are_learned_by_heart_as_well_and_shuffled_pixels_are_not():
    right = printed("06", "right masks: JA")
    rolled = printed("06", "learned by heart: JA")
    [ja] = re.findall(r"right masks: JA ([0-9.]+)", right)
    [(learned, shuffled)] = re.findall(r"by heart: JA ([0-9.]+); masks of shuffled pixels: JA ([0-9.]+)", rolled)
    assert abs(float(learned) - float(ja)) < 0.03 and float(ja) > 0.85 and float(shuffled) < 0.4
    [common] = re.findall(r"mask with the right one: ([0-9.]+)", rolled)
    assert float(common) < 0.5  # the neighbours' masks are wrong ones


def test_bfloat16_counts_to_256():
    count = torch.tensor(0.0).bfloat16()
    for _ in range(300):
        count = count + 1
    assert float(count) == 256 and "257.000000 in bfloat16 is 256.000000" in printed("06", "257.000000")


def test_edge_loss_feels_a_shift_of_a_large_disc_most_and_dice_least():
    small, large = (loss_parts(radius, 4, 1.0) for radius in (10, 40))
    terms = ("cross entropy", "dice", "edge cross entropy")
    assert max(terms, key=large.__getitem__) == "edge cross entropy" and max(terms, key=small.__getitem__) == "dice"
    assert min(terms, key=large.__getitem__) == "dice"  # and of what the shift adds, too: the quiz asks for it
    # both cross entropies grow by the same factor, and the boundary's is twice as large
    for name in ("cross entropy", "edge cross entropy"):
        assert round(large[name] / small[name], 1) == 4.0
    assert round(large["edge cross entropy"] / large["cross entropy"], 1) == 2.0
    still = loss_parts(40, 0, 1.0)
    grown = {name: large[name] - still[name] for name in terms}
    assert max(terms, key=grown.__getitem__) == "edge cross entropy" and min(terms, key=grown.__getitem__) == "dice"


def test_side_outputs_add_less_gradient_than_loss_and_not_more_to_the_deepest_layer():
    train = load_samples("dermoscopy", "train")
    four = [train[i] for i in range(4)]
    masks = torch.stack([torch.from_numpy(sample.at(64).mask).long() for sample in four])

    def measured(seed, config):
        torch.manual_seed(seed)
        network = create_model("banet", preset="nano").train()
        images = torch.cat([prepare(sample.image, network.spec) for sample in four])
        loss, _ = segmentation_loss(network(images), masks, config)
        loss.backward()
        layers = (network.encoder.layer4[1].conv2, network.encoder.conv1)
        return np.array([*(layer.weight.grad.norm().item() for layer in layers), loss.item()])

    only_final = LossConfig(side_seg=0, side_edge=0)
    deepest, first, loss = np.mean([measured(s, LossConfig()) / measured(s, only_final) for s in range(3)], axis=0)
    assert 1.3 < deepest < first < 3 and 4 < loss < 5


def test_runs_without_names_are_those_of_the_answer():
    runs = unnamed_runs()
    names = {"run A": "too-high", "run B": "overfit", "run C": "good", "run D": "too-low"}
    for letter, name in names.items():
        assert [row["loss"] for row in runs[letter].rows] == read_recorded("lesson06", name)["loss"].tolist()


def test_run_a_leaves_the_axis_after_step_80_at_a_rate_that_run_c_never_has():
    rows = {row["step"]: row for row in unnamed_runs()["run A"].rows}
    assert max(rows[step]["loss"] for step in (40, 80)) < 12 < rows[120]["loss"]
    assert f"{learning_rate(80, TrainConfig(steps=600, learning_rate=0.3)):.2f}" == "0.13"
    told = printed("06", "run A, step  80")
    for step in (80, 120, 160):
        row = rows[step]
        assert f"run A, step {step:3d}: learning rate {row['learning_rate']:.2f}, loss {row['loss']:.1f}" in told
    assert f"{rows[80]['learning_rate']:.2f}" == "0.13"


def test_recorded_runs_are_what_the_text_says():
    tables = {name: read_recorded("lesson06", name) for name in ("good", "too-high", "too-low", "overfit")}
    runs = {name: History(table.to_dict("records")) for name, table in tables.items()}
    last = {name: table.iloc[-1] for name, table in tables.items()}
    first = {name: table.iloc[:5]["loss"].max() for name, table in tables.items()}
    assert all(row["step"] == 600 for row in last.values())
    assert last["overfit"]["loss"] == min(row["loss"] for row in last.values())
    assert last["overfit"]["val_JA"] < last["good"]["val_JA"] - 0.03
    assert runs["good"].best["val_JA"] == max(run.best["val_JA"] for run in runs.values())
    assert last["too-low"]["loss"] > 1.5 * last["good"]["loss"] and last["too-high"]["loss"] > last["good"]["loss"]
    assert first["too-high"] > first["good"]
    steps = {name: History(table.to_dict("records")).rows for name, table in tables.items()}
    top = max(steps["too-high"], key=lambda row: row["loss"])
    # "explodes (beyond the axis) while the rate rises", and the rate is highest after 30 % of the steps
    rates = [learning_rate(step, TrainConfig(steps=600, learning_rate=0.3)) for step in range(600)]
    assert top["loss"] > 12 and (top["step"], rates.index(max(rates))) == (160, 179)
    assert f"highest loss {top['loss']:.1f} (step {top['step']})" in printed("06", "run A: ")
    facts = recorded_facts("lesson06")
    assert last["too-low"]["loss"] == max(row["loss"] for row in last.values())  # "still the highest of all"
    assert facts["train_images"] == len(load_samples("dermoscopy", "train"))
    rate_of = {name: run["learning_rate"] for name, run in facts["training"].items()}
    assert rate_of == {"too high": 0.3, "good": 0.003, "overfit": 0.003, "too low": 0.00003}
