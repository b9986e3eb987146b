"""What a GPU changes: seconds of a training step, of `fit`, of the loader and of inference, and the memory they take.

    python benchmarks/gpu.py                # meant to take under 4 minutes; where there is no CUDA device it says so and ends

Batch 8. Steps on noise: eager in fp32, TF32 and bf16, and in bf16 as one bare CUDA graph (forward, loss, backward, AdamW; as
`fit` records it, its copies of the batch included), each with the memory that it took at most. `fit` on painted images, from
one step to the next within an epoch longer than what the workers load ahead; its loader, augmentation and checks are in,
validation is left out. "waits" is the share of that time in which the loader had no batch ready. The aims: BA-Net lite at most
8 ms a step in `fit`, paper at most 26, at most 1.3 times the bare graph, and no waiting. A network that does not fit the
memory of the GPU is said to, and so is one whose step cannot be recorded as a graph.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from statistics import median
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from torch import nn

from banet_edu import create_model, make_phantom, predict
from banet_edu.config import INPUT_SIZE, LossConfig, TrainConfig
from banet_edu.data.prepared import Prepared
from banet_edu.training import loop
from banet_edu.training.batches import BatchPlan, load_batches
from banet_edu.training.cuda_graph import GraphedStep
from banet_edu.training.loop import fit
from banet_edu.training.step import TrainingStep, make_optimizer

BATCH = 8
NETWORKS = ("banet", "unet", "unet_same_encoder")
AIM_MS = {"lite": 8.0, "paper": 26.0}
AIM_TIMES = 1.3  # the bare graph
IMAGES, STEPS, WORKERS = 1280, 150, (0, 4, 8, 12)  # one epoch is longer than the run: no worker starts again


class Took(NamedTuple):
    ms: float
    gb: float  # at most, of the GPU

    def __str__(self) -> str:
        return f"{self.ms:.1f} ({self.gb:.1f} GB)"


def set_tf32(on: bool) -> None:
    """For convolutions and products."""
    if hasattr(torch.backends.cuda.matmul, "fp32_precision"):  # torch 2.9 and later
        cudnn: Any = torch.backends.cudnn
        cudnn.conv.fp32_precision = torch.backends.cuda.matmul.fp32_precision = "tf32" if on else "ieee"
    else:
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = on


def step_took(
    name: str, preset: str, kind: type[TrainingStep], *, bf16: bool, tf32: bool, device: torch.device
) -> Took:
    """Milliseconds of a step, the median of 20 after 8."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    set_tf32(tf32)
    model: nn.Module = create_model(name, preset).to(device, memory_format=torch.channels_last).train()
    optimizer = make_optimizer(model, TrainConfig(), kind is GraphedStep)
    step = kind(model, optimizer, Accelerator(), LossConfig(), device, bf16)
    size = INPUT_SIZE[preset]
    images = torch.randn(BATCH, 3, size, size, device=device).to(memory_format=torch.channels_last)
    masks = (images[:, 0] > 0.5).long()
    times = []
    for _ in range(28):
        torch.cuda.synchronize()
        began = time.perf_counter()
        step(images, masks, lambda loss: None)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return Took(1000 * median(times[8:]), torch.cuda.max_memory_reserved() / 1e9)


