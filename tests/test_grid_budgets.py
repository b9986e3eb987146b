"""What docs/results.md says of the experiment on grids: single blocks, U-Net's time, longer budgets, minutes."""

from __future__ import annotations

import json

import pytest
from benchmark_scripts import benchmark
from grid_page import FIGURES, LUNGS, POLYPS, SKIN, check_words, contrasts, judged, reading, verdict

pytestmark = pytest.mark.landing  # every comparison is resampled


@pytest.fixture(scope="module")
def results():
    return benchmark("grid_results")


def test_what_is_said_of_single_blocks(results):
    blocks, compare_with = benchmark("grid_blocks"), benchmark("comparisons").compare_with
    table = blocks.without_blocks()
    assert {tuple(seeds) for seeds in table["seeds_used"]} == {(0, 1)} and set(table["data"]) == {POLYPS}
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


LONG = [
    ("U-Net gains JA +0.132", "budget, unet", "JA", "better one seed +"),
    ("the coarse BA-Net +0.104", "budget, banet", "JA", "better one seed +"),
    ("the coarse control +0.070", "budget, control", "JA", "better one seed +"),
    ("falls behind U-Net too (JA -0.031", "encoder and grid", "JA", "worse one seed +"),
    ("NSD -0.054, both after correction)", "encoder and grid", "nsd_at_1pct", "worse one seed +"),
    ("its NSD is lower (-0.060, also after correction)", "all on the coarse grid", "nsd_at_1pct", "worse one seed +"),
    ("its JA (-0.038, clear of 0, not after correction)", "all on the coarse grid", "JA", "worse one seed"),
]


@pytest.mark.parametrize(("words", "question", "figure", "said"), LONG)
def test_what_is_said_of_5000_steps(words, question, figure, said):
    check_words(words, contrasts(5000).loc[(question, POLYPS, figure)], figure, said)


def test_what_is_said_of_5000_steps_in_general():
    short, long = contrasts(), contrasts(5000)
    assert "At 1200 steps the coarse BA-Net is level with U-Net there in all four figures" in reading()
    assert all(
        judged(short.loc[("all on the coarse grid", POLYPS, figure)], figure) == "level level" for figure in FIGURES
    )
    assert "BA-Net and the control are then level in all four figures" in reading()
    assert all(
        judged(long.loc[("blocks, coarse grid", POLYPS, figure)], figure) == "level one seed" for figure in FIGURES
    )
    assert "ASSD and HD95 are level" in reading()
    for figure in ("assd_pct", "hd95_pct"):
        assert judged(long.loc[("all on the coarse grid", POLYPS, figure)], figure) == "level one seed"
    there = {
        (cell.data, cell.network, cell.seed)
        for cell in benchmark("grid").cells()
        if cell.steps > 2180 and cell.recorded
    }
    assert there == {(POLYPS, network, 0) for network in ("unet", "banet", "control")}
    assert "Of 5000 steps there are U-Net, the coarse BA-Net and the coarse control on polyps, one seed" in reading()


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
    on_lungs = [results.chosen(LUNGS, steps, [network])[1] for network, steps in (("banet", 2180), ("banet-s2", 720))]
    best = [sum(facts["validation"]["best_JA"] for facts in seeds.values()) / len(seeds) for seeds in on_lungs]
    assert "the other way round ({:.3f}, {:.3f})".format(*best) in reading() and best[0] < best[1]


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
