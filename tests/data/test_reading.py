"""Encodings of images and masks, each made here in small; test_real_data.py reads the real files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from banet_edu.data.reading import read_image, read_mask
from banet_edu.datasets.faults import file_fault

RED, GREEN = (255, 0, 0), (0, 255, 0)


@pytest.fixture
def truth():
    rows, columns = np.mgrid[:60, :80]
    return (rows - 25) ** 2 + (columns - 40) ** 2 < 18**2


def save(tmp_path, name, pixels, **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(tmp_path / name, **options)
    return tmp_path / name


def grey(truth, low=0, high=255):
    return np.where(truth, high, low).astype(np.uint8)


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


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK"])
def test_images_of_every_mode_become_rgb(tmp_path, mode):
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:, 15:] = 255
    path = save(tmp_path, "i.tif", Image.fromarray(pixels).convert(mode))
    image, spacing = read_image(path)
    np.testing.assert_array_equal(image, pixels)
    assert image.dtype == np.uint8 and spacing is None


TAGGED = {
    "jpg": {"quality": 100, "subsampling": 0},
    "png": {},
    "tif": {},
    "webp": {"lossless": True},
    "mpo": {"quality": 100, "subsampling": 0, "save_all": True, "append_images": [Image.new("RGB", (6, 4))]},
}


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("kind", TAGGED)
def test_image_and_mask_are_turned_as_the_orientation_tag_says(tmp_path, kind, turned):
    """All eight orientations in every container that knows them, and the size without decoding."""
    stored = np.zeros((24, 40), bool)
    stored[3:9, 4:20] = True
    stored[9:16, 4:8] = True  # an F, which no turn or mirror leaves as it is
    upright = {  # EXIF 2.32, tag 0x0112: which side of the picture row 0 and column 0 are
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.T,
        6: stored[::-1].T,
        7: stored[::-1, ::-1].T,
        8: stored[:, ::-1].T,
    }[turned]
    exif = Image.Exif()
    exif[0x0112] = turned
    for mode in ("RGB", "L"):  # Pillow reads grey TIFF files another way
        picture = Image.fromarray(grey(stored)).convert(mode)
        path = save(tmp_path, f"i-{mode}.{kind}", picture, exif=exif, **TAGGED[kind])
        np.testing.assert_array_equal(read_image(path)[0][..., 0] > 127, upright)
        np.testing.assert_array_equal(read_mask(path), upright)
        assert file_fault(path) == (upright.shape, None)


def test_opaque_alpha_is_dropped_and_transparency_refused(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (10, 12, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    image, _ = read_image(save(tmp_path, "i.png", pixels))
    np.testing.assert_array_equal(image, pixels[..., :3])
    pixels[0, 0, 3] = 254
    with pytest.raises(ValueError, match=r"j\.png.*alpha channel.*without"):
        read_image(save(tmp_path, "j.png", pixels))
    see_through = np.dstack([np.repeat(grey(np.eye(10, 12) > 0)[..., None], 3, axis=2), pixels[..., 3]])
    with pytest.raises(ValueError, match=r"m\.png.*alpha"):
        read_mask(save(tmp_path, "m.png", see_through))
    see_through[..., 3] = 255
    np.testing.assert_array_equal(read_mask(save(tmp_path, "n.png", see_through)), np.eye(10, 12) > 0)


@pytest.mark.parametrize("name", ["i.png", "i.tif"])
def test_sixteen_bit_grey_is_refused_with_the_way_out(tmp_path, name):
    path = save(tmp_path, name, np.full((10, 10), 4000, np.uint16))
    with pytest.raises(ValueError, match=r"16 bits.*8.*window"):
        read_image(path)
    with pytest.raises(ValueError, match=r"mask values 4000 to 4000 do not fit 8 bits"):
        read_mask(path)


def test_sixteen_bit_colour_is_refused(tmp_path):
    """Pillow opens it as 8-bit RGB without a word."""
    import cv2

    for name in ("i.png", "i.tif"):
        cv2.imwrite(str(tmp_path / name), np.full((10, 10, 3), 4000, np.uint16))
        with pytest.raises(ValueError, match="16 bits"):
            read_image(tmp_path / name)


@pytest.mark.parametrize("name", ["i.png", "i.jpg", "i.bmp", "i.tif", "i.gif"])
def test_truncated_and_missing_files_are_named(tmp_path, name):
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, {"jpg": "jpeg", "tif": "tiff"}.get(name[2:], name[2:]))
    (tmp_path / name).write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    for read in (read_image, read_mask):
        with pytest.raises(ValueError, match=name.replace(".", r"\.")):
            read(tmp_path / name)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match=r"empty \(0 bytes\)"):
        read_image(tmp_path / name)
    (tmp_path / name).write_text("not an image")
    with pytest.raises(ValueError, match="not a readable image"):
        read_mask(tmp_path / name)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_image(tmp_path / name)


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
