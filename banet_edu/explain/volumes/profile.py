"""`surface_profile`: the boundary of a volume as a table, one row per point of its surface; and its expected error."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import nn

from banet_edu.data.volume import Volume, normalised
from banet_edu.explain.boundary.appearance import REACH, read_steps
from banet_edu.explain.boundary.tables import UnitTable
from banet_edu.explain.inside.at_points import signal_columns
from banet_edu.explain.inside.trace import Trace, entropy_bits
from banet_edu.explain.volumes.normals import T, along_normals, expected_by_probability, slack, working_length
from banet_edu.explain.volumes.surface import Array, Surface, read_at, surface_of_level, surface_of_mask
from banet_edu.metrics.overlap import case_status
from banet_edu.prediction import Prediction, predict

_LEAST_CONTRAST = 0.05  # standard deviations: below it no edge width is read
_FEWEST = 6.0  # working lengths: so far inward always counts as inside
_UNTESTED = "what its probabilities say of the error was not tested on volumes with a mask"


def surface_profile(
    volume: Volume,
    prediction: Prediction,
    *,
    trace: Trace | None = None,
    along: Literal["reference", "prediction"] | None = None,
) -> UnitTable:
    """One row per point of a surface, about a voxel apart; of a large surface 20 000 of its points.

    Args:
        volume: with its mask if known (several classes count as one foreground). Lengths are in mm with a spacing (the
            prediction's, else the volume's), otherwise in % of the volume's diagonal: U below stands for mm or pct.
        prediction: of that volume.
        trace: what `probe` saw of it: adds the network's own signals, under the names that `boundary_profile` gives them.
        along: whose surface the rows follow; by default the reference's where it has one.

    Returns:
        `name`, `status` (as in `overlap`; "no_reference" without a mask), `along`, `part` (connected part of the surface),
        `z`, `y`, `x` (voxels), `normal_z`, `normal_y`, `normal_x` (voxels per U, outward), `share` (of the surface's area:
        weights for means).
        `signed_error_U`: distance to the other surface, positive where the prediction lies outside of the reference; absent
        without a reference, nan where one of the two has no surface.
        Of the image: `contrast_sd` (across the surface, in standard deviations of the volume's intensities; mostly positive,
        negative where inside and outside are the wrong way round), `edge_width_U` (standard deviation of the fitted blurred
        step; nan where no edge can be seen), `frame_distance_U` (to the nearest face of the volume).
        Of the result: `entropy_bits`, `slack_U` (over how long a way along the normal the probability lies between 0.25 and
        0.75), `expected_U` (the error that the probabilities themselves lead one to expect at the nearest point of the
        predicted surface, see `explain.volumes.normals`).
        No row where there is no surface: nothing there, or all of the volume filled.

    Raises ValueError when the prediction is not of the volume's shape, or `along="reference"` without a mask.
    """
    reference = None if volume.mask is None else np.asarray(volume.mask) > 0
    if prediction.mask.shape != volume.shape:
        raise ValueError(f"{volume.name}: the volume is {volume.shape}, the prediction {prediction.mask.shape}")
    if along == "reference" and reference is None:
        raise ValueError(f"{volume.name} has no mask: along='prediction' follows the predicted surface")
    spacing, unit, to_unit = lengths(volume, prediction)
    predicted = surface_of_level(prediction.level, spacing)
    expert = None if reference is None else surface_of_mask(reference, spacing)
    if along is None:
        along = "reference" if expert is not None and len(expert) else "prediction"
    surface, region = (predicted, prediction.mask) if along == "prediction" else (expert, reference)
    assert surface is not None and region is not None
    chosen = surface.thinned()
    points = surface.points[chosen]

    status = "no_reference" if reference is None else case_status(prediction.mask, reference)
    columns: dict[str, Any] = {
        "name": volume.name,
        "status": status,
        "along": along,
        **_places(surface, chosen, to_unit),
    }
    if expert is not None:
        other = predicted if along == "reference" else expert
        columns[f"signed_error_{unit}"] = to_unit * _signed(surface, chosen, other, along, prediction.level, expert)
    contrast, width = _steps(normalised(volume), region, surface, chosen) if len(chosen) else (np.empty(0),) * 2
    columns |= {"contrast_sd": contrast, f"edge_width_{unit}": width * to_unit}
    to_face = np.minimum(points + 0.5, np.array(volume.shape) - 0.5 - points) * spacing
    columns[f"frame_distance_{unit}"] = to_face.min(axis=1) * to_unit
    columns["entropy_bits"] = entropy_bits(read_at(prediction.probability, points))
    columns[f"slack_{unit}"] = to_unit * slack(read_at(prediction.probability, along_normals(surface, chosen)), spacing)
    columns[f"expected_{unit}"] = to_unit * _expected(prediction, predicted, surface.places[chosen])
    if trace is not None:
        columns |= signal_columns(trace, partial(_reader(trace, volume), points=points))
    return UnitTable(columns, index=range(len(chosen)))


def expected_error_of_volume(model: nn.Module, volume: Volume, *, prediction: Prediction | None = None) -> UnitTable:
    """`expected_error` of a volume: one row for each point of the predicted surface, those of `surface_profile(...,
    along="prediction")` in its order.

    Returns `z`, `y`, `x` (voxels), `expected_U`, `low_U` and `high_U` by the network's own probabilities
    (`explain.volumes.normals`), `marked`, `reason` and `part`. Networks of volumes have no track record:
    `.attrs["track_record"]` is None, nothing is marked.
    """
    found = predict(model, volume) if prediction is None else prediction
    spacing, unit, to_unit = lengths(volume, found)
    surface = surface_of_level(found.level, spacing)
    chosen = surface.thinned()
    errors = expected_by_probability(found.probability, surface, chosen)
    columns = dict(zip("zyx", surface.points[chosen].T, strict=True))
    columns |= {f"{name}_{unit}": to_unit * values for name, values in errors._asdict().items()}
    table = UnitTable(
        {**columns, "marked": False, "reason": "", "part": surface.part[chosen]}, index=range(len(chosen))
    )
    table.attrs |= {"track_record": None, "reason": _UNTESTED}
    return table


def lengths(volume: Volume, prediction: Prediction) -> tuple[tuple[float, ...], str, float]:
    """Size of a voxel (1 where unknown), the unit of tables, and what a length is multiplied by to be in it."""
    spacing = prediction.spacing_mm or volume.spacing_mm
    if spacing is not None:
        return spacing, "mm", 1.0
    return (1.0, 1.0, 1.0), "pct", 100.0 / float(np.hypot.reduce(np.array(volume.shape, float)))


def _places(surface: Surface, chosen: NDArray[np.intp], to_unit: float) -> dict[str, Any]:
    outward = surface.normals[chosen] / surface.spacing / to_unit
    area = surface.area[chosen] if len(chosen) else np.empty(0)
    return {
        "part": surface.part[chosen],
        **dict(zip("zyx", surface.points[chosen].T, strict=True)),
        **{f"normal_{axis}": values for axis, values in zip("zyx", outward.T, strict=True)},
        "share": area / max(float(area.sum()), 1e-12),
    }


def _signed(
    surface: Surface, chosen: NDArray[np.intp], other: Surface, along: str, level: NDArray[Any], expert: Surface
) -> Array:
    """N, in mm: distance to the other surface, positive where the prediction reaches too far, whoever's points they are."""
    if not len(other) or not len(chosen):
        return np.full(len(chosen), np.nan)
    distance = other.distance(surface.places[chosen])
    if along == "reference":
        outside = read_at(level, surface.points[chosen]) >= 0  # the prediction covers the reference's point
    else:  # on the outer side of the reference's nearest point, along its normal
        nearest = expert.tree.query(surface.places[chosen])[1]
        outside = ((surface.places[chosen] - expert.places[nearest]) * expert.normals[nearest]).sum(axis=1) >= 0
    return np.where(outside, distance, -distance)


