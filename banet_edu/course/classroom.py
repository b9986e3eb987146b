"""A class at a glance: what its students predicted, question by question, and how they fared with the checks and quizzes.

Each student's answers are one file (`record`). A student is called by the file's name, or by its folder's where several files
have the same one, as in `handed-in/ann/my_answers.json`.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from banet_edu.course.record import Answers, came_true, read_answers
from banet_edu.figures.style import BLUE, GREY, INK, ORANGE, new_figure, styled

COLUMNS = ["lesson", "kind", "name", "question", "student", "answer", "before", "outcome", "right"]


def read_class(folder: str | Path) -> tuple[dict[str, Answers], dict[Path, str]]:
    """All students' answers below `folder`, by student, and the files that are none, with what is wrong.

    Raises FileNotFoundError where there is no such folder, or no file of answers in it.
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    files = sorted(path for path in Path(folder).rglob("*.json") if ".ipynb_checkpoints" not in path.parts)
    answers, unread = {}, {}
    for path in files:
        try:
            answers[path] = read_answers(path)
        except (ValueError, OSError) as error:
            unread[path] = str(error)
    if not answers:
        raise FileNotFoundError(
            f"there is no file of answers (*.json) in {folder}. Students make one with "
            "`banet-edu lab --predictions FILE.json` and hand it in"
        )
    stems = Counter(path.stem for path in answers)
    names = {
        path: path.stem
        if stems[path.stem] == 1 or path.parent == Path(folder)
        else str(path.parent.relative_to(folder))
        for path in answers
    }
    twice = Counter(names.values())
    return {
        name if twice[name] == 1 else str(path.relative_to(folder)): answers[path] for path, name in names.items()
    }, unread


def class_table(students: Mapping[str, Answers]) -> pd.DataFrame:
    """One row per answer: predictions (with `before` their outcome, the outcome and whether it came true), checks
    (`answer`: the tries until it passed; `right`: passed) and first answers of quizzes. `right` is None where nothing was
    shown to compare with."""
    rows: list[dict[str, Any]] = []
    for student, lessons in students.items():
        for lesson, kinds in lessons.items():
            for kind, named in kinds.items():
                rows += [
                    {"lesson": lesson, "kind": kind, "name": name, "student": student, **_row(kind, name, known)}
                    for name, known in named.items()
                ]
    return pd.DataFrame(rows, columns=COLUMNS).sort_values(["lesson", "kind"], kind="stable", ignore_index=True)


