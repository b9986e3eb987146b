r"""Pyramid edge extraction (PEE): edges as what an average takes away, at several scales.

    R = conv1x1(C)                     A_k = AvgPool_kxk(R), stride 1
    edge_k = R - A_k                   P = fuse(concat[R, edge_k1, edge_k2, ...])

Sources: [paper] and [blog] concatenate the differences edge_k, [release] the averages A_k. Both span the same functions,
because the fusion begins with a bias-free 1x1 convolution (see `convert_pee_weight`). SPEC section 1.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from banet_edu.banet.layers import IMAGES, Kit, separable_conv, window_mean

Model = TypeVar("Model", bound=nn.Module)


class EdgeScale(nn.Module):
    """One scale of the pyramid: `R - AvgPool_k(R)`, or the average itself.

    Args:
        kernel: odd window size k in feature-map pixels.
        form: "difference" ([paper], [blog]) or "average" ([release]).
        padding: "replicate" repeats the frame; "zero" ([release]) averages zeros in, which darkens the frame and so
            draws a false edge along it.

    Shape: B x D x h x w -> B x D x h x w

    >>> flat = torch.ones(1, 1, 5, 5)
    >>> EdgeScale(3)(flat)[0, 0, 0, 0].item(), round(EdgeScale(3, padding="zero")(flat)[0, 0, 0, 0].item(), 2)
    (0.0, 0.56)
    """

    def __init__(self, kernel: int, form: str = "difference", padding: str = "replicate") -> None:
        super().__init__()
        if kernel < 3 or kernel % 2 == 0:
            raise ValueError(f"a PEE kernel must be odd and at least 3, got {kernel}")
        if form not in ("difference", "average"):
            raise ValueError(f'pee must be "difference", "average" or False, got {form!r}')
        if padding not in ("replicate", "zero"):
            raise ValueError(f'pee_padding must be "replicate" or "zero", got {padding!r}')
        self.kernel, self.form, self.padding = kernel, form, padding

    def forward(self, reduced: Tensor) -> Tensor:
        average = window_mean(reduced, self.kernel, self.padding)
        return reduced - average if self.form == "difference" else average

    def extra_repr(self) -> str:
        return f"kernel={self.kernel}, form={self.form!r}, padding={self.padding!r}"


class PyramidEdgeExtraction(nn.Module):
    """Reduce, look at every edge scale, fuse.

    Args:
        in_channels: channels of the encoder map C.
        width: channels D of everything after the reduction.
        kernels: window sizes; () is PEE switched off (P = fuse([R])).
        form, padding: see `EdgeScale`.

    Shape: B x in_channels x h x w -> B x width x h x w

    >>> pee = PyramidEdgeExtraction(64, 16, kernels=(3, 5)).eval()
    >>> pee(torch.zeros(2, 64, 20, 24)).shape
    torch.Size([2, 16, 20, 24])
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        kernels: tuple[int, ...] = (3, 5),
        form: str = "difference",
        padding: str = "replicate",
        kit: Kit = IMAGES,
    ) -> None:
        super().__init__()
        if len(set(kernels)) < len(kernels):
            raise ValueError(f"pee_kernels are different windows, got {kernels}")
        self.reduce = kit.conv(in_channels, width, 1, bias=False)
        self.scales = nn.ModuleDict({f"k{k}": EdgeScale(k, form, padding) for k in kernels})
        self.mix = kit.conv(width * (1 + len(kernels)), width, 1, bias=False)
        self.relu = nn.ReLU()
        self.fuse = separable_conv(width, width, kit)

    def forward(self, c: Tensor) -> Tensor:
        reduced = self.reduce(c)  # B x D x h x w
        edges = [scale(reduced) for scale in self.scales.values()]  # each B x D x h x w
        pyramid = torch.cat([reduced, *edges], dim=1)  # B x (1 + kernels) D x h x w
        return self.fuse(self.relu(self.mix(pyramid)))  # B x D x h x w


def convert_pee_weight(weight: Tensor) -> Tensor:
    """Turn the 1x1 fusion weights of one PEE form into those of the other (the map is its own inverse).

    With W = (W0, W1, ..., Wn) on [R, A_1, ..., A_n], the difference form needs (W0 + W1 + ... + Wn, -W1, ..., -Wn) on
    [R, R - A_1, ..., R - A_n], because W_k A_k = W_k R - W_k (R - A_k).

    Args:
        weight: D x (1 + n) D x 1 x 1, the weight of `PyramidEdgeExtraction.mix`.
    """
    width = weight.shape[0]
    if weight.ndim not in (4, 5) or weight.shape[1] % width:
        raise ValueError(f"expected a weight D x (1 + n) D x 1 x 1, got {tuple(weight.shape)}")
    parts = weight.split(width, dim=1)
    return torch.cat([sum(parts[1:], parts[0]), *(-part for part in parts[1:])], dim=1)


def convert_pee(model: Model, form: str) -> Model:
    """A copy of `model` (any module that holds PEE blocks) in the other PEE form, with the same outputs.

    >>> from banet_edu.networks.registry import create_model
    >>> model = create_model("banet", preset="nano").eval()
    >>> averages = convert_pee(model, "average")
    >>> x = torch.randn(1, 3, 64, 64)
    >>> torch.allclose(model(x), averages(x), atol=1e-4)
    True
    """
    twin: Any = copy.deepcopy(model)  # any network: `spec` is not known to nn.Module
    for block in twin.modules():
        scales: list[Any] = list(block.scales.values()) if isinstance(block, PyramidEdgeExtraction) else []
        if any(scale.form != form for scale in scales):
            with torch.no_grad():
                block.mix.weight.copy_(convert_pee_weight(block.mix.weight))
            for scale in scales:
                scale.form = form
    if hasattr(twin, "spec"):
        twin.spec = replace(twin.spec, overrides={**twin.spec.overrides, "pee": form})
    return twin
