"""The tables of the study on real images (benchmarks/study.py), from the cells that are recorded so far.

    python benchmarks/results.py render        # writes them into docs/results.md, with every other table there

One recorded folder, study-DATA or study-DATA-on-OTHER, becomes one block. Networks that were trained with the same seeds
stand together, below BA-Net with exactly those seeds, and no row is compared with a row of other seeds. What the plan of
study.py names and the folder lacks is listed, so the block gets fuller as cells arrive and may be written at any time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from comparisons import NONE, compare_with, in_cells
from study import ABLATED, COMPARATORS, FULL, MAIN, cells

from banet_edu.reports.comparison import REPORTED, said_reported
from banet_edu.study.resampling import holm
from banet_edu.study.result import metric_label
from banet_edu.study.statistics import summarise

OVERLAP = ["JA", "DI", "SE", "SP", "AC"]
BOUNDARY = ["assd_pct", "hd95_pct", "nsd_at_1pct"]
COMPARED = ["JA", "assd_pct", "nsd_at_1pct"]  # the figures a network is told from BA-Net by
SHARED_DAYS = {"2026-11-25"}  # low priority, beside other work: minutes of these days say nothing about the network
MARK = "†"
# What the study reports, beside JA of whole networks (banet_edu.reports.comparison.REPORTED).
NOT_REPORTED = {
    "ph2": "no figure for networks trained on ISIC-2017 and measured on PH2",
    "cvc_colondb": "no overlap; fewer false polyps than the others over its folds",
}
REPORTED_ABLATION = "without PEE -1.0 to -1.6, without mini-MTL -0.8 to -1.3, without CFF -1.1"


def study_table(run: Path) -> str:
    """Markdown of one folder of cells: what was run, overlap, boundary, BA-Net without its blocks, what is missing."""
    table, facts = load(run)
    data, _, other = run.name.removeprefix("study-").partition("-on-")
    lines = [*what_was_run(table, facts, data, other), ""]
    main = table[table["model"].isin([*MAIN, *COMPARATORS])]
    lines += ["Overlap:", "", *network_table(main, OVERLAP, facts), ""]
    lines += ["Boundary (a missed object has none, so it is left out here):", "", *network_table(main, BOUNDARY, facts)]
    lines += ["", reported(other or data)]
    variants = table[table["model"].isin([FULL, *ABLATED])]
    if variants["model"].nunique() > 1:
        lines += [
            "",
            "BA-Net trained without a block, or with other windows in PEE; differences from the full network:",
        ]
        lines += ["", *network_table(variants, COMPARED, facts, each=True), ""]
        lines += [f"*Reported for the paper, over its data sets (points of JA; not ours):* {REPORTED_ABLATION}."]
    if any(fact["recorded"] in SHARED_DAYS for fact in facts.values()):
        days = ", ".join(sorted(SHARED_DAYS))
        lines += ["", f"{MARK} trained on {days} at low priority beside other work: not comparable with other minutes."]
    there = set(table.groupby(["model", "seed"]).groups)
    missing: dict[str, list[str]] = {}
    for cell in cells(data):
        if (cell.network, cell.seed) not in there:
            missing.setdefault(cell.network, []).append(str(cell.seed))
    listed = "; ".join(f"{network} (seed {', '.join(seeds)})" for network, seeds in missing.items())
    lines += ["", f"Planned and still missing: {listed}." if listed else "Every planned cell is there."]
    return "\n".join(lines)


def load(run: Path) -> tuple[pd.DataFrame, dict[tuple[str, int], dict[str, Any]]]:
    """Rows of all cells with columns model and seed, networks in the order of the plan, and each cell's facts."""
    order = [*MAIN, *COMPARATORS, *ABLATED]
    files = {}
    for path in run.glob("*.csv"):
        seed, _, network = path.stem.partition("-")
        files[network, int(seed)] = path
    known = sorted(files, key=lambda cell: (order.index(cell[0]) if cell[0] in order else len(order), *cell))
    tables = [pd.read_csv(files[cell]).assign(model=cell[0], seed=cell[1]) for cell in known]
    facts = {cell: json.loads(files[cell].with_suffix(".json").read_text(encoding="utf-8")) for cell in known}
    return pd.concat(tables, ignore_index=True), facts


