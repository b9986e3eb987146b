"""Lesson 04, interactive attention: right answers of any make pass, plausible wrong ones are told WHAT is wrong."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from lesson_checks import assert_leaves_randomness_alone, assert_never_raises, cell, refused, unwritten, without

from banet_edu.course.lesson04.exercise import check_attention


def branches(block, P):
    s, e = block.seg_branch(P), block.edge_branch(P)
    return s, e, block.seg_attention(s), block.edge_attention(e)


def attention(block, P):
    s, e, a, b = branches(block, P)
    return s + (1 - a) * e, e + (1 - b) * s


def attention_written_otherwise(block, P):
    s, e, a, b = branches(block, P)
    return [torch.lerp(e, torch.zeros_like(e), a) + s, e - b * s + s]


def with_weights(form):
    def answer(block, P):
        return form(*branches(block, P))

    return answer


def one_after_the_other(s, e, a, b):
    S = s + (1 - a) * e
    return S, e + (1 - b) * S


ATTENTION_WRONG = {
    "not written": (unwritten, "not written yet"),
    "one map": (with_weights(lambda s, e, a, b: s + (1 - a) * e), "one tensor"),
    "order": (with_weights(lambda s, e, a, b: (e + (1 - b) * s, s + (1 - a) * e)), "wrong order"),
    "not reversed": (with_weights(lambda s, e, a, b: (s + a * e, e + b * s)), "not 1 minus the weight"),
    "crossed weights": (with_weights(lambda s, e, a, b: (s + (1 - b) * e, e + (1 - a) * s)), "other branch's weight"),
    "crossed": (with_weights(lambda s, e, a, b: (s + b * e, e + a * s)), "other branch's weight, and not 1 minus"),
    "one after the other": (with_weights(one_after_the_other), "Both ways at once"),
    "faded": (with_weights(lambda s, e, a, b: (a * s + (1 - a) * e, b * e + (1 - b) * s)), "fades its own branch"),
    "own lost": (with_weights(lambda s, e, a, b: ((1 - a) * e, (1 - b) * s)), "lost its own branch"),
    "nothing": (with_weights(lambda s, e, a, b: (s, e)), "nothing was taken over"),
    "no weight": (with_weights(lambda s, e, a, b: (s + e, e + s)), "no weight is used"),
    "blog": (with_weights(lambda s, e, a, b: (s + (1 - a) * e, e + s.sigmoid() * s)), "other description's form"),
    "the other form": (
        with_weights(lambda s, e, a, b: (s, e + s.sigmoid() * s)),
        "S is s: nothing was taken over. And: E = e + sigmoid(s) * s is the other description's form",
    ),
    "no attention in S": (with_weights(lambda s, e, a, b: (s + e.sigmoid() * e, e + (1 - b) * s)), "in the place of 1 - a"),
    "two hints": (with_weights(lambda s, e, a, b: (s + e, e + b * s)), "where a comes from s. E = e + (1 - a) * s"),
    "twice": (
        with_weights(lambda s, e, a, b: (s + (1 - a.sigmoid()) * e, e + (1 - b.sigmoid()) * s)),
        "end with a sigmoid already",
    ),
    "only E": (with_weights(lambda s, e, a, b: (s + (1 - a) * e, e)), "(S is right.)"),
    "of P": (lambda B, P: (B.seg_branch(P) + (1 - B.seg_attention(P)) * B.edge_branch(P), attention(B, P)[1]), "from P"),
    "unknown part": (lambda B, P: B.object_branch(P), "seg_branch, edge_branch"),
}  # fmt: skip


@pytest.mark.parametrize(
    "right", [attention, attention_written_otherwise, lambda b, P: b.exchange(b.seg_branch(P), b.edge_branch(P))]
)
def test_check_attention_accepts(right):
    assert check_attention(right).passed, check_attention(right)


@pytest.mark.parametrize("name", ATTENTION_WRONG)
def test_check_attention_says_what_is_wrong(name):
    answer, said = ATTENTION_WRONG[name]
    refused(check_attention(answer), said)


CHECKS = {"my_attention": check_attention}
RIGHT = {"my_attention": attention}
# A line of the solution, what stands there instead ("" for nothing), and what the check must then say.
CUTS = [
    ("my_attention", "S = s + (1 - block.seg_attention(s)) * e", "S = s", "nothing was taken over"),
    ("my_attention", "E = e + (1 - block.edge_attention(e)) * s", "E = e", "S is right"),
    ("my_attention", "return S, E", "", "return"),
]


def checked(name, source):
    """The verdict on a cell of the lesson."""
    scope = {"torch": torch, "F": F}
    exec(source, scope)
    return CHECKS[name](scope[name])


@pytest.mark.parametrize("name", CHECKS)
def test_stub_runs_and_is_not_passed_and_the_solution_is(name):
    refused(checked(name, cell("04", name, "exercise")), "not written yet")
    assert checked(name, cell("04", name, "solution")).passed


@pytest.mark.parametrize(("name", "line", "instead", "said"), CUTS)
def test_without_its_key_line_the_solution_fails_with_a_useful_hint(name, line, instead, said):
    refused(checked(name, without(cell("04", name, "solution"), line, instead)), said)


@pytest.mark.parametrize("name", CHECKS)
def test_check_never_raises_and_leaves_the_randomness_of_the_notebook_alone(name):
    assert_never_raises(CHECKS[name])
    assert_leaves_randomness_alone(CHECKS[name], RIGHT[name])
