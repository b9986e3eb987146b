"""Lesson 05, cross feature fusion: its check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from banet_edu.banet.cff import CrossFeatureFusion
from banet_edu.banet.layers import resize
from banet_edu.course.checks import Slips, Wrong, attempt, checked, same
from banet_edu.course.values import as_map, sizes

SIZES = ((16, 24), (8, 12), (4, 6), (2, 3))
_RESIZE = "Bring every map to the size of maps[stage - 1] first: resize(S, size)."


@checked
def check_fusion(my_fusion: Callable[[list[Tensor], Any, int], Tensor]) -> str:
    """Check `my_fusion(maps, gates, stage)`: F of that stage, for all four stages.

    `maps` is [S1, S2, S3, S4]; `gates[f"stage{j}"]` is the gate's module for S_j.
    """
    runs = []
    for stage in (1, 2, 3, 4):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stage)
            block = CrossFeatureFusion(4, stage).eval()
            for value in block.parameters():  # gates that differ from each other
                value.normal_(std=0.4)
            maps = [torch.randn(1, 4, *size) for size in SIZES]
        found = attempt(my_fusion, "my_fusion", maps, block.gates, stage, hint=_hint)
        size = SIZES[stage - 1]
        if isinstance(found, Tensor) and tuple(found.shape[-2:]) != size and tuple(found.shape[-2:]) in SIZES:
            other = SIZES.index(tuple(found.shape[-2:])) + 1
            raise Wrong(
                f"F of stage {stage} has the size of stage {other}: {sizes(found.shape[-2:])} cells.",
                "Stages count from 1, lists from 0: the own map is maps[stage - 1]. " + _RESIZE,
            )
        runs.append(((maps, block.gates, stage), as_map(found, f"F of stage {stage}", (1, 4, *size))))
    off = [
        (run[0][2], float((run[1] - _fusion(*run[0])).abs().max()))
        for run in runs
        if not same(run[1], _fusion(*run[0]))
    ]
    if off:
        raise SLIPS.explain(runs, lambda given, result, *_: same(given, result)) or Wrong(
            f"F of stage {off[0][0]} is not what the block gives: it is off by up to {off[0][1]:.2f}.",
            "F = S + (1 - own gate) * (sum over the OTHERS of gate * map), all at the size of the stage.",
        )
    return "F is what the package's own block gives, at all four stages."


def _hint(error: Exception) -> str:
    said = str(error)
    if "must match the size" in said or "Sizes of tensors must match" in said:
        return f"Maps of different stages have different sizes. {_RESIZE}"
    if isinstance(error, KeyError):
        return 'The gates are called gates["stage1"] to gates["stage4"].'
    if isinstance(error, IndexError):
        return "Stages count from 1 to 4, the list of maps from 0 to 3."
    return ""


def _others(stage: int) -> list[int]:
    return [j for j in (1, 2, 3, 4) if j != stage]


def _fusion(
    maps: Sequence[Tensor],
    gates: Any,
    stage: int,
    *,
    resized: Callable[..., Tensor] = resize,
    others: Callable[[int], Sequence[int]] = _others,
    looks: Callable[..., Any] = lambda gates, j, stage, at, maps: gates[f"stage{j}"](at[j]),
    weighed: Callable[..., Any] = lambda gate, other, own: gate * other,
    start: float = 0,
    shut: Callable[..., Any] = lambda gates, stage, own, last: 1 - gates[f"stage{stage}"](own),
    taken: Callable[..., Any] = lambda shut, heard, own: shut * heard,
    joined: Callable[..., Tensor] = lambda own, taken, heard, gate: own + taken,
) -> Tensor:
    """F, step by step, each of which can be taken wrongly."""
    at = {j: resized(each, maps[stage - 1].shape[-2:]) for j, each in enumerate(maps, start=1)}
    own, heard = at[stage], torch.as_tensor(start)
    for j in others(stage):
        heard = heard + weighed(looks(gates, j, stage, at, maps), at[j], own)
    factor = shut(gates, stage, own, at)
    return joined(own, taken(factor, heard, own), heard, 1 - factor)


def _one_by_one(gates: Any, stage: int, own: Tensor, at: dict[int, Tensor]) -> Tensor:
    """What arrives where each of the others is added to the own map before the own gate looks at it again."""
    grown = own
    for j in _others(stage):
        grown = grown + (1 - gates[f"stage{stage}"](grown)) * gates[f"stage{j}"](at[j]) * at[j]
    return grown - own


def _members() -> dict[tuple[str, str], dict[str, Any]]:
    """Maps left out of the sum, or taken twice."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    hint = "The sum goes over all stages but the own: for j in (1, 2, 3, 4), skip j == stage."
    for left in (1, 2, 3, 4):
        found[f"map {left} never gets into the sum.", hint] = {
            "others": lambda stage, left=left: [j for j in _others(stage) if j != left]
        }
        for twice in _others(left):
            found[f"map {twice} is in the sum twice, map {left} never.", hint] = {
                "others": lambda stage, left=left, twice=twice: [
                    j for j in (twice if j == left else j for j in (1, 2, 3, 4)) if j != stage
                ]
            }
    return found


