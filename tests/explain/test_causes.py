"""`why`: the joint fit against least squares, causes that were planted, and sentences that hold in every case."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter1d

from banet_edu import load_model, make_phantom, predict
from banet_edu.data.sample import Sample
from banet_edu.explain.causes import _FEWEST, fit_effects, why
from banet_edu.explain.profiles import boundary_profile
from banet_edu.explain.severity import CAUSES, severities
from banet_edu.explain.wording import FEWEST, clock, hour, in_words
from banet_edu.prediction import Prediction

UNITS = re.compile(r"\d (mm|% of the image diagonal)")


def flat_profile(count: int = 360, name: str = "case", unit: str = "mm", **columns) -> pd.DataFrame:
    """A profile of a circle on which nothing stands out and the error is 0.1 throughout; `columns` replace its own."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radius = count / (2 * np.pi)
    table = {
        "name": name, "status": "ok", "along": "reference", "contour": 0, "closed": True,
        "row": 100 - radius * np.sin(angle), "column": 100 + radius * np.cos(angle),
        "normal_row": -np.sin(angle), "normal_column": np.cos(angle),
        f"arc_{unit}": np.arange(count, dtype=float), "angle_deg": np.degrees(angle), f"signed_error_{unit}": 0.1,
        "contrast": 80.0, f"edge_width_{unit}": 2.0, f"curvature_per_{unit}": 1 / radius, "noise": 3.0, "occluder": 0.0,
        "look_alike": 0.0, f"frame_distance_{unit}": 50.0, "entropy_bits": 1.0, f"slack_{unit}": 2.0,
    }  # fmt: skip
    return pd.DataFrame(table | columns, index=range(count))


def somewhere(value: float, usual: float, first: int = 30, last: int = 120, count: int = 360) -> np.ndarray:
    place = np.arange(count)
    return np.where((place >= first) & (place < last), value, usual)


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


