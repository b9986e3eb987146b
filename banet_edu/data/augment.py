"""Random changes of image and mask in training: the only file that knows albumentations.

albumentations 2.0.8 is the last release under the MIT licence; it is pinned, and everything else sees one function.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Augment = Callable[[NDArray[np.uint8], NDArray[Any], int], tuple[NDArray[np.uint8], NDArray[Any]]]


def build_augment(kind: Literal["default", "upright", "release", "none"] = "default") -> Augment:
    """A function (image h x w x 3 uint8, mask h x w, seed) -> (image, mask), wholly determined by its arguments.

    - "default": flips, one affine map (scale 0.8-1.25, rotation within 45 degrees, shift within 10 %, shear within 8
      degrees, the outside filled by reflection), then brightness, contrast, saturation and a little hue.
    - "upright": for images that always stand one way, such as chest X-rays: as "default" without the vertical flip and
      with rotation within 10 degrees only.
    - "release": the authors' recipe (SPEC section 3 [release]): flips, a centred zoom of 1-1.5 or a centred crop of
      0.5-1 blown up to full size, rotation within 10 degrees. One deviation: labels are taken by nearest neighbour.
    - "none": returns what it is given.

    >>> augment = build_augment("none")
    >>> image, mask = augment(np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), bool), 0)
    >>> mask.all()
    np.True_
    """
    if kind == "none":
        return _unchanged
    if kind not in ("default", "upright", "release"):
        raise ValueError(f"augment={kind!r}: choose 'default', 'upright', 'release' or 'none'")
    return _Albumentations(kind)


def _unchanged(image: NDArray[np.uint8], mask: NDArray[Any], seed: int) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    return image, mask


class _Albumentations:
    def __init__(self, kind: str) -> None:
        os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # its import asks the network for a newer version otherwise
        import albumentations as A

        flips = [A.HorizontalFlip(p=0.5)] if kind == "upright" else [A.HorizontalFlip(p=0.5), A.VerticalFlip(p=0.5)]
        if kind in ("default", "upright"):
            angle = 10 if kind == "upright" else 45
            affine = A.Affine(
                scale=(0.8, 1.25),
                rotate=(-angle, angle),
                translate_percent=(-0.1, 0.1),
                shear=(-8, 8),
                keep_ratio=True,
                border_mode=cv2.BORDER_REFLECT_101,
                p=0.9,
            )
            # Saturation and hue leave grey pixels grey, so X-rays stay X-rays.
            colour = A.ColorJitter(
                brightness=(0.8, 1.2), contrast=(0.8, 1.2), saturation=(0.8, 1.2), hue=(-0.03, 0.03), p=0.8
            )
            steps = [*flips, affine, colour]
        else:
            zoom = A.OneOf(
                [A.Affine(scale=(1.0, 1.5), keep_ratio=True, p=1), A.Affine(scale=(1.0, 2.0), keep_ratio=True, p=1)],
                p=0.5,
            )
            steps = [*flips, zoom, A.Rotate(limit=(-10, 10), border_mode=cv2.BORDER_CONSTANT, p=0.5)]
        self._compose = A.Compose(steps)

    def __call__(
        self, image: NDArray[np.uint8], mask: NDArray[Any], seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[Any]]:
        # One stream for all steps: `set_random_seed` would give each its own copy, so that both flips always agree.
        self._compose.set_random_state(np.random.default_rng(seed), random.Random(seed))
        changed = self._compose(image=image, mask=mask.astype(np.uint8, copy=False))
        return changed["image"], changed["mask"].astype(mask.dtype, copy=False)
