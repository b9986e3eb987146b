"""Small made-up images and masks for the tests of the data room (`conftest.py` puts this folder on the import path)."""

from __future__ import annotations

import numpy as np
from PIL import Image


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def noise(seed, shape=(40, 60, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def block(seed=0, shape=(40, 60)):
    mask = np.zeros(shape, np.uint8)
    mask[5 : 15 + seed, 10:30] = 255
    return mask
