"""Image and mask files of any encoding -> arrays."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from banet_edu.data.limits import check_pixels, regular_file
from banet_edu.data.mask_values import ValueMap, foreground, in_8_bits, labels
from banet_edu.data.orientation import upright

DICOM_EXTENSIONS = (".dcm", ".dicom", ".ima")
PROMISES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".heic", *DICOM_EXTENSIONS)

DEEP = "has 16 bits a channel or more: save it with 8, of an image choosing the range of values to show (its window)"
ALPHA = "has an alpha channel: save it without (as RGB or grey)"


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM by its content, whatever its name; one without the usual preamble by its extension."""
    if not path.is_file():  # a pipe would be waited for
        return False
    with path.open("rb") as file:
        head = file.read(132)
    if head[128:] == b"DICM":
        return True
    return path.suffix.lower() in DICOM_EXTENSIONS and not is_picture(path)


def looks_like_an_image(path: Path) -> bool:
    """By its content, or by a name that promises one: a damaged image must be found too, to be named."""
    return path.suffix.lower() in PROMISES or is_dicom(path) or is_picture(path)


def is_picture(path: Path) -> bool:
    """Whether Pillow knows the file by its content; nothing is decoded."""
    if is_heic(path):
        return True
    try:
        with Image.open(path):
            return True
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def frame_count(path: Path) -> int:
    """Pages of a TIFF, frames of a DICOM file or an animation; a phone's MPO, whose second picture is a preview, has one."""
    if is_dicom(path):
        from banet_edu.data.dicom import dicom_frames

        return dicom_frames(path)
    with open_image(path) as image:
        return 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))


def _check_frame(path: Path, frame: int | None) -> int:
    """`frame`, or 0 where there is but one; ValueError where one has to be chosen, or the chosen one is not there."""
    count = frame_count(path)
    if frame is None and count > 1:
        raise ValueError(f"{path}: holds {count} frames: say which to use, 0 to {count - 1} (frame=, or --frame)")
    if frame is not None and not 0 <= frame < count:
        raise ValueError(f"{path}: has no frame {frame}: it holds {count}, counted from 0")
    return frame or 0


def read_image(
    path: str | Path, *, frame: int | None = None, flatten: bool = False
) -> tuple[NDArray[np.uint8], tuple[float, float] | None]:
    """Any image file -> (H x W x 3 uint8 RGB, (row, column) pixel size in mm or None).

    Only DICOM files state a size. Grey images are repeated over three channels, palettes applied, pixels turned as the
    orientation tag says, in whatever container it stands; an alpha channel is dropped where it is opaque throughout; with
    `flatten` what is see-through is laid on white.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: not an image, damaged, 16-bit, partly transparent (without `flatten`), or of several frames without
            `frame` (0 is the first).
        ModuleNotFoundError: a DICOM file, and pydicom is not installed.
    """
    path = Path(path)
    frame = _check_frame(path, frame)
    if is_dicom(path):
        from banet_edu.data.dicom import read_dicom_image

        return read_dicom_image(path, frame)
    with open_image(path) as opened:
        if frame:
            opened.seek(frame)
        if is_deep(opened, path):
            raise ValueError(f"{path}: {DEEP}")
        image = upright(opened, path)
        if is_transparent(image):
            if not flatten:
                raise ValueError(f"{path}: {ALPHA}")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
        return np.array(image.convert("RGB")), None


def spacing_note(path: Path) -> str:
    """What must be said wherever the pixel size that `read_image` found is used; "" mostly."""
    if not is_dicom(path):
        return ""
    from banet_edu.data.dicom import AT_THE_DETECTOR, at_the_detector

    return AT_THE_DETECTOR if at_the_detector(path) else ""


def laid_on_white(path: Path) -> str:
    """What to say of a picture that `read_image(..., flatten=True)` had to flatten; "" of others."""
    if is_dicom(path):
        return ""
    with open_image(path) as image:
        return "it is partly transparent, as screenshots may be, and was laid on white" if is_transparent(image) else ""


def read_mask(path: str | Path, *, value_map: ValueMap | None = None, invert: bool = False) -> NDArray[Any]:
    """A mask file -> h x w bool, or h x w uint8 labels where `value_map` names more than two classes.

    Handles 1-bit, grey, colour and palette files (by the palette's colours, never its indices), lossless or JPEG, turned by
    the same rule as images; see `mask_values.foreground` for the values. `invert` swaps foreground and background.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: damaged, 16-bit, with alpha, or with values whose meaning a value map must say.
    """
    path = Path(path)
    pixels, lossy = mask_pixels(path)
    try:
        if value_map is not None:
            return labels(pixels, value_map, lossy=lossy)
        found = foreground(pixels, lossy=lossy)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return ~found if invert else found


