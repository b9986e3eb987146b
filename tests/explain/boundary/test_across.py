"""What is read along the normals of an outline: grey inside and light outside, sure inside and not outside."""

from __future__ import annotations

import numpy as np
import pytest

from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.across import nearest_run, probability_across, undecided, unrolled_image
from banet_edu.explain.boundary.profiles import boundary_profile
from banet_edu.explain.boundary.tables import Profile
from banet_edu.prediction import Prediction


@pytest.fixture(scope="module")
def cut() -> tuple[Sample, Prediction, Profile]:
    """Half a disc at the upper frame, pixels twice as high as wide; the prediction reaches 3 mm farther."""
    rows, columns = np.mgrid[:120, :300]
    inside = 60 - np.hypot(rows * 1.0, (columns - 150) * 0.5)
    image = np.repeat(np.where(inside >= 0, 90, 200).astype(np.uint8)[..., None], 3, 2)
    sample = Sample(image, inside >= 0, "cut", (1.0, 0.5))
    probability = (1 / (1 + np.exp(-np.clip(inside + 3, -20, 20)))).astype(np.float32)
    labels = (inside + 3 >= 0).astype(np.uint8)
    prediction = Prediction(probability, labels, "cut", ("a", "b"), 0.5, sample.spacing_mm)
    return sample, prediction, boundary_profile(sample, prediction)


def test_the_unrolled_image_is_dark_inside_and_light_outside(cut) -> None:
    sample, _, profile = cut
    strip = unrolled_image(sample, profile, np.array([-4.0, -2.0, 2.0, 4.0]))
    assert strip.shape == (4, len(profile), 3) and strip.dtype == np.uint8
    middle = strip[:, len(profile) // 4 : -len(profile) // 4]
    assert (middle[:2] == 90).all() and (middle[2:] == 200).all()
    far = unrolled_image(sample, profile, np.array([500.0]))
    assert (far == 225).all()  # beyond the image


def test_the_probability_is_a_half_where_the_network_draws_its_line(cut) -> None:
    _, prediction, profile = cut
    middle = profile.iloc[len(profile) // 4 : -len(profile) // 4]
    sure = probability_across(prediction, middle, np.array([-6.0, 3.0, 12.0]))
    assert sure.shape == (3, len(middle))
    assert sure[0].min() > 0.99 and sure[2].max() < 0.01
    np.testing.assert_allclose(sure[1], 0.5, atol=0.15)  # 3 mm outside of the expert's, to a quarter of a pixel


def test_undecided_stretch_is_the_one_nearest_to_the_line() -> None:
    distance = np.arange(8.0)
    probability = np.array([0.5, 0.9, 0.9, 0.9, 0.7, 0.5, 0.3, 0.1])
    assert undecided(distance, probability, 5.0) == (4.0, 6.0)
    assert undecided(distance, np.ones(8), 5.0) == (5.0, 5.0)


def test_the_nearest_run_is_whole_and_one() -> None:
    away = np.abs(np.arange(-4, 5))
    assert nearest_run(np.array([1, 1, 0, 0, 0, 0, 1, 1, 0], bool), away).tolist() == [6, 7]
    assert nearest_run(np.array([1, 1, 0, 1, 1, 1, 1, 0, 1], bool), away).tolist() == [3, 4, 5, 6]
    assert nearest_run(np.array([0, 0, 1, 0, 0, 0, 1, 0, 0], bool), away).tolist() == [2]  # alike near: the first
    assert nearest_run(np.ones(9, bool), away).tolist() == list(range(9))
    assert not len(nearest_run(np.zeros(9, bool), away))


def test_the_slack_of_the_table_is_as_long_as_the_undecided_stretch(cut) -> None:
    _, prediction, profile = cut
    distance = np.arange(-10, 10.001, 0.02)
    sure = probability_across(prediction, profile, distance)
    middle = range(len(profile) // 4, 3 * len(profile) // 4)
    ends = [undecided(distance, sure[:, k], profile["signed_error_mm"].iloc[k]) for k in middle]
    slack = profile["slack_mm"].iloc[list(middle)]
    np.testing.assert_allclose(np.diff(ends).ravel().mean(), slack.mean(), rtol=0.1)
