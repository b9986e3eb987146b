"""Track records: the fit finds what was planted, marks keep to their share, figures are those of hand-made cases."""

from __future__ import annotations

import json

import numpy as np
import pytest

from banet_edu import load_model, load_samples
from banet_edu.explain.boundary.clues import Clues, read_clues
from banet_edu.explain.boundary.outline import Grid, Outline
from banet_edu.explain.boundary.track_record import (
    MARKED_SHARE,
    REASONS,
    SHORTEST,
    auc,
    calibrated,
    fit_track_record,
    judged,
    marks,
    reasons,
    score,
    stretches,
    true_errors,
)

NAMES = ["second", "slack", "contrast"]


def circle(count=240, contours=1):
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    points = np.column_stack([100 - 50 * np.sin(angle), 100 + 50 * np.cos(angle)])
    number = np.arange(count) * contours // count
    return Outline(points, points * 0, number.astype(np.intp), np.ones(count, bool), np.arange(count, dtype=float))


def cases(seed, count=24, noise=0.2):
    """Outlines whose error grows with `second` along the outline and with the mean of `slack` from image to image."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        outline = circle()
        waves = [outline.smoothed(rng.normal(size=240), 6.0) * 5 for _ in range(3)]
        values = dict(zip(NAMES, waves, strict=True))
        values["slack"] = values["slack"] + rng.normal()
        s = 1.0 + 0.8 * values["second"] + 0.6 * values["slack"].mean() + noise * rng.normal(size=240)
        clues = Clues(outline, Grid.of((256, 256), None), values)
        found.append((clues, np.maximum(np.exp(s) - 0.5, 0.0)))
    return found


@pytest.fixture(scope="module")
def model():
    return fit_track_record(cases(0), NAMES)


def test_the_fit_finds_what_the_error_goes_with(model):
    within = {name: row[1] for name, row in model["clues"].items()}
    between = {name: row[2] for name, row in model["clues"].items()}
    assert within["second"] > 5 * max(abs(within["slack"]), abs(within["contrast"]))
    assert between["slack"] > 3 * abs(between["contrast"])
    assert json.loads(json.dumps(model)) == model


def test_unseen_cases_are_told_and_the_interval_covers_eight_of_ten(model):
    rows = [judged(model, *case) for case in cases(1)]
    assert np.mean([row["auc"] for row in rows]) > 0.9
    assert np.mean([row["within"] for row in rows]) == pytest.approx(0.8, abs=0.07)
    assert np.mean([row["expected"] for row in rows]) == pytest.approx(np.mean([row["error"] for row in rows]), rel=0.2)
    assert all(row["marked_points"] <= MARKED_SHARE * row["points"] for row in rows)


def test_what_a_score_means_rises_with_it(model):
    expected, low, high = calibrated(model, np.linspace(-5, 8, 50))
    assert (low <= expected).all() and (expected <= high).all()
    assert all((np.diff(values) >= 0).all() for values in (expected, low, high))


def test_marks_are_a_quarter_at_most_and_no_specks():
    outline = circle()
    s = np.zeros(240)
    s[10:40], s[100:105] = 2.0, 3.0  # a stretch of 30, a speck of 5
    chosen = marks(s + np.linspace(0, 1e-3, 240), outline)
    assert chosen[10:40].all() and not chosen[100:105].any() and chosen.mean() <= MARKED_SHARE
    over = np.roll(s, -25)  # from the last points over the first one
    assert marks(over, outline)[[*range(225, 240), *range(15)]].all()
    random = np.random.default_rng(0)
    for contours in (1, 3):
        outline = circle(contours=contours)
        chosen = marks(outline.smoothed(random.normal(size=240), 3.0), outline)
        assert chosen.mean() <= MARKED_SHARE
        for one in range(contours):
            assert all(len(run) >= SHORTEST for run in stretches(chosen[outline.contour == one], True))


def test_the_figures_of_one_image(model):
    [(clues, _)] = cases(2, 1)
    s = score(model, clues)
    worst = judged(model, clues, np.argsort(np.argsort(s)) + 0.0)  # true errors in the very order of the scores
    assert worst["auc"] == 1.0 and worst["spearman"] == pytest.approx(1.0)
    assert worst["marked_error"] / worst["marked_points"] > worst["unmarked_error"] / (240 - worst["marked_points"])
    pct = 100 / np.hypot(256, 256)
    assert worst["marked_error"] + worst["unmarked_error"] == pytest.approx(sum(range(240)) * pct)
    even = judged(model, clues, np.full(240, 2.0))
    assert np.isnan(even["spearman"]) and even["error"] == pytest.approx(2.0 * pct)


def test_the_reason_is_what_raises_the_score_most(model):
    [(clues, _)] = cases(3, 1)
    found = reasons(model, clues)
    assert set(found) <= set(REASONS)
    highest = clues.values["second"] > np.quantile(clues.values["second"], 0.9)
    assert (found[highest] == "networks disagree").mean() > 0.9


def test_area_under_the_curve():
    s, chosen = np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, False, True, True])
    assert auc(s, chosen) == pytest.approx(3.5 / 4)
    assert np.isnan(auc(s, np.zeros(4, bool)))


def test_clues_of_a_network_do_not_look_at_the_mask():
    sample = load_samples("polyp", "test")[0]
    first, second = load_model("banet-lite-phantom"), load_model("unet-lite-phantom")
    clues = read_clues(first, second, sample)
    assert {"second", "sides", "slack", "contrast"} <= set(clues.values)
    assert all(len(value) == len(clues.outline) and np.isfinite(value).all() for value in clues.values.values())
    assert "sides" not in read_clues(second, first, sample).values  # U-Net has no side outputs
    other = type(sample)(sample.image, ~sample.mask, sample.name, sample.spacing_mm)
    for name, value in read_clues(first, second, other).values.items():
        np.testing.assert_array_equal(value, clues.values[name])
    turned = type(sample)(sample.image, sample.mask[::-1], "upside down")
    assert true_errors(clues, sample).mean() < true_errors(clues, turned).mean()
    assert true_errors(clues, type(sample)(sample.image, sample.mask & False, "empty")) is None
    same = read_clues(first, first, sample)
    assert np.allclose(same.values["second"], np.log(0.5), atol=0.05)  # no distance to itself
