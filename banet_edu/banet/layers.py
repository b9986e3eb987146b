"""The few building bricks that several blocks share."""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Torch resizes a channels-last map channel by channel: with two class scores four times slower than plane by plane.
FEW = 4


def separable_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """Depthwise 3x3 -> batch norm -> pointwise 1x1, both convolutions without bias ([release])."""
    return nn.Sequential(
        OrderedDict(
            depthwise=nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False),
            norm=nn.BatchNorm2d(in_channels),
            pointwise=nn.Conv2d(in_channels, out_channels, 1, bias=False),
        )
    )


def resize(x: Tensor, size: tuple[int, int] | torch.Size, align_corners: bool = False) -> Tensor:
    """Bilinear resize of a B x C x h x w map to `size`; the map itself where it already has that size."""
    if x.shape[-2:] == torch.Size(size):
        return x
    if x.shape[1] <= FEW:
        x = x.contiguous()
    return F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=align_corners)


def check_input(x: Tensor, training: bool) -> None:
    """Stop early, in words, on what would fail deep inside a network.

    Raises ValueError unless `x` is a floating B x 3 x H x W batch with H, W >= 32; in training mode a batch of one
    needs 64 x 64, because batch norm cannot average over the single value that is left at stride 32.
    """
    got = f"got {tuple(x.shape)} of {x.dtype}"
    if x.ndim != 4 or x.shape[1] != 3:
        raise ValueError(f"expected a batch B x 3 x H x W, {got}; a single image needs image[None]")
    if not x.is_floating_point():
        raise ValueError(f"expected floating point values, {got}; banet_edu.data.tensors.prepare() makes them")
    height, width = x.shape[-2:]
    if min(height, width) < 32:
        raise ValueError(f"expected height and width of at least 32, {got}; resize or pad the image")
    if training and x.shape[0] == 1 and min(height, width) < 64:
        raise ValueError(f"training on one image at a time needs at least 64 x 64, {got}; use a batch of 2 or more")
