"""Lesson 01, why boundaries fail: right answers of any make pass, plausible wrong ones are told WHAT is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from lesson_checks import assert_leaves_randomness_alone, assert_never_raises, cell, refused, unwritten, without
from scipy.spatial import cKDTree

from banet_edu import make_phantom
from banet_edu.course.lesson01.exercise import check_mean_distance, reader_mask
from banet_edu.metrics.boundary import boundary_metrics


def distances(a, b, s):
    return np.sqrt((((a[:, None] - b[None]) * np.array(s)) ** 2).sum(-1))


def mean_distance(a, b, s):
    d = distances(a, b, s)
    return np.concatenate([d.min(1), d.min(0)]).mean()


def by_tree(a, b, s):
    a, b = a * np.array(s), b * np.array(s)
    return float(np.r_[cKDTree(b).query(a)[0], cKDTree(a).query(b)[0]].mean())


def by_loops(a, b, s):
    def nearest(p, others):
        return min(float(np.hypot((p[0] - q[0]) * s[0], (p[1] - q[1]) * s[1])) for q in others)

    return sum([nearest(p, b) for p in a] + [nearest(q, a) for q in b]) / (len(a) + len(b))


def mean_of_means(a, b, s):
    d = distances(a, b, s)
    return (d.min(1).mean() + d.min(0).mean()) / 2


def both_ways(reduce):
    """Both directions' means, made one number in another way than by their mean."""
    return lambda a, b, s: float(reduce([distances(a, b, s).min(1).mean(), distances(a, b, s).min(0).mean()]))


WRONG = {
    "not written": (unwritten, "not written yet"),
    "nothing back": (lambda a, b, s: None, "gives nothing back"),
    "a to b": (lambda a, b, s: distances(a, b, s).min(1).mean(), "from a to b only"),
    "b to a": (lambda a, b, s: distances(a, b, s).min(0).mean(), "from b to a only"),
    "larger of both": (both_ways(max), "the larger of both directions' means"),
    "smaller of both": (both_ways(min), "the smaller of both directions' means"),
    "both added": (both_ways(sum), "you add both directions' means"),
    "largest": (lambda a, b, s: max(distances(a, b, s).min(1).max(), distances(a, b, s).min(0).max()), "LARGEST"),
    "smallest": (lambda a, b, s: distances(a, b, s).min(), "smallest"),
    "all pairs": (lambda a, b, s: distances(a, b, s).mean(), "mean distance to all points"),
    "sum": (lambda a, b, s: mean_distance(a, b, s) * (len(a) + len(b)), "the sum of the distances"),
    "sum over a's points": (lambda a, b, s: mean_distance(a, b, s) * (len(a) + len(b)) / len(a), "a's points only"),
    "norm without an axis": (lambda a, b, s: np.linalg.norm((a[:, None] - b[None]) * np.array(s)), "of the three is 7.32"),
    "distances times the tuple": (lambda a, b, s: (distances(a, b, (1, 1)) * s).min(1).mean(), "multiply the DIFFERENCES"),
    "no pairs": (lambda a, b, s: np.linalg.norm(a - b, axis=1).mean(), "gives all N x M differences"),
    "scaled after the square": (lambda a, b, s: mean_distance(a, b, np.sqrt(s)), "not squared itself"),
    "scaled afterwards by the row": (lambda a, b, s: mean_distance(a, b, (1, 1)) * s[0], "row size of a pixel only"),
    "scaled afterwards by the column": (lambda a, b, s: mean_distance(a, b, (1, 1)) * s[1], "column size of a pixel only"),
    "scaled by the mean": (lambda a, b, s: mean_distance(a, b, (1, 1)) * np.mean(s), "mean size of a pixel"),
    "pixels": (lambda a, b, s: mean_distance(a, b, (1, 1)), "in pixels, not in mm"),
    "swapped": (lambda a, b, s: mean_distance(a, b, s[::-1]), "exchanged"),
    "centres": (lambda a, b, s: distances(a.mean(0)[None], b.mean(0)[None], s).mean(), "between the centres"),
    "rms": (lambda a, b, s: np.sqrt((np.r_[distances(a, b, s).min(1), distances(a, b, s).min(0)] ** 2).mean()), "mean square"),
    "no root": (lambda a, b, s: (np.r_[distances(a, b, s).min(1), distances(a, b, s).min(0)] ** 2).mean(), "root is missing"),
    "array": (lambda a, b, s: distances(a, b, s).min(1), "one number is expected"),
    "point by point": (lambda a, b, s: (a - b).mean(), "stops with ValueError"),
    "nan": (lambda a, b, s: float("nan"), "is nan"),
    "no function": (3, "is no function"),
}  # fmt: skip


@pytest.mark.parametrize("right", [mean_distance, by_tree, by_loops, mean_of_means])
def test_check_accepts(right):
    assert check_mean_distance(right).passed, check_mean_distance(right)


def test_the_packages_own_figure_and_a_plain_mean_of_means_are_told_apart():
    assert "the ASSD" in check_mean_distance(mean_distance).said
    assert "both are in use" in check_mean_distance(mean_of_means).said


@pytest.mark.parametrize("name", WRONG)
def test_check_says_what_is_wrong(name):
    answer, said = WRONG[name]
    refused(check_mean_distance(answer), said)


CUTS = [
    ("difference = (a[:, None] - b[None]) * np.array(spacing_mm)", "difference = a[:, None] - b[None]", "in pixels"),
    (
        "nearest = np.concatenate([distance.min(axis=1), distance.min(axis=0)])",
        "nearest = distance.min(axis=1)",
        "a to b",
    ),
    ("distance = np.sqrt((difference**2).sum(axis=-1))", "distance = (difference**2).sum(axis=-1)", "root is missing"),
    ("return nearest.mean()", "return nearest.max()", "LARGEST"),
    ("return nearest.mean()", "", "return"),
]


def checked(source):
    scope = {"np": np}
    exec(source, scope)
    return check_mean_distance(scope["my_mean_distance"])


def test_stub_runs_and_is_not_passed_and_the_solution_is():
    refused(checked(cell("01", "my_mean_distance", "exercise")), "not written yet")
    assert checked(cell("01", "my_mean_distance", "solution")).passed


@pytest.mark.parametrize(("line", "instead", "said"), CUTS)
def test_without_its_key_line_the_solution_fails_with_a_useful_hint(line, instead, said):
    refused(checked(without(cell("01", "my_mean_distance", "solution"), line, instead)), said)


def test_check_never_raises_and_leaves_the_randomness_of_the_notebook_alone():
    assert_never_raises(check_mean_distance)
    assert_leaves_randomness_alone(check_mean_distance, mean_distance)


def test_two_readers_are_off_by_what_they_were_told():
    phantom = make_phantom("dermoscopy", seed=7)
    for sd_mm in (0.3, 0.8):
        off = [
            boundary_metrics(reader_mask(phantom, reader=r, sd_mm=sd_mm), phantom.mask, spacing_mm=phantom.spacing_mm)
            for r in range(6)
        ]
        assert 0.6 * sd_mm < np.mean([row["assd_mm"] for row in off]) < 1.0 * sd_mm
    assert not np.array_equal(reader_mask(phantom, reader=1), reader_mask(phantom, reader=2))
