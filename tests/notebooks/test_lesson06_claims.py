"""What the text of lesson 06 says holds for the losses, and for the runs recorded now."""

from __future__ import annotations

import numpy as np
import torch

from banet_edu import create_model, load_samples
from banet_edu.config import LossConfig
from banet_edu.course.lesson06.recorded_runs import unnamed_runs
from banet_edu.course.lesson06.toy_disc import loss_parts
from banet_edu.data.tensors import prepare
from banet_edu.study.recorded import read_recorded, recorded_facts
from banet_edu.training.history import History
from banet_edu.training.losses import segmentation_loss


def test_edge_loss_feels_a_shift_of_a_large_disc_most_and_dice_least():
    small, large = (loss_parts(radius, 4, 1.0) for radius in (10, 40))
    terms = ("cross entropy", "dice", "edge cross entropy")
    assert max(terms, key=large.__getitem__) == "edge cross entropy" and max(terms, key=small.__getitem__) == "dice"
    assert min(terms, key=large.__getitem__) == "dice"
    assert round(large["dice"], 2) == 0.07 and round(large["edge cross entropy"], 2) == 0.17
    # both cross entropies grow by the same factor, and the boundary's is twice as large
    for name in ("cross entropy", "edge cross entropy"):
        assert round(large[name] / small[name], 1) == 4.0
    assert round(large["edge cross entropy"] / large["cross entropy"], 1) == 2.0
    assert small["ASSD (px)"] - large["ASSD (px)"] < 0.1


def test_without_the_edge_task_the_boundary_is_a_little_better_with_each_seed():
    without = read_recorded("phantom-ablation", "seeds").query("variant == 'no-edge-task' and metric == 'assd_mm'")
    assert len(without) == 3 and (without["difference"] < 0).all() and without["difference"].min() > -0.1


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
    shown = unnamed_runs()
    names = {"run A": "too-high", "run B": "overfit", "run C": "good", "run D": "too-low"}
    for letter, name in names.items():
        assert [row["loss"] for row in shown[letter].rows] == read_recorded("lesson06", name)["loss"].tolist()


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
    facts = recorded_facts("lesson06")
    assert facts["train_images"] == len(load_samples("dermoscopy", "train"))
    assert facts["training"]["too high"]["learning_rate"] == 0.3
