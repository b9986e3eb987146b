"""`why`: the joint fit against least squares, causes that were planted, and sentences that hold in every case."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from profile_cases import blocks, check_sentences, flat_profile, somewhere
from scipy.ndimage import gaussian_filter1d

from banet_edu import load_model, make_phantom, predict
from banet_edu.explain.boundary.causes import fit_effects, why
from banet_edu.explain.boundary.profiles import boundary_profile
from banet_edu.explain.boundary.severity import CAUSES, severities


def ranked(explanation) -> pd.DataFrame:
    return explanation.ranking.set_index("cause")


# --- severities


@pytest.mark.parametrize(
    ("cause", "column", "value"),
    [
        ("low_contrast", "contrast", 10.0),
        ("soft_edge", "edge_width_mm", 8.0),
        ("occluder", "occluder", 0.9),
        ("look_alike", "look_alike", 0.9),
        ("sharp_bend", "curvature_per_mm", 0.3),
        ("sharp_bend", "curvature_per_mm", -0.3),
        ("noise", "noise", 9.0),
        ("frame", "frame_distance_mm", 1.0),
    ],
)
def test_each_property_raises_its_own_severity_there_and_no_other(cause: str, column: str, value: float) -> None:
    plain = flat_profile()
    x = severities(plain.assign(**{column: somewhere(value, plain[column].iloc[0])}))
    assert list(x) == [each.name for each in CAUSES]
    inside = somewhere(1.0, 0.0) == 1
    assert (x.loc[inside, cause] == 1).all()
    assert (x.drop(columns=cause) == 0).all(axis=None) and (x.loc[~inside] == 0).all(axis=None)


def test_severities_stay_between_0_and_1_whatever_the_numbers() -> None:
    rng = np.random.default_rng(0)
    wild = flat_profile(
        contrast=rng.normal(0, 300, 360), edge_width_mm=np.where(rng.random(360) < 0.3, np.nan, rng.gamma(1, 9, 360)),
        curvature_per_mm=rng.normal(0, 3, 360), noise=rng.gamma(1, 9, 360), occluder=rng.random(360),
        look_alike=rng.random(360), frame_distance_mm=rng.gamma(1, 9, 360),
    )  # fmt: skip
    for profile in (wild, wild.assign(edge_width_mm=np.nan), wild.assign(occluder=1.0), wild.assign(noise=0.0)):
        x = severities(profile)
        assert x.notna().all(axis=None) and (x >= 0).all(axis=None) and (x <= 1).all(axis=None)


def test_what_is_hidden_is_not_judged() -> None:
    faint = {"contrast": somewhere(2, 80), "edge_width_mm": somewhere(9, 2)}
    x = severities(flat_profile(occluder=somewhere(0.9, 0), noise=somewhere(9, 3), **faint))
    assert x["occluder"].max() == 1
    assert (x[["low_contrast", "soft_edge", "noise"]] == 0).all(axis=None)
    x = severities(flat_profile(**faint))
    assert x["low_contrast"].max() == 1 and x["soft_edge"].max() == 0


# --- the joint fit


def test_effects_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(1)
    x = np.column_stack([blocks(rng, 2000, 0.3), blocks(rng, 2000, 0.5), rng.random(2000)])
    error = 0.2 + x @ [0.7, 0.0, -0.3] + rng.normal(0, 0.1, 2000)
    effect, resampled = fit_effects(error, x, np.zeros(2000, int))
    oracle = np.linalg.lstsq(np.column_stack([np.ones(2000), x]), error, rcond=None)[0][1:]
    np.testing.assert_allclose(effect, oracle, atol=0.015)  # a small ridge pulls towards 0
    assert resampled.shape == (400, 3)
    again = fit_effects(error, x, np.zeros(2000, int))[1]
    np.testing.assert_array_equal(resampled, again)  # seeded


def test_the_joint_fit_credits_the_right_one_of_two_confounded_properties() -> None:
    """Soft where faint, mostly: both correlate with the error, only one makes it."""
    rng = np.random.default_rng(2)
    faint = blocks(rng, 4000, 0.3)
    soft = np.where(blocks(rng, 4000, 0.15) == 1, 1 - faint, faint)
    error = 0.1 + 0.8 * faint + rng.normal(0, 0.1, 4000)
    assert np.corrcoef(error, soft)[0, 1] > 0.5  # alone it would be blamed
    effect, resampled = fit_effects(error, np.column_stack([faint, soft]), np.zeros(4000, int))
    np.testing.assert_allclose(effect, [0.8, 0.0], atol=0.03)
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    assert low[0] > 0.7 and low[1] < 0.005 < high[1]  # the ridge passes a hair of the credit on


def test_intervals_cover_the_truth() -> None:
    """Noise that is alike over 10 points, as errors are: of 60 outlines nearly all intervals hold the truth."""
    covered = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = blocks(rng, 400, 0.4)[:, None]
        error = 0.2 + 0.5 * x[:, 0] + np.repeat(rng.normal(0, 0.2, 40), 10) + rng.normal(0, 0.1, 400)
        low, high = np.quantile(fit_effects(error, x, np.zeros(400, int), seed)[1], [0.025, 0.975], axis=0)[:, 0]
        covered += low <= 0.5 <= high
    assert covered >= 50


def test_a_cohort_compares_each_image_with_itself() -> None:
    """Images with hair are hard for another reason: between images hair goes with the error, within none does it."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(30), 200)
    hairy = rng.random(30)
    x = (rng.random(6000) < hairy[groups]).astype(float)[:, None]
    error = 2.0 * hairy[groups] + rng.normal(0, 0.1, 6000)
    assert np.corrcoef(error, x[:, 0])[0, 1] > 0.4
    effect, resampled = fit_effects(error, x, groups)
    assert abs(effect[0]) < 0.02
    alone, _ = fit_effects(error + 0.5 * x[:, 0], x, groups)
    assert alone[0] == pytest.approx(0.5, abs=0.03)
    assert resampled.std() > 0


