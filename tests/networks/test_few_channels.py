"""Convolutions of few channels: what a processor's library cannot do for them is not asked of it."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from banet_edu.banet.encoder import ResNetEncoder
from banet_edu.networks.registry import create_model, model_names


@pytest.mark.parametrize("preset", ["nano", "lite"])
@pytest.mark.parametrize("name", model_names())
def test_no_1x1_convolution_has_a_stride(name, preset):
    """On a CPU the backward pass of one with few channels writes where it may not (oneDNN's issue 6035): on a processor with
    AVX512, training nano on images of 256 x 256 crashed."""
    for where, module in create_model(name, preset).named_modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d) and max(module.stride) > 1:
            assert min(module.kernel_size) > 1, where


@pytest.mark.parametrize("width", [1 / 16, 1 / 8, 1 / 4])
def test_shortcuts_learn_as_in_double_precision(width):
    """What crashes in one shape may be wrong in silence in another."""
    torch.manual_seed(0)
    for layer in ("layer2", "layer3", "layer4"):
        shortcut = getattr(ResNetEncoder(width=width), layer)[0].downsample
        exact = copy.deepcopy(shortcut).double()
        x = torch.randn(2, shortcut[-2].in_channels, 64, 64).contiguous(memory_format=torch.channels_last)
        upstream = torch.randn(2, shortcut[-2].out_channels, 32, 32)
        shortcut(x).backward(upstream)
        exact(x.double()).backward(upstream.double())
        for (name, ours), theirs in zip(shortcut.named_parameters(), exact.parameters(), strict=True):
            assert torch.allclose(ours.grad.double(), theirs.grad, rtol=1e-3, atol=1e-3), (layer, name)
