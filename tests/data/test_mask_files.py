"""Encodings of mask files, each made here in small; test_reading.py has images and what both share."""

from __future__ import annotations

import numpy as np
import pytest
from mask_files import disc, grey, save
from PIL import Image

from banet_edu.data.reading import read_mask

RED, GREEN = (255, 0, 0), (0, 255, 0)


@pytest.fixture
def truth():
    return disc()


def test_one_bit_bmp(tmp_path, truth):
    path = save(tmp_path, "m.bmp", Image.fromarray(grey(truth)).convert("1"))
    np.testing.assert_array_equal(read_mask(path), truth)


@pytest.mark.parametrize("name", ["m.png", "m.gif", "m.tif", "m.bmp"])
@pytest.mark.parametrize("high", [1, 128, 255])
def test_two_levels_lossless(tmp_path, truth, name, high):
    np.testing.assert_array_equal(read_mask(save(tmp_path, name, grey(truth, high=high))), truth)


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_cut_at_127(tmp_path, truth, channels):
    pixels = grey(truth) if channels == 1 else np.repeat(grey(truth)[..., None], 3, axis=2)
    path = save(tmp_path, "m.jpg", pixels, quality=60)
    decoded = np.asarray(Image.open(path).convert("L"))
    assert len(np.unique(decoded)) > 10  # noisy, or this tests nothing
    np.testing.assert_array_equal(read_mask(path), decoded > 127)
    assert (read_mask(path) != truth).mean() < 0.01


def test_inverted_palette_goes_by_its_colours(tmp_path, truth):
    image = Image.fromarray(np.where(truth, 0, 255).astype(np.uint8), "P")
    image.putpalette([255 - i for i in range(256) for _ in range(3)])
    path = save(tmp_path, "m.png", image)
    assert Image.open(path).mode == "P" and np.asarray(Image.open(path))[25, 40] == 0
    np.testing.assert_array_equal(read_mask(path), truth)


@pytest.mark.parametrize("colour", [RED, GREEN, (0, 0, 255), (128, 0, 0), (0, 64, 0), (255, 255, 0)])
def test_any_colour_is_foreground(tmp_path, truth, colour):
    path = save(tmp_path, "m.png", np.where(truth[..., None], colour, 0).astype(np.uint8))
    np.testing.assert_array_equal(read_mask(path), truth)


def test_two_colours_are_one_foreground_or_two_classes(tmp_path, truth):
    left = truth & (np.arange(80) < 40)
    pixels = np.where(truth[..., None], RED, 0)
    pixels[left] = GREEN
    path = save(tmp_path, "m.png", pixels.astype(np.uint8))
    np.testing.assert_array_equal(read_mask(path), truth)
    labels = read_mask(path, value_map={(0, 0, 0): 0, RED: 1, GREEN: 2})
    np.testing.assert_array_equal(labels, truth.astype(int) + left)
    with pytest.raises(ValueError, match=r"m\.png.*colour mask"):
        read_mask(path, value_map={0: 0, 255: 1})


def test_soft_colour_mask_is_cut_at_half(tmp_path, truth):
    soft = Image.fromarray(np.where(truth[..., None], RED, 0).astype(np.uint8)).resize(
        (333, 251), Image.Resampling.BICUBIC
    )
    path = save(tmp_path, "m.png", soft)
    np.testing.assert_array_equal(read_mask(path), np.asarray(soft)[..., 0] > 127)


def test_colour_jpeg_keeps_red(tmp_path, truth):
    path = save(tmp_path, "m.jpg", np.where(truth[..., None], RED, 0).astype(np.uint8), quality=90)
    assert (read_mask(path) != truth).mean() < 0.02


