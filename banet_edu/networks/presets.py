"""The sizes each network comes in: preset -> its default arguments."""

from __future__ import annotations

from typing import Any

from banet_edu.banet.network import RELEASE_KERNELS
from banet_edu.config import BASE_WIDTH, PRESETS

_ENCODER: dict[str, dict[str, Any]] = {
    "nano": {"encoder": "resnet18", "encoder_width": 0.125, "output_stride": 16},
    "lite": {"encoder": "resnet18", "encoder_width": 0.5, "output_stride": 32},
    "fine": {"encoder": "resnet18", "encoder_width": 0.5, "output_stride": 32},
    "paper": {"encoder": "resnet50", "encoder_width": 1.0, "output_stride": 8},
}

# BA-Net and its control: the stride of the grid they answer on (4 in every source)
_GRID: dict[str, dict[str, Any]] = {preset: {"first_stride": 2 if preset == "fine" else 4} for preset in PRESETS}

_HEAD: dict[str, Any] = {
    "aspp_rates": (),
    "context_channels": 256,
    "pee": "difference",
    "pee_kernels": RELEASE_KERNELS,
    "pee_padding": "replicate",
    "interactive_attention": "release",
    "edge_task": True,
    "cff": True,
    "align_corners": False,
}

BANET: dict[str, dict[str, Any]] = {
    "nano": {**_ENCODER["nano"], **_GRID["nano"], **_HEAD, "width": 16},
    "lite": {**_ENCODER["lite"], **_GRID["lite"], **_HEAD, "width": 32},
    "fine": {**_ENCODER["fine"], **_GRID["fine"], **_HEAD, "width": 32},
    # the study's network with every [release] variant
    "paper": {
        **_ENCODER["paper"],
        **_GRID["paper"],
        **_HEAD,
        "width": 128,
        "aspp_rates": (6, 12, 18),
        "pee": "average",
        "pee_padding": "zero",
        "align_corners": True,
    },
}

CONTROL = {preset: {**arguments, **_GRID[preset]} for preset, arguments in _ENCODER.items()}

BASE: dict[str, dict[str, Any]] = {preset: {"base_width": BASE_WIDTH[preset]} for preset in PRESETS}

DEEPLAB: dict[str, dict[str, Any]] = {
    "nano": {**_ENCODER["nano"], "aspp_rates": (1, 2), "channels": 16},
    "lite": {**_ENCODER["lite"], "output_stride": 16, "aspp_rates": (1, 2, 3), "channels": 64},
    "fine": {**_ENCODER["fine"], "output_stride": 16, "aspp_rates": (1, 2, 3), "channels": 64},
    "paper": {**_ENCODER["paper"], "aspp_rates": (12, 24, 36), "channels": 256},  # its rates for stride 8
}

# Networks whose paper's encoder is not the dilated ResNet-50: three scales to add, or ResNet-34.
FCN = {**_ENCODER, "paper": {**_ENCODER["paper"], "output_stride": 32}}
CENET = {**_ENCODER, "paper": {"encoder": "resnet34", "encoder_width": 1.0, "output_stride": 32}}

# Volumes (SPEC section 6, ours): a hippocampus of 35 x 50 x 35 voxels leaves nothing to see beyond stride 16.
_VOLUME_GRID: dict[str, Any] = {"first_stride": 2, "output_stride": 16}

VOLUME_BANET: dict[str, dict[str, Any]] = {
    "nano": {**_ENCODER["nano"], **_HEAD, **_VOLUME_GRID, "width": 8},
    "lite": {**_ENCODER["lite"], **_HEAD, **_VOLUME_GRID, "encoder_width": 0.25, "width": 16},
}
VOLUME_CONTROL = {
    preset: {name: arguments[name] for name in CONTROL[preset]} for preset, arguments in VOLUME_BANET.items()
}
VOLUME_BASE: dict[str, dict[str, Any]] = {"nano": {"base_width": 4}, "lite": {"base_width": 8}}
