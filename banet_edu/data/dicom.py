"""DICOM files: the image as a viewer shows it, and the size of its pixels (extra `dicom`)."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.data.limits import MOST_PIXELS, check_pixels, regular_file
from banet_edu.data.mask_values import in_8_bits

Spacing = tuple[float, float]
_OFTEN_WRITTEN_ON = ("US", "SC", "XC", "ES", "GM", "OT", "IVUS", "RF", "XA")
AT_THE_DETECTOR = "the pixel size is stated at the detector: true sizes in the body are smaller"
CENTIMETRES = 3  # PhysicalUnitsXDirection of a calibrated ultrasound region
TWO_DIMENSIONAL = 1  # RegionSpatialFormat of a B-mode region; others plot velocity or a spectrum


def read_dicom_image(path: Path, frame: int = 0) -> tuple[NDArray[np.uint8], Spacing | None]:
    """One frame of a DICOM file -> (H x W x 3 uint8 RGB, (row, column) pixel size in mm or None).

    Grey values go through the modality's rescaling and the file's first window or lookup table; without one, from the
    least to the greatest value (padding aside). MONOCHROME1 (small values are bright) is turned over.
    """
    from pydicom.pixels import apply_color_lut

    header, stored = read_stored(path, frame)
    if header.PhotometricInterpretation == "PALETTE COLOR":
        colours = apply_color_lut(stored, header)
        stored = colours if colours.dtype == np.uint8 else (colours >> 8).astype(np.uint8)
    if stored.ndim == 3:
        if stored.dtype != np.uint8:
            raise ValueError(f"{path}: colour DICOM with {stored.dtype.itemsize * 8} bits a channel: only 8 are read")
        return np.ascontiguousarray(stored[..., :3]), pixel_spacing_mm(header)
    grey = _windowed(rescaled(stored, header), stored, header)
    if header.PhotometricInterpretation == "MONOCHROME1":
        grey = 1 - grey
    return np.repeat((grey * 255).round().astype(np.uint8)[..., None], 3, axis=2), pixel_spacing_mm(header)


def rescaled(stored: NDArray[Any], header: Any) -> NDArray[np.float64]:
    """Stored values in the modality's own unit, such as Hounsfield's."""
    from pydicom.pixels import apply_modality_lut

    for tag in ("RescaleSlope", "RescaleIntercept"):  # present but empty, or no number: as if it were not there
        if tag in header and _number(header[tag].value) is None:
            del header[tag]
    if ("RescaleSlope" in header) != ("RescaleIntercept" in header):  # pydicom asks for both
        header.RescaleSlope = header.get("RescaleSlope", 1)
        header.RescaleIntercept = header.get("RescaleIntercept", 0)
    return apply_modality_lut(stored, header).astype(np.float64)


def read_dicom_mask(path: Path) -> NDArray[np.uint8]:
    """Stored values of a single-frame DICOM mask, h x w uint8, no window; a two-valued deep one becomes 0 and 255."""
    _, stored = read_stored(path)
    if stored.ndim != 2:
        raise ValueError(f"{path}: a DICOM mask has one channel, this one has {stored.shape[-1]}")
    try:
        return in_8_bits(stored)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def dicom_frames(path: Path) -> int:
    return int(_number(dicom_header(path).get("NumberOfFrames")) or 1)


def dicom_size_and_spacing(path: Path) -> tuple[tuple[int, int], Spacing | None]:
    """((rows, columns), pixel size in mm or None) from the header alone."""
    header = dicom_header(path)
    return (int(header.Rows), int(header.Columns)), pixel_spacing_mm(header)


def pixel_spacing_mm(header: Any) -> Spacing | None:
    """(row, column) size of a pixel in mm, or None where the header states none.

    `PixelSpacing` first (in the patient); then `ImagerPixelSpacing`, which holds at the detector, so a projection
    X-ray's structures are somewhat smaller than measured unless the magnification is stated; then the B-mode regions of
    an ultrasound image, if all agree.
    """
    if (spacing := _positive(header.get("PixelSpacing"))) is not None:
        return spacing
    if (spacing := _positive(header.get("ImagerPixelSpacing"))) is not None:
        magnification = _number(header.get("EstimatedRadiographicMagnificationFactor")) or 1.0
        return spacing[0] / magnification, spacing[1] / magnification
    regions = {
        (10 * abs(float(region.PhysicalDeltaY)), 10 * abs(float(region.PhysicalDeltaX)))
        for region in header.get("SequenceOfUltrasoundRegions") or ()
        if region.get("RegionSpatialFormat") == TWO_DIMENSIONAL
        and region.get("PhysicalUnitsXDirection") == CENTIMETRES
        and region.get("PhysicalUnitsYDirection") == CENTIMETRES
    }
    return _positive(regions.pop()) if len(regions) == 1 else None


def patient_id(path: Path) -> str | None:
    """PatientID, or None where the header has none, or is none."""
    try:
        return str(dicom_header(path).get("PatientID") or "").strip() or None
    except (ValueError, OSError, ModuleNotFoundError):
        return None


def at_the_detector(path: Path) -> bool:
    """Whether the pixel size is stated at the detector only (`ImagerPixelSpacing`, no magnification): what lies in the body
    before it is smaller than measured."""
    header = dicom_header(path)
    return (
        _positive(header.get("PixelSpacing")) is None
        and _positive(header.get("ImagerPixelSpacing")) is not None
        and not _number(header.get("EstimatedRadiographicMagnificationFactor"))
    )


def name_burned_in(path: Path) -> bool:
    """Whether the pixels may show who the patient is: the file says so (`BurnedInAnnotation`), or does not deny it and is of a
    kind that often does, such as ultrasound, captured screens and photographs."""
    header = dicom_header(path)
    said = str(header.get("BurnedInAnnotation") or "").strip().upper()
    return said == "YES" or (said != "NO" and header.get("Modality") in _OFTEN_WRITTEN_ON)


def _positive(values: Any) -> Spacing | None:
    """Two sizes above 0, or None: the tag may be empty, hold one or three values, or no numbers."""
    numbers = [_number(v) for v in values] if isinstance(values, Sequence) and not isinstance(values, str) else []
    if len(numbers) != 2 or any(number is None or number <= 0 for number in numbers):
        return None
    row, column = (float(number) for number in numbers if number is not None)
    return row, column


def _number(value: Any) -> float | None:
    """A finite number, or None; the first of several."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if len(value) else None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def dicom_header(path: Path, *, stop_before_pixels: bool = True) -> Any:
    """pydicom's data set of one image; ValueError where it is none, or has no pixels."""
    try:
        import pydicom
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f'{path}: reading DICOM needs pydicom: pip install "banet-edu[dicom]"') from None
    regular_file(path)
    _check_deflated(path)
    try:
        header = pydicom.dcmread(path, stop_before_pixels=stop_before_pixels)
        rows, columns = _number(header.get("Rows")), _number(header.get("Columns"))
    except Exception as error:  # a broken header leads pydicom to whatever it likes
        raise ValueError(f"{path}: is not a readable DICOM file ({' '.join(str(error).split())})") from None
    if not rows or not columns or min(rows, columns) < 1:
        raise ValueError(f"{path}: is a DICOM file without an image")
    check_pixels(path, int(columns) * int(rows))
    return header


