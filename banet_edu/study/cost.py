"""What a network costs: parameters, multiply-adds, and the time of a training step."""

from __future__ import annotations

import copy
import platform
import statistics
import time
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


class Cost(NamedTuple):
    """`parameters`: all of them. `gflops`: 1e9 operations (a multiplication and an addition are two) for one image.

    `step_s`: seconds of a forward and backward pass on a batch, this machine, None when not measured.
    """

    parameters: int
    gflops: float
    step_s: float | None


def cpu_computes_in_bf16() -> bool | None:
    """Whether this processor has instructions for bfloat16: a step then takes 0.57 to 0.80 of its time in fp32, elsewhere 7 to
    14 times as much (docs/gpu.md). None where torch cannot tell, or nothing was measured (ARM)."""
    if not hasattr(torch.cpu, "get_capabilities") or platform.machine().lower() not in ("x86_64", "amd64"):
        return None
    found = torch.cpu.get_capabilities()
    return any(found.get(name) for name in ("avx512_bf16", "amx_bf16"))


def cost(model: nn.Module, size: tuple[int, int], *, batch_size: int = 8, rounds: int = 3) -> Cost:
    """Measure `model` at an input of `size` = (h, w); `rounds=0` leaves the time out.

    The operations are those of convolutions and matrix products, counted by torch's own FlopCounterMode.

    >>> cost(nn.Conv2d(3, 2, 1, bias=False), (10, 10), rounds=0)
    Cost(parameters=6, gflops=1.2e-06, step_s=None)
    """
    model = copy.deepcopy(model).cpu().eval()  # a training step moves the running statistics
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, *size))
    parameters = sum(p.numel() for p in model.parameters())
    seconds = []
    model.train()
    for _ in range(rounds + 1 if rounds else 0):  # the first one warms up
        images = torch.randn(batch_size, 3, *size)
        began = time.perf_counter()
        output = model(images)
        parts = [output] if torch.is_tensor(output) else [output.logits, *output.side_masks, *output.side_edges]
        torch.stack([part.float().square().mean() for part in parts]).sum().backward()
        seconds.append(time.perf_counter() - began)
    return Cost(parameters, counter.get_total_flops() / 1e9, statistics.median(seconds[1:]) if rounds else None)
