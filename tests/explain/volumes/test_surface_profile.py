"""`boundary_profile` and `expected_error` of balls whose error, blur and probability are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from painted_volumes import INSIDE, OUTSIDE, away, ball_case, prediction_of, shape_for

from banet_edu.data.volume import Volume
from banet_edu.explain import boundary_profile, cohort_profile, expected_error, probe
from banet_edu.explain.volumes.normals import expected_by_probability
from banet_edu.explain.volumes.surface import surface_of_level
from banet_edu.networks.registry import create_model

SPACINGS = [(1.0, 1.0, 1.0), (3.0, 1.0, 1.0), (2.0, 1.0, 0.5)]


@pytest.mark.parametrize("along", ["reference", "prediction"])
@pytest.mark.parametrize("grown", [1.5, -1.5])
@pytest.mark.parametrize("spacing", SPACINGS)
def test_a_ball_grown_by_d_is_off_by_d_everywhere(spacing, grown, along):
    profile = boundary_profile(*ball_case(spacing, grown=grown), along=along)
    assert profile.unit == "mm" and set(profile["along"]) == {along} and set(profile["status"]) == {"ok"}
    error = profile["signed_error_mm"]
    assert np.average(error, weights=profile["share"]) == pytest.approx(grown, abs=0.1)
    assert (np.sign(error) == np.sign(grown)).all() and error.std() < 0.3
    assert profile["share"].sum() == pytest.approx(1) and set(profile["part"]) == {0}


@pytest.mark.parametrize("along", ["reference", "prediction"])
@pytest.mark.parametrize("spacing", SPACINGS)
def test_a_ball_moved_to_one_side_is_outside_there_and_inside_opposite(spacing, along):
    volume, prediction = ball_case(spacing, shift_mm=(0.0, 0.0, 2.0))
    profile = boundary_profile(volume, prediction, along=along)
    places = (profile[["z", "y", "x"]].to_numpy() - (np.array(volume.shape) - 1) / 2) * spacing
    # From a point of one sphere straight to the middle of the other.
    to_reference, to_prediction = (np.linalg.norm(places - (0, 0, moved), axis=1) for moved in (0.0, 2.0))
    exact = 10 - to_prediction if along == "reference" else to_reference - 10
    assert np.abs(profile["signed_error_mm"] - exact).mean() < 0.06 + 0.05 * max(spacing)
    assert profile["signed_error_mm"].max() == pytest.approx(2.0, abs=0.3)
    assert profile["signed_error_mm"].min() == pytest.approx(-2.0, abs=0.3)


def test_normals_lead_outward_by_the_length_they_are_asked_for():
    volume, prediction = ball_case((2.0, 1.0, 0.5), grown=3.0)
    rows = boundary_profile(volume, prediction)
    steps = rows["signed_error_mm"]
    places = [rows[axis] + steps * rows[f"normal_{axis}"] for axis in "zyx"]
    middle, spacing = (np.array(volume.shape) - 1) / 2, np.array(volume.spacing_mm)
    radius = np.sqrt(sum(((at - mid) * step) ** 2 for at, mid, step in zip(places, middle, spacing, strict=True)))
    assert radius.mean() == pytest.approx(13.0, abs=0.15)


@pytest.mark.parametrize("blur_mm", [1.0, 2.0])
@pytest.mark.parametrize("spacing", SPACINGS)
def test_contrast_and_edge_width_are_those_painted(spacing, blur_mm):
    volume, prediction = ball_case(spacing, blur_mm=blur_mm)
    profile = boundary_profile(volume, prediction)
    in_file = profile["contrast_sd"] * volume.image.std()
    assert in_file.median() == pytest.approx(INSIDE - OUTSIDE, rel=0.05)
    # What is read between voxels is blurred a little more, along z by 3 mm most.
    assert profile["edge_width_mm"].median() == pytest.approx(blur_mm, abs=0.15 + 0.12 * max(spacing))


def test_a_darker_inside_has_the_same_contrast_and_no_edge_has_no_width():
    volume, prediction = ball_case()
    light = boundary_profile(volume, prediction)
    dark = boundary_profile(Volume(-volume.image + 500, volume.mask, "dark", volume.spacing_mm), prediction)
    np.testing.assert_allclose(light["contrast_sd"], dark["contrast_sd"], atol=1e-4)
    half = np.where(np.arange(volume.shape[2]) < volume.shape[2] / 2, volume.image, OUTSIDE)
    profile = boundary_profile(Volume(half, volume.mask, "half", volume.spacing_mm), prediction)
    shown, hidden = profile["x"] < volume.shape[2] / 2 - 4, profile["x"] > volume.shape[2] / 2 + 4
    assert (
        profile.loc[shown, "edge_width_mm"].notna().all() and profile.loc[hidden, "edge_width_mm"].isna().mean() > 0.9
    )
    assert profile.loc[shown, "contrast_sd"].median() > 20 * profile.loc[hidden, "contrast_sd"].abs().median()


@pytest.mark.parametrize("softness", [1.0, 2.0])
def test_the_expected_error_is_that_of_the_distribution_that_the_probabilities_state(softness):
    volume, prediction = ball_case(softness_mm=softness, radius=14.0)
    found = _expected(volume, prediction)
    # |N(0, s)|: its mean, 10th and 90th percentile; reading between voxels adds a little.
    assert found["expected_mm"].mean() == pytest.approx(softness * np.sqrt(2 / np.pi), rel=0.1)
    assert found["low_mm"].mean() == pytest.approx(0.1257 * softness, rel=0.15)
    assert found["high_mm"].mean() == pytest.approx(1.645 * softness, rel=0.1)
    assert not found["marked"].any() and found.attrs["track_record"] is None and found.attrs["reason"]
    profile = boundary_profile(volume, prediction, along="prediction")
    np.testing.assert_array_equal(profile["expected_mm"], found["expected_mm"])
    assert profile["slack_mm"].median() == pytest.approx(2 * 0.6745 * softness, abs=0.25)
    assert profile["entropy_bits"].median() == pytest.approx(1, abs=0.01)


def _expected(volume, prediction):
    from banet_edu.explain.volumes.profile import expected_error_of_volume

    return expected_error_of_volume(None, volume, prediction=prediction)


def test_another_boundary_behind_is_no_error_of_this_one():
    shape, spacing = shape_for((1, 1, 1), 12.0), (1.0, 1.0, 1.0)
    outside = away(shape, spacing, 12.0)
    shell = np.maximum(outside, -(outside + 5))  # a shell 5 mm thick
    prediction = prediction_of(shell, spacing, 0.5)
    surface = surface_of_level(prediction.level, spacing)
    found = expected_by_probability(prediction.probability, surface, surface.thinned())
    assert found.expected.max() < 1.0 and found.high.max() < 2.0


def test_without_a_spacing_lengths_are_in_percent_of_the_diagonal():
    volume, prediction = ball_case(grown=1.5, known=False)
    profile = boundary_profile(volume, prediction)
    diagonal = np.hypot.reduce(np.array(volume.shape, float))
    assert profile.unit == "pct" and "signed_error_mm" not in profile
    assert profile["signed_error_pct"].mean() == pytest.approx(100 * 1.5 / diagonal, rel=0.1)
    assert profile["frame_distance_pct"].min() == pytest.approx(100 * 7.0 / diagonal, rel=0.1)


def test_missed_hallucinated_and_nothing():
    volume, prediction = ball_case()
    nothing = replace(prediction, probability=prediction.probability * 0, labels=prediction.labels * 0)
    missed = boundary_profile(volume, nothing)
    assert set(missed["status"]) == {"missed"} and set(missed["along"]) == {"reference"} and len(missed) > 1000
    assert missed["signed_error_mm"].isna().all() and missed["expected_mm"].isna().all()
    assert missed["contrast_sd"].notna().all()  # what the image shows where the surface should be
    empty = Volume(volume.image, volume.mask & False, "empty", volume.spacing_mm)
    hallucinated = boundary_profile(empty, prediction)
    assert set(hallucinated["along"]) == {"prediction"} and hallucinated["signed_error_mm"].isna().all()
    both = boundary_profile(empty, nothing)
    assert len(both) == 0 and "contrast_sd" in both and both.unit == "mm"
    assert len(_expected(volume, nothing)) == 0
    unknown = boundary_profile(Volume(volume.image, None, "a", volume.spacing_mm), prediction)
    assert set(unknown["status"]) == {"no_reference"} and "signed_error_mm" not in unknown
    with pytest.raises(ValueError, match="has no mask: along='prediction'"):
        boundary_profile(Volume(volume.image, None, "a"), prediction, along="reference")
    with pytest.raises(ValueError, match=r"the volume is \(4, 4, 4\), the prediction"):
        boundary_profile(Volume(np.zeros((4, 4, 4)), None, "b"), prediction)


def test_the_networks_signals_are_read_where_the_network_saw_the_point():
    torch.manual_seed(0)
    model = create_model("banet", "nano", dims=3).eval()
    volume = Volume(
        np.random.default_rng(0).normal(size=(20, 26, 22)), away((20, 26, 22), (1, 1, 1), 6.0) <= 0, "a", (1, 1, 1)
    )
    trace = probe(model, volume)
    profile = boundary_profile(volume, trace.prediction, trace=trace)
    assert {"side_disagreement", "stage1.pee.edge_k5", "stage2.ia.seg_weight", "stage3.cff.gate_own"} <= set(profile)
    row = profile.iloc[100]
    cell = [
        round((row[axis] + pad + 0.5) / 2 - 0.5) for axis, pad in zip("zyx", (6, 3, 5), strict=True)
    ]  # stride 2, padded
    values = trace.map("stage1.ia.seg_weight")
    near = values[tuple(slice(max(at - 1, 0), at + 2) for at in cell)]
    assert near.min() <= row["stage1.ia.seg_weight"] <= near.max()
    table = cohort_profile(model, [volume, Volume(volume.image, volume.mask, "b", (1, 1, 1))], signals=True)
    assert set(table["name"]) == {"a", "b"} and isinstance(table, pd.DataFrame)
    found = expected_error(model, volume)
    assert list(found)[:6] == ["z", "y", "x", "expected_mm", "low_mm", "high_mm"]
