"""Random changes of a volume and its mask in training: one affine map and another grey scale, by scipy.

No mirror images: a left hippocampus is no right one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

VolumeAugment = Callable[[NDArray[np.float32], NDArray[Any], int], tuple[NDArray[np.float32], NDArray[Any]]]
_DEGREES = {"default": 15.0, "upright": 7.5}
_SCALE, _SHIFT = (0.85, 1.15), 0.05  # of the volume; of each of its sides
_CONTRAST, _BRIGHTNESS = 0.2, 0.2  # of z-scored values


def build_volume_augment(kind: Literal["default", "upright", "release", "none"] = "default") -> VolumeAugment:
    """A function (image D x H x W float32, z-scored; mask D x H x W; seed) -> (image, mask), wholly determined by these.

    - "default": nine times in ten one affine map about the middle (rotation by up to 15 degrees about a random axis, scale
      0.85-1.15, shift within 5 % of each side; intensities trilinear, labels by nearest neighbour, the outside filled by
      the outermost voxels), then values times 0.8-1.2 plus -0.2 to 0.2.
    - "upright": the same with rotations up to 7.5 degrees, for heads that always lie one way.
    - "none": returns what it is given.

    Rotations are of voxels, as if these were cubes. ValueError for another kind; "release" is the authors', of images.

    >>> augment = build_volume_augment("default")
    >>> image, mask = augment(np.zeros((8, 9, 10), np.float32), np.ones((8, 9, 10), np.uint8), 0)
    >>> image.shape, bool(mask.all())
    ((8, 9, 10), True)
    """
    if kind == "none":
        return _unchanged
    if kind not in _DEGREES:
        raise ValueError(f"augment={kind!r}: for volumes choose 'default', 'upright' or 'none'")
    return partial(_changed, degrees=_DEGREES[kind])


def _unchanged(image: NDArray[np.float32], mask: NDArray[Any], seed: int) -> tuple[NDArray[np.float32], NDArray[Any]]:
    return image, mask


def _changed(
    image: NDArray[np.float32], mask: NDArray[Any], seed: int, degrees: float
) -> tuple[NDArray[np.float32], NDArray[Any]]:
    random = np.random.default_rng(seed)
    axis = random.normal(size=3)
    angle, scale = random.uniform(-degrees, degrees), random.uniform(*_SCALE)
    shift = random.uniform(-_SHIFT, _SHIFT, 3) * image.shape
    contrast, brightness = random.uniform(1 - _CONTRAST, 1 + _CONTRAST), random.uniform(-_BRIGHTNESS, _BRIGHTNESS)
    if random.random() < 0.9:
        turn = Rotation.from_rotvec(np.radians(angle) * axis / np.linalg.norm(axis)).as_matrix() / scale
        middle = (np.array(image.shape) - 1) / 2
        place: dict[str, Any] = {"offset": middle - turn @ (middle + shift), "mode": "nearest"}  # output -> input
        image = ndimage.affine_transform(image, turn, order=1, **place)
        mask = ndimage.affine_transform(mask, turn, order=0, **place)
    return image * np.float32(contrast) + np.float32(brightness), mask
