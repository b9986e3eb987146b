"""Every place where a prediction and the expert's mask differ, largest error first: what is missing, and what is too much."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label
from scipy.spatial import cKDTree

from banet_edu.data.sample import Sample
from banet_edu.data.volume import Volume
from banet_edu.explain.boundary.tables import UnitTable
from banet_edu.explain.boundary.wording import size as in_figures
from banet_edu.metrics.contour import Boundary, boundary_pair
from banet_edu.metrics.overlap import case_status
from banet_edu.prediction import Prediction

_COLUMNS = ("kind", "largest", "mean", "length", "area", "row", "column", "clock")
_LENGTHS = ("largest", "mean", "length")


def errors(sample: Sample | Volume, prediction: Prediction) -> UnitTable:
    """One row for each connected region in which the prediction and the mask differ, largest error first.

    Distances are those of `boundary_metrics`: from every boundary pixel of either mask to the nearest of the other, the image
    frame left out. Each belongs to the region that it runs along, so the first row holds the point of HD, and its largest error
    is HD.

    Args:
        sample: with a mask (several classes count as one foreground). Of a volume see `explain.volumes.errors.volume_errors`:
            the same, in voxels.
        prediction: of the same image, at the mask's size. Lengths are in mm with a spacing (the prediction's, else the
            sample's), otherwise in % of the image diagonal: U below stands for mm or pct.

    Returns:
        `kind`: "too small" and "too large" where the outline runs inside or outside of the expert's; "part missed", a piece of
        the mask that the prediction does not touch; "extra piece", one of the prediction that the mask does not touch; "not
        found" for every piece where nothing is predicted at all. `largest_U` and `mean_U` of the distances (nan where one of
        the masks is empty: a distance to nothing is not defined), `length_U` of the outline that is off (the mask's; of an
        extra piece, and of a hole inside, its own), `area_mm2` or `area_pct_of_image` of the region, `row` and `column` of
        the largest error in mask pixels (of the region's middle where there is none), `clock`: its direction from the middle
        of the mask, 1 to 12, 12 is up. No row, but these columns, where both masks are alike.

    Raises ValueError without a mask, or with a prediction of another size.

    >>> mask, found = np.zeros((60, 60), bool), np.zeros((60, 60), bool)
    >>> mask[10:40, 10:40] = True; found[10:40, 10:45] = True; found[50:55, 50:55] = True
    >>> sample = Sample(np.zeros((60, 60, 3), np.uint8), mask, "a", spacing_mm=(0.5, 0.5))
    >>> prediction = Prediction(found.astype(np.float32), found.astype(np.uint8), "a", ("background", "lesion"), 0.5)
    >>> errors(sample, prediction)[["kind", "largest_mm", "area_mm2", "clock"]].to_numpy().tolist()
    [['extra piece', 10.606601717798213, 6.25, 5], ['too large', 2.5, 37.5, 3]]
    """
    if isinstance(sample, Volume):
        from banet_edu.explain.volumes.errors import volume_errors  # which builds on this file

        return volume_errors(sample, prediction)
    if sample.mask is None:
        raise ValueError(f"{sample.name!r} has no mask, so no error can be measured")
    found, truth = prediction.mask, np.asarray(sample.mask) > 0
    if found.shape != truth.shape:
        raise ValueError(
            f"{sample.name}: the prediction is {found.shape}, the mask {truth.shape}: predict the sample itself"
        )
    spacing = prediction.spacing_mm or sample.spacing_mm
    row_mm, column_mm = spacing or (1.0, 1.0)
    to_unit = 1.0 if spacing else 100.0 / float(np.hypot(*truth.shape))
    to_area = row_mm * column_mm if spacing else 100.0 / truth.size
    status = case_status(found, truth)
    middle = _middle(truth if truth.any() else np.ones_like(truth))

    rows: list[dict[str, Any]] = []
    regions = Regions(found, truth)
    along = distances_along(regions, (row_mm, column_mm)) if status == "ok" else {}
    lengths = _lengths(regions, (row_mm, column_mm))
    areas = np.bincount(regions.labels.ravel(), minlength=regions.count + 1)
    for number in range(1, regions.count + 1):
        points, distance = along.get(number, (np.empty((0, 2)), np.empty(0)))
        worst = points[distance >= distance.max()] if len(distance) else regions.places(number)
        at = nearest_to_middle(worst)
        rows.append(
            {
                "kind": "not found" if status == "missed" else regions.kind(number),
                "largest": float(distance.max()) * to_unit if len(distance) else float("nan"),
                "mean": float(distance.mean()) * to_unit if len(distance) else float("nan"),
                "length": lengths[number] * to_unit,
                "area": float(areas[number]) * to_area,
                "row": float(at[0]),
                "column": float(at[1]),
                "clock": _clock(at - middle, (row_mm, column_mm)),
            }
        )
    rows.sort(key=lambda row: (-np.nan_to_num(row["largest"], nan=np.inf), -row["area"]))
    table = UnitTable(rows, columns=list(_COLUMNS)).rename(
        columns={"area": "area_mm2" if spacing else "area_pct_of_image"}
    )
    return table.with_unit("mm" if spacing else "pct", *_LENGTHS)


class Regions:
    """The connected regions in which two masks differ, numbered from 1: first what is missing, then what is too much."""

    def __init__(self, found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
        self.found, self.truth = found, truth
        missing, missed = _pieces(truth & ~found)
        extra, added = _pieces(found & ~truth)
        self.missed, self.count = missed, missed + added
        self.labels = np.where(extra > 0, extra + missed, missing)
        self._boxes = find_objects(
            self.labels
        )  # there may be many: each is looked at where it lies, not in the whole image
        # whole pieces of one mask that the other does not touch
        self._whole: set[int] = set()
        for mask, other in ((truth, found), (found, truth)):
            labels, count = _pieces(mask)
            untouched = np.setdiff1d(np.arange(1, count + 1), labels[other & mask])
            boxes = find_objects(labels) if len(untouched) else []
            for piece in untouched.tolist():
                box = boxes[piece - 1]
                self._whole.add(int(self.labels[box][labels[box] == piece][0]))

    def kind(self, number: int) -> str:
        if number <= self.missed:
            return "part missed" if number in self._whole else "too small"
        return "extra piece" if number in self._whole else "too large"

    def places(self, number: int) -> NDArray[np.intp]:
        """N x dims, the pixels of a region."""
        box = self._boxes[number - 1]
        return np.asarray(np.argwhere(self.labels[box] == number) + [side.start for side in box])

    def of(self, points: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.intp]:
        """The region that each boundary pixel of `mask` lies in, or runs along; 0 where both masks have their boundary."""
        places, ends = points.astype(np.intp), np.array(mask.shape) - 1
        labels = self.labels[tuple(places.T)].copy()
        for axis in reversed(range(mask.ndim)):
            for step in (1, -1):
                beside = places.copy()
                beside[:, axis] += step
                inside = (beside[:, axis] >= 0) & (beside[:, axis] <= ends[axis])
                at = tuple(beside.clip(0, ends).T)
                along = inside & ~mask[at] & (labels == 0)
                labels[along] = self.labels[at][along]
        return labels


def _pieces(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], int]:
    if mask.ndim == 3:
        labels, count = label(mask, np.ones((3, 3, 3)))
        return labels.astype(np.intp), int(count)
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return labels.astype(np.intp), count - 1


def distances_along(
    regions: Regions, spacing: tuple[float, ...]
) -> dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """{region: (points, distance to the other mask's boundary)} of the boundary pixels of both masks that run along it."""
    frame = bool(regions.found.all() or regions.truth.all())
    pair = boundary_pair(regions.found, regions.truth, weighting="pixels", frame_is_boundary=frame)
    trees = [cKDTree(boundary.points * spacing) for boundary in pair]
    points = np.concatenate([boundary.points for boundary in pair])
    distance = np.concatenate([trees[1].query(trees[0].data)[0], trees[0].query(trees[1].data)[0]])
    masks = (regions.found, regions.truth)
    labels = np.concatenate([regions.of(boundary.points, mask) for boundary, mask in zip(pair, masks, strict=True)])
    order = np.argsort(labels, kind="stable")
    numbers, starts = np.unique(labels[order], return_index=True)
    parts = zip(numbers.tolist(), np.split(order, starts[1:]), strict=True)
    return {number: (points[rows], distance[rows]) for number, rows in parts if number}


def _lengths(regions: Regions, spacing: tuple[float, float]) -> dict[int, float]:
    """Length of the outline along each region, in the unit of `spacing`: the mask's; of an extra piece, and of a hole that the
    mask's outline does not touch, its own."""
    lengths = dict.fromkeys(range(1, regions.count + 1), 0.0)
    if not (regions.found.any() or regions.truth.any()):
        return lengths
    masks = [
        mask if mask.any() else other
        for mask, other in ((regions.found, regions.truth), (regions.truth, regions.found))
    ]
    own, theirs = boundary_pair(*masks, weighting="length", frame_is_boundary=False)
    of_own = _length_along(own, regions, spacing)
    lengths |= _length_along(theirs, regions, spacing)
    apart = (number for number in lengths if regions.kind(number) == "extra piece" or not lengths[number])
    return lengths | {number: of_own.get(number, 0.0) for number in apart}


def _length_along(boundary: Boundary, regions: Regions, spacing: tuple[float, float]) -> dict[int, float]:
    weights = boundary.weights(spacing)
    assert weights is not None  # pieces of contour have lengths
    rows, columns = np.floor(boundary.points).astype(np.intp).T
    around = [regions.labels[rows + down, columns + right] for down in (0, 1) for right in (0, 1)]
    labels = np.max(around, axis=0)
    sums = np.bincount(labels, weights)
    return {number: float(sums[number]) for number in set(labels.tolist()) - {0}}


def _middle(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.argwhere(mask).mean(axis=0)


def nearest_to_middle(points: NDArray[Any]) -> NDArray[np.float64]:
    """The one of some points (N x dims) that lies nearest to their middle: of equally large errors, and of a region."""
    return np.asarray(points[int(((points - points.mean(axis=0)) ** 2).sum(axis=1).argmin())], float)


def _clock(offset: NDArray[np.float64], spacing: tuple[float, float]) -> int:
    """The hour in whose direction an offset (rows, columns) points; 12 is up.

    >>> [_clock(np.array(offset), (1.0, 1.0)) for offset in ((-1, 0), (0, 1), (1, 0), (0, -1), (-1, 0.2))]
    [12, 3, 6, 9, 12]
    """
    down, right = offset * spacing
    return int(np.floor(np.degrees(np.arctan2(right, -down)) / 30 + 0.5)) % 12 or 12


def in_words(table: UnitTable, sample: Sample, prediction: Prediction) -> str:
    """One sentence on the `errors` of a sample: how much of the mask is found, missing, too much; the largest."""
    sizes = {"mm": ("area_mm2", "mm²", "mm"), "pct": ("area_pct_of_image", "% of the image", "% of the image diagonal")}
    if not len(table):
        return "Outline and reference are alike."
    way = f"{table['clock'].iloc[0]} o'clock"
    return sentence_on(table, np.asarray(sample.mask) > 0, prediction.mask, *sizes[table.unit], way)


def sentence_on(
    table: UnitTable, truth: NDArray[np.bool_], found: NDArray[np.bool_], size: str, unit: str, length: str, way: str
) -> str:
    """Of errors, largest first: their total `size` (a column) in `unit`, the largest in `length`, and its `way` off."""
    too_much = table["kind"].isin(("too large", "extra piece"))
    parts = ["The reference is empty"]
    if truth.any():
        share = 100 * float(found[truth].mean())
        much = f"{share:.3g}" if share < 99.95 else "Over 99.9"
        parts = [f"{much} % of the reference is found" if share < 100 else "All of the reference is found"]
    for named, rows in (("missing", table[~too_much]), ("too much", table[too_much])):
        if len(rows):
            much = (
                f"{in_figures(rows[size].sum())} {unit} " if rows[size].notna().all() else ""
            )  # nan: % of a mask that is empty
            parts.append(f"{named}: {much}in {len(rows)} place{'s' * (len(rows) > 1)}")
    first = next(table.rows())
    if np.isfinite(first["largest"]):
        parts.append(f"the largest error is {in_figures(first['largest'])} {length}: {first['kind']}, towards {way}")
    return "; ".join(parts) + "."
