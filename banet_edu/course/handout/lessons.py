"""The committed lessons of a checkout, read as a teacher thinks of them: parts, predictions, pictures, exercises."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

import nbformat

from banet_edu.course.asking import with_unit

ASKED = re.compile(r"predictions\.(?:choose|guess)\(\s*[\"'](\w+)[\"']")
COMPARED = re.compile(r"predictions\.compare\(\s*[\"'](\w+)[\"']")
CHECK = re.compile(r"^(check_\w+)\((.+)\)\s*$", re.MULTILINE)
OUTCOMES = Path("solutions") / "outcomes.json"


@dataclass(frozen=True)
class Picture:
    """A picture that a cell shows: PNG as base64 text, and what it shows, in words."""

    png: str
    alt: str


@dataclass(frozen=True)
class Prediction:
    """A question and what happened. `options`: those to choose from, or None where a number was typed."""

    name: str
    part: str
    question: str
    options: list[str] | None
    outcome: str
    within: str
    because: str


@dataclass(frozen=True)
class Exercise:
    """The stub students find, its solution, and the call that checks it (`check` and `argument`, "" where there is none)."""

    number: int
    part: str
    stub: str
    solution: str
    check: str = ""
    argument: str = ""


@dataclass
class Lesson:
    """One lesson. `steps`: what its cells show, in order, as (part, what)."""

    number: str
    title: str
    path: Path
    predictions: dict[str, Prediction] = field(default_factory=dict)
    exercises: list[Exercise] = field(default_factory=list)
    steps: list[tuple[str, Step]] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """A prediction is asked for."""

    name: str


@dataclass(frozen=True)
class Told:
    """What a prediction came to is told."""

    name: str


Step = Asked | Told | Picture


def read_lessons(notebooks: Path) -> list[Lesson]:
    """The lessons of a checkout's folder `notebooks`, in order.

    FileNotFoundError where the solutions or the outcomes are missing, as in a copy made for students.
    """
    kept = notebooks / OUTCOMES
    if not kept.is_file():
        raise FileNotFoundError(
            f"{kept}: is not there; a handout is made from a whole checkout of banet-edu, with the solutions"
        )
    outcomes = json.loads(kept.read_text(encoding="utf-8"))
    return [read_lesson(path, outcomes) for path in sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))]


def read_lesson(path: Path, outcomes: dict[str, Any]) -> Lesson:
    """One lesson, with its solutions from the notebook of the same name in `solutions/` beside it."""
    number, part = path.name[:2], ""
    lesson = Lesson(number, path.stem, path)
    solved = path.parent / "solutions" / path.name
    solutions = [cell.source for cell in tagged(solved, "solution")] if solved.is_file() else []
    cells = nbformat.read(path, as_version=4).cells
    for place, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            if title := re.search(r"^# (.+)$", cell.source, re.MULTILINE):
                lesson.title = plain(title[1])
            if headings := re.findall(r"^##+ (.+)$", cell.source, re.MULTILINE):
                part = plain(headings[-1])
            continue
        for name in ASKED.findall(cell.source):
            lesson.predictions[name] = _prediction(name, part, outcomes[number][name])
            lesson.steps.append((part, Asked(name)))
        lesson.steps += [(part, picture) for picture in pictures(cell)]
        lesson.steps += [(part, Told(name)) for name in COMPARED.findall(cell.source)]
        if "exercise" in cell.metadata.get("tags", []):
            found = next((CHECK.search(c.source) for c in cells[place + 1 :] if c.cell_type == "code"), None)
            check, argument = found.groups() if found else ("", "")
            count = len(lesson.exercises)
            lesson.exercises.append(Exercise(count + 1, part, cell.source, solutions[count], check, argument))
    return lesson


def tagged(path: Path, tag: str) -> list[Any]:
    """The cells of a notebook that carry a tag."""
    return [cell for cell in nbformat.read(path, as_version=4).cells if tag in cell.metadata.get("tags", [])]


def pictures(cell: Any) -> list[Picture]:
    """What a cell shows, of its committed outputs."""
    shown = [output.get("data", {}) for output in cell.get("outputs", [])]
    return [Picture("".join(data["image/png"]), data.get("text/plain", "")) for data in shown if "image/png" in data]


def plain(markdown: str) -> str:
    """A heading without its marks.

    >>> plain("Write `my_edge` **yourself**")
    'Write my_edge yourself'
    """
    return re.sub(r"[`*]", "", markdown).strip()


def shared_lines(stub: str, solution: str) -> int:
    """How many lines, from the first, a stub and its solution have in common.

    >>> shared_lines("def f(x):\\n    raise NotImplementedError", "def f(x):\\n    return x")
    1
    """
    pairs = zip(stub.splitlines(), solution.splitlines(), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _prediction(name: str, part: str, told: dict[str, Any]) -> Prediction:
    within = with_unit(told["tolerance"], told["unit"]) if told["options"] is None else ""
    outcome = with_unit(told["outcome"], told["unit"])
    return Prediction(name, part, told["question"], told["options"], outcome, within, told["because"])
