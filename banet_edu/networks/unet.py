"""U-Net, the classic: contract, expand, and skip across.

Source: Ronneberger et al. 2015 (arXiv:1505.04597), with the two changes everyone makes: padded convolutions, so that the
output has the input's size, and batch norm.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from banet_edu.banet.layers import IMAGES, Kit, check_input, kit_of, resize
from banet_edu.config import ModelSpec


def double_conv(in_channels: int, out_channels: int, kit: Kit = IMAGES) -> nn.Sequential:
    """Twice: 3x3 convolution, batch norm, ReLU."""
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers += [
            kit.conv(channels, out_channels, 3, padding=1, bias=False),
            kit.norm(out_channels),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class Up(nn.Module):
    """Double the size by a transposed convolution, join the skip, convolve twice."""

    def __init__(self, in_channels: int, skip_channels: int, out_channels: int, kit: Kit = IMAGES) -> None:
        super().__init__()
        self.up: nn.Module = kit.conv_transpose(in_channels, out_channels, 2, stride=2)
        self.conv = double_conv(skip_channels + out_channels, out_channels, kit)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        up = resize(self.up(x), skip.shape[2:])  # odd sizes: pooling rounded down, so one row or column is missing
        return self.conv(torch.cat([skip, up], dim=1))


class UNet(nn.Module):
    """`levels` of width `base_width` x 1, 2, 4, ...; five in the paper.

    Shape: B x 3 x H x W, H and W at least 32 -> logits B x K x H x W

    >>> model = UNet(ModelSpec("unet"), base_width=8).eval()
    >>> model(torch.zeros(1, 3, 65, 48)).shape
    torch.Size([1, 2, 65, 48])
    """

    up_block: type[nn.Module] = Up  # takes channels from below, of the skip, and to give

    def __init__(self, spec: ModelSpec, base_width: int = 16, levels: int = 5) -> None:
        super().__init__()
        if levels not in range(2, 6):
            raise ValueError(f"levels is 2 to 5 (the paper's), got {levels!r}")
        self.spec = spec
        w = [base_width * 2**i for i in range(levels)]
        kit = kit_of(spec)
        self.pool = kit.max_pool(2)
        self.down = nn.ModuleList(double_conv(i, o, kit) for i, o in zip([spec.in_channels, *w], w, strict=False))
        self.up = nn.ModuleList(self.up_block(w[i], w[i - 1], w[i - 1], kit) for i in range(levels - 1, 0, -1))
        self.classifier = kit.conv(base_width, spec.num_classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = check_input(x, self.spec, self.training)
        maps = [self.down[0](x)]  # B x base x H x W
        for level in self.down[1:]:
            maps.append(level(self.pool(maps[-1])))  # twice the channels at half the size
        y = maps.pop()
        for level in self.up:
            y = level(y, maps.pop())  # half the channels at twice the size
        return self.classifier(y)  # B x K x H x W