def test_a_property_that_hardly_varies_gets_no_effect() -> None:
    rng = np.random.default_rng(4)
    x = np.column_stack([blocks(rng, 400, 0.3), np.zeros(400), 1e-4 * rng.random(400)])
    effect, _ = fit_effects(0.5 * x[:, 0] + rng.normal(0, 0.1, 400), x, np.zeros(400, int))
    assert abs(effect[1]) < 1e-9 and abs(effect[2]) < 0.01


@pytest.mark.landing
def test_unrelated_smooth_errors_seldom_look_like_an_effect():
    """One stretch with a property, an error that varies as slowly and knows nothing of it: the interval should hold zero."""
    rng, cases = np.random.default_rng(0), 150
    above = 0
    for case in range(cases):
        error = np.abs(gaussian_filter1d(rng.normal(size=400), 15, mode="wrap"))
        x = np.zeros((400, 1))
        x[(rng.integers(400) + np.arange(60)) % 400] = 1
        above += np.quantile(fit_effects(error, x, np.zeros(400, int), seed=case)[1], 0.025) > 0
    assert above / cases < 0.12  # 0.08 when written; 0.025 if the interval were exact, 0.135 with blocks of 12 points


# --- why


def test_the_ranking_tells_the_figures_of_a_known_case() -> None:
    error = somewhere(-0.9, 0.1) + np.random.default_rng(0).normal(0, 0.02, 360)
    found = why(flat_profile(contrast=somewhere(8, 80), noise=somewhere(9, 3, 200, 260), signed_error_mm=error))
    table = ranked(found)
    assert found.ranking["cause"].iloc[0] == "low_contrast" and found.unit == "mm"
    assert table["named"].to_dict() == {each.name: each.name == "low_contrast" for each in CAUSES}
    row = table.loc["low_contrast"]
    assert row["share"] == pytest.approx(0.25)
    assert row["error_there_mm"] == pytest.approx(0.9, abs=0.01)
    assert row["error_elsewhere_mm"] == pytest.approx(0.1, abs=0.01)
    assert row["low_mm"] <= row["effect_mm"] <= row["high_mm"] and row["effect_mm"] == pytest.approx(0.8, abs=0.03)
    assert row["explains_mm"] == pytest.approx(0.25 * 0.8, abs=0.01)
    assert table.loc["noise", "share"] == pytest.approx(1 / 6)
    assert np.isnan(table.loc["frame", "error_there_mm"])
    [segment] = found.segments.to_dict("records")
    assert (segment["from_mm"], segment["to_mm"], segment["length_mm"]) == (30, 119, 90)
    assert segment["mean_error_mm"] == pytest.approx(0.9, abs=0.01)


