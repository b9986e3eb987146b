"""Regions: which pixels they hold, and what is said where there are none."""

from __future__ import annotations

import numpy as np
import pytest
from known_model import Brightness, disc_sample

from banet_edu import make_phantom
from banet_edu.explain.inside.regions import Region, boundary_band, contour_segment
from banet_edu.explain.inside.target import region_score

ROWS, COLUMNS = np.mgrid[:80, :100]
RADIUS = np.hypot(ROWS - 40, COLUMNS - 50)
DISC = RADIUS <= 20


def test_band_lies_on_both_sides_at_half_the_width():
    band = boundary_band(DISC, width=8, spacing_mm=None).mask
    distance = np.abs(RADIUS - 20.5)
    assert band[distance <= 3].all() and not band[distance >= 5].any()
    assert 0.35 < DISC[band].mean() < 0.65


def test_width_is_in_mm_where_the_spacing_is_known():
    in_mm, in_px = boundary_band(DISC, width=2, spacing_mm=(0.25, 0.25)), boundary_band(DISC, width=8, spacing_mm=None)
    np.testing.assert_array_equal(in_mm.mask, in_px.mask)
    assert "mm" in in_mm.name and "px" in in_px.name


def test_pixels_that_are_not_square():
    upper, left = ROWS < 40, COLUMNS < 50
    assert boundary_band(upper, width=8, spacing_mm=(2.0, 1.0)).mask[:, 50].sum() == 4
    assert boundary_band(left, width=8, spacing_mm=(2.0, 1.0)).mask[40].sum() == 8


def test_narrowest_band_keeps_the_pixels_that_touch_the_boundary():
    mask = np.zeros((10, 10), bool)
    mask[:, 5:] = True
    np.testing.assert_array_equal(np.flatnonzero(boundary_band(mask, width=0.01, spacing_mm=None).mask[3]), [4, 5])


def test_the_frame_is_no_boundary():
    mask = np.zeros((40, 40), bool)
    mask[:, :20] = True
    band = boundary_band(mask, width=6, spacing_mm=None).mask
    np.testing.assert_array_equal(np.flatnonzero(band.any(axis=0)), np.arange(17, 23))


def test_the_default_width_is_a_share_of_the_diagonal():
    assert boundary_band(DISC, spacing_mm=None).name.startswith(f"boundary band, {0.04 * np.hypot(80, 100):.3g} px")


@pytest.mark.parametrize(
    ("begin", "end", "inside", "outside"),
    [
        (80, 100, (20, 50), (60, 50)),  # up
        (350, 10, (40, 70), (40, 30)),  # right, across 0
        (170, 190, (40, 30), (40, 70)),  # left
        (-100, -80, (60, 50), (20, 50)),  # down
    ],
)
def test_segments_look_where_they_say(begin, end, inside, outside):
    segment = contour_segment(DISC, from_deg=begin, to_deg=end, width=4, spacing_mm=None).mask
    assert segment[inside] and not segment[outside]
    assert segment.sum() == pytest.approx(boundary_band(DISC, width=4, spacing_mm=None).mask.sum() * 20 / 360, rel=0.3)


def test_segments_are_the_sectors_of_a_phantom():
    phantom = make_phantom("dermoscopy", seed=4, size=128)
    segment = contour_segment(phantom.mask, from_deg=40, to_deg=80, width=4, spacing_mm=None).mask
    points = np.concatenate(phantom.contours)
    at = np.clip(np.rint(points).astype(int), 0, 127)
    hit, angle = segment[at[:, 0], at[:, 1]], phantom.angle_deg
    assert hit[(angle > 43) & (angle < 77)].all() and not hit[(angle < 37) | (angle > 83)].any()


def test_each_object_has_its_own_centroid():
    two = (np.hypot(ROWS - 40, COLUMNS - 25) <= 12) | (np.hypot(ROWS - 40, COLUMNS - 75) <= 12)
    segment = contour_segment(two, from_deg=-30, to_deg=30, width=4, spacing_mm=None).mask
    columns = np.nonzero(segment)[1]
    assert (
        ((columns < 42) & (columns > 30)).any() and (columns > 80).any() and not ((columns > 45) & (columns < 80)).any()
    )


def test_the_whole_turn_is_the_whole_band():
    turn = contour_segment(DISC, from_deg=90, to_deg=90, width=4, spacing_mm=None)
    np.testing.assert_array_equal(turn.mask, boundary_band(DISC, width=4, spacing_mm=None).mask)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: boundary_band(np.zeros((9, 9), bool), spacing_mm=None), r"no boundary.*sample\.mask > 0"),
        (lambda: boundary_band(np.ones((9, 9), bool), spacing_mm=None), "fills the image"),
        (lambda: boundary_band(DISC, width=0, spacing_mm=None), "positive number of px: 0"),
        (lambda: boundary_band(DISC, width=-1, spacing_mm=(1, 1)), "positive number of mm: -1"),
        (lambda: boundary_band(DISC.astype(int), spacing_mm=None), "try mask > 0"),
        (lambda: contour_segment(DISC, from_deg=np.nan, to_deg=3, spacing_mm=None), "finite"),
        (lambda: Region("nothing", np.zeros((9, 9), bool)), "'nothing' holds no pixel"),
        (lambda: Region("labels", np.ones((9, 9), int)), "h x w bool"),
    ],
)
def test_errors_say_what_to_do(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_no_boundary_in_that_direction():
    mask = np.zeros((40, 40), bool)
    mask[:20] = True  # its only boundary is below
    with pytest.raises(ValueError, match="between 80 and 100"):
        contour_segment(mask, from_deg=80, to_deg=100, width=2, spacing_mm=None)


def test_weights_are_shares_of_the_input_pixels():
    sample = disc_sample("a")  # mask 128 x 128, input 64 x 64
    mask = np.zeros((128, 128), bool)
    mask[10, 20] = mask[10, 21] = mask[40, 40] = True
    weights = region_score(Brightness(), sample, Region("three", mask)).weights
    assert weights.sum().item() == pytest.approx(1)
    assert weights[5, 10].item() == pytest.approx(2 / 3) and weights[20, 20].item() == pytest.approx(1 / 3)


def test_a_region_of_another_image_is_refused():
    with pytest.raises(ValueError, match="region is 80 x 100, the sample 128 x 128"):
        region_score(Brightness(), disc_sample("a"), Region("disc", DISC))