@pytest.mark.parametrize("name", ["m.png", "m.jpg"])
def test_three_levels_ask_for_a_value_map(tmp_path, truth, name):
    pixels = grey(truth)
    pixels[truth & (np.arange(80) < 40)] = 128
    path = save(tmp_path, name, pixels)
    with pytest.raises(ValueError, match=r"m\.(png|jpg).*value_map=\{0: 0, 1[23]\d: 1, 255: 2\}"):
        read_mask(path)
    labels = read_mask(path, value_map={0: 0, 128: 1, 255: 2})
    assert labels.dtype == np.uint8 and (labels != (pixels.astype(int) + 1) // 128).mean() < 0.02
    both = read_mask(path, value_map={0: 0, 128: 1, 255: 1})
    assert both.dtype == bool and (both != truth).mean() < 0.02


def test_label_map_asks_for_a_value_map(tmp_path, truth):
    pixels = truth.astype(np.uint8) + (truth & (np.arange(80) < 40))
    with pytest.raises(ValueError, match=r"no level above 127, only 0, 1, 2.*value_map=\{0: 0, 1: 1, 2: 2\}"):
        read_mask(save(tmp_path, "m.png", pixels))


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_soft_edges_are_not_a_third_level(tmp_path, truth, factor):
    size = (80 * factor, 60 * factor)
    for method in (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC):
        soft = Image.fromarray(grey(truth)).resize(size, method)
        for name in ("m.png", "m.jpg"):
            found = read_mask(save(tmp_path, name, soft))
            assert (found != (np.asarray(soft) > 127)).mean() < 0.005
    small = Image.fromarray(grey(truth)).resize((40, 30), Image.Resampling.BOX)  # edges of exactly 64, 128, 191
    assert read_mask(save(tmp_path, "s.png", small)).sum() == pytest.approx(truth.sum() / 4, rel=0.1)


def test_a_lossless_value_that_the_map_does_not_name_is_refused(tmp_path, truth):
    pixels = grey(truth)
    pixels[0, :3] = [3, 7, 200]
    named = r"m\.png: 3 pixels .* values that the value map \[0, 255\] does not name: 3, 7, 200"
    with pytest.raises(ValueError, match=named):
        read_mask(save(tmp_path, "m.png", pixels), value_map={0: 0, 255: 1})
    colours = np.zeros((*truth.shape, 3), np.uint8)
    colours[truth] = (255, 0, 0)
    colours[0, 0] = (250, 0, 0)
    with pytest.raises(ValueError, match=r"c\.png: 1 pixels .*does not name: \[250, 0, 0\]"):
        read_mask(save(tmp_path, "c.png", colours), value_map={(0, 0, 0): 0, (255, 0, 0): 1})


def test_in_a_jpeg_the_nearest_value_counts_but_not_for_unknown_ones(tmp_path, truth):
    path = save(tmp_path, "m.jpg", grey(truth))
    np.testing.assert_array_equal(read_mask(path, value_map={0: 0, 255: 1}), truth)
    pixels = grey(truth)
    pixels[:10] = 90
    with pytest.raises(ValueError, match=r"800 pixels \(16\.7%\) have values .* does not name"):
        read_mask(save(tmp_path, "n.jpg", pixels), value_map={0: 0, 255: 1})


def test_values_that_jpeg_does_not_keep_apart_are_refused(tmp_path, truth):
    path = save(tmp_path, "m.jpg", grey(truth, 0, 20))
    with pytest.raises(
        ValueError, match=r"m\.jpg: the values 0 and 20 of the value map lie closer than JPEG keeps apart"
    ):
        read_mask(path, value_map={0: 0, 20: 1})
    assert read_mask(save(tmp_path, "m.png", grey(truth, 0, 20)), value_map={0: 0, 20: 1}).any()


def test_the_hint_names_every_value(tmp_path):
    pixels = np.repeat(np.arange(5, dtype=np.uint8), 100).reshape(20, 25)
    with pytest.raises(ValueError, match=r"value_map=\{0: 0, 1: 1, 2: 2, 3: 3, 4: 4\}"):
        read_mask(save(tmp_path, "m.png", pixels))


@pytest.mark.parametrize("quality", [75, 90, 95, 100])
def test_a_mask_of_0_and_1_saved_as_jpeg_is_no_empty_mask(tmp_path, truth, quality):
    with pytest.raises(ValueError, match=r"m\.jpg: nearly black, .* does not survive JPEG"):
        read_mask(save(tmp_path, "m.jpg", truth.astype(np.uint8), quality=quality))


@pytest.mark.parametrize("name", ["m.png", "m.jpg", "m.gif", "m.bmp"])
def test_all_black_is_an_empty_mask_and_all_white_a_full_one(tmp_path, name):
    assert not read_mask(save(tmp_path, name, np.zeros((30, 30), np.uint8))).any()
    assert read_mask(save(tmp_path, name, np.full((30, 30), 255, np.uint8))).all()


def test_noisy_black_jpeg_is_empty(tmp_path):
    noise = np.random.default_rng(0).integers(0, 9, (64, 64), dtype=np.uint8)
    assert not read_mask(save(tmp_path, "m.jpg", noise)).any()


def test_invert(tmp_path, truth):
    np.testing.assert_array_equal(read_mask(save(tmp_path, "m.png", grey(truth)), invert=True), ~truth)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_photo_is_no_mask(tmp_path, suffix):
    photo = np.linspace(20, 240, 96 * 64).reshape(96, 64)
    photo += 8 * np.random.default_rng(0).standard_normal(photo.shape)
    file = tmp_path / f"photo.{suffix}"
    Image.fromarray(photo.clip(0, 255).astype(np.uint8)).save(file)
    with pytest.raises(ValueError, match=rf"photo.{suffix}.*looks like a photo, not like a mask"):
        read_mask(file)


@pytest.mark.parametrize("high", [1, 255, 4096, 65535])
def test_deep_masks_of_two_values_or_small_labels_are_read(tmp_path, truth, high):
    path = save(tmp_path, "m.png", Image.fromarray(truth.astype(np.uint16) * high))
    np.testing.assert_array_equal(read_mask(path), truth)
    three = truth.astype(np.uint16)
    three[:4] = 2
    found = read_mask(save(tmp_path, "n.tif", Image.fromarray(three)), value_map={0: 0, 1: 1, 2: 2})
    np.testing.assert_array_equal(found, three)
    with pytest.raises(ValueError, match=r"o\.png: mask values 0 to 600 do not fit 8 bits"):
        read_mask(save(tmp_path, "o.png", Image.fromarray(three * 300)))
