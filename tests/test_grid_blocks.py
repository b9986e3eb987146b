"""What docs/results.md says of the experiment on grids: BA-Net on the fine grid without one of its blocks."""

from __future__ import annotations

import pytest
from benchmark_scripts import benchmark
from grid_page import FIGURES, LUNGS, POLYPS, judged, reading, verdict

pytestmark = pytest.mark.landing  # every comparison is resampled


def test_what_is_said_of_single_blocks():
    results = benchmark("grid_results")
    blocks, compare_with = benchmark("grid_blocks"), benchmark("comparisons").compare_with
    every = blocks.without_blocks()
    table, lungs = every[every["data"] == POLYPS], every[every["data"] == LUNGS]
    assert len(table) + len(lungs) == len(every) and set(lungs["network"]) == set(blocks.ABLATED)
    assert {tuple(seeds) for seeds in table["seeds_used"]} == {(0, 1)} and set(lungs["data"]) == {LUNGS}
    assert {row.network: row.seeds_used for row in lungs.itertuples()} == {
        network: [0, 1] if network.endswith("no-pee") else [0] for network in blocks.ABLATED
    }
    elsewhere = {(row.network.removeprefix("banet-s2-no-"), row.figure): row._asdict() for row in lungs.itertuples()}
    assert {key: judged(row, key[1]) for key, row in elsewhere.items() if judged(row, key[1])[:6] != "level "} == {
        ("pee", "nsd_at_1pct"): "better level",
        ("cff", "JA"): "worse one seed",
        ("cff", "assd_pct"): "worse one seed",
    }
    mean = {key: row["images"].mean for key, row in elsewhere.items()}
    for words in (
        f"without PEE, two seeds, NSD is higher ({mean['pee', 'nsd_at_1pct']:+.3f}, clear of 0 over the images, with the",
        f"behind in JA and ASSD (JA {mean['cff', 'JA']:+.3f}, ASSD {mean['cff', 'assd_pct']:+.3f} %, not after correction)",
        "with one seed BA-Net is level in all four figures without attention or without the edge task",
    ):
        assert words in reading()
    rows, facts = results.chosen(POLYPS, 1200, ["banet-s2", *blocks.ABLATED])
    assert len({(fact["training"]["precision"], fact["training"]["learning_rate"]) for fact in facts.values()}) == 1
    found = {(row.network.removeprefix("banet-s2-no-"), row.figure): row._asdict() for row in table.itertuples()}
    told = {key: judged(row, key[1]) for key, row in found.items()}
    cff = {("cff", figure): "worse level +" for figure in FIGURES}
    assert {key: said for key, said in told.items() if said != "level level"} == cff | {
        ("attention", "nsd_at_1pct"): "better level"
    }
    nsd = found["attention", "nsd_at_1pct"]["images"].mean
    low, high = found["cff", "JA"]["seeds"][1:]
    of_a_seed = {
        (seed, figure): compare_with("banet-s2", rows[rows["seed"] == seed], figure, "banet-s2-no-cff").images
        for seed in (0, 1)
        for figure in FIGURES
    }
    for seed, said in ((0, "worse"), (1, "level")):
        assert {verdict(of_a_seed[seed, figure], figure) for figure in FIGURES} == {said}
    means = {key: interval.mean for key, interval in of_a_seed.items()}
    best = [
        facts[network, seed]["validation"]["best_JA"] for seed in (0, 1) for network in ("banet-s2-no-cff", "banet-s2")
    ]
    for words in (
        f"Without attention its NSD is higher ({nsd:+.3f}, clear of 0 over the images, with the seeds level, not after",
        f"in all four figures (JA {means[0, 'JA']:+.3f}, NSD {means[0, 'nsd_at_1pct']:+.3f})",
        f"level in all four (JA {means[1, 'JA']:+.3f}, NSD {means[1, 'nsd_at_1pct']:+.3f})",
        f"nothing is clear of 0 (JA [{low:+.3f}, {high:+.3f}])",
        "(JA {:.3f} without and {:.3f} with, then {:.3f} and {:.3f})".format(*best),
    ):
        assert words in reading()
