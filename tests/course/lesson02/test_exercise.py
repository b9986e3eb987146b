"""Lesson 02, look at the data: right answers of any make pass, plausible wrong ones are told WHAT is wrong."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from lesson_checks import assert_leaves_randomness_alone, assert_never_raises, cell, refused, unwritten, without
from scipy import ndimage
from skimage.segmentation import find_boundaries

from banet_edu.course.lesson02.exercise import check_boundary
from banet_edu.course.lesson02.figures import wide_target
from banet_edu.course.lesson02.traps import painted_films, remembered
from banet_edu.metrics.overlap import overlap


def windows(mask, k, mode="edge"):
    return np.lib.stride_tricks.sliding_window_view(np.pad(mask, k // 2, mode=mode), (k, k))


def by_windows(mask, k):
    return windows(mask, k).max((2, 3)) != windows(mask, k).min((2, 3))


def by_average(mask, k):
    average = windows(mask.astype(float), k).mean((2, 3))
    return np.abs(mask - average) > 1e-9


def by_morphology(mask, k):
    grown = cv2.copyMakeBorder(mask.astype(np.uint8), k, k, k, k, cv2.BORDER_REPLICATE)
    kernel = np.ones((k, k), np.uint8)
    return (cv2.dilate(grown, kernel) - cv2.erode(grown, kernel))[k:-k, k:-k] > 0


def by_torch(mask, k):
    y = torch.nn.functional.pad(torch.from_numpy(mask).float()[None, None], (k // 2,) * 4, mode="replicate")
    pool = torch.nn.functional.max_pool2d
    return (pool(y, k, stride=1) + pool(-y, k, stride=1))[0, 0] > 0


def even_windows(mask, k):
    pairs = np.lib.stride_tricks.sliding_window_view(np.pad(mask, (1, 0), mode="edge"), (2, 2))
    return pairs.max((2, 3)) != pairs.min((2, 3))


def one_neighbour(mask, k):
    found = np.zeros_like(mask)
    found[1:] |= mask[1:] != mask[:-1]
    found[:, 1:] |= mask[:, 1:] != mask[:, :-1]
    return found


def largest(mask):
    pieces, count = ndimage.label(mask)
    return pieces == np.bincount(pieces.ravel())[1:].argmax() + 1 if count else mask


def frame_cleared(mask, k):
    inside = np.zeros_like(mask)
    inside[1:-1, 1:-1] = by_windows(mask, k)[1:-1, 1:-1]
    return inside


def steps_of_the_cross(mask, k):
    grown = ndimage.binary_dilation(mask, iterations=k // 2)
    return grown ^ ndimage.binary_erosion(mask, iterations=k // 2, border_value=1)


WRONG = {
    "not written": (unwritten, "not written yet"),
    "nothing back": (lambda m, k: None, "gives nothing back"),
    "the mask": (lambda m, k: m, "the mask itself"),
    "zeros beyond": (lambda m, k: windows(m, k, "constant").max((2, 3)) != windows(m, k, "constant").min((2, 3)), "false edge"),
    "inside only": (lambda m, k: by_windows(m, k) & m, "only pixels inside"),
    "outside only": (lambda m, k: by_windows(m, k) & ~m, "only pixels outside"),
    "grown": (lambda m, k: windows(m, k).max((2, 3)), "take nothing away: the inside of the object is marked too"),
    "shrunk": (lambda m, k: windows(m, k).min((2, 3)), "largest != smallest"),
    "subtracted": (lambda m, k: windows(m, k).max((2, 3)) - windows(m, k).min((2, 3)), "compare them: largest != smallest"),
    "formula without > 0": (lambda m, k: np.abs(m - windows(m, k).mean((2, 3))), "`> 0` behind the formula"),
    "fixed window": (lambda m, k: by_windows(m, 3), "Use the argument k"),
    "one axis only": (lambda m, k: windows(m, k).max(axis=2), "not reduced to one label each"),
    "wrong axes": (lambda m, k: windows(m, k).max(axis=(0, 1)), "each place IN a window"),
    "not padded": (
        lambda m, k: np.ptp(np.lib.stride_tricks.sliding_window_view(m.astype(int), (k, k)), (2, 3)) > 0,
        "Pad by k // 2",
    ),
    "average itself": (lambda m, k: windows(m.astype(float), k).mean((2, 3)), "other than 0 and 1"),
    "nothing": (lambda m, k: np.zeros_like(m), "nothing is marked"),
    "shifted down": (lambda m, k: np.roll(by_windows(m, k), 1, axis=0), "one pixel too far down"),
    "shifted left": (lambda m, k: np.roll(by_windows(m, k), -1, axis=1), "one pixel too far to the left"),
    "even window": (even_windows, "half a pixel too far down"),
    "one neighbour": (one_neighbour, "one neighbour only"),
    "filled holes": (lambda m, k: by_windows(ndimage.binary_fill_holes(m), k), "boundary of the hole is missing"),
    "largest object": (lambda m, k: by_windows(largest(m), k), "only the largest object"),
    "frame cleared": (frame_cleared, "missing where it meets the frame"),
    "steps of the cross": (steps_of_the_cross, "a diamond"),
    "eroded with zeros": (lambda m, k: m ^ ndimage.binary_erosion(m, np.ones((k, k))), "zeros lie beyond it. And: only"),
    "four neighbours": (lambda m, k: find_boundaries(m, mode="thick"), "four neighbours"),
    "k to every side": (lambda m, k: by_windows(m, 2 * k + 1), "k to EVERY side"),
    "opposite": (lambda m, k: ~m, "opposite of the mask"),
    "nothing known": (lambda m, k: np.rot90(by_windows(m, k), 2), "pixels of the boundary"),
    "list": (lambda m, k: by_windows(m, k).tolist(), "an array is expected"),
    "typo": (lambda m, k: np.pad(mask, k), "spelled right"),  # noqa: F821
    "no function": (3, "is no function"),
}  # fmt: skip


@pytest.mark.parametrize("right", [by_windows, by_average, by_morphology, by_torch, lambda m, k: wide_target(m, k - 1)])
def test_check_accepts(right):
    assert check_boundary(right).passed, check_boundary(right)


@pytest.mark.parametrize("name", WRONG)
def test_check_says_what_is_wrong(name):
    answer, said = WRONG[name]
    refused(check_boundary(answer), said)


CUTS = [
    ('padded = np.pad(mask, k // 2, mode="edge")', "padded = np.pad(mask, k // 2)", "false edge"),
    ('padded = np.pad(mask, k // 2, mode="edge")', "padded = mask", "Pad by k // 2"),
    ("return largest != smallest", "return largest", "take nothing away: the inside of the object is marked too"),
    ("return largest != smallest", "", "return"),
    ("smallest = windows.min(axis=(2, 3))", "smallest = mask", "only pixels outside"),
]


def checked(source):
    scope = {"np": np}
    exec(source, scope)
    return check_boundary(scope["my_boundary"])


def test_stub_runs_and_is_not_passed_and_the_solution_is():
    refused(checked(cell("02", "my_boundary", "exercise")), "not written yet")
    assert checked(cell("02", "my_boundary", "solution")).passed


@pytest.mark.parametrize(("line", "instead", "said"), CUTS)
def test_without_its_key_line_the_solution_fails_with_a_useful_hint(line, instead, said):
    refused(checked(without(cell("02", "my_boundary", "solution"), line, instead)), said)


def test_check_never_raises_and_leaves_the_randomness_of_the_notebook_alone():
    assert_never_raises(check_boundary)
    assert_leaves_randomness_alone(check_boundary, by_windows)


def test_copying_finds_a_twin_where_there_is_one():
    films = painted_films(3, 4)
    assert len(films) == 12 and all(sample.mask.any() for sample in films.values())
    train = [name for name in films if not name.endswith("frame1")]
    copied = remembered(films, train, ["film01_frame1"])
    assert overlap(copied["film01_frame1"], films["film01_frame1"].mask)["JA"] > 0.6
