"""The traps of data sets, painted: masks that JPEG smeared, films whose frames look alike, a system that only remembers."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from banet_edu.data.sample import Sample
from banet_edu.phantoms.phantom import make_phantom

Mask = NDArray[np.bool_]


def jpeg_levels(mask: Mask, quality: int = 75) -> NDArray[np.uint8]:
    """The grey levels, 0 to 255, that are left of a mask after it was stored as a JPEG file.

    >>> levels = jpeg_levels(np.eye(16, dtype=bool))
    >>> levels.shape, bool(((levels > 0) & (levels < 255)).any())
    ((16, 16), True)
    """
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def painted_films(films: int = 15, frames: int = 8) -> dict[str, Sample]:
    """Short endoscopy films: in each, one painted polyp that drifts by a few pixels from frame to frame, with new noise.

    >>> list(painted_films(1, 3))
    ['film00_frame0', 'film00_frame1', 'film00_frame2']
    """
    found: dict[str, Sample] = {}
    for film in range(films):
        phantom = make_phantom("polyp", seed=film, size=128)
        assert phantom.mask is not None
        rng, at = np.random.default_rng(film), np.zeros(2)
        for frame in range(frames):
            at = at + rng.normal(0, 3, 2)
            move = np.array([[1, 0, at[0]], [0, 1, at[1]]], np.float32)
            image = cv2.warpAffine(phantom.image, move, (128, 128), borderMode=cv2.BORDER_REFLECT)
            mask = cv2.warpAffine(phantom.mask.astype(np.uint8), move, (128, 128)) > 0
            noisy = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
            name = f"film{film:02d}_frame{frame}"
            found[name] = Sample(noisy, mask, name, phantom.spacing_mm)
    return found


def remembered(samples: Mapping[str, Sample], train: Sequence[str], test: Sequence[str]) -> dict[str, Mask]:
    """A "segmentation" that learns nothing: the mask of the training image that looks most alike, copied.

    Alike: the smallest sum of squared differences of the images, reduced to 16 x 16 pixels. Masks must have one size.
    """

    def small(name: str) -> NDArray[np.float64]:
        return cv2.resize(samples[name].image, (16, 16), interpolation=cv2.INTER_AREA).astype(np.float64)

    known = {name: small(name) for name in train}
    found = {}
    for name in test:
        mine = small(name)
        nearest = min(known, key=lambda other: float(((known[other] - mine) ** 2).sum()))
        mask = samples[nearest].mask
        assert mask is not None
        found[name] = mask > 0
    return found
