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
    ("there (JA +0.019, ASSD", "all together", POLYPS, "JA", "better one seed"),
    ("ASSD -0.410 %, NSD", "all together", POLYPS, "assd_pct", "better one seed"),
    ("NSD +0.029; clear of 0, not after correction)", "all together", POLYPS, "nsd_at_1pct", "better one seed"),
    ("behind in JA and ASSD (ASSD +0.016 %, both after correction)", "all together", LUNGS, "assd_pct", "worse one seed +"),
    ("On lungs it is behind in JA and ASSD", "all together", LUNGS, "JA", "worse one seed +"),
    ("behind on polyps in NSD (-0.060, after correction)", COARSE, POLYPS, "nsd_at_1pct", "worse one seed +"),
    ("and JA (-0.038, clear of 0, not after correction)", COARSE, POLYPS, "JA", "worse one seed"),
    ("in JA and ASSD (ASSD +0.030 %, both after correction) and NSD", COARSE, LUNGS, "assd_pct", "worse one seed +"),
    ("and NSD (-0.005, not after correction), on skin", COARSE, LUNGS, "nsd_at_1pct", "worse one seed"),
    ("on lungs in JA and ASSD", COARSE, LUNGS, "JA", "worse one seed +"),
    ("behind on polyps (JA -0.031, NSD", CONTROL, POLYPS, "JA", "worse one seed +"),
    ("NSD -0.054, both after correction)", CONTROL, POLYPS, "nsd_at_1pct", "worse one seed +"),
    ("on lungs in JA and ASSD (ASSD +0.025 %, both after correction)", CONTROL, LUNGS, "assd_pct", "worse one seed +"),
    ("on lungs in JA and ASSD", CONTROL, LUNGS, "JA", "worse one seed +"),
    ("and NSD (-0.005, not after correction), on skin", CONTROL, LUNGS, "nsd_at_1pct", "worse one seed"),
    ("(HD95 -1.844 %, clear of 0, not after correction)", FINE, POLYPS, "hd95_pct", "better one seed"),
    ("on lungs behind in JA and ASSD (ASSD +0.021 %, both after", FINE, LUNGS, "assd_pct", "worse one seed +"),
    ("on lungs behind in JA and ASSD", FINE, LUNGS, "JA", "worse one seed +"),
    ("(JA +0.020, NSD", ON_FINE, POLYPS, "JA", "better one seed"),
    ("NSD +0.026; clear of 0, not after correction), level in ASSD", ON_FINE, POLYPS, "nsd_at_1pct", "better one seed"),
    ("(JA +0.057, ASSD", WITH, POLYPS, "JA", "better one seed +"),
    ("ASSD -0.629 %, NSD", WITH, POLYPS, "assd_pct", "better one seed +"),
    ("NSD +0.089, all after correction; HD95 level)", WITH, POLYPS, "nsd_at_1pct", "better one seed +"),
    ("all after correction; HD95 level)", WITH, POLYPS, "hd95_pct", "level one seed"),
    ("on lungs (JA +0.003, ASSD", WITH, LUNGS, "JA", "better one seed +"),
    ("ASSD -0.014 %, both after correction; NSD", WITH, LUNGS, "assd_pct", "better one seed +"),
    ("NSD +0.004, not after correction)", WITH, LUNGS, "nsd_at_1pct", "better one seed"),
    ("helps on polyps (JA +0.030, ASSD", WITHOUT, POLYPS, "JA", "better one seed +"),
    ("ASSD -0.502 %, NSD", WITHOUT, POLYPS, "assd_pct", "better one seed +"),
    ("NSD +0.062, all after correction;", WITHOUT, POLYPS, "nsd_at_1pct", "better one seed +"),
    ("HD95 -1.676 %, not after correction)", WITHOUT, POLYPS, "hd95_pct", "better one seed"),
    ("on lungs ASSD is level (-0.004 %)", WITHOUT, LUNGS, "assd_pct", "level one seed"),
    ("(JA +0.157 U-Net, two seeds, confirmed", "budget, unet", POLYPS, "JA", CONFIRMED),
    ("+0.104 the coarse", "budget, banet", POLYPS, "JA", "better one seed +"),
    ("+0.081 the fine BA-Net", "budget, banet-s2", POLYPS, "JA", "better one seed +"),
    ("+0.070 and", "budget, control", POLYPS, "JA", "better one seed +"),
    ("+0.112 the coarse and the fine control), all after", "budget, control-s2", POLYPS, "JA", "better one seed +"),
    ("the coarse BA-Net's ASSD is 0.033 % closer", "budget, banet", LUNGS, "assd_pct", "better one seed +"),
    ("the coarse control's 0.021 %, both after correction", "budget, control", LUNGS, "assd_pct", "better one seed +"),
    *((("those of the other three are level over the images (the rank test sees them, after"), f"budget, {name}", LUNGS,
       "assd_pct", "level level +" if name == "unet" else "level one seed +") for name in ("unet", "banet-s2", "control-s2")),
    ("the coarse control's (+0.029) after correction", "budget, control", SKIN, "JA", "better one seed +"),
    ("the fine control's (+0.023)", "budget, control-s2", SKIN, "JA", "better one seed"),
    ("U-Net's (+0.015, clear of 0 with both seeds)", "budget, unet", SKIN, "JA", "better better"),
    ("the coarse BA-Net's (+0.015)", "budget, banet", SKIN, "JA", "better one seed"),
    ("and the fine one's (+0.013) not", "budget, banet-s2", SKIN, "JA", "better one seed"),
    ("for the coarse control (ASSD -0.235 %, NSD", "budget, control", SKIN, "assd_pct", "better one seed +"),
    ("NSD +0.033, both after correction)", "budget, control", SKIN, "nsd_at_1pct", "better one seed +"),
    ("in NSD for the fine control (+0.024, not after", "budget, control-s2", SKIN, "nsd_at_1pct", "better one seed"),
    ("on skin JA is 0.008 lower with 3000, not after correction", "budget, fine grid", SKIN, "JA", "worse one seed"),
    ("costs the fine BA-Net on polyps (JA -0.033, ASSD", "budget, fine grid", POLYPS, "JA", "worse one seed +"),
    ("ASSD +0.446 %, NSD", "budget, fine grid", POLYPS, "assd_pct", "worse one seed +"),
    ("on polyps NSD +0.031", BESIDE, POLYPS, "nsd_at_1pct", "better one seed"),
    ("on lungs NSD +0.004, both clear of 0, not after correction; JA", BESIDE, LUNGS, "nsd_at_1pct", "better one seed"),
    ("on skin HD95 is 0.805 % further off, clear of 0, not", BESIDE, SKIN, "hd95_pct", "worse one seed"),
    ("NSD -0.052, all after correction)", "budget, fine grid", POLYPS, "nsd_at_1pct", "worse one seed +"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "question", "data", "figure", "said"), LONG)
