r"""Cross feature fusion (CFF): every stage takes from the others what it lacks, through gates.

At stage i, with every other S_j resized to stage i first:

    g_j = sigmoid(conv3x3_j(S_j))              F_i = S_i + (1 - g_i) * sum_{j != i} g_j * S_j

Sources: [paper], [release]; SPEC section 1. Shrinking a map bilinearly by 2 or more skips pixels (aliasing); that is the
release's behaviour and is kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor, nn

from banet_edu.banet.layers import IMAGES, Kit, resize


def gate(width: int, kit: Kit = IMAGES) -> nn.Sequential:
    """How much a stage lets through, per channel and pixel, 0..1: bias-free 3x3 convolution, then sigmoid."""
    return nn.Sequential(OrderedDict(conv=kit.conv(width, width, 3, padding=1, bias=False), sigmoid=nn.Sigmoid()))


class CrossFeatureFusion(nn.Module):
    """CFF at one stage.

    Args:
        width: channels D of every S_j.
        stage: which of the maps is the own one, 1..4.
        align_corners: of the bilinear resizing ([release]: True).

    Shape: four maps B x D x h_j x w_j -> B x D x h_stage x w_stage

    >>> import torch
    >>> maps = [torch.zeros(1, 8, n, n) for n in (16, 8, 4, 4)]
    >>> CrossFeatureFusion(8, stage=2)(maps).shape
    torch.Size([1, 8, 8, 8])
    """

    def __init__(self, width: int, stage: int, align_corners: bool = False, kit: Kit = IMAGES) -> None:
        super().__init__()
        if stage not in (1, 2, 3, 4):
            raise ValueError(f"stage must be 1, 2, 3 or 4, got {stage}")
        self.stage, self.align_corners = stage, align_corners
        self.gates = nn.ModuleDict({f"stage{j}": gate(width, kit) for j in (1, 2, 3, 4)})

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        size = maps[self.stage - 1].shape[2:]
        own_name = f"stage{self.stage}"
        at_stage = {f"stage{j}": resize(m, size, self.align_corners) for j, m in enumerate(maps, start=1)}
        gates = {name: self.gates[name](m) for name, m in at_stage.items()}  # each B x D x h x w, 0..1
        heard = sum(gates[name] * m for name, m in at_stage.items() if name != own_name)
        return at_stage[own_name] + (1 - gates[own_name]) * heard
