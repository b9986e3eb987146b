"""Outlines of shapes whose arc length, normals and curvature are known."""

from __future__ import annotations

import numpy as np
import pytest

from banet_edu.explain.boundary.outline import Grid, Outline, distance_to, outline_of_level, outline_of_mask


def distance_map(size: tuple[int, int], centre: tuple[float, float], radius: float) -> np.ndarray:
    """h x w, positive inside of a circle: its level crosses 0 exactly on the circle."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    return radius - np.hypot(rows - centre[0], columns - centre[1])


def circle(radius: float, size: int = 256) -> Outline:
    level = distance_map((size, size), ((size - 1) / 2,) * 2, radius * size / 256)
    return outline_of_level(level, Grid.of((size, size), None))


@pytest.mark.parametrize("size", [256, 512, 1000])
def test_disc_mask_has_the_circles_length_normals_and_curvature(size: int) -> None:
    radius = 60.0  # working pixels, whatever the size of the mask
    mask = distance_map((size, size), ((size - 1) / 2,) * 2, radius * size / 256) >= 0
    outline = outline_of_mask(mask, Grid.of(mask.shape, None))
    away = outline.points - 127.5
    distance = np.hypot(*away.T)
    assert abs(distance.mean() - radius) < 0.1 and distance.std() < 0.15
    assert len(outline) == pytest.approx(2 * np.pi * radius, rel=0.01)  # points one working pixel apart
    assert outline.arc[-1] == pytest.approx(2 * np.pi * radius, rel=0.01)
    assert np.diff(outline.arc).max() < 1.02
    assert outline.closed.all() and (outline.contour == 0).all()
    np.testing.assert_allclose(np.linalg.norm(outline.normals, axis=1), 1)
    assert (away / distance[:, None] * outline.normals).sum(axis=1).min() > 0.99
    assert outline.curvature().mean() * radius == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("radius", [15.0, 40.0, 90.0])
def test_curvature_of_a_circle_is_one_over_its_radius(radius: float) -> None:
    # the Gaussian mean over sigma points shrinks a circle: its radius of curvature by a factor exp(-sigma^2 / 2 r^2)
    np.testing.assert_allclose(circle(radius).curvature() * radius, 1, atol=0.04 + 8 / radius**2)


def test_a_hole_bulges_the_other_way() -> None:
    ring = np.minimum(distance_map((256, 256), (127.5, 127.5), 80), -distance_map((256, 256), (127.5, 127.5), 40))
    outline = outline_of_level(ring, Grid.of(ring.shape, None))
    inner = np.hypot(*(outline.points - 127.5).T) < 60
    toward_centre = (outline.normals * (127.5 - outline.points)).sum(axis=1)
    assert (toward_centre[inner] > 0).all() and (toward_centre[~inner] < 0).all()
    curvature = outline.curvature()
    assert curvature[inner].mean() == pytest.approx(-1 / 40, rel=0.05)
    assert curvature[~inner].mean() == pytest.approx(1 / 80, rel=0.05)


def test_the_frame_is_no_boundary() -> None:
    half = distance_map((256, 256), (0.0, 127.5), 70)
    outline = outline_of_level(half, Grid.of(half.shape, None))
    assert not outline.closed.any()
    assert outline.arc[-1] == pytest.approx(np.pi * 70, rel=0.01)
    assert (outline.normals * (outline.points - [0, 127.5])).sum(axis=1).min() > 0
    assert outline.neighbours(2)[0].tolist() == [0, 0, 0, 1, 2]  # ends repeat
    assert not len(outline_of_mask(np.ones((64, 64), bool), Grid.of((64, 64), None)))


def test_neighbours_go_round_and_stay_on_their_contour() -> None:
    two = np.maximum(distance_map((256, 256), (60, 60), 20), distance_map((256, 256), (180, 180), 30))
    outline = outline_of_level(two, Grid.of(two.shape, None))
    first = int((outline.contour == 0).sum())
    assert np.unique(outline.contour).tolist() == [0, 1] and outline.arc[first] == 0
    assert outline.neighbours(1)[0].tolist() == [first - 1, 0, 1]
    assert outline.neighbours(1)[first].tolist() == [len(outline) - 1, first, first + 1]
    np.testing.assert_allclose(outline.smoothed(outline.contour.astype(float), 5.0), outline.contour)


@pytest.mark.parametrize("gap", [0.0, 0.25, 7.0])
def test_distance_between_concentric_circles_is_exact(gap: float) -> None:
    inner, outer = circle(50), circle(50 + gap)
    np.testing.assert_allclose(distance_to(inner.points, outer), gap, atol=0.01)
    np.testing.assert_allclose(distance_to(outer.points, inner), gap, atol=0.01)


def test_distance_to_an_open_line_ends_at_its_ends() -> None:
    rows = np.arange(100, 150.0)
    line = np.column_stack([rows, np.full(50, 20.0)])
    outline = Outline(line, np.tile([0.0, 1.0], (50, 1)), np.zeros(50, np.intp), np.zeros(50, bool), rows - 100)
    found = distance_to(np.array([[120.3, 24.0], [96.0, 23.0], [149.0, 20.0]]), outline)
    np.testing.assert_allclose(found, [4.0, 5.0, 0.0], atol=1e-9)


def test_specks_are_dropped() -> None:
    mask = np.zeros((256, 256), bool)
    mask[50:54, 50:54] = mask[200, 200] = True
    assert not len(outline_of_mask(mask, Grid.of(mask.shape, None)))
    mask[100:140, 100:140] = True
    assert np.unique(outline_of_mask(mask, Grid.of(mask.shape, None)).contour).tolist() == [0]


def test_working_pixels_are_square_in_mm() -> None:
    grid = Grid.of((100, 400), (2.0, 1.0))
    assert (grid.shape, grid.unit, grid.unit_per_px) == ((128, 256), "mm", 400 / 256)
    np.testing.assert_allclose(grid.to_mask(np.array([[63.5, 127.5]])), [[49.5, 199.5]])  # centre stays centre
    corners = np.array([[-0.5, -0.5], [127.5, 255.5]])
    np.testing.assert_allclose(grid.to_mask(corners), [[-0.5, -0.5], [99.5, 399.5]])
    without = Grid.of((300, 400), None)
    assert (without.shape, without.unit) == ((192, 256), "pct")
    assert without.unit_per_px * np.hypot(192, 256) == pytest.approx(100)


@pytest.mark.parametrize("shape", [(40, 2000), (20, 2000), (2000, 20)])
def test_distances_in_a_strip_are_those_of_the_mask(shape: tuple[int, int]) -> None:
    grid = Grid.of(shape, (1.0, 1.0))
    assert np.allclose(grid.factor, 1 / grid.unit_per_px, rtol=0.05)
