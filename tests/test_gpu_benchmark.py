"""benchmarks/gpu.py where no GPU is: what it measures runs, with stand-ins for the calls that need CUDA."""

from __future__ import annotations

import sys
import warnings

import pytest
import torch
from benchmark_scripts import benchmark

from banet_edu import create_model, make_phantom
from banet_edu.data.prepared import Prepared
from banet_edu.training.step import TrainingStep

CPU = torch.device("cpu")


@pytest.fixture
def gpu(monkeypatch):
    script = benchmark("gpu")
    for name in ("synchronize", "empty_cache", "reset_peak_memory_stats"):
        monkeypatch.setattr(torch.cuda, name, lambda: None)
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda: 2_000_000_000)
    monkeypatch.setattr(script, "set_tf32", lambda on: None)
    monkeypatch.setattr(script, "STEPS", 34)
    monkeypatch.setitem(script.AIM_MS, "nano", 1e9)
    return script


@pytest.fixture
def painted():
    samples = [make_phantom("dermoscopy", seed=seed) for seed in range(4)]
    return Prepared(samples * 80, 64), Prepared(samples, 64)


def test_without_a_gpu_it_says_so_and_ends_well(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu.py"])
    benchmark("gpu").main()
    assert (
        capsys.readouterr().out == "No CUDA device here: nothing to measure. docs/gpu.md has the figures of an H100.\n"
    )


def test_steps_fit_the_loader_and_inference_are_timed(gpu, painted):
    step = gpu.step_took("unet", "nano", TrainingStep, bf16=False, tf32=False, device=CPU)
    assert step.ms > 0 and str(step).endswith("(2.0 GB)")
    took, waits = gpu.fit_took("unet", "nano", *painted, "off", CPU)
    assert took.ms > 0 and 0 < waits < 1
    assert gpu.loader_rate(painted[0], create_model("unet", "nano").spec, 0, CPU) > 0
    assert gpu.inference_ms("unet", "nano", CPU) > 0


@pytest.mark.parametrize(
    ("problem", "cell"),
    [
        (RuntimeError("CUDA error: out of memory"), "out of memory"),
        (torch.OutOfMemoryError("tried to allocate"), "out of memory"),
        ("no CUDA graph of this network's step: it waits", "not recorded (no CUDA graph of this network's step: it waits)"),
    ],
)  # fmt: skip
def test_a_network_that_cannot_be_measured_leaves_the_others_their_rows(gpu, painted, monkeypatch, problem, cell):
    def graph_fails(*arguments, **options):
        graph = gpu.GraphedStep in arguments or "on" in arguments
        if graph and isinstance(problem, str):
            warnings.warn(problem, stacklevel=1)
        elif graph:
            raise problem
        return gpu.Took(3.0, 2.0) if "bf16" in options else (gpu.Took(3.0, 2.0), 0.0)

    monkeypatch.setattr(gpu, "step_took", graph_fails)
    monkeypatch.setattr(gpu, "fit_took", graph_fails)
    assert gpu.row("banet", "nano", *painted, CPU) == ["banet nano", *["3.0 (2.0 GB)"] * 3, *[cell] * 5]


def test_an_error_of_another_kind_is_not_hidden(gpu, painted, monkeypatch):
    def breaks(*arguments, **options):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(gpu, "step_took", breaks)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        gpu.row("banet", "nano", *painted, CPU)


def test_a_row_says_whether_the_aims_are_reached(gpu, painted, monkeypatch):
    monkeypatch.setattr(gpu, "step_took", lambda *_, **__: gpu.Took(10.0, 1.0))
    monkeypatch.setattr(gpu, "fit_took", lambda *_: (gpu.Took(14.0, 1.0), 0.02))
    *_, graph, times, waits = gpu.row("banet", "lite", *painted, CPU)
    assert graph == "14.0 (1.0 GB) (aim 8: NOT reached)"
    assert times == "1.40 (aim 1.3: NOT reached)" and waits == "2% (aim 0: NOT reached)"
