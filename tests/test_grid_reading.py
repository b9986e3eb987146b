"""What docs/results.md says of the experiment on grids: each figure is that of the comparison which its sentence is about."""

from __future__ import annotations

import json
import re

import pytest
from benchmark_scripts import ROOT, benchmark

pytestmark = pytest.mark.landing  # every comparison is resampled

FIGURES = ("JA", "assd_pct", "hd95_pct", "nsd_at_1pct")
LESS_IS_BETTER = ("assd_pct", "hd95_pct")
EQUAL, COARSE, LAST = "all, at equal time", "all, against the coarse control", "encoder and the last step of the grid"
LONGER = "all on the coarse grid, at equal time"
POLYPS, LUNGS, SKIN = "kvasir_seg", "sz_cxr", "isic2017"

# Words of the page, whose figures must be those of the comparison; what is compared, on which data, in which figure; the
# verdict over images, and with the seeds resampled. "+": after correction as well.
AT_OWN_RATES = [
    ("ASSD is 0.020 % of the diagonal further off, with the seeds [+0.014, +0.026]",
     EQUAL, LUNGS, "assd_pct", "worse+", "worse+"),
    ("NSD is 0.003 lower, clear of 0 with the seeds, not after correction", EQUAL, LUNGS, "nsd_at_1pct", "worse", "worse"),
    ("NSD is 0.060 higher, with the seeds [+0.027, +0.098]", EQUAL, POLYPS, "nsd_at_1pct", "better+", "better+"),
    ("ASSD is 0.378 % closer, the interval over images just clear of 0 ([-0.770, -0.008]), with the seeds [-0.841, +0.059], "
     "and the rank test does not see it (p = 0.056)", EQUAL, POLYPS, "assd_pct", "better", "level"),
    ("JA is level (+0.020)", EQUAL, POLYPS, "JA", "level", "level"),
    ("ASSD +0.072 [-0.022, +0.173], with the seeds [-0.048, +0.234]", EQUAL, SKIN, "assd_pct", "level", "level"),
    ("NSD +0.009 [-0.006, +0.023]. HD95", EQUAL, SKIN, "nsd_at_1pct", "level", "level"),
    ("HD95 is 0.668 % further off, clear of 0 over the images, with the seeds level",
     EQUAL, SKIN, "hd95_pct", "worse", "level"),
    ("JA -0.016 [-0.040, +0.008]", COARSE, POLYPS, "JA", "level", "level"),
    ("ASSD +0.083 [-0.405, +0.567]", COARSE, POLYPS, "assd_pct", "level", "level"),
    ("NSD +0.010 [-0.014, +0.035]", COARSE, POLYPS, "nsd_at_1pct", "level", "level"),
    ("(JA +0.064", LONGER, POLYPS, "JA", "better+", None),
    ("ASSD -1.025 %, NSD", LONGER, POLYPS, "assd_pct", "better+", None),
    ("NSD +0.065), on lungs", LONGER, POLYPS, "nsd_at_1pct", "better+", None),
    ("(ASSD +0.042 %, NSD", LONGER, LUNGS, "assd_pct", "worse+", None),
    ("NSD -0.010), on skin", LONGER, LUNGS, "nsd_at_1pct", "worse+", None),
    ("(JA +0.011, ASSD", LONGER, SKIN, "JA", "level", None),
    ("ASSD +0.019 %) but for", LONGER, SKIN, "assd_pct", "level", None),
    ("but for NSD (+0.022, clear of 0, not after correction)", LONGER, SKIN, "nsd_at_1pct", "better", None),
    ("on skin (+0.021)", "budget, coarse grid", SKIN, "nsd_at_1pct", "better+", None),
    ("JA -0.056, NSD", "budget, fine grid", POLYPS, "JA", "worse+", "worse+"),
    ("NSD -0.072, two seeds, confirmed", "budget, fine grid", POLYPS, "nsd_at_1pct", "worse+", "worse+"),
    ("JA +0.074, NSD", "budget, coarse grid", POLYPS, "JA", "better+", None),
    ("NSD +0.085, one seed, also after correction", "budget, coarse grid", POLYPS, "nsd_at_1pct", "better+", None),
    ("ASSD +0.007 and", "budget, fine grid", LUNGS, "assd_pct", "worse", None),
    ("and -0.010 %, neither left after correction", "budget, coarse grid", LUNGS, "assd_pct", "better", None),
    ("coarse one's NSD is (+0.005)", "budget, coarse grid", LUNGS, "nsd_at_1pct", "better+", None),
    ("(JA +0.077", "all together", POLYPS, "JA", "better+", "better+"),
    ("NSD +0.131)", "all together", POLYPS, "nsd_at_1pct", "better+", "better+"),
    ("confirmed (JA +0.087", "grid, with blocks", POLYPS, "JA", "better+", "better+"),
    ("NSD +0.147)", "grid, with blocks", POLYPS, "nsd_at_1pct", "better+", "better+"),
    ("its ASSD by 0.014 %", "all together", LUNGS, "assd_pct", "worse+", None),
    ("(polyps: JA +0.051", "blocks, fine grid", POLYPS, "JA", "better+", None),
    ("ASSD -0.909 %; lungs", "blocks, fine grid", POLYPS, "assd_pct", "better+", None),
    ("ASSD -0.011 %)", "blocks, fine grid", LUNGS, "assd_pct", "better+", None),
    ("(polyps, two seeds: JA -0.047", "blocks, coarse grid", POLYPS, "JA", "worse+", "worse+"),
    ("NSD -0.064, ASSD", "blocks, coarse grid", POLYPS, "nsd_at_1pct", "worse+", "worse+"),
    ("ASSD level with the seeds [-0.128, +1.284]", "blocks, coarse grid", POLYPS, "assd_pct", "worse+", "level+"),
    ("lungs: ASSD +0.016 %", "blocks, coarse grid", LUNGS, "assd_pct", "worse+", None),
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
    ("(ASSD +0.010, +0.004, -0.001)", "blocks, fine grid", LUNGS, "assd_pct", "worse level level"),
    ("(JA -0.030 on polyps", "blocks, coarse grid", POLYPS, "JA", "worse level level"),
    ("ASSD +0.021 % on lungs), in ASSD at no other", "blocks, coarse grid", LUNGS, "assd_pct", "worse level level"),
    ("in ASSD at no other", "blocks, coarse grid", POLYPS, "assd_pct", "level level level"),
    ("(ASSD +0.025, +0.019, +0.019 %)", LAST, LUNGS, "assd_pct", "worse+ worse+ worse+"),
]  # fmt: skip


