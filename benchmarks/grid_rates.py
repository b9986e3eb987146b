"""The pairs of the experiment on grids at EQUAL rates, seed 0: what is left of a difference when both learn at one rate.

At its own best rate each network is compared by `grid_results.contrasts`; there the two of a pair may differ in their rate and,
as rates were tried on different processors, in their precision.
"""

from __future__ import annotations

import pandas as pd
from comparisons import compare_with, counted, in_cells
from grid import RATES, SHORT, Cell
from grid_results import PARTS, QUESTIONS

from banet_edu.study.resampling import holm
from banet_edu.study.result import metric_label

FIGURES = ["JA", "assd_pct", "nsd_at_1pct"]


def equal_rates() -> pd.DataFrame:
    """question, data, figure, rate, precisions of the two, compared, p, and p after Holm's correction for all of them: seed 0,
    1200 steps, where both cells are recorded."""
    found = []
    for (one, other), question in QUESTIONS.items():
        for data in PARTS:
            for rate in sorted(RATES):
                pair = [Cell(data, network, SHORT, rate, 0) for network in (one, other)]
                if not all(cell.recorded for cell in pair):
                    continue
                table = pd.concat([pd.read_csv(cell.file).assign(model=cell.network, seed=0) for cell in pair])
                precisions = tuple(cell.facts["training"]["precision"] for cell in pair)
                head = {"question": question, "one": one, "other": other, "data": data, "rate": rate}
                for figure in FIGURES:
                    compared = compare_with(other, table, figure, one)
                    row = {**head, "precisions": precisions, "figure": figure, "compared": compared, "p": compared.p}
                    found.append(row)
    table = pd.DataFrame(found)
    return table.assign(holm=holm(table["p"].tolist()))


def equal_rates_table() -> str:
    table = equal_rates()
    rates = sorted(RATES)
    lines = ["| what differs | networks | data | figure | " + " | ".join(f"rate {rate:g}" for rate in rates) + " |"]
    lines += ["|---" * (4 + len(rates)) + "|"]
    for (question, one, other, data, figure), group in table.groupby(
        ["question", "one", "other", "data", "figure"], sort=False
    ):
        by_rate = group.set_index("rate")
        cells = []
        for rate in rates:
            row = by_rate.loc[rate] if rate in by_rate.index else None
            mixed = row is not None and len(set(row["precisions"])) > 1
            text = "–" if row is None else in_cells(row["compared"])[0]
            text = f"**{text}**" if row is not None and row["holm"] < 0.05 else text
            cells.append(text + (" *" if mixed else ""))
        lines.append(f"| {question} | {one} − {other} | {PARTS[data]} | {metric_label(figure)} | {' | '.join(cells)} |")
    notes = [f"{counted(table)} Bold: p < 0.05 after it.", "", "\\* one of the two in bf16, the other in fp32"]
    return "\n".join([*lines, "", *notes])
