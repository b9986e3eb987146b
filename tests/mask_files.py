"""Mask files for the tests: a disc in any grey levels."""

from __future__ import annotations

import numpy as np
from PIL import Image


def disc():
    rows, columns = np.mgrid[:60, :80]
    return (rows - 25) ** 2 + (columns - 40) ** 2 < 18**2


def save(tmp_path, name, pixels, **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(tmp_path / name, **options)
    return tmp_path / name


def grey(truth, low=0, high=255):
    return np.where(truth, high, low).astype(np.uint8)
