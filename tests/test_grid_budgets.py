"""What docs/results.md says of the experiment on grids: U-Net's time, longer budgets, minutes."""

from __future__ import annotations

import json

import pytest
from benchmark_scripts import benchmark
from grid_page import (
    CONFIRMED,
    FIGURES,
    LONGER,
    LUNGS,
    NETWORKS,
    ON_FINE,
    POLYPS,
    SKIN,
    WITH,
    WITHOUT,
    WORSE,
    check_words,
    contrasts,
    judged,
    reading,
)

pytestmark = pytest.mark.landing  # every comparison is resampled


@pytest.fixture(scope="module")
def results():
    return benchmark("grid_results")


SPEED = "all, at equal time"
CONTROL, FINE = "encoder and grid", "encoder and the last step of the grid"
COARSE, BESIDE, OWN = "all on the coarse grid", "all, against the coarse control", "budget, coarse grid"
LONG = [
    ("on polyps its NSD is 0.029 lower, with the seeds [-0.054, -0.004], not after correction; JA", SPEED, POLYPS,
     "nsd_at_1pct", "worse worse"),
    ("JA is 0.023 lower, over the images, with the seeds level", SPEED, POLYPS, "JA", "worse level"),
    ("(ASSD +0.013 %, with the seeds [-0.008, +0.029]), but by ranks U-Net", SPEED, LUNGS, "assd_pct", "level level +"),
    ("is ahead in JA and ASSD, after correction. On skin", SPEED, LUNGS, "JA", "level level +"),
    ("on polyps its NSD is 0.028 lower, just clear of 0, not after correction, the rest level", LONGER, POLYPS,
     "nsd_at_1pct", "worse one seed"),
    ("it is behind in JA, ASSD (+0.041 %)", LONGER, LUNGS, "assd_pct", "worse one seed +"),
    ("it is behind in JA, ASSD", LONGER, LUNGS, "JA", "worse one seed +"),
    ("and NSD (-0.008), all after correction", LONGER, LUNGS, "nsd_at_1pct", "worse one seed +"),
    ("it gains on polyps (JA +0.019", OWN, POLYPS, "JA", "better one seed"),
    ("NSD +0.032, not after correction)", OWN, POLYPS, "nsd_at_1pct", "better one seed"),
    ("(polyps: JA +0.000, with the seeds [-0.034, +0.032])", "all together", POLYPS, "JA", "level level"),
    *(("On lungs U-Net is ahead by ranks in JA and ASSD, after correction", "all together", LUNGS, figure, "level level +")
      for figure in ("JA", "assd_pct")),
    ("on skin JA (+0.008)", "all together", SKIN, "JA", "better level"),
    ("and NSD (+0.015) are higher over the images, not after correction", "all together", SKIN, "nsd_at_1pct",
     "better level"),
    ("is behind on polyps in JA (-0.045)", COARSE, POLYPS, "JA", WORSE),
    ("and NSD (-0.070), on lungs in JA", COARSE, POLYPS, "nsd_at_1pct", WORSE),
    ("on lungs in JA, ASSD (+0.033 %)", COARSE, LUNGS, "assd_pct", WORSE),
    *(("and NSD, all confirmed; on skin its JA", COARSE, LUNGS, figure, WORSE) for figure in ("JA", "nsd_at_1pct")),
    ("on skin its JA is 0.008 higher over the images, with the seeds level", COARSE, SKIN, "JA", "better level"),
    ("The coarse control is behind on polyps in JA (-0.050)", CONTROL, POLYPS, "JA", WORSE),
    ("and NSD (-0.069), on lungs", CONTROL, POLYPS, "nsd_at_1pct", WORSE),
    ("on lungs in JA and ASSD (+0.020 %), all confirmed", CONTROL, LUNGS, "assd_pct", WORSE),
    ("on lungs in JA and ASSD", CONTROL, LUNGS, "JA", WORSE),
    ("in NSD (-0.003) over the images; on skin", CONTROL, LUNGS, "nsd_at_1pct", "worse level"),
    ("on lungs its JA and ASSD (+0.011 %) are worse over the images, also after", FINE, LUNGS, "assd_pct", "worse level +"),
    ("are worse over the images, also after correction, with the seeds level", FINE, LUNGS, "JA", "worse level +"),
    ("on skin JA (+0.007)", FINE, SKIN, "JA", "better level"),
    ("and NSD (+0.017) are higher", FINE, SKIN, "nsd_at_1pct", "better level"),
    ("HD95 is further off (+0.453 %), over the images", FINE, SKIN, "hd95_pct", "worse level"),
    ("on polyps JA +0.027", BESIDE, POLYPS, "JA", CONFIRMED),
    ("and NSD +0.041, confirmed", BESIDE, POLYPS, "nsd_at_1pct", CONFIRMED),
    ("on lungs NSD +0.004 over the images, with the seeds level", BESIDE, LUNGS, "nsd_at_1pct", "better level"),
    ("on lungs JA is 0.002 lower, confirmed", "blocks, coarse grid", LUNGS, "JA", WORSE),
    ("and ASSD 0.013 % further off, over the images, also after correction, with the seeds level", "blocks, coarse grid",
     LUNGS, "assd_pct", "worse level +"),
    ("On the fine grid JA is 0.015 higher on polyps over the images, with the seeds level", ON_FINE, POLYPS, "JA",
     "better level"),
    ("(JA +0.045, ASSD", WITH, POLYPS, "JA", CONFIRMED),
    ("ASSD -0.512 %, NSD", WITH, POLYPS, "assd_pct", CONFIRMED),
    ("NSD +0.074) and on lungs", WITH, POLYPS, "nsd_at_1pct", CONFIRMED),
    ("(JA +0.004, ASSD", WITH, LUNGS, "JA", CONFIRMED),
    ("ASSD -0.025 %, NSD", WITH, LUNGS, "assd_pct", CONFIRMED),
    ("NSD +0.006), all confirmed", WITH, LUNGS, "nsd_at_1pct", CONFIRMED),
    ("helps on polyps (JA +0.035, ASSD", WITHOUT, POLYPS, "JA", CONFIRMED),
    ("ASSD -0.409 %, NSD", WITHOUT, POLYPS, "assd_pct", CONFIRMED),
    ("NSD +0.060), confirmed", WITHOUT, POLYPS, "nsd_at_1pct", CONFIRMED),
    ("and ASSD (-0.009 %) are better over the images, also after correction, with the seeds level", WITHOUT, LUNGS,
     "assd_pct", "better level +"),
    ("are better over the images, also after correction", WITHOUT, LUNGS, "JA", "better level +"),
    *((words, f"budget, {name}", POLYPS, "JA", CONFIRMED) for name, words in (
        ("unet", "(JA +0.157 U-Net"), ("banet", "+0.123 the coarse and"), ("banet-s2", "+0.080 the fine BA-Net"),
        ("control", "+0.071 and"), ("control-s2", "+0.116 the coarse and the fine control)"))),
    *(("On lungs JA is a little higher, confirmed, for all but U-Net", f"budget, {name}", LUNGS, "JA", CONFIRMED)
      for name in ("banet", "banet-s2", "control", "control-s2")),
    ("for the coarse BA-Net (-0.021 %)", "budget, banet", LUNGS, "assd_pct", CONFIRMED),
    ("and the coarse control (-0.019 %)", "budget, control", LUNGS, "assd_pct", CONFIRMED),
    *(("for the two fine ones over the images. On skin", f"budget, {name}", LUNGS, "assd_pct", "better level +")
      for name in ("banet-s2", "control-s2")),
    ("confirmed, for the coarse BA-Net (+0.017) and", "budget, banet", SKIN, "JA", CONFIRMED),
    ("the coarse control (+0.022) and", "budget, control", SKIN, "JA", CONFIRMED),
    ("and the fine control (+0.022);", "budget, control-s2", SKIN, "JA", CONFIRMED),
    ("and the fine one (+0.011), the coarse", "budget, banet-s2", SKIN, "JA", CONFIRMED),
    ("(+0.015) is clear of 0 with the seeds, not after correction", "budget, unet", SKIN, "JA", "better better"),
    ("NSD there is higher for the coarse BA-Net (+0.025)", "budget, banet", SKIN, "nsd_at_1pct", CONFIRMED),
    ("and the coarse control (+0.030), confirmed", "budget, control", SKIN, "nsd_at_1pct", CONFIRMED),
    ("for the fine control (+0.027, not after correction)", "budget, control-s2", SKIN, "nsd_at_1pct", "better better"),
    ("costs the fine BA-Net on polyps (JA -0.023, NSD", "budget, fine grid", POLYPS, "JA", WORSE),
    ("NSD -0.033), confirmed", "budget, fine grid", POLYPS, "nsd_at_1pct", WORSE),
    ("on lungs JA is 0.001 lower over the images, with the seeds level", "budget, fine grid", LUNGS, "JA", "worse level"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "question", "data", "figure", "said"), LONG)
