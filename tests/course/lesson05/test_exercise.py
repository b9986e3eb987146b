"""Lesson 05, cross feature fusion: right answers of any make pass, plausible wrong ones are told WHAT is wrong."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from lesson_checks import assert_leaves_randomness_alone, assert_never_raises, cell, refused, unwritten, without

from banet_edu.banet.layers import resize
from banet_edu.course.lesson05.exercise import check_fusion


def fusion(maps, gates, stage):
    size = maps[stage - 1].shape[-2:]
    at = [resize(m, size) for m in maps]
    g = [gates[f"stage{j}"](m) for j, m in enumerate(at, start=1)]
    heard = sum(g[j] * at[j] for j in range(4) if j != stage - 1)
    return at[stage - 1] + (1 - g[stage - 1]) * heard


def fusion_from_the_whole_sum(maps, gates, stage):
    size = maps[stage - 1].shape[-2:]
    at = {f"stage{j}": resize(m, size) for j, m in enumerate(maps, start=1)}
    own = f"stage{stage}"
    everything = torch.stack([gates[name](m) * m for name, m in at.items()]).sum(0)
    heard = everything - gates[own](at[own]) * at[own]
    return at[own] + heard - gates[own](at[own]) * heard


def fused(form):
    """A wrong fusion from its parts: own map and gate, the others' maps and gates, all at the stage's size."""

    def answer(maps, gates, stage):
        size = maps[stage - 1].shape[-2:]
        at = [resize(m, size) for m in maps]
        g = [gates[f"stage{j}"](m) for j, m in enumerate(at, start=1)]
        own, gate = at.pop(stage - 1), g.pop(stage - 1)
        return form(own, gate, at, g)

    return answer


def total(maps, gates):
    return sum(g * m for m, g in zip(maps, gates, strict=True))


def not_resized(maps, gates, stage):
    own = maps[stage - 1]
    others = [m for j, m in enumerate(maps, start=1) if j != stage]
    return own + sum(others)


def gates_before_resizing(maps, gates, stage):
    size = maps[stage - 1].shape[-2:]
    g = [resize(gates[f"stage{j}"](m), size) for j, m in enumerate(maps, start=1)]
    at = [resize(m, size) for m in maps]
    heard = sum(g[j] * at[j] for j in range(4) if j != stage - 1)
    return at[stage - 1] + (1 - g[stage - 1]) * heard


def gated_before_resizing(maps, gates, stage):
    own, heard = maps[stage - 1], 0
    for j in (1, 2, 3, 4):
        if j != stage:
            heard = heard + resize(gates[f"stage{j}"](maps[j - 1]) * maps[j - 1], own.shape[-2:])
    return own + (1 - gates[f"stage{stage}"](own)) * heard


def grown_in_the_loop(maps, gates, stage):
    own = maps[stage - 1]
    for j in (1, 2, 3, 4):
        if j != stage:
            other = resize(maps[j - 1], maps[stage - 1].shape[-2:])
            own = own + (1 - gates[f"stage{stage}"](own)) * gates[f"stage{j}"](other) * other
    return own


def next_stage(maps, gates, stage):
    return fusion(maps, gates, stage % 4 + 1)


def counted(places, skipped, gate):
    """A loop over places of the list, from 0; which is skipped at a stage, and which gate a place gets."""

    def answer(maps, gates, stage):
        own = maps[stage - 1]
        at = [resize(m, own.shape[-2:]) for m in maps]
        heard = sum(gates[f"stage{gate(j)}"](at[j]) * at[j] for j in places if j != skipped(stage))
        return own + (1 - gates[f"stage{stage}"](own)) * heard

    return answer


FUSION_WRONG = {
    "not written": (unwritten, "not written yet"),
    "not resized": (not_resized, "resize(S, size)"),
    "own gate not reversed": (fused(lambda o, h, m, g: o + h * total(m, g)), "not as 1 minus the gate"),
    "no own gate": (fused(lambda o, h, m, g: o + total(m, g)), "the own gate is missing"),
    "own in the sum": (fused(lambda o, h, m, g: o + (1 - h) * (total(m, g) + h * o)), "Only the others"),
    "no own map": (fused(lambda o, h, m, g: (1 - h) * total(m, g)), "the own map is missing"),
    "no gates": (fused(lambda o, h, m, g: o + (1 - h) * sum(m)), "the others' gates are missing"),
    "mean": (fused(lambda o, h, m, g: o + (1 - h) * total(m, g) / 3), "averaged, not added"),
    "gates first": (gates_before_resizing, "First resize each map"),
    "gated first": (gated_before_resizing, "each map is gated before it is resized"),
    "grown in the loop": (grown_in_the_loop, "Add the others up first (heard)"),
    "two sigmoids": (
        fused(lambda o, h, m, g: o + (1 - h.sigmoid()) * total(m, [x.sigmoid() for x in g])),
        "the sigmoid is applied twice.",
    ),
    "two sigmoids, the others": (
        fused(lambda o, h, m, g: o + (1 - h) * total(m, [x.sigmoid() for x in g])),
        "in the others'",
    ),
    "two sigmoids, the own": (fused(lambda o, h, m, g: o + (1 - h.sigmoid()) * total(m, g)), "in the own gate"),
    "reversed gates": (fused(lambda o, h, m, g: o + (1 - h) * total(m, [1 - x for x in g])), "1 minus the gate"),
    "faded": (fused(lambda o, h, m, g: h * o + (1 - h) * total(m, g)), "faded by its gate"),
    "nothing": (fused(lambda o, h, m, g: o), "F is S"),
    "off by one": (next_stage, "Stages count from 1"),
    "beyond the list": (lambda maps, gates, stage: maps[stage], "Stages count from 1"),
    "list index": (lambda maps, gates, stage: maps[stage + 4], "from 0 to 3"),
    "next skipped": (counted(range(4), lambda stage: stage, lambda j: j + 1), "not your own but the next one"),
    "one before skipped": (counted(range(4), lambda stage: stage - 2, lambda j: j + 1), "the one before it"),
    "first left out": (counted((1, 2, 3), lambda stage: stage, lambda j: j + 1), "the first map is always left out"),
    "first never in": (counted((1, 2, 3), lambda stage: stage - 1, lambda j: j + 1), "map 1 never"),
    "gate before": (counted((1, 2, 3), lambda stage: stage - 1, lambda j: j), "the gate of the stage before it"),
    "gate before, next skipped": (
        counted((1, 2, 3), lambda stage: stage, lambda j: j),
        "the first map is always left out",
    ),
    "gate 0": (counted(range(4), lambda stage: stage - 1, lambda j: j), "gates are called"),
    "gate name": (lambda maps, gates, stage: gates[stage](maps[0]), "Hint"),
}


@pytest.mark.parametrize("right", [fusion, fusion_from_the_whole_sum])
def test_check_fusion_accepts(right):
    assert check_fusion(right).passed, check_fusion(right)


@pytest.mark.parametrize("name", FUSION_WRONG)
def test_check_fusion_says_what_is_wrong(name):
    answer, said = FUSION_WRONG[name]
    refused(check_fusion(answer), said)


def test_the_formula_stands_once_in_the_hint_on_two_slips():
    said = str(check_fusion(fused(lambda o, h, m, g: o + h * sum(m))))
    assert "two slips at once" in said and said.count("F = S + ") == 1, said


CHECKS = {"my_fusion": check_fusion}
RIGHT = {"my_fusion": fusion}
# A line of the solution, what stands there instead ("" for nothing), and what the check must then say.
CUTS = [
    ("my_fusion", "continue", "pass", "Only the others"),
    ("my_fusion", "other = resize(maps[j - 1], size)", "other = maps[j - 1]", "resize(S, size)"),
    ("my_fusion", 'heard = heard + gates[f"stage{j}"](other) * other', "heard = heard + other", "gates are missing"),
    ("my_fusion", 'return own + (1 - gates[f"stage{stage}"](own)) * heard', "return own", "nothing was taken"),
]


def checked(name, source):
    """The verdict on a cell of the lesson."""
    scope = {"torch": torch, "F": F, "resize": resize}
    exec(source, scope)
    return CHECKS[name](scope[name])


@pytest.mark.parametrize("name", CHECKS)
def test_stub_runs_and_is_not_passed_and_the_solution_is(name):
    refused(checked(name, cell("05", name, "exercise")), "not written yet")
    assert checked(name, cell("05", name, "solution")).passed


@pytest.mark.parametrize(("name", "line", "instead", "said"), CUTS)
def test_without_its_key_line_the_solution_fails_with_a_useful_hint(name, line, instead, said):
    refused(checked(name, without(cell("05", name, "solution"), line, instead)), said)


@pytest.mark.parametrize("name", CHECKS)
def test_check_never_raises_and_leaves_the_randomness_of_the_notebook_alone(name):
    assert_never_raises(CHECKS[name])
    assert_leaves_randomness_alone(CHECKS[name], RIGHT[name])
