"""One door to every network: `create_model`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from banet_edu.banet.network import RELEASE_KERNELS, BANet
from banet_edu.config import BASE_WIDTH, INPUT_SIZE, PRESETS, ModelSpec, check_classes, check_size
from banet_edu.networks.attention_unet import AttentionUNet
from banet_edu.networks.cenet import CENet
from banet_edu.networks.deeplabv3 import DeepLabV3
from banet_edu.networks.fcn import FCN
from banet_edu.networks.pretrained import load_imagenet
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

_DEEPLAB: dict[str, dict[str, Any]] = {
    "nano": {**_ENCODER["nano"], "aspp_rates": (1, 2), "channels": 16},
    "lite": {**_ENCODER["lite"], "output_stride": 16, "aspp_rates": (1, 2, 3), "channels": 64},
    "fine": {**_ENCODER["fine"], "output_stride": 16, "aspp_rates": (1, 2, 3), "channels": 64},
    "paper": {**_ENCODER["paper"], "aspp_rates": (12, 24, 36), "channels": 256},  # its rates for stride 8
}

# Networks whose paper's encoder is not the dilated ResNet-50: three scales to add, or ResNet-34.
_FCN = {**_ENCODER, "paper": {**_ENCODER["paper"], "output_stride": 32}}
_CENET = {**_ENCODER, "paper": {"encoder": "resnet34", "encoder_width": 1.0, "output_stride": 32}}

_COUNTED = {"width", "base_width", "encoder_width", "channels", "context_channels"}  # arguments that are above 0

# name -> (class, default arguments of each preset)
_MODELS: dict[str, tuple[Callable[..., nn.Module], dict[str, dict[str, Any]]]] = {
    "banet": (BANet, _BANET),
    "unet": (UNet, _BASE),
    "unet_same_encoder": (UNetSameEncoder, _CONTROL),
    "fcn": (FCN, _FCN),
    "deeplabv3": (DeepLabV3, _DEEPLAB),
    "cenet": (CENet, _CENET),
    "attention_unet": (AttentionUNet, _BASE),
    "unetpp": (UNetPlusPlus, _BASE),
}


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
    input_size: int | tuple[int, int] | None = None,
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
        input_size: height and width images are resized to before the network; the preset's by default.
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
    """
    _check_name(name)
    if preset not in PRESETS:
        raise ValueError(f"unknown preset {preset!r}; known: {', '.join(PRESETS)}")
    build, presets = _MODELS[name]
    defaults = presets[preset]
    if unknown := sorted(set(overrides) - set(defaults)):
        raise ValueError(f"{name} has no argument {', '.join(unknown)}; it takes {', '.join(sorted(defaults))}")
    size = INPUT_SIZE[preset] if input_size is None else input_size
    arguments = {**defaults, **overrides}
    for argument in _COUNTED & set(arguments):
        if not arguments[argument] > 0:
            raise ValueError(f"{argument} is a number above 0, got {arguments[argument]}")
    spec = ModelSpec(
        name=name,
        preset=preset,
        num_classes=num_classes,
        overrides=dict(overrides),
        input_size=check_size(size),
        class_names=check_classes(num_classes, class_names),
    )
    model: Any = build(spec, **arguments)
    if pretrained is not False:
        if "encoder" not in arguments:
            raise ValueError(f"{name} has no ResNet encoder that ImageNet weights would fit; use pretrained=False")
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
    presets = _MODELS[spec.name][1]
    if unknown := sorted(set(spec.overrides) - set(presets.get(spec.preset, {}))):  # `pretrained` would look for files
        raise ValueError(f"{spec.name} has no argument {', '.join(unknown)}")
    model: Any = create_model(
        spec.name,
        spec.preset,
        spec.num_classes,
        input_size=spec.input_size,
        class_names=spec.class_names,
        **spec.overrides,
    )
    model.spec = spec
    return model
