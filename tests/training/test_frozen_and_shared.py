"""Networks and settings of odd kinds in `fit`: frozen or shared weights, ranks that differ, numbers of numpy, lost files."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from training_helpers import CONFIG, SIZE, discs, tiny

from banet_edu import create_model
from banet_edu.config import LossConfig, TrainConfig
from banet_edu.networks.adapter import adapt
from banet_edu.storage import read_tensors, write_tensors, write_text
from banet_edu.training import checkpoint
from banet_edu.training.device import place
from banet_edu.training.loop import fit

TRAIN, VAL = discs(14), discs(5, seed=1)
SHORT = replace(CONFIG, steps=8)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.again, self.last = self.first, nn.Conv2d(3, 1, 1)

    def forward(self, x):
        return self.last(self.again(self.first(x)))


def test_a_run_with_other_weights_frozen_is_another_run(tmp_path):
    model = tiny()
    next(model.parameters()).requires_grad_(False)
    fit(model, TRAIN, VAL, SHORT, tmp_path)
    with pytest.raises(
        ValueError, match=r"holds another run: frozen is '1 weights, \w+' there and '0 weights, \w+' here"
    ):
        fit(tiny(), TRAIN, VAL, SHORT, tmp_path)


def test_shared_weights_are_trained_saved_and_resumed(tmp_path):
    torch.manual_seed(0)
    model = adapt(Tied(), "tied", input_size=SIZE)
    fit(model, TRAIN, VAL, SHORT, tmp_path)
    weights, _ = read_tensors(tmp_path / "best.safetensors")
    assert torch.equal(weights["module.first.weight"], weights["module.again.weight"])
    fit(adapt(Tied(), "tied", input_size=SIZE), TRAIN, VAL, SHORT, tmp_path)


def test_a_network_of_volumes_may_hold_convolutions_of_images():
    mixed = nn.ModuleList([nn.Conv2d(3, 8, 3), nn.Conv3d(3, 8, 3), nn.Linear(2, 2)])
    place(mixed, torch.device("cpu"))
    assert mixed[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert mixed[1].weight.is_contiguous(memory_format=torch.channels_last_3d)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: TrainConfig(schedule="cosine"), "schedule is one of one_cycle, poly, constant, not 'cosine'"),
        (lambda: TrainConfig(augment="foo"), "augment is one of"),
        (lambda: LossConfig(dice_form="x"), "dice_form is one of standard, release"),
        (lambda: LossConfig(edge_padding="x"), "edge_padding is one of"),
        (lambda: LossConfig(ce=-1), "ce is a weight from 0 on"),
        (lambda: LossConfig(side_seg=(1, 1, 1, float("nan"))), "side_seg is a weight from 0 on"),
        (lambda: create_model("banet", "nano", class_names=("bg", "x", "x"), num_classes=3), "each another"),
        (lambda: create_model("banet", "nano", num_classes=300), "at most 256"),
        (lambda: create_model("banet", "nano", pee_kernels=(3, 3)), "different windows"),
        (lambda: create_model("banet", "lite", dims=3, slicewise=True, norm="instance"), "instance norm of images"),
    ],
)
def test_what_no_run_could_have_is_refused_when_it_is_said(wrong, said):
    with pytest.raises(ValueError, match=said):
        wrong()


def test_settings_that_are_equal_are_the_same_run_however_typed(tmp_path):
    typed = TrainConfig(steps=np.int64(8), batch_size=4, seed=np.int64(0), weight_decay=0, device="cpu", precision="fp32",
                        learning_rate=np.float32(0.5), loss=LossConfig(ce=1, side_seg=[1]))  # fmt: skip
    plain = replace(typed, steps=8, weight_decay=0.0, learning_rate=0.5, loss=LossConfig(side_seg=(1.0,)))
    assert json.dumps(typed.to_dict()) == json.dumps(plain.to_dict()) and typed == plain
    fit(tiny(), TRAIN, VAL, replace(typed, learning_rate=1e-3), tmp_path)
    fit(tiny(), TRAIN, VAL, replace(plain, learning_rate=1e-3), tmp_path)


def test_what_is_refused_deletes_nothing(tmp_path):
    fit(tiny(), TRAIN, VAL, SHORT, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.safetensors")}
    unfit = replace(SHORT)
    object.__setattr__(unfit, "augment", "foo")
    with pytest.raises(ValueError, match="augment='foo'"):
        fit(tiny(), TRAIN, VAL, unfit, tmp_path, resume=False)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.safetensors")} == before


def test_best_weights_without_the_state_are_not_thrown_away_by_another_run(tmp_path):
    fit(tiny(), TRAIN, VAL, SHORT, tmp_path)
    (tmp_path / "last.safetensors").unlink()
    with pytest.raises(ValueError, match=r"holds another run: train\.learning_rate"):
        fit(tiny(), TRAIN, VAL, replace(SHORT, learning_rate=0.5), tmp_path)
    assert (tmp_path / "best.safetensors").is_file()


class Killed:
    """What a kill at each epoch would leave: the step of the best weights, and the best that the state knows of."""

    def __init__(self, run_dir) -> None:
        self.run_dir, self.left = run_dir, []

    def on_epoch(self, row) -> None:
        best, last = (self.run_dir / name for name in ("best.safetensors", "last.safetensors"))
        known = read_tensors(last)[1]["progress"]["rows"] if last.exists() else []
        told = max(known, key=lambda each: each["val_JA"])["step"] if known else None
        self.left.append((read_tensors(best)[1]["info"]["step"] if best.exists() else None, told))


@pytest.mark.parametrize("every", [0, 0.05, 1e6])
def test_best_and_last_are_written_together(tmp_path, every):
    seen = Killed(tmp_path)
    fit(tiny(), TRAIN, VAL, replace(SHORT, steps=24), tmp_path, [seen], save_every_s=every)
    assert len(seen.left) == 8 and all(there == known for there, known in seen.left)
    assert seen.left[-1] == (None, None) or every < 1e6


def test_best_weights_outlive_an_error(tmp_path, monkeypatch):
    calls = []

    def watch(self, step, names, loss):
        calls.append(step)
        if step == 20:
            raise FloatingPointError("the loss became nan")

    monkeypatch.setattr("banet_edu.training.guards.FiniteGuard.watch", watch)
    with pytest.raises(FloatingPointError):
        fit(tiny(), TRAIN, VAL, replace(SHORT, steps=24), tmp_path, save_every_s=1e6)
    assert (tmp_path / "best.safetensors").is_file()


def test_run_directories_of_before_go_on(tmp_path):
    """They hold whole numbers as they were typed, and say nothing of frozen weights."""
    short = replace(SHORT, weight_decay=0.0)
    fit(tiny(), TRAIN, VAL, short, tmp_path)
    config = tmp_path / "config.json"
    held = json.loads(config.read_text())
    held["train"]["weight_decay"], held["train"]["loss"]["ce"] = 0, 1
    del held["frozen"]
    best = tmp_path / "best.safetensors"
    weights, meta = read_tensors(best)
    write_text(config, json.dumps(held), over=True)
    meta["info"]["run"] = checkpoint.run_id(held)
    write_tensors(best, weights, {"spec": meta["spec"], "info": meta["info"]})
    fit(tiny(), TRAIN, VAL, short, tmp_path)
    assert fit(tiny(), TRAIN, VAL, short, tmp_path).stopped == "steps"
