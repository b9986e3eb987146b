"""Sentences of `why`: units, no nan, and true words in every case."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from profile_cases import blocks, check_sentences, flat_profile, somewhere

from banet_edu import load_model
from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.causes import _FEWEST, why
from banet_edu.explain.boundary.hours import clock, hour
from banet_edu.explain.boundary.profiles import boundary_profile
from banet_edu.explain.boundary.wording import FEWEST, in_words
from banet_edu.prediction import Prediction


@pytest.fixture(scope="module")
def model():
    return load_model("banet-lite-phantom")


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
    assert "No stretch of the outline is unclear." in text


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
    assert "cannot be followed point by point" in said(full)


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
    assert in_words(flat_profile().iloc[:0], ranking, pd.DataFrame(), None, 1.0)[0].startswith("There is no outline")


@pytest.mark.parametrize("ends", [(180.0, 180.0001, 180.0), (0.0, 10.0, 0.0), (10.0, 0.0, 10.0), (90.0, 90.0, None)])
def test_a_short_stretch_runs_around_nothing(ends) -> None:
    assert clock(*ends).startswith("at ")


def test_a_long_stretch_whose_middle_is_seen_at_its_end_goes_the_long_way() -> None:
    assert clock(177, -14, -13) == "from 9 to 3 o'clock"
