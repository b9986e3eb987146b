"""What docs/results.md says of the experiment on grids: single blocks, U-Net's time, longer budgets, minutes."""

from __future__ import annotations

import json

import pytest
from benchmark_scripts import benchmark
from grid_page import FIGURES, LUNGS, POLYPS, SKIN, reading, verdict

pytestmark = pytest.mark.landing  # every comparison is resampled


@pytest.fixture(scope="module")
def results():
    return benchmark("grid_results")


def test_what_is_said_of_single_blocks(results):
    table = benchmark("grid_blocks").without_blocks()
    assert {tuple(seeds) for seeds in table["seeds_used"]} == {(0,)} and set(table["data"]) == {POLYPS}
    assert "On polyps CFF: a hint" in reading()
    _, facts = results.chosen(POLYPS, 1200, ["banet-s2", *results.NETWORKS, *benchmark("grid").ABLATED])
    of_one_kind = [fact for (network, seed), fact in facts.items() if network.startswith("banet-s2") and seed == 0]
    assert len({(fact["training"]["precision"], fact["training"]["learning_rate"]) for fact in of_one_kind}) == 1
    found = {(row.network.removeprefix("banet-s2-no-"), row.figure): row for row in table.itertuples()}
    told = {key: verdict(row.images, key[1]) + "+" * int(row.holm < 0.05) for key, row in found.items()}
    edge = {("edge-task", "assd_pct"): "worse", ("edge-task", "nsd_at_1pct"): "worse"}
    cff = {("cff", figure): "worse+" for figure in FIGURES}
    assert {key: said for key, said in told.items() if said != "level"} == edge | cff
    ja, assd, nsd = (found["cff", figure].images.mean for figure in ("JA", "assd_pct", "nsd_at_1pct"))
    assert f"(JA {ja:+.3f}, ASSD {assd:+.3f} %, NSD {nsd:+.3f})" in reading()
    best = [facts[network, 0]["validation"]["best_JA"] for network in ("banet-s2-no-cff", "banet-s2")]
    assert "(JA {:.3f} without, {:.3f} with)".format(*best) in reading()
    overlap, assd, nsd = (found["edge-task", figure].images.mean for figure in ("JA", "assd_pct", "nsd_at_1pct"))
    assert f"level ({overlap:+.3f}), its ASSD {assd:.3f} % further off and its NSD {-nsd:.3f} lower" in reading()


def test_what_is_said_of_the_best_ba_net_for_u_nets_time(results):
    means = {}
    for network, steps, words in (
        ("banet", 2180, "with 2180 steps it has JA {:.3f}"),
        ("banet-s2", 720, "720 steps {:.3f}"),
        ("banet-s2", 1200, "two thirds more time than U-Net takes, it has {:.3f}"),
    ):
        found = [facts for data in results.PARTS for facts in results.chosen(data, steps, [network])[1].values()]
        assert len(found) == 6  # two seeds
        means[steps] = sum(facts["validation"]["best_JA"] for facts in found) / len(found)
        assert words.format(means[steps]) in reading()
    assert means[2180] > means[720]


def test_what_is_said_of_time(results):
    seconds = json.loads(benchmark("grid").TIMES.read_text(encoding="utf-8"))["seconds"]
    for network, words in (
        ("control", "a step takes {:.2f} of U-Net's time"),
        ("banet-s2", "one of the fine BA-Net {:.2f})"),
    ):
        assert words.format(seconds[network] / seconds["unet"]) in reading()
    share = 1200 * seconds["control"] / (720 * seconds["banet-s2"])
    assert "in a third of the time" in reading() and abs(share - 1 / 3) < 0.03

    def best(data: str, network: str, minutes: float) -> float:
        _, facts = results.chosen(data, 1200, [network])
        epochs = facts[network, 0]["validation"]["epochs"]
        return max((e["val_JA"] for e in epochs if e["step"] * seconds[network] / 60 <= minutes), default=0)

    minutes = {network: 1200 * seconds[network] / 60 for network in seconds}
    for data in (POLYPS, LUNGS, SKIN):
        reached = best(data, "control", minutes["control"])
        assert all(
            best(data, slow, minutes["control"]) < reached for slow in ("banet", "banet-s2", "control-s2", "unet")
        )
    assert best(LUNGS, "unet", minutes["banet"]) > best(LUNGS, "banet", minutes["banet"])
