"""Keep the tables of a finished run, of `banet-edu compare` or of a benchmark, and write them into docs/results.md.

    python benchmarks/results.py record runs/isic2017-lite --commit ID    # copies its tables to docs/recorded/, renders
    python benchmarks/results.py render                       # fills docs/results.md from docs/recorded/ again

docs/results.md is written by hand around the tables: what stands between `<!-- run: NAME -->` (or `<!-- table: NAME -->`, of
several runs or of the networks) and `<!-- end -->` is replaced. A test renders again and compares, so no figure there can
come from anywhere but a recorded run.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
from costs import costs_table
from grid_blocks import without_blocks_table
from grid_glance import glance_table
from grid_rates import equal_rates_table
from grid_results import contrasts_table, grid_table, rates_table, times_table
from study_results import reported, study_table, tests_table
from targets import targets_table
from track_tables import track_table
from volume_results import volumes_table

from banet_edu.reports.comparison import REPORTED
from banet_edu.study.result import metric_label

DOCS = Path(__file__).resolve().parents[1] / "docs"
SHOWN = ["JA", "DI", "assd_pct", "nsd_at_1pct"]
KEPT = ("summary.csv", "paired.csv", "cases.csv", "facts.json")


def record(run: Path, commit: str) -> None:
    target = DOCS / "recorded" / run.name
    target.mkdir(parents=True, exist_ok=True)
    for name in KEPT:
        if (run / name).is_file():
            shutil.copyfile(run / name, target / name)
    facts = json.loads((run / "facts.json").read_text(encoding="utf-8"))
    facts |= {"recorded": date.today().isoformat(), "commit": commit}
    (target / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def table(run: Path) -> str:
    """Markdown of one recorded run: what was run, the means with intervals, the paired tests, the study's figures."""
    if run.name.startswith("study-"):
        return study_table(run)
    if run.name.startswith("grid-"):
        return grid_table(run.name.removeprefix("grid-"))
    if run.name.startswith("volumes-"):
        return volumes_table(run)
    if run.name == "track-records":
        return track_table(run)
    if run.name == "step-times":
        return times_table(run)
    if run.name == "targets":
        return targets_table(run)
    facts = json.loads((run / "facts.json").read_text(encoding="utf-8"))
    if "counts" in facts:
        return planted_table(run, facts)
    if run.name == "tuning":
        return tuning_table(run, facts)
    if (run / "good.csv").is_file():
        return curves_table(run, facts)
    if (run / "ablation.csv").is_file():
        return ablation_table(run, facts)
    summary, paired = pd.read_csv(run / "summary.csv"), pd.read_csv(run / "paired.csv")
    training, data = facts["training"], facts["data"]
    lines = [
        "```",
        f"banet-edu compare --format {data} --root ../shared/data/{data} --models {','.join(facts['parameters'])} "
        f"--preset {facts['preset']} --seed {','.join(map(str, facts['seeds']))} --steps {training['steps']} "
        f"--out runs/{run.name}",
        "```",
        "",
        f"{facts['train_images']} training, {facts['val_images']} validation, {facts['test_images']} test images (split "
        f"seed {facts['split_seed']}); {training['steps']} steps of {training['batch_size']} images, augmentation "
        f'"{training["augment"]}"; recorded {facts["recorded"]} at commit {facts["commit"]}.',
        "",
        "| network | " + " | ".join(metric_label(column) for column in SHOWN) + " | missed | parameters | training |",
        "|---|" + "---|" * (len(SHOWN) + 3),
    ]
    for model, group in summary.groupby("model", sort=False):
        rows = group.set_index("metric")
        cells = [f"{rows.loc[c, 'mean']:.3f} [{rows.loc[c, 'low']:.3f}, {rows.loc[c, 'high']:.3f}]" for c in SHOWN]
        missed = f"{rows['n_missed'].iloc[0]} of {facts['test_images']}"
        minutes = facts["seconds"][f"{model}-seed{facts['seeds'][0]}"] / 60
        cells += [missed, f"{facts['parameters'][model]:,}", f"{minutes:.1f} min"]
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "Paired on the same images, BA-Net minus the other:",
        "",
        "| other | figure | difference | p |",
        "|---|---|---|---|",
    ]
    for row in paired[paired["column"].isin(SHOWN)].to_dict("records"):
        p = "< 0.001" if row["p_value"] < 0.001 else f"{row['p_value']:.3f}"
        difference = f"{row['mean_difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
        lines.append(f"| {row['b']} | {metric_label(row['column'])} | {difference} | {p} |")
    if data in REPORTED:
        lines += ["", reported(data)]
    return "\n".join(lines)