def _steps(
    image: NDArray[np.float32], region: NDArray[np.bool_], surface: Surface, chosen: NDArray[np.intp]
) -> tuple[Array, Array]:
    """Contrast, mostly positive, and edge width in mm: the blurred step of `explain.boundary.appearance` along the normals."""
    unit = working_length(surface.spacing)
    at = along_normals(surface, chosen)
    deepest = float(distance_transform_edt(region, sampling=surface.spacing).max()) / unit
    inside_reach = float(np.clip(0.6 * deepest, _FEWEST, REACH))
    within = ((at >= 0) & (at <= np.array(image.shape) - 1)).all(axis=2) & (-inside_reach <= T)
    smooth = surface.means_over(chosen, 3 * unit)
    weight = smooth @ within.astype(float)
    y = (smooth @ (within * read_at(image, at))) / np.maximum(weight, 1e-9)
    contrast, width, _, _ = read_steps(y, np.maximum(weight, 1e-6), T, inside_reach, _LEAST_CONTRAST)
    return contrast * (1.0 if np.median(contrast) >= 0 else -1.0), width * unit


def _expected(prediction: Prediction, predicted: Surface, places: Array) -> Array:
    """N, in mm: what is expected at the point of the predicted surface that is nearest to each place; nan where there is
    none."""
    if not len(predicted) or not len(places):
        return np.full(len(places), np.nan)
    nearest, back = np.unique(predicted.tree.query(places)[1], return_inverse=True)
    return expected_by_probability(prediction.probability, predicted, nearest).expected[back]


def _reader(trace: Trace, volume: Volume) -> Callable[..., Array]:
    """Reads maps of a trace at points of the volume: the network has seen it padded on both ends."""
    seen = np.array(trace.input_size)
    before = (seen - np.array(volume.shape)) // 2

    def read(values: NDArray[Any], points: Array) -> Array:
        return read_at(values, (points + before + 0.5) * (np.array(values.shape) / seen) - 0.5)

    return read
