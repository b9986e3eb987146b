from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest
from dicom_files import write
from PIL import Image

from banet_edu.data.dicom import at_the_detector, name_burned_in
from banet_edu.data.reading import read_image, read_mask
from banet_edu.datasets.opening import open_dataset

pydicom = pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")


RAMP = np.arange(0, 4000, 10, dtype=np.uint16).reshape(20, 20)


def test_window_and_rescaling(tmp_path):
    path = write(
        tmp_path / "a.dcm", RAMP, WindowCenter=[500, 9], WindowWidth=[1001, 9], RescaleSlope=1, RescaleIntercept=-1000
    )
    image, spacing = read_image(path)
    expected = np.clip((RAMP - 1000.0 - 499.5) / 1000 + 0.5, 0, 1) * 255  # DICOM PS3.3 C.11.2.1.2.1
    assert image.shape == (20, 20, 3) and image.dtype == np.uint8 and spacing is None
    np.testing.assert_allclose(image[..., 0], expected, atol=0.51)


def test_window_agrees_with_pydicom(tmp_path):
    from pydicom.pixels import apply_voi_lut

    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        path = write(tmp_path / "a.dcm", RAMP, WindowCenter=1500, WindowWidth=900, VOILUTFunction=function)
        expected = apply_voi_lut(RAMP, pydicom.dcmread(path)) / 65535 * 255
        np.testing.assert_allclose(read_image(path)[0][..., 1], expected, atol=0.51)


def test_without_a_window_the_values_fill_the_range_and_padding_does_not_count(tmp_path):
    stored = RAMP.astype(np.int16)
    stored[0] = -2000
    image = read_image(write(tmp_path / "a.dcm", stored, PixelPaddingValue=-2000))[0]
    assert image[0].max() == 0 and image[1, 0, 0] == 0 and image[-1, -1, 0] == 255
    assert image[10, 0, 0] == round((2000 - 200) / 3790 * 255)


def test_monochrome1_is_turned_over(tmp_path):
    plain = read_image(write(tmp_path / "a.dcm", RAMP))[0]
    turned = read_image(write(tmp_path / "b.dcm", RAMP, PhotometricInterpretation="MONOCHROME1"))[0]
    np.testing.assert_allclose(turned.astype(int), 255 - plain.astype(int), atol=1)


def test_colour(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (12, 14, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read_image(write(tmp_path / "a.dcm", pixels))[0], pixels)


def region(row_cm, column_cm, units=3, kind=1):
    item = pydicom.dataset.Dataset()
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = units
    item.RegionSpatialFormat = kind
    item.PhysicalDeltaY, item.PhysicalDeltaX = row_cm, column_cm
    return item


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"PixelSpacing": [0.2, 0.3]}, (0.2, 0.3)),
        ({"PixelSpacing": [0.2, 0.3], "ImagerPixelSpacing": [1, 1]}, (0.2, 0.3)),
        ({"ImagerPixelSpacing": [0.143, 0.143]}, (0.143, 0.143)),
        ({"ImagerPixelSpacing": [0.2, 0.4], "EstimatedRadiographicMagnificationFactor": 2}, (0.1, 0.2)),
        ({"SequenceOfUltrasoundRegions": [region(-0.01, 0.02)]}, (0.1, 0.2)),
        ({"SequenceOfUltrasoundRegions": [region(0.01, 0.02), region(1, 1, units=4, kind=3)]}, (0.1, 0.2)),
        ({"SequenceOfUltrasoundRegions": [region(0.01, 0.01), region(0.02, 0.02)]}, None),
        ({"PixelSpacing": [0, 0]}, None),
        ({}, None),
    ],
)
def test_pixel_size(tmp_path, tags, expected):
    assert read_image(write(tmp_path / "a.dcm", RAMP, **tags))[1] == (
        None if expected is None else pytest.approx(expected)
    )


def test_masks(tmp_path):
    truth = RAMP > 2000
    for stored in (truth.astype(np.uint8), truth.astype(np.uint16) * 4095, truth.astype(np.uint8) * 255):
        np.testing.assert_array_equal(read_mask(write(tmp_path / "m.dcm", stored)), truth)
    three = truth.astype(np.uint8) + (RAMP > 3000)
    np.testing.assert_array_equal(read_mask(write(tmp_path / "m.dcm", three), value_map={0: 0, 1: 1, 2: 2}), three)
    with pytest.raises(ValueError, match=r"m\.dcm.*8 bits"):
        read_mask(write(tmp_path / "m.dcm", RAMP))


def test_dicom_data_set_scales_the_spacing_to_the_mask(tmp_path):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for i in range(3):
        name = f"images/{i}" if i == 2 else f"images/{i}.dcm"  # archives often leave the extension out
        write(tmp_path / name, RAMP, PixelSpacing=[0.2, 0.4])
        mask = Image.fromarray((np.greater(RAMP, 1000 + 100 * i) * 255).astype(np.uint8))
        mask.resize((40, 40), Image.Resampling.NEAREST).save(tmp_path / f"masks/{i}.png")
    dataset = open_dataset("dicom", tmp_path)
    assert dataset.names == ["0", "1", "2"]
    for sample in dataset:
        assert sample.spacing_mm == pytest.approx((0.1, 0.2)) and sample.image.shape == (20, 20, 3)


