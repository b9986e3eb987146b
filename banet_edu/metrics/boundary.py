"""How far a predicted boundary, or a volume's surface, is from the reference: HD, HD95, ASSD, NSD and the signed bias.

Distances are nearest-point distances between the two sets of boundary points (k-d trees), so the cost grows with the
length of the boundary and not with the area: a 12-megapixel pair takes well under a second.

With P and R the boundary points of prediction and reference, d(p, R) the distance of p to the nearest point of R:

    HD    = max(max_p d(p, R), max_r d(r, P))
    HD95  = max(percentile95_p d(p, R), percentile95_r d(r, P))       pooled=True: percentile95 of both sets together
    ASSD  = (sum_p d(p, R) + sum_r d(r, P)) / (|P| + |R|)
    NSD_t = (#{p: d(p, R) <= t} + #{r: d(r, P) <= t}) / (|P| + |R|)
    bias  = mean_p of d(p, R), positive where p lies outside the reference, negative inside
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from banet_edu.config import check_spacing, check_tolerance
from banet_edu.metrics.contour import Boundary, Weighting, boundary_pair
from banet_edu.metrics.overlap import Status, case_status, check_pair

DISTANCES = ("hd", "hd95", "assd", "bias")


def boundary_metrics(
    prediction: np.ndarray,
    target: np.ndarray,
    *,
    spacing_mm: tuple[float, ...] | None,
    tolerance_mm: float | Sequence[float] = 1.0,
    tolerance_pct: float | Sequence[float] = 1.0,
    pooled: bool = False,
    weighting: Weighting = "pixels",
    frame_is_boundary: bool = False,
) -> dict[str, Any]:
    """The boundary figures of one pair of masks; formulas at the top of this module.

    Args:
        prediction: h x w bool, or d x h x w of a volume.
        target: the reference, likewise; same shape.
        spacing_mm: (row, column) size of one mask pixel in mm, (z, y, x) of one voxel, or None where it is not known. Then
            distances are in percent of the diagonal of the image or volume: never invent a spacing.
        tolerance_mm: NSD counts a boundary point as right within this distance; several tolerances give several keys.
        tolerance_pct: the same in percent of the diagonal, used without a spacing.
        pooled: medpy's HD95, the percentile over both directions together. It is lower: one long boundary outvotes the
            errors of a short one.
        weighting: "pixels" (default, as MONAI and medpy): boundary points are foreground pixels with one of their four
            neighbours in the background (voxels: of their six), and each counts once. "length" (as surface-distance; of
            images only): points are the corners between unlike pixels, weighted by the length of contour there. Pixel
            counts favour one direction where pixels are not square and undercount diagonals: with such a spacing prefer
            "length" for ASSD, NSD, bias.
        frame_is_boundary: count the frame of the image, the faces of the volume, as boundary where a mask touches it (as
            the peers do). By default not: the frame is where the picture ends, not the object. A mask that fills the
            whole image has no other boundary; for such a pair the frame is counted after all, and "frame_counted" says so.

    Returns:
        "status" (see `overlap`), then hd, hd95, assd, bias and nsd with their unit in the name:
        `hd_mm`, ..., `nsd_at_1mm` with a spacing, `hd_pct`, ..., `nsd_at_1pct` without. Pixel figures stand beside
        (`hd_px`, ...; of a volume in voxels), and the diagonal (`diagonal_mm`, `diagonal_px`), which `penalised` uses. All
        figures are nan unless the status is "ok": a distance to nothing is not defined.

    Raises:
        ValueError: masks that are not bool arrays of one shape in two or three dimensions; a spacing or tolerance that
            is not positive; weighting="length" of a volume.

    >>> target = np.zeros((64, 64), bool); target[16:48, 16:48] = True
    >>> row = boundary_metrics(np.roll(target, 2, axis=1), target, spacing_mm=(0.5, 0.5))
    >>> row["status"], row["hd_mm"], row["nsd_at_1mm"]
    ('ok', 1.0, 1.0)
    """
    prediction, target = check_pair(prediction, target)
    spacing = None if spacing_mm is None else check_spacing(spacing_mm, target.ndim)
    status = case_status(prediction, target)
    sides = np.array(target.shape, float)
    diagonal_px = float(np.hypot.reduce(sides))
    frame_counted = frame_is_boundary or (status == "ok" and bool(prediction.all() or target.all()))
    unit = "pct" if spacing is None else "mm"
    names = {_nsd_name(t, unit): t for t in np.atleast_1d(tolerance_pct if spacing is None else tolerance_mm)}

    if status == "ok":
        pair = boundary_pair(prediction, target, weighting=weighting, frame_is_boundary=frame_counted)
        px = _measure(*pair, target, (1.0,) * target.ndim)
        if spacing is None:
            main = px.scaled(100 / diagonal_px)
        elif len(set(spacing)) == 1:
            main = px.scaled(spacing[0])
        else:
            main = _measure(*pair, target, spacing)
        figures = main.figures(pooled)
        nsd = [main.nsd(tolerance) for tolerance in names.values()]
        figures_px = px.figures(pooled)
    else:
        figures = figures_px = (float("nan"), float("nan"), float("nan"), float("nan"))
        nsd = [float("nan")] * len(names)

    row: dict[str, Any] = {"status": status}
    row |= {f"{name}_{unit}": value for name, value in zip(DISTANCES, figures, strict=True)}
    row |= dict(zip(names, nsd, strict=True))
    row |= {f"{name}_px": value for name, value in zip(DISTANCES, figures_px, strict=True)}
    if spacing is not None:
        row["diagonal_mm"] = float(np.hypot.reduce(sides * spacing))
    return row | {"diagonal_px": diagonal_px, "frame_counted": frame_counted}


class SignedErrors(NamedTuple):
    """Signed error at each point of the predicted boundary (see `signed_errors`)."""

    points: np.ndarray
    distance: np.ndarray
    unit: Literal["mm", "px"]
    status: Status


def signed_errors(
    prediction: np.ndarray, target: np.ndarray, *, spacing_mm: tuple[float, ...] | None, frame_is_boundary: bool = False
) -> SignedErrors:
    """The distance of every predicted boundary pixel to the reference boundary, for a picture of where it went wrong.

    Args:
        prediction, target, spacing_mm, frame_is_boundary: as in `boundary_metrics`.

    Returns:
        `points` N x 2 (row, column) in pixels, or N x 3 (z, y, x) in voxels; `distance` N, positive where the prediction
        lies outside of the reference, in `unit` ("mm" with a spacing, else "px"); `status`. Nothing predicted: no points.
        No reference: the distances are nan. The mean of `distance` is the bias.

    >>> target = np.zeros((9, 9), bool); target[3:6, 3:6] = True
    >>> prediction = np.zeros((9, 9), bool); prediction[2:7, 2:7] = True
    >>> errors = signed_errors(prediction, target, spacing_mm=None)
    >>> len(errors.points), float(errors.distance.min()), errors.unit
    (16, 1.0, 'px')
    """
    prediction, target = check_pair(prediction, target)
    spacing = None if spacing_mm is None else check_spacing(spacing_mm, target.ndim)
    status = case_status(prediction, target)
    unit: Literal["mm", "px"] = "px" if spacing is None else "mm"
    frame_counted = frame_is_boundary or bool(prediction.all() or target.all())
    if not prediction.any():
        return SignedErrors(np.empty((0, target.ndim)), np.empty(0), unit, status)
    predicted, reference = boundary_pair(prediction, target, weighting="pixels", frame_is_boundary=frame_counted)
    if not target.any():
        return SignedErrors(predicted.points, np.full(len(predicted.points), np.nan), unit, status)
    distances = _measure(predicted, reference, target, spacing or (1.0,) * target.ndim)
    return SignedErrors(predicted.points, distances.signed, unit, status)


def penalised(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The row with its undefined figures filled by status, so that an average cannot be improved by missing cases.

    Missed and hallucinated: HD, HD95 and ASSD become the image diagonal (no error can be larger), NSD 0. Both empty:
    the prediction was right, so distances 0, NSD, JA and DI 1. The bias stays nan (an absent boundary is neither too
    far out nor too far in), and so do SE and SP where they have no denominator.

    >>> empty, target = np.zeros((30, 40), bool), np.ones((30, 40), bool)
    >>> row = penalised(boundary_metrics(empty, target, spacing_mm=None))
    >>> row["status"], row["hd_pct"], row["hd_px"], row["nsd_at_1pct"]
    ('missed', 100.0, 50.0, 0.0)
    """
    if row["status"] == "ok":
        return dict(row)
    right = row["status"] == "both_empty"
    filled = dict(row)
    for key in row:
        name, _, unit = key.rpartition("_")
        if name in ("hd", "hd95", "assd"):
            filled[key] = 0.0 if right else 100.0 if unit == "pct" else row[f"diagonal_{unit}"]
        elif key.startswith("nsd_at_"):
            filled[key] = float(right)
        elif right and key in ("JA", "DI"):
            filled[key] = 1.0
    return filled


