"""What a clinician measures on an outline: the longest diameter, the one across it, area and perimeter, with their doubt."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from banet_edu.metrics.shape import measure, outlines
from banet_edu.prediction import Prediction

Array = NDArray[np.float64]
Spacing = tuple[float, float]
BAND = (0.75, 0.25)  # thresholds: the tight and the wide end of what the network may mean
_TINY = np.finfo(np.float32).tiny
_STEPS = 400  # places along the longest diameter at which the one across is looked for


class Diameters(NamedTuple):
    """Two diameters of one region: `longest` and `across` are their ends, 2 x 2, (row, column) in pixels; lengths beside."""

    longest: Array
    across: Array
    longest_length: float
    across_length: float


def diameters(level: NDArray[np.floating], *, spacing_mm: Spacing | None) -> Diameters | None:
    """The longest diameter of the largest part of a region, and the longest line across it at a right angle.

    Args:
        level: h x w, zero or more inside the region, negative outside (a probability minus its threshold).
        spacing_mm: (row, column) of one pixel: lengths are in mm. None: in pixels, taken as square.

    Returns None where nothing is inside. The line across runs from outline to outline; `across_length` is 0 for a region one
    pixel thin.

    Raises ValueError when `level` is not h x w or a spacing is not more than 0.

    >>> level = np.where(np.hypot(*(np.mgrid[-32:32, -32:32] / [[[1]], [[2]]])) <= 10, 1.0, -1.0)
    >>> found = diameters(level, spacing_mm=(0.5, 0.5))
    >>> round(found.longest_length), round(found.across_length)
    (20, 10)
    """
    if level.ndim != 2:
        raise ValueError(f"level must be h x w, not of shape {level.shape}")
    if spacing_mm is not None and not min(spacing_mm) > 0:
        raise ValueError(f"spacing_mm is {spacing_mm}: the sides of a pixel are more than 0 mm")
    inside = (level >= 0).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    if count == 1:
        return None
    biggest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    outside = np.minimum(-np.abs(level), -_TINY)  # the other parts count as background
    lines = outlines(np.where(parts == biggest, level, outside), closed=True)
    scale = np.asarray(spacing_mm or (1.0, 1.0), dtype=np.float64)
    points = np.concatenate(lines) * scale
    hull = cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64)
    gap = ((hull[:, None] - hull[None]) ** 2).sum(-1)
    first, last = (hull[i] for i in np.unravel_index(int(gap.argmax()), gap.shape))
    length = float(np.linalg.norm(last - first))
    along = (last - first) / max(length, 1e-9)
    aside = np.array([-along[1], along[0]])
    across, width = _widest([line * scale for line in lines], first, along, aside, length)
    return Diameters(np.stack([first, last]) / scale, across / scale, length, width)


def clinic_measures(level: NDArray[np.floating], *, spacing_mm: Spacing | None) -> dict[str, float]:
    """Longest diameter, the one across, area and perimeter; the unit stands in each name.

    With a spacing `longest_mm, across_mm, area_mm2, perimeter_mm`. Without: `longest_pct, across_pct, perimeter_pct` (of the
    image diagonal), `area_pct` (of the image) and the same in pixels (`longest_px`, ..., `area_px`). Diameters are those of
    the largest part, area and perimeter of all; `regions` counts the parts. Nothing inside: lengths nan, area 0.

    >>> level = np.where(np.hypot(*np.mgrid[-30:30, -40:40]) <= 20, 1.0, -1.0)
    >>> figures = clinic_measures(level, spacing_mm=None)
    >>> round(figures["longest_px"]), round(figures["longest_pct"])
    (41, 41)
    """
    found = diameters(level, spacing_mm=spacing_mm)
    longest, across = (float("nan"), float("nan")) if found is None else (found.longest_length, found.across_length)
    rest = measure(level, spacing_mm=spacing_mm)
    regions = rest["regions"]
    if spacing_mm is not None:
        named = {"longest_mm": longest, "across_mm": across, "area_mm2": rest["area_mm2"]}
        return named | {"perimeter_mm": rest["perimeter_mm"], "regions": regions}
    lengths = {"longest": longest, "across": across, "perimeter": rest["perimeter_px"]}
    percent = 100 / float(np.hypot(*level.shape))
    figures = {f"{name}_pct": percent * value for name, value in lengths.items()}
    figures |= {f"{name}_px": value for name, value in lengths.items()}
    return figures | {"area_pct": rest["area_pct_of_image"], "area_px": rest["area_px"], "regions": regions}


def measured_in_band(
    probability: NDArray[np.float32], *, spacing_mm: Spacing | None, threshold: float = 0.5
) -> dict[str, tuple[float, float, float]]:
    """Each measurement (see `clinic_measures`) of h x w probabilities of the foreground: at the threshold, and at the tight and
    the wide end of the band, 0.75 and 0.25.

    >>> blob = np.exp(-0.5 * (np.hypot(*np.mgrid[-30:30, -40:40]) / 12) ** 2).astype(np.float32)
    >>> here, tight, wide = measured_in_band(blob, spacing_mm=(0.1, 0.1))["area_mm2"]
    >>> tight < here < wide
    True
    """
    rows = [clinic_measures(probability - np.float32(t), spacing_mm=spacing_mm) for t in (threshold, *BAND)]
    return {name: (rows[0][name], rows[1][name], rows[2][name]) for name in rows[0]}


def measured_with_doubt(prediction: Prediction) -> dict[str, tuple[float, float, float]]:
    """`measured_in_band` of a prediction. Several classes compete, none has a threshold: their band is nan."""
    if prediction.margin is None:
        return measured_in_band(
            prediction.probability, spacing_mm=prediction.spacing_mm, threshold=prediction.threshold
        )
    here = clinic_measures(prediction.level, spacing_mm=prediction.spacing_mm)
    return {name: (value, float("nan"), float("nan")) for name, value in here.items()}


def nothing_found(prediction: Prediction) -> str:
    """What is said where the mask is empty."""
    if prediction.margin is None:
        said = (
            f"the highest probability of the foreground anywhere in the image is {float(prediction.probability.max()):.2f}, "
            f"below the threshold of {prediction.threshold:g}"
        )
    else:
        said = "nowhere in the image is another class more probable than the background"
    return f"Nothing is found: {said}. That is no proof that nothing is there."


def ruler_spacing(ends: Array, length_mm: float) -> float | None:
    """mm per pixel (square pixels) from two points on a ruler, 2 x 2 (row, column), `length_mm` apart; None at one place.

    Raises ValueError for anything but two points, and for a length that is not more than 0.

    >>> ruler_spacing(np.array([[0.0, 0.0], [30.0, 40.0]]), 10.0)
    0.2
    """
    places = np.asarray(ends, float)
    if places.shape != (2, 2) or not np.isfinite(places).all():
        raise ValueError(f"ends are two points, 2 x 2 (row, column), not {ends!r}")
    if not (np.isfinite(length_mm) and length_mm > 0):
        raise ValueError(f"length_mm is {length_mm:g}: a length on a ruler is more than 0 mm")
    pixels = float(np.linalg.norm(places[1] - places[0]))
    return length_mm / pixels if pixels >= 1 else None


def _widest(lines: list[Array], origin: Array, along: Array, aside: Array, length: float) -> tuple[Array, float]:
    """The longest line at a right angle to `along` between the outermost crossings of the outline: its ends, its length."""
    pieces = [np.stack([(line - origin) @ along, (line - origin) @ aside], axis=1) for line in lines]
    start = np.concatenate([piece[:-1] for piece in pieces])
    end = np.concatenate([piece[1:] for piece in pieces])
    places = np.linspace(0, length, _STEPS + 2)[1:-1, None]
    crosses = (np.minimum(start[:, 0], end[:, 0]) <= places) & (places <= np.maximum(start[:, 0], end[:, 0]))
    run = end[:, 0] - start[:, 0]
    share = np.where(np.abs(run) > 1e-12, (places - start[:, 0]) / np.where(np.abs(run) > 1e-12, run, 1), 0.0)
    height = start[:, 1] + share * (end[:, 1] - start[:, 1])
    low = np.where(crosses, height, np.inf).min(axis=1)
    high = np.where(crosses, height, -np.inf).max(axis=1)
    width = np.where(np.isfinite(low), high - low, 0.0)
    at = int(width.argmax())
    middle = origin + places[at] * along
    if not np.isfinite(low[at]):
        return np.stack([middle, middle]), 0.0
    return np.stack([middle + low[at] * aside, middle + high[at] * aside]), float(width[at])