def ablation_table(run: Path, facts: dict[str, Any]) -> str:
    """Markdown of one recorded run of `banet-edu ablate` or phantom_study.py: every variant against the first."""
    rows, training = pd.read_csv(run / "ablation.csv"), facts["training"]
    first, seeds = rows["variant"].iloc[0], ", ".join(map(str, facts["seeds"]))
    shown = list(rows["metric"].unique())
    lines = [
        "```",
        facts["command"],
        "```",
        "",
        f"{facts['train_images']} training, {facts['val_images']} validation, {facts['test_images']} test images; "
        f"{training['steps']} steps of {training['batch_size']} images, seeds {seeds}; recorded {facts['recorded']} at commit "
        f"{facts['commit']}. Mean [95 % interval over images], and the difference from {first}.",
        "",
        "| variant | " + " | ".join(f"{metric_label(m)} | difference" for m in shown) + " | sd of seeds, JA | missed |",
        "|---|" + "---|" * (2 * len(shown) + 2),
    ]
    for variant, group in rows.groupby("variant", sort=False):
        by_metric, cells = group.set_index("metric"), []
        for metric in shown:
            row = by_metric.loc[metric]
            cells.append(f"{row['mean']:.3f} [{row['mean_low']:.3f}, {row['mean_high']:.3f}]")
            compared = f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
            cells.append("" if variant == first else compared)
        spread, missed = by_metric.loc["JA", ["seed_sd", "n_missed"]]
        cells += ["" if pd.isna(spread) else f"{spread:.3f}", f"{missed:.0f}"]
        lines.append(f"| {variant} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def tuning_table(run: Path, facts: dict[str, Any]) -> str:
    """Markdown of the rows of benchmarks/tuning.py: every variant of the recipe on each data set's VALIDATION part."""
    shown = {"best_JA": "best epoch", "best_JA_flips": "with flips", "averaged_JA": "averaged weights"}
    shown["averaged_JA_flips"] = "averaged, with flips"
    lines = ["```", *facts["commands"], "```", ""]
    lines += [f"JA on the VALIDATION part, seed 0; recorded {facts['recorded']} at commit {facts['commit']}.", ""]
    lines += ["| data | variant | steps | training (s) | " + " | ".join(shown.values()) + " |", "|---" * 8 + "|"]
    for path in sorted(run.glob("*.csv")):
        for row in pd.read_csv(path).to_dict("records"):
            cells = ["" if pd.isna(row[column]) else f"{row[column]:.3f}" for column in shown]
            head = [path.stem, row["variant"], str(row["steps"]), str(row["seconds"])]
            lines.append("| " + " | ".join(head + cells) + " |")
    return "\n".join(lines)


def curves_table(run: Path, facts: dict[str, Any]) -> str:
    """Markdown of the runs of benchmarks/lesson06.py: learning rate, last loss, best and last validation JA."""
    lines = ["```", facts["command"], "```", ""]
    lines += [
        f"{facts['train_images']} training, {facts['val_images']} validation images; recorded {facts['recorded']}.",
        "",
    ]
    lines += ["| run | learning rate | last loss | best validation JA | last validation JA |", "|---" * 5 + "|"]
    for name, training in facts["training"].items():
        rows = pd.read_csv(run / f"{name.replace(' ', '-')}.csv")
        last, best = rows.iloc[-1], rows["val_JA"].max()
        rate = f"{training['learning_rate']:g}"
        lines.append(f"| {name} | {rate} | {last['loss']:.2f} | {best:.2f} | {last['val_JA']:.2f} |")
    return "\n".join(lines)


def planted_table(run: Path, facts: dict[str, Any]) -> str:
    """Markdown of one recorded run of planted_causes.py: the counts, and every case that went wrong."""
    counts = facts["counts"]
    planted = {cause: row for cause, row in counts.items() if cause != "nothing"}
    total, first = (sum(row[key] for row in planted.values()) for key in ("cases", "first"))
    lines = [
        "```",
        facts["command"],
        "```",
        "",
        f"Network {facts['model']}, 256 x 256 dermoscopy phantoms; recorded {facts['recorded']} at commit {facts['commit']}.",
        "",
        "| planted | cases | ranked first | named | error in the sector at most 1.2 x elsewhere | of these ranked first |",
        "|---|---|---|---|---|---|",
        *(f"| {c.replace('_', ' ')} | " + " | ".join(map(str, row.values())) + " |" for c, row in planted.items()),
        "",
        f"**Ranked first: {first} of {total}.** Nothing planted: none of the three named in "
        f"**{counts['nothing']['none of the three named']} of {counts['nothing']['cases']}**.",
        "",
        "Where it went wrong:",
        "",
        "| seed | planted | ranked first | named | error in the sector (mm) | elsewhere (mm) |",
        "|---|---|---|---|---|---|",
    ]
    cases = pd.read_csv(run / "cases.csv", keep_default_na=False)
    for row in cases.to_dict("records"):
        wrong = (
            row["planted"] != row["first"] if row["planted"] in planted else set(row["named"].split()) & set(planted)
        )
        if wrong:
            figures = f"{row['error_in_sector_mm']} | {row['error_elsewhere_mm']}"
            named = ", ".join(row["named"].split()) or "none"
            words = f"{row['planted']} | {row['first']} | {named}".replace("_", " ")
            lines.append(f"| {row['seed']} | {words} | {figures} |")
    return "\n".join(lines)


def render(text: str) -> str:
    """`text` of docs/results.md with every run's block written anew."""

    def block(match: re.Match[str]) -> str:
        return f"<!-- run: {match[1]} -->\n{table(DOCS / 'recorded' / match[1])}\n<!-- end -->"

    def derived(match: re.Match[str]) -> str:
        return f"<!-- table: {match[1]} -->\n{DERIVED[match[1]]()}\n<!-- end -->"

    text = re.sub(r"<!-- run: (\S+) -->.*?<!-- end -->", block, text, flags=re.DOTALL)
    return re.sub(r"<!-- table: (\S+) -->.*?<!-- end -->", derived, text, flags=re.DOTALL)


# Tables of several recorded runs, or of the networks themselves.
DERIVED: dict[str, Callable[[], str]] = {
    "tests": lambda: tests_table(DOCS / "recorded"),
    "costs": costs_table,
    "rates": rates_table,
    "grids-at-a-glance": glance_table,
    "contrasts": contrasts_table,
    "equal-rates": equal_rates_table,
    "without-blocks": without_blocks_table,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record")
    recording.add_argument("run", type=Path)
    recording.add_argument("--commit", required=True, help="The commit whose code was run.")
    commands.add_parser("render")
    given = parser.parse_args()
    if given.command == "record":
        record(given.run, given.commit)
    page = DOCS / "results.md"
    page.write_text(render(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
