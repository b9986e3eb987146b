"""Image and mask files of any encoding -> arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from banet_edu.data.mask_values import ValueMap, foreground, labels

EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp")
DICOM_EXTENSIONS = (".dcm", ".dicom")

DEEP = "has 16 bits a channel: save it with 8, choosing the range of values to show (its window)"
ALPHA = "has an alpha channel: save it without (as RGB or grey)"


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM by its name, or by its content where it has no extension, as many archives write it."""
    if path.suffix.lower() in DICOM_EXTENSIONS:
        return True
    if path.suffix.lower() in EXTENSIONS or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_image(path: str | Path) -> tuple[NDArray[np.uint8], tuple[float, float] | None]:
    """Any image file -> (H x W x 3 uint8 RGB, (row, column) pixel size in mm or None).

    Only DICOM files state a size. Grey images are repeated over three channels, palettes applied, a photograph turned as
    its EXIF orientation says; an alpha channel is dropped where it is opaque throughout.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: not an image, damaged, 16-bit, or partly transparent.
        ModuleNotFoundError: a DICOM file, and pydicom is not installed.
    """
    path = Path(path)
    if is_dicom(path):
        from banet_edu.data.dicom import read_dicom_image

        return read_dicom_image(path)
    with open_image(path) as opened:
        if is_deep(opened, path):
            raise ValueError(f"{path}: {DEEP}")
        image = ImageOps.exif_transpose(_decoded(opened, path))
        if "A" in image.getbands() or "transparency" in image.info:
            image = image.convert("RGBA")
            if np.asarray(image)[..., 3].min() < 255:
                raise ValueError(f"{path}: {ALPHA}")
        return np.array(image.convert("RGB")), None


def read_mask(path: str | Path, *, value_map: ValueMap | None = None, invert: bool = False) -> NDArray[Any]:
    """A mask file -> h x w bool, or h x w uint8 labels where `value_map` names more than two classes.

    Handles 1-bit, grey, colour and palette files (by the palette's colours, never its indices), lossless or JPEG; see
    `mask_values.foreground` for the rules. `invert` swaps foreground and background.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: damaged, 16-bit, with alpha, or with values whose meaning a value map must say.
    """
    path = Path(path)
    pixels, lossy = mask_pixels(path)
    try:
        if value_map is not None:
            return labels(pixels, value_map)
        found = foreground(pixels, lossy=lossy)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return ~found if invert else found


def mask_pixels(path: Path) -> tuple[NDArray[np.uint8], bool]:
    """A mask file's own values, (h x w or h x w x 3 uint8, whether the encoding is lossy); errors as `read_mask`."""
    if is_dicom(path):
        from banet_edu.data.dicom import read_dicom_mask

        return read_dicom_mask(path), False
    with open_image(path) as opened:
        if is_deep(opened, path):
            raise ValueError(f"{path}: {DEEP}")
        if "A" in opened.getbands():
            raise ValueError(f"{path}: {ALPHA}")
        image, lossy = _decoded(opened, path), opened.format in ("JPEG", "MPO", "WEBP")
        return np.asarray(image if image.mode == "L" else image.convert("L" if image.mode == "1" else "RGB")), lossy


def open_image(path: Path) -> Image.Image:
    """Pillow's image with its header read; ValueError with the path for what is not an image."""
    if path.is_file() and path.stat().st_size == 0:
        raise ValueError(f"{path}: is empty (0 bytes)")
    try:
        return Image.open(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "is not a readable image" if isinstance(error, Image.UnidentifiedImageError) else f"({error})"
        raise ValueError(f"{path}: {reason}") from None


def is_deep(image: Image.Image, path: Path) -> bool:
    """Whether an opened file stores more than 8 bits a channel (Pillow itself cuts 16-bit colour to 8 silently)."""
    if image.mode.startswith(("I", "F")):
        return True
    if image.format == "TIFF":
        return max(image.tag_v2.get(258, (1,))) > 8  # type: ignore[attr-defined]
    if image.format == "PNG":
        with path.open("rb") as file:
            return file.read(25)[24] > 8  # bit depth in the IHDR chunk, which is always first
    return False


def _decoded(image: Image.Image, path: Path) -> Image.Image:
    try:
        image.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{path}: is damaged or truncated ({error})") from None
    return image
