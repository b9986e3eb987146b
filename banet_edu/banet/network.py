r"""BA-Net: a boundary-aware context network.

    C_1 .. C_4 = Encoder(x)                          four maps, fine to coarse
    S_i, E_i, seg_i, edge_i = MiniMTL_i(C_i)         each stage sees object and edge
    F_i = CFF_i(S_1 .. S_4)                          each stage hears the others
    D_4 = F_4, fused with ASPP(C_4) where that is on;    D_i = fuse([F_i, up(D_i+1)]) for i = 3, 2, 1
    logits = up(classifier(D_1))

Sources: [paper] Wang et al., Medical Image Analysis 78:102395 (2022), arXiv:2005.00966; [blog]; [release]. Each variant
is an argument (docs/method.md says which source has which).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from banet_edu.banet.cff import CrossFeatureFusion
from banet_edu.banet.context import ASPP
from banet_edu.banet.encoder import ResNetEncoder
from banet_edu.banet.layers import IMAGES, Kit, check_input, kit_of, resize, separable_conv
from banet_edu.banet.mini_mtl import MiniMTL
from banet_edu.config import ModelSpec

# [release]: two window sizes per stage, wider ones on the finer maps.
RELEASE_KERNELS = ((5, 7), (5, 7), (3, 5), (3, 5))


class BANetOutput(NamedTuple):
    """Logits B x K, four side masks B x K and four side edges B x 2 (fine to coarse; () without the edge task)."""

    logits: Tensor
    side_masks: tuple[Tensor, ...]
    side_edges: tuple[Tensor, ...]


def kernels_per_stage(kernels: Sequence) -> tuple[tuple[int, ...], ...]:
    """(3, 5, 7) means these at every stage ([blog]); four tuples give each stage its own ([release])."""
    if all(isinstance(k, int) for k in kernels):
        return (tuple(kernels),) * 4
    if len(kernels) != 4 or any(isinstance(k, int) for k in kernels):
        raise ValueError(f"pee_kernels must be window sizes, or four tuples of them (one per stage), got {kernels}")
    return tuple(tuple(k) for k in kernels)


class DecoderStep(nn.Module):
    """D = fuse([F, up(D of the coarser stage)]): ReLU -> depthwise 3x3 -> batch norm -> pointwise 1x1.

    Shape: own B x C1 x h x w, other B x C2 x any size -> B x width x h x w; in_channels = C1 + C2
    """

    def __init__(self, in_channels: int, width: int, align_corners: bool = False, kit: Kit = IMAGES) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.relu = nn.ReLU()
        self.fuse = separable_conv(in_channels, width, kit)

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        up = resize(other, own.shape[2:], self.align_corners)  # B x C2 x h x w
        return self.fuse(self.relu(torch.cat([own, up], dim=1)))


class BANetHead(nn.Module):
    """Everything of BA-Net behind the encoder.

    Args:
        in_channels: channels of the four encoder maps, fine to coarse.
        width: channels D of the head.
        num_classes: K.
        context_channels: channels of the context map fused into the coarsest stage; 0 for none.
        pee, pee_kernels, pee_padding, interactive_attention, edge_task: see `MiniMTL`.
        cff: False leaves cross feature fusion out (F_i = S_i).
        align_corners: of every bilinear resize ([release]: True; it moves boundaries by some pixels).

    Shape:
        features: four maps B x in_channels[i] x h_i x w_i; context: B x context_channels x h_4 x w_4 or None
        -> BANetOutput at the resolution of the stages, logits at stage 1.

    >>> head = BANetHead((16, 32, 64, 128), width=8).eval()
    >>> maps = [torch.zeros(1, c, n, n) for c, n in zip((16, 32, 64, 128), (16, 8, 4, 2))]
    >>> out = head(maps)
    >>> tuple(out.logits.shape), [tuple(m.shape[-2:]) for m in out.side_edges]
    ((1, 2, 16, 16), [(16, 16), (8, 8), (4, 4), (2, 2)])
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        width: int = 32,
        num_classes: int = 2,
        context_channels: int = 0,
        pee: str | bool = "difference",
        pee_kernels: Sequence = RELEASE_KERNELS,
        pee_padding: str = "replicate",
        interactive_attention: str | bool = "release",
        edge_task: bool = True,
        cff: bool = True,
        align_corners: bool = False,
        kit: Kit = IMAGES,
    ) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.mini_mtl = nn.ModuleList(
            MiniMTL(c, width, num_classes, kernels, pee, pee_padding, interactive_attention, edge_task, kit)
            for c, kernels in zip(in_channels, kernels_per_stage(pee_kernels), strict=True)
        )
        fusion = partial(CrossFeatureFusion, width, align_corners=align_corners, kit=kit)
        step = partial(DecoderStep, width=width, align_corners=align_corners, kit=kit)
        self.cff = nn.ModuleList(fusion(stage) for stage in (1, 2, 3, 4)) if cff else None
        self.context_fuse = step(width + context_channels) if context_channels else None
        self.decoder = nn.ModuleDict({f"stage{i}": step(2 * width) for i in (3, 2, 1)})
        self.classifier = nn.Sequential(
            kit.conv(width, width, 3, padding=1), kit.norm(width), nn.ReLU(), kit.conv(width, num_classes, 1)
        )

    def forward(self, features: Sequence[Tensor], context: Tensor | None = None) -> BANetOutput:
        if (context is None) != (self.context_fuse is None):
            raise ValueError("a head with context_channels needs the context map, one without takes none")
        stages = [mini_mtl(c) for mini_mtl, c in zip(self.mini_mtl, features, strict=True)]
        s = [stage.seg_features for stage in stages]  # S_1 .. S_4, each B x D x h_i x w_i
        f1, f2, f3, f4 = [cff(s) for cff in self.cff] if self.cff is not None else s  # each B x D x h_i x w_i
        d4 = self.context_fuse(f4, context) if self.context_fuse is not None else f4  # B x D x h_4 x w_4
        d3 = self.decoder["stage3"](f3, d4)  # B x D x h_3 x w_3
        d2 = self.decoder["stage2"](f2, d3)  # B x D x h_2 x w_2
        d1 = self.decoder["stage1"](f1, d2)  # B x D x h_1 x w_1
        logits = self.classifier(d1)  # B x K x h_1 x w_1
        side_edges = tuple(stage.edge_logits for stage in stages if stage.edge_logits is not None)  # B x 2 x h_i x w_i
        return BANetOutput(logits, tuple(stage.seg_logits for stage in stages), side_edges)


