from __future__ import annotations

import numpy as np
import pytest
import torch

from banet_edu.config import ModelSpec
from banet_edu.data.prepared import Prepared
from banet_edu.data.sample import Sample, resize, resize_image, resize_mask
from banet_edu.data.tensors import normalise, prepare


def test_at_gives_one_size_and_scales_the_spacing():
    image = np.zeros((100, 50, 3), np.uint8)
    mask = np.zeros((200, 300), bool)
    mask[50:150, 75:225] = True
    small = Sample(image, mask, "case", spacing_mm=(0.5, 0.25)).at((40, 60))
    assert small.image.shape == (40, 60, 3)
    assert small.mask is not None and small.mask.dtype == bool and small.mask.shape == (40, 60)
    assert small.mask[10:30, 15:45].all() and small.mask.sum() == 20 * 30
    assert small.spacing_mm == (2.5, 1.25)  # 200 / 40 and 300 / 60 times as large


def test_bool_mask_is_resized_by_area_with_ties_to_the_foreground():
    columns = np.arange(8)
    for covered in range(9):
        cell = np.tile(columns < covered, (8, 1))
        assert resize_mask(cell, 1)[0, 0] == (covered >= 4)


def test_thin_line_does_not_survive_where_it_covers_less_than_half():
    mask = np.zeros((64, 64), bool)
    mask[:, 32] = True
    assert not resize_mask(mask, 16).any()


def test_labels_are_resized_without_inventing_values():
    labels = np.random.default_rng(0).choice([0, 1, 7], (50, 70)).astype(np.uint8)
    resized = resize_mask(labels, (31, 97))
    assert resized.dtype == np.uint8 and set(np.unique(resized)) <= {0, 1, 7}


def test_loading_is_lazy_and_happens_once():
    calls = []

    def load(value):
        calls.append(value.shape)
        return value

    sample = Sample(lambda: load(np.zeros((4, 4, 3), np.uint8)), lambda: load(np.zeros((8, 8), bool)), "a")
    assert "not loaded" in repr(sample) and calls == []
    assert sample.image.shape == (4, 4, 3) and sample.image is sample.image
    assert calls == [(4, 4, 3)]


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8)])
def test_wrong_image_is_named(image):
    with pytest.raises(ValueError, match="'case 7'"):
        _ = Sample(image, None, "case 7").image


@pytest.mark.parametrize("spacing", [(0.0, 1.0), (1.0, float("nan")), (-1.0, 1.0)])
def test_impossible_spacing_is_refused(spacing):
    with pytest.raises(ValueError, match="spacing_mm"):
        _ = Sample(np.zeros((4, 4, 3), np.uint8), None, "a", spacing).spacing_mm


def test_normalise_is_the_formula():
    image = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    expected = ((image / 255 - mean) / std).transpose(2, 0, 1)
    tensor = normalise(image, mean, std)
    assert tensor.dtype == torch.float32 and tensor.shape == (3, 5, 7)
    np.testing.assert_allclose(tensor.numpy(), expected, atol=2e-6)


def test_prepare_resizes_to_the_models_input():
    spec = ModelSpec("banet", input_size=(32, 48))
    assert prepare(np.zeros((100, 90, 3), np.uint8), spec).shape == (1, 3, 32, 48)


def test_prepared_keeps_order_and_reports_progress():
    samples = [
        Sample(np.full((20 + i, 30, 3), i, np.uint8), np.full((60, 40 + i), i % 2 == 0), f"case{i}") for i in range(9)
    ]
    seen = []
    prepared = Prepared(samples, (16, 24), progress=lambda done, total: seen.append((done, total)))
    assert prepared.images.shape == (9, 16, 24, 3) and prepared.masks.dtype == np.uint8
    assert prepared.names == [f"case{i}" for i in range(9)]
    assert [int(image.max()) for image in prepared.images] == list(range(9))
    assert prepared.masks.all(axis=(1, 2)).tolist() == [i % 2 == 0 for i in range(9)]
    assert seen == [(i, 9) for i in range(1, 10)]


def test_prepared_passes_a_reading_error_on():
    def broken():
        raise ValueError("masks/b.png: unreadable")

    samples = [Sample(np.zeros((8, 8, 3), np.uint8), m, "b") for m in (np.zeros((8, 8), bool), broken)]
    with pytest.raises(ValueError, match=r"masks/b\.png"):
        Prepared(samples, 8)
    with pytest.raises(ValueError, match="empty"):
        Prepared([], 8)
    with pytest.raises(ValueError, match="'c' has no mask"):
        Prepared([Sample(np.zeros((8, 8, 3), np.uint8), None, "c")], 8)


@pytest.mark.parametrize(
    "source",
    [
        (300, 40),
        (40, 300),
        (1000, 127),
        (127, 1000),
        (90, 2000),
        (512, 512),
        (64, 64),
        (64, 400),
        (2848, 4288),
        (128, 99),
    ],
)
@pytest.mark.parametrize("target", [(128, 128), (256, 96)])
def test_a_ramp_stays_a_ramp_whatever_grows_and_whatever_shrinks(source, target):
    """Within a tenth of a network pixel, the frame aside: whatever the sides do."""
    for axis in (0, 1):
        place = (np.arange(source[axis]) + 0.5) / source[axis]  # of a pixel's centre, 0..1
        ramp = np.broadcast_to(place[:, None] if axis == 0 else place[None], source).astype(np.float32)
        wanted = (np.arange(target[axis]) + 0.5) / target[axis]
        found = resize(ramp, target).mean(axis=1 - axis)
        edge = 2 + int(np.ceil(target[axis] / source[axis]))
        assert np.abs((found - wanted)[edge:-edge] * target[axis]).max() < 0.1
        image = np.repeat((ramp * 255).round().astype(np.uint8)[..., None], 3, axis=2)
        assert np.abs(resize_image(image, target) - resize(image.astype(np.float32), target)).max() <= 1  # rounded


def test_fine_stripes_do_not_alias_where_one_side_grows():
    stripes = np.tile(np.array([0, 255], np.uint8), (40, 500))  # 1000 columns
    small = resize_image(np.repeat(stripes[..., None], 3, axis=2), (128, 128))
    assert small.min() > 100 and small.max() < 155


def test_a_mask_of_0_and_255_is_a_foreground_and_odd_labels_are_refused():
    mask = np.zeros((6, 8), np.uint8)
    mask[2:4, 2:5] = 255
    image = np.zeros((6, 8, 3), np.uint8)
    found = Sample(image, mask, "a").mask
    assert found is not None and found.dtype == bool and found.sum() == 6
    np.testing.assert_array_equal(Sample(image, mask // 255, "b").mask, mask // 255)  # labels 0 and 1 stay labels
    mask[0, 0] = 7
    with pytest.raises(ValueError, match=r"mask of 'c': labels are 0, 1, 2 .*got 0, 7, 255: give each value its label"):
        Sample(image, mask, "c").mask  # noqa: B018
