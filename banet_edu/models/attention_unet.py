"""Attention U-Net: U-Net whose skips pass a gate that the coarser level opens.

Source: Oktay et al. 2018 (arXiv:1804.03999), section 2 and figure 2 (additive attention), on the U-Net of `unet.py`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from banet_edu.config import ModelSpec
from banet_edu.models.layers import check_input, resize
from banet_edu.models.unet import double_conv


class AttentionGate(nn.Module):
    r"""One weight per position: $\alpha = \sigma(\psi^T \mathrm{ReLU}(W_x x + W_g g))$, the skip becomes $\alpha x$.

    Shape: skip B x C x h x w, gate B x G x h/2 x w/2 -> B x C x h x w
    """

    def __init__(self, skip_channels: int, gate_channels: int) -> None:
        super().__init__()
        middle = max(1, skip_channels // 2)
        self.skip = nn.Conv2d(skip_channels, middle, 2, stride=2, bias=False)  # to the gate's size
        self.gate = nn.Conv2d(gate_channels, middle, 1)
        self.weight = nn.Sequential(nn.Conv2d(middle, 1, 1), nn.Sigmoid())

    def forward(self, skip: Tensor, gate: Tensor) -> Tensor:
        half = resize(self.skip(skip), gate.shape[-2:])
        alpha = self.weight(F.relu(half + self.gate(gate)))  # B x 1 x h/2 x w/2
        return skip * resize(alpha, skip.shape[-2:])


class GatedUp(nn.Module):
    """`Up` of the U-Net with a gate on its skip."""

    def __init__(self, in_channels: int, skip_channels: int) -> None:
        super().__init__()
        self.gate = AttentionGate(skip_channels, in_channels)
        self.up = nn.ConvTranspose2d(in_channels, skip_channels, 2, stride=2)
        self.conv = double_conv(2 * skip_channels, skip_channels)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        up = resize(self.up(x), skip.shape[-2:])
        return self.conv(torch.cat([self.gate(skip, x), up], dim=1))


class AttentionUNet(nn.Module):
    """Five levels of width `base_width` x 1, 2, 4, 8, 16, four gated skips.

    Shape: B x 3 x H x W, H and W at least 32 -> logits B x K x H x W
    """

    def __init__(self, spec: ModelSpec, base_width: int = 16) -> None:
        super().__init__()
        self.spec = spec
        w = [base_width * 2**i for i in range(5)]
        self.pool = nn.MaxPool2d(2)
        self.down = nn.ModuleList(double_conv(i, o) for i, o in zip([3, *w], w, strict=False))
        self.up = nn.ModuleList(GatedUp(w[i], w[i - 1]) for i in (4, 3, 2, 1))
        self.classifier = nn.Conv2d(base_width, spec.num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        check_input(x, self.training)
        maps = [self.down[0](x)]  # B x base x H x W
        for level in self.down[1:]:
            maps.append(level(self.pool(maps[-1])))  # twice the channels at half the size
        y = maps.pop()
        for level in self.up:
            y = level(y, maps.pop())  # half the channels at twice the size
        return self.classifier(y)  # B x K x H x W
