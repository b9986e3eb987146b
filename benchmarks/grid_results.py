"""Tables of the experiment on grids (benchmarks/grid.py), from the cells that are recorded so far.

`python benchmarks/results.py render` writes them into docs/results.md.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
from comparisons import NONE, compare_with, counted, in_cells
from grid import IN_UNETS_TIME, LONG, NETWORKS, RATES, SHORT, Cell, best_rate, cells

from banet_edu.study.resampling import holm
from banet_edu.study.result import metric_label
from banet_edu.study.statistics import summarise

FIGURES = ["JA", "assd_pct", "hd95_pct", "nsd_at_1pct"]
PARTS = {"kvasir_seg": "Kvasir-SEG", "sz_cxr": "SZ-CXR", "isic2017": "ISIC-2017"}
# What a pair of networks isolates.
QUESTIONS = {
    ("banet-s2", "control-s2"): "blocks, fine grid",
    ("banet", "control"): "blocks, coarse grid",
    ("banet-s2", "banet"): "grid, with blocks",
    ("control-s2", "control"): "grid, without blocks",
    ("control-s2", "unet"): "encoder and the last step of the grid",
    ("control", "unet"): "encoder and grid",
    ("banet-s2", "unet"): "all together",
    ("banet", "unet"): "all on the coarse grid",
}
# What is asked of a BA-Net when it has trained as long as U-Net.
AT_EQUAL_TIME = {
    ("banet-s2", "unet"): "all, at equal time",
    ("banet-s2", "control"): "all, against the coarse control",
    ("banet", "unet"): "all on the coarse grid, at equal time",
    ("banet", "banet"): "budget, coarse grid",  # 2180 steps or 1200
    ("banet-s2", "banet-s2"): "budget, fine grid",  # 720 steps or 1200
}
BUDGETS = {network: f"budget, {network}" for network in NETWORKS}  # LONG steps or SHORT


def chosen(data: str, steps: int, networks: list[str]) -> tuple[pd.DataFrame, dict[tuple[str, int], dict[str, Any]]]:
    """Rows of the recorded cells of one data set and budget with each network's chosen rate, and their facts."""
    tables, facts = [], {}
    for cell in cells():
        if cell.data != data or cell.steps != steps or cell.network not in networks or not cell.recorded:
            continue
        try:
            if cell.rate != best_rate(cell.network):
                continue
        except LookupError:
            continue
        tables.append(pd.read_csv(cell.file).assign(model=cell.network, seed=cell.seed))
        facts[cell.network, cell.seed] = cell.facts
    return (pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()), facts


def rates_table() -> str:
    """Best validation JA of each network at each rate, 1200 steps, seed 0; the rate it keeps."""
    lines = ["| network | rate | " + " | ".join(PARTS.values()) + " | mean | kept |", "|---" * (len(PARTS) + 4) + "|"]
    for network in NETWORKS:
        try:
            kept = best_rate(network)
        except LookupError:
            kept = None
        for rate in sorted(RATES):
            tried = [Cell(data, network, SHORT, rate, 0) for data in PARTS]
            values = [cell.facts["validation"]["best_JA"] if cell.recorded else None for cell in tried]
            shown = [NONE if value is None else f"{value:.3f}" for value in values]
            mean = NONE if None in values else f"{sum(values) / len(values):.3f}"  # type: ignore[arg-type]
            lines.append(f"| {network} | {rate:g} | {' | '.join(shown)} | {mean} | {'kept' if rate == kept else ''} |")
    tried = [Cell(data, network, SHORT, rate, 0) for network in NETWORKS for rate in RATES for data in PARTS]
    lines += ["", f"{sum(cell.recorded for cell in tried)} of {len(tried)} trainings are there."]
    return "\n".join(lines)


def grid_table(data: str) -> str:
    """Markdown of one data set: every network and budget."""
    done = [cell for cell in cells() if cell.data == data and cell.recorded]
    missing = [cell for cell in cells() if cell.data == data and not cell.recorded]
    days, commits = (sorted({cell.facts[key] for cell in done}) for key in ("recorded", "commit"))
    first = done[0].facts
    lines = ["```", "python benchmarks/grid.py run --root ../shared/data", "```", ""]
    lines += [
        f"{first['train_images']} training, {first['val_images']} validation, {first['test_images']} test images; preset "
        f"{first['preset']} but for the stride, 128 x 128, batches of {first['training']['batch_size']}, on a CPU in "
        f"{precisions(done)}, each network at its own rate; recorded {' and '.join(days)} at commit {' and '.join(commits)}.",
        "",
        "| network | steps | seeds | "
        + " | ".join(map(metric_label, FIGURES))
        + " | missed | validation JA | minutes |",
        "|---" * (len(FIGURES) + 6) + "|",
    ]
    for steps in sorted({SHORT, LONG, *(steps for own in IN_UNETS_TIME.values() for steps in own.values())}):
        table, facts = chosen(data, steps, list(NETWORKS))
        lines += rows(table, facts, steps, list(NETWORKS))
    lines += ["", f"{len(done)} cells are there, {len(missing)} of the plan are missing."]
    return "\n".join(lines)


