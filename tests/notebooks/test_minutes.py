"""The minutes of a lesson's parts: they are written below each heading, and add up to what its head says."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from minutes import part_minutes
from nbformat.v4 import new_code_cell, new_markdown_cell

ROOT = Path(__file__).resolve().parents[2]

LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_parts_add_up_to_the_head(path):
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    head = int(re.search(r"\*\*Time\*\*\s+(\d+)", text)[1])
    parts = re.findall(r"^## (\d+ .+)\n\*(\d+) minutes?\*$", text, re.MULTILINE)
    assert len(parts) == len(re.findall(r"^## \d+ ", text, re.MULTILINE)) >= 5
    assert abs(sum(int(time) for _, time in parts) - head) <= 5, (
        "the head's minutes are those of the parts, to the next 5"
    )


def test_what_a_part_holds_makes_it_longer():
    bare = [new_markdown_cell("## 1 A part\n\n" + 110 * "word ")]
    more = {
        "a question": new_code_cell("predictions.choose(1)"),
        "a picture": new_code_cell("show(\n    figure\n)"),
        "a widget": new_code_cell("edge_explorer(model)"),
        "a trial": new_markdown_cell("**Try it:** change the name."),
        "the clinic's page": new_code_cell("Touchable(\n    sample,\n)"),
        "an exercise": new_code_cell("def my_edge(): ...", metadata={"tags": ["exercise"]}),
    }
    assert part_minutes(bare) == {"1 A part": 1}
    for name, cell in more.items():
        assert part_minutes([*bare, cell])["1 A part"] > 1, name
    stretch = new_markdown_cell("**Exercise (stretch).** Write it.")
    assert part_minutes([*bare, stretch, more["an exercise"]]) == {"1 A part": 1}
    assert part_minutes([*bare, new_markdown_cell("## What to take along")]) == {"1 A part": 1}
    next_part = new_markdown_cell(440 * "word " + "\n\n## 2 Another\n\nword")
    assert part_minutes([*bare, next_part]) == {"1 A part": 5, "2 Another": 1}
