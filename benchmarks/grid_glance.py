"""The experiment on grids at a glance: what each difference does to the boundary, a row each, told in signs."""

from __future__ import annotations

from typing import Any

from comparisons import NONE
from grid import IN_UNETS_TIME, LONG, SHORT
from grid_results import AT_EQUAL_TIME, BUDGETS, PARTS, QUESTIONS, contrasts

BOUNDARY = {"assd_pct": "ASSD", "nsd_at_1pct": "NSD"}
COARSE = IN_UNETS_TIME["banet"]
NAMES = {
    "banet": "the coarse BA-Net",
    "banet-s2": "the fine BA-Net",
    "control": "the coarse control",
    "control-s2": "the fine control",
    "unet": "U-Net",
}
ASKED = {  # question -> what differs, in words
    AT_EQUAL_TIME["banet-s2", "unet"]: "the fine BA-Net in U-Net's time, minus U-Net",
    AT_EQUAL_TIME["banet", "unet"]: "the coarse BA-Net in U-Net's time, minus U-Net",
    QUESTIONS["banet-s2", "banet"]: "a finer grid, with the blocks (fine minus coarse BA-Net)",
    QUESTIONS["control-s2", "control"]: "a finer grid, without the blocks (fine minus coarse control)",
    QUESTIONS["banet-s2", "control-s2"]: "the blocks, on the fine grid (BA-Net minus the control)",
    QUESTIONS["banet", "control"]: "the blocks, on the coarse grid (BA-Net minus the control)",
    QUESTIONS["control-s2", "unet"]: "BA-Net's encoder, and the last step of the grid (fine control minus U-Net)",
    AT_EQUAL_TIME["banet", "banet"]: f"more steps: the coarse BA-Net, {COARSE[SHORT]} minus {SHORT}",
    **{BUDGETS[name]: f"more steps: {words}, {LONG} minus {SHORT}" for name, words in NAMES.items()},
}
OWN = {AT_EQUAL_TIME[name, "unet"]: IN_UNETS_TIME[name] for name in IN_UNETS_TIME}  # steps in U-Net's time


def clear(interval: Any, figure: str) -> str:
    """▲ better, ▼ worse, = where the interval holds 0."""
    less = figure.startswith("assd")
    if interval.low > 0 or interval.high < 0:
        return "▲" if (interval.high < 0) == less else "▼"
    return "="


def told(row: Any) -> str:
    """One figure's difference with its sign; bold where it is confirmed."""
    sign = clear(row.images, row.figure)
    confirmed = sign != "=" and row.seeds is not None and clear(row.seeds, row.figure) == sign and row.holm < 0.05
    text = f"{sign} {BOUNDARY[row.figure]} {row.images.mean:+.3f}"
    return f"**{text}**" if confirmed else text


def glance_table() -> str:
    found = contrasts()
    lines = ["| what differs | steps | seeds | " + " | ".join(PARTS.values()) + " |", "|---" * (len(PARTS) + 3) + "|"]
    for question, words in ASKED.items():
        for steps in (SHORT, LONG):
            rows = found[(found["question"] == question) & (found["steps"] == steps)]
            rows = rows[rows["figure"].isin(BOUNDARY)]
            if not len(rows):
                continue
            cells_ = [
                " · ".join(told(row) for row in rows[rows["data"] == data].itertuples()) or NONE for data in PARTS
            ]
            seeds = sorted({len(used) for used in rows["seeds_used"]})
            spent = f"{OWN[question][steps]}, in the time of {steps}" if question in OWN else steps
            lines.append(f"| {words} | {spent} | {' or '.join(map(str, seeds))} | " + " | ".join(cells_) + " |")
    return "\n".join(lines)