def _table() -> dict[tuple[str, str], dict[str, Any]]:
    formula = "F = S + (1 - own gate) * sum over the others of gate * map"
    words: dict[str, dict[str, Any]] = {
        "the own gate is missing.": {"shut": lambda gates, stage, own, at: 1},
        "you have 2 minus the own gate, not 1 minus it.": {"shut": lambda g, stage, own, at: 2 - g[f"stage{stage}"](own)},
        "you have minus the own gate, not 1 minus it.": {"shut": lambda g, stage, own, at: -g[f"stage{stage}"](own)},
        "you have minus 1 minus the own gate, not 1 minus it.":
            {"shut": lambda g, stage, own, at: -1 - g[f"stage{stage}"](own)},
        "you have 1 PLUS the own gate, not 1 minus it.": {"shut": lambda g, stage, own, at: 1 + g[f"stage{stage}"](own)},
        "the own map is missing: F is only what was heard.": {"joined": lambda own, taken, heard, gate: taken},
        "what was heard is subtracted from the own map.": {"joined": lambda own, taken, heard, gate: own - taken},
        "what was heard is multiplied with the own map.": {"joined": lambda own, taken, heard, gate: own * taken},
        "the sum over the others stands where the own map should.":
            {"joined": lambda own, taken, heard, gate: heard + taken},
        "brackets are moved: own map AND gate are multiplied with the sum.":
            {"joined": lambda own, taken, heard, gate: (own + 1 - gate) * heard},
        "F is S: nothing was taken from the others.": {"joined": lambda own, taken, heard, gate: own},
        "the own gate is added to the sum, not multiplied with it.": {"taken": lambda shut, heard, own: shut + heard},
        "the sum is subtracted from the own gate, not multiplied with it.": {"taken": lambda shut, heard, own: shut - heard},
        "the own gate is divided by the sum, not multiplied with it.": {"taken": lambda shut, heard, own: shut / heard},
        "the own gate alone is added, without the sum over the others.": {"taken": lambda shut, heard, own: shut},
        "the own gate meets the own map, not the sum over the others.": {"taken": lambda shut, heard, own: shut * own},
        "brackets are missing: 1 - gate * sum is not (1 - gate) * sum.":
            {"taken": lambda shut, heard, own: 1 - (1 - shut) * heard},
        "the others' gates are missing: all of their maps come in.": {"weighed": lambda gate, other, own: other},
        "the others' maps are missing: only their gates are added up.": {"weighed": lambda gate, other, own: gate},
        "the others' gates are used as 1 minus the gate.": {"weighed": lambda gate, other, own: (1 - gate) * other},
        "the others' gates are added to the maps, not multiplied.": {"weighed": lambda gate, other, own: gate + other},
        "the others' maps are subtracted from their gates, not multiplied.": {"weighed": lambda gate, other, own: gate - other},
        "the others' gates are divided by the maps, not multiplied.": {"weighed": lambda gate, other, own: gate / other},
        "the others are subtracted, not added up.": {"weighed": lambda gate, other, own: -gate * other},
        "the others' gates meet the own map, not theirs.": {"weighed": lambda gate, other, own: gate * own},
        "the own map is faded by its gate.": {"joined": lambda own, taken, heard, gate: gate * own + taken},
        "the sum over the others starts at 1, not at 0.": {"start": 1},
        "the sum over the others starts at -1, not at 0.": {"start": -1},
        "only the own map is in the sum, none of the others.": {"others": lambda stage: [stage]},
        "only the stages before the own are in the sum.": {"others": lambda stage: range(1, stage)},
        "only the stages after the own are in the sum.": {"others": lambda stage: range(stage + 1, 5)},
        "only the last of the others is in the sum.": {"others": lambda stage: _others(stage)[-1:]},
        "only the first of the others is in the sum.": {"others": lambda stage: _others(stage)[:1]},
    }  # fmt: skip
    each = "Gate j looks at map j, at the size of the stage."
    sigmoid = "gates[...] end with a sigmoid already."
    twice = {
        "looks": lambda gates, j, stage, at, maps: gates[f"stage{j}"](at[j]).sigmoid(),
        "shut": lambda gates, stage, own, at: 1 - gates[f"stage{stage}"](own).sigmoid(),
    }
    skips = "Skip where j == stage - 1, or count with enumerate(maps, start=1)."
    return {
        ("the map that is skipped is not your own but the next one: stages count from 1, the list from 0.", skips):
            {"others": lambda stage: [j + 1 for j in range(4) if j != stage]},
        ("the map that is skipped is not your own but the one before it.", "Where j counts from 1, skip j == stage."):
            {"others": lambda stage: [j for j in (1, 2, 3, 4) if j != stage - 1]},
        ("the first map is always left out, and the one that is skipped is not your own but the next: "
         "stages count from 1, the list from 0.", f"for j in range(4). {skips}"):
            {"others": lambda stage: [j + 1 for j in (1, 2, 3) if j != stage]},
        ("each map meets the gate of the stage before it: stages count from 1, the list from 0.",
         'The gate of maps[j] is gates[f"stage{j + 1}"].'):
            {"looks": lambda gates, j, stage, at, maps: gates[f"stage{j - 1}"](at[j])},
        ("the own gate is used as it is, not as 1 minus the gate.", f"A closed own gate (0) means: I listen. {formula}"):
            {"shut": lambda gates, stage, own, at: gates[f"stage{stage}"](own)},
        ("the own map is in the sum as well.", "Only the others: skip j == stage."): {"others": lambda stage: (1, 2, 3, 4)},
        ("the others are averaged, not added.", "The formula has a sum: do not divide."):
            {"weighed": lambda gate, other, own: gate * other / 3},
        ("the others' gates are computed before the maps are resized.", "First resize each map, then give it to its gate."):
            {"looks": lambda gates, j, stage, at, maps: resize(gates[f"stage{j}"](maps[j - 1]), at[j].shape[-2:])},
        ("each map is gated before it is resized.", "First resize each map, then give it to its gate."):
            {"looks": lambda gates, j, stage, at, maps: resize(gates[f"stage{j}"](maps[j - 1]) * maps[j - 1], at[j].shape[-2:]),
             "weighed": lambda gate, other, own: gate},
        ("the own map changes inside the loop, so the own gate sees another map each time.",
         "Add the others up first (heard)."):
            {"shut": _one_by_one, "taken": lambda shut, heard, own: shut},
        ("the sigmoid is applied twice.", sigmoid): twice,
        ("the sigmoid is applied twice in the others' gates.", sigmoid): {"looks": twice["looks"]},
        ("the sigmoid is applied twice in the own gate.", sigmoid): {"shut": twice["shut"]},
        ("the maps are resized to the nearest cell.",
         "Use resize(...), or F.interpolate(..., mode='bilinear', align_corners=False)."):
            {"resized": lambda m, size: F.interpolate(m, size=tuple(size))},
        ("the others' gates are computed from the own map.", each):
            {"looks": lambda gates, j, stage, at, maps: gates[f"stage{j}"](at[stage])},
        ("the own stage's gate is used for all maps.", each):
            {"looks": lambda gates, j, stage, at, maps: gates[f"stage{stage}"](at[j])},
        ("the gate of the last stage is used as the own gate.", each):
            {"shut": lambda gates, stage, own, at: 1 - gates["stage4"](own)},
        **{(said, formula): parts for said, parts in words.items()},
        **_members(),
    }  # fmt: skip


SLIPS = Slips(_fusion, _table())
