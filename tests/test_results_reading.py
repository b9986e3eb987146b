"""The first section of docs/results.md: each sentence has its figure in a table of the page, and says of it what holds."""

from __future__ import annotations

import re

import pytest
from benchmark_scripts import ROOT, benchmark

pytestmark = pytest.mark.landing


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


READING = "## What our comparison says at this scale"
DEFINED = {"0.05"}  # where p is said to be small


def reading_of(page: str) -> str:
    return " ".join(page.split(READING)[1].split("### The tests together")[0].split())


def unknown_figures(reading: str, page: str) -> list[str]:
    """Decimals of the reading that stand in no table of the page, signs and intervals included where it has them."""
    blocks = re.findall(r"<!-- (?:run|table): .*?<!-- end -->", page, re.DOTALL)
    cells = {cell.strip() for block in blocks for line in block.splitlines() for cell in line.split("|")}
    tables = " ".join(cells)
    known = set(re.findall(r"\d+\.\d+", tables)) | DEFINED
    signed = set(re.findall(r"[-+]\d+\.\d+", tables))
    intervals = set(re.findall(r"\[[-+]\d\.\d+, [-+]\d\.\d+\]", tables))
    wrong = [found for found in re.findall(r"\[[-+]\d\.\d+, [-+]\d\.\d+\]", reading) if found not in intervals]
    wrong += [found for found in re.findall(r"(?<![\w.])[-+]\d+\.\d+", reading) if found not in signed]
    return wrong + [found for found in re.findall(r"\d+\.\d+", reading) if found not in known]


def test_the_reading_quotes_the_tables(page):
    assert unknown_figures(reading_of(page), page) == []


@pytest.mark.parametrize(
    ("figure", "other"),
    [("0.109 JA lower", "0.999 JA lower"), ("[-0.029, +0.004]", "[-0.029, +0.005]"), ("+0.039", "+0.931")],
)
def test_a_figure_that_moved_is_noticed(page, figure, other):
    assert figure in reading_of(page)
    assert unknown_figures(reading_of(page).replace(figure, other), page)


