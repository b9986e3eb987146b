"""Segmentation before networks: a threshold, a region that grows, a texture that clusters. Nothing here learns.

`predict`, `evaluate` and `compare` take these methods as they take networks.

All three are called like one another: `method(image)` with an image H x W x 3 uint8 gives H x W float32, 1 on the
foreground and 0 elsewhere, at the image's own size. An empty answer is an answer. None of them knows what an object is, so
`Otsu` and `Gabor` share rules: black surroundings are no part of the picture (`field_of_view`); of two groups of pixels the
foreground is the one that covers less of the border of what remains (`foreground`); of its pieces, hairs, dust and what lies
along the frame are dropped (`tidy`). `RegionGrowing` only looks for its seed in the field of view, and keeps what it grew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from banet_edu.config import ModelSpec

Mask = NDArray[np.bool_]
Grey = NDArray[np.float64]  # 0 to 255
SMALLEST_SHARE = 0.01  # of the image; smaller pieces are dust and hair


class Classical:
    """What the methods share: a name, and a `spec` as networks have it (class names; the input size is not used)."""

    name: ClassVar[str]

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec(self.name, preset="")

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Otsu(Classical):
    """One grey level for the whole image, the one that splits the histogram into the two tightest groups.

    Source: Otsu 1979 (doi:10.1109/TSMC.1979.4310076), by scikit-image. `smoothing_px`: standard deviation of the Gaussian
    blur before it, in pixels of an image 256 pixels high (it scales with the image).

    >>> disc = np.hypot(*(np.indices((64, 64)) - 32)) < 20
    >>> image = np.where(disc[..., None], 60, 200).astype(np.uint8).repeat(3, axis=2)
    >>> bool((Otsu()(image) == disc).mean() > 0.99)
    True
    """

    name: ClassVar[str] = "otsu"
    smoothing_px: float = 2.0

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        from skimage.filters import threshold_otsu

        grey = smoothed(as_grey(image), self.smoothing_px)
        view = field_of_view(grey)
        if not view.any() or np.ptp(grey[view]) < 1:  # one even surface: no two groups to split
            return np.zeros(grey.shape, np.float32)
        return tidy(foreground(grey < threshold_otsu(grey[view]), view)).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class RegionGrowing(Classical):
    """From a seed to every connected pixel whose grey level differs from the SEED'S by at most `tolerance`.

    Source: Adams and Bischof 1994 (doi:10.1109/34.295913) made it popular; this is its simplest rule, as in scikit-image's
    `flood`. `tolerance`: grey levels (0 to 255). `seed`: (row, column), or None for `find_seed`. One seed finds one object,
    so at most one lung. `smoothing_px` as in `Otsu`.
    """

    name: ClassVar[str] = "region_growing"
    tolerance: float = 30.0
    seed: tuple[int, int] | None = None
    smoothing_px: float = 2.0

    def __post_init__(self) -> None:
        if self.tolerance < 0:
            raise ValueError(f"tolerance is in grey levels from 0 on, not {self.tolerance}")

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        from scipy.ndimage import binary_fill_holes

        return np.asarray(binary_fill_holes(self.grow(image)), np.float32)  # whatever it leaked into stays in

    def grow(self, image: NDArray[np.uint8]) -> Mask:
        """The bare region, H x W bool, holes and leaks and all."""
        from skimage.segmentation import flood

        grey = smoothed(as_grey(image), self.smoothing_px)
        seed = find_seed(image, smoothing_px=self.smoothing_px) if self.seed is None else self.seed
        if not all(0 <= at < side for at, side in zip(seed, grey.shape, strict=True)):
            raise ValueError(f"the seed {seed} lies outside an image of {grey.shape[0]} x {grey.shape[1]} pixels")
        return np.asarray(flood(grey, seed, tolerance=self.tolerance), bool)


@dataclass(frozen=True, kw_only=True)
class Gabor(Classical):
    """Two groups of similar pixels: the answers of a bank of Gabor filters and the grey level, clustered by k-means.

    Source: Jain and Farrokhnia 1991 (doi:10.1016/0031-3203(91)90143-S), filters by scikit-image, k-means by scipy.
    The features are not scaled, and where objects are darker or brighter than the rest the grey level varies most by far: then
    it decides. `grey=False` leaves it out and clusters texture alone. `frequencies`: cycles per pixel at `size` pixels (the
    image is reduced to a square of that side first). `orientations`: evenly over half a turn. `random_state` starts the
    clusters.
    """

    name: ClassVar[str] = "gabor"
    grey: bool = True
    frequencies: tuple[float, ...] = (0.06, 0.12, 0.24)
    orientations: int = 4
    size: int = 128
    random_state: int = 0

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        from scipy.cluster.vq import kmeans2

        features = self.features(image)
        view = field_of_view(features[..., -1])
        flat = features[view] if self.grey else features[view][:, :-1]
        flat = flat[:, flat.std(axis=0) > 1e-9]
        if not flat.size:  # one even surface
            return np.zeros(image.shape[:2], np.float32)
        group = np.zeros(view.shape, bool)
        group[view] = kmeans2(flat, 2, rng=self.random_state, minit="++")[1] == 1
        mask = tidy(foreground(group, view))
        size = (image.shape[1], image.shape[0])
        return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR), np.float32)

    def features(self, image: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Strength of every filter's answer around each pixel, and the grey level: `size` x `size` x (filters + 1)."""
        from scipy.ndimage import gaussian_filter
        from scipy.signal import fftconvolve
        from skimage.filters import gabor_kernel

        grey = cv2.resize(as_grey(image), (self.size, self.size), interpolation=cv2.INTER_AREA)
        margin = self.size // 4
        padded = np.pad(grey - grey.mean(), margin, mode="reflect")
        maps: list[Any] = []
        for frequency in self.frequencies:
            for turn in range(self.orientations):
                kernel = gabor_kernel(frequency, theta=np.pi * turn / self.orientations)
                strength = np.abs(fftconvolve(padded, kernel, mode="same"))
                maps.append(gaussian_filter(strength, 0.5 / frequency)[margin:-margin, margin:-margin])
        return np.stack([*maps, gaussian_filter(grey, 2.0)], axis=-1)


