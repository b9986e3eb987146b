"""U-Net++: the skips become small U-Nets themselves, nested and dense.

Source: Zhou et al. 2018 (arXiv:1807.10165), equation 1 and figure 1, in the "accurate mode" of section 3.2: the answers of the
four nested depths are averaged. Deviation: here their logits are, in training too, so no depth is supervised alone and none can
be cut off (the "fast mode"); bilinear upsampling.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from banet_edu.banet.layers import check_input, resize
from banet_edu.config import ModelSpec
from banet_edu.networks.unet import double_conv

DEPTH = 5


class UNetPlusPlus(nn.Module):
    """Node (i, j) is at level i (0 is finest) and sees all nodes (i, 0..j-1) and node (i+1, j-1), resized.

    Shape: B x 3 x H x W, H and W at least 32 -> logits B x K x H x W
    """

    def __init__(self, spec: ModelSpec, base_width: int = 16) -> None:
        super().__init__()
        self.spec = spec
        w = [base_width * 2**i for i in range(DEPTH)]
        self.pool = nn.MaxPool2d(2)
        self.nodes = nn.ModuleDict()
        for j in range(DEPTH):
            for i in range(DEPTH - j):
                channels = j * w[i] + w[i + 1] if j else ([3, *w][i])
                self.nodes[f"{i}_{j}"] = double_conv(channels, w[i])
        self.classifiers = nn.ModuleList(nn.Conv2d(base_width, spec.num_classes, 1) for _ in range(1, DEPTH))

    def forward(self, x: Tensor) -> Tensor:
        x = check_input(x, self.spec, self.training)
        rows: list[list[Tensor]] = []  # rows[i][j] is node (i, j)
        for i in range(DEPTH):  # down the encoder, j = 0
            rows.append([self.nodes[f"{i}_0"](self.pool(rows[-1][0]) if i else x)])
        for j in range(1, DEPTH):  # one more column of nodes each time
            for i in range(DEPTH - j):
                below = resize(rows[i + 1][j - 1], rows[i][0].shape[-2:])
                rows[i].append(self.nodes[f"{i}_{j}"](torch.cat([*rows[i][:j], below], dim=1)))
        answers = [classify(node) for classify, node in zip(self.classifiers, rows[0][1:], strict=True)]
        return torch.stack(answers).mean(0)  # B x K x H x W
