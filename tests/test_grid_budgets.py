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


SPEED = "all, at equal time"
CONTROL, FINE = "encoder and grid", "encoder and the last step of the grid"
COARSE = "all on the coarse grid"
LONG = [
    ("(NSD -0.023 [-0.047, +0.002])", SPEED, POLYPS, "nsd_at_1pct", "level one seed"),
    ("on lungs in JA and ASSD (ASSD +0.018 %, both after correction): the", SPEED, LUNGS, "assd_pct", "worse one seed +"),
    ("behind on lungs in JA and ASSD", SPEED, LUNGS, "JA", "worse one seed +"),
    ("behind on polyps in NSD (-0.060, after correction)", COARSE, POLYPS, "nsd_at_1pct", "worse one seed +"),
    ("and JA (-0.038, clear of 0, not after correction)", COARSE, POLYPS, "JA", "worse one seed"),
    ("in JA and ASSD (ASSD +0.030 %, both after correction) and NSD", COARSE, LUNGS, "assd_pct", "worse one seed +"),
    ("and NSD (-0.005, not after correction), on skin", COARSE, LUNGS, "nsd_at_1pct", "worse one seed"),
    ("on lungs in JA and ASSD", COARSE, LUNGS, "JA", "worse one seed +"),
    ("behind on polyps (JA -0.031, NSD", CONTROL, POLYPS, "JA", "worse one seed +"),
    ("NSD -0.054, both after correction)", CONTROL, POLYPS, "nsd_at_1pct", "worse one seed +"),
    ("on lungs in JA and ASSD (ASSD +0.025 %, both after correction)", CONTROL, LUNGS, "assd_pct", "worse one seed +"),
    ("on lungs in JA and ASSD", CONTROL, LUNGS, "JA", "worse one seed +"),
    ("and NSD (-0.005, not after correction). The fine", CONTROL, LUNGS, "nsd_at_1pct", "worse one seed"),
    ("(HD95 -1.844 %, clear of 0, not after correction)", FINE, POLYPS, "hd95_pct", "better one seed"),
    ("on lungs behind in JA and ASSD (ASSD +0.021 %, both after", FINE, LUNGS, "assd_pct", "worse one seed +"),
    ("on lungs behind in JA and ASSD", FINE, LUNGS, "JA", "worse one seed +"),
    ("helps on polyps (JA +0.030, ASSD", "grid, without blocks", POLYPS, "JA", "better one seed +"),
    ("ASSD -0.502 %, NSD", "grid, without blocks", POLYPS, "assd_pct", "better one seed +"),
    ("NSD +0.062, all after correction;", "grid, without blocks", POLYPS, "nsd_at_1pct", "better one seed +"),
    ("HD95 -1.676 %, not after correction)", "grid, without blocks", POLYPS, "hd95_pct", "better one seed"),
    ("on lungs ASSD is level (-0.004 %)", "grid, without blocks", LUNGS, "assd_pct", "level one seed"),
    ("(JA +0.132 U-Net", "budget, unet", POLYPS, "JA", "better one seed +"),
    ("+0.104 the coarse BA-Net", "budget, banet", POLYPS, "JA", "better one seed +"),
    ("+0.070 and", "budget, control", POLYPS, "JA", "better one seed +"),
    ("+0.112 the coarse and the fine control), all after", "budget, control-s2", POLYPS, "JA", "better one seed +"),
    ("the coarse BA-Net's ASSD is 0.033 % closer", "budget, banet", LUNGS, "assd_pct", "better one seed +"),
    ("the coarse control's 0.021 %, both after correction", "budget, control", LUNGS, "assd_pct", "better one seed +"),
    ("level over the images (the rank test sees both, after", "budget, unet", LUNGS, "assd_pct", "level one seed +"),
    ("level over the images (the rank test sees both, after", "budget, control-s2", LUNGS, "assd_pct", "level one seed +"),
    ("(+0.017 U-Net, not after correction", "budget, unet", SKIN, "JA", "better one seed"),
    ("+0.015 the coarse BA-Net, after correction)", "budget, banet", SKIN, "JA", "better one seed +"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "question", "data", "figure", "said"), LONG)
def test_what_is_said_of_5000_steps(words, question, data, figure, said):
    check_words(words, contrasts(5000).loc[(question, data, figure)], figure, said)


def test_what_is_said_of_5000_steps_in_general():
    long = contrasts(5000)

    def verdicts(question, data, figures=FIGURES):
        return {judged(long.loc[(question, data, figure)], figure) for figure in figures}

    three = ("JA", "assd_pct", "nsd_at_1pct")
    against_unet = [key[:2] for key in long.index if key[0] in (SPEED, COARSE, CONTROL, FINE)]
    assert "U-Net is level or ahead of every other network that is there, in JA, ASSD and NSD" in reading()
    assert len(set(against_unet)) == 9  # four on polyps and on lungs each but for skin, where one is there
    assert not any("better" in said for question, data in against_unet for said in verdicts(question, data, three))
    for words, question, data, figures in (
        ("is level with it on polyps in all four figures (NSD", SPEED, POLYPS, FIGURES),
        ("on skin level in all four", COARSE, SKIN, FIGURES),
        ("level with U-Net on polyps in JA, ASSD and NSD (HD95", FINE, POLYPS, three),
        ("on the coarse grid BA-Net and the control are level in all four", "blocks, coarse grid", POLYPS, FIGURES),
        ("in all four figures, on polyps and on lungs", "blocks, coarse grid", LUNGS, FIGURES),
        ("the boundary level. So what", "budget, unet", SKIN, FIGURES[1:]),
        ("the boundary level. So what", "budget, banet", SKIN, FIGURES[1:]),
    ):
        assert words in reading() and verdicts(question, data, figures) == {"level one seed"}
    found = {
        (cell.data, cell.network, cell.seed)
        for cell in benchmark("grid").cells()
        if cell.steps > 2180 and cell.recorded
    }
    every = ("banet", "banet-s2", "control", "control-s2", "unet")
    there = {POLYPS: every, LUNGS: every, SKIN: ("banet", "unet")}
    assert found == {(data, network, 0) for data, networks in there.items() for network in networks}
    assert (
        "all five networks on polyps and lungs (the fine BA-Net for U-Net's time), and on skin U-Net and" in reading()
    )


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
