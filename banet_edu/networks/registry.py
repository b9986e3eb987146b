"""One door to every network: `create_model`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from banet_edu.banet.network import RELEASE_KERNELS, BANet
from banet_edu.config import (
    BASE_WIDTH,
    IMAGENET_MEAN,
    IMAGENET_STD,
    INPUT_SIZE,
    PRESETS,
    VOLUME_SIZE,
    ModelSpec,
    check_classes,
    check_input_kind,
    check_size,
)
from banet_edu.networks.adapter import SliceWise
from banet_edu.networks.attention_unet import AttentionUNet
from banet_edu.networks.cenet import CENet
from banet_edu.networks.deeplabv3 import DeepLabV3
from banet_edu.networks.fcn import FCN
from banet_edu.networks.pretrained import AT_RANDOM, check_resnet, load_imagenet
from banet_edu.networks.unet import UNet
from banet_edu.networks.unet_same_encoder import UNetSameEncoder
from banet_edu.networks.unetpp import UNetPlusPlus

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

_BANET: dict[str, dict[str, Any]] = {
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

_CONTROL = {preset: {**arguments, **_GRID[preset]} for preset, arguments in _ENCODER.items()}

_BASE: dict[str, dict[str, Any]] = {preset: {"base_width": BASE_WIDTH[preset]} for preset in PRESETS}
_UNET = {preset: {**arguments, "levels": 5} for preset, arguments in _BASE.items()}

_DEEPLAB: dict[str, dict[str, Any]] = {
    "nano": {**_ENCODER["nano"], "aspp_rates": (1, 2), "channels": 16},
    "lite": {**_ENCODER["lite"], "output_stride": 16, "aspp_rates": (1, 2, 3), "channels": 64},
    "fine": {**_ENCODER["fine"], "output_stride": 16, "aspp_rates": (1, 2, 3), "channels": 64},
    "paper": {**_ENCODER["paper"], "aspp_rates": (12, 24, 36), "channels": 256},  # its rates for stride 8
}

# Networks whose paper's encoder is not the dilated ResNet-50: three scales to add, or ResNet-34.
_FCN = {**_ENCODER, "paper": {**_ENCODER["paper"], "output_stride": 32}}
_CENET = {**_ENCODER, "paper": {"encoder": "resnet34", "encoder_width": 1.0, "output_stride": 32}}

# Volumes (SPEC section 6, ours): a hippocampus of 35 x 50 x 35 voxels leaves nothing to see beyond stride 16.
_VOLUME_GRID: dict[str, Any] = {"first_stride": 2, "output_stride": 16}

_VOLUME_BANET: dict[str, dict[str, Any]] = {
    "nano": {**_ENCODER["nano"], **_HEAD, **_VOLUME_GRID, "width": 8},
    "lite": {**_ENCODER["lite"], **_HEAD, **_VOLUME_GRID, "encoder_width": 0.125, "width": 16},
}
_VOLUME_CONTROL = {
    preset: {name: arguments[name] for name in _CONTROL[preset]} for preset, arguments in _VOLUME_BANET.items()
}
_VOLUME_UNET: dict[str, dict[str, Any]] = {
    "nano": {"base_width": 4, "levels": 4},
    "lite": {"base_width": 12, "levels": 4},
}

_COUNTED = {"width", "base_width", "encoder_width", "channels", "context_channels"}  # arguments that are above 0

# name -> (class, default arguments of each preset)
_MODELS: dict[str, tuple[Callable[..., nn.Module], dict[str, dict[str, Any]]]] = {
    "banet": (BANet, _BANET),
    "unet": (UNet, _UNET),
    "unet_same_encoder": (UNetSameEncoder, _CONTROL),
    "fcn": (FCN, _FCN),
    "deeplabv3": (DeepLabV3, _DEEPLAB),
    "cenet": (CENet, _CENET),
    "attention_unet": (AttentionUNet, _BASE),
    "unetpp": (UNetPlusPlus, _BASE),
}

# those that take volumes, another norm and other channels than RGB: name -> default arguments of each preset for volumes
_VOLUMES = {
    name: {preset: {**arguments, "slicewise": False} for preset, arguments in presets.items()}
    for name, presets in (("banet", _VOLUME_BANET), ("unet", _VOLUME_UNET), ("unet_same_encoder", _VOLUME_CONTROL))
}


def model_names() -> list[str]:
    """The names `create_model` knows."""
    return list(_MODELS)


def _check_name(name: str) -> None:
    if name not in _MODELS:
        raise ValueError(f"unknown model {name!r}; known: {', '.join(_MODELS)}")


def _check_preset(preset: str) -> None:
    if preset not in PRESETS:
        raise ValueError(f"unknown preset {preset!r}; known: {', '.join(PRESETS)}")


def has_encoder(name: str) -> bool:
    """Whether the network stands on a ResNet, which ImageNet weights exist for. ValueError for an unknown name."""
    _check_name(name)
    return "encoder" in _MODELS[name][1]["paper"]


def encoder_of(name: str, preset: str) -> tuple[str, float] | None:
    """The ResNet that the network of images stands on, and its width (1 is full); None for one without."""
    _check_name(name)
    _check_preset(preset)
    arguments = _MODELS[name][1][preset]
    return (arguments["encoder"], arguments["encoder_width"]) if "encoder" in arguments else None


def arguments_of(name: str, preset: str, dims: int = 2) -> set[str]:
    """The overrides that `create_model` takes. ValueError for an unknown name."""
    _check_name(name)
    return set((_MODELS[name][1] if dims == 2 else _VOLUMES.get(name, {})).get(preset, {}))


def create_model(
    name: str,
    preset: str = "lite",
    num_classes: int = 2,
    *,
    pretrained: bool | str | Path = False,
    dims: int = 2,
    norm: str | None = None,
    in_channels: int | None = None,
    input_size: int | tuple[int, ...] | None = None,
    class_names: tuple[str, ...] | None = None,
    **overrides: Any,
) -> nn.Module:
    """Build a network, randomly initialised (seed torch first where that matters).

    Args:
        name: banet, unet, unet_same_encoder, fcn, deeplabv3, cenet, attention_unet or unetpp.
        preset: nano (tests, slides), lite (minutes on 2 cores), fine (lite, but BA-Net and unet_same_encoder answer on a grid
            twice as fine, in three times the time; the others are as in lite) or paper (the study's).
        num_classes: K, background included.
        pretrained: True for public ImageNet weights of the encoder, or the path of such a file (`resnet50-0676ba61.pth`,
            `.safetensors`) or of a folder with them (`networks.pretrained`).
        dims: 2 for images, 3 for volumes (SPEC section 6; banet, unet and unet_same_encoder in presets nano and lite, with
            `output_stride` 8 or 16).
        norm: "batch", or "instance" for small batches; by default batch for images, instance for volumes. Like
            `in_channels`, for the same three networks.
        in_channels: N of the input; by default 3 for images, 1 for volumes.
        input_size: height and width images are resized to before the network, or depth, height and width; the preset's
            by default.
        class_names: background first; ("background", "lesion") for two classes by default.
        **overrides: the preset's arguments to change; for banet `encoder, encoder_width, width, output_stride,
            first_stride, aspp_rates, context_channels, pee, pee_kernels, pee_padding, interactive_attention, edge_task,
            cff, align_corners`, for unet `base_width, levels`; for volumes also `slicewise=True`, the same network of
            images run slice by slice (`SliceWise`; with batch norm where none is named).

    Returns:
        A module with a `spec` (ModelSpec), and `initial_weights` that say which file they came from where one was asked
        for. Eval mode: logits B x K x H x W. Training mode: BA-Net gives a `BANetOutput`.

    Raises:
        ValueError: an unknown name, preset or override, or a value out of its range.

    >>> import torch
    >>> model = create_model("banet", preset="nano", interactive_attention=False).eval()
    >>> model(torch.zeros(1, 3, 64, 64)).shape
    torch.Size([1, 2, 64, 64])
    >>> create_model("banet", preset="nano", dims=3).eval()(torch.zeros(1, 1, 35, 50, 35)).shape
    torch.Size([1, 2, 35, 50, 35])
    """
    _check_name(name)
    _check_preset(preset)
    norm = norm or ("batch" if dims == 2 or overrides.get("slicewise") else "instance")
    in_channels = in_channels if in_channels is not None else (3 if dims == 2 else 1)
    check_input_kind(dims, norm, in_channels)
    if (dims, norm, in_channels) != (2, "batch", 3) and name not in _VOLUMES:
        raise ValueError(
            f"{name} takes RGB images and has batch norm; volumes (dims=3), norm and in_channels are for {', '.join(_VOLUMES)}"
        )
    build, presets = _MODELS[name][0], _MODELS[name][1] if dims == 2 else _VOLUMES[name]
    if preset not in presets:
        raise ValueError(f"preset {preset!r} is for images; volumes have {', '.join(presets)}")
    defaults = presets[preset]
    if unknown := sorted(set(overrides) - set(defaults)):
        raise ValueError(f"{name} has no argument {', '.join(unknown)}; it takes {', '.join(sorted(defaults))}")
    size = (INPUT_SIZE if dims == 2 else VOLUME_SIZE)[preset] if input_size is None else input_size
    arguments = {**defaults, **overrides}
    for argument in _COUNTED & set(arguments):
        if not arguments[argument] > 0:
            raise ValueError(f"{argument} is a number above 0, got {arguments[argument]}")
    if dims == 3 and arguments.get("output_stride", 16) > 16:
        raise ValueError(f"output_stride is 8 or 16 for volumes, got {arguments['output_stride']}")
    sides = check_size(size, dims=dims)
    if norm == "instance" and (dims == 2 or arguments.get("slicewise")) and min(sides[-2:]) < 64:
        raise ValueError(f"instance norm of images needs at least 64 x 64, and input_size is {sides}; take batch norm")
    rgb = (dims, in_channels) == (2, 3)
    spec = ModelSpec(
        name=name,
        preset=preset,
        num_classes=num_classes,
        overrides=dict(overrides),
        input_size=sides,
        mean=IMAGENET_MEAN if rgb else (),
        std=IMAGENET_STD if rgb else (),
        class_names=check_classes(num_classes, class_names),
        dims=dims,
        norm=norm,
        in_channels=in_channels,
    )
    model: Any = SliceWise(spec, build, arguments) if arguments.pop("slicewise", False) else build(spec, **arguments)
    if pretrained is not False:
        check_resnet(name, "encoder" in arguments)
        if not rgb:
            raise ValueError(
                f"ImageNet weights are of RGB images; start at random {AT_RANDOM}, or take dims=2 and in_channels=3"
            )
        model.initial_weights = load_imagenet(model.encoder, arguments["encoder"], pretrained)
    return model
