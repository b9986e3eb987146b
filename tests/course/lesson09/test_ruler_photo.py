"""The painted ruler: its marks lie where the phantom's true pixel size puts them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from banet_edu.course.lesson09.ruler_photo import ruler_photo
from banet_edu.explain.boundary.callipers import ruler_spacing


def ends_px(photo):
    height, width = photo.sample.image.shape[:2]
    return np.array([[down * height, across * width] for across, down in photo.ends]) / 100


@pytest.mark.parametrize("tilt", [0.0, 4.0, -7.0])
@pytest.mark.parametrize("in_cm", [False, True])
def test_ends_give_the_true_pixel_size(tilt, in_cm):
    photo = ruler_photo(tilt_deg=tilt, in_cm=in_cm)
    true = photo.phantom.spacing_mm[0]
    assert ruler_spacing(ends_px(photo), photo.length_mm) == pytest.approx(true, rel=1e-6)


@pytest.mark.parametrize("tilt", [0.0, 4.0])
def test_painted_marks_lie_where_the_true_spacing_puts_them(tilt):
    photo = ruler_photo(tilt_deg=tilt)
    first, last = ends_px(photo)
    px_per_mm = 1 / photo.phantom.spacing_mm[0]
    along = (last - first) / np.linalg.norm(last - first)
    inwards = np.array([along[1], -along[0]])  # from the upper side into the ruler
    inwards *= np.sign(inwards[0])
    # A line through all marks, a little below the upper side; dark where a mark is.
    steps = np.arange(-0.6, photo.length_mm + 0.6, 0.02)
    places = first[:, None] + 0.35 * px_per_mm * inwards[:, None] + along[:, None] * steps * px_per_mm
    dark = 255 - map_coordinates(photo.sample.image.mean(axis=2), places, order=1)
    for mm in range(int(photo.length_mm) + 1):
        near = np.abs(steps - mm) < 0.4
        weight = np.clip(dark[near] - 80, 0, None)
        assert weight.sum() > 0, mm
        centre = (weight * steps[near]).sum() / weight.sum()
        assert abs(centre - mm) * px_per_mm < 1, (mm, centre)


def test_neither_mask_nor_pixel_size_is_given_away():
    photo = ruler_photo(size=(120, 160))
    assert photo.sample.mask is None and photo.sample.spacing_mm is None
    assert photo.sample.image.shape == (120, 160, 3) and photo.sample.image.dtype == np.uint8
    assert photo.phantom.mask.any() and photo.length_mm == 20
    assert (photo.sample.image != photo.phantom.image).any()


def test_ruler_leaves_the_upper_half_as_it_was():
    photo = ruler_photo()
    half = photo.sample.image.shape[0] // 2
    np.testing.assert_array_equal(photo.sample.image[:half], photo.phantom.image[:half])


def test_too_long_a_ruler_is_refused():
    with pytest.raises(ValueError, match=r"ruler of 60 mm is longer than the picture, \d+ mm wide"):
        ruler_photo(length_mm=60)
