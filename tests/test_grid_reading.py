"""What docs/results.md says of the experiment on grids: each figure is that of the comparison which its sentence is about."""

from __future__ import annotations

import re

import pytest
from benchmark_scripts import ROOT, benchmark
from grid_page import (
    COARSE,
    CONFIRMED,
    EQUAL,
    FIGURES,
    LAST,
    LONGER,
    LUNGS,
    POLYPS,
    SKIN,
    WORSE,
    check_words,
    contrasts,
    decimals,
    equal_rates,
    judged,
    reading,
    verdict,
)

from banet_edu import create_model
from banet_edu.config import INPUT_SIZE

pytestmark = pytest.mark.landing  # every comparison is resampled

# Words of the page, whose figures must be those of the comparison; what is compared, on which data, in which figure; the
# verdict over images, with the seeds resampled, and "+" where it is left after correction.
AT_OWN_RATES = [
    ("ASSD is 0.020 % of the diagonal further off, with the seeds [+0.014, +0.026]", EQUAL, LUNGS, "assd_pct", WORSE),
    ("NSD is 0.003 lower, clear of 0 with the seeds, not after correction", EQUAL, LUNGS, "nsd_at_1pct", "worse worse"),
    ("NSD is 0.060 higher, with the seeds [+0.027, +0.098]", EQUAL, POLYPS, "nsd_at_1pct", CONFIRMED),
    ("ASSD is 0.378 % closer, the interval over images just clear of 0 ([-0.770, -0.008]), with the seeds [-0.841, +0.059], "
     "and the rank test does not see it (p = 0.056)", EQUAL, POLYPS, "assd_pct", "better level"),
    ("JA is level (+0.020)", EQUAL, POLYPS, "JA", "level level"),
    ("ASSD +0.072 [-0.022, +0.173], with the seeds [-0.048, +0.234]", EQUAL, SKIN, "assd_pct", "level level"),
    ("NSD +0.009 [-0.006, +0.023]. HD95", EQUAL, SKIN, "nsd_at_1pct", "level level"),
    ("HD95 is 0.668 % further off, clear of 0 over the images, with the seeds level", EQUAL, SKIN, "hd95_pct", "worse level"),
    ("JA -0.016 [-0.040, +0.008]", COARSE, POLYPS, "JA", "level level"),
    ("ASSD +0.083 [-0.405, +0.567]", COARSE, POLYPS, "assd_pct", "level level"),
    ("NSD +0.010 [-0.014, +0.035]", COARSE, POLYPS, "nsd_at_1pct", "level level"),
    ("ahead of it (ASSD -0.014 %, confirmed)", COARSE, LUNGS, "assd_pct", CONFIRMED),
    ("confirmed (JA +0.075", LONGER, POLYPS, "JA", CONFIRMED),
    ("ASSD -1.192 %, NSD", LONGER, POLYPS, "assd_pct", CONFIRMED),
    ("NSD +0.096), on lungs worse in all four, confirmed", LONGER, POLYPS, "nsd_at_1pct", CONFIRMED),
    ("confirmed (ASSD +0.041 %, NSD", LONGER, LUNGS, "assd_pct", WORSE),
    ("NSD -0.011); on skin", LONGER, LUNGS, "nsd_at_1pct", WORSE),
    ("after correction (JA +0.011, ASSD", LONGER, SKIN, "JA", "better better"),
    ("ASSD +0.027 %, NSD", LONGER, SKIN, "assd_pct", "level level"),
    ("NSD +0.016; HD95", LONGER, SKIN, "nsd_at_1pct", "better level"),
    ("HD95 is 0.570 % further off, clear of 0 with the seeds)", LONGER, SKIN, "hd95_pct", "worse worse"),
    ("confirmed (JA +0.077", "all together", POLYPS, "JA", CONFIRMED),
    ("NSD +0.131). On skin", "all together", POLYPS, "nsd_at_1pct", CONFIRMED),
    ("after correction (JA +0.011, NSD", "all together", SKIN, "JA", "better better"),
    ("NSD +0.015), and on lungs", "all together", SKIN, "nsd_at_1pct", "better level"),
    ("its ASSD by 0.011 %, confirmed", "all together", LUNGS, "assd_pct", WORSE),
    ("with the blocks (ASSD -0.037 %)", "grid, with blocks", LUNGS, "assd_pct", CONFIRMED),
    ("and without (-0.013 %)", "grid, without blocks", LUNGS, "assd_pct", CONFIRMED),
    ("it helps BA-Net, confirmed (JA +0.087", "grid, with blocks", POLYPS, "JA", CONFIRMED),
    ("NSD +0.147), and at every rate", "grid, with blocks", POLYPS, "nsd_at_1pct", CONFIRMED),
    ("higher with it (+0.017, clear of 0 with the seeds, not after", "grid, with blocks", SKIN, "nsd_at_1pct", "better better"),
    ("at its own rates (NSD +0.017, level)", "grid, without blocks", POLYPS, "nsd_at_1pct", "level level"),
    ("in all four figures (JA +0.050", "blocks, fine grid", POLYPS, "JA", CONFIRMED),
    ("ASSD -0.725 %, NSD", "blocks, fine grid", POLYPS, "assd_pct", CONFIRMED),
    ("NSD +0.062), on lungs", "blocks, fine grid", POLYPS, "nsd_at_1pct", CONFIRMED),
    ("on lungs in JA and ASSD (-0.010 %)", "blocks, fine grid", LUNGS, "assd_pct", CONFIRMED),
    ("in JA and NSD (JA -0.047", "blocks, coarse grid", POLYPS, "JA", WORSE),
    ("NSD -0.064; ASSD", "blocks, coarse grid", POLYPS, "nsd_at_1pct", WORSE),
    ("ASSD level with the seeds [-0.128, +1.284]", "blocks, coarse grid", POLYPS, "assd_pct", "worse level"),
    ("on lungs in JA, ASSD (+0.014 %)", "blocks, coarse grid", LUNGS, "assd_pct", WORSE),
    ("and HD95 (+0.047 %)", "blocks, coarse grid", LUNGS, "hd95_pct", WORSE),
    ("behind U-Net, confirmed (ASSD +0.021 %)", LAST, LUNGS, "assd_pct", WORSE),
    ("NSD is higher, confirmed (+0.063)", LAST, POLYPS, "nsd_at_1pct", CONFIRMED),
    ("1200: JA -0.056, NSD", "budget, fine grid", POLYPS, "JA", WORSE),
    ("NSD -0.072. The", "budget, fine grid", POLYPS, "nsd_at_1pct", WORSE),
    ("1200: JA +0.086, NSD", "budget, coarse grid", POLYPS, "JA", CONFIRMED),
    ("NSD +0.110. On lungs", "budget, coarse grid", POLYPS, "nsd_at_1pct", CONFIRMED),
    ("the fine one's ASSD is 0.009 % further off, confirmed", "budget, fine grid", LUNGS, "assd_pct", WORSE),
    ("the coarse one's is 0.007 % closer, with the seeds level", "budget, coarse grid", LUNGS, "assd_pct", "better level +"),
    ("NSD is higher (+0.004, just clear of 0 with the seeds)", "budget, coarse grid", LUNGS, "nsd_at_1pct", CONFIRMED),
    ("and on skin (+0.018), both confirmed", "budget, coarse grid", SKIN, "nsd_at_1pct", CONFIRMED),
    ("HD95 is 0.512 % further off, clear of 0 with the seeds", "budget, coarse grid", SKIN, "hd95_pct", "worse worse"),
]  # fmt: skip
# The same of both at one rate, seed 0, at the rates 0.0005, 0.001, 0.002: words, what, data, figure, the three verdicts.
AT_ONE_RATE = [
    ("ASSD falls by 0.047, 0.032 and 0.026 % with them", "grid, with blocks", LUNGS, "assd_pct", "better+ better+ better+"),
    ("by 0.035, 0.030 and 0.022 % without, each also after correction",
     "grid, without blocks", LUNGS, "assd_pct", "better+ better+ better+"),
    ("(JA +0.075, +0.068, +0.060", "grid, with blocks", POLYPS, "JA", "better+ better+ better+"),
    ("NSD +0.109, +0.097, +0.105)", "grid, with blocks", POLYPS, "nsd_at_1pct", "better+ better+ better+"),
    ("(NSD +0.130, +0.053, -0.028; the last not after correction)",
     "grid, without blocks", POLYPS, "nsd_at_1pct", "better+ better+ worse"),
    ("(NSD -0.046, +0.026, +0.117, each clear of 0, the second not after correction)",
     "blocks, fine grid", POLYPS, "nsd_at_1pct", "worse+ better better+"),
    ("(NSD +0.033, +0.230, +0.189; the first not after correction)", LAST, POLYPS, "nsd_at_1pct", "better better+ better+"),
    ("(ASSD +0.010, +0.004, -0.001), not after correction", "blocks, fine grid", LUNGS, "assd_pct", "worse level level"),
    ("(JA -0.030 on polyps", "blocks, coarse grid", POLYPS, "JA", "worse level level"),
    ("ASSD +0.021 % on lungs), in ASSD at no other", "blocks, coarse grid", LUNGS, "assd_pct", "worse level level"),
    ("in ASSD at no other", "blocks, coarse grid", POLYPS, "assd_pct", "level level level"),
    ("(ASSD +0.025, +0.019, +0.019 %)", LAST, LUNGS, "assd_pct", "worse+ worse+ worse+"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "question", "data", "figure", "said"), AT_OWN_RATES)
