"""The classical methods: one interface, stated rules, honest empty answers."""

from __future__ import annotations

import numpy as np
import pytest

from banet_edu import load_samples, make_phantom
from banet_edu.metrics.overlap import overlap
from banet_edu.networks.classical import (
    CLASSICAL,
    Gabor,
    Otsu,
    RegionGrowing,
    field_of_view,
    find_seed,
    foreground,
    tidy,
)


def disc(size=96, radius=26, centre=(50, 45)):
    rows, columns = np.indices((size, size))
    return np.hypot(rows - centre[0], columns - centre[1]) < radius


def picture(mask, inside=70, outside=200, noise=4.0, seed=0):
    grey = np.where(mask, inside, outside) + noise * np.random.default_rng(seed).standard_normal(mask.shape)
    return np.clip(grey, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("size", [(64, 96), (97, 80)])
def test_every_method_answers_at_the_size_of_the_image_and_leaves_it_alone(name, size):
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    before = image.copy()
    first, second = CLASSICAL[name]()(image), CLASSICAL[name]()(image)
    assert first.shape == size and first.dtype == np.float32 and first.min() >= 0 and first.max() <= 1
    assert np.array_equal(first, second) and np.array_equal(image, before)
    assert CLASSICAL[name]().name == name


@pytest.mark.parametrize("name", ["otsu", "region_growing"])
@pytest.mark.parametrize(("inside", "outside"), [(70, 200), (200, 90)])
def test_finds_a_plain_disc_darker_or_brighter(name, inside, outside):
    mask = disc()
    assert overlap(CLASSICAL[name]()(picture(mask, inside, outside)) >= 0.5, mask)["JA"] > 0.93


def test_gabor_tells_two_textures_of_the_same_grey_apart():
    mask = disc(128, 36, (64, 64))
    columns = np.indices(mask.shape)[1]
    grey = np.where(mask, 128 + 60 * np.sin(2 * np.pi * 0.24 * columns), 128).astype(np.uint8)
    image = grey[..., None].repeat(3, axis=2)
    assert overlap(Gabor()(image) >= 0.5, mask)["JA"] > 0.7
    assert overlap(Otsu()(image) >= 0.5, mask)["JA"] < 0.4


def test_gabor_without_the_grey_level_sees_texture_under_uneven_light():
    mask = disc(128, 36, (64, 64))
    rows, columns = np.indices(mask.shape)
    texture = np.where(mask, 30 * np.sin(2 * np.pi * 0.24 * columns), 0)
    grey = np.clip(128 + texture + 40 * (1 - rows / 64), 0, 255).astype(np.uint8)
    image = grey[..., None].repeat(3, axis=2)
    assert overlap(Gabor(grey=False)(image) >= 0.5, mask)["JA"] > 0.7
    assert overlap(Gabor()(image) >= 0.5, mask)["JA"] < 0.4


@pytest.mark.parametrize("name", ["otsu", "gabor"])
def test_an_even_image_has_no_foreground(name):
    assert CLASSICAL[name]()(np.full((64, 64, 3), 90, np.uint8)).max() == 0


def test_region_grows_with_the_tolerance_and_from_the_seed_it_is_given():
    image = picture(disc())
    sizes = [RegionGrowing(tolerance=t).grow(image).sum() for t in (2, 10, 40, 200)]
    assert sizes == sorted(sizes) and sizes[-1] == image[..., 0].size
    outside = RegionGrowing(tolerance=20, seed=(2, 2)).grow(image)
    assert outside[2, 2] and not outside[50, 45]


def test_seed_lies_in_the_disc_and_outside_is_refused():
    image = picture(disc())
    assert disc()[find_seed(image)]
    with pytest.raises(ValueError, match=r"seed \(96, 0\) lies outside an image of 96 x 96"):
        RegionGrowing(seed=(96, 0))(image)
    with pytest.raises(ValueError, match="grey levels from 0 on, not -1"):
        RegionGrowing(tolerance=-1)


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("bad", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3)), np.zeros((0, 8, 3), np.uint8)])
def test_bad_images_are_said_in_words(name, bad):
    with pytest.raises(ValueError, match="an image is H x W x 3 uint8, got"):
        CLASSICAL[name]()(bad)


def test_rules():
    grey = np.full((64, 64), 150.0)
    grey[:6], grey[30:34, 30:34] = 0, 0  # a black bar on the frame, and a black spot inside
    view = field_of_view(grey)
    assert not view[:6].any() and view[31, 31]
    ring = ~disc(64, 20, (32, 32))
    assert np.array_equal(foreground(ring, np.ones_like(ring)), ~ring)
    mask = disc(96, 26, (50, 45))
    mask[50, 45], mask[:, 90:], mask[3:5, 3:5] = False, True, True  # a hole, a strip along the frame, dust
    mask[80, :] = True  # a hair
    assert overlap(tidy(mask), disc(96, 26, (50, 45)))["JA"] > 0.97


def test_otsu_works_on_a_phantom_that_is_simply_darker():
    sample = load_samples("dermoscopy", "test")[0]
    assert overlap(Otsu()(sample.image) >= 0.5, sample.mask)["JA"] > 0.9
    assert Otsu()(make_phantom("dermoscopy", seed=0, contrast=0.0, noise=0).image).shape == (256, 256)
