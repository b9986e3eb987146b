"""What surrounds a CUDA graph, on any machine; the graph itself in tests/test_devices.py, where there is a GPU."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch
from accelerate import Accelerator
from training_helpers import CONFIG, SIZE, discs, tiny

from banet_edu.data.prepared import Prepared
from banet_edu.training import cuda_graph
from banet_edu.training.cuda_graph import GraphedForward, GraphedStep
from banet_edu.training.device import loader_workers, tensor_float, use_cuda_graph
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

    def record(run, what):
        made.append(what)
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


def train(kind, count=9):
    model = tiny(plain=True).train()
    optimizer = make_optimizer(model, CONFIG)
    step = kind(model, optimizer, Accelerator(cpu=True), CONFIG.loss, CPU, False)
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


def test_a_step_that_cannot_be_recorded_goes_on_eagerly(monkeypatch):
    monkeypatch.setattr(cuda_graph, "side_stream", nullcontext)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", object)

    def refuse(graph, capture_error_mode):
        raise RuntimeError("operation not permitted when stream is capturing\nmore lines")

    monkeypatch.setattr(torch.cuda, "graph", refuse)
    model, _, _ = train(TrainingStep)
    with pytest.warns(
        UserWarning, match="no CUDA graph of this network's step, .*: operation not permitted .* capturing$"
    ) as said:
        eager, _, _ = train(GraphedStep)
    assert len(said) == 1
    for one, two in zip(model.parameters(), eager.parameters(), strict=True):
        assert torch.equal(one, two)


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


def test_where_a_graph_is_used():
    cuda = torch.device("cuda")
    assert [use_cuda_graph(asked, cuda, 1) for asked in ("auto", "on", "off")] == [True, True, False]
    assert not use_cuda_graph("auto", cuda, 2)
    assert not use_cuda_graph("auto", CPU, 1)
    with pytest.raises(ValueError, match=r'needs one process on a CUDA device; here are 1 on cpu: use "auto"'):
        use_cuda_graph("on", CPU, 1)
    with pytest.raises(ValueError, match='"auto", "on" or "off", not \'yes\''):
        use_cuda_graph("yes", CPU, 1)


def test_workers_are_chosen_for_the_machine(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(16)), raising=False)
    assert loader_workers("auto", CPU) == 0
    assert loader_workers("auto", torch.device("cuda")) == 8
    assert loader_workers("auto", torch.device("cuda"), 4) == 3
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")  # four processes on two machines: two share these cores
    assert loader_workers("auto", torch.device("cuda"), 4) == 7
    monkeypatch.delenv("LOCAL_WORLD_SIZE")
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0}, raising=False)
    assert loader_workers("auto", torch.device("cuda")) == 0
    assert loader_workers(5, CPU) == 5
    for wrong in ("many", -1, 1.5):
        with pytest.raises(ValueError, match='"auto" or a whole number from 0 on'):
            loader_workers(wrong, CPU)


@pytest.mark.parametrize("change", [{"cuda_graph": "on", "device": "cpu"}, {"cuda_graph": "yes"}, {"num_workers": -1}])
def test_settings_that_cannot_be_are_refused_before_anything_is_written(tmp_path, change):
    with pytest.raises(ValueError, match=r"cuda_graph|num_workers"):
        fit(tiny(), discs(8), discs(2), replace(CONFIG, **change), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_tf32_is_for_the_block_and_the_users_switches_come_back():
    def switches():
        return torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32

    before = switches()
    with tensor_float(torch.device("cuda")):
        assert switches() == (True, True)
    assert switches() == before
    with tensor_float(CPU):
        assert switches() == before
    torch.backends.cudnn.allow_tf32 = False
    try:
        with tensor_float(torch.device("cuda")):
            assert switches() == (True, True)
        assert switches() == (False, before[1])
    finally:
        torch.backends.cudnn.allow_tf32 = before[0]
