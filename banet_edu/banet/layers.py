"""The few building bricks that several blocks share, for images and for volumes.

Blocks take their layers from a `Kit` and find the rest by the rank of what flows, so that one source serves both: shapes are
written for images, a volume has D in front of H x W (SPEC section 6).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from banet_edu.config import ModelSpec

# Torch resizes a channels-last map channel by channel: with two class scores four times slower than plane by plane.
FEW = 4

_LINEAR = {4: "bilinear", 5: "trilinear"}  # by rank
_VOLUME = ("volume", "D x H x W", "depth, height and width")


class PooledBatchNorm(nn.BatchNorm2d):
    """Batch norm after global pooling: with one image there is one value per channel and no variance to divide by, so
    a training step on a single image uses the running statistics here (the release crashes)."""

    def _check_input_dim(self, x: Tensor) -> None:
        """Any rank."""

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.shape[0] == 1:
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps)
        return super().forward(x)


class Kit(NamedTuple):
    """The layers a network is built of; `kit_of(spec)` gives those for volumes, or with another norm."""

    conv: type[nn.Conv2d] | type[nn.Conv3d] = nn.Conv2d
    conv_transpose: Callable[..., nn.Module] = nn.ConvTranspose2d
    max_pool: Callable[..., nn.Module] = nn.MaxPool2d
    global_mean: Callable[..., nn.Module] = nn.AdaptiveAvgPool2d
    norm: Callable[..., nn.Module] = nn.BatchNorm2d
    pooled_norm: Callable[..., nn.Module] = PooledBatchNorm


IMAGES = Kit()


def kit_of(spec: ModelSpec) -> Kit:
    """The layers for `spec.dims` and `spec.norm`."""
    conv, conv_transpose, max_pool, global_mean, batch, instance = (
        getattr(nn, f"{name}{spec.dims}d")
        for name in ("Conv", "ConvTranspose", "MaxPool", "AdaptiveAvgPool", "BatchNorm", "InstanceNorm")
    )
    # Instance norm would make 0 of a single pooled value.
    norms = (batch, PooledBatchNorm) if spec.norm == "batch" else (partial(instance, affine=True), nn.Identity)
    return Kit(conv, conv_transpose, max_pool, global_mean, *norms)


def separable_conv(in_channels: int, out_channels: int, kit: Kit = IMAGES) -> nn.Sequential:
    """Depthwise 3x3 -> batch norm -> pointwise 1x1, both convolutions without bias ([release])."""
    return nn.Sequential(
        OrderedDict(
            depthwise=kit.conv(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False),
            norm=kit.norm(in_channels),
            pointwise=kit.conv(in_channels, out_channels, 1, bias=False),
        )
    )


def resize(x: Tensor, size: Sequence[int], align_corners: bool = False) -> Tensor:
    """Bilinear (trilinear) resize of a B x C x h x w map to `size`; the map itself where it already has that size."""
    if x.shape[2:] == torch.Size(size):
        return x
    if x.shape[1] <= FEW:
        x = x.contiguous()
    return F.interpolate(x, size=tuple(size), mode=_LINEAR[x.ndim], align_corners=align_corners)


def window_mean(x: Tensor, kernel: int, padding: str = "replicate") -> Tensor:
    """Mean of the `kernel` x `kernel` window around every cell, at the map's own size; `padding` as for `EdgeScale`.

    Shape: B x D x h x w -> B x D x h x w
    """
    mode = "replicate" if padding == "replicate" else "constant"
    x = F.pad(x, (kernel // 2,) * 2 * (x.ndim - 2), mode=mode)
    if x.ndim == 4:
        return F.avg_pool2d(x, kernel, stride=1)  # stride 1 keeps the size; the [blog] snippet forgets it
    mean = x.to(torch.promote_types(x.dtype, torch.float32))  # bfloat16 could not hold the sums
    for axis in range(2, x.ndim):  # by differences of running sums: windows of 7 x 7 x 7 cells are slow
        sums = F.pad(mean.movedim(axis, -1), (1, 0)).cumsum(-1).movedim(-1, axis)
        count = x.shape[axis] - kernel + 1
        mean = (sums.narrow(axis, kernel, count) - sums.narrow(axis, 0, count)) / kernel
    return mean.to(x.dtype)


def check_input(x: Tensor, spec: ModelSpec, training: bool) -> Tensor:
    """`x` as a network takes it, or an error in words instead of one deep inside.

    Images on a CPU get their channels last in memory: it convolves and pools faster so (BA-Net lite in 0.7 to 0.9 of the time).
    Raises ValueError unless `x` is a floating batch of the shape `spec` asks for, every side at least 32; 64 where a norm would
    be left with a single value at stride 32: training on one image, or instance norm on images (volumes end at stride 16).
    """
    got = f"got {tuple(x.shape)} of {x.dtype}"
    one, sides, length = ("image", "H x W", "height and width") if spec.dims == 2 else _VOLUME
    if x.ndim != spec.dims + 2 or x.shape[1] != spec.in_channels:
        raise ValueError(f"expected a batch B x {spec.in_channels} x {sides}, {got}; a single {one} needs {one}[None]")
    if not x.is_floating_point():
        raise ValueError(f"expected floating point values, {got}; banet_edu.data.tensors.prepare() makes them")
    if min(x.shape[2:]) < 32:
        raise ValueError(f"expected {length} of at least 32, {got}; resize or pad the {one}")
    if spec.dims == 2 and min(x.shape[2:]) < 64:
        if spec.norm == "instance":
            raise ValueError(f"instance norm needs at least 64 x 64, {got}; resize or pad the image")
        if training and x.shape[0] == 1:
            raise ValueError(f"training on one image at a time needs at least 64 x 64, {got}; use a batch of 2 or more")
    return x.contiguous(memory_format=torch.channels_last) if spec.dims == 2 and x.is_cpu else x
