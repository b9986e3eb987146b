"""Surfaces of balls and boxes: where they lie, which way they look, how far other places are from them."""

from __future__ import annotations

import numpy as np
import pytest
from painted_volumes import away, shape_for

from banet_edu.explain.volumes.surface import read_at, surface_of_level, surface_of_mask

SPACINGS = [(1.0, 1.0, 1.0), (3.0, 1.0, 1.0), (2.0, 1.0, 0.5)]


def radii(surface, shape) -> np.ndarray:
    return np.linalg.norm((surface.points - (np.array(shape) - 1) / 2) * surface.spacing, axis=1)


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("radius", [6.0, 12.0])
def test_a_ball_has_its_radius_its_area_and_normals_that_point_outward(spacing, radius):
    shape = shape_for(spacing, radius)
    outside = away(shape, spacing, radius)
    largest = max(spacing)
    for surface, tolerance in (
        (surface_of_level(-outside, spacing), 0.03),
        (surface_of_mask(outside <= 0, spacing), 0.12),
    ):
        found = radii(surface, shape)
        assert np.average(found, weights=surface.area) == pytest.approx(radius, abs=tolerance * largest)
        assert np.abs(found - radius).max() < 0.5 * largest
        assert surface.area.sum() == pytest.approx(4 * np.pi * radius**2, rel=0.02 + 0.03 * largest)
        outward = (surface.points - (np.array(shape) - 1) / 2) * spacing
        cosine = (surface.normals * outward).sum(axis=1) / np.linalg.norm(outward, axis=1)
        assert np.degrees(np.arccos(cosine.clip(-1, 1))).mean() < 5 and cosine.min() > 0.9
        assert np.linalg.norm(surface.normals, axis=1) == pytest.approx(1)


def test_a_ball_is_not_moved_inward_by_smoothing():
    shape, spacing = shape_for((1, 1, 1), 5.0), (1.0, 1.0, 1.0)
    surface = surface_of_mask(away(shape, spacing, 5.0) <= 0, spacing)
    assert np.average(radii(surface, shape), weights=surface.area) == pytest.approx(5.0, abs=0.08)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_distances_to_a_ball(spacing):
    shape = shape_for(spacing, 10.0)
    surface = surface_of_level(-away(shape, spacing, 10.0), spacing)
    places = np.random.default_rng(0).normal(size=(200, 3))
    places *= np.random.default_rng(1).uniform(7, 14, (200, 1)) / np.linalg.norm(places, axis=1, keepdims=True)
    found = surface.distance(places + (np.array(shape) - 1) / 2 * spacing)
    assert found == pytest.approx(np.abs(np.linalg.norm(places, axis=1) - 10), abs=0.06 * max(spacing))
    assert surface.distance(surface.places[:50]) == pytest.approx(0, abs=1e-9)


def test_distances_to_a_box_are_those_to_its_faces_not_to_its_points():
    mask = np.zeros((12, 12, 12), bool)
    mask[4:8, 4:8, 4:8] = True
    surface = surface_of_level(np.where(mask, 0.5, -0.5), (2.0, 1.0, 1.0))
    assert surface.distance(np.array([[20.0, 5.3, 5.7], [2.0, 5.5, 5.5]])) == pytest.approx([20 - 15, 7 - 2])


def test_one_voxel_thick_is_still_there_and_two_parts_are_two():
    mask = np.zeros((9, 20, 20), bool)
    mask[4, 3:17, 3:10] = mask[4, 3:17, 12:17] = True
    surface = surface_of_mask(mask, (3.0, 1.0, 1.0))
    assert set(surface.part) == {0, 1}
    assert surface.points[:, 0].min() > 3 and surface.points[:, 0].max() < 5
    up = surface.normals[
        (surface.points[:, 0] > 4) & (np.abs(surface.points[:, 1] - 10) < 3) & (np.abs(surface.points[:, 2] - 6) < 1.6)
    ]
    assert up[:, 0].mean() > 0.9


def test_the_face_of_the_volume_is_no_boundary_and_a_full_or_empty_mask_has_none():
    mask = np.zeros((10, 10, 10), bool)
    mask[:5] = True
    surface = surface_of_mask(mask, (1.0, 1.0, 1.0))
    assert surface.points[:, 0] == pytest.approx(4.5, abs=1e-3) and surface.normals[:, 0] == pytest.approx(1)
    for none in (mask | True, mask & False):
        for found in (
            surface_of_mask(none, (1.0, 1.0, 1.0)),
            surface_of_level(np.where(none, 1.0, -1.0), (1.0, 1.0, 1.0)),
        ):
            assert len(found) == 0 == len(found.thinned())


def test_a_speck_has_no_surface_and_many_points_are_thinned():
    mask = np.zeros((30, 30, 30), bool)
    mask[3, 3, 3] = True
    assert len(surface_of_mask(mask, (1.0, 1.0, 1.0))) == 0
    mask[8:28, 8:28, 8:28] = True
    surface = surface_of_mask(mask, (1.0, 1.0, 1.0))
    assert set(surface.part) == {0} and len(surface.thinned(100)) == 100
    assert len(np.unique(surface.thinned(100))) == 100


def test_means_over_a_surface_stay_on_one_side_of_a_sheet():
    mask = np.zeros((9, 20, 20), bool)
    mask[4:6, 3:17, 3:17] = True
    surface = surface_of_mask(mask, (1.0, 1.0, 1.0))
    chosen = surface.thinned()
    middle = np.abs(surface.points[:, 1:] - 9.5).max(axis=1) < 3
    smooth = surface.means_over(chosen, 2.0)
    upper = (surface.points[:, 0] > 4.5).astype(float)
    assert (smooth @ upper)[middle] == pytest.approx(upper[middle], abs=1e-6)
    assert smooth @ np.ones(len(surface)) == pytest.approx(1)


def test_values_are_read_between_voxels():
    values = np.arange(27.0).reshape(3, 3, 3)
    assert read_at(values, np.array([[0.5, 1.0, 1.0], [9.0, 2.0, 2.0]])) == pytest.approx([8.5, 26.0])
