"""What docs/results.md says of the experiment on grids: BA-Net on the fine grid without one of its blocks."""

from __future__ import annotations

import pytest
from benchmark_scripts import benchmark
from grid_page import FIGURES, LUNGS, POLYPS, SKIN, judged, reading, verdict

pytestmark = pytest.mark.landing  # every comparison is resampled

CFF = "banet-s2-no-cff"


@pytest.fixture(scope="module")
def found():
    """Data set, block that is left out and figure -> the comparison."""
    table = benchmark("grid_blocks").without_blocks()
    return {
        (row.data, row.network.removeprefix("banet-s2-no-"), row.figure): row._asdict() for row in table.itertuples()
    }


def test_every_block_was_left_out_on_every_set_with_two_seeds_alike(found):
    blocks, chosen = benchmark("grid_blocks"), benchmark("grid_results").chosen
    left_out = [network.removeprefix("banet-s2-no-") for network in blocks.ABLATED]
    assert set(found) == {(data, block, f) for data in (POLYPS, LUNGS, SKIN) for block in left_out for f in FIGURES}
    assert all(row["seeds_used"] == [0, 1] for row in found.values())
    for data in (POLYPS, LUNGS, SKIN):
        _, facts = chosen(data, 1200, ["banet-s2", *blocks.ABLATED])
        ways = {
            (seed, fact["training"]["precision"], fact["training"]["learning_rate"])
            for (_, seed), fact in facts.items()
        }
        assert len(ways) == 2  # one for each seed
    assert "two seeds on each set, one rate, the two of a pair in one precision" in reading()
    assert "without each of its blocks, on all three sets with two seeds" in reading()


def test_what_is_not_level_without_a_block(found):
    assert {key: judged(row, key[2]) for key, row in found.items() if judged(row, key[2]) != "level level"} == {
        **{(POLYPS, "cff", figure): "worse level +" for figure in FIGURES},
        (LUNGS, "cff", "JA"): "worse level",
        (LUNGS, "cff", "assd_pct"): "worse level",
        (SKIN, "cff", "JA"): "worse level",
        (SKIN, "edge-task", "JA"): "worse worse",
        (SKIN, "edge-task", "nsd_at_1pct"): "worse level",
        (POLYPS, "attention", "nsd_at_1pct"): "better level",
        (LUNGS, "pee", "nsd_at_1pct"): "better level",
    }
    mean = {key: row["images"].mean for key, row in found.items()}
    ja = [mean[data, "cff", "JA"] for data in (POLYPS, LUNGS, SKIN)]
    low, high = found[SKIN, "edge-task", "JA"]["seeds"][1:]
    for words in (
        "on all three sets ({:+.3f} on polyps, {:+.3f} on lungs, {:+.3f} on skin), on polyps all four".format(*ja),
        f"on lungs ASSD is ({mean[LUNGS, 'cff', 'assd_pct']:+.3f} %, not after correction). With the seeds resampled nothing",
        f"skin is worse in JA ({mean[SKIN, 'edge-task', 'JA']:+.3f}, with the seeds [{low:+.3f}, {high:+.3f}])",
        f"and in NSD ({mean[SKIN, 'edge-task', 'nsd_at_1pct']:+.3f}, with the seeds level), neither after correction",
        f"Without attention NSD is higher on polyps ({mean[POLYPS, 'attention', 'nsd_at_1pct']:+.3f})",
        f"without PEE on lungs ({mean[LUNGS, 'pee', 'nsd_at_1pct']:+.3f}), each clear of 0 over the images, with the",
    ):
        assert words in reading()


def test_what_the_seeds_of_cff_say():
    chosen, compare_with = benchmark("grid_results").chosen, benchmark("comparisons").compare_with
    rows, facts = chosen(POLYPS, 1200, ["banet-s2", CFF])
    of_a_seed = {
        (seed, figure): compare_with("banet-s2", rows[rows["seed"] == seed], figure, CFF).images
        for seed in (0, 1)
        for figure in FIGURES
    }
    for seed, said in ((0, "worse"), (1, "level")):
        assert {verdict(of_a_seed[seed, figure], figure) for figure in FIGURES} == {said}
    mean = {key: interval.mean for key, interval in of_a_seed.items()}
    best = [facts[network, seed]["validation"]["best_JA"] for seed in (0, 1) for network in (CFF, "banet-s2")]
    for words in (
        f"is worse in all four figures (JA {mean[0, 'JA']:+.3f}, NSD {mean[0, 'nsd_at_1pct']:+.3f})",
        f"level in all four (JA {mean[1, 'JA']:+.3f}, NSD {mean[1, 'nsd_at_1pct']:+.3f})",
        "(JA {:.3f} without and {:.3f} with, then {:.3f} and {:.3f})".format(*best),
    ):
        assert words in reading()