@dataclass(frozen=True)
class _Distances:
    """Nearest-point distances: `signed` from prediction to reference, `back` the other way; weights or None."""

    signed: np.ndarray
    back: np.ndarray
    weights: tuple[np.ndarray | None, np.ndarray | None]

    def scaled(self, factor: float) -> _Distances:
        return _Distances(self.signed * factor, self.back * factor, self.weights)

    @property
    def both(self) -> np.ndarray:
        return np.concatenate([np.abs(self.signed), self.back])

    @property
    def weights_of_both(self) -> np.ndarray | None:
        there, back = self.weights
        return None if there is None or back is None else np.concatenate([there, back])

    def figures(self, pooled: bool) -> tuple[float, float, float, float]:
        """HD, HD95, ASSD, bias."""
        w_there, w_back = self.weights
        both, w_both = self.both, self.weights_of_both
        if pooled:
            hd95 = _percentile95(both, w_both)
        else:
            hd95 = max(_percentile95(np.abs(self.signed), w_there), _percentile95(self.back, w_back))
        assd, bias = np.average(both, weights=w_both), np.average(self.signed, weights=w_there)
        return float(both.max()), hd95, float(assd), float(bias)

    def nsd(self, tolerance: float) -> float:
        # A hair more than asked: 10 pixels of 0.1 mm are 1 mm, whatever the last bit says.
        within = self.both <= tolerance * (1 + 1e-9)
        return float(np.average(within, weights=self.weights_of_both))


def _measure(predicted: Boundary, reference: Boundary, target: np.ndarray, spacing: tuple[float, ...]) -> _Distances:
    # Unbalanced trees build several times faster and answer as fast for points along curves.
    trees = [cKDTree(b.points * spacing, balanced_tree=False, compact_nodes=False) for b in (predicted, reference)]
    there, back = trees[1].query(trees[0].data)[0], trees[0].query(trees[1].data)[0]
    # A point off the reference boundary has only pixels of one kind around it: any of them tells the side.
    at = tuple(np.maximum(predicted.points, 0).astype(np.intp).T)
    signed = np.where(target[at], 0.0 - there, there)
    return _Distances(signed, back, (predicted.weights(spacing), reference.weights(spacing)))


def _percentile95(distance: np.ndarray, weights: np.ndarray | None) -> float:
    if weights is None:
        return float(np.percentile(distance, 95))
    order = np.argsort(distance)
    share = np.cumsum(weights[order])
    return float(distance[order[np.searchsorted(share, 0.95 * share[-1])]])


def _nsd_name(tolerance: float, unit: str) -> str:
    return f"nsd_at_{check_tolerance(tolerance):g}{unit}"