def what_was_run(table: pd.DataFrame, facts: dict[Any, dict[str, Any]], data: str, other: str) -> list[str]:
    """Command, images, budget, days, commits and time."""
    first = next(iter(facts.values()))
    training, images = first["training"], table["name"].nunique()
    steps = {(fact["training"]["steps"], fact["training"]["batch_size"]) for fact in facts.values()}
    if len(steps) > 1:
        raise ValueError(f"cells of different budgets in one table: {sorted(steps)}")
    tested = f"{images} test images" if not other else f"measured on the {images} images of {other} that are here"
    dates, commits = (sorted({fact[key] for fact in facts.values()}) for key in ("recorded", "commit"))
    # A cell that was resumed counts with all of its training.
    wall = sum(max(fact["wall_seconds"], *fact["seconds"].values()) for fact in facts.values()) / 60
    trained = f"{len(facts)} cells" + (f", {wall:.0f} minutes of wall time one after the other" if not other else "")
    return [
        "```",
        f"OMP_NUM_THREADS=1 python benchmarks/study.py run --root ../shared/data --data {data}",
        "```",
        "",
        f"{first['train_images']} training, {first['val_images']} validation images of {data} (split seed "
        f"{first['split_seed']}), {tested}; preset {first['preset']}, {training['steps']} steps of "
        f'{training["batch_size"]} images, augmentation "{training["augment"]}"; {trained}; recorded '
        f"{' and '.join(dates)} at commit {' and '.join(commits)}.",
    ]


def network_table(
    table: pd.DataFrame, figures: Sequence[str], facts: dict[tuple[str, int], dict[str, Any]], *, each: bool = False
) -> list[str]:
    """One row per network; those with the same seeds together, below BA-Net with these seeds.

    With `each`, every figure is followed by its difference from BA-Net; otherwise the differences stand last.
    """
    overlap = "JA" in figures
    compared = [figure for figure in COMPARED if figure in figures]
    apart_head = ["", "with seeds resampled", "p"]
    head = ["network", "seeds"]
    for figure in figures:
        head += [metric_label(figure), *(["difference", *apart_head[1:]] if each else [])]
    if not each:
        for figure in compared:
            head += [f"{metric_label(figure)}, minus {FULL}'s", *apart_head[1:]]
        head += ["each seed's"] if overlap else []
    head += ["sd of seeds, JA", "missed", "training (min)"] if overlap else []
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for seeds, networks in by_seeds(table).items():
        group = table[table["seed"].isin(seeds) & table["model"].isin([FULL, *networks])]
        summary = summarise(group, list(figures)).set_index(["model", "metric"])
        for network in [name for name in group["model"].unique() if name in networks or name == FULL]:
            row = [network, ", ".join(map(str, seeds))]
            apart = {figure: in_cells(compare_with(FULL, group, figure, network)) for figure in compared}
            for figure in figures:
                found = summary.loc[(network, figure)]
                row += [
                    f"{found['mean']:.3f} [{found['low']:.3f}, {found['high']:.3f}]",
                    *(apart[figure] if each else []),
                ]
            if not each:
                row += [text for figure in compared for text in apart[figure]]
                row += [seed_by_seed(group, network)] if overlap else []
            if overlap:
                counts = summary.loc[(network, "JA")]
                row += [spread(group, network), f"{counts['n_missed']:.0f} of {counts['n'] + counts['n_left_out']:.0f}"]
                row.append(minutes(network, seeds, facts))
            lines.append("| " + " | ".join(row) + " |")
    return lines


def by_seeds(table: pd.DataFrame) -> dict[tuple[int, ...], list[str]]:
    """Seeds -> the networks that have exactly these of BA-Net's seeds, most seeds first.

    A network's seeds that BA-Net lacks are left out, since nothing could be said about them; without BA-Net all stay.
    """
    seeds = {model: set(group["seed"]) for model, group in table.groupby("model", sort=False)}
    groups: dict[tuple[int, ...], list[str]] = {}
    for model, own in seeds.items():
        shared = tuple(sorted(own & seeds.get(FULL, own)))
        if shared and (model != FULL or len(seeds) == 1):
            groups.setdefault(shared, []).append(model)
    return dict(sorted(groups.items(), key=lambda group: (-len(group[0]), group[0])))