def blocks(rng: np.random.Generator, count: int, share: float) -> np.ndarray:
    """0 or 1 in runs of 20 points, as properties of an outline are."""
    return np.repeat(rng.random(count // 20) < share, 20).astype(float)


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


# --- sentences


def check_sentences(sentences: list[str]) -> None:
    assert sentences
    for sentence in sentences:
        assert not sentence[0].islower() and sentence.endswith("."), sentence
        assert not re.search(r"\bnan\b|\binf\b|\d[eE][+-]?\d|\bNone\b(?! of)|  ", sentence), sentence


def said(profile: pd.DataFrame, **options) -> str:
    sentences = why(profile, **options).sentences
    check_sentences(sentences)
    return " ".join(sentences)


def test_lengths_carry_their_unit() -> None:
    error = somewhere(0.9, 0.1)
    in_mm = said(flat_profile(contrast=somewhere(8, 80), signed_error_mm=error))
    assert "0.3 mm on average" in in_mm and "90 mm long (low contrast)" in in_mm
    assert re.search(r"the difference is 0\.\d+ mm \(95 % interval 0\.\d+ to 0\.\d+\)", in_mm)
    in_pct = said(flat_profile(unit="pct", contrast=somewhere(8, 80), signed_error_pct=error))
    assert "mm" not in in_pct.replace("common", "") and "90 % of the image diagonal long (low contrast)" in in_pct
    assert "too large (bias +0.3 %)" in in_pct


def test_long_lengths_have_no_exponent() -> None:
    part = (100, 700, 2400)
    text = said(flat_profile(2400, contrast=somewhere(8, 80, *part), signed_error_mm=somewhere(150, 3, *part)))
    assert "600 mm long (low contrast)" in text and "off by 150 mm there, by 3 elsewhere" in text


def test_tolerance_is_the_callers() -> None:
    profile = flat_profile(signed_error_mm=somewhere(-1.5, 0.1))
    assert "25 % is off by more than 1 mm" in said(profile)
    assert "0 % is off by more than 2 mm" in said(profile, tolerance=2)


@pytest.mark.parametrize("status", ["missed", "hallucinated"])
def test_a_case_without_a_distance_is_said(status: str) -> None:
    profile = flat_profile(status=status, signed_error_mm=np.nan, contrast=somewhere(8, 80))
    found = why(profile)
    assert not found.ranking["named"].any() and found.ranking["effect_mm"].isna().all() and found.symptoms.empty
    assert found.ranking["cause"].iloc[0] == "low_contrast"  # by presence
    text = said(profile)
    assert {"missed": "the object was missed", "hallucinated": "the expert outlined nothing"}[status] in text
    assert "Low contrast along 25 % of the outline" in text and "on average" not in text


def test_no_reference_is_said() -> None:
    profile = flat_profile(status="no_reference", along="prediction").drop(columns="signed_error_mm")
    text = said(profile)
    assert text.startswith("Without an expert's outline there is no error to explain")
    assert "No stretch of the outline is marked as doubtful." in text


def test_present_everywhere_leaves_no_elsewhere() -> None:
    rng = np.random.default_rng(6)
    occluder = 0.3 + 0.1 * blocks(rng, 360, 0.5)
    error = np.where(occluder > 0.35, 0.9, 0.2)
    text = said(flat_profile(occluder=occluder, signed_error_mm=error))
    assert "Hair/line or highlight goes with the error: along 100 % of the outline" in text and "elsewhere" not in text


def test_a_short_outline_is_not_said_to_have_been_searched() -> None:
    assert FEWEST == _FEWEST
    text = said(flat_profile(FEWEST - 1))
    assert "too short to look for causes" in text and "goes clearly" not in text


def test_an_empty_profile_and_a_region_that_fills_the_image(model) -> None:
    ones = np.ones((64, 64))
    image = np.zeros((64, 64, 3), np.uint8)

    def of(probability: np.ndarray) -> Prediction:
        return Prediction(probability.astype(np.float32), (probability >= 0.5).astype(np.uint8), "x", ("a", "b"), 0.5)

    empty = boundary_profile(Sample(image, np.zeros((64, 64), bool), "x"), of(0 * ones))
    found = why(empty)
    assert found.segments.empty and not found.ranking["named"].any()
    check_sentences(found.sentences)
    assert "no outline" in said(empty)
    disc = np.hypot(*np.mgrid[-32:32, -32:32]) < 20
    full = boundary_profile(Sample(image, ones.astype(bool), "x"), of(disc * 0.98 + 0.01))
    assert (full["status"] == "ok").all()
    assert "no distance can be measured" in said(full)


def test_cohort_sentences_count_the_cases() -> None:
    there = {"contrast": somewhere(8, 80, 20, 80, 200), "signed_error_mm": somewhere(0.9, 0.1, 20, 80, 200)}
    parts = [flat_profile(200, f"case {k}", **there) for k in range(9)]
    parts.append(flat_profile(200, "missed", status="missed", signed_error_mm=np.nan))
    parts.append(flat_profile(200, "extra", status="hallucinated", along="prediction", signed_error_mm=np.nan))
    text = said(pd.concat(parts, ignore_index=True))
    assert "11 images with an outline." in text and "1 of them was missed altogether: it has no distance" in text
    assert "Along the expert's outlines the error is" in text and "Low contrast goes with the error" in text
    few = said(pd.concat(parts[:5], ignore_index=True))
    assert "5 images with an error are too few" in few and "goes with the error" not in few
    without = [flat_profile(200, f"case {k}", status="no_reference").drop(columns="signed_error_mm") for k in range(2)]
    assert "2 of them have no expert's outline" in said(pd.concat(without, ignore_index=True))


def test_several_outlines_are_told_apart() -> None:
    second = flat_profile(contour=1, contrast=somewhere(8, 80))
    text = said(pd.concat([flat_profile(), second], ignore_index=True))
    assert "from 12 to 2 o'clock of outline 2, 90 mm" in text or "from 11 to 2 o'clock of outline 2, 90 mm" in text


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((80, 100), "at 12 o'clock"),
        ((350, 10), "at 3 o'clock"),
        ((180, 180, 180), "at 9 o'clock"),
        ((150, 30), "from 10 to 2 o'clock"),
        ((30, 150), "from 10 to 2 o'clock"),  # either way round the contour runs
        ((150, 30, 90), "from 10 to 2 o'clock"),
        ((150, 30, 270), "from 2 to 10 o'clock"),
        ((90, 85, 270), "almost all around"),
        ((12, 10, 11), "at 3 o'clock"),
        ((10, 12, 11), "at 3 o'clock"),
    ],
)
def test_clock(ends: tuple[float, ...], words: str) -> None:
    assert clock(*ends) == words
    assert [hour(angle) for angle in (90, 60, 0, 270, 180, 120, 104)] == [12, 1, 3, 6, 9, 11, 12]


def test_sentences_need_no_profile_of_errors() -> None:
    ranking = why(flat_profile()).ranking
    assert in_words(flat_profile().iloc[:0], ranking, pd.DataFrame(), None, "mm", 1.0)[0].startswith(
        "There is no outline"
    )


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
