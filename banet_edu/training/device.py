"""Where a run computes and how it is shared among processes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import torch

from banet_edu.config import TrainConfig

if TYPE_CHECKING:
    from accelerate import Accelerator


def make_accelerator(config: TrainConfig) -> tuple[Accelerator, torch.device, bool]:
    """Hugging Face's Accelerator, the device to use, and whether to compute in bfloat16.

    One process chooses the device itself (CUDA, else MPS, else CPU, unless `config.device` names one). Several
    processes, started with `accelerate launch` or `torchrun`, get theirs from Accelerate.
    """
    from accelerate import Accelerator

    processes = int(os.environ.get("WORLD_SIZE", "1"))
    device = choose_device(config.device)
    # Accelerate has to be told of several processes without CUDA, or each would believe to be alone.
    # bfloat16 is switched on around the forward pass instead: Accelerate could set it once per Python process only.
    accelerator = Accelerator(cpu=processes > 1 and device.type != "cuda", mixed_precision="no")
    if accelerator.num_processes != processes:
        raise RuntimeError(
            f"{processes} processes were launched, but Accelerate sees {accelerator.num_processes}: "
            "start the script with `accelerate launch` or `torchrun`, and create no Accelerator before fit"
        )
    if processes > 1:
        device = accelerator.device
    return accelerator, device, use_bf16(config.precision, device)


def choose_device(name: str) -> torch.device:
    """The device called "cuda", "mps" or "cpu", or for "auto" the first of them that is there."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, there in available.items() if there)
    if name not in available:
        raise ValueError(f'device must be "auto", "cuda", "mps" or "cpu", not {name!r}')
    if not available[name]:
        raise ValueError(f'device "{name}" is not available on this computer; use device="auto"')
    return torch.device(name)


def use_bf16(precision: str, device: torch.device) -> bool:
    """ "auto": on CUDA devices that compute in bfloat16 themselves (Ampere and later); "bf16" and "fp32": as asked."""
    if precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    if precision not in ("bf16", "fp32"):
        raise ValueError(f'precision must be "auto", "fp32" or "bf16", not {precision!r}')
    return precision == "bf16"


def memory_format(device: torch.device) -> torch.memory_format:
    """Channels last, in which convolutions are faster on CPU and CUDA (measured: 370 instead of 450 ms a lite BA-Net step)."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last
