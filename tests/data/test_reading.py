"""Encodings of images, and what images and masks share; masks alone: test_mask_files.py. Real files: test_real_data.py."""

from __future__ import annotations

import io

import numpy as np
import pytest
from mask_files import grey, save
from PIL import Image

from banet_edu.data.reading import laid_on_white, read_image, read_mask
from banet_edu.datasets.faults import file_fault


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


def test_transparency_is_laid_on_white_where_asked(tmp_path):
    pixels = np.zeros((40, 50, 4), np.uint8)
    pixels[10:, :, 3] = 255
    pixels[5, :, 3] = 128
    Image.fromarray(pixels).save(tmp_path / "shot.png")
    image, _ = read_image(tmp_path / "shot.png", flatten=True)
    assert (image[:5] == 255).all() and (image[10:] == 0).all() and abs(int(image[5, 0, 0]) - 127) <= 1
    assert "laid on white" in laid_on_white(tmp_path / "shot.png")


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
