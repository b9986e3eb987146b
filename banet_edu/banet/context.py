"""The context module: atrous spatial pyramid pooling (ASPP) on the coarsest map.

Sources: Chen et al. 2017 (arXiv:1706.05587), as [release] uses it: no dropout; SPEC section 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from banet_edu.banet.layers import IMAGES, Kit, resize


def _branch(in_channels: int, channels: int, kernel: int = 1, dilation: int = 1, kit: Kit = IMAGES) -> nn.Sequential:
    padding = dilation if kernel == 3 else 0
    return nn.Sequential(
        kit.conv(in_channels, channels, kernel, padding=padding, dilation=dilation, bias=False),
        kit.norm(channels),
        nn.ReLU(inplace=True),
    )


class ASPP(nn.Module):
    """One 1x1 branch, a dilated 3x3 branch per rate, and a global average, concatenated and projected.

    Args:
        in_channels: channels of C4.
        channels: channels of every branch and of the output (256 in the release).
        rates: dilations of the 3x3 branches; none of them shows in a state dict.

    Shape: B x in_channels x h x w -> B x channels x h x w
    """

    def __init__(
        self, in_channels: int, channels: int = 256, rates: tuple[int, ...] = (6, 12, 18), kit: Kit = IMAGES
    ) -> None:
        super().__init__()
        if not rates or any(rate < 1 for rate in rates):
            raise ValueError(f"aspp_rates must be positive dilations such as (6, 12, 18), got {rates}")
        self.rates = tuple(rates)
        self.point = _branch(in_channels, channels, kit=kit)
        self.atrous = nn.ModuleList(_branch(in_channels, channels, 3, rate, kit) for rate in rates)
        self.pooled = nn.Sequential(
            kit.global_mean(1),
            kit.conv(in_channels, channels, 1, bias=False),
            kit.pooled_norm(channels),
            nn.ReLU(inplace=True),
        )
        self.project = _branch((2 + len(rates)) * channels, channels, kit=kit)

    def forward(self, c4: Tensor) -> Tensor:
        branches = [self.point(c4), *(branch(c4) for branch in self.atrous)]  # each B x channels x h x w
        pooled = resize(self.pooled(c4), c4.shape[2:])  # B x channels x 1 x 1, spread out again
        return self.project(torch.cat([*branches, pooled], dim=1))
