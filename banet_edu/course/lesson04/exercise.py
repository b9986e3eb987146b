"""Lesson 04, interactive attention: its check."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from banet_edu.banet.mini_mtl import MiniMTL
from banet_edu.course.checks import Slips, Wrong, attempt, checked, same
from banet_edu.course.values import as_map


@checked
def check_attention(my_attention: Callable[[nn.Module, Tensor], tuple[Tensor, Tensor]]) -> str:
    """Check `my_attention(block, P)` -> (S, E): both branches, their weights, and the exchange both ways at once."""
    runs = []
    for seed in (0, 1):
        block, p = _case(seed)
        found = attempt(my_attention, "my_attention", block, p, hint=_hint)
        if isinstance(found, Tensor) and found.ndim == p.ndim + 1:
            found = tuple(found)  # two maps in one stack can be taken apart like two maps
        if isinstance(found, Tensor) or not isinstance(found, tuple | list) or len(found) != 2:
            got = "one tensor" if isinstance(found, Tensor) else type(found).__name__
            raise Wrong(f"my_attention gives back {got}, expected are two: S and E.", "End it with `return S, E`.")
        maps = tuple(as_map(value, name, p.shape) for value, name in zip(found, "SE", strict=True))
        runs.append(((_remembered(block), p), maps))
    right = [all(same(maps[at], _attention(*inputs)[at]) for inputs, maps in runs) for at in (0, 1)]
    if all(right):
        return "S and E are what the package's own block gives."
    rest = f" ({'SE'[right.index(True)]} is right.)" if any(right) else ""
    if wrong := SLIPS.explain(runs, _same_maps):
        raise Wrong(wrong.said + rest, wrong.hint, wrong.as_if)
    name = "SE"[right.index(False)]
    off = max(
        float((maps["SE".index(name)] - _attention(*inputs)["SE".index(name)]).abs().max()) for inputs, maps in runs
    )
    raise Wrong(f"{name} is not what the block gives; it is off by up to {off:.2f}.{rest}", _formula(name))


def _case(seed: int) -> tuple[MiniMTL, Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        block = MiniMTL(5, 4).eval()
        p = torch.randn(1, 4, 9, 12)
        for name, value in block.named_parameters():  # as random as it comes, all weights lie near 0.5
            if "attention" in name:
                value.normal_()
    return block, p


def _remembered(block: MiniMTL) -> Any:
    """The parts of the block, each of which works once on the same map: thousands of pairs of slips are tried."""
    names = ("seg_branch", "edge_branch", "seg_attention", "edge_attention")
    return SimpleNamespace(**{name: cache(getattr(block, name)) for name in names})


def _same_maps(one: Any, other: Any, *_: Any) -> bool:
    return all(same(*pair) for pair in zip(one, other, strict=True))


def _hint(error: Exception) -> str:
    if isinstance(error, AttributeError):
        return "The block has seg_branch, edge_branch, seg_attention and edge_attention; call each like a function."
    return ""


def _attention(block: Any, p: Tensor, **parts: Any) -> tuple[Tensor, Tensor]:
    """Both branches and the exchange, from parts of which each can be taken wrongly; "S_gate" is the gate of S, and so on."""
    s = parts.get("s", lambda b, p: b.seg_branch(p))(block, p)
    e = parts.get("e", lambda b, p: b.edge_branch(p))(block, p)
    new: dict[str, Tensor] = {}
    for name, own, heard, module, other in (
        ("S", s, e, block.seg_attention, block.edge_attention),
        ("E", e, s, block.edge_attention, block.seg_attention),
    ):
        heard = new["S"] if name == "E" and parts.get("late") else heard
        weight = parts.get(f"{name}_weight", lambda m, o, own, heard, p: m(own))(module, other, own, heard, p)
        gate = parts.get(f"{name}_gate", lambda w, heard: 1 - w)(weight, heard)
        taken = parts.get(f"{name}_taken", lambda gate, heard, own, p: gate * heard)(gate, heard, own, p)
        new[name] = parts.get(f"{name}_joined", lambda own, taken, weight: own + taken)(own, taken, weight)
    found: tuple[Tensor, Tensor] = parts.get("given", lambda S, E, s, e: (S, E))(new["S"], new["E"], s, e)
    return found


def _formula(name: str) -> str:
    own, heard = "se" if name == "S" else "es"
    return f"{name} = {own} + (1 - a) * {heard}, where a comes from {own}"


def _of(name: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What can go wrong in S or in E."""
    own, heard = "se" if name == "S" else "es"
    formula, weight, gate, taken, joined = (
        _formula(name),
        *(f"{name}_{p}" for p in ("weight", "gate", "taken", "joined")),
    )
    other = {
        "S": "S has sigmoid(e) in the place of 1 - a: the attention of s is not called.",
        "E": "E = e + sigmoid(s) * s is the other description's form (part 4), not this one's.",
    }[name]
    swapped = {weight: lambda m, o, own, heard, p: o(heard)}
    words: dict[str, dict[str, Any]] = {
        f"{name} is {own}: nothing was taken over.": {joined: lambda own, taken, w: own},
        f"{name} listens where it is sure: the weight is used, not 1 minus the weight.": {gate: lambda w, h: w},
        f"{name} adds all of {heard}: no weight is used.": {gate: lambda w, h: 1},
        f"{name} takes {heard} away: it is weighed with minus the weight.": {gate: lambda w, h: -w},
        f"{name} has the weight minus 1, not 1 minus the weight.": {gate: lambda w, h: w - 1},
        f"{name} has 1 PLUS the weight, not 1 minus it.": {gate: lambda w, h: 1 + w},
        f"{name} has 2 minus the weight, not 1 minus it.": {gate: lambda w, h: 2 - w},
        f"{name} has minus 1 minus the weight, not 1 minus it.": {gate: lambda w, h: -1 - w},
        f"{name} divides 1 by the weight instead of subtracting it.": {gate: lambda w, h: 1 / w},
        f"{name} uses the other branch's weight.": swapped,
        f"{name} uses the other branch's weight, and not 1 minus it.": {**swapped, gate: lambda w, h: w},
        f"{name} has a weight computed from P.": {weight: lambda m, o, own, heard, p: m(p)},
        f"{name} has a weight computed from {heard}.": {weight: lambda m, o, own, heard, p: m(heard)},
        f"{name} gives {own} to the other branch's attention.": {weight: lambda m, o, own, heard, p: o(own)},
        f"{name} has no weight but {own} itself: the attention is not called.": {weight: lambda m, o, own, heard, p: own},
        f"{name} adds the gate to {heard} instead of multiplying.": {taken: lambda g, h, own, p: g + h},
        f"{name} subtracts {heard} from the gate instead of multiplying.": {taken: lambda g, h, own, p: g - h},
        f"{name} divides the gate by {heard} instead of multiplying.": {taken: lambda g, h, own, p: g / h},
        f"{name} adds the gate alone: {heard} is missing.": {taken: lambda g, h, own, p: g},
        f"{name} takes {own} over, its own branch, not {heard}.": {taken: lambda g, h, own, p: g * own},
        f"{name} takes P over, not {heard}.": {taken: lambda g, h, own, p: g * p},
        f"{name} has brackets that are missing: 1 - a * {heard} is not (1 - a) * {heard}.":
            {taken: lambda g, h, own, p: 1 - (1 - g) * h},
        f"{name} fades its own branch: a * {own} + (1 - a) * {heard}.": {joined: lambda own, taken, w: w * own + taken},
        f"{name} has lost its own branch.": {joined: lambda own, taken, w: taken},
        f"{name} subtracts where it should add.": {joined: lambda own, taken, w: own - taken},
        f"{name} multiplies where it should add.": {joined: lambda own, taken, w: own * taken},
        other: {gate: lambda w, h: h.sigmoid()},
    }  # fmt: skip
    found = {(said, formula): parts for said, parts in words.items()}
    hint = "block.seg_attention and block.edge_attention end with a sigmoid already."
    found[f"the sigmoid is applied twice in {name}.", hint] = {gate: lambda w, h: 1 - w.sigmoid()}
    return found


