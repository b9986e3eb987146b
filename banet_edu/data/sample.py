"""One case: an image, the expert's mask of the same field of view, and the size of a mask pixel."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from banet_edu.config import check_spacing
from banet_edu.data.volume import Volume, as_volume

Size = int | tuple[int, ...]

WHITE = 255  # what drawing programs store for the foreground; no label


def height_width(size: Size) -> tuple[int, int]:
    """(height, width) of a size given as one int (square) or as a pair.

    >>> height_width(128), height_width((96, 128))
    ((128, 128), (96, 128))
    """
    height, width = (size, size) if isinstance(size, int) else size
    if height < 1 or width < 1:
        raise ValueError(f"a size is at least 1 x 1 pixels, not {height} x {width}")
    return int(height), int(width)


def same_proportions(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two sizes (height, width) can show one field of view: proportions within 2 %, after rounding to whole pixels.

    >>> same_proportions((480, 640), (60, 80)), same_proportions((480, 640), (64, 48))
    (True, False)
    """
    return abs(math.log((one[0] / one[1]) / (other[0] / other[1]))) <= 0.02


class Sample:
    """One case of a data set.

    Args:
        image: H x W x 3 uint8, or a function that loads it at the first access.
        mask: h x w at its OWN size, covering the same field of view: bool for two classes, unsigned integer labels
            0, 1, 2 ... for more; one of 0 and 255 counts as bool. None where there is no mask; or a function that loads it.
        name: the case's name, unique in its data set.
        spacing_mm: (row, column) size of one MASK pixel in mm; None where it is unknown. Or a function.
        spacing_note: what must be said wherever it is used, such as that it holds at the detector only. Or a function.

    >>> sample = Sample(np.zeros((60, 80, 3), np.uint8), np.ones((120, 160), bool), "a", spacing_mm=(0.1, 0.1))
    >>> small = sample.at((30, 40))
    >>> small.image.shape, small.mask.shape, small.spacing_mm
    ((30, 40, 3), (30, 40), (0.4, 0.4))
    """

    def __init__(
        self,
        image: NDArray[np.uint8] | Callable[[], NDArray[np.uint8]],
        mask: NDArray[Any] | Callable[[], NDArray[Any]] | None,
        name: str,
        spacing_mm: tuple[float, float] | Callable[[], tuple[float, float] | None] | None = None,
        spacing_note: str | Callable[[], str] = "",
    ) -> None:
        self._image, self._mask, self._spacing_mm, self._spacing_note = image, mask, spacing_mm, spacing_note
        self.name = name

    @cached_property
    def image(self) -> NDArray[np.uint8]:
        """H x W x 3 uint8."""
        image = self._image() if callable(self._image) else self._image
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"image of {self.name!r}: H x W x 3 uint8 expected, got {image.shape} {image.dtype}")
        return image

    @cached_property
    def mask(self) -> NDArray[Any] | None:
        """h x w, bool or unsigned integer labels, or None."""
        mask = self._mask() if callable(self._mask) else self._mask
        if mask is None:
            return None
        if mask.ndim != 2 or not (mask.dtype == bool or np.issubdtype(mask.dtype, np.integer)):
            raise ValueError(f"mask of {self.name!r}: h x w bool or integer expected, got {mask.shape} {mask.dtype}")
        if mask.dtype == bool or not mask.size or (mask.min() >= 0 and mask.max() < WHITE):
            return mask
        values = np.unique(mask)
        if set(values.tolist()) <= {0, WHITE}:
            return mask == WHITE
        raise ValueError(
            f"mask of {self.name!r}: labels are 0, 1, 2 ... (or 0 and {WHITE} for one foreground), got "
            f"{', '.join(map(str, values[:6]))}{' ...' if len(values) > 6 else ''}: give each value its label first"
        )

    @cached_property
    def spacing_mm(self) -> tuple[float, float] | None:
        """(row, column) size of one mask pixel in mm, or None."""
        spacing = self._spacing_mm() if callable(self._spacing_mm) else self._spacing_mm
        return None if spacing is None else check_spacing(spacing)

    @cached_property
    def spacing_note(self) -> str:
        """What must be said wherever `spacing_mm` is used, or ""."""
        return self._spacing_note() if callable(self._spacing_note) else self._spacing_note

    def at(self, size: Size) -> Sample:
        """The same case with image and mask of one size (int or (h, w)), the spacing scaled along."""
        height, width = height_width(size)
        mask, spacing = self.mask, self.spacing_mm
        if spacing is not None:
            rows, columns = self.image.shape[:2] if mask is None else mask.shape
            spacing = (spacing[0] * rows / height, spacing[1] * columns / width)
        small_mask = None if mask is None else resize_mask(mask, size)
        return Sample(resize_image(self.image, size), small_mask, self.name, spacing, self._spacing_note)

    def __repr__(self) -> str:
        def shape(value: Any) -> str:
            return "not loaded" if callable(value) else "none" if value is None else " x ".join(map(str, value.shape))

        image, mask = self.__dict__.get("image", self._image), self.__dict__.get("mask", self._mask)
        return f"Sample({self.name!r}, image {shape(image)}, mask {shape(mask)})"


