"""Lesson 07, paired bootstrap: right answers of any make pass, plausible wrong ones are told WHAT is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from lesson_checks import assert_leaves_randomness_alone, assert_never_raises, cell, refused, unwritten, without
from scipy.stats import bootstrap

from banet_edu.course.lesson07.exercise import check_paired_bootstrap


def ends(means, level):
    return tuple(np.percentile(means, [50 * (1 - level), 50 * (1 + level)]))


def drawn(n, resamples, seed):
    return np.random.default_rng(seed).integers(0, n, (resamples, n))


def right(a, b, resamples=2000, level=0.95, seed=0):
    return ends((a - b)[drawn(len(a), resamples, seed)].mean(axis=1), level)


def right_by_scipy(a, b, resamples=2000, level=0.95, seed=0):
    found = bootstrap((a - b,), np.mean, n_resamples=resamples, confidence_level=level, method="percentile", rng=seed)
    return found.confidence_interval


def right_by_choice(a, b, resamples=2000, level=0.95, seed=0):
    rng = np.random.default_rng(seed)
    means = [rng.choice(a - b, len(a)).mean() for _ in range(resamples)]
    return [np.quantile(means, (1 - level) / 2), np.quantile(means, (1 + level) / 2)]


def right_with_both_arrays(a, b, resamples=2000, level=0.95, seed=0):
    images = drawn(len(a), resamples, seed)
    return np.array(ends(a[images].mean(axis=1) - b[images].mean(axis=1), level))


def unpaired(a, b, resamples, level, seed):
    rng = np.random.default_rng(seed)
    n = len(a)
    one, other = (rng.integers(0, n, (resamples, n)) for _ in range(2))
    return ends(a[one].mean(axis=1) - b[other].mean(axis=1), level)


def standard_error(a, b, resamples, level, seed):
    d = a - b
    return d.mean() - d.std() / len(d) ** 0.5, d.mean() + d.std() / len(d) ** 0.5


def normal_interval(a, b, resamples, level, seed):
    d, z = a - b, {0.95: 1.96, 0.8: 1.2816}[level]
    return d.mean() - z * d.std() / len(d) ** 0.5, d.mean() + z * d.std() / len(d) ** 0.5


def turned_round(a, b, resamples, level, seed):
    low, high = right(a, b, resamples, level, seed)
    return 2 * (a - b).mean() - high, 2 * (a - b).mean() - low


def without_replacement(a, b, resamples, level, seed):
    rng = np.random.default_rng(seed)
    return ends([rng.permutation(a - b).mean() for _ in range(resamples)], level)


def one_sided(a, b, resamples, level, seed):
    means = (a - b)[drawn(len(a), resamples, seed)].mean(axis=1)
    return tuple(np.percentile(means, [0, 100 * level]))


def both_whole_tails(a, b, resamples, level, seed):
    means = (a - b)[drawn(len(a), resamples, seed)].mean(axis=1)
    return tuple(np.percentile(means, [100 * (1 - level), 100 * level]))


def extremes(a, b, resamples, level, seed):
    means = (a - b)[drawn(len(a), resamples, seed)].mean(axis=1)
    return means.min(), means.max()


def half_the_images(a, b, resamples, level, seed):
    few = np.random.default_rng(seed).integers(0, len(a), (resamples, len(a) // 2))
    return ends((a - b)[few].mean(axis=1), level)


def one_resample(a, b, resamples, level, seed):
    return ends((a - b)[drawn(len(a), 1, seed)[0]], level)


def same_resample(a, b, resamples, level, seed):
    n = len(a)
    return ends([(a - b)[np.random.default_rng(seed).integers(0, n, n)].mean() for _ in range(resamples)], level)


def same_resample_otherwise(a, b, resamples, level, seed):
    floors = (np.random.default_rng(seed).random(len(a)) * len(a)).astype(int)
    return ends([(a - b)[floors].mean()] * resamples, level)


def of_medians(a, b, resamples, level, seed):
    return ends(np.median((a - b)[drawn(len(a), resamples, seed)], axis=1), level)


def shares_for_per_cent(a, b, resamples, level, seed):
    means = (a - b)[drawn(len(a), resamples, seed)].mean(axis=1)
    return tuple(np.percentile(means, [(1 - level) / 2, (1 + level) / 2]))


WRONG = {
    "not written": (unwritten, "not written yet"),
    "nothing back": (lambda a, b, *_: None, "gives nothing back"),
    "unpaired": (unpaired, "the pairs are torn"),
    "standard error": (standard_error, "one standard error"),
    "normal interval": (normal_interval, "symmetric"),
    "1.96 always": (lambda a, b, r, level, s: normal_interval(a, b, r, 0.95, s), "whatever level is asked"),
    "turned round": (turned_round, "the basic bootstrap"),
    "relative": (lambda a, b, *more: right(a / b, np.ones_like(b), *more), "divided by b"),
    "sign": (lambda a, b, *more: right(b, a, *more), "b minus a"),
    "absolute": (lambda a, b, *more: right(np.abs(a - b), 0 * b, *more), "keeps its sign"),
    "single differences": (lambda a, b, r, level, s: ends(a - b, level), "single differences"),
    "return in the loop": (lambda a, b, r, level, s: right(a, b, 1, level, s), "that of your first resample"),
    "without replacement": (without_replacement, "WITH replacement"),
    "one-sided": (one_sided, "nothing is cut off below"),
    "one-sided above": (lambda a, b, r, level, s: (right(a, b, r, 2 * level - 1, s)[0], np.inf), "nothing is cut off above"),
    "whole tails": (both_whole_tails, "too narrow"),
    "half tails": (lambda a, b, r, level, s: right(a, b, r, (1 + level) / 2, s), "too wide"),
    "extremes": (extremes, "smallest to the largest"),
    "fixed level": (lambda a, b, r, level, s: right(a, b, r, 0.95, s), "you give the 95 % interval"),
    "half the images": (half_the_images, "half as many images"),
    "one image": (lambda a, b, r, level, s: ends((a - b)[drawn(len(a), r, s)[:, 0]], level), "single"),
    "one resample": (one_resample, "For each of `resamples` draws: take len(a) images"),
    "the same resample": (same_resample, "Make rng once, before the loop"),
    "the same resample, drawn otherwise": (same_resample_otherwise, "both ends are the same number"),
    "shares for per cent": (shares_for_per_cent, "np.percentile counts from 0 to 100"),
    "one end": (lambda a, b, r, level, s: (right(a, b, r, 0, s)[0], right(a, b, r, level, s)[1]), "the upper end is right"),
    "nothing is b's": (lambda a, b, *more: right(0 * a, -b, *more), "b's own mean"),
    "medians": (of_medians, "median"),
    "only a": (lambda a, b, *more: right(a, 0 * b, *more), "a's own mean"),
    "no seed": (lambda a, b, r, level, s: right(a, b, r, level, None), "two different intervals"),
    "wrong order": (lambda a, b, *more: right(a, b, *more)[::-1], "lower end lies above"),
    "one number": (lambda a, b, *more: 3.0, "two numbers are expected"),
    "nan": (lambda a, b, *more: (float("nan"), 1.0), "nan"),
    "arguments": (lambda a, b: (0, 1), "Compare the arguments"),
    "typo": (lambda a, b, *more: right(A, b, *more), "spelled right"),  # noqa: F821
    "far off": (lambda a, b, *more: (10, 20), "expected is about"),
}  # fmt: skip


@pytest.mark.parametrize("answer", [right, right_by_scipy, right_by_choice, right_with_both_arrays])
def test_check_accepts(answer):
    assert check_paired_bootstrap(answer).passed, check_paired_bootstrap(answer)


@pytest.mark.parametrize("seed", range(20, 40))
def test_check_accepts_whatever_the_draws(seed):
    answer = lambda a, b, r, level, s: right(a, b, r, level, s + seed)  # noqa: E731
    assert check_paired_bootstrap(answer).passed, check_paired_bootstrap(answer)


@pytest.mark.parametrize("name", WRONG)
def test_check_says_what_is_wrong(name):
    answer, said = WRONG[name]
    refused(check_paired_bootstrap(answer), said)


CUTS = [
    ("drawn = rng.integers(0, len(a), len(a))", "drawn = rng.permutation(len(a))", "WITH replacement"),
    ("drawn = rng.integers(0, len(a), len(a))", "", "spelled right"),
    ("means[i] = (a[drawn] - b[drawn]).mean()", "means[i] = (a[drawn] - rng.choice(b, len(b))).mean()", "torn"),
    ("means[i] = (a[drawn] - b[drawn]).mean()", "", "both ends are 0"),
    ("rng = np.random.default_rng(seed)", "rng = np.random.default_rng()", "default_rng(seed)"),
    ("return low, high", "", "return"),
]


def checked(source):
    scope = {"np": np}
    exec(source, scope)
    return check_paired_bootstrap(scope["my_paired_bootstrap"])


def test_stub_runs_and_is_not_passed_and_the_solution_is():
    refused(checked(cell("07", "my_paired_bootstrap", "exercise")), "not written yet")
    assert checked(cell("07", "my_paired_bootstrap", "solution")).passed


@pytest.mark.parametrize(("line", "instead", "said"), CUTS)
def test_without_its_key_line_the_solution_fails_with_a_useful_hint(line, instead, said):
    refused(checked(without(cell("07", "my_paired_bootstrap", "solution"), line, instead)), said)


def test_check_never_raises_and_leaves_the_randomness_of_the_notebook_alone():
    assert_never_raises(check_paired_bootstrap)
    assert_leaves_randomness_alone(check_paired_bootstrap, right)
    np.random.seed(5)  # noqa: NPY002 - the notebook's own generator
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    check_paired_bootstrap(right)
    assert np.random.rand() == expected  # noqa: NPY002
