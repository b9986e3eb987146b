"""What the text of lesson 00 says about its pictures holds for the weights and samples that are bundled now."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.ndimage import label

from banet_edu import load_model, load_samples, make_phantom, predict
from banet_edu.course.lesson00.exercise import slip_of
from banet_edu.course.lesson00.thresholds import THRESHOLDS, threshold_curves
from banet_edu.explain import probe
from banet_edu.metrics.boundary import boundary_metrics, signed_errors
from banet_edu.metrics.overlap import overlap
from banet_edu.study.compare import evaluate

pytestmark = pytest.mark.landing


@pytest.fixture(scope="module")
def model():
    return load_model("banet-lite-dermoscopy")


@pytest.fixture(scope="module")
def samples():
    return load_samples("dermoscopy", "test")


def test_contour_is_drawn_too_wide_in_nine_of_ten(model, samples):
    assert (evaluate(model, samples)["bias_mm"] > 0).sum() == 9


def test_largest_error_of_the_prediction_is_below_hd_which_looks_both_ways(model, samples):
    sample, mask = samples[0], predict(model, samples[0]).mask
    row = boundary_metrics(mask, sample.mask, spacing_mm=sample.spacing_mm)
    errors = signed_errors(mask, sample.mask, spacing_mm=sample.spacing_mm)
    assert np.abs(errors.distance).max() == pytest.approx(0.42, abs=0.005)
    assert row["hd_mm"] == pytest.approx(0.45, abs=0.005)
    assert "assd_mm" not in boundary_metrics(mask, sample.mask, spacing_mm=None)


def test_higher_threshold_leaves_about_a_third_of_the_error(model, samples):
    sample = samples[0]
    curves = threshold_curves(sample, predict(model, sample))
    lowest, low, high = (THRESHOLDS.index(t) for t in (0.1, 0.2, 0.9))
    assert 0.28 < curves.error[high] / curves.error[low] < 0.38
    assert curves.error[lowest] > curves.error[low]
    assert THRESHOLDS[int(np.argmin(curves.error))] == 0.9
    assert [label(curves.probability >= t)[1] for t in (0.1, 0.2)] == [2, 1]
    assert curves.largest[lowest] == pytest.approx(7, abs=0.5)
    assert THRESHOLDS[int(np.argmin(curves.largest))] == 0.7


def test_threshold_of_0_9_beats_0_5_in_six_of_ten_samples(model, samples):
    curves = [threshold_curves(sample, predict(model, sample)) for sample in samples]
    usual, high = (np.array([each.error[THRESHOLDS.index(t)] for each in curves]) for t in (0.5, 0.9))
    best = [THRESHOLDS[int(np.nanargmin(each.error))] for each in curves]
    assert ((high < usual).sum(), (high > usual).sum()) == (6, 4) and (min(best), max(best)) == (0.4, 0.95)


def test_line_along_the_frame_is_there_without_any_edge_in_the_image(model):
    edges = probe(model, np.full((128, 128, 3), 180, np.uint8)).map("stage1.pee.edge_k5", "mean_abs")
    assert edges[12:20, 12:20].max() < 1e-4 < 0.1 < edges[0].max()


def test_exercise_has_a_clear_answer(model, samples):
    errors = sorted(
        boundary_metrics(predict(model, s).mask, s.mask, spacing_mm=s.spacing_mm)["assd_mm"] for s in samples
    )
    assert errors[-1] > 1.05 * errors[-2]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([0.0] * 10, "every sample has the same error"),
        ([], "0 errors for 10 samples"),
        ([0.1] * 9, "9 errors for 10 samples"),
        ("hd_mm", 'Take "assd_mm" in the place of "hd_mm"'),
        ("bias_mm", "signed errors"),
        ("assd_px", "in pixels, not in mm.\nPass spacing_mm=sample.spacing_mm, and take"),
        ("JA", r"overlaps .JA., not distances.\nCall boundary_metrics\(...\), not overlap\(...\)"),
        ([0.01 * n for n in range(10)], "not the errors of each sample's own prediction, or not their ASSD in mm"),
        (None, "every sample|0 errors|no list of numbers|1 errors for 10"),
        (["a"] * 10, "no list of numbers"),
    ],
)
def test_what_is_said_of_other_errors(model, samples, answer, said):
    measured = evaluate(model, samples)
    given = list(measured[answer]) if isinstance(answer, str) else answer
    assert re.search(said, slip_of(given, measured))
    assert slip_of(list(measured["assd_mm"]), measured) == ""


def test_narrow_edges_of_stage_3_have_8_x_8_cells(model, samples):
    trace = probe(model, samples[0])
    assert trace["stage3.pee.edge_k3"].shape[2:] == (8, 8) and trace["stage1.pee.edge_k5"].shape[1] == 32


def test_equal_overlap_and_equal_mean_error_hide_the_bump():
    """The two predictions made by hand in part 3."""
    phantom = make_phantom("dermoscopy", seed=7)
    rows, columns = np.indices(phantom.mask.shape)
    grown = phantom.signed_distance_px * phantom.spacing_mm[0] < 0.3
    bump = phantom.mask | (np.hypot(rows - 95, columns - 130) < 46)
    measured = [
        overlap(mask, phantom.mask) | boundary_metrics(mask, phantom.mask, spacing_mm=phantom.spacing_mm)
        for mask in (grown, bump)
    ]
    assert measured[0]["JA"] == pytest.approx(measured[1]["JA"], abs=0.005)
    assert measured[0]["assd_mm"] == pytest.approx(measured[1]["assd_mm"], abs=0.02)
    assert [row["hd_mm"] for row in measured] == pytest.approx([0.35, 2.4], abs=0.05)


@pytest.mark.parametrize("kept", ["prediction", "reference"])
def test_what_is_that_of_the_first_sample_is_known_by_the_only_right_error(model, samples, kept):
    found, measured = [predict(model, s).mask for s in samples], evaluate(model, samples)
    pairs = [
        (found[0], s.mask) if kept == "prediction" else (f, samples[0].mask)
        for f, s in zip(found, samples, strict=True)
    ]
    copied = [
        boundary_metrics(f, reference, spacing_mm=s.spacing_mm)["assd_mm"]
        for (f, reference), s in zip(pairs, samples, strict=True)
    ]
    assert "something is still that of the first sample" in slip_of(copied, measured)