def all_comparisons(recorded: Path) -> pd.DataFrame:
    """Every test of the study's tables: columns `run`, those of `Comparison`, and `holm`, p adjusted for all of them."""
    rows = []
    for run in sorted(recorded.glob("study-*")):
        table, _ = load(run)
        for networks in ([*MAIN, *COMPARATORS], [FULL, *ABLATED]):
            part = table[table["model"].isin(networks)]
            for seeds, names in by_seeds(part).items() if part["model"].nunique() > 1 else ():
                group = part[part["seed"].isin(seeds) & part["model"].isin([FULL, *names])]
                found = [compare_with(FULL, group, figure, name) for name in names for figure in COMPARED]
                rows += [{"run": run.name, **one._asdict()} for one in found if one is not None]
    table = pd.DataFrame(rows)
    return table.assign(holm=holm(table["p"].tolist()))


def tests_table(recorded: Path) -> str:
    """How many tests the study's tables hold, how many are below 0.05, and which are still when corrected for their number."""
    table = all_comparisons(recorded)
    crossed = table["seeds"].dropna()
    counts = {
        "tests": len(table),
        "p < 0.05": int((table["p"] < 0.05).sum()),
        "p < 0.05 after Holm's correction": int((table["holm"] < 0.05).sum()),
        "interval over images clear of 0": sum(one.clear for one in table["images"]),
        "with several seeds": len(crossed),
        "of these, clear of 0 with seeds resampled": sum(one.clear for one in crossed),
    }
    lines = ["| " + " | ".join(counts) + " |", "|---" * len(counts) + "|"]
    lines += [
        "| " + " | ".join(map(str, counts.values())) + " |",
        "",
        "What survives Holm's correction (the test is of ranks; level: the interval of the mean, over images, holds 0):",
        "",
    ]
    lines += ["| run | figure | networks (difference from BA-Net) |", "|---|---|---|"]
    survivors = table[table["holm"] < 0.05]
    for (run, figure), group in survivors.groupby(["run", "figure"], sort=False):
        level = ("" if row.images.clear else " (level)" for row in group.itertuples())
        found = (f"{row.network} {row.images.mean:+.3f}" for row in group.itertuples())
        listed = ", ".join(map("".join, zip(found, level, strict=True)))
        lines.append(f"| {run.removeprefix('study-')} | {metric_label(figure)} | {listed} |")
    return "\n".join(lines)


def seed_by_seed(group: pd.DataFrame, network: str) -> str:
    """The difference of the mean JA from BA-Net's, one figure for each seed."""
    means = group.groupby(["model", "seed"])["JA"].mean().unstack("model")
    if network == FULL or FULL not in means or len(means) == 1:
        return NONE
    return ", ".join(f"{apart:+.3f}" for apart in means[network] - means[FULL])


def spread(group: pd.DataFrame, network: str) -> str:
    """Standard deviation of the seeds' mean JA."""
    means = group[group["model"] == network].groupby("seed")["JA"].mean()
    return f"{means.std(ddof=1):.4f}" if len(means) > 1 else NONE


def minutes(network: str, seeds: Sequence[int], facts: dict[tuple[str, int], dict[str, Any]]) -> str:
    """Mean training minutes of a cell, marked where other work ran beside it."""
    own = [facts[network, seed] for seed in seeds]
    mean = sum(sum(fact["seconds"].values()) for fact in own) / len(own) / 60
    return f"{mean:.1f}" + (f" {MARK}" if any(fact["recorded"] in SHARED_DAYS for fact in own) else "")


def reported(data: str) -> str:
    """The study's own figures, in italics."""
    if data in REPORTED:
        name, figures = REPORTED[data]
        setting = "JA; ImageNet weights, 256 x 256, a GPU; not ours"
        return f"*Reported for the paper's networks on {name} ({setting}):* {said_reported(figures)}."
    return f"*Reported for the paper's networks:* {NOT_REPORTED[data]}."
