"""The answer key: every prediction, quiz question and exercise of the course with its answer, on one page to print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from jinja2 import PackageLoader, PrefixLoader

from banet_edu.course.handout.lessons import Lesson
from banet_edu.course.quiz import QuizQuestion, read_quiz
from banet_edu.reports.page import templates

TABLE = "Misconceptions, and how a check catches them"  # of docs/teaching.md: the one place for the usual wrong answers


class WrongAnswer(NamedTuple):
    """A row of that table."""

    lesson: str
    belief: str
    met_in: str
    said: str

    @property
    def exercise(self) -> int | None:
        """The number of the exercise it is an answer to, None where it is met in a prediction or the quiz only."""
        found = re.search(r"exercise(?: (\d))?", self.met_in)
        return int(found[1] or 1) if found else None


def answer_key(lessons: list[Lesson], root: Path) -> str:
    """The page as HTML that needs nothing else. `root`: the checkout, for the quizzes and docs/teaching.md."""
    folders = {"reports": "banet_edu.reports", "handout": "banet_edu.course.handout"}
    pages = templates(PrefixLoader({name: PackageLoader(package) for name, package in folders.items()}))
    wrong = wrong_answers((root / "docs" / "teaching.md").read_text(encoding="utf-8"))
    return pages.get_template("handout/answer_key.html").render(
        lessons=[(lesson, quiz(root, lesson.number)) for lesson in lessons],
        wrong=lambda check, number, lesson: _of_exercise(wrong, lessons, check, number, lesson),
        beliefs=lambda lesson: [row for row in wrong if row.lesson == lesson and row.exercise is None],
    )


def quiz(root: Path, lesson: str) -> tuple[QuizQuestion, ...]:
    """The questions of a lesson's quiz, none where it has no quiz."""
    page = root / "banet_edu" / "course" / f"lesson{lesson}" / "quiz.md"
    return read_quiz(page).questions if page.is_file() else ()


def wrong_answers(page: str) -> list[WrongAnswer]:
    """The rows of the table of misconceptions in the text of docs/teaching.md."""
    section = page.partition(f"\n## {TABLE}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if re.match(r"\| \d\d \|", line)]
    return [WrongAnswer(*(re.sub(r"[`*]", "", cell).strip() for cell in row)) for row in rows]


def _of_exercise(
    wrong: list[WrongAnswer], lessons: list[Lesson], check: str, number: int, lesson: str
) -> list[WrongAnswer]:
    """Those of this exercise, and of another lesson's exercise with the same check."""
    same = {(lesson, number)} | {
        (other.number, exercise.number) for other in lessons for exercise in other.exercises if check == exercise.check
    }
    return [row for row in wrong if (row.lesson, row.exercise) in (same if check else {(lesson, number)})]
