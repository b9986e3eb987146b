"""Random changes of volumes: determined by their seed, image and mask alike, no mirror images."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from banet_edu.data.augment_volume import build_volume_augment


def blob(shape=(24, 28, 20)) -> tuple[np.ndarray, np.ndarray]:
    place = np.mgrid[tuple(slice(0, side) for side in shape)]
    mask = sum((one - side / 2) ** 2 for one, side in zip(place, shape, strict=True)) < 49
    return np.where(mask, 2.0, -1.0).astype(np.float32), mask.astype(np.uint8)


def test_the_seed_alone_decides():
    augment = build_volume_augment("default")
    image, mask = blob()
    first, again, other = augment(image, mask, 3), augment(image, mask, 3), augment(image, mask, 4)
    assert (first[0] == again[0]).all() and (first[1] == again[1]).all()
    assert (first[0] != other[0]).any()
    assert first[0].dtype == np.float32 and first[1].dtype == np.uint8 and first[0].shape == image.shape


@pytest.mark.parametrize("kind", ["default", "upright"])
def test_image_and_mask_move_together(kind):
    image, mask = blob()
    augment = build_volume_augment(kind)
    for seed in range(20):
        changed, moved = augment(image, mask, seed)
        bright = changed > (changed.min() + changed.max()) / 2
        assert np.count_nonzero(bright != (moved > 0)) < 0.12 * np.count_nonzero(moved)
        assert 0.5 < np.count_nonzero(moved) / np.count_nonzero(mask) < 1.7


def test_left_stays_left():
    image, mask = blob()
    mask[..., 14:] *= 2  # the right half is class 2
    for seed in range(40):
        _, moved = build_volume_augment("default")(image, mask, seed)
        assert np.argwhere(moved == 1)[:, 2].mean() < np.argwhere(moved == 2)[:, 2].mean()


def test_none_changes_nothing_and_the_authors_recipe_is_of_images():
    image, mask = blob()
    assert build_volume_augment("none")(image, mask, 0)[0] is image
    with pytest.raises(ValueError, match="augment='release': for volumes choose"):
        build_volume_augment("release")


@pytest.mark.parametrize("kind", ["default", "none"])
def test_a_process_that_reads_ahead_can_be_given_it(kind):
    augment = pickle.loads(pickle.dumps(build_volume_augment(kind)))
    image, mask = blob()
    np.testing.assert_array_equal(augment(image, mask, 1)[0], build_volume_augment(kind)(image, mask, 1)[0])