def _check_deflated(path: Path) -> None:
    """ValueError where a deflated file unpacks to more than the largest image needs: pydicom unpacks all to read a tag."""
    from pydicom.filereader import read_file_meta_info
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    most = MOST_PIXELS * 6  # three channels of 16 bits
    with path.open("rb") as file:
        try:
            if file.read(132)[128:] != b"DICM":
                return
            file.seek(0)
            meta = read_file_meta_info(path)
            if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
                return
            file.seek(132 + 12 + int(meta.FileMetaInformationGroupLength))
        except Exception:  # what is wrong with it, the reader will say
            return
        unpack, size = zlib.decompressobj(-zlib.MAX_WBITS), 0
        while packed := file.read(2**16):
            while packed:
                size += len(unpack.decompress(packed, 2**24))
                packed = unpack.unconsumed_tail
                if size > most:
                    raise ValueError(f"{path}: unpacks to more than {most // 10**6} million bytes, so it is not read")


def read_stored(path: Path, frame: int = 0) -> tuple[Any, NDArray[Any]]:
    """(header, pixels as stored)."""
    header = dicom_header(path, stop_before_pixels=False)
    from pydicom.pixels import pixel_array

    try:
        several = (_number(header.get("NumberOfFrames")) or 1) > 1
        return header, pixel_array(header, index=frame if several else None)  # YBR becomes RGB here
    except Exception as error:  # decoders and broken headers raise whatever they like
        raise ValueError(
            f"{path}: its pixels cannot be decoded ({' '.join(str(error).split())}); for JPEG Lossless and JPEG-LS: "
            'pip install "banet-edu[dicom]"'
        ) from None


def _windowed(values: NDArray[np.float64], stored: NDArray[Any], header: Any) -> NDArray[np.float64]:
    """Modality values -> 0..1 (DICOM PS3.3 C.11.2.1)."""
    if header.get("VOILUTSequence"):
        from pydicom.pixels import apply_voi

        try:
            bits = header.VOILUTSequence[0].LUTDescriptor[2]
            return apply_voi(values.astype(np.int64), header).astype(np.float64) / (2**bits - 1)
        except (AttributeError, IndexError, TypeError, ValueError, KeyError, NotImplementedError):
            pass  # a broken table: as if it were not there
    centre, width = _number(header.get("WindowCenter")), _number(header.get("WindowWidth"))
    if centre is not None and width is not None and width > 0:
        function = str(header.get("VOILUTFunction") or "LINEAR").upper()
        if function == "SIGMOID":
            return 1 / (1 + np.exp(-4 * (values - centre) / width))
        if function == "LINEAR":  # counts levels, so width 1 is a threshold
            centre, width = centre - 0.5, max(width - 1, 1e-9)
        return np.clip((values - centre) / width + 0.5, 0, 1)
    padding = header.get("PixelPaddingValue")
    shown = values if padding is None or np.all(stored == padding) else values[stored != padding]
    low, high = shown.min(), shown.max()
    return np.clip((values - low) / max(high - low, 1e-9), 0, 1)
