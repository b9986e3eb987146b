"""The machine that a figure comes from."""

from __future__ import annotations

import os
import platform
from typing import Any

import torch

from banet_edu.config import __version__


def machine_facts() -> dict[str, Any]:
    """What a figure depends on: system, cores, threads, instructions of the processor (which change the last digits of
    a sum, and with them a training), GPU, versions."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "banet_edu": __version__,
    }