def _row(kind: str, name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "checks":
        passed_at = known.get("passed_at")
        return {"question": name, "answer": passed_at or known.get("tries"), "right": passed_at is not None}
    if kind == "quiz":
        return {"question": name, "answer": known.get("answer"), "right": known.get("right")}
    answer, outcome = known.get("answer"), known.get("outcome")
    right = None
    if answer is not None and outcome is not None:
        right = came_true(answer, outcome, known.get("tolerance", 0))
    shown = {"question": known.get("question", name), "answer": answer, "before": known.get("before")}
    return {**shown, "outcome": outcome, "right": right}


def questions(students: Mapping[str, Answers]) -> dict[tuple[str, str], dict[str, Any]]:
    """What was asked: (lesson, name) -> the question as the first student's file knows it, with the outcome if any does."""
    asked: dict[tuple[str, str], dict[str, Any]] = {}
    for lessons in students.values():
        for lesson, kinds in lessons.items():
            for name, known in kinds.get("predictions", {}).items():
                if "question" in known:
                    kept = asked.setdefault((lesson, name), {})
                    kept |= {key: known[key] for key in ("question", "options", "unit", "outcome") if key in known}
    return dict(sorted(asked.items(), key=lambda item: item[0][0]))


def possible(asked: Mapping[str, Any], answered: pd.DataFrame) -> list[Any]:
    """The options of a question, or the numbers that were given; then answers of another edition of the lesson."""
    given = sorted(set(answered["answer"]), key=lambda answer: (isinstance(answer, str), answer))
    return list(dict.fromkeys([*(asked.get("options") or []), *given]))


def question_figure(lesson: str, asked: Mapping[str, Any], given: pd.DataFrame, *, outcome: bool = True) -> Figure:
    """How many students chose what (bars), or where their numbers lie (dots); `outcome`: mark what happened.

    `given`: the rows of `class_table` for this question. Answers that came after the outcome are counted apart, in grey.
    """
    answered = given[given["answer"].notna()]
    early, late = (answered[answered["before"].astype(bool) == before] for before in (True, False))
    figure, [[axes]] = new_figure(width=12.8, height=7.2)
    happened = asked.get("outcome") if outcome else None
    options = possible(asked, answered) if asked.get("options") else []
    with styled():
        if options:
            _bars(axes, options, early, late, happened)
        else:
            _dots(axes, early, late, happened, asked.get("unit", ""))
        figure.suptitle(textwrap.fill(asked["question"], 72), fontsize=20, x=0.01, ha="left")
        missing = given["student"].nunique() - answered["student"].nunique()
        said = [f"Lesson {lesson}", counted(len(early), "answer")]
        said += [f"{len(late)} after the outcome (grey)"] * bool(len(late)) + [f"{missing} skipped"] * bool(missing)
        figure.supxlabel(" · ".join(said), fontsize=14, color=INK)
    return figure


def counted(number: int, what: str) -> str:
    """As `1 answer`, `2 answers`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _bars(axes: Any, options: list[str], early: pd.DataFrame, late: pd.DataFrame, happened: Any) -> None:
    first, after = (Counter(rows["answer"].astype(str)) for rows in (early, late))
    options = [str(option) for option in options]
    places = range(len(options))
    colours = [ORANGE if option == happened else BLUE for option in options]
    counts = [first[option] for option in options]
    axes.barh(places, counts, color=colours)
    axes.barh(places, [after[option] for option in options], left=counts, color=GREY)
    for place, option in zip(places, options, strict=True):
        total = first[option] + after[option]
        mark = "   ← what happened" if option == happened else ""
        axes.text(total + 0.15, place, f"{first[option]}{mark}", va="center", fontsize=16)
    axes.set_yticks(places, [textwrap.fill(option, 34) for option in options], fontsize=15)
    axes.invert_yaxis()
    axes.set_xlim(0, max([first[option] + after[option] for option in options] + [1]) * 1.45)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)


def _dots(axes: Any, early: pd.DataFrame, late: pd.DataFrame, happened: Any, unit: str) -> None:
    for rows, colour in ((early, BLUE), (late, GREY)):
        height: Counter[float] = Counter()
        for value in sorted(answer for answer in rows["answer"] if not isinstance(answer, str)):
            height[value] += 1
            axes.plot(value, height[value], "o", color=colour, markersize=14)
    top = max(Counter([*early["answer"], *late["answer"]]).values(), default=1)
    if happened is not None:
        axes.axvline(happened, color=ORANGE, linewidth=4)
        axes.text(happened, top + 1.35, f"what happened: {happened:g} {unit}", ha="center", fontsize=16)
    axes.set_ylim(0, max(top + 2, 5))
    axes.set_yticks([])
    axes.tick_params(axis="x", labelsize=15)
    axes.set_xlabel(f"answer ({unit})" if unit else "answer", fontsize=16)
    axes.margins(x=0.15)


def checks_figure(table: pd.DataFrame) -> Figure:
    """How many students passed each check, and how many of those who tried have not yet."""
    checks = table[table["kind"] == "checks"]
    names = list(dict.fromkeys(zip(checks["lesson"], checks["name"], strict=True)))
    figure, [[axes]] = new_figure(width=12.8, height=7.2)
    with styled():
        for place, (lesson, name) in enumerate(names):
            rows = checks[(checks["lesson"] == lesson) & (checks["name"] == name)]
            passed, tries = int(rows["right"].sum()), rows["answer"].median()
            axes.barh(place, passed, color=BLUE)
            axes.barh(place, len(rows) - passed, left=passed, color=GREY)
            said = f"{passed} of {len(rows)} passed, tries (median): {tries:g}"
            axes.text(len(rows) + 0.2, place, said, va="center", fontsize=14)
        axes.set_ylim(-0.6, max(len(names) - 0.4, 3.6))
        axes.set_yticks(range(len(names)), [f"{lesson}  {name}" for lesson, name in names], fontsize=14)
        axes.invert_yaxis()
        axes.set_xlim(0, max(checks.groupby(["lesson", "name"]).size().max(), 1) * 1.6)
        axes.set_xticks([])
        axes.grid(visible=False)
        axes.spines["bottom"].set_visible(False)
        axes.set_title("Checks of those who tried", fontsize=20, loc="left", pad=18)
    return figure
