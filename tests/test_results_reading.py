"""The first section of docs/results.md: each figure is that of the comparison its sentence is about, read from its table."""

from __future__ import annotations

import itertools
import re

import pytest
from benchmark_scripts import ROOT
from results_page import Cell, Same, cells_of

READING = "## What our comparison says at this scale"
POLYPS, SKIN, LUNGS, PH2, COLON = "kvasir_seg", "isic2017", "sz_cxr", "isic2017-on-ph2", "kvasir_seg-on-cvc_colondb"
CONTROL, BLOCKS = "unet_same_encoder", "no-pee,no-attention,no-edge-task,no-cff"
OWN = "contrasts banet−{}/Kvasir-SEG/1200"  # each network at its own rate
ALL = "banet,unet,unet_same_encoder,fcn,deeplabv3,cenet,attention_unet,unetpp"

# Words of the reading, their figures left open, and the cells that fill these in this order: "run row column", each a name or
# several; then what is said of them: clear of 0 (+) or level (-) over the images; with the seeds resampled (1: one seed); left
# (+) after Holm's correction; a dot where nothing is said. `same`: of all these cells; `low` and `high`: the least and the
# most; `down`: a negative difference, without its sign; for other kinds see `Cell`.
SAID = [
    ("{} steps of {}. A difference", f"{SKIN} run steps,batch"),
    ("of {} tests {} have p below 0.05 and {} are left", "tests tests tests,small,left"),
    # U-Net, FCN on lungs
    ("the derived direction confirmed", f"{POLYPS} unet dJA,dASSD,dNSD +++"),
    ("U-Net on skin: not confirmed", f"{SKIN} unet dJA .--"),
    ("FCN on lungs: lower, confirmed", f"{LUNGS} fcn dJA,dASSD,dNSD +++"),
    ("after {} steps lower", f"{POLYPS} run steps"),
    ("after {} steps higher", "kvasir_seg-lite-5000 run steps"),
    ("On Kvasir-SEG it is {0:down} JA lower, with the seeds {0:seeds}, its boundary {1:up} % of the diagonal further off, "
     "its NSD {2:down} lower", f"{POLYPS} unet dJA,dASSD,dNSD +++"),
    ("With 1200 steps and each at its own rate the two are level there: BA-Net minus U-Net is {0} JA, with the seeds {0:seeds}",
     f"{OWN.format('unet')} dJA ---"),
    ("Measured on ColonDB it is {:down} JA lower", f"{COLON} unet dJA +++"),
    ("(JA {low} to {high}, BA-Net {})", f"{COLON} {ALL} JA"),
    ("[After {} steps]", "kvasir_seg-lite-5000 run steps"),
    ("one seed, U-Net leads: BA-Net minus U-Net is {0} JA {0:images}", "kvasir_seg-lite-5000 unet dJA +.."),
    ("On ISIC-2017 it is {0:down} JA lower, over images just clear of 0, with the seeds level ({0:seeds})",
     f"{SKIN} unet dJA +--"),
    ("one of the three seeds has {:n}", f"{SKIN} unet each"),
    ("the rank test sees nothing (p = {:p})", f"{SKIN} unet dJA"),
    ("boundary ({} %) and NSD ({}) are level", f"{SKIN} unet dASSD,dNSD ---"),
    ("Reported are {} against {}. On PH2", f"{SKIN} reported BA-Net,U-Net"),
    ("On PH2 ({} images), for which nothing", f"{PH2} run test"),
    ("it is {0:down} JA lower, clear of 0 with the seeds ({0:seeds}), but not after correction", f"{PH2} unet dJA ++-"),
    ("On SZ-CXR by {:up} JA, its boundary is {:down} % closer, its NSD {:up} higher: each clear of 0 with the seeds, and after "
     "correction", f"{LUNGS} unet dJA,dASSD,dNSD +++"),
    ("By {:down} JA, its boundary {:up} % further off, its NSD {:down} lower, three seeds", f"{LUNGS} fcn dJA,dASSD,dNSD +++"),
    ("that the article reports: {} against {}", f"{LUNGS} reported BA-Net,FCN"),
    # The control
    ("JA differs by {} on ISIC-2017, {} on PH2, {} on Kvasir-SEG, each level", f"{SKIN},{PH2},{POLYPS} {CONTROL} dJA ---"),
    ("(the rank test sees the first, p = {:p})", f"{SKIN} {CONTROL} dJA"),
    ("With 1200 steps and each at its own rate the control is ahead on Kvasir-SEG, by {:down} JA and {:down} NSD, each "
     "clear of 0 with the seeds and after correction", f"{OWN.format('control')} dJA,dNSD +++"),
    ("their ASSD and NSD are level too", f"{SKIN},{PH2},{POLYPS} {CONTROL} dASSD,dNSD ---"),
    ("a little HIGHER: {:up} JA (as small", f"{LUNGS} {CONTROL} dJA +++"),
    ("its boundary {:down} % closer, NSD {:up} higher, clear of 0 with the seeds and after correction",
     f"{LUNGS} {CONTROL} dASSD,dNSD +++"),
    ("From Kvasir-SEG to ColonDB it is {:up} JA higher over images, level with the seeds", f"{COLON} {CONTROL} dJA +--"),
    ("the lead over U-Net on polyps ({:down} JA", f"{POLYPS} unet dJA +++"),
    ("after {} steps) needs none", f"{POLYPS} run steps"),
    ("the control, on BA-Net's encoder and grid, is level with it ({})", f"{POLYPS} {CONTROL} dJA ---"),
    ("(NSD by {:down}, ASSD by {:up} mm) and", f"phantom-compare {CONTROL} dNSD,dASSD +.."),
    ("its JA level ({}); U-Net's", f"phantom-compare {CONTROL} dJA -.."),
    ("boundary is better there (ASSD by {:down} mm, NSD level)",
     "phantom-compare unet dASSD +..", "phantom-compare unet dNSD -.."),
    ("NSD level), its JA {:up} higher", "phantom-compare unet dJA +.."),
    # FCN, DeepLabv3, CE-Net
    ("On ISIC-2017 by {:down}, {:down} and {:down} JA, each clear of 0 with the seeds", f"{SKIN} fcn,deeplabv3,cenet dJA ++."),
    ("after correction the first two are left", f"{SKIN} fcn,deeplabv3 dJA ..+", f"{SKIN} cenet dJA ..-"),
    ("In NSD FCN ({:down}) and DeepLabv3 ({:down}) are lower", f"{SKIN} fcn,deeplabv3 dNSD +++"),
    ("CE-Net is level ({})", f"{SKIN} cenet dNSD ---"),
    ("On PH2 FCN is {:down} JA lower and DeepLabv3 {:down}, each clear of 0 with the seeds, but not after correction",
     f"{PH2} fcn,deeplabv3 dJA ++-"),
    ("CE-Net ({:down}) is level with the seeds", f"{PH2} cenet dJA +--"),
    ("By {:down}, {:down} and {:down} JA", f"{POLYPS} fcn,deeplabv3,cenet dJA +1."),
    ("second best there, {} against {}", f"{POLYPS} reported BA-Net,CE-Net"),
    ("CE-Net in NSD ({:down} lower, DeepLabv3 {:down})", f"{POLYPS} cenet,deeplabv3 dNSD +1+"),
    # Attention U-Net, U-Net++
    ("On ISIC-2017 both are level in JA ({}, {})", f"{SKIN} attention_unet,unetpp dJA ---"),
    ("the NSD of U-Net++ is {0:up} higher, over images {0:images}, with the seeds {0:seeds}, though not after correction",
     f"{SKIN} unetpp dNSD ++-"),
    ("both have the higher JA ({:up} and {:up})", f"{POLYPS} attention_unet,unetpp dJA +1-"),
    ("and NSD ({:up} and {:up}, the latter also after correction)",
     f"{POLYPS} attention_unet dNSD +1-", f"{POLYPS} unetpp dNSD +1+"),
    ("its ASSD is level everywhere", f"{SKIN},{PH2},{POLYPS},{COLON} unetpp dASSD -.-"),
    ("on ColonDB, one seed, the NSD of U-Net++ is {:up} higher, not after correction", f"{COLON} unetpp dNSD +1-"),
    ("its JA level ({}), while", f"{COLON} unetpp dJA -1-"),
    ("Attention U-Net's JA is {:down} lower, just clear of 0, not after correction", f"{COLON} attention_unet dJA +1-"),
    ("On PH2 both are level in JA with the seeds ({}, {})", f"{PH2} attention_unet,unetpp dJA .--"),
    # Grids and cost, false polyps, ColonDB alone
    ("FCN answers on {}, DeepLabv3 on every 16th", "costs fcn answers"),
    ("DeepLabv3 on {:nth}", "costs deeplabv3 answers"),
    ("BA-Net and the control on {same:nth}", "costs banet,unet_same_encoder answers"),
    ("CE-Net and the three U-Nets on {same}", "costs cenet,unet,attention_unet,unetpp answers"),
    ("U-Net and Attention U-Net cost {same} times BA-Net's operations", "costs unet,attention_unet times"),
    ("U-Net++ {} times", "costs unetpp times"),
    ("about half of U-Net's minutes ({} against {} on ISIC-2017), that of the control less still ({})",
     f"{SKIN} banet,unet,{CONTROL} training"),
    ("BA-Net has specificity {} on the transfer, U-Net {} and the control {}", f"{COLON} banet,unet,{CONTROL} SP"),
    ("U-Net++ (one seed) has {} too", f"{COLON} unetpp SP"),
    ("with more sensitivity ({}, BA-Net with that seed {})", f"{COLON} unetpp,banet@0 SE"),
    ("pays with sensitivity ({}; the control {}; U-Net, less cautious, has {} all the same)",
     f"{COLON} banet,{CONTROL},unet SE"),
    ("it missed {} cases", f"{COLON} banet missed"),
    ("({} frames with three seeds each)", f"{COLON} run test"),
    ("U-Net {:n}, the control {:n}. -", f"{COLON} unet,{CONTROL} missed"),
    ("{} consecutive test frames, {} to learn from", "cvc_colondb run test,training"),
    ("(sd of the JA of BA-Net's seeds {}, of U-Net's {})", "cvc_colondb banet,unet sd"),
    ("U-Net's {} JA and the control's {} are clear of 0 over images, and level with the seeds",
     f"cvc_colondb unet,{CONTROL} dJA +--"),
    ("so is U-Net's NSD ({}), though the rank test over images leaves it", "cvc_colondb unet dNSD +-+"),
    ("Clear of 0 with the seeds too is only the control's NSD ({}), not after correction",
     f"cvc_colondb {CONTROL} dNSD ++-", f"cvc_colondb {CONTROL} dASSD .--", "cvc_colondb unet dASSD .--"),
    # Blocks and windows
    ("Without PEE by {:down} (level; reported: {:size} points)", f"{POLYPS} no-pee dJA -1-", f"{POLYPS} reported PEE"),
    ("without attention by {:down}", f"{POLYPS} no-attention dJA +1-"),
    ('"mini-MTL") by {:down} (level; reported: {:size})', f"{POLYPS} no-edge-task dJA -1-", f"{POLYPS} reported mini-MTL"),
    ("without CFF by {:down} (reported: {:size})", f"{POLYPS} no-cff dJA +1-", f"{POLYPS} reported CFF"),
    ("twice what is reported, but its interval ({:images}) holds the reported figure too", f"{POLYPS} no-cff dJA"),
    ("Without PEE and without attention NSD is {same:down} lower", f"{POLYPS} no-pee,no-attention dNSD +1-"),
    ("lower, without CFF {:down}, the one that is left", f"{POLYPS} no-cff dNSD +1+", f"{POLYPS} no-edge-task dNSD -1-"),
    ("The seeds of the full network have an sd of {}", f"{POLYPS} banet sd"),
    ("Measured on ColonDB, with intervals that are too narrow, only the edge task is clear of 0 in JA ({})",
     f"{COLON} no-edge-task dJA +1-", f"{COLON} no-pee,no-attention,no-cff dJA -1-"),
    ("lie between {low} and {high} JA from the full one", f"{SKIN} {BLOCKS} dJA"),
    ("on PH2 between {low} and {high}; in JA", f"{PH2} {BLOCKS} dJA"),
    ("in JA, ASSD and NSD each is level with the seeds", f"{SKIN},{PH2} {BLOCKS} dJA,dASSD,dNSD .-."),
    ("{0} JA, with the seeds {0:seeds}, NSD", f"{SKIN} kernels-3-5 dJA ++-"),
    ("look best on ISIC-2017**, {high} JA", f"{SKIN} kernels-3-5,kernels-5-7,kernels-3-5-7 dJA"),
    ("NSD {}, which is left after correction", f"{SKIN} kernels-3-5 dNSD +++"),
    ("yet {0} on PH2 (level; the rank test sees it, p = {0:p})", f"{PH2} kernels-3-5 dJA ---"),
    ("and {} on Kvasir-SEG (level)", f"{POLYPS} kernels-3-5 dJA -1-"),
    ("their boundary is worse (ASSD by {:up} mm, NSD by {:down})", "phantom-kernels kernels-3-5 dASSD,dNSD +.."),
    ("without PEE {:down} JA is lost, without CFF {:down}, both clear of 0 over images",
     "phantom-ablation no-pee,no-cff dJA +.."),
    ("without attention ({}) or the edge task ({}) it is level", "phantom-ablation no-attention,no-edge-task dJA -.."),
]  # fmt: skip
# What needs no figure of ours: settings, thresholds, names, and what is or is not reported.
FRAME = [
    "small networks from random weights, 128 x 128",
    "A difference is the network minus BA-Net",
    "its 95 % interval holds 0",
    "the interval clear of 0 with the seeds resampled too, and p below 0.05 after Holm's correction",
    "With one seed it is a hint",
    "[the experiment below](#what-makes-a-boundary-better) tries three with each",
    "No figure of U-Net is reported there; but CE-Net is called second best, so U-Net lies lower",
    "For U-Net on lungs nothing is reported",
    "Not counted here",
    "What the blocks are worth in training, on the coarse grid",
    "windows: 3 and 5 at every stage look best",
    "One of three sets: a hint, with others against it",
]


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def cells(page) -> dict[tuple[str, str, str], Cell]:
    return cells_of(page)