def test_what_is_said_of_networks_at_their_own_rates(words, question, data, figure, said):
    check_words(words, contrasts().loc[(question, data, figure)], figure, said)


@pytest.mark.parametrize(("words", "question", "data", "figure", "verdicts"), AT_ONE_RATE)
def test_what_is_said_of_networks_at_the_same_rate(words, question, data, figure, verdicts):
    found = [equal_rates().loc[(question, data, figure, rate)] for rate in (0.0005, 0.001, 0.002)]
    rows = [row["compared"].images for row in found]
    assert words in reading()
    said = [verdict(row["compared"].images, figure) + "+" * int(row["holm"] < 0.05) for row in found]
    assert said == verdicts.split()
    means = [f"{abs(interval.mean):.3f}" for interval in rows]
    assert decimals(words) in ([], means, means[:1])
    for sign, interval in zip(re.findall(r"([-+])\d", words), rows, strict=False):
        assert (sign == "+") == (interval.mean > 0)


def test_what_is_said_in_general():
    table = contrasts()
    assert all(seeds == [0, 1] for seeds in table["seeds_used"])
    every = [
        ("all together", POLYPS, CONFIRMED),
        (LONGER, POLYPS, CONFIRMED),
        (LONGER, LUNGS, WORSE),
        ("blocks, fine grid", POLYPS, CONFIRMED),
    ]
    for question, data, said in every:
        assert [judged(table.loc[(question, data, figure)], figure) for figure in FIGURES] == [said] * 4, question
    assert judged(table.loc[("blocks, fine grid", LUNGS, "JA")], "JA") == CONFIRMED
    assert judged(table.loc[("blocks, coarse grid", LUNGS, "JA")], "JA") == WORSE
    for question in (COARSE, LONGER, "all together", "blocks, fine grid", "blocks, coarse grid"):
        assert all(table.loc[(question, SKIN, figure)]["holm"] >= 0.05 for figure in FIGURES), question
    skin = {judged(table.loc[(LAST, SKIN, figure)], figure) for figure in FIGURES}
    assert skin == {judged(table.loc[("grid, without blocks", POLYPS, figure)], figure) for figure in FIGURES}
    assert skin == {"level level"}


