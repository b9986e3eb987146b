"""Painted volumes whose surface, blur and error are known exactly."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from banet_edu.data.volume import Volume
from banet_edu.prediction import Prediction

Three = tuple[float, float, float]
MARGIN_MM = 7.0
INSIDE, OUTSIDE = 140.0, 100.0  # intensities


def away(shape: tuple[int, ...], spacing: Three, radius: float, centre_mm: Three = (0, 0, 0)) -> np.ndarray:
    """Distance in mm from a sphere about the middle of a volume (moved by `centre_mm`), negative inside."""
    places = [
        (at - (side - 1) / 2) * step - moved
        for at, side, step, moved in zip(np.indices(shape), shape, spacing, centre_mm, strict=True)
    ]
    return np.sqrt(sum(place**2 for place in places)) - radius


def shape_for(spacing: Three, radius: float) -> tuple[int, ...]:
    """Voxels that hold a sphere with a margin."""
    return tuple(round(2 * (radius + MARGIN_MM) / step) for step in spacing)


def prediction_of(
    outside_mm: np.ndarray, spacing: Three | None, softness_mm: float = 1.0, name: str = "ball"
) -> Prediction:
    """Probability of a surface at 0 that is normally distributed about it."""
    probability = ndtr(-outside_mm / softness_mm).astype(np.float32)
    return Prediction(probability, (probability >= 0.5).astype(np.uint8), name, ("background", "ball"), 0.5, spacing)


def ball_case(
    spacing: Three = (1.0, 1.0, 1.0),
    *,
    radius: float = 10.0,
    grown: float = 0.0,
    shift_mm: Three = (0.0, 0.0, 0.0),
    blur_mm: float = 1.0,
    softness_mm: float = 1.0,
    known: bool = True,
) -> tuple[Volume, Prediction]:
    """A blurred ball, and a prediction that is larger by `grown` and moved by `shift_mm`; `known`: with its spacing."""
    shape = shape_for(spacing, radius)
    outside = away(shape, spacing, radius)
    image = OUTSIDE + (INSIDE - OUTSIDE) * ndtr(-outside / blur_mm)
    found = away(shape, spacing, radius + grown, shift_mm)
    volume = Volume(image, outside <= 0, "ball", spacing if known else None)
    return volume, prediction_of(found, spacing if known else None, softness_mm)
