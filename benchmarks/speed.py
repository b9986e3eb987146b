"""Time and memory of BA-Net lite against both U-Nets, as ratios taken in one run.

    python benchmarks/speed.py [--rounds 15] [--batch-size 8] [--size 128] [--precision bf16]
    python benchmarks/speed.py --layouts      # inference with the channels of an image first and last in memory, in turns
    python benchmarks/speed.py --profile      # where a training step of BA-Net goes

On an otherwise idle machine leave OMP_WAIT_POLICY unset. With PASSIVE, which several runs side by side need, threads sleep
between operations, and BA-Net, made of many small ones, pays for the waking up (benchmarks/README.md has both).

A training step is what `fit` does on a CPU: fp32 or bf16, channels last, forward, whole loss, backward, fused AdamW. The
networks take turns round by round, so that a busy machine slows all of them alike; the median over rounds is printed.
Inference is of one image, and of as many together as `predict` takes from a folder. Peak memory is the largest resident size
of a process of its own that does three training steps in fp32, less what importing torch takes.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import torch
from torch.profiler import ProfilerActivity, profile

from banet_edu import create_model
from banet_edu.config import LossConfig, TrainConfig
from banet_edu.study.machine import machine_facts
from banet_edu.training.losses import segmentation_loss
from banet_edu.training.step import make_optimizer

NETWORKS = ("banet", "unet", "unet_same_encoder")
FOLDER = 8  # images that `predict` gives a network together


def training_step(name: str, batch_size: int, size: int, *, bf16: bool = False, **overrides: Any) -> Callable[[], None]:
    torch.manual_seed(0)
    model = create_model(name, **overrides).train().to(memory_format=torch.channels_last)
    optimizer = make_optimizer(model, TrainConfig())
    images = torch.randn(batch_size, 3, size, size).contiguous(memory_format=torch.channels_last)
    masks = torch.zeros(batch_size, size, size, dtype=torch.long)
    masks[:, size // 4 : size // 2, size // 4 : size // 2] = 1

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            output = model(images)
        loss, _ = segmentation_loss(output, masks, LossConfig())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def inference(name: str, size: int, images: int = 1, *, bf16: bool = False) -> Callable[[], None]:
    model = create_model(name).eval()
    image = torch.randn(images, 3, size, size)

    @torch.inference_mode()
    def run() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            model(image)

    return run


def channels_first(run: Callable[[], None]) -> Callable[[], None]:
    """`run` without what `check_input` does for the memory layout."""

    def bare() -> None:
        with (
            patch("banet_edu.banet.network.check_input", lambda x, *_: x),
            patch("banet_edu.networks.unet.check_input", lambda x, *_: x),
        ):
            run()

    return bare


def layouts(size: int, rounds: int, bf16: bool) -> None:
    for name in NETWORKS[:2]:
        for images in (1, 4, 8):
            run = inference(name, size, images, bf16=bf16)
            seconds = medians({"first": channels_first(run), "last": run}, rounds)
            first, last = seconds["first"], seconds["last"]
            print(f"{name}, {images} images: channels first {first:.4f} s, last {last:.4f} s, {last / first:.2f}")


def profiled(batch_size: int, size: int, bf16: bool, steps: int = 10) -> None:
    """Prints the kinds of operation that take most of a training step of BA-Net, as shares of all of them."""
    step = training_step("banet", batch_size, size, bf16=bf16)
    step()
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(steps):
            step()
    events = sorted(seen.key_averages(), key=lambda event: -event.self_cpu_time_total)
    whole = sum(event.self_cpu_time_total for event in events)
    for event in events[:15]:
        print(f"{event.self_cpu_time_total / whole:6.1%}  {event.key}, {event.count // steps} a step")


def medians(runs: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Seconds of each, the median over `rounds` after two rounds of warming up."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 2):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(values[2:]) for name, values in seconds.items()}


def peak_megabytes(name: str, batch_size: int, size: int) -> float:
    """Measured in a new process, since a peak never goes down again."""
    command = [sys.executable, __file__, "--peak-of", name, "--batch-size", str(batch_size), "--size", str(size)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def resident_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--peak-of", choices=NETWORKS, help=argparse.SUPPRESS)
    parser.add_argument("--layouts", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    given = parser.parse_args()
    if given.peak_of:
        before = resident_megabytes()
        step = training_step(given.peak_of, given.batch_size, given.size)
        for _ in range(3):
            step()
        print(resident_megabytes() - before)
        return

    print(machine_facts())
    bf16 = given.precision == "bf16"
    if given.layouts:
        layouts(given.size, given.rounds, bf16)
        return
    if given.profile:
        profiled(given.batch_size, given.size, bf16)
        return
    print(f"batch {given.batch_size}, {given.size} x {given.size}, {given.precision}, {given.rounds} rounds\n")
    # First, while this process is small: a child begins with the peak that its parent had when it started it.
    memory = {name: peak_megabytes(name, given.batch_size, given.size) for name in NETWORKS}
    step = medians({n: training_step(n, given.batch_size, given.size, bf16=bf16) for n in NETWORKS}, given.rounds)
    predict, folder = (
        medians({n: inference(n, given.size, images, bf16=bf16) for n in NETWORKS}, given.rounds)
        for images in (1, FOLDER)
    )
    parameters = {name: sum(p.numel() for p in create_model(name).parameters()) for name in NETWORKS}

    columns = ["parameters", "training step, s", "inference, one image, s", f"{FOLDER} images, s", "peak memory, MB"]
    print("| network (lite) | " + " | ".join(columns) + " |\n|---|---|---|---|---|---|")
    for name in NETWORKS:
        seconds = f"{step[name]:.3f} | {predict[name]:.4f} | {folder[name]:.4f}"
        print(f"| {name} | {parameters[name]:,} | {seconds} | {memory[name]:.0f} |")
    for other in NETWORKS[1:]:
        ratios = [seconds["banet"] / seconds[other] for seconds in (step, predict, folder, memory)]
        print(
            f"| banet / {other} | {parameters['banet'] / parameters[other]:.2f} | "
            + " | ".join(f"{r:.2f}" for r in ratios)
            + " |"
        )


if __name__ == "__main__":
    main()
