"""Places that lesson 08 looks at, on outlines whose errors are written by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from profile_cases import flat_profile

from banet_edu.course.lesson08.places import in_sector, most_slack, sector_errors, telling_places


def profile(unit: str) -> pd.DataFrame:
    """Too small by 2 from 30 to 119 degrees, too large by 0.1 ... 0.4 elsewhere."""
    degrees = np.arange(360)
    error = np.where((degrees >= 30) & (degrees < 120), -2.0, 0.1 + 0.3 * (degrees % 2))
    return flat_profile(unit=unit, **{f"signed_error_{unit}": error})


@pytest.mark.parametrize("unit", ["mm", "pct"])
def test_the_error_in_a_sector_is_signed_and_elsewhere_a_distance(unit):
    there, elsewhere = sector_errors(profile(unit), (29.5, 119.5))
    assert there == pytest.approx(-2) and elsewhere == pytest.approx(0.25)
    outside, inside = sector_errors(profile(unit), (119.5, 29.5))
    assert outside == pytest.approx(0.25) and inside == pytest.approx(2)


def test_a_sector_has_as_many_rows_as_degrees():
    assert in_sector(profile("mm"), (29.5, 119.5))["angle_deg"].round().tolist() == list(range(30, 120))
    assert sorted(in_sector(profile("mm"), (350, 9.5))["angle_deg"].round()) == [*range(10), *range(350, 360)]


def test_telling_places_are_positions_whatever_the_index_says():
    table = profile("mm").set_index(np.arange(360)[::-1])
    best, usual, worst = (table["signed_error_mm"].abs().iloc[row] for row in telling_places(table))
    assert (best, usual, worst) == pytest.approx((0.1, 0.4, 2.0))


def test_most_slack_is_a_position_too():
    table = profile("mm").assign(slack_mm=np.eye(360)[77]).set_index(np.arange(360)[::-1])
    assert most_slack(table) == 77


def test_another_table_is_refused_by_name():
    with pytest.raises(ValueError, match="no boundary profile"):
        telling_places(profile("mm").drop(columns="arc_mm"))