def test_what_is_said_of_5000_steps(words, question, data, figure, said):
    check_words(words, contrasts(5000).loc[(question, data, figure)], figure, said)


def test_what_is_said_of_5000_steps_in_general():
    long = contrasts(5000)

    def verdicts(question, data, figures=FIGURES):
        return {judged(long.loc[(question, data, figure)], figure).removesuffix(" +") for figure in figures}

    three = ("JA", "assd_pct", "nsd_at_1pct")
    sets = (POLYPS, LUNGS, SKIN)
    assert "Nowhere is a network ahead of U-Net in JA, ASSD or NSD, clear of 0 with the seeds" in reading()
    for question in (SPEED, LONGER, COARSE, CONTROL, FINE, "all together"):
        for data in sets:
            assert not any("better better" in said or "better one" in said for said in verdicts(question, data, three))
    level = [
        ("ASSD and HD95 are level. On lungs", SPEED, POLYPS, ("assd_pct", "hd95_pct")),
        ("the means are level in all four figures", SPEED, LUNGS, FIGURES),
        ("On skin all four are level", SPEED, SKIN, FIGURES),
        ("not after correction, the rest level", LONGER, POLYPS, ("JA", "assd_pct", "hd95_pct")),
        ("(-0.008), all after correction; on skin level in all four. By", LONGER, SKIN, FIGURES),
        *(("and is level on lungs and skin", OWN, data, FIGURES) for data in (LUNGS, SKIN)),
        *(("the fine one is level with U-Net with the seeds", "all together", data, FIGURES) for data in (POLYPS, LUNGS)),
        ("the fine one is level with U-Net with the seeds", "all together", SKIN, ("assd_pct", "hd95_pct")),
        ("over the images; on skin it is level in all four. The fine", CONTROL, SKIN, FIGURES),
        ("is level with U-Net on polyps in JA, ASSD and NSD", FINE, POLYPS, three),
        *(("JA and ASSD are level on lungs and skin", BESIDE, data, ("JA", "assd_pct")) for data in (LUNGS, SKIN)),
        ("on lungs and skin, ASSD on polyps too", BESIDE, POLYPS, ("assd_pct",)),
        *(("level in all four figures on polyps and skin", "blocks, coarse grid", data, FIGURES) for data in (POLYPS, SKIN)),
        ("all else is level, on all three sets", ON_FINE, POLYPS, FIGURES[1:]),
        *(("all else is level, on all three sets", ON_FINE, data, FIGURES) for data in (LUNGS, SKIN)),
        *(("HD95 is level on both", WITH, data, ("hd95_pct",)) for data in (POLYPS, LUNGS)),
        *(("level in all four figures, with the blocks and without", question, SKIN, FIGURES) for question in (WITH, WITHOUT)),
        ("for all but U-Net, which is level in all four figures", "budget, unet", LUNGS, FIGURES),
        ("on skin the two are level in all four", "budget, fine grid", SKIN, FIGURES),
        *(("ASSD is level for all five", f"budget, {name}", SKIN, ("assd_pct",)) for name in NETWORKS),
    ]  # fmt: skip
    for words, question, data, figures in level:
        assert words in reading() and verdicts(question, data, figures) <= {"level one seed", "level level"}, words
    grid = benchmark("grid")
    longer = {
        (cell.data, cell.network, cell.seed, cell.steps) for cell in grid.cells() if cell.steps > 2180 and cell.recorded
    }
    planned = {(data, network, seed, steps) for data, network, steps, _, seed in [*grid.long(0), *grid.long(1)]}
    assert longer == planned | {(data, "banet", 0, 9100) for data in sets}
    chosen = benchmark("grid_results").chosen
    made = {
        (data, steps, network, seed): fact["training"]["precision"]
        for data in sets
        for steps in (1200, 3000, 5000, 9100)
        for (network, seed), fact in chosen(data, steps, [*NETWORKS])[1].items()
    }
    assert {how for (_, steps, *_), how in made.items() if steps > 1200} == {"bf16"}
    short = {(data, name, seed) for (data, steps, name, seed), how in made.items() if steps == 1200 and how == "fp32"}
    assert {(data, name) for data, name, seed in short if seed == 0} == {
        *((data, name) for data in sets for name in ("banet-s2", "control")),
        (SKIN, "control-s2"),
        (SKIN, "unet"),
    }
    assert {data for data, name, seed in short if (name, seed) == ("unet", 1)} == set(sets)
    for words in (
        "the coarse control were in fp32, and on skin those of the fine control and U-Net too, as was U-Net's second",
        "all five networks were trained on all three sets with two seeds",
        "the fine one with two seeds (3000 steps), the coarse one with one (9100)",
        "finds nothing left to train",
    ):
        assert words in reading()


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
    after_long = [
        sum(results.chosen(data, steps, [name])[1][name, 0]["validation"]["best_JA"] for data in results.PARTS) / 3
        for name, steps in (("banet", 9100), ("banet-s2", 3000), ("unet", 5000))
    ]
    assert (
        "({:.3f}, the fine one {:.3f}; U-Net {:.3f})".format(*after_long) in reading() and after_long[0] > after_long[1]
    )
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