def test_a_large_effect_that_is_not_certain_is_not_named() -> None:
    error = np.repeat([0.6, 3.6] + [0.2, 2.0] * 4, 12)
    found = why(flat_profile(120, contrast=somewhere(8, 80, 0, 24, 120), signed_error_mm=error))
    row = ranked(found).loc["low_contrast"]
    assert row["explains_mm"] > 0.1 * error.mean() and row["share"] == 0.2 and row["low_mm"] < 0
    assert not row["named"] and found.ranking["cause"].iloc[0] == "low_contrast"


def test_symptoms_are_rank_correlations_with_the_error() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(5)
    error = rng.gamma(2, 0.2, 360)
    profile = flat_profile(
        signed_error_mm=-error, slack_mm=error**2 + rng.normal(0, 0.1, 360), side_disagreement=-error
    )
    table = why(profile).symptoms.set_index("signal")
    assert table.index[0] == "side_disagreement" and table.loc["side_disagreement", "rho"] == pytest.approx(-1)
    oracle = spearmanr(profile["slack_mm"], error).statistic
    assert table.loc["slack_mm", "rho"] == pytest.approx(oracle, abs=1e-9)
    assert table.loc["slack_mm", "low"] < oracle < table.loc["slack_mm", "high"]


PLANTED = {
    "soft_edge": {"edge_softness_px": {(40, 120): 16.0}},
    "low_contrast": {"contrast": {(40, 120): 0.1}},
    "occluder": {"occlusion": {(40, 120): 1.0}},
}


@pytest.fixture(scope="module")
def model():
    return load_model("banet-lite-phantom")


@pytest.mark.parametrize("cause", list(PLANTED))
def test_finds_what_was_planted(model, cause: str) -> None:
    named = 0
    for seed in (4001, 4004, 4008):
        phantom = make_phantom("dermoscopy", seed=seed, **PLANTED[cause])
        found = why(boundary_profile(phantom, predict(model, phantom)))
        assert found.ranking["cause"].iloc[0] == cause
        named += found.ranking["named"].iloc[0]
        longest = found.segments.iloc[0]
        assert 20 < longest["middle_deg"] < 140
        assert found.ranking["words"].iloc[0] in longest["reasons"]
        check_sentences(found.sentences)
    assert named >= 2


def test_names_none_where_nothing_was_planted(model) -> None:
    phantom = make_phantom("dermoscopy", seed=4004)
    found = why(boundary_profile(phantom, predict(model, phantom)))
    assert not set(found.ranking.loc[found.ranking["named"], "cause"]) & set(PLANTED)
    assert "goes clearly with the error" in " ".join(found.sentences)


def planted(names, **columns) -> pd.DataFrame:
    """A cohort in which low contrast goes with the error along a quarter of each outline."""
    rng = np.random.default_rng(0)
    one = {
        "slack_mm": rng.normal(2, 0.1, 360),
        "contrast": somewhere(8.0, 80.0),
        "signed_error_mm": somewhere(1.0, 0.1) + 0.02 * rng.normal(size=360),
    }
    return pd.concat([flat_profile(name=name, **one | columns) for name in names], ignore_index=True)


def test_what_was_missed_does_not_change_which_cause_is_named() -> None:
    found = planted([f"found{n}" for n in range(8)])
    missed = planted([f"missed{n}" for n in range(8)], status="missed", signed_error_mm=np.nan, contrast=80.0)
    alone, beside = why(found), why(pd.concat([found, missed], ignore_index=True))
    pd.testing.assert_frame_equal(pd.DataFrame(alone.ranking), pd.DataFrame(beside.ranking))
    assert bool(alone.ranking["named"].iloc[0])
    assert any("8 of them were missed altogether" in sentence for sentence in beside.sentences)


def test_one_image_with_an_error_among_many_is_too_few() -> None:
    missed = planted(["b", "c"], status="missed", signed_error_mm=np.nan)
    found = why(pd.concat([planted(["a"]), missed], ignore_index=True))
    assert "1 image with an error is too few to tell causes from chance: eight are needed." in found.sentences
    assert not found.ranking["named"].any() and found.ranking["low_mm"].isna().all()
    assert (found.symptoms["low"] < found.symptoms["high"]).all()  # resampled within that one image
    check_sentences(found.sentences)
