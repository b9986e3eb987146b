"""The figures of the experiment on grids: how far each network was after so many steps, operations and minutes.

python benchmarks/grid_figure.py        # draws docs/grid*.png: overlap and boundary, each for both budgets
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
from grid import IN_UNETS_TIME, LONG, NETWORKS, SHORT, TIMES, cells
from grid_results import PARTS, chosen
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D
from PIL import Image

from banet_edu import create_model
from banet_edu.figures.style import BLUE, INK, VERMILLION
from banet_edu.study.cost import cost

DOCS = Path(__file__).resolve().parents[1] / "docs"
STYLES: dict[str, dict[str, Any]] = {  # told apart without their colours too: the fine grid is thick
    "banet": {"color": BLUE, "lw": 1.2},
    "banet-s2": {"color": BLUE, "lw": 2.6},
    "control": {"color": VERMILLION, "lw": 1.2, "ls": "--"},
    "control-s2": {"color": VERMILLION, "lw": 2.6, "ls": "--"},
    "unet": {"color": INK, "lw": 1.6, "ls": ":"},
}


def runs(budget: int) -> list[tuple[str, int, str]]:
    """network, steps, and the mark at the end of its line: a square if its steps are those of U-Net's time for the budget."""
    timed = [(network, own[budget], "s") for network, own in IN_UNETS_TIME.items() if budget in own]
    return [*((network, budget, "o") for network in NETWORKS), *timed]


def draw(path: Path, budget: int, figure: str, label: str, *, less_is_better: bool) -> None:
    """The best of `figure` on the validation part so far; seed 0, each network at its own rate. Minutes are steps times a
    step's time as measured in one run (`grid.py time`)."""
    gflops = {
        name: cost(create_model(model, **more), (128, 128), rounds=0).gflops for name, (model, more) in NETWORKS.items()
    }
    seconds = json.loads(TIMES.read_text(encoding="utf-8"))["seconds"]
    begun = {cell.data for cell in cells() if cell.recorded and cell.seed == 0 and cell.steps == budget}
    sets = [data for data in PARTS if data in begun]
    size = 13, 1 + 3 * len(sets)
    drawn, axes = plt.subplots(len(sets), 3, figsize=size, sharey="row", layout="constrained", squeeze=False)
    marks, shown = set(), set()
    for row, data in zip(axes, sets, strict=True):
        early, reached = [], []
        for network, steps, mark in runs(budget):
            _, facts = chosen(data, steps, [network])
            if (network, 0) not in facts:
                continue
            marks.add(mark)
            shown.add(network)
            epochs = pd.DataFrame(facts[network, 0]["validation"]["epochs"])
            best = epochs[figure].cummin() if less_is_better else epochs[figure].cummax()
            early.append(best[epochs["step"] <= budget / 4].iloc[-1])
            reached.append(best.iloc[-1])
            operations = epochs["step"] * 8 * gflops[network] / 1e3
            minutes = epochs["step"] * seconds[network] / 60
            for axis, x in zip(row, (epochs["step"], operations, minutes), strict=True):
                axis.plot(x, best, marker=mark, markevery=[-1], ms=7, mec="white", **STYLES[network])
        # Before the first of these all of them change steeply.
        worst, top = (max(early), min(reached)) if less_is_better else (min(early), max(reached))
        row[0].set_ylim(*sorted((worst, top + (top - worst) / 20)))
        row[0].set_ylabel(f"{PARTS[data]}\n{label} so far")
    for axis, below in zip(
        axes[-1], ("steps", "operations, forward (1e12)", "minutes of training, one thread"), strict=True
    ):
        axis.set_xlabel(below)
    keys = [Line2D([], [], label=network, **style) for network, style in STYLES.items() if network in shown]
    ends = {"o": f"{budget} steps", "s": f"U-Net's time for {budget} steps"}
    keys += [Line2D([], [], color="grey", ls="", marker=mark, label=ends[mark]) for mark in sorted(marks)]
    drawn.legend(handles=keys, loc="outside upper center", ncols=len(keys))
    picture = io.BytesIO()
    drawn.savefig(picture, dpi=80)
    # Lines of five colours: a palette takes a third of the bytes that everybody clones.
    Image.open(picture).convert("RGB").quantize(64).save(path, optimize=True)


if __name__ == "__main__":
    for budget, suffix in ((SHORT, ""), (LONG, f"-{LONG}")):
        draw(DOCS / f"grid{suffix}.png", budget, "val_JA", "best validation JA", less_is_better=False)
        draw(
            DOCS / f"grid-boundary{suffix}.png",
            budget,
            "val_assd_pct",
            "best validation ASSD (%)",
            less_is_better=True,
        )
