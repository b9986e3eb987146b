"""BA-Net on the fine grid without one of its blocks: which of them is it? From the cells that are recorded so far."""

from __future__ import annotations

import pandas as pd
from comparisons import compare_with, counted, in_cells
from grid import ABLATED, SHORT
from grid_results import FIGURES, PARTS, chosen

from banet_edu.study.resampling import holm
from banet_edu.study.result import metric_label


def without_blocks() -> pd.DataFrame:
    """network (without a block), data, figure, seeds_used, images, seeds, p, compared, and p after Holm's correction."""
    found = []
    for data in PARTS:
        table, facts = chosen(data, SHORT, ["banet-s2", *ABLATED])
        for network in ABLATED:
            shared = sorted(
                {seed for name, seed in facts if name == network} & {s for n, s in facts if n == "banet-s2"}
            )
            pair = table[table["seed"].isin(shared)] if shared else table[:0]
            for figure in FIGURES if shared else ():
                compared = compare_with("banet-s2", pair, figure, network)
                assert compared is not None
                found.append({"data": data, "seeds_used": shared, **compared._asdict(), "compared": compared})
    table = pd.DataFrame(found)
    return table.assign(holm=holm(table["p"].tolist())) if len(table) else table


def without_blocks_table() -> str:
    table = without_blocks()
    head = ["network, minus the whole", "data", "seeds", "figure", "difference", "with seeds resampled", "p"]
    lines = [counted(table), ""]
    lines += ["| " + " | ".join([*head, "after correction"]) + " |", "|---" * (len(head) + 1) + "|"]
    for row in table.itertuples():
        adjusted = "< 0.001" if row.holm < 0.001 else f"{row.holm:.3f}"
        cells = [row.network, PARTS[row.data], ", ".join(map(str, row.seeds_used)), metric_label(row.figure)]
        lines.append("| " + " | ".join([*cells, *in_cells(row.compared), adjusted]) + " |")
    return "\n".join(lines)
