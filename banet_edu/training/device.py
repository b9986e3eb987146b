"""Where a run computes and how it is shared among processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from banet_edu.config import TrainConfig

if TYPE_CHECKING:
    from accelerate import Accelerator


def make_accelerator(config: TrainConfig, dims: int = 2) -> tuple[Accelerator, torch.device, bool]:
    """Hugging Face's Accelerator, the device to use, and whether to compute in bfloat16.

    One process chooses the device itself (CUDA, else MPS, else CPU, unless `config.device` names one). Several
    processes, started with `accelerate launch` or `torchrun`, get theirs from Accelerate.
    """
    from accelerate import Accelerator

    processes = int(os.environ.get("WORLD_SIZE", "1"))
    device = choose_device(config.device, dims)
    # Accelerate has to be told of several processes without CUDA, or each would believe to be alone.
    # bfloat16 is switched on around the forward pass instead: Accelerate could set it once per Python process only.
    try:
        accelerator = Accelerator(cpu=processes > 1 and device.type != "cuda", mixed_precision="no")
    except ValueError as error:  # it keeps one state for the whole process
        raise RuntimeError(
            "an Accelerator was created earlier in this process with other settings, and Accelerate keeps the first for good: "
            "restart the kernel (or the program) and create none before fit; precision and device go into TrainConfig"
        ) from error
    if accelerator.num_processes != processes:
        raise RuntimeError(
            f"{processes} processes were launched, but Accelerate sees {accelerator.num_processes}: "
            "start the script with `accelerate launch` or `torchrun`, and create no Accelerator before fit"
        )
    if processes > 1:
        device = accelerator.device
    return accelerator, device, use_bf16(config.precision, device)


def choose_device(name: str, dims: int = 2) -> torch.device:
    """The device called "cuda", "mps" or "cpu", or for "auto" the first of them that is there; of volumes (`dims` 3) not
    "mps", which knows some of their operations since torch 2.8 only."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, there in available.items() if there and (dims == 2 or kind != "mps"))
    if name not in available:
        raise ValueError(f'device must be "auto", "cuda", "mps" or "cpu", not {name!r}')
    if not available[name]:
        raise ValueError(f'device "{name}" is not available on this computer; use device="auto" (--device auto)')
    return torch.device(name)


def use_bf16(precision: str, device: torch.device) -> bool:
    """ "auto": on CUDA devices that compute in bfloat16 themselves (Ampere and later); "bf16" and "fp32": as asked."""
    if precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    if precision not in ("bf16", "fp32"):
        raise ValueError(f'precision must be "auto", "fp32" or "bf16", not {precision!r}')
    return precision == "bf16"


def use_cuda_graph(asked: str, device: torch.device, processes: int) -> bool:
    """ "auto": on CUDA with one process; "on": there only, a ValueError elsewhere."""
    if asked not in ("auto", "on", "off"):
        raise ValueError(f'cuda_graph must be "auto", "on" or "off", not {asked!r}')
    possible = device.type == "cuda" and processes == 1
    if asked == "on" and not possible:
        raise ValueError(
            f'cuda_graph="on" (--cuda-graph) needs one process on CUDA, not {processes} on {device.type}: use "auto" or "off"'
        )
    return asked != "off" and possible


def loader_workers(asked: Any, device: torch.device, processes: int = 1) -> int:
    """How many processes read ahead. "auto": none for a CPU, which they would only take time from; for a GPU up to 8, but
    one core of each process's share of the machine (on 16 cores 4 workers read 3000 images/s of 128 x 128, 12 no more)."""
    if asked == "auto":
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        here = int(os.environ.get("LOCAL_WORLD_SIZE", processes))  # of the processes, those on this machine
        return max(0, min(8, cores // here - 1)) if device.type == "cuda" else 0
    if not isinstance(asked, Integral) or int(asked) < 0:
        raise ValueError(f'num_workers is "auto" or a whole number from 0 on, not {asked!r}')
    return int(asked)


@contextmanager
def tensor_float(device: torch.device) -> Iterator[None]:
    """Lets CUDA compute fp32 products in TF32 inside the block, as torch does convolutions: 10 bits of mantissa, fp32's range.

    Who has switched it off by torch 2.9's `torch.backends.cuda.matmul.fp32_precision = "ieee"` keeps it so.
    """
    products: Any = torch.backends.cuda.matmul
    name, value = ("fp32_precision", "tf32") if hasattr(products, "fp32_precision") else ("allow_tf32", True)
    before = getattr(products, name)
    if device.type == "cuda" and before != "ieee":
        setattr(products, name, value)
    try:
        yield
    finally:
        setattr(products, name, before)


def place(model: nn.Module, device: torch.device) -> None:
    """Move `model` to the device, each weight in the layout for its rank: networks of volumes may convolve images too."""
    model.to(device)
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.ndim in (4, 5):
            tensor.data = tensor.data.contiguous(memory_format=memory_format(device, tensor.ndim - 2))


def memory_format(device: torch.device, dims: int = 2) -> torch.memory_format:
    """Channels last, in which convolutions are faster on CPU and CUDA (measured: 370 instead of 450 ms a lite BA-Net step)."""
    if device.type == "mps":
        return torch.contiguous_format
    return torch.channels_last if dims == 2 else torch.channels_last_3d