#: name -> the method with its default settings, or others: `CLASSICAL["otsu"](smoothing_px=4)`
CLASSICAL: dict[str, type[Classical]] = {method.name: method for method in (Otsu, RegionGrowing, Gabor)}


def as_grey(image: NDArray[np.uint8]) -> Grey:
    """H x W x 3 uint8 as grey levels 0 to 255 (0.299 R + 0.587 G + 0.114 B); ValueError for anything else."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"an image is H x W x 3 uint8, got {image.shape} {image.dtype}")
    return np.asarray(image @ np.array([0.299, 0.587, 0.114]), np.float64)


def smoothed(grey: Grey, smoothing_px: float) -> Grey:
    """Gaussian blur; `smoothing_px` refers to an image 256 pixels high."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(grey, smoothing_px * grey.shape[0] / 256), np.float64)


def field_of_view(grey: Grey) -> Mask:
    """Without the black surroundings: what is darker than 0.4 times the middle's median and hangs on the image frame."""
    from scipy.ndimage import label

    height, width = grey.shape
    middle = grey[height // 4 : height - height // 4, width // 4 : width - width // 4]
    pieces, _ = label(grey < 0.4 * np.median(middle))
    outside = np.isin(pieces, np.unique(_along_frame(pieces))) & (pieces > 0)
    return ~outside


def foreground(group: Mask, view: Mask) -> Mask:
    """Of two groups of the view's pixels, `group` and the rest, the one that covers less of the view's border."""
    from scipy.ndimage import binary_erosion

    border = view & ~binary_erosion(view, iterations=max(1, len(view) // 20))  # blurred itself: a broad one
    return (~group if group[border].mean() > 0.5 else group) & view


def tidy(mask: Mask) -> Mask:
    """Without hairs (opened by a disc of 1 % of the height), without pieces that lie mostly along the frame or cover under
    1 % of the image, and with holes filled."""
    from scipy.ndimage import binary_fill_holes, label

    radius = max(1, round(0.01 * len(mask)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disc)
    pieces, count = label(opened)
    keep = np.bincount(pieces.ravel(), minlength=count + 1) >= SMALLEST_SHARE * mask.size
    on_frame = np.bincount(_along_frame(pieces), minlength=count + 1) > 0.05 * 2 * sum(mask.shape)
    keep &= ~on_frame
    keep[0] = False
    return np.asarray(binary_fill_holes(keep[pieces]), bool)


def _along_frame(values: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])


def find_seed(image: NDArray[np.uint8], *, smoothing_px: float = 2.0) -> tuple[int, int]:
    """(row, column) of the pixel that differs most from the view's median grey, within the middle half of the image."""
    grey = smoothed(as_grey(image), 3 * smoothing_px)
    view = field_of_view(grey)
    height, width = grey.shape
    top, left = height // 4, width // 4
    middle = (np.abs(grey - np.median(grey[view])) * view)[top : height - top, left : width - left]
    row, column = np.unravel_index(middle.argmax(), middle.shape)
    return int(row) + top, int(column) + left
