"""The table of benchmarks/volumes.py, from the cells that are recorded so far.

python benchmarks/results.py render        # writes it into docs/results.md, with every other table there
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from comparisons import compare_with, in_cells
from volumes import LONGER, RECIPES, SEEDS, Cell

from banet_edu.study.result import metric_label
from banet_edu.study.statistics import summarise

FIGURES = ["DI", "assd_mm", "hd95_mm", "nsd_at_1mm"]
COMPARED = ["DI", "assd_mm"]
# As the PROVENANCE.md of the data has it; not looked up in the article.
REPORTED = (
    "*Reported elsewhere for nnU-Net on this task (five folds, a GPU, another split; not ours; as the description of the data "
    "has it, not looked up in the article):* Dice about 0.90 anterior, "
    "0.89 posterior."
)


def load(run: Path) -> tuple[pd.DataFrame, dict[Cell, dict[str, Any]]]:
    """Rows of all cells with columns model and seed, in the order of the recipes, and each cell's facts."""
    cells = [
        Cell(name, seed)
        for name in (*RECIPES, *LONGER)
        for seed in SEEDS
        if (run / Cell(name, seed).file.name).is_file()
    ]
    tables = [pd.read_csv(run / cell.file.name).assign(model=cell.name, seed=cell.seed) for cell in cells]
    facts = {cell: json.loads((run / cell.file.name).with_suffix(".json").read_text("utf-8")) for cell in cells}
    return pd.concat(tables, ignore_index=True), facts


def both_parts(table: pd.DataFrame) -> pd.DataFrame:
    """One row per volume: the mean of its anterior and posterior part, as far as both have a figure."""
    keys = ["model", "seed", "name"]
    means = table.groupby(keys, sort=False)[FIGURES].mean(numeric_only=True)
    worst = table.groupby(keys, sort=False)["status"].agg(lambda each: "ok" if (each == "ok").all() else "missed")
    return means.assign(status=worst).reset_index()


def volumes_table(run: Path) -> str:
    """Markdown: what was run, the means of both parts with intervals, Dice of each, the difference from BA-Net, minutes."""
    table, facts = load(run)
    first = next(iter(facts.values()))
    days, made_with = (" and ".join(sorted({fact[key] for fact in facts.values()})) for key in ("recorded", "commit"))
    lines = [
        "```",
        "python benchmarks/volumes.py run --root ../shared/data",
        "```",
        "",
        f"{first['train_images']} training, {first['val_images']} validation, {first['test_images']} test volumes (split "
        f"seed {first['split_seed']}), networks of preset {first['preset']} for volumes, batch "
        f"{first['training']['batch_size']}, rate {first['training']['learning_rate']}, augmentation "
        f'"{first["training"]["augment"]}"; recorded {days} at commit {made_with}. Mean of both '
        "parts [95 % interval over volumes].",
        "",
    ]
    head = ["network", "seeds", "steps", *map(metric_label, FIGURES), "Dice anterior / posterior"]
    head += [f"{metric_label(figure)}, minus banet's" for figure in COMPARED]
    head += ["p", "parameters", "CPU minutes"]
    lines += ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    means = both_parts(table)
    for name in means["model"].unique():
        own = means[means["model"] == name]
        seeds = sorted(own["seed"].unique())
        group = means[means["model"].isin([name, "banet"]) & means["seed"].isin(seeds)]
        summary = summarise(own, FIGURES).set_index("metric")
        row = [name, ", ".join(map(str, seeds)), str((RECIPES | LONGER)[name].steps)]
        row += [
            f"{summary.loc[f, 'mean']:.3f} [{summary.loc[f, 'low']:.3f}, {summary.loc[f, 'high']:.3f}]" for f in FIGURES
        ]
        classes = table[table["model"] == name].groupby("class", sort=False)["DI"].mean()
        row.append(" / ".join(f"{value:.3f}" for value in classes))
        apart = [in_cells(compare_with("banet", group, figure, name)) for figure in COMPARED]
        row += [each[0] for each in apart] + [apart[0][2]]
        own_facts = [facts[Cell(name, seed)] for seed in seeds]
        row.append(f"{own_facts[0]['parameters'][name]:,}")
        row.append(f"{sum(fact['cpu_minutes'] for fact in own_facts) / len(own_facts):.0f}")
        lines.append("| " + " | ".join(row) + " |")
    missing = [f"{name} (seed {seed})" for name in RECIPES for seed in SEEDS if Cell(name, seed) not in facts]
    lines += ["", f"Planned and still missing: {', '.join(missing)}." if missing else "Every planned cell is there."]
    return "\n".join([*lines, "", REPORTED])
