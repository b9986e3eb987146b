"""Lesson 04, interactive attention: its check and its quiz."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from banet_edu.banet.mini_mtl import MiniMTL
from banet_edu.course.checks import Wrong, as_map, attempt, checked, recognise, same
from banet_edu.course.quiz import Option, Quiz, QuizQuestion


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


def quiz() -> Quiz:
    """The quiz at the end of the lesson."""
    return Quiz(
        [
            QuizQuestion(
                "At some cell aₛ = 0.9. How much of e does the object branch take over there?",
                (
                    Option("90 % of it", "The formula has 1 − aₛ: the weight says how sure the branch is of itself."),
                    Option("10 % of it", "S = s + (1 − aₛ) e, and 1 − 0.9 = 0.1.", right=True),
                    Option("all of it, and 90 % of s", "Nothing is ever taken away from s: its factor is 1."),
                ),
            ),
            QuizQuestion(
                "You switch off what the edge branch hears (object → edge). What happens to the final contour?",
                (
                    Option(
                        "nothing at all",
                        "It changes E only, and nothing on the way to the final contour reads E.",
                        right=True,
                    ),
                    Option(
                        "it moves a little",
                        "It would, if the decoder read E. It reads S only, and S is computed from s and e, not from E.",
                    ),
                    Option("it disappears", "The object branch still has s and takes over e as before."),
                ),
            ),
            QuizQuestion(
                "Why is the mean of a weight over the whole map a poor description?",
                (
                    Option(
                        "it is near 0.5 nearly everywhere, only the map shows where the branch listens",
                        "Inside and outside differ, and cancel in the mean.",
                        right=True,
                    ),
                    Option(
                        "means of a sigmoid are always 0.5",
                        "No: a sigmoid gives any value between 0 and 1; here training left the mean near the middle.",
                    ),
                    Option("the mean is wrong for small images", "The size of the image does not matter."),
                ),
            ),
            QuizQuestion(
                "With attention off, one of ten images gets better. What may you conclude?",
                (
                    Option("attention is useless", "One image says nothing: over all ten the boundary error grows."),
                    Option(
                        "attention should be off for images of that kind",
                        "Chosen after seeing the result, on the test images: that is how one fools oneself.",
                    ),
                    Option(
                        "little: look at all images, and report the ones that got better too",
                        "A block helps on average or it does not; exceptions are expected, and they are reported.",
                        right=True,
                    ),
                ),
            ),
        ]
    )


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
