"""Lesson 05, cross feature fusion: its check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from banet_edu.banet.cff import CrossFeatureFusion
from banet_edu.banet.layers import resize
from banet_edu.course.checks import Wrong, as_map, attempt, checked, recognise, same, sizes

SIZES = ((16, 24), (8, 12), (4, 6), (2, 3))
_RESIZE = "Bring every map to the size of maps[stage - 1] first: resize(S, size)."


@checked
def check_fusion(my_fusion: Callable[[list[Tensor], Any, int], Tensor]) -> str:
    """Check `my_fusion(maps, gates, stage)`: F of that stage, for all four stages.

    `maps` is [S1, S2, S3, S4]; `gates[f"stage{j}"]` is the gate's module for S_j.
    """
    for stage in (1, 2, 3, 4):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stage)
            block = CrossFeatureFusion(4, stage).eval()
            for value in block.parameters():  # gates that differ from each other
                value.normal_(std=0.4)
            maps = [torch.randn(1, 4, *size) for size in SIZES]
        wanted = block(maps)
        found = attempt(my_fusion, "my_fusion", maps, block.gates, stage, hint=_hint)
        if isinstance(found, Tensor) and found.shape != wanted.shape and tuple(found.shape[-2:]) in SIZES:
            other = SIZES.index(tuple(found.shape[-2:])) + 1
            raise Wrong(
                f"F of stage {stage} has the size of stage {other}: {sizes(found.shape[-2:])} cells.",
                "Stages count from 1, lists from 0: the own map is maps[stage - 1]. " + _RESIZE,
            )
        found = as_map(found, f"F of stage {stage}", wanted.shape)
        if not same(found, wanted):
            raise recognise(
                found,
                _slips(block, maps, stage),
                (
                    f"F of stage {stage} is not what the block gives.",
                    "F = S + (1 - own gate) * (sum over the OTHERS of gate * map), all at the size of the stage.",
                ),
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


def _slips(block: Any, maps: Sequence[Tensor], stage: int) -> dict[tuple[str, str], Tensor]:
    size = maps[stage - 1].shape[-2:]
    at = {j: resize(m, size) for j, m in enumerate(maps, start=1)}
    gates = {j: block.gates[f"stage{j}"](m) for j, m in at.items()}
    own, gate = at[stage], gates[stage]
    others = [j for j in at if j != stage]
    heard = sum(gates[j] * at[j] for j in others)
    early = {j: resize(block.gates[f"stage{j}"](m), size) for j, m in enumerate(maps, start=1)}
    nearest = {j: F.interpolate(m, size=tuple(size)) for j, m in enumerate(maps, start=1)}
    near_gates = {j: block.gates[f"stage{j}"](m) for j, m in nearest.items()}
    formula = "F = S + (1 - own gate) * sum over the others of gate * map"
    return {
        (
            "the own gate is used as it is, not as 1 minus the gate.",
            f"A closed own gate (0) means: I listen. {formula}",
        ): (own + gate * heard),
        ("the own gate is missing.", formula): own + heard,
        ("the own map is in the sum as well.", "Only the others: skip j == stage."): (
            own + (1 - gate) * (heard + gate * own)
        ),
        ("the own map is missing: F is only what was heard.", formula): (1 - gate) * heard,
        ("the others' gates are missing: all of their maps come in.", formula): (
            own + (1 - gate) * sum(at[j] for j in others)
        ),
        ("the others are averaged, not added.", "The formula has a sum: do not divide."): (
            own + (1 - gate) * heard / 3
        ),
        (
            "the gates are computed before the maps are resized.",
            "First resize each map, then give the resized map to its gate.",
        ): (own + (1 - early[stage]) * sum(early[j] * at[j] for j in others)),
        (
            "the maps are resized to the nearest cell.",
            "Use resize(...), or F.interpolate(..., mode='bilinear', align_corners=False).",
        ): (own + (1 - near_gates[stage]) * sum(near_gates[j] * nearest[j] for j in others)),
        ("all gates are computed from the own map.", "Gate j looks at map j."): (
            own + (1 - gate) * sum(block.gates[f"stage{j}"](own) * at[j] for j in others)
        ),
        ("the others' gates are used as 1 minus the gate.", formula): (
            own + (1 - gate) * sum((1 - gates[j]) * at[j] for j in others)
        ),
        ("the own map is faded by its gate.", f"The own map stays whole: {formula}"): gate * own + (1 - gate) * heard,
        ("F is S: nothing was taken from the others.", formula): own,
    }