@pytest.fixture(scope="module")
def reading() -> str:
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    return " ".join(page.split("## What makes a boundary better")[1].split("### The rate of each network")[0].split())


@pytest.fixture(scope="module")
def results():
    return benchmark("grid_results")


@pytest.fixture(scope="module")
def contrasts(results):
    return results.contrasts().query("steps == 1200").set_index(["question", "data", "figure"])


@pytest.fixture(scope="module")
def equal_rates():
    return benchmark("grid_rates").equal_rates().set_index(["question", "data", "figure", "rate"])


def verdict(interval, figure: str) -> str:
    better, worse = interval.low > 0, interval.high < 0
    if figure in LESS_IS_BETTER:
        better, worse = worse, better
    return "better" if better else "worse" if worse else "level"


def decimals(text: str) -> list[str]:
    return re.findall(r"\d+\.\d+", text)


@pytest.mark.parametrize(("words", "question", "data", "figure", "images", "seeds"), AT_OWN_RATES)
def test_what_is_said_of_networks_at_their_own_rates(reading, contrasts, words, question, data, figure, images, seeds):
    row = contrasts.loc[(question, data, figure)]
    over, with_seeds = row["images"], row["seeds"]
    corrected = "+" if row["holm"] < 0.05 else ""
    assert words in reading
    assert verdict(over, figure) + corrected == images
    assert (None if with_seeds is None else verdict(with_seeds, figure) + corrected) == seeds
    told = decimals(re.sub(r"\[.*?\]", "", words))
    assert told in ([], [f"{abs(over.mean):.3f}"], [f"{abs(over.mean):.3f}", f"{row['p']:.3f}"])
    known = [f"[{over.low:+.3f}, {over.high:+.3f}]"]
    known += [f"[{with_seeds.low:+.3f}, {with_seeds.high:+.3f}]"] if with_seeds is not None else []
    assert set(re.findall(r"\[.*?\]", words)) <= set(known)
    for sign in re.findall(r"(?<![\w\[.])([-+])\d", re.sub(r"\[.*?\]", "", words)):
        assert (sign == "+") == (over.mean > 0)


