"""Lesson 10, from paper to code: boxes behave as told, right reports pass, plausible wrong ones are told WHAT is wrong."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lesson_checks import assert_leaves_randomness_alone, assert_never_raises, cell, refused, unwritten, without

from banet_edu.course.lesson10.exercise import (
    boundary_box,
    check_honest_report,
    check_probe,
    loss_box,
    training_box,
)
from banet_edu.training.losses import boundary_target, dice_loss

# The boxes


def test_loss_box_is_the_releases_form_of_dice():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 2, 9, 11, generator=generator)
    y = (torch.rand(1, 9, 11, generator=generator) > 0.6).long()
    p = logits.softmax(1)[0, 1].numpy()
    assert loss_box(p, y[0].numpy()) == pytest.approx(dice_loss(logits, y, "release").item(), abs=1e-5)


def test_loss_box_is_negative_for_a_perfect_answer():
    for pixels in (0, 1, 7):
        y = np.zeros(20)
        y[:pixels] = 1
        assert loss_box(y, y) == pytest.approx(-1 / (2 * pixels + 1))


def test_boundary_box_sees_zeros_beyond_the_frame_and_is_right_elsewhere():
    assert boundary_box(np.ones((16, 16), bool)).sum() == 60
    inner = np.zeros((12, 12), bool)
    inner[3:8, 4:9] = True
    right = boundary_target(torch.from_numpy(inner.astype(np.int64))[None])[0].numpy()
    np.testing.assert_array_equal(boundary_box(inner), right > 0)


def test_training_box_chooses_on_test_alone():
    assert training_box([0.5, 0.9, 0.6], [0.5, 0.4, 0.7]) == (3, 0.7)
    assert training_box([0.9, 0.1, 0.2], [0.5, 0.4, 0.7]) == (3, 0.7)
    with pytest.raises(ValueError, match="each epoch"):
        training_box([0.5], [0.5, 0.6])


# Exercise 1


def spot(rows, columns):
    y = np.zeros((40, 40))
    y[:rows, :columns] = 1
    return y


@pytest.mark.parametrize("kind", [float, int, bool])
def test_the_two_losses_differ_most_where_nothing_is(kind):
    assert check_probe(lambda: (np.zeros((40, 40), kind), np.zeros((40, 40), kind))).passed
    assert check_probe(lambda: [np.zeros((40, 40)).tolist()] * 2).passed


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        (unwritten, "not written yet"),
        (lambda: None, "gives nothing back"),
        (lambda: np.zeros((40, 40)), "two arrays are expected"),
        (lambda: (spot(1, 1), spot(1, 1)), "differ by 0.33; on another input"),
        (lambda: (1 - spot(1, 1), spot(1, 1)), "on another input"),
        (lambda: (spot(0, 0), spot(1, 1)), "differ by 0.5: the answer is empty"),
        (lambda: (spot(1, 2), spot(0, 0)), "differ by 0.33: the mask is empty already"),
        (lambda: (1e-5 * spot(1, 1), spot(0, 0)), "differ by 1.0000: the mask is empty already"),
        (lambda: (np.zeros((16, 16)), np.zeros((16, 16))), "has the shape (16, 16)"),
        (lambda: (-spot(1, 1), spot(0, 0)), "nothing below 0"),
        (lambda: (spot(0, 0), 0.5 * spot(1, 1)), "only 0 and 1"),
        (lambda: (np.full((40, 40), np.nan), spot(0, 0)), "holds nan"),
        (lambda: ("p", "y"), "no array of numbers"),
        (lambda: (nothing, nothing), "spelled right"),  # noqa: F821
    ],
)
def test_probe_says_what_is_wrong(probe, said):
    refused(check_probe(probe), said)


def test_probe_stub_is_refused_and_the_solution_passes():
    for kind in ("exercise", "solution"):
        scope = {"np": np}
        exec(cell("10", "my_probe", kind), scope)
        assert check_probe(scope["my_probe"]).passed is (kind == "solution")
    assert_never_raises(check_probe)


# Exercise 2


def right(val, test):
    best = val.mean(axis=1).argmax()
    return best + 1, test[best].mean()


def right_by_loop(val, test):
    means = [sum(row) / len(row) for row in val.tolist()]
    best = means.index(max(means))
    return [best + 1, float(np.average(test[best]))]


def right_by_sums(val, test):
    order = np.argsort(val.sum(axis=1))
    return np.array([order[-1] + 1, test.mean(axis=1)[order[-1]]])


def best_of(table):
    return int(table.mean(axis=1).argmax())


def chosen_on(figures, test):
    return best_of(figures) + 1, test[best_of(figures)].mean()


WRONG = {
    "not written": (unwritten, "not written yet"),
    "nothing back": (lambda val, test: None, "gives nothing back"),
    "argmax of the whole table": (lambda val, test: (val.argmax() + 1, test[val.argmax()].mean()), "take the mean of each row"),
    "test": (lambda val, test: (best_of(test) + 1, test[best_of(test)].mean()), "chosen on the test images"),
    "test from 0": (lambda val, test: (best_of(test), test[best_of(test)].mean()), "chosen on the test images"),
    "test, val figure": (lambda val, test: (best_of(test) + 1, val[best_of(test)].mean()), "chosen on the test images"),
    "both parts, pooled": (lambda val, test: chosen_on(np.concatenate([val, test], axis=1), test), "test images together"),
    "both parts, means": (
        lambda val, test: chosen_on((val.mean(axis=1) + test.mean(axis=1))[:, None], test),
        "test images together",
    ),
    "best test figure": (lambda val, test: (best_of(val) + 1, test.mean(axis=1).max()), "best test figure of all"),
    "val figure": (lambda val, test: (best_of(val) + 1, val[best_of(val)].mean()), "by which it was chosen"),
    "from 0": (lambda val, test: (best_of(val), test[best_of(val)].mean()), "counted from 0"),
    "row after": (lambda val, test: (best_of(val) + 1, test[best_of(val) + 1].mean()), "epoch after it"),
    "worst": (lambda val, test: (val.mean(axis=1).argmin() + 1, test[val.mean(axis=1).argmin()].mean()), "worst epoch"),
    "last": (lambda val, test: (len(val), test[-1].mean()), "the last epoch"),
    "luck": (lambda val, test: (val.max(axis=1).argmax() + 1, test[val.max(axis=1).argmax()].mean()), "luckiest"),
    "order": (lambda val, test: right(val, test)[::-1], "wrong order"),
    "all epochs": (lambda val, test: (best_of(val) + 1, test.mean()), "mean over all epochs"),
    "one image": (lambda val, test: (best_of(val) + 1, test[best_of(val)].max()), "single test image"),
    "figure only": (lambda val, test: right(val, test)[1], "two values are expected"),
    "three": (lambda val, test: (*right(val, test), 0), "3 values"),
    "a row": (lambda val, test: (best_of(val) + 1, test[best_of(val)]), "one number is expected"),
    "other axis": (
        lambda val, test: (val.mean(axis=0).argmax() + 1, test[val.mean(axis=0).argmax()].mean()),
        "an image is chosen",
    ),
    "second epoch": (lambda val, test: (2, 0.5), "best in epoch"),
    "median": (lambda val, test: (best_of(val) + 1, np.median(test[best_of(val)])), "the epoch is right"),
    "typo": (lambda val, test: right(Val, test), "spelled right"),  # noqa: F821
    "nan": (lambda val, test: (1, float("nan")), "is nan"),
}  # fmt: skip


@pytest.mark.parametrize("answer", [right, right_by_loop, right_by_sums])
def test_check_accepts(answer):
    assert check_honest_report(answer).passed, check_honest_report(answer)


@pytest.mark.parametrize("name", WRONG)
def test_check_says_what_is_wrong(name):
    answer, said = WRONG[name]
    refused(check_honest_report(answer), said)


def report_from(source):
    scope = {"np": np}
    exec(source, scope)
    return check_honest_report(scope["my_report"])


def test_stub_runs_and_is_not_passed_and_the_solution_is():
    refused(report_from(cell("10", "my_report", "exercise")), "not written yet")
    assert report_from(cell("10", "my_report", "solution")).passed


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ("epoch = int(val.mean(axis=1).argmax()) + 1", "epoch = int(test.mean(axis=1).argmax()) + 1", "on the test"),
        ("epoch = int(val.mean(axis=1).argmax()) + 1", "", "spelled right"),
        ("figure = test[epoch - 1].mean()", "figure = test[epoch].mean()", "epoch after it"),
        ("figure = test[epoch - 1].mean()", "", "spelled right"),
        ("return epoch, figure", "", "return"),
    ],
)
def test_without_its_key_line_the_solution_fails_with_a_useful_hint(line, instead, said):
    refused(report_from(without(cell("10", "my_report", "solution"), line, instead)), said)


def test_check_never_raises_and_leaves_the_randomness_of_the_notebook_alone():
    assert_never_raises(check_honest_report)
    assert_leaves_randomness_alone(check_honest_report, right)