def reading_of(page: str) -> str:
    return " ".join(page.split(READING)[1].split("### The tests together")[0].split())


def named(cells, where: str) -> list[Cell]:
    return [cells[key] for key in itertools.product(*(names.split(",") for names in where.split()[:3]))]


def filled(cells, words: str, *places: str) -> str:
    """The words with the figures of their cells."""
    found = [cell for where in places for cell in named(cells, where)]
    extremes = sorted((cell.figure for cell in found), key=float) if "{high}" in words else [""]
    return words.format(*found, same=Same(found), low=extremes[0], high=extremes[-1])


def verdicts_agree(cells, where: str) -> bool:
    return all(
        one in (".", found)
        for said in where.split()[3:]
        for cell in named(cells, where)
        for one, found in zip(said, cell.verdict(), strict=True)
    )


@pytest.mark.parametrize("entry", SAID, ids=lambda entry: entry[0][:50])
def test_what_is_said_is_what_its_table_says(page, cells, entry):
    assert len(re.findall(rf"(?<![\d.]){re.escape(filled(cells, *entry))}(?!\d)", reading_of(page))) == 1
    assert all(verdicts_agree(cells, where) for where in entry[1:])


def held(cells, reading: str) -> list[tuple[int, int]]:
    """From where to where the reading is held."""
    held = [filled(cells, *entry) for entry in SAID] + FRAME
    return [match.span() for words in held for match in re.finditer(re.escape(words), reading)]


