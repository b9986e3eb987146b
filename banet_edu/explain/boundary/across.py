"""Across the boundary: the image and the network's probability read along the normals of an outline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from banet_edu.data.sample import Sample
from banet_edu.prediction import Prediction

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


def unrolled_image(sample: Sample, rows: pd.DataFrame, distance: Array) -> NDArray[np.uint8]:
    """The image read along the normals of a profile's rows.

    Args:
        sample: image H x W x 3, and its mask, whose pixels the profile counts in (without a mask: the image's).
        rows: N rows of `boundary_profile`.
        distance: T distances along the outward normal, in the profile's unit.

    Returns:
        T x N x 3 uint8; light grey beyond the image.
    """
    size = np.array(sample.image.shape[:2] if sample.mask is None else sample.mask.shape)
    image = sample.image
    # Points lie 1/256 of the longer side apart: finer detail would alias.
    if (factor := 512 / max(image.shape[:2])) < 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    at = _along_normals(rows, distance)
    beyond = ((at < -0.5) | (at > size[:, None, None] - 0.5)).any(axis=0)
    at = (at + 0.5) * (np.array(image.shape[:2]) / size)[:, None, None] - 0.5
    read = [map_coordinates(image[..., k].astype(np.float32), at, order=1, mode="nearest") for k in range(3)]
    strip = np.stack(read, axis=-1).round().clip(0, 255).astype(np.uint8)
    strip[beyond] = 225
    return strip


def probability_across(prediction: Prediction, rows: pd.DataFrame, distance: Array) -> Array:
    """T x N: the foreground's probability along the normals of N rows of a profile, at T distances in its unit."""
    probability = prediction.probability.astype(np.float64)
    at = _along_normals(rows, distance)
    return np.asarray(map_coordinates(probability, at, order=1, mode="nearest"), np.float64)


def undecided(distance: Array, probability: Array, error: float) -> tuple[float, float]:
    """From where to where the probability is between 0.25 and 0.75, on the stretch nearest to the network's outline.

    `distance`, `probability`: T values across the boundary; `error`: where the network's outline is. Both ends equal where no
    value lies between.

    >>> undecided(np.arange(5.0), np.array([0.9, 0.7, 0.5, 0.3, 0.1]), 2.0)
    (1.0, 3.0)
    """
    run = nearest_run((probability > 0.25) & (probability < 0.75), np.abs(distance - error))
    return (float(distance[run[0]]), float(distance[run[-1]])) if len(run) else (error, error)


def nearest_run(marks: NDArray[np.bool_], away: NDArray[Any]) -> NDArray[np.intp]:
    """Indices of the run of True in `marks` that comes nearest, by `away` of its nearest element; none where nothing is True.

    Only one run: the other side of a thin object is another boundary.

    >>> nearest_run(np.array([True, False, True, True]), np.array([2, 1, 0, 1])).tolist()
    [2, 3]
    """
    found = np.flatnonzero(marks)
    runs = np.split(found, np.flatnonzero(np.diff(found) > 1) + 1)
    return min(runs, key=lambda run: away[run].min()) if len(found) else found


def _along_normals(rows: pd.DataFrame, distance: Array) -> Array:
    """2 x T x N: row and column, in mask pixels, of the places at `distance` (T) along the normals of N rows."""
    return np.stack([
        rows[name].to_numpy()[None] + distance[:, None] * rows[f"normal_{name}"].to_numpy()[None]
        for name in ("row", "column")
    ])  # fmt: skip
