r"""Mini multi-task learning with interactive attention (IA): one branch for the object, one for its edge.

From PEE's output P, each branch a depthwise-separable convolution:

    s = seg_branch(P)                  e = edge_branch(P)
    a_s = sigmoid(att_seg(s))          a_e = sigmoid(att_edge(e))
    S = s + (1 - a_s) * e              E = e + (1 - a_e) * s        [release]: where a branch is unsure, it listens
    S = s                              E = e + sigmoid(s) * s       [blog]

Sources: [paper], [blog], [release]; SPEC section 1.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from torch import Tensor, nn

from banet_edu.banet.layers import IMAGES, Kit, separable_conv
from banet_edu.banet.pee import PyramidEdgeExtraction


class MiniMTLOutput(NamedTuple):
    """Features S and E (B x D x h x w), side logits (B x K and B x 2); the edge half is None without the edge task."""

    seg_features: Tensor
    edge_features: Tensor | None
    seg_logits: Tensor
    edge_logits: Tensor | None


def attention(width: int, kit: Kit = IMAGES) -> nn.Sequential:
    """Attention weight per channel and pixel, 0..1: separable convolution, then sigmoid."""
    return nn.Sequential(OrderedDict(conv=separable_conv(width, width, kit), sigmoid=nn.Sigmoid()))


class Exchange(nn.Module):
    """What a branch takes over from the other one.

    `own + (1 - weight) * other` (reversed attention, [release]), or `own + weight * other` with `reverse=False` ([blog]).
    """

    def __init__(self, reverse: bool = True) -> None:
        super().__init__()
        self.reverse = reverse

    def forward(self, own: Tensor, weight: Tensor, other: Tensor) -> Tensor:
        return own + (1 - weight if self.reverse else weight) * other


class MiniMTL(nn.Module):
    """One stage: PEE, the two branches, their exchange, and a side prediction of each.

    Args:
        in_channels: channels of the encoder map.
        width: channels D.
        num_classes: K classes of the segmentation side logits (the edge side logits always have 2).
        kernels, pee, pee_padding: see `PyramidEdgeExtraction`; `pee=False` switches the pyramid off.
        interactive_attention: "release", "blog" or False (S = s, E = e).
        edge_task: False leaves out the edge branch with all that depends on it (S = s).

    Shape: B x in_channels x h x w -> MiniMTLOutput at h x w
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        num_classes: int = 2,
        kernels: tuple[int, ...] = (3, 5),
        pee: str | bool = "difference",
        pee_padding: str = "replicate",
        interactive_attention: str | bool = "release",
        edge_task: bool = True,
        kit: Kit = IMAGES,
    ) -> None:
        super().__init__()
        if interactive_attention not in ("release", "blog", False):
            raise ValueError(f'interactive_attention must be "release", "blog" or False, got {interactive_attention!r}')
        if pee is True:
            raise ValueError('pee must be "difference", "average" or False, got True: say which form')
        self.interactive_attention = interactive_attention if edge_task else False
        self.edge_task = edge_task

        self.pee = PyramidEdgeExtraction(
            in_channels, width, kernels if pee else (), pee or "difference", pee_padding, kit
        )
        self.seg_branch = separable_conv(width, width, kit)
        self.seg_side = kit.conv(width, num_classes, 3, padding=1)
        if edge_task:
            self.edge_branch = separable_conv(width, width, kit)
            self.edge_side = kit.conv(width, 2, 3, padding=1)
        if self.interactive_attention == "release":
            self.seg_attention = attention(width, kit)
            self.edge_attention: nn.Module = attention(width, kit)
            self.seg_exchange, self.edge_exchange = Exchange(), Exchange()
        elif self.interactive_attention == "blog":
            self.edge_attention = nn.Sigmoid()
            self.edge_exchange = Exchange(reverse=False)

    def forward(self, c: Tensor) -> MiniMTLOutput:
        p = self.pee(c)  # B x D x h x w, as everything up to the side logits
        seg = self.seg_branch(p)
        if not self.edge_task:
            return MiniMTLOutput(seg, None, self.seg_side(seg), None)
        edge = self.edge_branch(p)
        seg, edge = self.exchange(seg, edge)
        return MiniMTLOutput(seg, edge, self.seg_side(seg), self.edge_side(edge))  # B x K x h x w, B x 2 x h x w

    def exchange(self, seg: Tensor, edge: Tensor) -> tuple[Tensor, Tensor]:
        """Interactive attention: (s, e) -> (S, E), both ways at once."""
        if self.interactive_attention == "release":
            return (
                self.seg_exchange(seg, self.seg_attention(seg), edge),
                self.edge_exchange(edge, self.edge_attention(edge), seg),
            )
        if self.interactive_attention == "blog":
            return seg, self.edge_exchange(edge, self.edge_attention(seg), seg)
        return seg, edge
