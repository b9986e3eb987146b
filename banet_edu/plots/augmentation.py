"""Image and mask, changed together at random as training does it, or wrongly one without the other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.data.augment import Augment, build_augment
from banet_edu.data.sample import Sample
from banet_edu.metrics.overlap import overlap
from banet_edu.plots.contour import draw_lines, mask_outlines
from banet_edu.plots.style import ORANGE, REFERENCE, draw_image, new_figure

#: what may happen to the mask while the image is changed
HANDLINGS = {
    "together": "mask moved together",
    "left behind": "mask left behind",
    "other draw": "mask of another draw",
    "bilinear": "mask enlarged bilinearly",
}
_SHRUNK = 4  # a mask kept at a quarter of the image's size, then enlarged

_augment = cache(build_augment)


def augmented(
    sample: Sample, seed: int, handling: str = "together", kind: str = "default"
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_]]:
    """The changed image, the mask that `handling` gives it, and the mask that belongs to it; all at the mask's size.

    `seed` decides the random change; `kind` is the recipe of `banet_edu.data.augment.build_augment`.
    """
    if handling not in HANDLINGS:
        raise ValueError(f"handling {handling!r} is unknown; known: {', '.join(HANDLINGS)}")
    assert sample.mask is not None
    sample = sample.at((sample.mask.shape[0], sample.mask.shape[1]))
    assert sample.mask is not None
    mask = (sample.mask > 0).astype(np.uint8)
    change: Augment = _augment(kind)
    image, right = change(sample.image, mask, seed)
    given = {"together": right, "left behind": mask}.get(handling)
    if handling == "other draw":
        _, given = change(sample.image, mask, seed + 1)
    elif handling == "bilinear":
        given = _enlarged(right)
    assert given is not None
    return image, given > 0, right > 0


def _enlarged(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mask from a quarter of its size, enlarged as an image is: the grey rim that `> 0` takes for object."""
    height, width = mask.shape
    size = (max(1, width // _SHRUNK), max(1, height // _SHRUNK))
    small = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def augmentation_figure(sample: Sample, seed: int, handling: str = "together") -> Figure:
    """The sample beside one changed copy, each with the outline of its mask."""
    figure, axes = new_figure(1, 2, height=5.0)
    assert sample.mask is not None
    _draw(axes[0][0], sample.image, sample.mask > 0, "as stored")
    _draw_changed(axes[0][1], sample, seed, handling)
    return figure


def augmentations_figure(sample: Sample, seeds: Sequence[int]) -> Figure:
    """Every handling of the mask (columns) for several draws (rows): the sliders as a still picture."""
    figure, axes = new_figure(len(seeds), len(HANDLINGS), height=2.9 * len(seeds))
    for row, seed in zip(axes, seeds, strict=True):
        for panel, handling in zip(row, HANDLINGS, strict=True):
            _draw_changed(panel, sample, seed, handling)
    return figure


def _draw_changed(axes: Axes, sample: Sample, seed: int, handling: str) -> None:
    image, given, right = augmented(sample, seed, handling)
    ja = overlap(given, right)["JA"]
    _draw(axes, image, given, f"{HANDLINGS[handling]}\ndraw {seed}: JA {ja:.2f}", right_one=handling == "together")


def _draw(axes: Axes, image: NDArray[np.uint8], mask: NDArray[np.bool_], title: str, right_one: bool = True) -> None:
    draw_image(axes, image, mask.shape)
    draw_lines(axes, mask_outlines(mask), colour=REFERENCE if right_one else ORANGE, width=2.0)
    axes.set_title(title)
