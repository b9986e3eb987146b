"""Lesson 06, training: right answers of any make pass, plausible wrong ones are told WHAT is wrong."""

from __future__ import annotations

import pytest
import torch
from lesson_checks import assert_leaves_randomness_alone, assert_never_raises, cell, refused, unwritten, without

from banet_edu.course.lesson06.exercise import check_dice, pull_the_plug
from banet_edu.training.losses import dice_loss


def dice(p, y, top=1.0, bottom=1.0):
    return (1 - (2 * (p * y).sum((1, 2)) + top) / (p.sum((1, 2)) + y.sum((1, 2)) + bottom)).mean()


def by_loops(p, y):
    losses = [1 - (2 * (a * b).sum() + 1) / (a.sum() + b.sum() + 1) for a, b in zip(p, y, strict=True)]
    return sum(losses) / len(losses)


def by_the_package(p, y):
    p = p.clamp(1e-7, 1 - 1e-7)
    logit = torch.log(p) - torch.log1p(-p)
    return dice_loss(torch.stack([torch.zeros_like(logit), logit], dim=1), y.long())


def squares(p, y):
    return (1 - (2 * (p * y).sum((1, 2)) + 1) / ((p**2).sum((1, 2)) + (y**2).sum((1, 2)) + 1)).mean()


RIGHT = {
    "formula": dice,
    "loops": by_loops,
    "package": by_the_package,
    "squares": squares,
    "small epsilon": lambda p, y: dice(p, y, 1e-6, 1e-6),
    "flat": lambda p, y: (1 - (2 * (p * y).flatten(1).sum(1) + 1) / ((p + y).flatten(1).sum(1) + 1)).mean(),
}

WRONG = {
    "not written": (unwritten, "not written yet"),
    "nothing back": (lambda p, y: None, "gives nothing back"),
    "coefficient": (lambda p, y: 1 - dice(p, y), "GROWS"),
    "negative": (lambda p, y: dice(p, y) - 1, "negative Dice coefficient"),
    "release": (lambda p, y: dice(p, y, 2.0), "NEGATIVE loss"),
    "no smoothing": (lambda p, y: dice(p, y, 0.0, 0.0), "0 / 0"),
    "one half for both 1": (lambda p, y: dice(p, y, 0.5, 0.5), "0.5 stands in place of both 1"),
    "two for both 1": (lambda p, y: dice(p, y, 2.0, 2.0), "2 stands in place of both 1"),
    "1 behind the bar": (
        lambda p, y: (1 - (2 * (p * y).sum((1, 2)) + 1) / (p.sum((1, 2)) + y.sum((1, 2))) + 1).mean(),
        "the bar divides by 0. A + 1 belongs below the bar too",
    ),
    "no brackets below": (
        lambda p, y: (1 - (2 * (p * y).sum((1, 2)) + 1) / p.sum((1, 2)) + y.sum((1, 2)) + 1).mean(),
        "Do brackets hold the whole of",
    ),
    "no brackets above": (
        lambda p, y: (1 - 2 * (p * y).sum((1, 2)) + 1 / (p.sum((1, 2)) + y.sum((1, 2)) + 1)).mean(),
        "brackets are missing above the bar",
    ),
    "below only": (lambda p, y: dice(p, y, 0.0, 1.0), "below the bar only"),
    "no 2": (lambda p, y: (1 - ((p * y).sum((1, 2)) + 1) / (p.sum((1, 2)) + y.sum((1, 2)) + 1)).mean(), "factor 2"),
    "jaccard": (
        lambda p, y: (1 - ((p * y).sum((1, 2)) + 1) / ((p + y - p * y).sum((1, 2)) + 1)).mean(),
        "soft Jaccard",
    ),
    "as one image": (lambda p, y: 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1), "counted as one"),
    "sum": (lambda p, y: dice(p, y) * len(p), "added up"),
    "per image": (lambda p, y: 1 - (2 * (p * y).sum((1, 2)) + 1) / ((p + y).sum((1, 2)) + 1), "one value per image"),
    "rounded": (lambda p, y: dice((p >= 0.5).float(), y), "rounded first"),
    "detached": (lambda p, y: dice(p.detach(), y), "no gradient reaches"),
    "item": (lambda p, y: dice(p, y).item(), "plain number"),
    "numpy": (lambda p, y: dice(p.numpy(), y), "stops with RuntimeError"),
    "abs": (lambda p, y: (p - y).abs().mean(), "compare with the formula"),
    "no function": (3, "is no function"),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_check_accepts(name):
    assert check_dice(RIGHT[name]).passed, check_dice(RIGHT[name])


def test_variants_in_use_are_named():
    assert "V-Net" in check_dice(squares).said
    assert "smaller number in place of the 1;" in check_dice(RIGHT["small epsilon"]).said


@pytest.mark.parametrize("name", WRONG)
def test_check_says_what_is_wrong(name):
    answer, said = WRONG[name]
    refused(check_dice(answer), said)


CUTS = [
    ("loss = 1 - (2 * overlap + 1) / (size + 1)", "loss = 1 - 2 * (overlap + 1) / (size + 1)", "NEGATIVE"),
    ("loss = 1 - (2 * overlap + 1) / (size + 1)", "loss = 1 - 2 * overlap / size", "0 / 0"),
    ("overlap = (p * y).sum(dim=(1, 2))", "overlap = ((p > 0.5) * y).sum(dim=(1, 2))", "compare with the formula"),
    ("return loss.mean()", "return loss", "one value per image"),
    ("return loss.mean()", "", "return"),
]


def checked(source):
    scope = {"torch": torch}
    exec(source, scope)
    return check_dice(scope["my_dice"])


def test_stub_runs_and_is_not_passed_and_the_solution_is():
    refused(checked(cell("06", "my_dice", "exercise")), "not written yet")
    assert checked(cell("06", "my_dice", "solution")).passed


@pytest.mark.parametrize(("line", "instead", "said"), CUTS)
def test_without_its_key_line_the_solution_fails_with_a_useful_hint(line, instead, said):
    refused(checked(without(cell("06", "my_dice", "solution"), line, instead)), said)


def test_check_never_raises_and_leaves_the_randomness_of_the_notebook_alone():
    assert_never_raises(check_dice)
    assert_leaves_randomness_alone(check_dice, dice)


def test_power_cut_comes_at_its_step_only():
    cut = pull_the_plug(3)
    cut.on_step(2, {})
    with pytest.raises(RuntimeError, match="power cut"):
        cut.on_step(3, {})
