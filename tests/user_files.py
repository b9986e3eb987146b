"""What tests of the commands share: a picture on disk, and what was printed as one line."""

from __future__ import annotations

import numpy as np
from PIL import Image


def picture(path, seed=0, size=(64, 80)):
    """Noise as an image file; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 255, (*size, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


def squashed(text):
    return " ".join(text.split())
