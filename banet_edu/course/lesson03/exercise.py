"""Lesson 03, pyramid edge extraction: its checks."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from banet_edu.banet.pee import PyramidEdgeExtraction
from banet_edu.course.checks import Wrong, attempt, checked, same
from banet_edu.course.lesson03.slips import EDGE_SLIPS, FRAME, PEE_SLIPS, edge_of
from banet_edu.course.values import as_map, told_apart

_STRIDE = "F.avg_pool2d moves its window by `stride`, which is the window's size unless you say stride=1."
_PADDING = (
    "A window of k cells needs k // 2 cells beyond every side: F.pad(..., (k // 2,) * 4, mode='replicate') first."
)


@checked
def check_edge(my_edge: Callable[[Tensor, int], Tensor]) -> str:
    """Check `my_edge(R, k)`: R minus its average over k x k cells, of R's size, with no false edge along the frame.

    >>> check_edge(lambda R, k: R).said
    'your function gives R back as it is: nothing is subtracted.'
    """
    generator = torch.Generator().manual_seed(3)
    even = torch.ones(1, 2, 15, 22) * torch.tensor([1, -0.5])[:, None, None]
    runs = []
    for kernel in (3, 5, 7):
        for reduced in (torch.rand(2, 3, 15, 22, generator=generator), even):
            found = attempt(my_edge, "my_edge", reduced, kernel, hint=partial(_size_hint, kernel))
            if isinstance(found, Tensor) and found.ndim == 4 and found.shape[-2:] != reduced.shape[-2:]:
                raise _smaller(found, kernel)
            runs.append(((reduced, kernel), as_map(found, "the edge map", reduced.shape)))
    off = [(inputs, found) for inputs, found in runs if not _same_inside(found, edge_of(*inputs), *inputs)]
    false = [much for (reduced, _), found in runs if reduced is even and (much := float(found.abs().max())) > 1e-3]
    wrong = EDGE_SLIPS.explain(runs, _same_edge) if off or false else None
    if off:
        (reduced, kernel), found = off[0]
        much = float(_inside(found - edge_of(reduced, kernel), kernel).abs().max())
        raise wrong or Wrong(
            f"for k = {kernel} your edge map is off by up to {told_apart(much, 0, 2)[0]}.",
            "Take a map of ones with a single 2 in it, and print R, your average and the difference.",
        )
    if false:
        said = f"a constant map has no edges, but along its frame your function finds some (up to {false[0]:.2f})"
        raise Wrong(f"{said}: {wrong.said}" if wrong else f"{said}.", FRAME, wrong.as_if if wrong else None)
    if any(reduced is not even and _blank(found, kernel) for (reduced, kernel), found in runs):
        raise Wrong(
            "within k // 2 cells of the frame your edge map is 0, whatever R is: a true edge there is lost.",
            "Put cells around R BEFORE you average, so that every cell has its window: "
            'F.pad(R, (k // 2,) * 4, mode="replicate").',
        )
    if all(same(found, edge_of(*inputs)) for inputs, found in runs):
        return "R minus its average, of the same size, and no false edge along the frame."
    return (
        "R minus its average, and no false edge along the frame. There you treat the cells beyond it in your own way;"
        " the package repeats the frame."
    )


@checked
def check_pee(my_pee: Callable[[nn.Module, Tensor], Tensor]) -> str:
    """Check `my_pee(block, c)` against the package's own blocks: reduce, edges at every scale, mix, ReLU, fuse."""
    runs = []
    for kernels in ((5, 7), (3, 5), (3, 5, 7)):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(len(kernels))
            block = PyramidEdgeExtraction(6, 4, kernels).eval()
            c = torch.randn(1, 6, 19, 24)
        found = attempt(my_pee, "my_pee", block, c, hint=_pee_hint)
        runs.append(((block, c), as_map(found, "P", (1, 4, 19, 24))))
    off = [block for (block, c), found in runs if not _same_pyramid(found, block(c), block)]
    if off:
        windows = tuple(scale.kernel for scale in off[0].scales.values())
        raise PEE_SLIPS.explain(runs, _same_pyramid) or Wrong(
            f"with the windows {windows} your P differs from the block's.",
            "Compare step by step: print block.reduce(c).shape, the list of edges, the concatenation.",
        )
    said = "your PEE gives what the package's own block gives, with two windows and with three"
    if all(same(found, block(c)) for (block, c), found in runs):
        return f"{said}."
    return (
        f"{said}, but for the cells near the frame: there your my_edge does otherwise than repeat it. "
        "Ask check_edge whether it finds false edges there."
    )


def _inside(edge: Tensor, kernel: int) -> Tensor:
    """Without the cells whose windows reach beyond the frame, where more than one treatment is right."""
    return edge[..., kernel // 2 : -(kernel // 2), kernel // 2 : -(kernel // 2)]


def _blank(edge: Tensor, kernel: int) -> bool:
    """Nothing but zeros where windows reach beyond the frame."""
    frame = edge.clone()
    _inside(frame, kernel).zero_()
    return not frame.any()


def _same_inside(found: Tensor, result: Tensor, reduced: Tensor, kernel: int) -> bool:
    return found.shape == result.shape and same(_inside(found, kernel), _inside(result, kernel))


def _same_edge(found: Tensor, result: Tensor, reduced: Tensor, kernel: int) -> bool:
    """A treatment of the frame shows in an even map, whose average is the same for all that are right."""
    even = bool((reduced == reduced[..., :1, :1]).all())
    return same(found, result) if even else _same_inside(found, result, reduced, kernel)


def _same_pyramid(found: Tensor, result: Tensor, block: Any, *_: Any) -> bool:
    # The fuse step looks one cell further.
    return _same_inside(found, result, found, max(scale.kernel for scale in block.scales.values()) + 2)


def _smaller(found: Tensor, kernel: int) -> Wrong:
    got = tuple(found.shape[-2:])
    said = f"the edge map has {got[0]} x {got[1]} cells instead of 15 x 22 (k = {kernel})."
    if got == (15 - kernel + 1, 22 - kernel + 1):
        return Wrong(said, _PADDING)
    if got[0] < 15 and got[0] * kernel <= 15 + 2 * kernel:
        return Wrong(said, _STRIDE)
    return Wrong(said, "An edge map has one value for each cell of R.")


def _size_hint(kernel: int, error: Exception) -> str:
    found = re.search(r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)", str(error))
    if not found:
        return ""
    one, other = int(found[1]), int(found[2])
    if (one, other) == (22 + kernel - 1, 22):
        return "You subtract from the padded map. Keep R as it is, and give the padded map a name of its own."
    if one == 22 < other:
        return "The average is larger than R: put k // 2 cells on each side, once (F.pad or padding=, not both)."
    small = min(one, other)
    if small in (15 - kernel + 1, 22 - kernel + 1):
        return _PADDING
    return _STRIDE if small * kernel <= 22 + 2 * kernel else ""


def _pee_hint(error: Exception) -> str:
    said = str(error)
    if "channels" in said and "expected input" in said:
        return (
            "block.reduce takes c; block.mix takes R and ALL edge maps, joined along dim=1: torch.cat([R, *edges],"
            " dim=1). Take the windows from block.scales, there may be two or three."
        )
    return ""