def test_what_is_said_of_5000_steps(words, question, data, figure, said):
    check_words(words, contrasts(5000).loc[(question, data, figure)], figure, said)


def test_what_is_said_of_5000_steps_in_general():
    long = contrasts(5000)

    def verdicts(question, data, figures=FIGURES):
        return {judged(long.loc[(question, data, figure)], figure).removesuffix(" +") for figure in figures}

    three = ("JA", "assd_pct", "nsd_at_1pct")
    questions = (SPEED, LONGER, COARSE, CONTROL, FINE, "all together")
    assert (
        "the only network that is ahead of U-Net in JA, ASSD or NSD, and on polyps alone:** in all four figures"
        in reading()
    )
    ahead = {
        (question, data)
        for question in questions
        for data in (POLYPS, LUNGS, SKIN)
        if any("better" in said for said in verdicts(question, data, three))
    }
    assert ahead == {("all together", POLYPS)} and verdicts("all together", POLYPS) == {"better one seed"}
    sets = (POLYPS, LUNGS, SKIN)
    best = [
        benchmark("grid_results").chosen(POLYPS, 5000, [name])[1][name, 0]["validation"]["best_JA"]
        for name in ("banet-s2", "unet")
    ]
    assert "(JA {:.3f}, U-Net's {:.3f})".format(*best) in reading()
    level = [
        ("ASSD and HD95 are level. On lungs", SPEED, POLYPS, ("assd_pct", "hd95_pct")),
        ("the means are level in all four figures", SPEED, LUNGS, FIGURES),
        ("On skin all four are level", SPEED, SKIN, FIGURES),
        ("not after correction, the rest level", LONGER, POLYPS, ("JA", "assd_pct", "hd95_pct")),
        ("(-0.008), all after correction; on skin level in all four. By", LONGER, SKIN, FIGURES),
        *(("and is level on lungs and skin", OWN, data, FIGURES) for data in (LUNGS, SKIN)),
        ("on skin level in all four. The coarse", COARSE, SKIN, FIGURES),
        ("on skin level in all four. The fine", CONTROL, SKIN, FIGURES),
        ("both after correction), on skin level in all four.", FINE, SKIN, FIGURES),
        ("level with U-Net on polyps in JA, ASSD and NSD (HD95", FINE, POLYPS, three),
        *(("are level in all four figures, on all three sets", "blocks, coarse grid", data, FIGURES) for data in sets),
        *(("JA and ASSD are level on all three sets", BESIDE, data, ("JA", "assd_pct")) for data in sets),
        ("level in ASSD and HD95", ON_FINE, POLYPS, ("assd_pct", "hd95_pct")),
        *(("and on lungs and skin level in all four", ON_FINE, data, FIGURES) for data in (LUNGS, SKIN)),
        *(("level in all four figures, with the blocks and without", question, SKIN, FIGURES) for question in (WITH, WITHOUT)),
        ("(ASSD +0.016 %, both after correction), on skin level in all four", "all together", SKIN, FIGURES),
        *(("level for the others", f"budget, {name}", SKIN, FIGURES[1:]) for name in ("unet", "banet", "banet-s2")),
        ("on lungs the two are level in all four", "budget, fine grid", LUNGS, FIGURES),
    ]  # fmt: skip
    for words, question, data, figures in level:
        assert words in reading() and verdicts(question, data, figures) <= {"level one seed", "level level"}, words
    grid = benchmark("grid")
    longer = {
        (cell.data, cell.network, cell.seed, cell.steps) for cell in grid.cells() if cell.steps > 2180 and cell.recorded
    }
    planned = {(data, network, seed, steps) for data, network, steps, _, seed in [*grid.long(0), *grid.long(1)[:6]]}
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
        "all five networks were trained on all three sets, U-Net with two seeds, the others with one",
        "the fine one with two seeds (3000 steps), the coarse one with one (9100)",
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
