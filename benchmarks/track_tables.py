"""Table of the track records (benchmarks/track_records.py) from docs/recorded/track-records, one row per image there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

RESAMPLES = 2000
ORDER = ("dermoscopy", "polyp", "lung", "phantom")


def interval(rows: pd.DataFrame, column: str) -> str:
    """The mean over images with the 95 % interval of images drawn again."""
    values = rows[column].dropna().to_numpy()
    drawn = values[np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{values.mean():.2f} [{low:.2f}, {high:.2f}]"


def ratio(rows: pd.DataFrame) -> float:
    """Mean error of all marked points over that of all others."""
    sums = rows[["marked_error", "marked_points", "unmarked_error", "points"]].sum()
    return float(sums["marked_error"] / sums["marked_points"]) / float(
        sums["unmarked_error"] / (sums["points"] - sums["marked_points"])
    )


def track_table(folder: Path) -> str:
    facts = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    lines = [
        "```",
        facts[0]["command"],
        "```",
        "",
        f"Recorded {max(each['recorded'] for each in facts)}; {facts[0]['cores']} cores, {facts[0]['instructions']}.",
        "",
        "| network | told by | images | marked | error there, elsewhere (% of diagonal) | ratio | worst tenth marked | AUC "
        "| Spearman "
        "| inside the interval |",
        "|---" * 10 + "|",
    ]
    for kind in ORDER:
        for network in ("banet", "unet"):
            name = f"{network}-lite-{kind}"
            table = pd.read_csv(folder / f"{name}.csv")
            for by, rows in table.groupby("by", sort=False):
                sums = rows[["marked_error", "unmarked_error", "marked_points", "points"]].sum()
                marked = sums["marked_error"] / sums["marked_points"]
                others = sums["unmarked_error"] / (sums["points"] - sums["marked_points"])
                share = sums["marked_points"] / sums["points"]
                inside = f"{rows['within'].mean():.0%}" if rows["within"].notna().all() else ""
                cells = [
                    name, by, str(len(rows)), f"{share:.0%}", f"{marked:.2f}, {others:.2f}", f"{ratio(rows):.2f}",
                    interval(rows, "worst_tenth"), interval(rows, "auc"), interval(rows, "spearman"), inside,
                ]  # fmt: skip
                lines.append(
                    "| " + " | ".join(f"**{c}**" if by == "track record" and c == by else str(c) for c in cells) + " |"
                )
    return "\n".join(lines)
