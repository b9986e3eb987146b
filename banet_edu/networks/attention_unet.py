"""Attention U-Net: U-Net whose skips pass a gate that the coarser level opens.

Source: Oktay et al. 2018 (arXiv:1804.03999), section 2 and figure 2 (additive attention), on the U-Net of `unet.py`.
Deviation: 2D; the finest skip is gated too, the paper leaves it open; no deep supervision.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from banet_edu.banet.layers import IMAGES, Kit, resize
from banet_edu.networks.unet import UNet, Up


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


class GatedUp(Up):
    """`Up` of the U-Net with a gate on its skip."""

    def __init__(self, in_channels: int, skip_channels: int, out_channels: int, kit: Kit = IMAGES) -> None:
        super().__init__(in_channels, skip_channels, out_channels, kit)
        self.gate = AttentionGate(skip_channels, in_channels)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return super().forward(x, self.gate(skip, x))


class AttentionUNet(UNet):
    """The U-Net with four gated skips; everything else, shapes included, is `UNet`'s.

    Shape: B x 3 x H x W, H and W at least 32 -> logits B x K x H x W

    >>> import torch
    >>> from banet_edu.config import ModelSpec
    >>> model = AttentionUNet(ModelSpec("attention_unet"), base_width=8).eval()
    >>> model(torch.zeros(1, 3, 65, 48)).shape
    torch.Size([1, 2, 65, 48])
    """

    up_block = GatedUp
