"""CE-Net: dense atrous convolution (DAC) and residual multi-kernel pooling (RMP) between encoder and decoder.

Source: Gu et al. 2019 (arXiv:1903.02740), sections II-B and II-C, figures 3 and 4. Deviation: batch norm in the decoder;
resizing to the skip's size, so that any height and width work; the branches of the DAC share no weights (in the authors' code
they do); the loss is that of all networks here.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from banet_edu.banet.layers import resize
from banet_edu.config import ModelSpec
from banet_edu.networks.encoder_decoder import EncoderDecoder


class DAC(nn.Module):
    """Four branches that see 3, 7, 9 and 19 cells, added to the map.

    Shape: B x C x h x w -> B x C x h x w
    """

    BRANCHES = ((1,), (3,), (1, 3), (1, 3, 5))  # dilations of the 3x3 convolutions of each branch

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList()
        for dilations in self.BRANCHES:
            layers: list[nn.Module] = [nn.Conv2d(channels, channels, 3, padding=d, dilation=d) for d in dilations]
            if dilations != (1,):  # every branch but the first ends with a 1x1 convolution
                layers.append(nn.Conv2d(channels, channels, 1))
            self.branches.append(nn.Sequential(*layers))

    def forward(self, x: Tensor) -> Tensor:
        return x + sum(F.relu(branch(x)) for branch in self.branches)


class RMP(nn.Module):
    """Maxima over windows of 2, 3, 5 and 6 cells, one channel each, joined with the map.

    Shape: B x C x h x w -> B x (C + 4) x h x w
    """

    WINDOWS = (2, 3, 5, 6)

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, 1, 1)  # one for all windows

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        pooled = [F.max_pool2d(x, (min(k, height), min(k, width))) for k in self.WINDOWS]  # small maps: smaller windows
        return torch.cat([*(resize(self.squeeze(p), (height, width)) for p in pooled), x], dim=1)


class DecoderBlock(nn.Sequential):
    """1x1 convolution to a quarter, transposed convolution to twice the size, 1x1 convolution."""

    def __init__(self, in_channels: int, out_channels: int, scale: int = 2) -> None:
        middle = max(1, in_channels // 4)
        up: nn.Module = (
            nn.ConvTranspose2d(middle, middle, 3, stride=2, padding=1, output_padding=1, bias=False)
            if scale == 2
            else nn.Conv2d(middle, middle, 3, padding=1, bias=False)
        )
        layers: list[nn.Module] = []
        for layer, channels in (
            (nn.Conv2d(in_channels, middle, 1, bias=False), middle),
            (up, middle),
            (nn.Conv2d(middle, out_channels, 1, bias=False), out_channels),
        ):
            layers += [layer, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
        super().__init__(*layers)


class CENet(EncoderDecoder):
    """ResNet encoder, DAC, RMP, four decoder blocks with skips added, and a head that doubles the size once more."""

    def __init__(
        self, spec: ModelSpec, encoder: str = "resnet18", encoder_width: float = 0.5, output_stride: int = 32
    ) -> None:
        super().__init__(spec, encoder, encoder_width, output_stride)
        c1, c2, c3, c4 = self.encoder.channels
        self.dac, self.rmp = DAC(c4), RMP(c4)
        self.up4 = DecoderBlock(c4 + len(RMP.WINDOWS), c3, 2 if output_stride == 32 else 1)
        self.up3 = DecoderBlock(c3, c2, 1 if output_stride == 8 else 2)
        self.up2 = DecoderBlock(c2, c1)
        self.up1 = DecoderBlock(c1, c1)
        half = max(4, c1 // 2)
        self.head = nn.Sequential(
            nn.ConvTranspose2d(c1, half, 4, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, half, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, spec.num_classes, 3, padding=1),
        )

    def decode(self, c1: Tensor, c2: Tensor, c3: Tensor, c4: Tensor) -> Tensor:
        y = self.rmp(self.dac(c4))  # the context: B x (C4 + 4) at the stride of C4
        for up, skip in ((self.up4, c3), (self.up3, c2), (self.up2, c1)):
            y = resize(up(y), skip.shape[-2:]) + skip  # B x the skip's channels at the skip's stride
        return self.head(self.up1(y))  # B x K, stride 4 -> 2 -> 1
