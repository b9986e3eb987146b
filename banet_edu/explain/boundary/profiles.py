"""`boundary_profile`: a table of the boundary, one row per point: how far off, what the image shows there, what the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from banet_edu.data.sample import Sample, resize_image, resize_mask
from banet_edu.data.volume import Volume
from banet_edu.explain.boundary.across import nearest_run
from banet_edu.explain.boundary.appearance import looks_for_hair, read_appearance
from banet_edu.explain.boundary.outline import Array, Grid, Outline, distance_to, outline_of_level, outline_of_mask
from banet_edu.explain.boundary.tables import Profile, UnitTable
from banet_edu.explain.inside.at_points import signal_columns
from banet_edu.explain.inside.trace import Trace, entropy_bits, probe
from banet_edu.explain.volumes.profile import surface_profile
from banet_edu.metrics.overlap import case_status
from banet_edu.prediction import Prediction, predict

_T = np.arange(-20.0, 20.25, 0.5)  # working pixels along the normal in which the probability is looked for


def boundary_profile(
    sample: Sample | Volume,
    prediction: Prediction,
    *,
    trace: Trace | None = None,
    along: Literal["reference", "prediction"] | None = None,
    occluders: bool = True,
) -> Any:
    """One row per boundary point, about 1/256 of the longer image side apart.

    The rows follow the expert's outline where there is one (what the image shows where the line SHOULD be explains why it
    was not found), else the predicted one. A mask's outline is smoothed a little; the image frame is not a boundary.

    Args:
        sample: image, and mask if known (a volume: see `explain.volumes.profile.surface_profile`, which then answers).
            Lengths are in mm with a spacing (the prediction's, else the sample's), otherwise in % of the image diagonal: U
            below stands for mm or pct.
        prediction: of the same image, at the mask's size.
        trace: what `probe` saw of that image: adds the network's own signals.
        along: whose outline the rows follow; by default the reference's where it has one.
        occluders: look for hair and highlights; False for anything but skin (`occluder` is then 0), see `looks_for_hair`.

    Returns:
        A `Profile`, a DataFrame that also knows its unit (`.unit`; `.measured("arc")` is the column `arc_U`), with the columns
        `name`, `status` (as in `overlap`; "no_reference" without a mask), `along`, `contour` (its number), `closed` (or cut
        by the frame), `row`, `column` (in mask pixels), `normal_row`, `normal_column` (mask pixels per U, outward), `arc_U`,
        `angle_deg` (from the contour's centroid, 0 right, 90 up).
        `signed_error_U` and `signed_error_px` (mask pixels; only where they are square): positive where the prediction lies
        outside of the reference; absent without a reference, nan when one of the two regions is empty.
        Of the image: `contrast` (RGB levels across the outline), `edge_width_U` (standard deviation of the fitted blurred
        step; nan where no edge can be seen), `curvature_per_U` (positive: bulging outward), `noise` (RGB levels), `occluder`
        (share covered by hair or highlights), `look_alike` (share of what lies a little outside, 5 to 10 % of the image
        size away, that looks like the inside), `frame_distance_U`. See `explain.boundary.appearance`.
        Of the result: `entropy_bits`, `slack_U` (how far the line would move if the threshold moved from 0.25 to 0.75;
        looked for within 20 working pixels of this outline: for a line farther off, follow `along="prediction"`).
        With a trace: `side_disagreement` (standard deviation of the foreground probability over the side masks and the
        result), and under their own names each PEE scale (mean |edge|), IA weight and CFF gate (mean over channels).
        No row when neither has an outline.

    Raises ValueError when the prediction is not of the mask's size.

    >>> from banet_edu import load_model, load_samples, predict
    >>> sample = load_samples("dermoscopy", "test")[0]
    >>> profile = boundary_profile(sample, predict(load_model("banet-lite-phantom"), sample))
    >>> bool(profile["signed_error_mm"].abs().mean() < 1), profile["along"].unique().tolist()
    (True, ['reference'])
    """
    if isinstance(sample, Volume):
        return surface_profile(sample, prediction, trace=trace, along=along)
    reference = None if sample.mask is None else sample.mask > 0
    if reference is not None and reference.shape != prediction.mask.shape:
        raise ValueError(f"{sample.name}: the mask is {reference.shape}, the prediction {prediction.mask.shape}")
    spacing = prediction.spacing_mm or sample.spacing_mm
    grid = Grid.of(prediction.mask.shape, spacing)
    predicted = outline_of_level(prediction.level, grid)
    expert = None if reference is None else outline_of_mask(reference, grid)
    if along is None:
        along = "reference" if expert is not None and len(expert) else "prediction"
    if along == "reference" and expert is None:
        raise ValueError(f"{sample.name} has no mask: along='prediction' follows the predicted outline")
    region, outline = (reference, expert) if along == "reference" else (prediction.mask, predicted)
    assert region is not None and outline is not None
    status = "no_reference" if reference is None else case_status(prediction.mask, reference)

    columns: dict[str, Any] = {"name": sample.name, "status": status, "along": along, **_places(outline, grid)}
    if reference is not None:
        columns |= _errors(outline, along, predicted, expert, prediction, reference, grid)
    columns |= _image_columns(sample, region, outline, grid, occluders)
    columns |= _result_columns(prediction, outline, grid)
    if trace is not None:
        columns |= signal_columns(trace, partial(grid.read, points=outline.points))
    return Profile(columns, index=range(len(outline)))


def cohort_profile(
    model: nn.Module,
    samples: Sequence[Sample | Volume],
    *,
    signals: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Any:
    """`boundary_profile` of every sample, one below the other (column `name` tells them apart), for `why`.

    Args:
        model: the network that predicts.
        samples: say, the test part of a data set; a mask each, unless only uncertainty is of interest.
        signals: add the network's own signals (`probe` instead of `predict`).
        progress: called with (done, of how many) after each.

    A case without any outline (nothing there, nothing found) gives no rows; one that was missed has rows without errors.

    Raises ValueError when there is no sample, or when only some of them have a spacing: mm and % of the diagonal do not mix.
    """
    if not len(samples):
        raise ValueError("there is no sample: a cohort needs at least one")
    tables: list[UnitTable] = []
    seen: set[str] = set()
    for done in range(len(samples)):
        sample = samples[done]
        if sample.name in seen:
            raise ValueError(f"two samples are called {sample.name!r}: give each a name of its own")
        seen.add(sample.name)
        trace = probe(model, sample) if signals else None
        prediction = predict(model, sample) if trace is None else trace.prediction
        assert prediction is not None
        tables.append(boundary_profile(sample, prediction, trace=trace, occluders=looks_for_hair(model)))
        if progress is not None:
            progress(done + 1, len(samples))
    if len({table.unit for table in tables}) > 1:
        raise ValueError("only some of these samples have a spacing; give all of them one, or none")
    kept = [table for table in tables if len(table)]
    return type(tables[0])(pd.concat(kept, ignore_index=True)) if kept else tables[0]


def _places(outline: Outline, grid: Grid) -> dict[str, Any]:
    places = grid.to_mask(outline.points)
    outward = outline.normals / grid.factor / grid.unit_per_px
    angle = np.empty(len(outline))
    for one in np.unique(outline.contour):
        rows = outline.contour == one
        up, right = (outline.points[rows].mean(axis=0) - outline.points[rows]).T * np.array([[1], [-1]])
        angle[rows] = np.degrees(np.arctan2(up, right)) % 360
    return {
        "contour": outline.contour,
        "closed": outline.closed,
        "row": places[:, 0],
        "column": places[:, 1],
        "normal_row": outward[:, 0],
        "normal_column": outward[:, 1],
        f"arc_{grid.unit}": outline.arc * grid.unit_per_px,
        "angle_deg": angle,
    }


def _errors(
    outline: Outline,
    along: str,
    predicted: Outline,
    expert: Outline | None,
    prediction: Prediction,
    reference: NDArray[np.bool_],
    grid: Grid,
) -> dict[str, Array]:
    """Signed distance to the other outline, positive where the prediction reaches too far, whoever's points they are."""
    other = predicted if along == "reference" else expert
    signed = np.full(len(outline), np.nan)
    if other is not None and len(other) and len(outline):
        distance = distance_to(outline.points, other)
        region = prediction.mask if along == "reference" else ~reference
        signed = np.where(grid.read(region.astype(np.float32), outline.points) >= 0.5, distance, -distance)
    errors = {f"signed_error_{grid.unit}": signed * grid.unit_per_px}
    if abs(grid.factor[0] / grid.factor[1] - 1) < 0.02:
        errors["signed_error_px"] = signed / grid.factor.mean()
    return errors


def _image_columns(
    sample: Sample, region: NDArray[np.bool_], outline: Outline, grid: Grid, occluders: bool
) -> dict[str, Array]:
    if not len(outline):
        seen = [np.empty(0)] * 5
    else:
        image, mask = resize_image(sample.image, grid.shape), resize_mask(region, grid.shape)
        found = read_appearance(image, mask, outline, occluded=occluders)
        seen = [found.contrast, found.edge_width * grid.unit_per_px, found.noise, found.occluder, found.look_alike]
    height, width = grid.shape
    row, column = outline.points.T
    to_frame = np.minimum.reduce([row, column, height - 1 - row, width - 1 - column]) + 0.5
    return {
        "contrast": seen[0],
        f"edge_width_{grid.unit}": seen[1],
        f"curvature_per_{grid.unit}": outline.curvature() / grid.unit_per_px if len(outline) else np.empty(0),
        "noise": seen[2],
        "occluder": seen[3],
        "look_alike": seen[4],
        f"frame_distance_{grid.unit}": to_frame * grid.unit_per_px,
    }


def _result_columns(prediction: Prediction, outline: Outline, grid: Grid) -> dict[str, Array]:
    """Entropy at the point, and over how long a way along the normal the probability is between 0.25 and 0.75."""
    at = outline.points[:, None, :] + _T[None, :, None] * outline.normals[:, None, :]
    line = grid.read(prediction.probability, at.reshape(-1, 2)).reshape(len(outline), len(_T))
    undecided = (line > 0.25) & (line < 0.75)
    run = [len(nearest_run(row, np.abs(_T))) for row in undecided]
    return {
        "entropy_bits": entropy_bits(grid.read(prediction.probability, outline.points)),
        f"slack_{grid.unit}": np.array(run, float) * (_T[1] - _T[0]) * grid.unit_per_px,
    }
