"""Files handed over as bytes: read like files on disk, refused in words, kept nowhere."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from dicom_files import write
from PIL import Image

from banet_edu import load_samples
from banet_edu.clinic.app import Clinic
from banet_edu.clinic.desk import Desk
from banet_edu.clinic.uploaded import uploaded_image, uploaded_mask
from banet_edu.data.dicom import AT_THE_DETECTOR

PICTURE = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
MASK = np.hypot(*(np.indices((60, 80)) - 30)) < 20


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """Nothing is left in the folder of temporary files, whatever happened."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_pixels_arrive_as_they_were(kind):
    sample = uploaded_image(f"A photo.{kind.lower()}", encoded(PICTURE, kind))
    np.testing.assert_array_equal(sample.image, PICTURE)
    assert sample.name == "A photo" and sample.mask is None and sample.spacing_mm is None


def test_jpeg_and_memoryview():
    sample = uploaded_image("photo.JPG", memoryview(encoded(PICTURE, "JPEG")))
    assert sample.image.shape == PICTURE.shape


def test_dicom_brings_its_pixel_size(tmp_path_factory):
    pytest.importorskip("pydicom", reason="pydicom is not installed")
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPInstanceUID = ExplicitVRLittleEndian, generate_uid()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    path = tmp_path_factory.mktemp("dicom") / "x.dcm"
    file = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    file.Rows, file.Columns, file.SamplesPerPixel, file.PhotometricInterpretation = 60, 80, 1, "MONOCHROME2"
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 8, 8, 7, 0
    file.PixelSpacing, file.Modality = [0.2, 0.3], "OT"
    file.PixelData = PICTURE[..., 0].tobytes()
    file.save_as(str(path), enforce_file_format=True)
    sample = uploaded_image("scan.dcm", Path(path).read_bytes())
    assert sample.image.shape == (60, 80, 3) and sample.spacing_mm == (0.2, 0.3)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.png", b"some words", "notes.png: is not a readable image; upload a PNG, JPEG"),
        ("empty.jpg", b"", "empty.jpg: "),
        ("half.png", encoded(PICTURE, "PNG")[:400], "half.png: "),
        ("tiny.png", encoded(PICTURE[:20, :20], "PNG"), "tiny.png: 20 x 20 pixels, too small"),
        ("scan.dcm", b"no DICOM at all", "scan.dcm: "),
    ],
)
def test_bad_files_are_named_with_the_way_out(name, content, said):
    with pytest.raises(ValueError) as refused:
        uploaded_image(name, content)
    assert said in str(refused.value) and "banet-edu-" not in str(refused.value)


def test_mask_of_the_same_and_of_double_size():
    grey = MASK.astype(np.uint8) * 255
    np.testing.assert_array_equal(uploaded_mask("m.png", encoded(grey, "PNG"), (60, 80)), MASK)
    double = encoded(grey.repeat(2, 0).repeat(2, 1), "PNG")
    np.testing.assert_array_equal(uploaded_mask("m.png", double, (60, 80)), MASK)


def test_black_mask_is_a_mask_without_an_object():
    assert not uploaded_mask("m.png", encoded(np.zeros((60, 80), np.uint8), "PNG"), (60, 80)).any()


def test_mask_of_other_proportions_or_values_is_refused():
    grey = MASK.astype(np.uint8) * 255
    with pytest.raises(ValueError, match=r"m\.png: the mask is 60 x 60 pixels, the picture 80 x 60"):
        uploaded_mask("m.png", encoded(grey[:, :60], "PNG"), (60, 80))
    three = np.select([MASK, np.indices(MASK.shape)[0] > 50], [255, 128], 0).astype(np.uint8)
    with pytest.raises(ValueError, match=r"m\.png: holds other values .* save it as black \(0\) and white \(255\)"):
        uploaded_mask("m.png", encoded(three, "PNG"), (60, 80))


def test_a_pixel_size_at_the_detector_is_said_wherever_it_is_used(tmp_path):
    content = write(tmp_path / "film", np.tile(np.arange(64, dtype=np.uint8), (64, 1)), ImagerPixelSpacing=[0.2, 0.2])
    desk = Desk(uploaded_image("film", content.read_bytes()))
    content.unlink()
    assert AT_THE_DETECTOR in desk.source
    desk.set_spacing((0.1, 0.1))
    assert AT_THE_DETECTOR not in desk.source
    desk.set_spacing(None)
    desk.compare_with(np.ones((64, 64), bool))
    assert AT_THE_DETECTOR in desk.source


def test_an_image_unlike_those_learned_from_is_said_to_be_beside_the_picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("polyp") / "polyp.png"
    Image.fromarray(load_samples("polyp")[0].image).save(path)
    page = Clinic([path], {"chest X-rays": "banet-lite-lung", "polyps": "banet-lite-polyp"})
    assert "right network for this kind" in page.said.value
    page._choose("polyps")
    assert "right network for this kind" not in page.said.value
