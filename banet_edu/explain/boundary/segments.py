"""Stretches of an outline that cannot be trusted, and why; with or without an expert's outline to compare with."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from banet_edu.explain.boundary.severity import CAUSES, PRESENT, severities
from banet_edu.explain.boundary.tables import Profile, UnitTable

_WARNINGS = ("low_contrast", "soft_edge", "occluder")  # causes that make an outline doubtful wherever they are present
_UNDECIDED = 2.5  # times the usual slack, and
_UNDECIDED_POINTS = 4.0  # at least this many working pixels of it
_GAP, _SHORTEST = 6, 8  # points: shorter gaps are closed, then shorter stretches dropped
_COLUMNS = ("name", "contour", "from", "to", "length", "from_deg", "to_deg", "middle_deg", "middle_row", "middle_column",
            "reasons")  # fmt: skip
_ERRORS = ("mean_error", "largest_error")


def untrusted_segments(profile: pd.DataFrame, x: pd.DataFrame | None = None) -> UnitTable:
    """Stretches where the image shows no clear edge or the network is undecided.

    Marked is a point where low contrast, a soft edge or an occluder is present (severity of at least 0.5), or where the line
    would move by more than 2.5 times the usual way if the threshold moved from 0.25 to 0.75. Errors are not used, so the marks
    can be made without a reference. They belong to the outline that the profile follows: where the prediction is far from the
    expert's outline (over 20 working pixels), slack along the expert's is 0, however undecided the network is elsewhere.

    Args:
        profile: of one image or many.
        x: its `severities`, if computed already.

    Returns:
        One row per stretch, longest first: `name`, `contour`, `from_U`, `to_U` (arc length; a stretch over the contour's first
        point has from > to), `length_U`, `from_deg`, `to_deg` and `middle_deg` (directions as in the profile), `middle_row`,
        `middle_column` (mask pixels), `reasons` (words, the most frequent first), and, with a column of errors,
        `mean_error_U` and `largest_error_U`. No row, but these columns, when nothing is doubtful.
    """
    profile = Profile.of(profile)
    x = severities(profile) if x is None else x
    slack, arc = profile.measured("slack"), profile.measured("arc")
    error = profile.measured("signed_error").abs() if profile.column("signed_error") in profile.columns else None
    usual = float(np.median(slack)) if len(slack) else 0.0
    rows = []
    for (name, contour), part in profile.groupby(["name", "contour"], sort=False):
        step = float(arc[part.index].diff().median())
        undecided = (slack[part.index] > _UNDECIDED * usual) & (slack[part.index] > _UNDECIDED_POINTS * step)
        marks = pd.DataFrame(
            {cause: x.loc[part.index, cause] >= PRESENT for cause in _WARNINGS} | {"undecided": undecided}
        )
        closed = bool(part["closed"].all())
        for at in _stretches(marks.any(axis=1).to_numpy(), closed):
            inside = part.index[at]
            counts = marks.loc[inside].mean().sort_values(ascending=False)
            row = {
                "name": name,
                "contour": contour,
                "from": arc[inside[0]],
                "to": arc[inside[-1]],
                "length": len(at) * step,
                "from_deg": part.loc[inside[0], "angle_deg"],
                "to_deg": part.loc[inside[-1], "angle_deg"],
                "middle_deg": part.loc[inside[len(at) // 2], "angle_deg"],
                "middle_row": part.loc[inside[len(at) // 2], "row"],
                "middle_column": part.loc[inside[len(at) // 2], "column"],
                "reasons": ", ".join(
                    _WORDS[str(cause)] for cause, share in counts.items() if share >= min(0.25, counts.iloc[0])
                ),
            }
            if error is not None:
                row |= {"mean_error": error[inside].mean(), "largest_error": error[inside].max()}
            rows.append(row)
    table = UnitTable(rows, columns=[*_COLUMNS, *(() if error is None else _ERRORS)])
    table = table.sort_values("length", ascending=False, ignore_index=True)
    return table.with_unit(profile.unit, "from", "to", "length", *_ERRORS)


_WORDS = {cause.name: cause.words for cause in CAUSES if cause.name in _WARNINGS} | {"undecided": "network undecided"}


def _stretches(marked: NDArray[np.bool_], closed: bool) -> list[NDArray[np.intp]]:
    """Runs of True as index arrays, in order of the contour; on a closed one a run may pass its first point."""
    count = len(marked)
    if not marked.any():
        return []
    turn = int(np.argmin(marked)) if closed and not marked.all() else 0  # start at an unmarked point: no run is cut
    order = (np.arange(count) + turn) % count
    runs: list[list[int]] = []
    for position in np.flatnonzero(marked[order]):
        if runs and position - runs[-1][1] <= _GAP:
            runs[-1][1] = int(position)
        else:
            runs.append([int(position), int(position)])
    return [order[first : last + 1] for first, last in runs if last - first + 1 >= _SHORTEST]