def test_what_lesson_07_says_of_the_rate():
    lesson = (ROOT / "notebooks/src/07_ba_net_against_u_net.py").read_text(encoding="utf-8").replace("\n# ", " ")
    assert "1200 steps and two seeds, BA-Net and U-Net are level on polyps" in lesson
    row = contrasts().loc[("all on the coarse grid", POLYPS, "JA")]
    assert judged(row, "JA") == "level level" and row["seeds_used"] == [0, 1]


# One network minus another, both at one of the rates: words, what, data, figure, rate, the verdict.
AT_THIS_RATE = [
    ("level with it (JA +0.009", "all together", POLYPS, "JA", 0.0005, "level"),
    ("NSD -0.008), and the coarse BA-Net", "all together", POLYPS, "nsd_at_1pct", 0.0005, "level"),
    ("the coarse BA-Net (JA -0.065)", "all on the coarse grid", POLYPS, "JA", 0.0005, "worse+"),
    ("the coarse control (JA -0.035)", "encoder and grid", POLYPS, "JA", 0.0005, "worse+"),
    ("the control's NSD +0.041", "grid, without blocks", SKIN, "nsd_at_1pct", 0.0005, "better+"),
    ("BA-Net's JA +0.017", "grid, with blocks", SKIN, "JA", 0.0005, "better+"),
    ("behind in JA (-0.011)", LAST, SKIN, "JA", 0.002, "worse"),
    ("and ASSD (+0.155 %), not after correction", LAST, SKIN, "assd_pct", 0.002, "worse"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "question", "data", "figure", "rate", "said"), AT_THIS_RATE)
