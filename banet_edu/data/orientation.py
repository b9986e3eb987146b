"""The orientation tag of picture files: one rule, for images and masks of every container."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

ORIENTATION = 0x0112  # EXIF tag: how a viewer turns or mirrors the stored pixels; from 5 on they lie on their side


def orientation(image: Image.Image, path: Path) -> int:
    """The orientation tag of an opened, not yet decoded file, 1 to 8; 1 (upright) where there is none.

    In PNG the tag may follow the pixels, so that asking decodes them: the bytes are searched for one first.
    """
    if image.format == "PNG":
        content = path.read_bytes()
        if not any(mark in content for mark in (b"eXIf", b"Raw profile type", b"com.adobe.xmp")):
            return 1
        with Image.open(path) as image:
            tag = image.getexif().get(ORIENTATION, 1)
    else:
        tag = image.getexif().get(ORIENTATION, 1)
    return tag if isinstance(tag, int) and 1 <= tag <= 8 else 1


def upright_size(image: Image.Image, turned: int) -> tuple[int, int]:
    """(height, width) as a viewer shows it, of an opened file with the orientation `turned`."""
    width, height = image.size
    lies = turned >= 5 and image.format != "TIFF"  # there Pillow gives the upright size itself
    return (width, height) if lies else (height, width)


def upright(image: Image.Image, path: Path) -> Image.Image:
    """Decoded, and turned as the orientation tag says: the one place that does so, for images and masks alike."""
    try:
        image.load()
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{path}: is damaged or truncated ({error})") from None
