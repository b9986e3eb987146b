"""An outline set point by point, and how far the network's is from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from banet_edu.figures.contour import largest_error
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.prediction import Prediction

Place = tuple[float, float]
FEWEST = 3  # points that enclose an area
_FINE = 4  # bits of sub-pixel precision in OpenCV's polygons


@dataclass(frozen=True, eq=False)
class Comparison:
    """A prediction against a `reference` (h x w bool) called `name`: `figures` as `overlap` and `boundary_metrics` give them,
    and the `largest` distance of its boundary, 0 where there is none."""

    reference: NDArray[np.bool_]
    name: str
    figures: dict[str, Any]
    largest: float


def compared(
    prediction: Prediction, points: Sequence[Place], mask: NDArray[np.bool_] | None = None
) -> Comparison | None:
    """Compare with the outline through the points; with fewer than three of them with an expert's mask, if there is one."""
    closed = len(points) >= FEWEST
    reference = polygon_mask(points, prediction.mask.shape) if closed else mask
    if reference is None:
        return None
    spacing = prediction.spacing_mm
    figures = overlap(prediction.mask, reference) | boundary_metrics(prediction.mask, reference, spacing_mm=spacing)
    largest = largest_error(prediction.mask, reference, spacing)
    return Comparison(reference, "your outline" if closed else "the mask", figures, largest)


def polygon_mask(points: Sequence[Place], size: tuple[int, int]) -> NDArray[np.bool_]:
    """h x w bool: inside the closed outline through the points (row, column), in their order; empty with fewer than 3.

    >>> int(polygon_mask([(2, 2), (2, 7), (7, 7), (7, 2)], (10, 10)).sum())
    36
    """
    mask = np.zeros(size, np.uint8)
    if len(points) >= FEWEST:
        corners = np.rint(np.asarray(points, float)[:, ::-1] * 2**_FINE).astype(np.int32)
        cv2.fillPoly(mask, [corners], 1, shift=_FINE)
    return mask > 0
