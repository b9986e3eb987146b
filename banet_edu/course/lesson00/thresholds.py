"""One prediction cut at every threshold: its overlap and its boundary error there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from banet_edu.data.sample import Sample
from banet_edu.figures.contour import largest_error, unit_of
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.prediction import Prediction

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))  # 0.05 to 0.95


@dataclass(frozen=True, eq=False)
class ThresholdCurves:
    """JA, ASSD and HD (nan where nothing is found) of one prediction at every threshold; `limit` ends the colour scale."""

    sample: Sample
    probability: NDArray[np.float32]
    thresholds: tuple[float, ...]
    overlap: NDArray[np.float64]
    error: NDArray[np.float64]
    largest: NDArray[np.float64]
    limit: float


def threshold_curves(sample: Sample, prediction: Prediction) -> ThresholdCurves:
    """Measure `prediction` (at the size of the sample's mask) at the thresholds 0.05, 0.10, ... 0.95.

    Raises ValueError when the sample has no mask to compare with.
    """
    if sample.mask is None:
        raise ValueError(f"{sample.name}: no reference mask, so no error at any threshold")
    masks = {t: prediction.probability >= t for t in THRESHOLDS}
    unit = unit_of(sample.spacing_mm)
    rows = [boundary_metrics(m, sample.mask, spacing_mm=sample.spacing_mm) for m in masks.values()]
    return ThresholdCurves(
        sample,
        prediction.probability,
        THRESHOLDS,
        np.array([overlap(m, sample.mask)["JA"] for m in masks.values()]),
        np.array([row[f"assd_{unit}"] for row in rows]),
        np.array([row[f"hd_{unit}"] for row in rows]),
        # At the usual threshold the colours use their whole range; what is farther off has the colour of the end.
        largest_error(masks[0.5], sample.mask, sample.spacing_mm) or 1.0,
    )