def as_sample(image: Any) -> Sample:
    """A Sample from a Sample, an image array or the path of an image file; ValueError says what is wrong with it."""
    if isinstance(image, Sample):
        return image
    if isinstance(image, Volume):
        raise ValueError(f"{image.name} is a volume; this network takes images: create_model(dims=3) takes volumes")
    if isinstance(image, str | Path):
        from banet_edu.data.reading import read_image, spacing_note, stem  # which builds on this file

        pixels, spacing = read_image(image)
        return Sample(pixels, None, stem(Path(image)), spacing, spacing_note(Path(image)))
    array = np.asarray(image)
    if array.dtype != np.uint8:
        raise ValueError(f"an image must be uint8 with values 0..255, got {array.dtype}; convert it first")
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3:
        raise ValueError(f"an image must be H x W x 3 (RGB) or H x W (grey), got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"the image is empty: shape {array.shape}")
    return Sample(array, None, "image")


def as_case(case: Any, dims: int) -> Sample | Volume:
    """What a network of images (`dims` 2) or of volumes (3) is shown: `as_sample` or `as_volume`."""
    return as_sample(case) if dims == 2 else as_volume(case)


def resize_image(image: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Resize H x W x 3 uint8, see `resize`."""
    return np.asarray(resize(image, size), np.uint8)


def resize(values: NDArray[Any], size: Size) -> NDArray[Any]:
    """Resize h x w (x channels), uint8 or float: area average where a side shrinks (no aliasing), bilinear where one grows.

    One side after the other where one does each: an area average shifts what it enlarges.
    """
    height, width = height_width(size)
    rows, columns = values.shape[:2]
    smaller = min(rows, height), min(columns, width)
    if smaller != (rows, columns):
        values = cv2.resize(values, smaller[::-1], interpolation=cv2.INTER_AREA)
    if smaller != (height, width):
        values = cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)
    return values


def resize_mask(mask: NDArray[Any], size: Size) -> NDArray[Any]:
    """Resize h x w: a bool mask by its covered area (foreground from half a pixel on), labels by nearest neighbour.

    >>> resize_mask(np.array([[True, True, False, False], [False, True, False, True]]), (1, 2)).tolist()
    [[True, False]]
    """
    height, width = height_width(size)
    if mask.shape == (height, width):
        return mask
    if mask.dtype == bool:
        grey = mask.view(np.uint8) * np.uint8(255)  # the mean rounds to 128 or more exactly when half is covered
        return resize_image(grey, size) >= 128
    nearest = cv2.resize(mask.astype(np.float64), (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return nearest.astype(mask.dtype)