def read_reference(path: Path) -> NDArray[np.bool_]:
    """`read_mask` of background and foreground, with a way out for those who write no Python."""
    try:
        return np.asarray(read_mask(path)) > 0
    except ValueError as error:
        if "value_map" not in str(error):
            raise
        raise ValueError(
            f"{path}: holds other values than background and foreground; save it as black (0) and white (255)"
        ) from None


def mask_pixels(path: Path) -> tuple[NDArray[np.uint8], bool]:
    """A mask file's own values, (h x w or h x w x 3 uint8, whether the encoding is lossy); errors as `read_mask`."""
    _check_frame(path, None)
    if is_dicom(path):
        from banet_edu.data.dicom import read_dicom_mask

        return read_dicom_mask(path), False
    with open_image(path) as opened:
        if opened.mode.startswith("I"):  # labels of 16 bits, as segmentation programs write them
            try:
                return in_8_bits(np.asarray(upright(opened, path))), False
            except ValueError as error:
                raise ValueError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None
        if is_deep(opened, path):
            raise ValueError(f"{path}: {DEEP}")
        lossy = is_lossy(opened, path)
        image = upright(opened, path)
        if is_transparent(image):
            raise ValueError(f"{path}: {ALPHA}")
        return np.asarray(
            image if image.mode == "L" else image.convert("L" if image.mode in ("1", "LA") else "RGB")
        ), lossy


def open_image(path: Path) -> Image.Image:
    """Pillow's image with its header read; ValueError with the path for what is not an image."""
    regular_file(path)
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: is empty (0 bytes)")
    try:
        if is_heic(path):
            _learn_heic(path)
        with Image.open(path) as header:  # closed if refused: Windows deletes no open file
            check_pixels(path, header.width * header.height)
        image = Image.open(path)
        if image.format == "TIFF":
            image.filename = ""  # or Pillow maps plain grey files into memory, and forgets to turn them
        return image
    except Image.DecompressionBombError as error:
        check_pixels(path, max(map(int, re.findall(r"\d+", str(error)))))
        raise
    except (OSError, SyntaxError) as error:
        reason = "is not a readable image" if isinstance(error, Image.UnidentifiedImageError) else f"({error})"
        raise ValueError(f"{path}: {reason}") from None


def is_heic(path: Path) -> bool:
    """Whether a file is HEIC or HEIF by its content, as phones store photos."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(12)
    return head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def _learn_heic(path: Path) -> None:
    try:
        import pillow_heif
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f'{path}: reading HEIC needs pillow-heif: pip install "banet-edu[heic]"; or let the phone save JPEG (iPhone: '
            "Settings > Camera > Formats > Most Compatible)"
        ) from None
    pillow_heif.register_heif_opener()  # it turns the pixels itself, as the file says


def is_transparent(image: Image.Image) -> bool:
    """Whether any pixel is see-through: an alpha channel that is opaque throughout changes nothing."""
    if "A" not in image.getbands() and "transparency" not in image.info:
        return False
    return bool(np.asarray(image.convert("RGBA"))[..., 3].min() < 255)


def stem(path: Path) -> str:
    """A file's name without its extension, where that is one: archives name DICOM files by UIDs, whose dots are no such.

    >>> stem(Path("a/photo.1.png")), stem(Path("1.2.826.0.1")), stem(Path("brain.nii.gz"))
    ('photo.1', '1.2.826.0.1', 'brain')
    """
    if path.name.lower().endswith((".nii", ".nii.gz")):
        return path.name[: path.name.lower().rindex(".nii")]
    known = {*Image.registered_extensions(), *DICOM_EXTENSIONS}
    return path.stem if path.suffix.lower() in known else path.name


def is_deep(image: Image.Image, path: Path) -> bool:
    """Whether a PNG, TIFF or grey image has more than 8 bits a channel; of other 16-bit colour Pillow keeps the upper 8."""
    if image.mode.startswith(("I", "F")):
        return True
    if image.format == "TIFF":
        return max(image.tag_v2.get(258, (1,))) > 8  # type: ignore[attr-defined]
    if image.format == "PNG":
        with path.open("rb") as file:
            return file.read(25)[24] > 8  # bit depth in the IHDR chunk, which is always first
    return False


def is_lossy(image: Image.Image, path: Path) -> bool:
    """Whether the encoding moves grey levels: JPEG, also within a TIFF, and WebP unless it is the lossless kind."""
    if image.format == "WEBP":
        with path.open("rb") as file:
            return b"VP8L" not in file.read(64)
    return image.format in ("JPEG", "MPO", "HEIF", "AVIF") or image.info.get("compression") in ("jpeg", "tiff_jpeg")
