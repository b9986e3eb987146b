"""Lesson 03, pyramid edge extraction: its checks."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from banet_edu.banet.pee import PyramidEdgeExtraction
from banet_edu.course.checks import Wrong, as_map, attempt, checked, recognise, same

_STRIDE = "F.avg_pool2d moves its window by `stride`, which is the window's size unless you say stride=1."
_PADDING = (
    "A window of k cells needs k // 2 cells beyond every side: F.pad(..., (k // 2,) * 4, mode='replicate') first."
)
_FRAME = "Repeat the frame instead: F.pad(R, (k // 2,) * 4, mode='replicate'), then average without padding."


@checked
def check_edge(my_edge: Callable[[Tensor, int], Tensor]) -> str:
    """Check `my_edge(R, k)`: R minus its average over k x k cells, of R's size, with no false edge along the frame.

    >>> check_edge(lambda R, k: R).said
    'your function gives R back as it is: nothing is subtracted.'
    """
    generator = torch.Generator().manual_seed(3)
    repeated = True
    for kernel in (3, 5, 7):
        reduced = torch.rand(1, 3, 15, 22, generator=generator)
        found = attempt(my_edge, "my_edge", reduced, kernel, hint=partial(_size_hint, kernel))
        if isinstance(found, Tensor) and found.shape != reduced.shape:
            raise _smaller(found, kernel)
        found = as_map(found, "the edge map", reduced.shape)
        inside = (..., slice(kernel // 2, -(kernel // 2)), slice(kernel // 2, -(kernel // 2)))
        expected = _edge(reduced, kernel)
        if not same(found[inside], expected[inside]):
            slips = {said: result[inside] for said, result in _slips(reduced, kernel).items()}
            off = float((found - expected)[inside].abs().max())
            raise recognise(
                found[inside],
                slips,
                (
                    f"for k = {kernel} your edge map is off by up to {off:.2f}.",
                    "Take a map of ones with a single 2 in it, and print R, your average and the difference.",
                ),
            )
        flat = attempt(my_edge, "my_edge", torch.ones(1, 1, 15, 22), kernel)
        if (false := float(flat.abs().max())) > 1e-3:
            raise Wrong(
                f"an even map has no edges, but along its frame your function finds some (up to {false:.2f}): "
                "zeros were averaged in.",
                _FRAME,
            )
        repeated &= same(found, expected)
    if repeated:
        return "R minus its average, of the same size, and no false edge along the frame."
    return (
        "R minus its average, and no false edge along the frame. There you treat the cells beyond it in your own way;"
        " the package repeats the frame."
    )


@checked
def check_pee(my_pee: Callable[[nn.Module, Tensor], Tensor]) -> str:
    """Check `my_pee(block, c)` against the package's own blocks: reduce, edges at every scale, mix, ReLU, fuse."""
    for kernels in ((5, 7), (3, 5), (3, 5, 7)):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(len(kernels))
            block = PyramidEdgeExtraction(6, 4, kernels).eval()
            c = torch.randn(1, 6, 19, 24)
        wanted = block(c)
        found = as_map(attempt(my_pee, "my_pee", block, c, hint=_pee_hint), "P", wanted.shape)
        edge = max(kernels) // 2 + 1
        inside = (..., slice(edge, -edge), slice(edge, -edge))
        if same(found[inside], wanted[inside]):
            continue
        slips = {said: result[inside] for said, result in _pee_slips(block, c).items()}
        raise recognise(
            found[inside],
            slips,
            (
                f"with the windows {kernels} your P differs from the block's.",
                "Compare step by step: print block.reduce(c).shape, the list of edges, the concatenation.",
            ),
        )
    return "your PEE gives what the package's own block gives, with two windows and with three."


def _edge(reduced: Tensor, kernel: int) -> Tensor:
    return reduced - F.avg_pool2d(F.pad(reduced, (kernel // 2,) * 4, mode="replicate"), kernel, stride=1)


def _slips(reduced: Tensor, kernel: int) -> dict[tuple[str, str], Tensor]:
    average = reduced - _edge(reduced, kernel)
    padded = F.pad(reduced, (kernel // 2,) * 4, mode="replicate")
    slips = {
        ("your function gives R back as it is: nothing is subtracted.", "Subtract the average from R."): reduced,
        ("your map is 0 everywhere.", "Subtract the average of R from R, not R from itself."): torch.zeros_like(
            reduced
        ),
        ("that is the average itself.", "The edge is what the average takes away: R minus the average."): average,
        ("the sign is the wrong way round.", "R minus the average, not the average minus R."): average - reduced,
        (
            "the sign is lost: all values are positive.",
            "Keep the sign, it tells the bright side of an edge from the dark one: no abs.",
        ): (reduced - average).abs(),
        ("negative values are missing.", "Keep the sign: no ReLU here."): (reduced - average).relu(),
        ("you take the largest value of the window, not its mean.", "F.avg_pool2d, not F.max_pool2d."): (
            reduced - F.max_pool2d(padded, kernel, stride=1)
        ),
        ("the average is over all channels too.", "Each channel gets an average of its own."): (
            reduced - average.mean(dim=1, keepdim=True)
        ),
    }
    for other in (3, 5, 7):
        if other != kernel:
            slips[
                f"for k = {kernel} you average over {other} x {other} cells.",
                "Use the argument k instead of a fixed number.",
            ] = _edge(reduced, other)
    return slips


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
    small = min(int(found[1]), int(found[2]))
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


def _pee_slips(block: Any, c: Tensor) -> dict[tuple[str, str], Tensor]:
    reduced = block.reduce(c)
    edges = [_edge(reduced, scale.kernel) for scale in block.scales.values()]
    averages = [reduced - edge for edge in edges]

    def finish(*maps: Tensor) -> Tensor:
        return block.fuse(block.relu(block.mix(torch.cat(maps, dim=1))))

    order = "Keep the order of the formula: R first, then the edges from narrow to wide."
    return {
        (
            "the ReLU between block.mix and block.fuse is missing.",
            "block.fuse(block.relu(block.mix(...)))",
        ): block.fuse(block.mix(torch.cat([reduced, *edges], dim=1))),
        ("block.fuse is missing: this is the mix after its ReLU.", "End with block.fuse(...)."): block.relu(
            block.mix(torch.cat([reduced, *edges], dim=1))
        ),
        ("R and the edges are joined in another order.", order): finish(*edges, reduced),
        ("the edges are joined from wide to narrow.", order): finish(reduced, *edges[::-1]),
        (
            "the averages are joined, not the edges.",
            "edge = R minus average. (The average form needs other weights: part 5.)",
        ): finish(reduced, *averages),
        ("R is joined several times, and no edge.", "Call my_edge(R, scale.kernel) for each scale."): finish(
            reduced, *[reduced] * len(edges)
        ),
        ("all edges have the same window.", "Each scale has its own: scale.kernel."): finish(
            reduced, *[edges[0]] * len(edges)
        ),
    }
