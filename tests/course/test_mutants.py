"""No changed solution with a wrong result passes its check, and every right one does.

What is wrong is decided apart from the check, on inputs of its own. Prints, for each exercise, how many different wrong results
there were and how many of them were named rather than answered in general words (`pytest -m landing -s -k mutants`):
01 53/34, 02 40/38, 03 my_edge 40/39, my_pee 40/35, 04 61/53, 05 71/52, 06 63/55, 07 58/45, 08 40/28, 10 40/38, 11 40/40.
"Named" counts facts on shape and type too (of 02 and my_edge most), and of 07 which end is off, with the share of the means
beyond it. A diagnosis that carries the function it claims (`as_if`) must be true: on inputs that the check does not use, this
function and the mutant give the same.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lesson_checks import cell
from mutants import mutants

from banet_edu.banet.cff import CrossFeatureFusion
from banet_edu.banet.layers import resize
from banet_edu.banet.mini_mtl import MiniMTL
from banet_edu.banet.pee import PyramidEdgeExtraction
from banet_edu.course.lesson01.exercise import check_mean_distance
from banet_edu.course.lesson02.exercise import check_boundary
from banet_edu.course.lesson03.exercise import check_edge, check_pee
from banet_edu.course.lesson04.exercise import check_attention
from banet_edu.course.lesson05.exercise import check_fusion
from banet_edu.course.lesson06.exercise import check_dice
from banet_edu.course.lesson07.exercise import check_paired_bootstrap
from banet_edu.course.lesson08.exercise import check_deletion
from banet_edu.course.lesson10.exercise import check_honest_report
from banet_edu.course.lesson11.exercise import check_distances

pytestmark = pytest.mark.landing


@dataclass(frozen=True)
class Exercise:
    lesson: str
    name: str
    check: Callable[..., Any]
    results: Callable[[Callable[..., Any]], list[Any]]  # what a function gives for inputs that the check does not use
    close: float = 1e-3  # relative
    enough: int = 40  # different wrong results
    named: float = 0.5  # the share of them that is named at least


def distances(f):
    random = np.random.default_rng(1)
    return [f(30 * random.random((n, 2)), 30 * random.random((m, 2)), (0.7, 0.3)) for n, m in ((40, 25), (9, 30))]


def boundaries(f):
    random = np.random.default_rng(2)
    masks = [random.random((20, 27)) > share for share in (0.05, 0.5, 0.97)]
    blob = np.hypot(*(np.indices((24, 31)) - 15)) < 11
    return [f(mask, k) for k in (3, 5, 7) for mask in (*masks, blob, ~blob)]


def edges(f):
    """Beyond the frame anything goes that leaves an even map without edges: so says the check, and so it is judged here."""
    generator = torch.Generator().manual_seed(4)
    found = []
    for k in (3, 5, 7):
        edge = f(torch.rand(2, 3, 17, 12, generator=generator), k)
        found += [edge.shape, edge[..., k // 2 : -(k // 2), k // 2 : -(k // 2)], f(torch.ones(1, 2, 11, 12), k)]
    return found


def pyramids(f):
    torch.manual_seed(5)
    blocks = [PyramidEdgeExtraction(5, 4, kernels).eval() for kernels in ((3, 7), (5,), (3, 5, 9))]
    return [f(block, torch.randn(2, 5, 21, 20)) for block in blocks]


def exchanges(f):
    torch.manual_seed(6)
    block = MiniMTL(5, 4).eval()
    for name, value in block.named_parameters():
        if "attention" in name:
            value.data.normal_()
    return [torch.stack(list(f(block, torch.randn(2, 4, 8, 11))))]


def fusions(f):
    torch.manual_seed(7)
    found = []
    for stage in (1, 2, 3, 4):
        block = CrossFeatureFusion(4, stage).eval()
        for value in block.parameters():
            value.data.normal_(std=0.4)
        maps = [torch.randn(2, 4, *size) for size in ((16, 20), (8, 10), (4, 5), (4, 5))]
        found.append(f(maps, block.gates, stage))
    return found


def losses(f):
    generator = torch.Generator().manual_seed(8)
    p = torch.rand(3, 9, 7, generator=generator)
    return [f(p, (p > t).float()) for t in (0.3, 0.95, 2.0)]


def intervals(f):
    random = np.random.default_rng(9)
    b = random.normal(0.8, 0.1, 30)
    a = b + random.normal(0.05, 0.05, 30)
    a[[0, -1]] += 0.2  # a draw that leaves an end out, or favours it, is wrong
    found = [f(a, b, 4000, level, seed) for level in (0.9, 0.5) for seed in (1, 2)]
    assert f(a, b, 200, 0.9, 1) == f(a, b, 200, 0.9, 1), "the same seed gives another interval"
    # another seed, and other draws, give another interval
    moves = [found[0] != found[1], found[0] != f(a, b, 3000, 0.9, 1)]
    return [*(np.array(pair) - a.mean() + b.mean() for pair in found), np.array(moves)]


def curves(f):
    random = np.random.default_rng(10)
    image, blurred, ranking, weight = (random.random((9, 8)) for _ in range(4))

    def score(picture):
        return float((picture * weight).sum())

    untouched = image.copy()
    found = [f(score, image, blurred, ranking, steps) for steps in (4, 7)]
    assert np.array_equal(image, untouched), "the image was changed"
    return found


def reports(f):
    random = np.random.default_rng(11)
    return [f(random.random((n, 8)), random.random((n, 11))) for n in (5, 9, 12, 6, 20)]


def surfaces(f):
    random = np.random.default_rng(12)
    return [
        f(random.integers(0, 15, (n, 3)), random.integers(0, 15, (m, 3)), size)
        for n, m, size in ((30, 21, (4.0, 0.7, 1.1)), (12, 28, (1.0, 1.0, 1.0)))
    ]


EXERCISES = [
    Exercise("01", "my_mean_distance", check_mean_distance, distances),
    Exercise("02", "my_boundary", check_boundary, boundaries),
    Exercise("03", "my_edge", check_edge, edges),
    Exercise("03", "my_pee", check_pee, pyramids),
    Exercise("04", "my_attention", check_attention, exchanges),
    Exercise("05", "my_fusion", check_fusion, fusions),
    Exercise("06", "my_dice", check_dice, losses),
    Exercise("07", "my_paired_bootstrap", check_paired_bootstrap, intervals, close=0.04),
    Exercise("08", "my_deletion", check_deletion, curves),
    Exercise("10", "my_report", check_honest_report, reports),
    Exercise("11", "my_distances", check_distances, surfaces),
]


def built(exercise: Exercise, source: str) -> Callable[..., Any]:
    scope: dict[str, Any] = {"np": np, "torch": torch, "F": F, "resize": resize}
    if exercise.name == "my_pee":
        exec(cell("03", "my_edge", "solution"), scope)
    exec(source, scope)
    return scope[exercise.name]


def outcome(exercise: Exercise, function: Callable[..., Any]) -> list[np.ndarray] | str:
    """What it gives, or why it gives nothing."""
    try:
        with torch.no_grad():
            return [np.asarray(value, dtype=float) for value in exercise.results(function)]
    except Exception as error:
        return type(error).__name__


def alike(a: list[np.ndarray] | str, b: list[np.ndarray] | str, close: float) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a is b
    return all(
        x.shape == y.shape and np.allclose(x, y, rtol=close, atol=1e-5 + close * np.abs(y).mean(), equal_nan=True)
        for x, y in zip(a, b, strict=True)
    )


# What a check says of a wrong result in which it recognises no slip.
GENERAL = re.compile(
    r"^for (two|k =|level|stage|\d+ steps|an image)|^(a disc|an object|an image)|pixels of the boundary are missing"
    r"|your P differs from|off by up to"
    r"|is not what the block gives|^you choose epoch|but you report|leaves the expected one|^your F "
    r"|could not read|stops with|finds some \(up to [\d.]+\)\.$"
)
TRIED = 1500  # changed solutions


def changed(solution: str) -> Iterator[tuple[str, str]]:
    """Every mutant, then mutants of mutants, in an order that is always the same."""
    of = cache(lambda source: list(mutants(source)))  # drawn from many times
    first = of(solution)
    yield from first
    random = np.random.default_rng(0)
    while True:
        change, source = first[random.integers(len(first))]
        if again := of(source):
            other, both = again[random.integers(len(again))]
            yield f"{change}; {other}", both


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: f"{e.lesson}-{e.name}")
def test_no_wrong_mutant_passes_and_no_right_one_is_refused(exercise):
    solution = cell(exercise.lesson, exercise.name, "solution")
    singles = len(list(mutants(solution)))
    expected = outcome(exercise, built(exercise, solution))
    assert not isinstance(expected, str)
    passed, refused, untrue, wrong, unnamed = [], [], [], [], []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for number, (change, source) in enumerate(changed(solution)):
            if number >= singles and (len(wrong) >= exercise.enough or number >= TRIED):
                break
            function = built(exercise, source)
            given, verdict = outcome(exercise, function), exercise.check(function)
            assert "not written yet" not in verdict.said, change
            if alike(given, expected, exercise.close):
                refused += [] if verdict.passed else [f"{change}: {verdict.said}"]
                continue
            if verdict.passed:
                passed.append(change)
            if isinstance(given, str) or any(alike(given, other, 1e-6) for other in wrong):
                continue
            wrong.append(given)
            if verdict.as_if and not alike(outcome(exercise, verdict.as_if), given, exercise.close):
                untrue.append(f"{change}: {verdict.said}")
            if not verdict.as_if and GENERAL.search(verdict.said):
                unnamed.append(f"{change}: {verdict.said}")
    named = len(wrong) - len(unnamed)
    print(f"\n{exercise.lesson} {exercise.name}: {len(wrong)} different wrong results, {named} named")
    if os.environ.get("UNNAMED"):
        print(*unnamed, sep="\n")
    assert not passed, passed
    assert not refused, refused
    assert not untrue, untrue
    assert named >= exercise.named * len(wrong)
    assert len(wrong) >= exercise.enough
