"""What docs/results.md says of the experiment on grids, and the comparisons that it is held to."""

from __future__ import annotations

import re
from functools import cache

from benchmark_scripts import ROOT, benchmark

FIGURES = ("JA", "assd_pct", "hd95_pct", "nsd_at_1pct")
LESS_IS_BETTER = ("assd_pct", "hd95_pct")
EQUAL, COARSE, LAST = "all, at equal time", "all, against the coarse control", "encoder and the last step of the grid"
LONGER = "all on the coarse grid, at equal time"
ON_FINE, WITH, WITHOUT = "blocks, fine grid", "grid, with blocks", "grid, without blocks"
CONFIRMED, WORSE = "better better +", "worse worse +"  # as `judged` says it
NETWORKS = ("banet", "banet-s2", "control", "control-s2", "unet")
POLYPS, LUNGS, SKIN = "kvasir_seg", "sz_cxr", "isic2017"


@cache
def reading() -> str:
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    return " ".join(page.split("## What makes a boundary better")[1].split("### The rate of each network")[0].split())


@cache
def contrasts(steps: int = 1200):
    """Of networks at their own rates: by question, data and figure."""
    table = benchmark("grid_results").contrasts().query("steps == @steps")
    return table.set_index(["question", "data", "figure"]).sort_index()


@cache
def equal_rates():
    return benchmark("grid_rates").equal_rates().set_index(["question", "data", "figure", "rate"])


def verdict(interval, figure: str) -> str:
    better, worse = interval.low > 0, interval.high < 0
    if figure in LESS_IS_BETTER:
        better, worse = worse, better
    return "better" if better else "worse" if worse else "level"


def judged(row, figure: str) -> str:
    """Over images, with the seeds resampled ("one seed": none), "+": left after Holm's correction; as `better better +`."""
    seeds = "one seed" if row["seeds"] is None else verdict(row["seeds"], figure)
    return f"{verdict(row['images'], figure)} {seeds}" + " +" * bool(row["holm"] < 0.05)


def decimals(text: str) -> list[str]:
    return re.findall(r"\d+\.\d+", text)


def check_words(words: str, row, figure: str, said: str) -> None:
    """They stand on the page, and their figures, intervals, signs and p are those of the comparison `row`."""
    over, with_seeds = row["images"], row["seeds"]
    assert words in reading()
    assert judged(row, figure) == said
    told = decimals(re.sub(r"\[.*?\]", "", words))
    assert told in ([], [f"{abs(over.mean):.3f}"], [f"{abs(over.mean):.3f}", f"{row['p']:.3f}"])
    known = [f"[{over.low:+.3f}, {over.high:+.3f}]"]
    known += [f"[{with_seeds.low:+.3f}, {with_seeds.high:+.3f}]"] if with_seeds is not None else []
    assert set(re.findall(r"\[.*?\]", words)) <= set(known)
    for sign in re.findall(r"(?<![\w\[.])([-+])\d", re.sub(r"\[.*?\]", "", words)):
        assert (sign == "+") == (over.mean > 0)
