"""Networks adapted: any torch module as one of ours (`adapt`: the `.spec` and the output that `fit`, `predict` and `compare`
need), and a network of images for volumes (`SliceWise`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from banet_edu.banet.layers import check_input, resize
from banet_edu.banet.network import BANetOutput
from banet_edu.config import ModelSpec, check_classes, check_size


class Adapted(nn.Module):
    """A module of any origin that answers with logits B x K x H x W at the input's size. Made by `adapt`."""

    def __init__(self, module: nn.Module, spec: ModelSpec) -> None:
        super().__init__()
        self.module, self.spec = module, spec

    def forward(self, x: Tensor) -> Tensor:
        logits = _logits(self.module(x), type(self.module).__name__)
        classes = self.spec.num_classes
        if logits.ndim != x.ndim or (logits.shape[1] != classes and (logits.shape[1], classes) != (1, 2)):
            raise ValueError(
                f"{type(self.module).__name__} gives {tuple(logits.shape)}; expected are logits B x "
                f"{classes} x h x w (or one channel for two classes)"
            )
        if logits.shape[1] == 1:
            logits = torch.cat([torch.zeros_like(logits), logits], dim=1)  # softmax of (0, z) is sigmoid(z)
        return resize(logits, x.shape[2:])


def adapt(
    module: nn.Module,
    name: str,
    *,
    num_classes: int = 2,
    input_size: int | tuple[int, ...] = 128,
    class_names: tuple[str, ...] | None = None,
    dims: int = 2,
) -> Adapted:
    """Let `fit`, `predict` and `compare` take a segmentation network from elsewhere (MONAI, torchvision, your own).

    Args:
        module: takes B x 3 x H x W (normalised as ImageNet's mean and standard deviation ask); answers with logits
            B x K x h x w, or a dictionary with them under "out", or a list or tuple with them first. One channel
            counts as the logit of the foreground.
        name: how tables and run folders call it. `load_model` cannot build it again: keep the code, load the weights
            of `best.safetensors` with `load_state_dict`.
        num_classes: K, background included.
        input_size: height and width images are resized to before the network.
        dims: 3 where it takes volumes B x 1 x D x H x W, each z-scored; `input_size` is their depth, height and width then.

    >>> model = adapt(nn.Conv2d(3, 1, 3, padding=1), "one convolution").eval()
    >>> model(torch.zeros(1, 3, 40, 50)).shape
    torch.Size([1, 2, 40, 50])
    """
    if not isinstance(module, nn.Module):
        raise ValueError(f"adapt takes a torch.nn.Module, not {type(module).__name__}")
    spec = ModelSpec(
        name=name,
        num_classes=num_classes,
        input_size=check_size(input_size, least=1, dims=dims),
        class_names=check_classes(num_classes, class_names),
    )
    if dims == 3:
        spec = replace(spec, dims=3, in_channels=1, mean=(), std=())
    return Adapted(module, spec)


def _logits(output: Any, who: str) -> Tensor:
    if isinstance(output, Mapping) and "out" in output:
        output = output["out"]
    elif isinstance(output, list | tuple) and output:
        output = output[0]
    if not isinstance(output, Tensor):
        raise ValueError(f"{who} gives {type(output).__name__}, not logits, a list of them, or a dictionary with 'out'")
    return output


class SliceWise(nn.Module):
    """A network of images, slice by slice through a volume: the simplest way to segment one, and what 3D has to beat.

    The slices along the first axis (z: axial ones) are one batch, stacked again afterwards. No slice knows its neighbours, so
    outlines may jump from one to the next. Made by `create_model(..., dims=3, slicewise=True)`.

    A training step on B volumes is one on B x D images; the losses are those of volumes, so BA-Net's edge task sees edges
    between slices too, which its maps can hardly know of.

    Shape: B x C x D x H x W -> B x K x D x H x W; in training mode BA-Net's side maps as well
    """

    def __init__(self, spec: ModelSpec, build: Callable[..., nn.Module], arguments: dict[str, Any]) -> None:
        super().__init__()
        self.spec = spec
        self.network = build(replace(spec, dims=2, input_size=spec.input_size[1:]), **arguments)

    def forward(self, x: Tensor) -> Tensor | BANetOutput:
        x = check_input(x, self.spec, self.training)
        volumes, slices = x.shape[0], x.shape[2]  # `len` would be a fixed number in a traced network

        def stacked(y: Tensor) -> Tensor:
            return y.unflatten(0, (volumes, slices)).movedim(1, 2)  # (B D) x K x H x W -> B x K x D x H x W

        answer = self.network(x.movedim(2, 1).flatten(0, 1))
        if isinstance(answer, Tensor):
            return stacked(answer)
        sides = (tuple(map(stacked, maps)) for maps in answer[1:])
        return BANetOutput(stacked(answer.logits), *sides)
