"""Doubtful stretches: where they start and end, over the first point too, and what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from banet_edu.explain.boundary.segments import unclear_stretches
from banet_edu.explain.boundary.wording import where


def profile(count: int = 360, *, faint=(), hidden=(), slack=(), closed: bool = True, contour: int = 0, error=None):
    """A circle (half a circle when open) whose points at the given places are faint, under hair, or undecided."""
    angle = np.linspace(0, 2 * np.pi if closed else np.pi, count, endpoint=False)
    table = pd.DataFrame(
        {
            "name": "case", "contour": contour, "closed": closed,
            "row": 100 - 50 * np.sin(angle), "column": 100 + 50 * np.cos(angle),
            "arc_mm": np.arange(count) * 0.5, "angle_deg": np.degrees(angle), "contrast": 80.0, "edge_width_mm": 1.0,
            "curvature_per_mm": 0.02, "noise": 3.0, "occluder": 0.0, "look_alike": 0.0, "frame_distance_mm": 50.0,
            "slack_mm": 1.0,
        }
    )  # fmt: skip
    for column, places, value in (("contrast", faint, 4.0), ("occluder", hidden, 0.9), ("slack_mm", slack, 5.0)):
        table.loc[list(places), column] = value
    return table if error is None else table.assign(signed_error_mm=error)


def test_nothing_doubtful_gives_no_row_but_the_columns() -> None:
    found = unclear_stretches(profile(error=0.1))
    assert found.empty and {"name", "contour", "from_mm", "length_mm", "reasons", "mean_error_mm"} <= set(found)
    assert "mean_error_mm" not in unclear_stretches(profile())


def test_empty_profile() -> None:
    with np.errstate(all="raise"):
        assert unclear_stretches(profile().iloc[:0]).empty


def test_a_stretch_says_where_it_is_and_how_far_off() -> None:
    error = np.full(360, 0.1)
    error[100:150] = -0.8
    error[120] = 2.0
    [row] = unclear_stretches(profile(faint=range(100, 150), error=error)).to_dict("records")
    assert (row["from_mm"], row["to_mm"], row["length_mm"]) == (50, 74.5, 25)
    assert (row["from_deg"], row["to_deg"]) == pytest.approx((100, 149)) and row["middle_deg"] == pytest.approx(125)
    place = np.radians(125)
    assert (row["middle_row"], row["middle_column"]) == pytest.approx(
        (100 - 50 * np.sin(place), 100 + 50 * np.cos(place))
    )
    assert row["reasons"] == "low contrast"
    assert row["mean_error_mm"] == pytest.approx((49 * 0.8 + 2.0) / 50) and row["largest_error_mm"] == 2.0


def test_a_stretch_may_pass_the_first_point() -> None:
    [row] = unclear_stretches(profile(faint=[*range(340, 360), *range(20)])).to_dict("records")
    assert row["from_mm"] == 170 and row["to_mm"] == 9.5 and row["length_mm"] == 20
    assert row["middle_deg"] == pytest.approx(0)
    two = unclear_stretches(profile(faint=[*range(340, 360), *range(20)], closed=False))
    assert sorted(two["from_mm"]) == [0, 170]  # an open outline ends at the frame


def test_all_of_an_outline_may_be_doubtful() -> None:
    [row] = unclear_stretches(profile(hidden=range(360))).to_dict("records")
    assert row["length_mm"] == 180 and row["reasons"] == "hair/line or highlight"


def test_short_gaps_are_closed_and_short_stretches_dropped() -> None:
    marked = set(range(50, 80)) - set(range(60, 65))
    [row] = unclear_stretches(profile(faint=marked)).to_dict("records")
    assert row["length_mm"] == 15
    assert len(unclear_stretches(profile(faint=set(range(50, 90)) - set(range(65, 72))))) == 2
    assert unclear_stretches(profile(faint=range(50, 57))).empty


def test_the_most_frequent_reason_comes_first_and_rare_ones_are_left_out() -> None:
    both = unclear_stretches(profile(faint=range(100, 140), slack=range(120, 160)))
    assert both["reasons"].tolist() in (["low contrast, network undecided"], ["network undecided, low contrast"])
    rare = unclear_stretches(profile(hidden=range(100, 150), slack=range(100, 110)))
    assert rare["reasons"].tolist() == ["hair/line or highlight"]
    sparse = unclear_stretches(profile(faint=range(100, 150, 6)))
    assert sparse["reasons"].tolist() == ["low contrast"]  # a sixth of the points, the rest closed gaps


def test_slack_counts_from_two_and_a_half_times_the_usual_way() -> None:
    assert unclear_stretches(profile(slack=range(100, 150)))["reasons"].tolist() == ["network undecided"]
    small = profile().assign(slack_mm=0.1)
    small.loc[100:149, "slack_mm"] = 0.5  # five times the usual, but only one working pixel
    assert unclear_stretches(small).empty


def test_longest_first_over_several_outlines_and_images() -> None:
    parts = [
        profile(faint=range(20)),
        profile(faint=range(100, 160), contour=1),
        profile(faint=range(40)).assign(name="b"),
    ]
    found = unclear_stretches(pd.concat(parts, ignore_index=True))
    assert found["length_mm"].tolist() == [30, 20, 10]
    assert found[["name", "contour"]].to_numpy().tolist() == [["case", 1], ["b", 0], ["case", 0]]


def test_no_reference_is_needed() -> None:
    with_error = unclear_stretches(profile(faint=range(100, 150), error=0.3))
    without = unclear_stretches(profile(faint=range(100, 150)))
    pd.testing.assert_frame_equal(with_error[list(without)], without)


def test_a_stretch_that_turns_back_is_not_called_almost_all_around() -> None:
    """An outline that is not star-shaped: seen from the centre, a finger's tip runs forth and back within one stretch."""
    table = profile(faint=range(100, 150), error=np.full(360, 0.1))
    table.loc[range(100, 150), "angle_deg"] = np.r_[np.linspace(202, 220, 30), np.linspace(219, 209.5, 20)]
    [row] = unclear_stretches(table).to_dict("records")
    assert (row["from_deg"], row["to_deg"]) == pytest.approx((202, 220)) and 202 <= row["middle_deg"] <= 220
    assert where(row, several=False) == "at 8 o'clock"
    [row] = unclear_stretches(profile(hidden=range(360))).to_dict("records")
    assert where(row, several=False) == "almost all around"
