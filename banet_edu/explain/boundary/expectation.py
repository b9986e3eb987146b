"""`expected_error`: how far off an outline may be at each point where nobody knows the truth, by the network's track record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from torch import nn

from banet_edu.data.sample import Sample
from banet_edu.data.volume import Volume
from banet_edu.explain.boundary.clues import read_clues
from banet_edu.explain.boundary.outline import Grid, Outline, outline_of_level
from banet_edu.explain.boundary.tables import UnitTable
from banet_edu.explain.boundary.track_record import calibrated, marks, reasons, score
from banet_edu.explain.inside.trace import Trace, probe
from banet_edu.explain.volumes.profile import expected_error_of_volume
from banet_edu.networks.weights import load_model
from banet_edu.prediction import Prediction

_LENGTHS = ("expected", "low", "high")


def expected_error(model: nn.Module, sample: Sample | Volume, *, trace: Trace | None = None) -> UnitTable:
    """One row for each point of the predicted outline (those of `boundary_profile(..., along="prediction")`, in its order): how
    large an error experience leads one to expect there, and whether it is among the places to look at first.

    Args:
        model: a bundled network for one kind of images; others have no track record.
        sample: its mask, if any, is not looked at. Of a volume see `explain.volumes.profile.expected_error_of_volume`.
        trace: what `probe(model, sample)` saw, if it was asked before.

    Returns:
        `row`, `column` (mask pixels), `expected_U`, and `low_U` to `high_U`, between which eight of ten errors lay on images
        that the model was not fitted to (U is mm with the sample's spacing, otherwise pct, % of the image diagonal);
        `marked`, at most a quarter of the outline: where the largest errors are expected; `reason`, what raises the expected
        error of the point most; `contour`, its number. `.attrs["track_record"]` is what this
        came to on test images (see `explain.boundary.track_record`), or None where there is none: the network has none, it was
        no better than chance, or the image is unlike all that the network has learned from. Then nothing is marked, the lengths
        are nan, and `.attrs["reason"]` says why.

    >>> from banet_edu import load_model, load_samples
    >>> found = expected_error(load_model("banet-lite-phantom"), load_samples("dermoscopy", "test")[0])
    >>> bool(found["marked"].mean() <= 0.25), bool((found["low_mm"] <= found["high_mm"]).all())
    (True, True)
    """
    if isinstance(sample, Volume):
        return expected_error_of_volume(model, sample, prediction=None if trace is None else trace.prediction)
    trace = probe(model, sample) if trace is None else trace
    prediction = trace.prediction
    assert prediction is not None
    record, reason = _usable_record(model, prediction)
    grid = Grid.of(prediction.mask.shape, prediction.spacing_mm)
    if record is None:
        outline = outline_of_level(prediction.level, grid)
        nothing = np.full(len(outline), np.nan)
        unmarked = np.zeros(len(outline), bool)
        return _table(outline, grid, dict.fromkeys(_LENGTHS, nothing), unmarked, "", None, reason)
    clues = read_clues(model, _second(record["second"]), sample, trace=trace)
    if not len(clues.outline):
        return _table(clues.outline, grid, dict.fromkeys(_LENGTHS, np.empty(0)), np.zeros(0, bool), "", record, "")
    s = score(record, clues)
    lengths = dict(zip(_LENGTHS, (pixels * grid.unit_per_px for pixels in calibrated(record, s)), strict=True))
    return _table(clues.outline, grid, lengths, marks(s, clues.outline), reasons(record, clues), record, "")


def track_record_in_words(expected: pd.DataFrame) -> str:
    """One sentence on the track record of a table of `expected_error`, or on why there is none.

    >>> from banet_edu import create_model, load_samples
    >>> sample = load_samples("lung", "test")[0]
    >>> track_record_in_words(expected_error(create_model("banet", preset="nano"), sample))
    'No track record: this network has none, so no place is marked as doubtful.'
    """
    record = expected.attrs["track_record"]
    if record is None:
        return f"No track record: {expected.attrs['reason']}, so no place is marked as doubtful."
    found = record["measured"]
    ratio, worst = found["ratio"], found["worst_tenth"]
    return (
        f"Track record on {found['images']} test images of {record['data']}: the marked quarter of an outline was off by "
        f"{ratio[0]:.1f} times as much as the rest (95 % sure: {ratio[1]:.1f} to {ratio[2]:.1f}); of every 100 of its worst "
        f"places {100 * worst[0]:.0f} were marked. So marks say where to look first, not that the rest is right."
    )


def _usable_record(model: nn.Module, prediction: Prediction) -> tuple[Mapping[str, Any] | None, str]:
    record = getattr(model, "info", {}).get("track_record")
    if record is None:
        return None, "this network has none"
    if record["measured"]["auc"][1] <= 0.5:
        return None, f"on test images of {record['data']} what is known without a mask told no better than chance"
    if prediction.warning:
        return None, f"it was measured on {record['data']}, and this image is unlike those"
    return record, ""


@cache
def _second(name: str) -> nn.Module:
    return load_model(name)


def _table(
    outline: Outline,
    grid: Grid,
    lengths: Mapping[str, Any],
    marked: Any,
    reason: Any,
    record: Mapping[str, Any] | None,
    why_none: str,
) -> UnitTable:
    row, column = grid.to_mask(outline.points).T
    about = {"contour": outline.contour, "marked": marked, "reason": reason}
    table = UnitTable({"row": row, "column": column, **lengths, **about}).with_unit(grid.unit, *_LENGTHS)
    known = (
        None if record is None else {key: record[key] for key in ("second", "data", "skin", "fitted_to", "measured")}
    )
    table.attrs |= {"track_record": known, "reason": why_none}
    return table