def test_what_is_said_of_networks_at_this_rate(words, question, data, figure, rate, said):
    row = equal_rates().loc[(question, data, figure, rate)]
    interval = row["compared"].images
    assert words in reading() and f"{interval.mean:+.3f}" in words
    assert verdict(interval, figure) + "+" * bool(row["holm"] < 0.05) == said


def test_what_is_said_of_skin_and_the_sketch_at_one_rate():
    one_rate = equal_rates()
    assert all(one_rate.xs("blocks, coarse grid", level="question")["holm"] >= 0.05)
    skin = [
        (question, figure, rate)
        for question in ("grid, with blocks", "grid, without blocks")
        for figure in ("JA", "assd_pct", "nsd_at_1pct")
        for rate in (0.001, 0.002)
        if verdict(one_rate.loc[(question, SKIN, figure, rate)]["compared"].images, figure) != "level"
    ]
    assert skin == [("grid, without blocks", "nsd_at_1pct", 0.001)]
    for question, said, left in (("blocks, fine grid", "+0.020", True), ("blocks, coarse grid", "+0.013", False)):
        row = one_rate.loc[(question, SKIN, "JA", 0.002)]
        interval = row["compared"].images
        assert verdict(interval, "JA") == "better" and f"{interval.mean:+.3f}" == said and (row["holm"] < 0.05) == left
    row = one_rate.loc[("grid, without blocks", SKIN, "nsd_at_1pct", 0.001)]
    assert f"{row['compared'].images.mean:+.3f}" == "+0.018" and row["holm"] >= 0.05
    low, same = (one_rate.loc[("blocks, fine grid", POLYPS, "JA", rate)] for rate in (0.0005, 0.001))
    assert f"{same['compared'].images.mean:+.3f}" == "+0.028" and f"{low['compared'].images.mean:+.3f}" == "-0.009"
    assert verdict(same["compared"].images, "JA") == "better" and same["holm"] >= 0.05
    assert verdict(low["compared"].images, "JA") == "level"


def test_what_is_said_of_the_rates_and_the_cells():
    grid = benchmark("grid")
    kept = {network: grid.best_rate(network) for network in grid.NETWORKS}
    assert sum(rate in (min(grid.RATES), max(grid.RATES)) for rate in kept.values()) == 4
    tried = {
        network: {rate: grid.Cell(POLYPS, network, 1200, rate, 0).facts["validation"]["best_JA"] for rate in grid.RATES}
        for network in grid.NETWORKS
    }
    best = {network: max(rates, key=rates.get) for network, rates in tried.items()}
    assert best["banet-s2"] == max(grid.RATES) and best["control-s2"] == min(grid.RATES)
    rises = "({:.3f}, {:.3f}, {:.3f} from the highest to the lowest)"
    assert rises.format(*(tried["unet"][rate] for rate in sorted(grid.RATES, reverse=True))) in reading()
    # As many cells a side on the fine grid here as on the article's.
    stride = {preset: create_model("banet", preset).encoder.strides[0] for preset in ("fine", "paper", "lite")}
    assert [INPUT_SIZE[preset] // stride[preset] for preset in stride] == [64, 64, 32]
    apart, missed = [], {}
    results = benchmark("grid_results")
    networks = [("banet-s2", 720), ("banet", 2180), *((network, 1200) for network in results.NETWORKS)]
    for network, steps in networks:
        table, _ = results.chosen(POLYPS, steps, [network])
        means = table.groupby("seed")["JA"].mean()
        apart.append(abs(means[0] - means[1]))
        missed[network, steps] = (table["status"] == "missed").sum()
    assert f"differ by {min(apart):.3f} to {max(apart):.3f} JA here" in reading()
    assert missed["banet-s2", 720] > missed["unet", 1200]
