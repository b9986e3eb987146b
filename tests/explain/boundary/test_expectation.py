"""`expected_error`: its rows, its units, when there is no track record, and what the cards say of it."""

from __future__ import annotations

import numpy as np
import pytest

from banet_edu import create_model, load_model, load_samples, open_dataset, predict
from banet_edu.explain import boundary_profile, expected_error, probe, why
from banet_edu.explain.boundary.expectation import track_record_in_words
from banet_edu.networks.weights import bundled_weights

SAMPLE = load_samples("dermoscopy", "test")[0]


@pytest.fixture(scope="module")
def model():
    return load_model("banet-lite-phantom")


def test_rows_are_those_of_the_profile_along_the_prediction(model):
    found = expected_error(model, SAMPLE)
    profile = boundary_profile(SAMPLE, predict(model, SAMPLE), along="prediction")
    np.testing.assert_allclose(found[["row", "column"]], profile[["row", "column"]])
    assert list(found)[:2] == ["row", "column"] and {"expected_mm", "low_mm", "high_mm", "marked"} <= set(found)
    assert (found["low_mm"] <= found["expected_mm"]).all() and (found["expected_mm"] <= found["high_mm"]).all()
    assert 0 < found["marked"].mean() <= 0.25 and found["marked"].dtype == bool
    usual = found["expected_mm"][~found["marked"]].mean()
    assert found["expected_mm"][found["marked"]].mean() > usual


def test_without_a_spacing_in_percent_and_a_mask_changes_nothing(model):
    bare = type(SAMPLE)(SAMPLE.image, None, "bare")
    found = expected_error(model, bare)
    assert found.unit == "pct"
    with_mask = expected_error(model, type(SAMPLE)(SAMPLE.image, SAMPLE.mask, "masked"), trace=None)
    assert list(with_mask["marked"]) == list(found["marked"])


def test_stretches_of_an_explanation_are_what_is_marked(model):
    bare = type(SAMPLE)(SAMPLE.image, None, "bare", SAMPLE.spacing_mm)
    trace = probe(model, bare)
    found = expected_error(model, bare, trace=trace)
    profile = boundary_profile(bare, trace.prediction, trace=trace)
    explanation = why(profile, expected=found)
    assert explanation.segments["length_mm"].sum() == pytest.approx(found["marked"].sum() * profile.step, rel=0.02)
    assert explanation.segments["expected_mm"].is_monotonic_decreasing
    assert "The largest errors are expected along" in explanation.sentences[-1]
    with pytest.raises(ValueError, match="along='prediction'"):
        why(boundary_profile(SAMPLE, trace.prediction), expected=found.iloc[:-1])


def test_without_a_track_record_nothing_is_marked_and_the_reason_is_said(model):
    stranger = create_model("banet", preset="nano")
    chest = load_samples("lung", "test")[0]
    for network, sample, said in (
        (stranger, SAMPLE, "this network has none"),
        (load_model("banet-lite-dermoscopy"), chest, "this image is unlike those"),
    ):
        found = expected_error(network, sample)
        assert found.attrs["track_record"] is None and not found["marked"].any() and said in found.attrs["reason"]
        assert found.filter(like="expected").isna().all(axis=None)
        assert "no place is marked" in track_record_in_words(found)


def test_a_record_no_better_than_chance_is_none(model, monkeypatch):
    record = model.info["track_record"]
    chance = record | {"measured": record["measured"] | {"auc": [0.52, 0.49, 0.55]}}
    monkeypatch.setitem(model.info, "track_record", chance)
    found = expected_error(model, SAMPLE)
    assert found.attrs["track_record"] is None and "no better than chance" in found.attrs["reason"]


def test_nothing_found_gives_no_row(model):
    found = expected_error(model, type(SAMPLE)(np.zeros((64, 64, 3), np.uint8), None, "black"))
    assert not len(found) and "marked" in found


@pytest.mark.parametrize("name", [name for name in bundled_weights() if not name.endswith("hippocampus")])
def test_every_bundled_network_of_images_has_a_track_record_better_than_chance(name):
    record = load_model(name).info["track_record"]
    measured = record["measured"]
    assert measured["auc"][1] > 0.5 and measured["marked"] <= 0.25 and measured["images"] >= 40
    assert record["second"] in bundled_weights() and record["second"] != name


def test_the_sentence_of_a_track_record(model):
    said = track_record_in_words(expected_error(model, SAMPLE))
    assert said.startswith("Track record on ") and "times as much as the rest" in said and said.endswith(".")


@pytest.mark.landing
def test_on_real_images(real):
    model = load_model("banet-lite-polyp")
    shares = []
    for sample in open_dataset("kvasir_seg", real("kvasir_seg"), "test")[:6]:
        found = expected_error(model, sample)
        if len(found):
            assert found.attrs["track_record"] is not None or found.attrs["reason"]
            shares.append(found["marked"].mean())
    assert shares and max(shares) <= 0.25