def test_a_dicom_mask_under_two_names_is_found(tmp_path):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for i in range(5):
        write(tmp_path / f"images/{i}.dcm", np.random.default_rng(i).integers(0, 4000, (40, 40), dtype=np.uint16))
        write(tmp_path / f"masks/{i}.dcm", np.kron(np.greater(RAMP, 500 * i), np.ones((2, 2))).astype(np.uint8))
    assert len(open_dataset("dicom", tmp_path)) == 5
    shutil.copy(tmp_path / "masks/1.dcm", tmp_path / "masks/2.dcm")
    with pytest.raises(ValueError, match=r"2 bad files[\s\S]*masks/1\.dcm: is byte for byte 2\.dcm"):
        open_dataset("dicom", tmp_path)


def test_bad_files_are_named(tmp_path):
    (tmp_path / "junk.dcm").write_bytes(b"junk" * 100)
    with pytest.raises(ValueError, match=r"junk\.dcm: is not a readable DICOM file"):
        read_image(tmp_path / "junk.dcm")
    with pytest.raises(FileNotFoundError, match=r"none\.dcm"):
        read_image(tmp_path / "none.dcm")
    frames = np.zeros((2, 8, 8), np.uint8)
    with pytest.raises(ValueError, match="holds 2 frames"):
        read_image(write(tmp_path / "film.dcm", frames, NumberOfFrames=2))
    cut = write(tmp_path / "cut.dcm", RAMP)
    cut.write_bytes(cut.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"cut\.dcm: its pixels cannot be decoded"):
        read_image(cut)


def test_without_pydicom_the_error_says_what_to_install(tmp_path, monkeypatch):
    path = write(tmp_path / "a.dcm", RAMP)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "banet-edu\[dicom\]"'):
        read_image(path)


@pytest.mark.parametrize(
    "tags",
    [
        {"RescaleSlope": "", "RescaleIntercept": ""},
        {"RescaleSlope": 1},
        {"WindowCenter": "", "WindowWidth": ""},
        {"WindowCenter": 100, "WindowWidth": 0},
    ],
)
def test_tags_that_say_nothing_change_nothing(tmp_path, tags):
    plain, _ = read_image(write(tmp_path / "plain.dcm", RAMP))
    np.testing.assert_array_equal(read_image(write(tmp_path / "odd.dcm", RAMP, **tags))[0], plain)


@pytest.mark.parametrize("value", ["", [0.2], [0.2, 0.1, 0.3], [0, 0.1], [-1, 1]])
def test_a_spacing_that_is_none_is_unknown_and_the_next_tag_counts(tmp_path, value):
    assert read_image(write(tmp_path / "a.dcm", RAMP, PixelSpacing=value))[1] is None
    path = write(tmp_path / "b.dcm", RAMP, PixelSpacing=value, ImagerPixelSpacing=[0.3, 0.2])
    assert read_image(path)[1] == (0.3, 0.2)
    assert at_the_detector(path)
    assert not at_the_detector(write(tmp_path / "c.dcm", RAMP, PixelSpacing=[0.3, 0.2], ImagerPixelSpacing=[0.4, 0.4]))
    magnified = {"ImagerPixelSpacing": [0.3, 0.2], "EstimatedRadiographicMagnificationFactor": 2}
    assert not at_the_detector(write(tmp_path / "d.dcm", RAMP, **magnified))


def test_frames_are_chosen_not_guessed(tmp_path):
    stored = np.stack([RAMP, RAMP[::-1], RAMP.T])
    path = write(tmp_path / "a.dcm", RAMP, NumberOfFrames=3, PixelData=stored.tobytes())
    with pytest.raises(ValueError, match=r"a\.dcm: holds 3 frames: say which to use, 0 to 2"):
        read_image(path)
    np.testing.assert_array_equal(read_image(path, frame=2)[0], read_image(write(tmp_path / "b.dcm", RAMP.T))[0])
    with pytest.raises(ValueError, match=r"has no frame 3: it holds 3"):
        read_image(path, frame=3)


def test_content_decides_what_is_dicom(tmp_path):
    path = write(tmp_path / "named_as.png", RAMP)
    assert read_image(path)[0].shape == (20, 20, 3)
    Image.fromarray(np.zeros((5, 6), np.uint8)).save(tmp_path / "picture.png")
    (tmp_path / "picture.png").rename(tmp_path / "picture.dcm")
    assert read_image(tmp_path / "picture.dcm")[0].shape == (5, 6, 3)


def test_a_name_burned_in_is_said_where_the_file_says_so_or_its_kind_often_has_one(tmp_path):
    stored = np.zeros((40, 50), np.uint16)
    for name, tags, warned in (
        ("yes", {"BurnedInAnnotation": "YES", "Modality": "CR"}, True),
        ("no", {"BurnedInAnnotation": "NO", "Modality": "US"}, False),
        ("ultrasound", {"Modality": "US"}, True),
        ("film", {"Modality": "CR"}, False),
    ):
        write(tmp_path / f"{name}.dcm", stored, **tags)
        assert name_burned_in(tmp_path / f"{name}.dcm") is warned, name
