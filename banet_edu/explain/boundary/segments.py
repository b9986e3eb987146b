"""Stretches of an outline: where the image shows no clear edge, and where the largest errors are expected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from banet_edu.explain.boundary.severity import CAUSES, PRESENT, severities
from banet_edu.explain.boundary.tables import Profile, UnitTable
from banet_edu.explain.boundary.track_record import REASONS, SHORTEST, UNDECIDED, stretches

_WARNINGS = ("low_contrast", "soft_edge", "occluder")  # causes that leave no clear edge
_UNDECIDED = 2.5  # times the usual slack, and
_UNDECIDED_POINTS = 4.0  # at least this many working pixels of it
_GAP = 6  # points: shorter gaps are closed
_OFTEN = 0.25  # of a stretch's points: reasons there are said
_COLUMNS = ("name", "contour", "from", "to", "length", "from_deg", "to_deg", "middle_deg", "middle_row", "middle_column",
            "reasons")  # fmt: skip
_ERRORS = ("mean_error", "largest_error")
_WORDS = {cause.name: cause.words for cause in CAUSES if cause.name in _WARNINGS}


def unclear_stretches(profile: pd.DataFrame, x: pd.DataFrame | None = None) -> UnitTable:
    """Stretches where the image shows no clear edge or the network is undecided.

    Marked is a point where low contrast, a soft edge or an occluder is present (severity of at least 0.5), or where the line
    would move by more than 2.5 times the usual way if the threshold moved from 0.25 to 0.75. That describes the image; how
    little it says of errors is measured in docs/results.md: `doubtful_stretches` has a track record. The stretches belong to
    the outline that the profile follows: where the prediction is far from the expert's outline (over 20 working pixels), slack
    along the expert's is 0, however undecided the network is elsewhere.

    Args:
        profile: of one image or many.
        x: its `severities`, if computed already.

    Returns:
        One row per stretch, longest first: `name`, `contour`, `from_U`, `to_U` (arc length; a stretch over the contour's first
        point has from > to), `length_U`, `from_deg` and `to_deg` (of the sector in which it is seen from the contour's centre),
        `middle_deg`, `middle_row`, `middle_column` (of its middle point; pixels of the mask), `reasons` (words, the most
        frequent first), and, with a column of errors, `mean_error_U` and `largest_error_U`. No row, but these columns, when
        nothing is unclear.
    """
    profile = Profile.of(profile)
    x = severities(profile) if x is None else x
    slack, arc = profile.measured("slack"), profile.measured("arc")
    usual = float(np.median(slack)) if len(slack) else 0.0
    rows = []
    for _, part in profile.groupby(["name", "contour"], sort=False):
        step = float(arc[part.index].diff().median())
        undecided = (slack[part.index] > _UNDECIDED * usual) & (slack[part.index] > _UNDECIDED_POINTS * step)
        reasons = pd.DataFrame({_WORDS[c]: x.loc[part.index, c] >= PRESENT for c in _WARNINGS} | {UNDECIDED: undecided})
        for at in _joined(stretches(reasons.any(axis=1).to_numpy(), bool(part["closed"].all())), len(part)):
            rows.append(_row(profile, part.index[at], reasons))
    return _table(rows, profile)


def doubtful_stretches(profile: pd.DataFrame, expected: pd.DataFrame, x: pd.DataFrame | None = None) -> UnitTable:
    """Stretches where the largest errors are expected: what `expected_error` marks, largest expected error first.

    Args:
        profile: of one image, along the predicted outline.
        expected: `expected_error` of the same network and image, a row for each of the profile's.

    Returns the columns of `unclear_stretches` and `expected_U`, `high_U` (means over the stretch). The first of the reasons is
    what raised the expected error most; what the image shows there follows (hair and highlights on skin alone). Nothing is
    doubtful where there is no track record.

    Raises ValueError when the rows do not belong together.
    """
    record = expected.attrs["track_record"]
    profile, expected = Profile.of(profile), UnitTable(expected)
    if len(profile) != len(expected) or not np.allclose(profile[["row", "column"]], expected[["row", "column"]]):
        raise ValueError(
            "these expected errors are not those of the profile's points: follow along='prediction' in both"
        )
    x = severities(profile) if x is None else x
    shown = [cause for cause in _WARNINGS if cause != "occluder" or (record and record["skin"])]
    expected = expected.set_axis(profile.index)
    main = pd.DataFrame({reason: expected["reason"] == reason for reason in REASONS})
    image = pd.DataFrame({_WORDS[cause]: x[cause] >= PRESENT for cause in shown})
    rows = []
    for _, part in profile.groupby("contour", sort=False):
        for at in stretches(expected.loc[part.index, "marked"].to_numpy(), bool(part["closed"].all())):
            points = part.index[at]
            row = _row(profile, points, main, image)
            rows.append(row | {name: expected.measured(name)[points].mean() for name in ("expected", "high")})
    return _table(rows, profile, "expected", "high").sort_values(
        f"expected_{profile.unit}", ascending=False, ignore_index=True
    )


def _row(profile: Profile, points: pd.Index, *reasons: pd.DataFrame) -> dict[str, Any]:
    """One stretch; of each table of reasons the most frequent at its points, and all at a quarter of them or more."""
    arc, place = profile.measured("arc"), profile.loc[points[len(points) // 2]]
    step = float(arc[(profile[["name", "contour"]] == place[["name", "contour"]]).all(axis=1)].diff().median())
    words: list[str] = []
    for table in reasons:
        counts = table.loc[points].mean().sort_values(ascending=False, kind="stable")
        least = _OFTEN if words else min(_OFTEN, counts.iloc[0])
        words += [str(reason) for reason, share in counts.items() if share >= least]
    from_deg, to_deg = _sector(profile.loc[points, "angle_deg"].to_numpy(float))
    row = {
        "name": place["name"],
        "contour": place["contour"],
        "from": arc[points[0]],
        "to": arc[points[-1]],
        "length": len(points) * step,
        "from_deg": from_deg,
        "to_deg": to_deg,
        "middle_deg": place["angle_deg"],
        "middle_row": place["row"],
        "middle_column": place["column"],
        "reasons": ", ".join(words),
    }
    if profile.column("signed_error") in profile.columns:
        error = profile.measured("signed_error")[points].abs()
        row |= {"mean_error": error.mean(), "largest_error": error.max()}
    return row


def _sector(angle_deg: NDArray[np.float64]) -> tuple[float, float]:
    """Where a stretch is first and last seen from the centre, in the order of its points. They may turn back on the way.

    >>> _sector(np.array([202.0, 217.1, 209.5])), _sector(np.array([350.0, 5.0, 20.0])), _sector(np.array([20.0, 5.0]))
    ((202.0, 217.1), (350.0, 20.0), (20.0, 5.0))
    """
    run = np.unwrap(angle_deg, period=360.0)
    low, high = float(run.min()), float(min(run.max(), run.min() + 359.0))  # more than once around is all around
    first, last = (low, high) if run[-1] >= run[0] else (high, low)
    return round(first % 360, 9), round(last % 360, 9)


def _table(rows: list[dict[str, Any]], profile: Profile, *more: str) -> UnitTable:
    errors = _ERRORS if profile.column("signed_error") in profile.columns else ()
    table = UnitTable(rows, columns=[*_COLUMNS, *errors, *more]).sort_values(
        "length", ascending=False, ignore_index=True
    )
    return table.with_unit(profile.unit, "from", "to", "length", *_ERRORS, *more)


def _joined(runs: list[NDArray[np.intp]], count: int) -> list[NDArray[np.intp]]:
    """Runs with the short gaps between them closed, then without those that are short all the same."""
    joined: list[NDArray[np.intp]] = []
    for run in runs:
        gap = (run[0] - joined[-1][-1]) % count if joined else count
        if gap <= _GAP:
            joined[-1] = np.concatenate([joined[-1], (joined[-1][-1] + 1 + np.arange(gap - 1)) % count, run])
        else:
            joined.append(run)
    return [run for run in joined if len(run) >= SHORTEST]
