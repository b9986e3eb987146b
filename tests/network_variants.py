"""Every variant of the networks that the inside tests go through, small enough to run them all."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from banet_edu import create_model

#: name -> (network, arguments of `create_model`)
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "default": ("banet", {}),
    "average": ("banet", {"pee": "average"}),
    "no pee": ("banet", {"pee": False}),
    "three kernels": ("banet", {"pee_kernels": (3, 5, 7)}),
    "zero padding": ("banet", {"pee_padding": "zero"}),
    "blog attention": ("banet", {"interactive_attention": "blog"}),
    "no attention": ("banet", {"interactive_attention": False}),
    "no edge task": ("banet", {"edge_task": False}),
    "no cff": ("banet", {"cff": False}),
    "context": ("banet", {"aspp_rates": (1, 2, 3), "context_channels": 8}),
    "context without cff": ("banet", {"aspp_rates": (1, 2), "context_channels": 8, "cff": False}),
    "corners aligned, stride 8": ("banet", {"align_corners": True, "output_stride": 8}),
    "three classes, stride 32": ("banet", {"num_classes": 3, "output_stride": 32}),
    "first stride 2": ("banet", {"first_stride": 2}),
    "unet": ("unet", {}),
    "unet, same encoder": ("unet_same_encoder", {}),
    "unet, same encoder, stride 8": ("unet_same_encoder", {"output_stride": 8}),
    "unet, same encoder, first stride 1": ("unet_same_encoder", {"first_stride": 1}),
}


def build(variant: str) -> Any:
    """The network in eval mode, with weights that are the same each time."""
    name, arguments = VARIANTS[variant]
    torch.manual_seed(0)
    model = create_model(name, preset="nano", **arguments).eval()
    for module in model.modules():  # statistics as after some training: no signal is 0 by chance
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.8, 1.2)
            nn.init.normal_(module.bias, 0.0, 0.3)
    return model


def picture(seed: int = 1, size: tuple[int, int] = (48, 64)) -> Tensor:
    """A prepared input, 1 x 3 x H x W."""
    return torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(seed))
