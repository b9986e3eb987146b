"""What the text of lesson 00 says about its pictures holds for the weights and samples that are bundled now."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import label

from banet_edu import load_model, load_samples, make_phantom, predict
from banet_edu.course.lesson00.thresholds import THRESHOLDS, threshold_curves
from banet_edu.explain import probe
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap


@pytest.fixture(scope="module")
def model():
    return load_model("banet-lite-dermoscopy")


@pytest.fixture(scope="module")
def samples():
    return load_samples("dermoscopy", "test")


def test_contour_is_drawn_too_wide(model, samples):
    row = boundary_metrics(predict(model, samples[0]).mask, samples[0].mask, spacing_mm=samples[0].spacing_mm)
    assert 0.1 < row["bias_mm"] < row["hd_mm"]


def test_higher_threshold_adds_a_tenth_of_ja_and_leaves_a_third_of_the_error(model, samples):
    sample = samples[0]
    curves = threshold_curves(sample, predict(model, sample))
    lowest, low, high = (THRESHOLDS.index(t) for t in (0.1, 0.2, 0.9))
    assert 1.08 < curves.overlap[high] / curves.overlap[low] < 1.14
    assert 0.28 < curves.error[high] / curves.error[low] < 0.38
    assert 1.8 < curves.error[lowest] / curves.error[low] < 2.4
    assert [label(curves.probability >= t)[1] for t in (0.1, 0.2)] == [2, 1]
    masks = [curves.probability >= t for t in THRESHOLDS]
    largest = [boundary_metrics(m, sample.mask, spacing_mm=sample.spacing_mm)["hd_mm"] for m in masks]
    assert largest[lowest] == pytest.approx(7, abs=0.5)
    assert THRESHOLDS[int(np.argmin(largest))] == 0.7


def test_line_along_the_frame_is_there_without_any_edge_in_the_image(model):
    edges = probe(model, np.full((128, 128, 3), 180, np.uint8)).map("stage1.pee.edge_k5", "mean_abs")
    assert edges[12:20, 12:20].max() < 1e-4 < 0.1 < edges[0].max()


def test_exercise_has_a_clear_answer(model, samples):
    errors = sorted(
        boundary_metrics(predict(model, s).mask, s.mask, spacing_mm=s.spacing_mm)["assd_mm"] for s in samples
    )
    assert errors[-1] > 1.05 * errors[-2]


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