def _table() -> dict[tuple[str, str], dict[str, Any]]:
    start, end = "s = block.seg_branch(P), e = block.edge_branch(P)", "`return S, E`: the object first, then the edge."
    return {
        ("S and E are given back in the wrong order.", end): {"given": lambda S, E, s, e: (E, S)},
        ("S is given back twice.", end): {"given": lambda S, E, s, e: (S, S)},
        ("E is given back twice.", end): {"given": lambda S, E, s, e: (E, E)},
        ("E takes over from S after its own exchange.",
         "Both ways at once: E is computed from s and e, not from the new map."): {"late": True},
        ("E is s, the object's branch before the exchange.", end): {"given": lambda S, E, s, e: (S, s)},
        ("S is e, the edge's branch before the exchange.", end): {"given": lambda S, E, s, e: (e, E)},
        ("s is P: block.seg_branch is not called.", start): {"s": lambda b, p: p},
        ("e is P: block.edge_branch is not called.", start): {"e": lambda b, p: p},
        ("s comes from the edge branch.", start): {"s": lambda b, p: b.edge_branch(p)},
        ("e comes from the object branch.", start): {"e": lambda b, p: b.seg_branch(p)},
        ("block.edge_branch is given s, not P.", start): {"e": lambda b, p: b.edge_branch(b.seg_branch(p))},
        **_of("S"),
        **_of("E"),
    }  # fmt: skip


def _alike() -> dict[tuple[str, str], dict[str, Any]]:
    """The same slip in S and in E: one misunderstanding, told once."""
    both = f"{_formula('S')}; {_formula('E').replace('a)', 'b)').replace(' a ', ' b ')}."
    own_words = {
        "S listens where it is sure: the weight is used, not 1 minus the weight.": (
            "S and E listen where they are sure: the weight is used, not 1 minus the weight."
        )
    }
    return {
        (own_words.get(said, f"the same in S and in E: {said}"), both if hint == _formula("S") else hint): {
            **parts,
            **more,
        }
        for ((said, hint), parts), more in zip(_of("S").items(), _of("E").values(), strict=True)
    }


SLIPS = Slips(_attention, _table(), alone=_alike())
