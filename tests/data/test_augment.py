from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from banet_edu.data.augment import build_augment


@pytest.fixture
def case():
    rows, columns = np.mgrid[:96, :96]
    mask = ((rows - 40) ** 2 + (columns - 55) ** 2 < 20**2).astype(np.uint8)
    image = np.where(mask[..., None], [200, 60, 40], [40, 90, 120]).astype(np.uint8)
    return image, mask


@pytest.mark.parametrize("kind", ["default", "upright", "release"])
def test_only_the_seed_decides(case, kind):
    first, second = build_augment(kind), build_augment(kind)
    second(*case, 99)  # an earlier call must not matter
    for seed in (0, 1, 2**40):
        for a, b in zip(first(*case, seed), second(*case, seed), strict=True):
            np.testing.assert_array_equal(a, b)
    results = {first(*case, seed)[0].tobytes() for seed in range(20)}
    assert len(results) > 10


@pytest.mark.parametrize("kind", ["default", "upright", "release"])
def test_image_and_mask_move_together(case, kind):
    """The object stays the red one: after any change the mask marks where red exceeds blue."""
    augment = build_augment(kind)
    for seed in range(30):
        image, mask = augment(*case, seed)
        assert image.shape == case[0].shape and image.dtype == np.uint8
        assert mask.shape == case[1].shape and set(np.unique(mask)) <= {0, 1}
        red = image[..., 0].astype(int) > image[..., 2]
        overlap = (red & (mask == 1)).sum() / (red | (mask == 1)).sum()
        assert overlap > 0.9, seed


@pytest.mark.parametrize(("kind", "turned"), [("default", True), ("upright", False)])
def test_upright_images_stay_upright(kind, turned):
    """The upper half is bright; only "default" ever puts it at the bottom."""
    image, mask = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)
    image[:32], mask[:32] = 200, 1
    augment = build_augment(kind)
    upside_down = [
        changed[40:].mean() > changed[:24].mean() for _, changed in (augment(image, mask, s) for s in range(40))
    ]
    assert any(upside_down) == turned


def test_labels_and_bool_masks_keep_their_type(case):
    image, mask = case
    labels = (mask * 2 + (np.arange(96) > 70)).astype(np.uint8)
    augment = build_augment("default")
    assert set(np.unique(augment(image, labels, 3)[1])) <= set(np.unique(labels))
    assert augment(image, mask.astype(bool), 3)[1].dtype == bool


def test_release_zoom_is_centred_and_never_shrinks(case):
    """Under flips, zoom of at most 2 and rotation about the centre a central disc only grows, and stays central."""
    rows, columns = np.mgrid[:96, :96]
    disc = ((rows - 47.5) ** 2 + (columns - 47.5) ** 2 < 15**2).astype(np.uint8)
    augment, areas = build_augment("release"), []
    for seed in range(60):
        changed = augment(case[0], disc, seed)[1]
        centre = np.argwhere(changed).mean(axis=0)
        assert np.abs(centre - 47.5).max() < 1.0
        areas.append(changed.sum() / disc.sum())
    assert min(areas) > 0.95 and 2.0 < max(areas) < 4.1


def test_grey_images_stay_grey():
    grey = np.repeat(np.random.default_rng(0).integers(0, 256, (64, 64, 1), dtype=np.uint8), 3, axis=2)
    augment = build_augment("default")
    for seed in range(10):
        image, _ = augment(grey, np.zeros((64, 64), np.uint8), seed)
        assert np.ptp(image.astype(int), axis=2).max() <= 1


def test_none_and_unknown(case):
    image, mask = build_augment("none")(*case, 5)
    assert image is case[0] and mask is case[1]
    with pytest.raises(ValueError, match="'strong'"):
        build_augment("strong")  # type: ignore[arg-type]


def test_albumentations_is_not_imported_before_it_is_used():
    code = "import sys, banet_edu.data.augment; sys.exit('albumentations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_steps_draw_independently_of_one_another():
    """Horizontal and vertical flips must not always agree, nor all steps stand still together."""
    corner = np.zeros((64, 64), np.uint8)
    corner[:20, :20] = 1
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    augment, quarters, unchanged = build_augment("release"), np.zeros((2, 2)), 0
    for seed in range(400):
        changed, mask = augment(image, corner, seed)
        row, column = np.argwhere(mask).mean(axis=0) > 31.5
        quarters[int(row), int(column)] += 1
        unchanged += np.array_equal(changed, image)
    assert quarters.min() > 70  # 100 each in the mean
    assert 10 < unchanged < 45  # 1 in 16: 25 in the mean
