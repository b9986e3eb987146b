"""One door to every network: `create_model`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from banet_edu.banet.network import BANet
from banet_edu.config import (
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
from banet_edu.networks import presets as tables
from banet_edu.networks.attention_unet import AttentionUNet
from banet_edu.networks.cenet import CENet
from banet_edu.networks.deeplabv3 import DeepLabV3
from banet_edu.networks.fcn import FCN
from banet_edu.networks.pretrained import load_imagenet
from banet_edu.networks.unet import UNet
from banet_edu.networks.unet_same_encoder import UNetSameEncoder
from banet_edu.networks.unetpp import UNetPlusPlus

_COUNTED = {"width", "base_width", "encoder_width", "channels", "context_channels"}  # arguments that are above 0

# name -> (class, default arguments of each preset)
_MODELS: dict[str, tuple[Callable[..., nn.Module], dict[str, dict[str, Any]]]] = {
    "banet": (BANet, tables.BANET),
    "unet": (UNet, tables.BASE),
    "unet_same_encoder": (UNetSameEncoder, tables.CONTROL),
    "fcn": (FCN, tables.FCN),
    "deeplabv3": (DeepLabV3, tables.DEEPLAB),
    "cenet": (CENet, tables.CENET),
    "attention_unet": (AttentionUNet, tables.BASE),
    "unetpp": (UNetPlusPlus, tables.BASE),
}

# those that take volumes, another norm and other channels than RGB: name -> default arguments of each preset for volumes
_VOLUMES = {"banet": tables.VOLUME_BANET, "unet": tables.VOLUME_BASE, "unet_same_encoder": tables.VOLUME_CONTROL}


def model_names() -> list[str]:
    """The names `create_model` knows."""
    return list(_MODELS)


def _check_name(name: str) -> None:
    if name not in _MODELS:
        raise ValueError(f"unknown model {name!r}; known: {', '.join(_MODELS)}")


def has_encoder(name: str) -> bool:
    """Whether the network stands on a ResNet, which ImageNet weights exist for. ValueError for an unknown name."""
    _check_name(name)
    return "encoder" in _MODELS[name][1]["paper"]


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
            twice as fine; the others are as in lite) or paper (the study's).
        num_classes: K, background included.
        pretrained: True for public ImageNet weights of the encoder, or the path of a `.safetensors` file.
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
            cff, align_corners`.

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
    if preset not in PRESETS:
        raise ValueError(f"unknown preset {preset!r}; known: {', '.join(PRESETS)}")
    norm = norm or ("batch" if dims == 2 else "instance")
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
    rgb = (dims, in_channels) == (2, 3)
    spec = ModelSpec(
        name=name,
        preset=preset,
        num_classes=num_classes,
        overrides=dict(overrides),
        input_size=check_size(size, dims=dims),
        mean=IMAGENET_MEAN if rgb else (),
        std=IMAGENET_STD if rgb else (),
        class_names=check_classes(num_classes, class_names),
        dims=dims,
        norm=norm,
        in_channels=in_channels,
    )
    model: Any = build(spec, **arguments)
    if pretrained is not False:
        if "encoder" not in arguments:
            raise ValueError(f"{name} has no ResNet encoder that ImageNet weights would fit; use pretrained=False")
        if not rgb:
            raise ValueError("ImageNet weights are of RGB images; use pretrained=False, or dims=2 and in_channels=3")
        model.initial_weights = load_imagenet(model.encoder, arguments["encoder"], pretrained)
    return model


def build_from_spec(spec: ModelSpec, weights: Mapping[str, Tensor], *, ours: bool = False) -> nn.Module:
    """The network a checkpoint describes, with its weights. ValueError where these are not of such a network, before memory
    is taken for what is described; one of `ours`, known by its SHA-256, need not be looked at first (half a second)."""
    if not ours:
        _check_shapes(spec, weights)
    model = _described(spec)
    model.load_state_dict(dict(weights))
    return model


def _check_shapes(spec: ModelSpec, weights: Mapping[str, Tensor]) -> None:
    with torch.device("meta"), _NoInitialValues():
        shapes = {name: value.shape for name, value in _described(spec).state_dict().items()}
    if odd := sorted(name for name in shapes.keys() ^ weights.keys() if name not in shapes or name not in weights):
        raise ValueError(f"{len(odd)} tensor(s) too many or too few, as {odd[0]}")
    if odd := sorted(name for name, shape in shapes.items() if weights[name].shape != shape):
        raise ValueError(
            f"{odd[0]} is {list(weights[odd[0]].shape)} there, {list(shapes[odd[0]])} in the network described"
        )


class _NoInitialValues(TorchFunctionMode):
    """Inside it no initial values are drawn: on the meta device that would import torch's compiler, a second of every load."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in ("normal_", "uniform_"):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def _described(spec: ModelSpec) -> nn.Module:
    _check_name(spec.name)
    presets = _MODELS[spec.name][1]  # those for volumes have the same arguments
    if unknown := sorted(set(spec.overrides) - set(presets.get(spec.preset, {}))):  # `pretrained` would look for files
        raise ValueError(f"{spec.name} has no argument {', '.join(unknown)}")
    model: Any = create_model(
        spec.name,
        spec.preset,
        spec.num_classes,
        dims=spec.dims,
        norm=spec.norm,
        in_channels=spec.in_channels,
        input_size=spec.input_size,
        class_names=spec.class_names,
        **spec.overrides,
    )
    model.spec = spec
    return model
