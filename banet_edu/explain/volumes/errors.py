"""Every place where a predicted volume and the expert's differ, largest error first, and in words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.data.volume import Volume
from banet_edu.explain.boundary.differences import Regions, distances_along, nearest_to_middle, sentence_on
from banet_edu.explain.boundary.tables import UnitTable
from banet_edu.explain.volumes.profile import lengths
from banet_edu.metrics.overlap import case_status
from banet_edu.prediction import Prediction

# Along (z, y, x), in front and behind: the patient's directions, and those of an array of unknown orientation.
DIRECTIONS = (("superior", "inferior"), ("anterior", "posterior"), ("right", "left"))
_AXES = (("+z", "-z"), ("+y", "-y"), ("+x", "-x"))
_NAMED = 0.4  # of the way: a smaller part of it goes without a name
_COLUMNS = ("kind", "largest", "mean", "size", "z", "y", "x", "towards")


def volume_errors(volume: Volume, prediction: Prediction) -> UnitTable:
    """One row for each connected region in which the prediction and the mask of a volume differ, largest error first.

    As `errors` of an image: `kind`, `largest_U` and `mean_U` of the distances between boundary voxels (the first row holds the
    point of HD), and `volume_mm3` of the region (without a spacing U is pct, % of the diagonal, and it is
    `volume_pct_of_mask`; of an empty mask nan); `z`, `y`, `x` of the largest error in voxels (of the region's middle where
    there is none); `towards`: its direction from the middle of the mask, as "anterior, left", or "+y, -x" where the patient's
    orientation is unknown.

    Raises ValueError without a mask, or when the prediction is not of the mask's shape.

    >>> mask, found = np.zeros((20, 20, 20), bool), np.zeros((20, 20, 20), bool)
    >>> mask[5:15, 5:15, 5:15] = True; found[5:17, 5:15, 5:15] = True
    >>> prediction = Prediction(found.astype(np.float32), found.astype(np.uint8), "a", ("background", "organ"), 0.5)
    >>> row = volume_errors(Volume(np.zeros(mask.shape), mask, "a", (2, 1, 1)), prediction).iloc[0]
    >>> row["kind"], float(row["largest_mm"]), float(row["volume_mm3"]), row["towards"]
    ('too large', 4.0, 400.0, '+z')
    """
    if volume.mask is None:
        raise ValueError(f"{volume.name!r} has no mask, so no error can be measured")
    found, truth = prediction.mask, np.asarray(volume.mask) > 0
    if found.shape != truth.shape:
        raise ValueError(f"{volume.name}: the mask is {truth.shape}, the prediction {found.shape}")
    spacing, unit, to_unit = lengths(volume, prediction)
    size, to_size = "volume_mm3", float(np.prod(spacing))
    if unit == "pct":
        size, to_size = "volume_pct_of_mask", 100 / int(truth.sum()) if truth.any() else float("nan")
    status = case_status(found, truth)
    middle = np.argwhere(truth if truth.any() else np.ones_like(truth)).mean(axis=0)
    regions = Regions(found, truth)
    along = distances_along(regions, spacing) if status == "ok" else {}
    voxels = np.bincount(regions.labels.ravel(), minlength=regions.count + 1)
    rows: list[dict[str, Any]] = []
    for number in range(1, regions.count + 1):
        points, distance = along.get(number, (np.empty((0, 3)), np.empty(0)))
        worst = points[distance >= distance.max()] if len(distance) else regions.places(number)
        at = nearest_to_middle(worst)
        figures = (float(distance.max()), float(distance.mean())) if len(distance) else (float("nan"),) * 2
        kind = "not found" if status == "missed" else regions.kind(number)
        way = direction((at - middle) * spacing, volume.oriented)
        rows.append(
            dict(
                zip(_COLUMNS, (kind, *(d * to_unit for d in figures), voxels[number] * to_size, *at, way), strict=True)
            )
        )
    rows.sort(key=lambda row: (-np.nan_to_num(row["largest"], nan=np.inf), -row["size"]))
    return UnitTable(rows, columns=list(_COLUMNS)).rename(columns={"size": size}).with_unit(unit, "largest", "mean")


def direction(way: NDArray[np.float64], oriented: bool) -> str:
    """The names of the directions that make up most of a way (z, y, x), the largest first; "in the middle" of none.

    >>> direction(np.array([0.5, -4.0, 3.0]), True), direction(np.array([0.0, 0.0, 1.0]), False)
    ('posterior, right', '+x')
    """
    length = float(np.linalg.norm(way))
    if length == 0:
        return "in the middle"
    names = DIRECTIONS if oriented else _AXES
    order = [axis for axis in np.argsort(-np.abs(way), kind="stable") if abs(way[axis]) > _NAMED * length]
    return ", ".join(names[axis][int(way[axis] < 0)] for axis in order)


def volume_in_words(table: UnitTable, volume: Volume, prediction: Prediction) -> str:
    """One sentence on the `volume_errors` of a volume: how much of the mask is found, missing, too much; the largest."""
    sizes = {
        "mm": ("volume_mm3", "mm³", "mm"),
        "pct": ("volume_pct_of_mask", "% of the reference's volume", "% of the diagonal of the volume"),
    }
    if not len(table):
        return "Prediction and reference are alike."
    truth, way = np.asarray(volume.mask) > 0, table["towards"].iloc[0]
    return sentence_on(table, truth, prediction.mask, *sizes[table.unit], way)
