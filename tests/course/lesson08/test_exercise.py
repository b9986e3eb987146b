"""Lesson 08, explaining a boundary: right answers of any make pass, plausible wrong ones are told WHAT is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from lesson_checks import assert_leaves_randomness_alone, assert_never_raises, cell, refused, unwritten, without

from banet_edu.course.lesson08.exercise import check_deletion, deletion_curve


def curve(start, end, order, score, steps):
    picture, scores = start.copy(), [score(start)]
    for portion in np.array_split(order, steps):
        picture.flat[portion] = end.flat[portion]
        scores.append(score(picture))
    return scores


def down(ranking):
    return np.argsort(-ranking.ravel())


def from_scratch(score, image, blurred, ranking, steps):
    """Rebuilds the picture in every step, by a threshold on the ranks."""
    rank = np.empty(ranking.size, int)
    rank[down(ranking)] = np.arange(ranking.size)
    rank = rank.reshape(ranking.shape)
    return np.array([
        score(np.where(rank < round(k * ranking.size / steps), blurred, image)) for k in range(steps + 1)
    ])  # fmt: skip


def by_loops(score, image, blurred, ranking, steps):
    places = sorted(np.ndindex(image.shape), key=lambda place: -ranking[place])
    picture, scores, each = image.copy(), [score(image)], len(places) // steps
    for step in range(steps):
        for place in places[step * each : (step + 1) * each]:
            picture[place] = blurred[place]
        scores.append(score(picture))
    return tuple(scores)


RIGHT = {
    "package": deletion_curve,
    "short": lambda s, i, b, r, n: curve(i, b, down(r), s, n),
    "from scratch": from_scratch,
    "loops": by_loops,
}


def in_place(score, image, blurred, ranking, steps):
    scores = [score(image)]
    for portion in np.array_split(down(ranking), steps):
        image.flat[portion] = blurred.flat[portion]
        scores.append(score(image))
    return scores


def alone(score, image, blurred, ranking, steps):
    scores = [score(image)]
    for portion in np.array_split(down(ranking), steps):
        picture = image.copy()
        picture.flat[portion] = blurred.flat[portion]
        scores.append(score(picture))
    return scores


def by_rows(score, image, blurred, ranking, steps):
    picture, scores = image.copy(), [score(image)]
    for portion in np.array_split(down(ranking), steps):
        picture[portion] = blurred[portion]
        scores.append(score(picture))
    return scores


WRONG = {
    "not written": (unwritten, "not written yet"),
    "nothing back": (lambda *a: None, "gives nothing back"),
    "no function": (3, "is no function"),
    "lowest first": (lambda s, i, b, r, n: curve(i, b, np.argsort(r.ravel()), s, n), "LOWEST ranked"),
    "no start": (lambda s, i, b, r, n: curve(i, b, down(r), s, n)[1:], "untouched image is missing"),
    "no end": (lambda s, i, b, r, n: curve(i, b, down(r), s, n)[:-1], "last portion is missing"),
    "scored once": (lambda s, i, b, r, n: curve(i, b, down(r), s, n)[::n], "the scores in between are missing"),
    "pictures": (lambda s, i, b, r, n: [i] * (n + 1), "what stands in your list are not numbers"),
    "alone": (alone, "its own portion only"),
    "black": (lambda s, i, b, r, n: curve(i, 0 * b, down(r), s, n), "set to 0"),
    "insertion": (lambda s, i, b, r, n: curve(b, i, down(r), s, n), "that is insertion"),
    "without sign": (lambda s, i, b, r, n: curve(i, b, down(np.abs(r)), s, n), "without sign"),
    "row by row": (lambda s, i, b, r, n: curve(i, b, np.arange(r.size), s, n), "row by row"),
    "rows by themselves": (lambda s, i, b, r, n: curve(i, b, np.argsort(-r).ravel(), s, n), "each row is sorted by itself"),
    "one pixel a step": (lambda s, i, b, r, n: curve(i, b, down(r)[:n], s, n), "one pixel is replaced in each step"),
    "a row for a pixel": (by_rows, "laid out in one row"),
    "nothing replaced": (lambda s, i, b, r, n: [s(i)] * (n + 1), "nothing is replaced"),
    "losses": (lambda s, i, b, r, n: [s(i) - v for v in curve(i, b, down(r), s, n)], "has lost"),
    "normalised": (lambda s, i, b, r, n: [v / s(i) for v in curve(i, b, down(r), s, n)], "divided by its first"),
    "changes the image": (in_place, "changes `image` itself"),
    "a number": (lambda s, i, b, r, n: s(i), "a list of 7 numbers"),
    "nan": (lambda s, i, b, r, n: [np.nan] * (n + 1), "nan"),
    "fixed steps": (lambda s, i, b, r, n: curve(i, b, down(r), s, 6), "7 scores, 5 are expected"),
    "else": (lambda s, i, b, r, n: [0.1] * (n + 1), "leaves the expected one at score number 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_check_accepts(name):
    assert check_deletion(RIGHT[name]).passed, check_deletion(RIGHT[name])


@pytest.mark.parametrize("name", WRONG)
def test_check_says_what_is_wrong(name):
    answer, said = WRONG[name]
    refused(check_deletion(answer), said)


def test_solution_of_the_lesson_passes_and_its_stub_does_not():
    for tag, passed in (("solution", True), ("exercise", False)):
        names = {"np": np}
        exec(cell("08", "my_deletion", tag), names)
        assert check_deletion(names["my_deletion"]).passed is passed


CUTS = {
    "order = np.argsort(-ranking.ravel())": ("order = np.argsort(ranking.ravel())", "LOWEST"),
    "scores = [score(picture)]": ("scores = []", "untouched image is missing"),
    "    picture.ravel()[portion] = blurred.ravel()[portion]\n": ("", "nothing is replaced"),
    "picture = image.copy()": ("picture = image", "changes `image` itself"),
    "    return scores": ("", "gives nothing back"),
}


@pytest.mark.parametrize("line", CUTS)
def test_solution_without_a_key_line_is_told_what_is_missing(line):
    instead, said = CUTS[line]
    names = {"np": np}
    exec(without(cell("08", "my_deletion", "solution"), line, instead), names)
    refused(check_deletion(names["my_deletion"]), said)


def test_check_never_raises_and_leaves_random_numbers_alone():
    assert_never_raises(check_deletion)
    assert_leaves_randomness_alone(check_deletion, deletion_curve)