@pytest.mark.parametrize(("words", "question", "data", "figure", "verdicts"), AT_ONE_RATE)
def test_what_is_said_of_networks_at_the_same_rate(reading, equal_rates, words, question, data, figure, verdicts):
    found = [equal_rates.loc[(question, data, figure, rate)] for rate in (0.0005, 0.001, 0.002)]
    rows = [row["compared"].images for row in found]
    assert words in reading
    said = [verdict(row["compared"].images, figure) + "+" * int(row["holm"] < 0.05) for row in found]
    assert said == verdicts.split()
    means = [f"{abs(interval.mean):.3f}" for interval in rows]
    assert decimals(words) in ([], means, means[:1])
    for sign, interval in zip(re.findall(r"([-+])\d", words), rows, strict=False):
        assert (sign == "+") == (interval.mean > 0)


def test_what_is_said_in_general(reading, results, contrasts, equal_rates):
    in_all = [
        ("all together", POLYPS, "better", ["images", "seeds"]),
        (LONGER, POLYPS, "better", ["images"]),
        (LONGER, LUNGS, "worse", ["images"]),
    ]
    for question, data, said, over in in_all:
        rows = [contrasts.loc[(question, data, figure)] for figure in FIGURES]
        assert all(row["holm"] < 0.05 for row in rows)
        told = {verdict(row[kind], figure) for row, figure in zip(rows, FIGURES, strict=True) for kind in over}
        assert told == {said}, (question, data)
    assert {verdict(contrasts.loc[("all together", SKIN, figure)]["images"], figure) for figure in FIGURES} == {"level"}

    two = {key[:2] for key, seeds in contrasts["seeds_used"].items() if len(seeds) == 2}
    on_polyps = [
        COARSE,
        "blocks, coarse grid",
        "encoder and grid",
        "grid, with blocks",
        "all together",
        "budget, fine grid",
    ]
    assert two == {(EQUAL, data) for data in (POLYPS, LUNGS, SKIN)} | {(question, POLYPS) for question in on_polyps}
    assert "All of it is one seed, but where a row says otherwise" in reading

    skin = [
        (question, figure, rate)
        for question in ("grid, with blocks", "grid, without blocks")
        for figure in ("JA", "assd_pct", "nsd_at_1pct")
        for rate in (0.001, 0.002)
        if verdict(equal_rates.loc[(question, SKIN, figure, rate)]["compared"].images, figure) != "level"
    ]
    assert skin == [("grid, without blocks", "nsd_at_1pct", 0.001)]
    for question, said, left in (("blocks, fine grid", "+0.020", True), ("blocks, coarse grid", "+0.013", False)):
        row = equal_rates.loc[(question, SKIN, "JA", 0.002)]
        interval = row["compared"].images
        assert verdict(interval, "JA") == "better" and f"{interval.mean:+.3f}" == said and (row["holm"] < 0.05) == left
    row = equal_rates.loc[("grid, without blocks", SKIN, "nsd_at_1pct", 0.001)]
    assert f"{row['compared'].images.mean:+.3f}" == "+0.018" and row["holm"] >= 0.05
    # The sketch made before.
    low, same = (equal_rates.loc[("blocks, fine grid", POLYPS, "JA", rate)] for rate in (0.0005, 0.001))
    assert f"{same['compared'].images.mean:+.3f}" == "+0.028" and f"{low['compared'].images.mean:+.3f}" == "-0.009"
    assert verdict(same["compared"].images, "JA") == "better" and same["holm"] >= 0.05
    assert verdict(low["compared"].images, "JA") == "level"

    kept = [results.best_rate(network) for network in results.NETWORKS]
    assert sum(rate in (min(results.RATES), max(results.RATES)) for rate in kept) == 4
    assert "What more than 2180 steps do has not been tried" in reading
    assert not any(cell.recorded for cell in results.cells() if cell.steps > 2180)

    apart, missed = [], {}
    for network, steps in (("banet-s2", 720), ("unet", 1200), ("control", 1200), ("banet", 1200), ("banet-s2", 1200)):
        table, _ = results.chosen(POLYPS, steps, [network])
        means = table.groupby("seed")["JA"].mean()
        apart.append(abs(means[0] - means[1]))
        missed[network, steps] = (table["status"] == "missed").sum()
    assert f"differ by {min(apart):.3f} to {max(apart):.3f} JA here" in reading
    assert missed["banet-s2", 720] > missed["unet", 1200]