class Clock:
    """Moments after each step, as a callback."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        self.ends: set[int] = set()

    def on_step(self, step: int, parts: object) -> None:
        self.moments.append(time.perf_counter())

    def on_epoch(self, row: dict[str, float]) -> None:
        self.ends.add(len(self.moments))

    def seconds(self, first: int = 30) -> list[float]:
        """Of each step that does not begin with a validation, after the first ones."""
        return [
            after - before
            for index, (before, after) in enumerate(zip(self.moments, self.moments[1:], strict=False), start=1)
            if index > first and index not in self.ends
        ]


@contextmanager
def waits_counted(waited: list[float]):
    """Within it `fit` notes how long it waited for each batch."""
    original: Callable = loop.load_batches

    def timed(*arguments):
        batches = iter(original(*arguments))
        while True:
            began = time.perf_counter()
            try:
                batch = next(batches)
            except StopIteration:
                return
            waited.append(time.perf_counter() - began)
            yield batch

    loop.load_batches = timed  # type: ignore[assignment]
    try:
        yield
    finally:
        loop.load_batches = original


def fit_took(
    name: str, preset: str, data: Prepared, val: Prepared, graph: str, device: torch.device
) -> tuple[Took, float]:
    """What a step within `fit` takes, and the share of it spent waiting for the loader."""
    clock, waited = Clock(), []
    set_tf32(True)  # as `fit` would; what `step_took` switched off it would leave so
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    config = TrainConfig(steps=STEPS, batch_size=BATCH, device=device.type, cuda_graph=graph)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder, waits_counted(waited):
        fit(create_model(name, preset), data, val, config, folder, [clock])
    seconds = clock.seconds()
    took = Took(1000 * sum(seconds) / len(seconds), torch.cuda.max_memory_reserved() / 1e9)
    return took, sum(waited[30:]) / len(waited[30:]) / (took.ms / 1000)


def loader_rate(data: Prepared, spec: object, workers: int, device: torch.device) -> float:
    """Images a second, the first 8 batches (the start of the workers) left out."""
    config = TrainConfig(steps=60, batch_size=BATCH)
    plan = BatchPlan(config, len(data), BATCH, 0, 0, 1)
    moments = [time.perf_counter() for _ in load_batches(data, spec, config, plan, device, workers)]  # type: ignore[arg-type]
    return BATCH * (len(moments) - 9) / (moments[-1] - moments[8])


def row(name: str, preset: str, data: Prepared, val: Prepared, device: torch.device) -> list[str]:
    """Cells of one network in the first table, as far as the memory goes."""
    cells, bare = [f"{name} {preset}"], None
    kinds = [
        (TrainingStep, False, False),
        (TrainingStep, False, True),
        (TrainingStep, True, True),
        (GraphedStep, True, True),
    ]
    for kind, bf16, tf32 in kinds:
        try:
            with refused_if_not_recorded():
                bare = step_took(name, preset, kind, bf16=bf16, tf32=tf32, device=device)
            cells.append(str(bare))
        except (RuntimeError, UserWarning) as error:
            bare = None
            cells.append(why_not(error))
    try:
        plain, _ = fit_took(name, preset, data, val, "off", device)
        with refused_if_not_recorded():
            graphed, waits = fit_took(name, preset, data, val, "on", device)
    except (RuntimeError, UserWarning) as error:
        return [*cells, *[why_not(error)] * 4]
    aimed = name == "banet"
    times = graphed.ms / bare.ms if bare else None
    cells += [str(plain), f"{graphed}{verdict(graphed.ms, AIM_MS[preset]) if aimed else ''}"]
    cells.append("–" if times is None else f"{times:.2f}{verdict(times, AIM_TIMES) if aimed else ''}")
    return [*cells, f"{waits:.0%}{verdict(round(waits, 2), 0) if aimed else ''}"]


@contextmanager
def refused_if_not_recorded():
    """Within it what training only warns of is an error: the table would show eager steps as those of a graph."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="no CUDA graph", category=UserWarning)
        yield


def why_not(error: Exception) -> str:
    """For a cell; what neither the memory nor the recording explains is raised. Out of memory need not be torch's own kind."""
    if isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower():
        return "out of memory"
    if isinstance(error, UserWarning):
        return f"not recorded ({error})"
    raise error


def verdict(value: float, aim: float) -> str:
    return f" (aim {aim:g}: {'reached' if value <= aim else 'NOT reached'})"


def inference_ms(name: str, preset: str, device: torch.device) -> float:
    model = create_model(name, preset).eval().to(device)
    sample = make_phantom("dermoscopy", seed=0)
    times = []
    for _ in range(15):
        began = time.perf_counter()
        predict(model, sample)
        times.append(time.perf_counter() - began)
    return 1000 * median(times[5:])


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    if not torch.cuda.is_available():
        print("No CUDA device here: nothing to measure. docs/gpu.md has the figures of an H100.")
        return
    device = torch.device("cuda")
    print(
        f"{torch.cuda.get_device_name()}, {os.cpu_count()} cores, torch {torch.__version__}, batch {BATCH}\n",
        flush=True,
    )

    columns = ["ms a step (memory)", "fp32", "TF32", "bf16", "bf16, bare graph", "`fit`, no graph", "`fit`, graph"]
    columns += ["of the bare graph", "waits"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    phantoms = [make_phantom("dermoscopy", seed=seed) for seed in range(64)]
    sizes = {preset: (INPUT_SIZE[preset],) * 2 for preset in AIM_MS}
    data = {preset: Prepared(phantoms * (IMAGES // len(phantoms)), size) for preset, size in sizes.items()}
    val = {preset: Prepared(phantoms[:BATCH], size) for preset, size in sizes.items()}
    for preset in AIM_MS:
        for name in NETWORKS:
            print("| " + " | ".join(row(name, preset, data[preset], val[preset], device)) + " |", flush=True)

    print(
        "\n| loader, images/s | " + " | ".join(f"{n} workers" for n in WORKERS) + " |\n|" + "---|" * (len(WORKERS) + 1)
    )
    for preset in AIM_MS:
        spec = create_model("banet", preset).spec
        rates = [loader_rate(data[preset], spec, workers, device) for workers in WORKERS]
        print(f"| {INPUT_SIZE[preset]} px | {' | '.join(f'{rate:.0f}' for rate in rates)} |", flush=True)

    print("\n| `predict`, ms an image | " + " | ".join(NETWORKS) + " |\n|---|---|---|---|")
    for preset in AIM_MS:
        print(
            f"| {preset} | {' | '.join(f'{inference_ms(name, preset, device):.1f}' for name in NETWORKS)} |", flush=True
        )


if __name__ == "__main__":
    main()