class BANet(nn.Module):
    """Encoder, optional context, head.

    Args:
        spec: how this network is described in a checkpoint (`create_model` fills it in).
        encoder, encoder_width, output_stride, first_stride: see `ResNetEncoder`. The head answers at the stride of C_1.
        width: channels of the head.
        aspp_rates: dilations of the context module; () for none.
        context_channels: its channels (256 in the release).
        **head: the arguments of `BANetHead`.

    Shape:
        B x 3 x H x W, normalised, H and W at least 32; a volume, with `spec.dims` 3, B x 1 x D x H x W.
        Eval mode -> logits B x K x H x W. Training mode -> BANetOutput, every map at H x W.
    """

    def __init__(
        self,
        spec: ModelSpec,
        encoder: str = "resnet18",
        encoder_width: float = 0.5,
        output_stride: int = 32,
        first_stride: int = 4,
        width: int = 32,
        aspp_rates: Sequence[int] = (),
        context_channels: int = 256,
        **head,
    ) -> None:
        super().__init__()
        self.spec = spec
        kit = kit_of(spec)
        self.encoder = ResNetEncoder(encoder, encoder_width, output_stride, first_stride, spec.in_channels, kit)
        channels = self.encoder.channels
        self.context = ASPP(channels[-1], context_channels, tuple(aspp_rates), kit) if aspp_rates else None
        if self.context is not None:
            head["context_channels"] = context_channels
        self.head = BANetHead(channels, width, spec.num_classes, **head, kit=kit)

    def forward(self, x: Tensor) -> Tensor | BANetOutput:
        x = check_input(x, self.spec, self.training)
        features = self.encoder(x)  # C_1 .. C_4 at `self.encoder.strides`
        context = self.context(features[-1]) if self.context is not None else None  # B x context_channels x h_4 x w_4
        logits, side_masks, side_edges = self.head(features, context)  # at the stages' own sizes
        up = partial(resize, size=x.shape[2:], align_corners=self.head.align_corners)  # to H x W
        if not self.training:
            return up(logits)  # B x K x H x W
        return BANetOutput(up(logits), tuple(map(up, side_masks)), tuple(map(up, side_edges)))
