"""What is read off an image at a boundary, on images painted with known edges, noise and hair."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.special import ndtr

from banet_edu.explain.boundary.appearance import Appearance, colour_axis, occluders, read_appearance
from banet_edu.explain.boundary.outline import Grid, outline_of_mask

ROWS, COLUMNS = np.mgrid[:256, :256]
DISTANCE = np.hypot(ROWS - 127.5, COLUMNS - 127.5) - 60  # negative inside
MASK = DISTANCE < 0
OUTLINE = outline_of_mask(MASK, Grid.of(MASK.shape, None))
ANGLE = np.degrees(np.arctan2(127.5 - OUTLINE.points[:, 0], OUTLINE.points[:, 1] - 127.5)) % 360


def painted(sigma=2.0, contrast=80.0, noise: float = 0.0, colour=(1.0, 1.0, 1.0)) -> np.ndarray:
    """A dark disc on a light ground: an edge of width `sigma` and of `contrast` grey levels, both numbers or 256 x 256."""
    grey = 200 - contrast * ndtr(-DISTANCE / sigma)
    if noise:
        grey = grey + np.random.default_rng(0).normal(0, noise, grey.shape)
    image = 200 + (grey - 200)[..., None] * np.array(colour)
    return image.round().clip(0, 255).astype(np.uint8)


def read(image: np.ndarray) -> Appearance:
    return read_appearance(image, MASK, OUTLINE)


@pytest.mark.parametrize("noise", [0.0, 4.0])
@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0, 8.0, 12.0])
def test_edge_width_is_the_sigma_of_a_blurred_step(sigma: float, noise: float) -> None:
    found = read(painted(sigma, noise=noise))
    assert np.median(found.edge_width) == pytest.approx(sigma, rel=0.12)  # candidates are 1.22 times apart
    assert np.isfinite(found.edge_width).all()
    assert found.edge_width.max() < 1.35 * sigma and found.edge_width.min() > 0.75 * sigma


@pytest.mark.parametrize("contrast", [10, 20, 40, 120])
def test_contrast_is_the_distance_of_the_two_colours(contrast: int) -> None:
    found = read(painted(contrast=contrast))
    assert np.median(found.contrast) == pytest.approx(np.sqrt(3) * contrast, rel=0.02)  # grey: three channels differ
    assert found.occluder.max() == 0 and found.look_alike.max() == 0
    reddish = read(painted(contrast=contrast, colour=(1.0, 0.0, 0.0)))
    assert np.median(reddish.contrast) == pytest.approx(contrast, rel=0.02)


def test_a_wide_step_keeps_most_of_its_contrast() -> None:
    """A window of 24 pixels does not show all of a step of 8 or 12; the correction leaves at most 15 % out."""
    for sigma in (8.0, 12.0):
        assert np.median(read(painted(sigma)).contrast) == pytest.approx(np.sqrt(3) * 80, rel=0.16)


def test_colour_axis_is_the_direction_in_which_the_two_sides_differ() -> None:
    axis = colour_axis(painted(colour=(0.0, 0.6, 0.8)), MASK)
    np.testing.assert_allclose(axis, [0, -0.6, -0.8], atol=0.02)
    np.testing.assert_allclose(np.linalg.norm(colour_axis(np.zeros((256, 256, 3), np.uint8), MASK)), 1)
    np.testing.assert_allclose(colour_axis(painted(), np.ones_like(MASK)), 1 / np.sqrt(3), rtol=1e-6)


def test_low_contrast_in_one_sector_is_seen_there_only() -> None:
    angle = np.degrees(np.arctan2(127.5 - ROWS, COLUMNS - 127.5)) % 360
    found = read(painted(contrast=np.where((angle > 60) & (angle < 140), 8.0, 80.0)))
    inside, outside = (ANGLE > 75) & (ANGLE < 125), (ANGLE < 45) | (ANGLE > 155)
    assert found.contrast[inside].max() < 0.2 * np.median(found.contrast[outside])
    assert np.isnan(found.edge_width[inside]).all() and np.isfinite(found.edge_width[outside]).all()


def test_noise_is_the_level_of_the_finest_texture() -> None:
    quiet, grainy, twice = (np.median(read(painted(noise=n)).noise) for n in (0, 3, 6))
    assert quiet == 0
    assert twice / grainy == pytest.approx(2, rel=0.1)
    # equal noise in all three channels: sqrt(3) times along the colour axis, of which a 3 x 3 median leaves most
    assert 0.6 < grainy / (np.sqrt(3) * 3) < 1.1


@pytest.mark.parametrize(("ground", "shade"), [(0, 20), (110, 255)])
def test_hair_is_found_where_it_lies_and_nowhere_else(ground: int, shade: int) -> None:
    image = painted(noise=2.0) - np.uint8(ground)
    cv2.line(image, (60, 90), (200, 150), (shade,) * 3, 2)
    found = occluders(image)
    line = cv2.line(np.zeros((256, 256), np.uint8), (60, 90), (200, 150), 1, 1)
    middle = line.astype(bool) & (ROWS > 95) & (ROWS < 145)
    assert found[middle].mean() > 0.9
    assert found[cv2.dilate(line, np.ones((13, 13), np.uint8)) == 0].max() == 0
    assert occluders(painted(noise=2.0)).max() == 0


def test_occluder_share_is_high_under_hair_and_zero_elsewhere() -> None:
    image = painted(noise=2.0)
    for shift in range(-6, 7, 3):  # five hairs side by side, along the outline's top
        cv2.line(image, (98, 68 + shift), (158, 68 + shift), (20, 20, 20), 1)
    occluder = read(image).occluder
    assert occluder[np.abs(ANGLE - 90) < 8].min() > 0.8
    assert occluder[ANGLE > 180].max() == 0
    assert occluder.min() >= 0 and occluder.max() <= 1


def test_highlight_is_found() -> None:
    image = painted()
    cv2.ellipse(image, (128, 66), (9, 5), 0, 0, 360, (255, 255, 255), -1)
    assert occluders(image)[64:69, 122:134].min() == 1
    assert read(image).occluder[np.abs(ANGLE - 90) < 4].min() > 0.4


def test_a_neighbour_like_the_inside_is_a_look_alike() -> None:
    image = painted()
    image[40:55, 90:166] = image[128, 128]  # 13 to 28 pixels above the outline
    found = read(image)
    assert found.look_alike[np.abs(ANGLE - 90) < 10].min() > 0.5
    assert found.look_alike[ANGLE > 180].max() == 0