# What the reading says of a comparison: its words there (with the figure), then run, network, figure; whether the interval
# over images is clear of 0, whether it is with the seeds resampled (None: one seed), whether p is left after correction.
SAID = [
    ("On Kvasir-SEG it is 0.109 JA lower, with the seeds [-0.153, -0.064]", "kvasir_seg", "unet", "JA", 1, 1, 1),
    ("its boundary 1.753 % of the diagonal further off", "kvasir_seg", "unet", "assd_pct", 1, 1, 1),
    ("its NSD 0.144 lower. Measured on ColonDB", "kvasir_seg", "unet", "nsd_at_1pct", 1, 1, 1),
    ("Measured on ColonDB it is 0.090 lower", "kvasir_seg-on-cvc_colondb", "unet", "JA", 1, 1, 1),
    ("lower by 0.011, over images just clear of 0, with the seeds level", "isic2017", "unet", "JA", 1, 0, 0),
    ("boundary and NSD are level. Reported", "isic2017", "unet", "assd_pct", 0, 0, 0),
    ("boundary and NSD are level. Reported", "isic2017", "unet", "nsd_at_1pct", 0, 0, 0),
    ("it is 0.040 lower, clear of 0 with the seeds", "isic2017-on-ph2", "unet", "JA", 1, 1, 0),
    ("On SZ-CXR by 0.011 JA", "sz_cxr", "unet", "JA", 1, 1, 1),
    ("its boundary is 0.067 % closer", "sz_cxr", "unet", "assd_pct", 1, 1, 1),
    ("its NSD 0.020 higher", "sz_cxr", "unet", "nsd_at_1pct", 1, 1, 1),
    ("By 0.015 JA, its boundary", "sz_cxr", "fcn", "JA", 1, 1, 1),
    ("boundary 0.093 % further off", "sz_cxr", "fcn", "assd_pct", 1, 1, 1),
    ("its NSD 0.044 lower, three seeds", "sz_cxr", "fcn", "nsd_at_1pct", 1, 1, 1),
    ("JA differs by -0.007 on ISIC-2017", "isic2017", "unet_same_encoder", "JA", 0, 0, 0),
    ("-0.007 on PH2", "isic2017-on-ph2", "unet_same_encoder", "JA", 0, 0, 0),
    ("+0.007 on Kvasir-SEG, each level", "kvasir_seg", "unet_same_encoder", "JA", 0, 0, 0),
    *[
        ("their ASSD and NSD are level too", run, "unet_same_encoder", figure, 0, 0, 0)
        for run in ("isic2017", "isic2017-on-ph2", "kvasir_seg")
        for figure in ("assd_pct", "nsd_at_1pct")
    ],
    ("a little HIGHER: 0.002 JA", "sz_cxr", "unet_same_encoder", "JA", 1, 1, 1),
    ("its boundary 0.012 % closer", "sz_cxr", "unet_same_encoder", "assd_pct", 1, 1, 1),
    ("NSD 0.006 higher", "sz_cxr", "unet_same_encoder", "nsd_at_1pct", 1, 1, 1),
    ("ColonDB it is 0.030 higher over images", "kvasir_seg-on-cvc_colondb", "unet_same_encoder", "JA", 1, 0, 0),
    ("On ISIC-2017 by 0.015, 0.041 and 0.012 JA", "isic2017", "fcn", "JA", 1, 1, 1),
    ("by 0.015, 0.041 and 0.012 JA", "isic2017", "deeplabv3", "JA", 1, 1, 1),
    ("by 0.015, 0.041 and 0.012 JA", "isic2017", "cenet", "JA", 1, 1, 0),
    ("In NSD FCN (0.036)", "isic2017", "fcn", "nsd_at_1pct", 1, 1, 1),
    ("DeepLabv3 (0.110)", "isic2017", "deeplabv3", "nsd_at_1pct", 1, 1, 1),
    ("CE-Net is level. On PH2", "isic2017", "cenet", "nsd_at_1pct", 0, 0, 0),
    ("On PH2 FCN is 0.034 lower, also after correction", "isic2017-on-ph2", "fcn", "JA", 1, 1, 1),
    ("DeepLabv3 (0.021) is not after correction", "isic2017-on-ph2", "deeplabv3", "JA", 1, 1, 0),
    ("CE-Net (0.020) is level with the seeds", "isic2017-on-ph2", "cenet", "JA", 1, 0, 0),
    ("By 0.054, 0.035 and 0.047 JA", "kvasir_seg", "fcn", "JA", 1, None, 1),
    ("By 0.054, 0.035 and 0.047 JA", "kvasir_seg", "deeplabv3", "JA", 1, None, 0),
    ("By 0.054, 0.035 and 0.047 JA", "kvasir_seg", "cenet", "JA", 1, None, 1),
    ("both are level in JA (-0.002, +0.001)", "isic2017", "attention_unet", "JA", 0, 0, 0),
    ("both are level in JA (-0.002, +0.001)", "isic2017", "unetpp", "JA", 0, 0, 0),
    ("NSD of U-Net++ is 0.025 higher, over images [+0.007, +0.043]", "isic2017", "unetpp", "nsd_at_1pct", 1, 1, 0),
    ("higher JA (0.035 and 0.031)", "kvasir_seg", "attention_unet", "JA", 1, None, 0),
    ("higher JA (0.035 and 0.031)", "kvasir_seg", "unetpp", "JA", 1, None, 0),
    ("NSD (0.040 and 0.067", "kvasir_seg", "attention_unet", "nsd_at_1pct", 1, None, 0),
    ("NSD (0.040 and 0.067, the latter also after correction)", "kvasir_seg", "unetpp", "nsd_at_1pct", 1, None, 1),
    ("NSD of U-Net++ is 0.056 higher", "kvasir_seg-on-cvc_colondb", "unetpp", "nsd_at_1pct", 1, None, 0),
    ("its JA level (+0.023)", "kvasir_seg-on-cvc_colondb", "unetpp", "JA", 0, None, 0),
    ("On PH2 both are level with the seeds", "isic2017-on-ph2", "attention_unet", "JA", 1, 0, 0),
    ("On PH2 both are level with the seeds", "isic2017-on-ph2", "unetpp", "JA", 0, 0, 0),
    ("U-Net's +0.039 JA", "cvc_colondb", "unet", "JA", 1, 0, 0),
    ("the control's -0.032", "cvc_colondb", "unet_same_encoder", "JA", 1, 0, 0),
    ("U-Net's NSD (+0.095)", "cvc_colondb", "unet", "nsd_at_1pct", 1, 0, 1),
    ("Without PEE by 0.013 (level)", "kvasir_seg", "no-pee", "JA", 0, None, 0),
    ("without attention by 0.021", "kvasir_seg", "no-attention", "JA", 1, None, 0),
    ('(nearest to the reported "mini-MTL") by 0.016 (level)', "kvasir_seg", "no-edge-task", "JA", 0, None, 0),
    ("without CFF by 0.022", "kvasir_seg", "no-cff", "JA", 1, None, 0),
    ("NSD falls with PEE and attention by 0.025 each", "kvasir_seg", "no-pee", "nsd_at_1pct", 1, None, 0),
    ("NSD falls with PEE and attention by 0.025 each", "kvasir_seg", "no-attention", "nsd_at_1pct", 1, None, 0),
    ("with CFF by 0.041, the one that is left", "kvasir_seg", "no-cff", "nsd_at_1pct", 1, None, 1),
    ("only the edge task is clear of 0 in JA (-0.024)", "kvasir_seg-on-cvc_colondb", "no-edge-task", "JA", 1, None, 0),
    *[
        ("in JA, ASSD and NSD each is level with the seeds", run, f"no-{block}", figure, None, 0, None)
        for run in ("isic2017", "isic2017-on-ph2")
        for block in ("pee", "attention", "edge-task", "cff")
        for figure in ("JA", "assd_pct", "nsd_at_1pct")
    ],
    ("+0.009 JA, with the seeds [+0.002, +0.017]", "isic2017", "kernels-3-5", "JA", 1, 1, 0),
    ("NSD +0.015, which is left after correction", "isic2017", "kernels-3-5", "nsd_at_1pct", 1, 1, 1),
    ("yet -0.008 on PH2", "isic2017-on-ph2", "kernels-3-5", "JA", 0, 0, 0),
    ("+0.002 on Kvasir-SEG, both level", "kvasir_seg", "kernels-3-5", "JA", 0, None, 0),
]


