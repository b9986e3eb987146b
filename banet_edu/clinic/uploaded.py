"""The files of the clinic: what a browser handed over as bytes is read like a file on disk, and kept nowhere."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from banet_edu.config import IMAGE_KINDS
from banet_edu.data.reading import laid_on_white, looks_like_an_image, read_image, read_reference, spacing_note
from banet_edu.data.sample import Sample, resize_mask, same_proportions

SMALLEST_SIDE = 32  # pixels: in smaller pictures there is no boundary to see
_Read = TypeVar("_Read")

LAID_ON_WHITE = "(transparent, laid on white)"  # in the name of such a picture


def uploaded_image(name: str, content: bytes | memoryview) -> Sample:
    """A picture without a mask, with the pixel size that a DICOM file states.

    Args:
        name: the file's name, as the browser gives it: it says the kind of file, and stands in errors.
        content: the file's bytes. They lie in a private temporary file while they are read, which is deleted afterwards.

    Raises:
        ValueError: not a readable image, damaged, 16-bit, or smaller than 32 pixels.
        ModuleNotFoundError: a DICOM file, and pydicom is not installed.

    >>> uploaded_image("notes.png", b"no picture at all")
    Traceback (most recent call last):
    ValueError: notes.png: is not a readable image; upload a PNG, JPEG, BMP, TIFF, WebP, HEIC or DICOM file
    """
    pixels, spacing, note, flattened = _read(
        name, content, lambda path: (*read_image(path, flatten=True), spacing_note(path), laid_on_white(path))
    )
    if min(pixels.shape[:2]) < SMALLEST_SIDE:
        height, width = pixels.shape[:2]
        raise ValueError(
            f"{name}: {width} x {height} pixels, too small to see a boundary; each side needs at least {SMALLEST_SIDE}"
        )
    title = PurePosixPath(name).stem or name
    return Sample(pixels, None, f"{title} {LAID_ON_WHITE}" if flattened else title, spacing, note)


def uploaded_mask(name: str, content: bytes | memoryview, size: tuple[int, int]) -> NDArray[np.bool_]:
    """An expert's mask of a picture of `size` (h, w) pixels -> h x w bool; one of other size but like proportions is resized.

    Raises ValueError as `uploaded_image`, for values whose meaning is unclear, and for other proportions: such a mask does
    not show the same field of view.
    """
    mask = _read(name, content, read_reference)
    (height, width), (rows, columns) = size, mask.shape
    if not same_proportions(mask.shape, size):
        raise ValueError(
            f"{name}: the mask is {columns} x {rows} pixels, the picture {width} x {height}: with other proportions it "
            "cannot show the same field of view. Save the mask from this very picture, neither cropped nor turned"
        )
    return np.asarray(resize_mask(mask, size))


def _read(name: str, content: bytes | memoryview, reader: Callable[[Path], _Read]) -> _Read:
    """`reader` on a private file with these bytes; its errors name the file as the reader of the page knows it."""
    with tempfile.TemporaryDirectory(prefix="banet-edu-") as folder:
        suffix = PurePosixPath(name).suffix.lower()
        path = Path(folder) / f"upload{suffix if suffix[1:].isalnum() and len(suffix) < 8 else ''}"
        path.write_bytes(content)
        try:
            return reader(path)
        except (ValueError, ModuleNotFoundError) as error:
            said = str(error).replace(str(path), name)
            if said.endswith(("is not a readable image", "is empty (0 bytes)")) or "readable DICOM" in said:
                said = f"{said.partition(' (cannot')[0]}; upload a {IMAGE_KINDS} file"
            said = said.replace("(frame=, or --frame)", "by saving it as a picture of its own")
            raise (ModuleNotFoundError if isinstance(error, ModuleNotFoundError) else ValueError)(said) from None


def images_at(path: Path) -> list[Path]:
    """An image, or the images of a folder by name."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if path.is_file():
        return [path]
    found = sorted(each for each in path.iterdir() if each.is_file() and looks_like_an_image(each))
    if not found:
        raise ValueError(f"{path}: holds no image ({IMAGE_KINDS})")
    return found
