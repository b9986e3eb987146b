"""What docs/results.md says of where an outline is likely wrong, held against the recorded images and the cards."""

from __future__ import annotations

import pandas as pd
import pytest
from benchmark_scripts import ROOT, benchmark

from banet_edu import load_model
from banet_edu.networks.weights import bundled_weights

FOLDER = ROOT / "docs" / "recorded" / "track-records"
OURS, SUM, BEFORE = "track record", "untuned sum", "no clear edge, or undecided"


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_csv(path) for path in sorted(FOLDER.glob("*.csv"))}


def auc(tables, name: str, by: str) -> float:
    return tables[name].query("by == @by")["auc"].mean()


def test_every_network_of_images_has_its_rows(tables):
    assert sorted(tables) == [name for name in bundled_weights() if not name.endswith("hippocampus")]


def test_the_ratios_that_are_said(tables):
    ratio = benchmark("track_tables").ratio
    found = {name: ratio(table[table["by"] == OURS]) for name, table in tables.items()}
    weakest = found.pop("unet-lite-dermoscopy")
    assert round(weakest, 1) == 1.7 and round(min(found.values()), 1) == 2.1 and round(max(found.values()), 1) == 3.3
    for table in tables.values():
        own = table[table["by"] == OURS]
        assert (own["marked_points"] <= 0.25 * own["points"]).all()


def test_who_reaches_the_aim_and_who_does_not(tables):
    aims = {name: 0.75 if name.endswith("polyp") else 0.70 for name in tables}
    reached = {name for name, aim in aims.items() if auc(tables, name, OURS) >= aim}
    assert reached == {
        "banet-lite-polyp", "banet-lite-lung", "unet-lite-polyp", "banet-lite-phantom", "unet-lite-phantom",
    }  # fmt: skip
    gains = {name: auc(tables, name, OURS) - auc(tables, name, SUM) for name in tables}
    assert min(gains.values()) > 0
    assert all(0.005 <= round(gain, 3) <= 0.025 for name, gain in gains.items() if name.endswith("dermoscopy"))


def test_a_missing_clear_edge_says_where_on_no_kind(tables):
    ratio = benchmark("track_tables").ratio
    before = {name: t[t["by"] == BEFORE] for name, t in tables.items() if (t["by"] == BEFORE).any()}
    assert len(before) == 4 and all(0.455 <= rows["auc"].mean() < 0.555 for rows in before.values())
    share = {name: rows["marked_points"].sum() / rows["points"].sum() for name, rows in before.items()}
    said = {"polyp": (58, 1.2), "lung": (65, 0.8)}
    for kind, (percent, times) in said.items():
        name = f"banet-lite-{kind}"
        assert round(100 * share[name]) == percent and round(ratio(before[name]), 1) == times
    assert round(ratio(before["banet-lite-dermoscopy"]), 1) == 2.5


def test_the_cards_tell_the_same(tables):
    ratio = benchmark("track_tables").ratio
    for name, table in tables.items():
        own, measured = table[table["by"] == OURS], load_model(name).info["track_record"]["measured"]
        assert measured["images"] == len(own) and measured["auc"][0] == pytest.approx(own["auc"].mean(), abs=0.001)
        assert measured["ratio"][0] == pytest.approx(ratio(own), abs=0.002)
