"""Compressed DICOM, written by gdcm in the transfer syntaxes that archives send, is read pixel for pixel."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_files import write

from banet_edu.data.reading import read_image

gdcm = pytest.importorskip("gdcm", reason="the extra 'dicom' is not installed")
SYNTAXES = {
    "RLE": gdcm.TransferSyntax.RLELossless,
    "JPEG Lossless": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    "JPEG-LS": gdcm.TransferSyntax.JPEGLSLossless,
    "JPEG 2000": gdcm.TransferSyntax.JPEG2000Lossless,
}


def compressed(path, syntax):
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    target = path.with_name("packed.dcm")
    writer.SetFileName(str(target))
    assert writer.Write()
    return target


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("kind", ["grey", "deep", "signed", "colour"])
def test_every_lossless_syntax_gives_the_very_pixels(tmp_path, syntax, kind):
    random = np.random.default_rng(0)
    stored = {
        "grey": random.integers(0, 255, (48, 64), dtype=np.uint8),
        "deep": random.integers(0, 4000, (48, 64)).astype(np.uint16),
        "signed": random.integers(-1000, 3000, (48, 64)).astype(np.int16),
        "colour": random.integers(0, 255, (48, 64, 3), dtype=np.uint8),
    }[kind]
    plain = write(tmp_path / "plain.dcm", stored, PixelSpacing=[0.5, 0.25])
    pixels, spacing = read_image(compressed(plain, SYNTAXES[syntax]))
    expected, _ = read_image(plain)
    np.testing.assert_array_equal(pixels, expected)
    assert spacing == (0.5, 0.25)
