"""Tables that know the unit of their lengths: whatever is cut out of them, and whoever made them."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from profile_cases import flat_profile, somewhere

from banet_edu.explain.boundary.causes import why
from banet_edu.explain.boundary.segments import unclear_stretches
from banet_edu.explain.boundary.severity import severities
from banet_edu.explain.boundary.tables import Profile, UnitTable


@pytest.fixture(params=["mm", "pct"])
def unit(request) -> str:
    return request.param


def faint(unit: str = "mm") -> pd.DataFrame:
    """A plain DataFrame: a quarter of the outline is of low contrast, and the error large there."""
    error = {f"signed_error_{unit}": somewhere(1.5, 0.1)}
    return flat_profile(unit=unit, contrast=somewhere(5.0, 80.0), **error)


CUTS = {
    "rows by a mask": lambda t: t[t["angle_deg"] > 90],
    "rows by position": lambda t: t.iloc[::3],
    "one row": lambda t: t.iloc[[5]],
    "no row": lambda t: t.iloc[:0],
    "rows by label": lambda t: t.loc[range(10)],
    "some columns": lambda t: t[["name", *(c for c in t if c.startswith("arc"))]],
    "a column more": lambda t: t.assign(other_mm=1.0, other_pct=2.0),
    "sorted": lambda t: t.sort_values("angle_deg", ascending=False, ignore_index=True),
    "columns sorted": lambda t: t[sorted(t)],
    "two of them": lambda t: pd.concat([t, t.assign(name="other")], ignore_index=True),
    "a part": lambda t: next(part for _, part in t.groupby("contour")),
    "a copy": copy.deepcopy,
    "pickled": lambda t: pickle.loads(pickle.dumps(t)),
}


@pytest.mark.parametrize("cut", CUTS)
def test_what_is_cut_out_of_a_profile_keeps_its_unit(cut: str, unit: str) -> None:
    part = CUTS[cut](Profile.of(flat_profile(unit=unit)))
    assert isinstance(part, Profile) and part.unit == unit
    pd.testing.assert_series_equal(part.measured("arc"), part[f"arc_{unit}"])


def test_a_profile_is_the_dataframe_it_was_made_of(unit: str) -> None:
    plain = flat_profile(unit=unit)
    profile = Profile.of(plain)
    assert isinstance(profile, pd.DataFrame) and list(profile) == list(plain) and len(profile) == len(plain)
    pd.testing.assert_frame_equal(pd.DataFrame(profile), plain)
    assert type(profile["contrast"]) is pd.Series
    profile["contrast"] = 0.0
    assert (plain["contrast"] == 80.0).all()  # what is written to the one is not written to the other


def test_a_plain_table_read_back_from_a_file_is_a_profile_too(tmp_path, unit: str) -> None:
    faint(unit).to_csv(tmp_path / "profile.csv", index=False)
    read = pd.read_csv(tmp_path / "profile.csv")
    assert type(read) is pd.DataFrame
    found, same = why(read), why(Profile.of(faint(unit)))
    assert found.unit == unit and found.sentences == same.sentences
    pd.testing.assert_frame_equal(found.ranking, same.ranking)
    pd.testing.assert_frame_equal(found.segments, same.segments)


@pytest.mark.parametrize("asked", [why, severities, unclear_stretches, Profile.of])
@pytest.mark.parametrize("wrong", [faint().drop(columns="arc_mm"), pd.DataFrame({"area_mm": [1.0]}), pd.DataFrame()])
def test_another_table_is_refused_by_name(asked, wrong: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="no boundary profile: it has no column arc_mm or arc_pct"):
        asked(wrong)


def test_ranking_and_segments_know_their_unit(unit: str) -> None:
    found = why(faint(unit))
    assert found.ranking.unit == found.segments.unit == found.unit == unit
    assert found.ranking[found.ranking["named"]].measured("effect").item() > 1
    [stretch] = found.segments.rows()
    assert stretch["length"] == found.segments[f"length_{unit}"].item() == 90
    assert stretch["mean_error"] == pytest.approx(1.5) and stretch["reasons"] == "low contrast"
    assert unclear_stretches(flat_profile(unit=unit)).unit == unit  # no row, but these columns


def test_lengths_get_and_lose_their_unit(unit: str) -> None:
    table = UnitTable({"cause": ["noise"], "share": [0.2], "effect": [0.4]}).with_unit(unit, "effect", "absent")
    assert list(table) == ["cause", "share", f"effect_{unit}"] and table.column("low") == f"low_{unit}"
    assert list(table.rows()) == [{"cause": "noise", "share": 0.2, "effect": 0.4}]
    with pytest.raises(ValueError, match="no column of lengths"):
        _ = table[["cause", "share"]].unit


def test_errors_are_known_where_one_is(unit: str) -> None:
    profile = Profile.of(flat_profile(unit=unit))
    assert profile.has_errors
    assert not profile.iloc[:0].has_errors
    assert not profile.drop(columns=f"signed_error_{unit}").has_errors
    assert not profile.assign(**{f"signed_error_{unit}": np.nan}).has_errors
    assert profile.assign(**{f"signed_error_{unit}": somewhere(0.1, np.nan)}).has_errors


def test_steps_start_anew_with_each_contour() -> None:
    two = Profile.of(pd.concat([flat_profile(40), flat_profile(30, contour=1)], ignore_index=True))
    assert two.step == 1 and np.flatnonzero(two.steps().isna()).tolist() == [0, 40]


def test_between_goes_over_the_first_point() -> None:
    two = Profile.of(pd.concat([flat_profile(40), flat_profile(30, contour=1)], ignore_index=True))
    assert two.between(1, 3, 5).index.tolist() == [43, 44, 45]
    assert two.between(1, 28, 1).index.tolist() == [68, 69, 40, 41]
    assert isinstance(two.between(1, 28, 1), Profile)
