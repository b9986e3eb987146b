"""What is asked of a file before anything of it is decoded: that it is one, and that its image fits into memory."""

from __future__ import annotations

from pathlib import Path

# Of one image, whatever its way in: a small file can unpack to far more than there is memory. Pillow warns from here on.
MOST_PIXELS = 89_478_485


def regular_file(path: Path) -> None:
    """FileNotFoundError where there is nothing, ValueError for a folder, and for a pipe or a device, which might never end."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    if not path.is_file():
        raise ValueError(f"{path}: is {'a folder' if path.is_dir() else 'a pipe or device'}, not a file")


def check_pixels(path: Path, pixels: int) -> None:
    """ValueError above `MOST_PIXELS`, before anything is decoded."""
    if pixels > MOST_PIXELS:
        raise ValueError(
            f"{path}: {pixels // 10**6} million pixels are too many, at most {MOST_PIXELS // 10**6} million are read: crop it, "
            "or save it smaller"
        )
