"""What surrounds a CUDA graph, on any machine; the graph itself in tests/test_devices.py, where there is a GPU."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch
from accelerate import Accelerator
from training_helpers import CONFIG, SIZE, discs, tiny

from banet_edu.data.prepared import Prepared
from banet_edu.training import cuda_graph
from banet_edu.training.cuda_graph import GraphedForward, GraphedStep
from banet_edu.training.loop import fit
from banet_edu.training.step import Forward, TrainingStep, make_optimizer, set_learning_rate
from banet_edu.training.validation import measure

CPU = torch.device("cpu")


class Recording:
    """Stands in for a graph: `replay` runs what was recorded, on the very tensors it was recorded with."""

    def __init__(self, run):
        self.replay = run


@pytest.fixture
def recordings(monkeypatch):
    """Graphs without a GPU. Like CUDA's, a recording computes nothing."""
    made = []

    def record(run, trial, what):
        made.append(what)
        trial()
        return Recording(run)

    monkeypatch.setattr(cuda_graph, "record", record)
    monkeypatch.setattr(cuda_graph, "side_stream", nullcontext)
    monkeypatch.setattr(GraphedStep, "names", ["total", "ce", "dice", "seg1", "edge1"], raising=False)
    return made


def batches(count):
    generator = torch.Generator().manual_seed(0)
    for _ in range(count):
        images = torch.randn(4, 3, SIZE, SIZE, generator=generator)
        yield images, (images[:, 0] > 0.5).long()


def train(kind, count=9, network=None):
    model = tiny(plain=True).train()
    if network is not None:
        model.__class__ = network
    optimizer = make_optimizer(model, CONFIG)
    step = kind(model, optimizer, Accelerator(), CONFIG.loss, CPU, False)
    seen, parts = [], []
    for number, (images, masks) in enumerate(batches(count)):
        set_learning_rate(optimizer, 0.01 / (number + 1))
        parts.append(step(images, masks, seen.append))
    return model, seen, parts


class Replayed(GraphedStep):
    """The stand-in computes when it is replayed, so the values are there only then."""

    def __call__(self, images, masks, watch):
        if self.calls == self.EAGER:
            self.values = torch.zeros(5)
        return super().__call__(images, masks, watch)


def test_a_replayed_step_is_the_step(recordings):
    model, losses, parts = train(TrainingStep)
    replayed, seen, kept = train(Replayed)
    assert recordings == ["this network's step"]  # once, after the eager steps
    for one, two in zip(model.parameters(), replayed.parameters(), strict=True):
        assert torch.equal(one, two)
    assert [loss.item() for loss in losses] == [loss.item() for loss in seen]
    assert [{name: float(value) for name, value in row.items()} for row in parts] == [
        {name: float(value) for name, value in row.items()}
        for row in kept  # not overwritten by later replays
    ]


class Waits(type(tiny())):
    def forward(self, x):
        found = super().forward(x)
        if cuda_modes[-1] == "error":  # as CUDA answers a network that looks at its own values
            raise RuntimeError("called a synchronizing CUDA operation\nmore lines")
        return found


class BreaksOff(type(tiny())):
    def forward(self, x):
        if cuda_modes[-1] == "recording":
            raise RuntimeError("operation not permitted when stream is capturing\nmore lines")
        return super().forward(x)


cuda_modes = ["default"]


