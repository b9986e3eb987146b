"""Lesson 04, interactive attention: its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from banet_edu.banet.mini_mtl import MiniMTL
from banet_edu.course.checks import Wrong, as_map, attempt, checked, recognise, same


@checked
def check_attention(my_attention: Callable[[nn.Module, Tensor], tuple[Tensor, Tensor]]) -> str:
    """Check `my_attention(block, P)` -> (S, E): both branches, their weights, and the exchange both ways at once."""
    for seed in (0, 1):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            block = MiniMTL(5, 4).eval()
            p = torch.randn(1, 4, 9, 12)
            for name, value in block.named_parameters():  # as random as it comes, all weights lie near 0.5
                if "attention" in name:
                    value.normal_()
        found = attempt(my_attention, "my_attention", block, p, hint=_hint)
        if isinstance(found, Tensor) or not isinstance(found, tuple | list) or len(found) != 2:
            got = "one tensor" if isinstance(found, Tensor) else type(found).__name__
            raise Wrong(f"my_attention gives back {got}, expected are two: S and E.", "End it with `return S, E`.")
        s, e = block.seg_branch(p), block.edge_branch(p)
        wanted = block.exchange(s, e)
        maps = [as_map(value, name, want.shape) for value, name, want in zip(found, "SE", wanted, strict=True)]
        right = [same(*pair) for pair in zip(maps, wanted, strict=True)]
        if same(maps[0], wanted[1]) and same(maps[1], wanted[0]):
            raise Wrong("S and E are given back in the wrong order.", "`return S, E`: the object first, then the edge.")
        if not all(right):
            wrong = right.index(False)
            raise _why(block, p, s, e, wanted, maps, wrong, right[1 - wrong])
    return "S and E are what the package's own block gives."


def _hint(error: Exception) -> str:
    if isinstance(error, AttributeError):
        return "The block has seg_branch, edge_branch, seg_attention and edge_attention; call each like a function."
    return ""


def _why(
    block: Any,
    p: Tensor,
    s: Tensor,
    e: Tensor,
    wanted: tuple[Tensor, Tensor],
    maps: list[Tensor],
    at: int,
    other: bool,
) -> Wrong:
    """What is wrong with S (`at` 0) or E (1)."""
    name = "SE"[at]
    own, heard = ((s, "s"), (e, "e")) if at == 0 else ((e, "e"), (s, "s"))
    weight = (block.seg_attention(s), block.edge_attention(e))[at]
    crossed = (block.edge_attention(e), block.seg_attention(s))[at]
    x, y = own[0], heard[0]
    formula = f"{name} = {own[1]} + (1 - a) * {heard[1]}, where a comes from {own[1]}"
    last = wanted[1 - at]
    slips = {
        (f"{name} is {own[1]}: nothing was taken over.", formula): x,
        (f"{name} listens where it is sure: the weight is used, not 1 minus the weight.", formula): x + weight * y,
        (f"{name} adds all of {heard[1]}: no weight is used.", formula): x + y,
        (f"{name} uses the other branch's weight.", formula): x + (1 - crossed) * y,
        (f"{name} uses the other branch's weight, and not 1 minus it.", formula): x + crossed * y,
        (
            f"{name} fades its own branch: a * {own[1]} + (1 - a) * {heard[1]}.",
            f"The own branch stays whole: {formula}",
        ): (weight * x + (1 - weight) * y),
        (f"{name} has lost its own branch.", formula): (1 - weight) * y,
        (
            f"{name} takes over from {'ES'[at]} after its own exchange.",
            f"Both ways at once: {name} is computed from s and e, not from the new map.",
        ): (x + (1 - weight) * last),
        (f"{name} has a weight computed from P.", formula): (
            x + (1 - (block.seg_attention, block.edge_attention)[at](p)) * y
        ),
        (f"{name} has a weight computed from {heard[1]}.", formula): (
            x + (1 - (block.seg_attention, block.edge_attention)[at](y)) * y
        ),
        (
            f"the sigmoid is applied twice in {name}.",
            "block.seg_attention and block.edge_attention end with a sigmoid already.",
        ): (x + (1 - weight.sigmoid()) * y),
        (
            f"{name} = {own[1]} + sigmoid({heard[1]}) * {heard[1]} is the blog's form.",
            f"Here the release's is asked for: {formula}",
        ): (x + y.sigmoid() * y),
        (f"{name} multiplies where it should add.", formula): x * (1 - weight) * y,
    }
    rest = f" ({'ES'[at]} is right.)" if other else ""
    wrong = recognise(maps[at], slips, (f"{name} is not what the block gives.", formula))
    return Wrong(wrong.said + rest, wrong.hint)
