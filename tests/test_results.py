"""docs/results.md holds what the recorded runs say, and nothing else between its markers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from benchmark_scripts import ROOT, benchmark


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


@pytest.mark.landing
def test_page_follows_from_the_recorded_runs(page):
    runs = re.findall(r"<!-- run: (\S+) -->", page)
    assert sorted(runs) == sorted(path.name for path in (ROOT / "docs" / "recorded").iterdir())
    assert benchmark("results").render(page) == page, "run: python benchmarks/results.py render"


def test_a_changed_figure_is_noticed(page):
    block = re.search(r"<!-- run: isic2017-lite -->.*?<!-- end -->", page, re.DOTALL)[0]
    figure = re.search(r"\| banet \| (0\.\d+)", block)[1]
    assert benchmark("results").render(block.replace(figure, "0.999")) == block


# Made-up cells: JA of four images, one list per cell. BA-Net has two seeds, U-Net both, FCN only seed 0.
IMAGES = ["a", "b", "c", "d"]
JA = {
    ("banet", 0): [0.8, 0.6, 0.4, 0.2],
    ("banet", 1): [0.6, 0.6, 0.6, 0.6],
    ("unet", 0): [0.9, 0.7, 0.5, 0.3],
    ("unet", 1): [0.7, 0.7, 0.7, 0.7],
    ("fcn", 0): [0.7, 0.5, 0.3, 0.0],
}


@pytest.fixture
def cells(tmp_path) -> Path:
    run = tmp_path / "study-kvasir_seg"
    run.mkdir()
    for (network, seed), overlap in JA.items():
        rows = pd.DataFrame({"name": IMAGES, "class": "polyp", "status": "ok", "JA": overlap, "DI": overlap})
        rows = rows.assign(SE=0.5, SP=0.9, AC=0.8, assd_pct=2.0, hd95_pct=6.0, bias_pct=0.0, nsd_at_1pct=0.4)
        if network == "fcn":  # d is missed: no boundary
            rows.loc[3, "status"] = "missed"
            rows.loc[3, ["assd_pct", "hd95_pct", "bias_pct", "nsd_at_1pct"]] = float("nan")
        rows.to_csv(run / f"{seed}-{network}.csv", index=False)
        facts = {"train_images": 10, "val_images": 2, "split_seed": 0, "preset": "lite", "wall_seconds": 240}
        facts |= {"training": {"steps": 800, "batch_size": 8, "augment": "default"}, "commit": "abc1234"}
        facts |= {"seconds": {f"{network}-seed{seed}": 60.0 * (2 + seed)}}
        facts |= {"recorded": "2026-11-25" if network == "fcn" else "2026-11-24"}
        (run / f"{seed}-{network}.json").write_text(json.dumps(facts), encoding="utf-8")
    return run


def rows_of(text: str, heading: str) -> list[dict[str, str]]:
    """The first Markdown table below `heading`."""
    lines = iter(text.split(heading)[1].strip().splitlines())
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    width = len(cells[0])
    end = next((i for i, row in enumerate(cells) if len(row) != width), len(cells))
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:end]]


def test_rows_stand_with_their_own_seeds(cells):
    overlap = rows_of(benchmark("study_results").study_table(cells), "Overlap:")
    assert [(row["network"], row["seeds"]) for row in overlap] == [
        ("banet", "0, 1"),
        ("unet", "0, 1"),
        ("banet", "0"),
        ("fcn", "0"),
    ]
    both, unet, one, fcn = overlap
    assert both["JA"].startswith("0.550 [") and one["JA"].startswith("0.500 [") and fcn["JA"].startswith("0.375 [")
    assert unet["JA, minus banet's"] == "+0.100 [+0.100, +0.100]"
    assert fcn["JA, minus banet's"].startswith("-0.125 [-0.175, -0.100]")
    assert both["sd of seeds, JA"] == "0.0707" and fcn["sd of seeds, JA"] == "–"
    assert both["missed"] == "0 of 8" and fcn["missed"] == "1 of 4"
    assert both["training (min)"] == "2.5" and fcn["training (min)"] == "2.0 †"
    assert fcn["p"] == "–"  # four images are too few for any p


def test_differences_take_only_cases_that_both_have(cells):
    study_results = benchmark("study_results")
    table, _ = study_results.load(cells)
    # BA-Net's own seed 1 of image d and seed 0 of d differ in boundary; U-Net lacks seed 1 of d.
    banet, unet = (table["model"] == network for network in ("banet", "unet"))
    last = (table["name"] == "d") & (table["seed"] == 1)
    table.loc[banet & last, "assd_pct"] = 100.0
    table.loc[unet & last, "assd_pct"] = float("nan")
    found = benchmark("comparisons").compare_with("banet", table, "assd_pct", "unet")
    assert benchmark("comparisons").in_cells(found)[0] == "+0.000 [+0.000, +0.000]"


def test_missing_cells_are_named_and_the_block_fills_up(cells):
    study_results = benchmark("study_results")
    text = study_results.study_table(cells)
    assert "unet (seed 2)" in text and "no-pee (seed 0)" in text and "Every planned" not in text
    assert "trained without a block" not in text
    for suffix in ("csv", "json"):
        (cells / f"0-no-pee.{suffix}").write_text((cells / f"0-unet.{suffix}").read_text().replace("unet", "no-pee"))
    text = study_results.study_table(cells)
    assert "no-pee (seed 0)" not in text
    first, second = rows_of(text, "differences from the full network:")
    assert (first["network"], first["seeds"], second["network"]) == ("banet", "0", "no-pee")
    assert second["JA"].startswith("0.600 [") and "| +0.100 [+0.100, +0.100] |" in text.split("| no-pee |")[1]
    assert "2026-11-24 and 2026-11-25 at commit abc1234" in text


def test_cells_of_another_budget_are_refused(cells):
    file = cells / "0-fcn.json"
    facts = json.loads(file.read_text(encoding="utf-8"))
    facts["training"]["steps"] = 30
    file.write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(ValueError, match="different budgets"):
        benchmark("study_results").study_table(cells)


def test_the_target_run_is_chosen_on_validation_among_those_in_time(tmp_path):
    chosen, table = benchmark("targets").chosen, tmp_path / "kvasir_seg.csv"
    with pytest.raises(SystemExit, match=r"kvasir_seg\.csv has no run of at most 80 minutes"):
        chosen(table)
    rows = {"variant": ["base", "long", "endless"], "seconds": [300, 4800, 4801], "best_JA_flips": [0.6, 0.7, 0.8]}
    pd.DataFrame(rows).to_csv(table, index=False)
    assert chosen(table)["variant"] == "long"
