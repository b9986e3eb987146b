"""A network of images, slice by slice through a volume: what 3D has to beat.

The simplest way to segment a volume, and the usual one before 3D networks fitted into memory. No slice knows its neighbours,
so outlines may jump from one to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from banet_edu.banet.layers import check_input
from banet_edu.banet.network import BANetOutput
from banet_edu.config import ModelSpec


class SliceWise(nn.Module):
    """The slices along the first axis (z: axial ones) as one batch of images through `network`, stacked again.

    A training step on B volumes is one on B x D images; the losses are those of volumes, so BA-Net's edge task sees edges
    between slices too, which its maps can hardly know of.

    Shape: B x C x D x H x W -> B x K x D x H x W; in training mode BA-Net's side maps as well
    """

    def __init__(self, spec: ModelSpec, build: Callable[..., nn.Module], arguments: dict[str, Any]) -> None:
        super().__init__()
        self.spec = spec
        self.network = build(replace(spec, dims=2, input_size=spec.input_size[1:]), **arguments)

    def to(self, *args: Any, **kwargs: Any) -> SliceWise:
        """As any module; volumes' channels last are images' channels last for the network inside."""
        if kwargs.get("memory_format") is torch.channels_last_3d:
            kwargs["memory_format"] = torch.channels_last
        return super().to(*args, **kwargs)

    def forward(self, x: Tensor) -> Tensor | BANetOutput:
        check_input(x, self.spec, self.training)
        volumes = len(x)

        def stacked(y: Tensor) -> Tensor:
            return y.unflatten(0, (volumes, -1)).movedim(1, 2)  # (B D) x K x H x W -> B x K x D x H x W

        answer = self.network(x.movedim(2, 1).flatten(0, 1))
        if isinstance(answer, Tensor):
            return stacked(answer)
        sides = (tuple(map(stacked, maps)) for maps in answer[1:])
        return BANetOutput(stacked(answer.logits), *sides)
