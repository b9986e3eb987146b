"""How long a part of a lesson takes its reader, by a rule: what there is to read, look at, guess, move and write.

The rule was set so that the sums agree with what readers who had not seen the lessons judged; no class was timed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nbformat.v4 import new_markdown_cell

from banet_edu.course.quiz import lesson_quiz

WORDS_A_MINUTE, LINES_A_MINUTE = 110, 40  # text is read, code is skimmed
PREDICTION, OUTCOME, PICTURE, WIDGET, QUESTION, TRIAL = 1.5, 1.0, 1.0, 3.0, 1.0, 2.0
EXERCISE = {"core": 8.0, "short": 4.0, "stretch": 0.0}  # a stretch exercise is for those who have time left
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def part_minutes(cells: list[Any]) -> dict[str, int]:
    """Minutes of each part of a student's copy, by its heading; whole ones, 1 at least. What to take along is no part."""
    spent: dict[str, float] = {}
    part, kind = "", "core"
    for cell in cells:
        if cell.cell_type == "markdown" and (heading := _HEADING.search(cell.source)):
            above, cell = (
                new_markdown_cell(t) for t in (cell.source[: heading.start()], cell.source[heading.start() :])
            )
            if part:  # what stands above a heading belongs to the part before it
                spent[part] += of_cell(above, kind)
            part = heading[1]
            spent[part] = 0.0
        if cell.cell_type == "markdown":
            kind = next((kind for kind in EXERCISE if f"({kind})" in cell.source), "core")
        if part:
            spent[part] += of_cell(cell, kind)
    return {name: max(1, round(time)) for name, time in spent.items() if name[0].isdigit()}


def of_cell(cell: Any, kind: str) -> float:
    """Minutes of one cell, not rounded; `kind` of the exercise where it is one."""
    if cell.cell_type == "markdown":
        return len(cell.source.split()) / WORDS_A_MINUTE + TRIAL * cell.source.count("**Try it:**")
    source = cell.source
    if "exercise" in cell.metadata.get("tags", []):
        return EXERCISE[kind]
    folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
    time = 0.0 if folded else source.count("\n") / LINES_A_MINUTE
    time += PREDICTION * len(re.findall(r"predictions\.(?:guess|choose)\(", source))
    time += OUTCOME * source.count("predictions.compare(") + PICTURE * len(re.findall(r"^show\(", source, re.MULTILINE))
    time += WIDGET * len(re.findall(r"^\w*(?:explorer|desk|clinic|Touchable)\w*\(", source, re.MULTILINE))
    if told := re.search(r'predictions\.conclude\(r"""(.*?)"""\)', source, re.DOTALL):
        time += len(told[1].split()) / WORDS_A_MINUTE
    if quiz := re.search(r'lesson_quiz\("(\d\d)"\)', source):
        time += QUESTION * len(lesson_quiz(quiz[1]).questions)
    return time


def with_minutes(text: str, times: Mapping[str, int]) -> str:
    """Markdown with the minutes of each part below its heading.

    >>> with_minutes("## 1 One image\\n\\nLook.", {"1 One image": 4})
    '## 1 One image\\n*4 minutes*\\n\\nLook.'
    """

    def told(heading: re.Match[str]) -> str:
        time = times.get(heading[1])
        return heading[0] if time is None else f"{heading[0]}\n*{time} {'minute' if time == 1 else 'minutes'}*"

    return _HEADING.sub(told, text)
