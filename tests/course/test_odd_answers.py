"""Answers of odd kinds: what other inputs show does not pass, and Python's own words are kept from students."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F

from banet_edu.banet.pee import PyramidEdgeExtraction
from banet_edu.course.lesson00.exercise import slip_of
from banet_edu.course.lesson03.exercise import check_edge, check_pee
from banet_edu.course.lesson06.exercise import check_dice
from banet_edu.course.lesson07.exercise import check_paired_bootstrap
from banet_edu.course.lesson08.exercise import check_deletion, deletion_curve
from banet_edu.course.lesson10.exercise import check_honest_report
from banet_edu.course.lesson11.exercise import check_distances


def edge(R, k):
    return R - F.avg_pool2d(F.pad(R, (k // 2,) * 4, mode="replicate"), k, stride=1)


def bootstrap(a, b, resamples=2000, level=0.95, seed=0):
    drawn = np.random.default_rng(seed).integers(0, len(a), (resamples, len(a)))
    means = (a - b)[drawn].mean(axis=1)
    return np.percentile(means, [50 * (1 - level), 50 * (1 + level)])


def unwritten_edge(R, k):
    raise NotImplementedError


def pee(block: PyramidEdgeExtraction, c):
    R = block.reduce(c)
    return block.fuse(block.mix(torch.cat([R, *(unwritten_edge(R, 3) for _ in block.scales)], dim=1)))


def by_rows(score, image, blurred, ranking, steps):
    picture, scores, h = image.copy(), [score(image)], image.shape[0]
    for portion in np.array_split(np.argsort(-ranking.ravel()), steps):
        for part in portion:
            picture[part // h, part % h] = blurred[part // h, part % h]
        scores.append(score(picture))
    return scores


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (lambda: check_edge(lambda R, k: edge(R[:1], k)), "shape 1 x 3 x 15 x 22, expected is 2 x 3 x 15 x 22"),
        (lambda: check_edge(lambda R, k: edge(R, k)[0]), "expected is 2 x 3 x 15 x 22"),
        (lambda: check_edge(lambda R, k: R.mean()), "() (a single number)"),
        (lambda: check_edge(lambda R, k: R > 0), "True and False"),
        (lambda: check_pee(pee), "my_pee calls unwritten_edge, which is not written yet."),
        (lambda: check_edge(torch.no_grad()(unwritten_edge)), "my_edge is not written yet."),
        (lambda: check_dice(lambda *inputs: torch.zeros(1)), "expected is () (a single number)"),
        (lambda: check_paired_bootstrap(lambda a, b, n, level, seed: bootstrap(a, b, n, level, 0)), "another `seed`"),
        (lambda: check_paired_bootstrap(lambda a, b, n, level, seed: bootstrap(a, b, 3000, level, seed)), "`resamples`"),
        (lambda: check_paired_bootstrap(lambda *how: [f"{end:.3f}" for end in bootstrap(*how)]), "two numbers"),
        (lambda: check_deletion(by_rows), "IndexError"),
        (lambda: check_deletion(lambda *how: [str(s) for s in deletion_curve(*how)]), "are not numbers"),
        (lambda: check_deletion(lambda *how: [round(s, 3) for s in deletion_curve(*how)]), "instead of"),
        (lambda: check_honest_report(lambda val, test: [1]), "gives 1 value back"),
        (lambda: check_distances(lambda found, expert, mm: [[1.0], [2.0, 3.0]]), "different lengths"),
    ],
)  # fmt: skip
def test_an_odd_answer_is_refused_in_words(verdict, said):
    found = verdict()
    assert not found.passed and said in found.said


def test_rounded_figures_are_told_with_the_digits_in_which_they_differ():
    def rounded(val, test):
        epoch = int(val.mean(axis=1).argmax()) + 1
        return epoch, round(float(test[epoch - 1].mean()), 3)

    said = check_honest_report(rounded).said.split("you report ")[1]
    yours, _, wanted = said.rstrip(".").partition("; the test images of that epoch have ")
    assert yours != wanted and float(yours) == pytest.approx(float(wanted), abs=1e-3)


@pytest.mark.parametrize("answer", [None, 0.2, ["0.20", "0.60"], [[0.2], [0.6]], np.array([[0.2], [0.6]])])
def test_lesson_00_takes_a_plain_list_of_numbers(answer):
    measured = pd.DataFrame({"assd_mm": [0.2, 0.6], "hd_mm": [0.5, 2.2], "bias_mm": [0.1, 0.5]})
    assert "errors_mm is no list of numbers" in slip_of(answer, measured)
    assert "1 error for 2 samples" in slip_of([0.2], measured)