@pytest.fixture(scope="module")
def comparisons():
    return (
        benchmark("study_results").all_comparisons(ROOT / "docs" / "recorded").set_index(["run", "network", "figure"])
    )


def test_what_is_said_of_a_comparison_holds(page, comparisons):
    reading, wrong = reading_of(page), []
    for words, run, network, figure, over_images, with_seeds, corrected in SAID:
        row = comparisons.loc[(f"study-{run}", network, figure)]
        holds = [
            words in reading,
            not re.search(r"\d\.\d{3}", words) or f"{abs(row['images'].mean):.3f}" in words,
            over_images is None or row["images"].clear == bool(over_images),
            (row["seeds"] is None) if with_seeds is None else (row["seeds"].clear == bool(with_seeds)),
            corrected is None or (row["holm"] < 0.05) == bool(corrected),
            not re.search(r"lower|falls|further", words) or figure == "assd_pct" or row["images"].mean < 0,
            not re.search(r"higher|HIGHER", words) or row["images"].mean > 0,
            not re.search(r"closer", words) or row["images"].mean < 0,
        ]
        if not all(holds):
            wrong.append((words, run, network, figure, holds))
    assert wrong == []


def test_what_is_said_of_all_tests_together_holds(page, comparisons):
    counts = f"of {len(comparisons)} tests {(comparisons['p'] < 0.05).sum()} have p below 0.05 and "
    assert f"{counts}{(comparisons['holm'] < 0.05).sum()} are left" in reading_of(page)


def test_what_is_said_of_blocks_together_holds(page, comparisons):
    """Ranges over the four blocks, and that on ColonDB no other block is clear of 0."""
    blocks = ["no-pee", "no-attention", "no-edge-task", "no-cff"]
    for run, low, high in (("isic2017", "-0.001", "+0.003"), ("isic2017-on-ph2", "-0.010", "+0.003")):
        means = [comparisons.loc[(f"study-{run}", block, "JA")]["images"].mean for block in blocks]
        assert (f"{min(means):+.3f}", f"{max(means):+.3f}") == (low, high)
    clear = [b for b in blocks if comparisons.loc[("study-kvasir_seg-on-cvc_colondb", b, "JA")]["images"].clear]
    assert clear == ["no-edge-task"]
    left = [b for b in blocks if comparisons.loc[("study-kvasir_seg", b, "nsd_at_1pct")]["holm"] < 0.05]
    assert left == ["no-cff"]
