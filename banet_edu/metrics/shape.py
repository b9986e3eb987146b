"""The outline of a region, sub-pixel, and what a clinician reads off it: area, diameters, perimeter.

A region is given by its `level`: an h x w array, positive or zero inside, negative outside (a probability minus its
threshold). Points are (row, column) in pixels, pixel centres at whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours

from banet_edu.config import check_spacing

_TINY = np.finfo(np.float32).tiny


def outlines(level: NDArray[np.floating], *, closed: bool = False) -> list[NDArray[np.float64]]:
    """The lines where `level` crosses zero, each N x 2, (row, column), interpolated between pixels.

    A region cut by the image frame gives an open line, because the frame is not a boundary; `closed=True` closes it
    along the outer edge of the frame's pixels, which is what areas and diameters need.

    >>> import numpy as np
    >>> level = np.array([[-1.0, -1, -1, -1], [-1, 1, 1, -1], [-1, 1, 1, -1], [-1, -1, -1, -1]])
    >>> [line] = outlines(level)
    >>> float(line[:, 0].min()), float(line[:, 0].max())
    (0.5, 2.5)
    """
    inside = level >= 0
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if rows.size == 0 or (min(level.shape) < 2 and not closed):  # of a picture one pixel wide there is only the frame
        return []
    # Only the bounding box and one pixel around it are searched: a 12-megapixel map costs as little as its lesion.
    top, left = max(rows[0] - 1, 0), max(columns[0] - 1, 0)
    crop = level[top : rows[-1] + 2, left : columns[-1] + 2].astype(np.float64)
    crop[crop == 0] = _TINY  # zero counts as inside, as in the mask
    if closed:
        crop = np.pad(crop, 1, mode="edge")
        ring = np.ones(crop.shape, dtype=bool)
        ring[1:-1, 1:-1] = False
        crop[ring] = -np.abs(crop[ring])  # mirrored in sign, so the line runs half a pixel outside the last centre
        top, left = top - 1, left - 1
    lines = find_contours(crop, 0.0, fully_connected="high")
    offset = np.array([top, left])
    return [line + offset for line in lines]


def measure(level: NDArray[np.floating], *, spacing_mm: tuple[float, float] | None) -> dict[str, float]:
    """Area, diameters and perimeter of the region where `level` >= 0, in mm only when `spacing_mm` is given.

    Returns `area_*` (mm2 or px) and `area_pct_of_image` and `perimeter_*` of the whole region, `regions` (its number
    of connected parts, diagonal neighbours joined) and three diameters of its LARGEST part: `equivalent_diameter_*`
    (of the circle of equal area), `largest_diameter_*` and `smallest_diameter_*` (maximum and minimum Feret
    diameter: the widest and the narrowest calliper opening). Nothing there: area 0, diameters nan.

    `spacing_mm` is (row, column) of one pixel. Without it lengths are in pixels, for square pixels.

    >>> import numpy as np
    >>> level = np.where(np.hypot(*np.mgrid[-32:32, -32:32]) <= 20, 1.0, -1.0)
    >>> figures = measure(level, spacing_mm=(0.5, 0.5))
    >>> round(figures["equivalent_diameter_mm"], 1), round(figures["largest_diameter_mm"], 1)
    (20.0, 20.5)
    """
    unit = "px" if spacing_mm is None else "mm"
    area_unit = "px" if spacing_mm is None else "mm2"
    scale = np.asarray(spacing_mm or (1.0, 1.0), dtype=np.float64)
    pixel_area = float(scale.prod())
    inside = (level >= 0).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    area = float(inside.sum()) * pixel_area
    perimeter = sum(_length(line * scale) for line in outlines(level, closed=True))

    equivalent = largest = smallest = float("nan")
    if count > 1:
        biggest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
        equivalent = 2.0 * float(np.sqrt(stats[biggest, cv2.CC_STAT_AREA] * pixel_area / np.pi))
        outside = np.minimum(-np.abs(level), -_TINY)  # the other parts count as background
        alone = np.where(parts == biggest, level, outside)
        largest, smallest = feret_diameters(np.concatenate(outlines(alone, closed=True)) * scale)
    return {
        f"area_{area_unit}": area,
        "area_pct_of_image": 100.0 * float(inside.mean()),
        f"equivalent_diameter_{unit}": equivalent,
        f"largest_diameter_{unit}": largest,
        f"smallest_diameter_{unit}": smallest,
        f"perimeter_{unit}": float(perimeter),
        "regions": count - 1,
    }


def volume_ml(mask: NDArray[np.bool_], *, spacing_mm: tuple[float, ...]) -> float:
    """Millilitres (1000 mm3) of the foreground of d x h x w bool, voxels of (z, y, x) mm; ValueError for anything else.

    >>> volume_ml(np.ones((10, 20, 20), bool), spacing_mm=(3.0, 0.5, 0.5))
    3.0
    """
    if mask.ndim != 3 or mask.dtype != np.bool_:
        raise ValueError(f"a volume is that of a d x h x w bool mask, got {mask.shape} {mask.dtype}: labels == 1, say")
    return float(np.count_nonzero(mask) * np.prod(check_spacing(spacing_mm, 3)) / 1000)


def measure_volume(
    labels: NDArray[np.integer], class_names: Sequence[str], *, spacing_mm: tuple[float, ...] | None
) -> dict[str, float]:
    """Volume of the foreground of d x h x w labels, `volume_ml`, and where there are several classes of each,
    `volume_ml_CLASS`; without a spacing (z, y, x) `volume_voxels`.

    >>> labels = np.repeat([0, 1, 2, 2], 250).reshape(4, 10, 25)
    >>> measure_volume(labels, ("background", "front", "back"), spacing_mm=(2, 1, 1))
    {'volume_ml': 1.5, 'volume_ml_front': 0.5, 'volume_ml_back': 1.0}
    """
    masks = {"": labels > 0}
    if len(class_names) > 2:
        masks |= {f"_{name}": labels == label for label, name in enumerate(class_names) if label}
    if spacing_mm is None:
        return {f"volume_voxels{name}": float(np.count_nonzero(mask)) for name, mask in masks.items()}
    return {f"volume_ml{name}": volume_ml(mask, spacing_mm=spacing_mm) for name, mask in masks.items()}


def feret_diameters(points: NDArray[np.floating]) -> tuple[float, float]:
    """Largest and smallest calliper width of a point set (N x 2), in the points' own unit.

    >>> feret_diameters(np.array([[0.0, 0.0], [0.0, 4.0], [3.0, 0.0], [3.0, 4.0]]))
    (5.0, 3.0)
    """
    curve = cv2.convexHull(np.ascontiguousarray(points, dtype=np.float32))
    # Dropping corners that stand out by less than 1/100000 of the size leaves a few hundred of any smooth hull.
    curve = cv2.approxPolyDP(curve, 1e-5 * float(np.ptp(curve, axis=0).max()), closed=True)
    hull = curve[:, 0].astype(np.float64)
    if len(hull) < 3:
        return float(np.ptp(hull, axis=0).max()), 0.0
    largest = float(np.sqrt(((hull[:, None] - hull[None]) ** 2).sum(-1)).max())
    # The narrowest opening always has one jaw flat on an edge of the convex hull.
    edges = np.roll(hull, -1, axis=0) - hull
    normals = np.stack([-edges[:, 1], edges[:, 0]], axis=1) / np.linalg.norm(edges, axis=1, keepdims=True)
    smallest = float(np.ptp(hull @ normals.T, axis=0).min())
    return largest, smallest


def _length(line: NDArray[np.floating]) -> float:
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