def test_no_figure_stands_in_the_reading_without_its_table(page, cells):
    """A digit in a name (ISIC-2017, PH2) is no figure."""
    reading, spans = reading_of(page), held(cells, reading_of(page))
    figures = re.finditer(r"(?<![A-Za-z\d.])(?<![A-Za-z]-)\d+(?:\.\d+)?", reading)
    unheld = [f for f in figures if not any(start <= f.start() and f.end() <= end for start, end in spans)]
    assert [reading[f.start() - 40 : f.end() + 20] for f in unheld] == []


def test_every_sentence_has_its_figure(page, cells):
    """But for bold headings, whose figures follow them, and for what FRAME names."""
    reading = reading_of(page)
    spans = held(cells, reading) + [match.span() for match in re.finditer(r"\*\*.*?\*\*", reading)]
    sentences = re.finditer(r"\S.*?[.:](?=\s+[-A-Z\[*]|$)", reading)
    assert [s[0] for s in sentences if not any(start < s.end() and s.start() < end for start, end in spans)] == []


def test_what_cff_is_worth_beside_what_is_reported(cells):
    ours, reported = cells[POLYPS, "no-cff", "dJA"], -float(cells[POLYPS, "reported", "CFF"].figure.lstrip("-")) / 100
    low, high = map(float, ours.images.strip("[]").split(","))
    assert 1.8 < float(ours.figure) / reported < 2.2 and low < reported < high


def test_the_time_of_a_step_is_that_of_the_benchmarks(page):
    low, high = re.findall(r"a step takes (\S+) to (\S+) of U-Net's \(four runs", " ".join(page.split()))[0]
    benchmarks = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert f"| **BA-Net / U-Net** | **{low} to {high}** |" in benchmarks
