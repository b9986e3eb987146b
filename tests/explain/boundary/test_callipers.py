"""Diameters against geometry, and the pixel size from two points on a ruler."""

from __future__ import annotations

import numpy as np
import pytest

from banet_edu.explain.boundary.callipers import clinic_measures, diameters, ruler_spacing


def ellipse(long, short, *, turn=0.0, size=(160, 200), spacing=(1.0, 1.0)):
    """Level of an ellipse with these half axes in units of the spacing, its long axis turned anticlockwise."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(float)
    y, x = (rows - size[0] / 2) * spacing[0], (columns - size[1] / 2) * spacing[1]
    angle = np.deg2rad(turn)
    u, v = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    return (1 - np.hypot(u / long, v / short)) * short


@pytest.mark.parametrize("turn", [0, 30, 90, 137])
def test_diameters_of_an_ellipse(turn):
    found = diameters(ellipse(60, 30, turn=turn), spacing_mm=None)
    assert found.longest_length == pytest.approx(120, abs=0.3)
    assert found.across_length == pytest.approx(60, abs=0.3)
    long, across = (np.diff(ends, axis=0)[0] for ends in (found.longest, found.across))
    assert np.linalg.norm(long) == pytest.approx(found.longest_length, abs=1e-3)
    assert np.linalg.norm(across) == pytest.approx(found.across_length, abs=1e-3)
    assert abs(long @ across) < 1e-3 * 120 * 60
    direction = np.rad2deg(np.arctan2(-long[0], long[1])) % 180
    assert min(abs(direction - turn), 180 - abs(direction - turn)) < 3


def test_pixels_that_are_not_square():
    spacing = (0.5, 0.2)
    found = diameters(ellipse(15, 8, turn=40, spacing=spacing), spacing_mm=spacing)
    assert found.longest_length == pytest.approx(30, abs=0.2)
    assert found.across_length == pytest.approx(16, abs=0.2)
    assert np.linalg.norm(np.diff(found.longest, axis=0) * spacing) == pytest.approx(found.longest_length, abs=1e-3)


def test_only_the_largest_part_has_diameters_but_all_have_an_area():
    level = np.full((80, 120), -1.0)
    level[10:30, 10:60] = 1
    level[60:70, 100:110] = 1
    found = clinic_measures(level, spacing_mm=(1.0, 1.0))
    assert found["regions"] == 2 and found["area_mm2"] == 20 * 50 + 10 * 10
    assert found["longest_mm"] == pytest.approx(np.hypot(20, 50), abs=1)


def test_units_stand_in_the_names():
    level = ellipse(60, 30)
    mm, free = clinic_measures(level, spacing_mm=(0.1, 0.1)), clinic_measures(level, spacing_mm=None)
    assert set(mm) == {"longest_mm", "across_mm", "area_mm2", "perimeter_mm", "regions"}
    assert not [name for name in free if "mm" in name]
    assert mm["longest_mm"] == pytest.approx(0.1 * free["longest_px"], rel=1e-5)
    assert mm["area_mm2"] == pytest.approx(np.pi * 6 * 3, rel=0.01)
    assert free["longest_pct"] == pytest.approx(100 * free["longest_px"] / np.hypot(160, 200))
    assert free["area_pct"] == pytest.approx(100 * free["area_px"] / (160 * 200))


def test_nothing_one_pixel_and_everything():
    nothing = clinic_measures(np.full((40, 40), -1.0), spacing_mm=None)
    assert diameters(np.full((40, 40), -1.0), spacing_mm=None) is None
    assert np.isnan(nothing["longest_px"]) and nothing["area_px"] == 0 and nothing["regions"] == 0
    one = np.full((40, 40), -1.0)
    one[20, 20] = 1
    assert 0 < diameters(one, spacing_mm=None).longest_length <= 1.5
    full = diameters(np.ones((30, 40)), spacing_mm=None)
    assert full.longest_length == pytest.approx(50, abs=1.5)


def test_pixel_size_from_two_points():
    assert ruler_spacing(np.array([[10.0, 5.0], [10.0, 205.0]]), 20.0) == pytest.approx(0.1)
    assert ruler_spacing(np.array([[0.0, 0.0], [30.0, 40.0]]), 10) == pytest.approx(0.2)
    assert ruler_spacing(np.array([[7.0, 7.0], [7.0, 7.5]]), 10) is None


def test_bad_input_is_refused():
    level = ellipse(20, 10)
    with pytest.raises(ValueError, match="h x w"):
        diameters(level[None], spacing_mm=None)
    for spacing in ((0.0, 0.1), (-1.0, 1.0)):
        with pytest.raises(ValueError, match="more than 0 mm"):
            diameters(level, spacing_mm=spacing)
    with pytest.raises(ValueError, match="two points"):
        ruler_spacing(np.zeros((3, 2)), 10)
    with pytest.raises(ValueError, match="two points"):
        ruler_spacing(np.array([[0, np.nan], [1, 1]]), 10)
    for length in (0, -5, float("nan")):
        with pytest.raises(ValueError, match="more than 0 mm"):
            ruler_spacing(np.array([[0, 0], [30, 40]]), length)