@pytest.fixture
def told(monkeypatch):
    """CUDA's calls around a recording, told to a list instead of a GPU."""
    told = []
    cuda_modes[:] = ["default"]

    class Graph:
        def __init__(self, graph, capture_error_mode):
            told.append("recording")

        def __enter__(self):
            cuda_modes.append("recording")

        def __exit__(self, *error):
            cuda_modes.append("default")
            raise RuntimeError("operation failed due to a previous error during capture")

    class Numbers:
        def clone_state(self):
            return "as before"

        def graphsafe_set_state(self, state):
            told.append(f"random numbers {state}")

    def set_mode(mode):
        if len(cuda_modes) == 1:  # once in a process
            warnings.warn("Synchronization debug mode is a prototype feature", stacklevel=2)
        cuda_modes.append(mode)

    for name, stand_in in {
        "synchronize": lambda: None,
        "CUDAGraph": object,
        "current_stream": lambda: "the stream",
        "set_stream": lambda stream: told.append(f"back on {stream}"),
        "current_device": lambda: 0,
        "default_generators": [Numbers()],
        "get_sync_debug_mode": lambda: cuda_modes[-1],
        "set_sync_debug_mode": set_mode,
        "graph": Graph,
    }.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    monkeypatch.setattr(cuda_graph, "side_stream", nullcontext)
    monkeypatch.setattr(cuda_graph, "_broken", [])
    return told


def equal(one, two):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))


def test_a_step_that_waits_for_the_gpu_is_not_even_begun_to_be_recorded(told):
    model, _, _ = train(TrainingStep)
    with pytest.warns(UserWarning) as said:
        eager, _, _ = train(GraphedStep, network=Waits)
    reason = "training goes on without one: called a synchronizing CUDA operation"
    assert [str(w.message) for w in said] == [f"no CUDA graph of this network's step, {reason}"]
    assert told == [] and cuda_modes[-1] == "default" and cuda_graph._broken == []
    assert equal(model, eager)  # what was tried left nothing behind, the running statistics included


def test_a_recording_that_breaks_off_is_cleared_away_and_the_last_one(told):
    model, _, _ = train(TrainingStep)
    with pytest.warns(UserWarning) as said:
        eager, _, _ = train(GraphedStep, network=BreaksOff)
        again, _, _ = train(GraphedStep)  # CUDA's allocator is not to be asked for another
    assert [str(w.message) for w in said] == [
        "no CUDA graph of this network's step, training goes on without one: operation not permitted when stream is capturing",
        "no CUDA graph of this network's step: an earlier recording in this process broke off",
    ]
    assert told == ["recording", "back on the stream", "random numbers as before"]
    assert len(cuda_graph._broken) == 1 and cuda_modes[-1] == "default"
    assert equal(model, eager) and equal(model, again)


def test_replayed_validation_measures_the_same_and_leaves_the_odd_batch_out(recordings):
    model, data = tiny(plain=True).eval(), Prepared(discs(9), SIZE)
    forward = GraphedForward(model, CPU, False)
    first = measure(model, data, range(5), 4, forward)  # a full batch and an odd one, which is not recorded
    assert (first, recordings) == (measure(model, data, range(5), 4, Forward(model, CPU, False)), [])
    expected = measure(model, data, range(9), 4, Forward(model, CPU, False))
    assert measure(model, data, range(9), 4, forward) == expected
    assert recordings == ["this network's validation"]
    with torch.no_grad():
        model.seg.bias[1] += 9  # trained on: the graph reads the weights where they lie
    assert measure(model, data, range(9), 4, forward) != expected
    assert measure(model, data, range(9), 4, forward) == measure(model, data, range(9), 4, Forward(model, CPU, False))


def test_the_rate_of_a_graph_lies_on_the_device():
    model = tiny()
    optimizer = make_optimizer(model, CONFIG, graphed=True)
    rate = optimizer.param_groups[0]["lr"]
    set_learning_rate(optimizer, 0.25)
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == 0.25
    assert optimizer.param_groups[0]["capturable"]


@pytest.mark.parametrize("change", [{"cuda_graph": "on", "device": "cpu"}, {"cuda_graph": "yes"}, {"num_workers": -1}])
def test_settings_that_cannot_be_are_refused_before_anything_is_written(tmp_path, change):
    with pytest.raises(ValueError, match=r"cuda_graph|num_workers"):
        fit(tiny(), discs(8), discs(2), replace(CONFIG, **change), tmp_path / "run")
    assert not (tmp_path / "run").exists()