def precisions(done: list[Cell]) -> str:
    """In which precision these cells were computed: another processor may have none but fp32, and other minutes."""
    used = Counter(cell.facts["training"]["precision"] for cell in done)
    if len(used) == 1:
        return str(*used)
    return (
        " and ".join(f"{name} ({count} cells)" for name, count in used.most_common()) + ", whose minutes do not compare"
    )


def rows(
    table: pd.DataFrame, facts: dict[tuple[str, int], dict[str, Any]], steps: int, networks: list[str]
) -> list[str]:
    lines = []
    for network in [name for name in networks if len(table) and name in set(table["model"])]:
        own = table[table["model"] == network]
        summary = summarise(own, FIGURES).set_index("metric")
        seeds = sorted(own["seed"].unique())
        figures = [
            f"{summary.loc[f, 'mean']:.3f} [{summary.loc[f, 'low']:.3f}, {summary.loc[f, 'high']:.3f}]" for f in FIGURES
        ]
        validation = sum(facts[network, seed]["validation"]["best_JA"] for seed in seeds) / len(seeds)
        minutes = sum(sum(facts[network, seed]["seconds"].values()) for seed in seeds) / len(seeds) / 60
        missed = f"{(own['status'] == 'missed').sum()} of {len(own)}"
        cells_ = [
            network,
            str(steps),
            ", ".join(map(str, seeds)),
            *figures,
            missed,
            f"{validation:.3f}",
            f"{minutes:.1f}",
        ]
        lines.append("| " + " | ".join(cells_) + " |")
    return lines


def contrasts() -> pd.DataFrame:
    """Every pair of QUESTIONS on every data set and budget, and those of AT_EQUAL_TIME and BUDGETS."""
    found = []
    for data in PARTS:
        for steps in (SHORT, LONG):
            table, _ = chosen(data, steps, list(NETWORKS))
            asked = dict(QUESTIONS)
            for network, budgets in IN_UNETS_TIME.items():
                timed, _ = chosen(data, budgets.get(steps, 0), [network])
                if len(timed):
                    table = pd.concat([table, timed.assign(model=f"{network}, U-Net's time")], ignore_index=True)
            asked |= {(f"{one}, U-Net's time", other): question for (one, other), question in AT_EQUAL_TIME.items()}
            if steps == LONG:
                short, _ = chosen(data, SHORT, list(NETWORKS))
                table = pd.concat([table, short.assign(model=short["model"] + f", {SHORT} steps")], ignore_index=True)
                asked |= {(one, f"{one}, {SHORT} steps"): question for one, question in BUDGETS.items()}
            for (one, other), question in asked.items():
                if not len(table) or not {one, other} <= set(table["model"]):
                    continue
                pair = table[table["model"].isin([one, other])]
                shared = set.intersection(*(set(group["seed"]) for _, group in pair.groupby("model")))
                pair = pair[pair["seed"].isin(shared)]
                for figure in FIGURES if shared else ():
                    compared = compare_with(other, pair, figure, one)
                    assert compared is not None
                    head = {"data": data, "steps": steps, "question": question, "one": one, "other": other}
                    found.append({**head, "seeds_used": sorted(shared), **compared._asdict(), "compared": compared})
    table = pd.DataFrame(found)
    return table.assign(holm=holm(table["p"].tolist())) if len(table) else table


def contrasts_table() -> str:
    table = contrasts()
    if not len(table):
        return "No pair is there yet."
    head = ["what differs", "networks", "data", "steps", "seeds", "figure", "difference", "with seeds resampled", "p"]
    lines = [
        counted(table),
        "",
        "| " + " | ".join([*head, "after correction"]) + " |",
        "|---" * (len(head) + 1) + "|",
    ]
    questions = [*QUESTIONS.values(), *AT_EQUAL_TIME.values(), *BUDGETS.values()]
    order = {question: index for index, question in enumerate(questions)}
    table = table.assign(order=table["question"].map(order)).sort_values(["order", "steps"], kind="stable")
    for row in table.itertuples():
        seeds = ", ".join(map(str, row.seeds_used))
        cells_ = [
            row.question,
            f"{row.one} − {row.other}",
            PARTS[row.data],
            str(row.steps),
            seeds,
            metric_label(row.figure),
        ]
        adjusted = "< 0.001" if row.holm < 0.001 else f"{row.holm:.3f}"
        lines.append("| " + " | ".join([*cells_, *in_cells(row.compared), adjusted]) + " |")
    return "\n".join(lines)


def times_table(run: Path) -> str:
    facts = json.loads((run / "facts.json").read_text(encoding="utf-8"))
    machine, seconds = facts["machine"], facts["seconds"]
    lines = ["```", "python benchmarks/grid.py time", "```", ""]
    lines += [
        f"Median of {facts['rounds']} rounds, the networks in turns; 8 images of 128 x 128, fp32, one thread, "
        f"{machine['instructions']}, torch {machine['torch']}, {facts['date']}.",
        "",
        "| network | a training step, s | of U-Net's |",
        "|---|---|---|",
    ]
    return "\n".join([*lines, *(f"| {name} | {s:.3f} | {s / seconds['unet']:.2f} |" for name, s in seconds.items())])