def test_what_is_said_of_single_blocks(reading, results):
    table = benchmark("grid_blocks").without_blocks()
    assert {tuple(seeds) for seeds in table["seeds_used"]} == {(0,)} and set(table["data"]) == {POLYPS}
    assert "On polyps CFF: a hint" in reading
    _, facts = results.chosen(POLYPS, 1200, ["banet-s2", *results.NETWORKS, *benchmark("grid").ABLATED])
    of_one_kind = [fact for (network, seed), fact in facts.items() if network.startswith("banet-s2") and seed == 0]
    assert len({(fact["training"]["precision"], fact["training"]["learning_rate"]) for fact in of_one_kind}) == 1
    found = {(row.network.removeprefix("banet-s2-no-"), row.figure): row for row in table.itertuples()}
    told = {key: verdict(row.images, key[1]) + "+" * int(row.holm < 0.05) for key, row in found.items()}
    edge = {("edge-task", "assd_pct"): "worse", ("edge-task", "nsd_at_1pct"): "worse"}
    cff = {("cff", figure): "worse+" for figure in FIGURES}
    assert {key: said for key, said in told.items() if said != "level"} == edge | cff
    ja, assd, nsd = (found["cff", figure].images.mean for figure in ("JA", "assd_pct", "nsd_at_1pct"))
    assert f"(JA {ja:+.3f}, ASSD {assd:+.3f} %, NSD {nsd:+.3f})" in reading
    best = [facts[network, 0]["validation"]["best_JA"] for network in ("banet-s2-no-cff", "banet-s2")]
    assert "(JA {:.3f} without, {:.3f} with)".format(*best) in reading
    overlap, assd, nsd = (found["edge-task", figure].images.mean for figure in ("JA", "assd_pct", "nsd_at_1pct"))
    assert f"level ({overlap:+.3f}), its ASSD {assd:.3f} % further off and its NSD {-nsd:.3f} lower" in reading


def test_what_is_said_of_the_best_ba_net_for_u_nets_time(reading, results):
    means = {}
    for network, steps, words in (
        ("banet", 2180, "with 2180 steps it has JA {:.3f}"),
        ("banet-s2", 720, "720 steps {:.3f}"),
        ("banet-s2", 1200, "two thirds more time than U-Net takes, it has {:.3f}"),
    ):
        best = [results.chosen(data, steps, [network])[1][network, 0] for data in results.PARTS]
        means[steps] = sum(facts["validation"]["best_JA"] for facts in best) / len(best)
        assert words.format(means[steps]) in reading
    assert means[2180] > means[720]


def test_what_is_said_of_time(reading, results):
    seconds = json.loads(benchmark("grid").TIMES.read_text(encoding="utf-8"))["seconds"]
    for network, words in (
        ("control", "a step takes {:.2f} of U-Net's time"),
        ("banet-s2", "one of the fine BA-Net {:.2f})"),
    ):
        assert words.format(seconds[network] / seconds["unet"]) in reading
    share = 1200 * seconds["control"] / (720 * seconds["banet-s2"])
    assert "in a third of the time" in reading and abs(share - 1 / 3) < 0.03

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
