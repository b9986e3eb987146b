"""A quiz that answers back: every option has an explanation, shown as soon as it is pressed. Offline, own and small.

The questions of a lesson are prose and lie beside it, in `lessonNN/quiz.md`, so that a teacher can change them without
Python (`read_quiz` shows the form).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from zlib import crc32

import ipywidgets

from banet_edu.course.answers import RIGHT, WRONG, answer_buttons, mark, text, with_text
from banet_edu.course.record import Record

_QUESTION, _OPTION = re.compile(r"## (.*\S)\s*"), re.compile(r"- \[([ xX])\] (.*\S)\s*")
# A heading or a box that is written in another way must not become a part of the sentence above it.
_MISSPELLED = re.compile(r"\s*(#|[-*+](\s|\[))")


@dataclass(frozen=True)
class Option:
    """One answer, and why it is right or not."""

    text: str
    explanation: str
    right: bool = False


@dataclass(frozen=True)
class QuizQuestion:
    """A question with two or more options, exactly one of them right, each with an explanation."""

    text: str
    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        right = sum(option.right for option in self.options)
        if len(self.options) < 2 or right != 1:
            raise ValueError(
                f"{self.text!r} needs two or more options, exactly one of them right ([x]); it has {len(self.options)}, "
                f"{right} of them right"
            )
        if not all(option.explanation.strip() for option in self.options):
            raise ValueError(f"{self.text!r}: every option needs an explanation")
        if len({option.text for option in self.options}) < len(self.options):
            raise ValueError(f"{self.text!r}: two options are the same")


class Quiz(ipywidgets.VBox):
    """Questions, one under the other. The first press of a question counts; the others may be tried out afterwards.

    Attributes:
        buttons: a list of buttons per question. feedback: an `ipywidgets.HTML` per question. score: the line below.
        first: number of question -> whether its first answer was right.

    >>> quiz = Quiz([QuizQuestion("1 + 1?", (Option("2", "Count.", right=True), Option("3", "One too many.")))])
    >>> quiz.answer(0, 1)
    'Not quite. One too many.'
    >>> quiz.answer(0, 0), quiz.first
    ('Right. Count.', {0: False})
    """

    def __init__(self, questions: Sequence[QuizQuestion], record: Record | None = None) -> None:
        if not questions:
            raise ValueError("a quiz needs at least one question")
        self.questions, self._record = tuple(questions), record
        self.first = self._kept()
        self.buttons: list[list[ipywidgets.Button]] = []
        self.feedback = [ipywidgets.HTML() for _ in self.questions]
        self.score = ipywidgets.HTML(text(self._score()))
        blocks: list[ipywidgets.Widget] = []
        for number, question in enumerate(self.questions):
            options = [option.text for option in question.options]
            self.buttons.append(answer_buttons(options, partial(self._pressed, number)))
            asked = ipywidgets.HTML(text(question.text, bold=f"{number + 1}."))
            blocks.append(ipywidgets.VBox([asked, *self.buttons[-1], self.feedback[number]]))
        super().__init__([*blocks, self.score])

    def _kept(self) -> dict[int, bool]:
        """First answers of an earlier run of its cell."""
        try:
            known = {} if self._record is None else self._record.read("quiz")
        except (OSError, ValueError):  # said with the first press
            return {}
        return {
            n: bool(known[q.text]["right"]) for n, q in enumerate(self.questions) if "right" in known.get(q.text, {})
        }

    def answer(self, question: int, option: int) -> str:
        """Give an answer (both counted from 0), as a press does; returns what is said."""
        self._pressed(question, option)
        chosen = self.questions[question].options[option]
        return f"{_verdict(chosen)} {chosen.explanation}"

    def _pressed(self, question: int, option: int) -> None:
        chosen = self.questions[question].options[option]
        first = question not in self.first
        self.first.setdefault(question, chosen.right)
        mark(self.buttons[question], option)
        self.feedback[question].value = text(
            chosen.explanation, bold=_verdict(chosen), colour=RIGHT if chosen.right else WRONG
        )
        self.score.value = text(self._score() + (self._keep(question, chosen) if first else ""))

    def _keep(self, question: int, chosen: Option) -> str:
        """Keep a first answer where a file is named; what went wrong, in words."""
        asked = self.questions[question].text
        try:
            if self._record is not None and asked not in self._record.read("quiz"):
                options = [option.text for option in self.questions[question].options]
                self._record.keep("quiz", asked, options=options, answer=chosen.text, right=chosen.right)
        except (OSError, ValueError) as error:  # the lesson goes on
            return f" (Not kept: {error})"
        return ""

    def _score(self) -> str:
        return f"Right at the first try: {sum(self.first.values())} of {len(self.questions)}."

    def _repr_mimebundle_(self, **options: Any) -> Any:
        plain = " ".join(f"{n}. {q.text}" for n, q in enumerate(self.questions, start=1))
        markdown = "\n\n".join(
            f"**{n}.** {q.text}\n\n" + "\n".join(f"- {option.text}" for option in q.options)
            for n, q in enumerate(self.questions, start=1)
        )
        return with_text(super()._repr_mimebundle_(**options), f"Quiz: {plain}", markdown)


def _verdict(option: Option) -> str:
    return "Right." if option.right else "Not quite."


def lesson_quiz(lesson: str) -> Quiz:
    """The quiz at the end of a lesson, such as "03".

    >>> len(lesson_quiz("03").questions)
    4
    """
    folders = {folder.name.removeprefix("lesson"): folder for folder in files("banet_edu.course").iterdir()}
    pages = {number: folder / "quiz.md" for number, folder in sorted(folders.items()) if (folder / "quiz.md").is_file()}
    if lesson not in pages:
        raise ValueError(f"no lesson {lesson!r} with a quiz; there are {', '.join(pages)}")
    return read_quiz(pages[lesson], Record(lesson))


def read_quiz(file: str | Path | Traversable, record: Record | None = None) -> Quiz:
    """Read a quiz from a Markdown file of this form; the x marks the right option.

        # A title, not shown
        ## Why is the pooled map smaller?
        - [ ] the padding is missing
          Why this is wrong, shown as soon as the option is pressed.
        - [x] stride=1 is missing
          Why this is right. It may go on
          over several lines, and so may a question.

    The options are shown shuffled, always in the same way (by a checksum of their text): who writes a page tends to put the
    right one in the middle.

    Empty lines are free. What does not follow the form is a ValueError that names file, line and the way out: a line
    passed over in silence would be an explanation that no student ever sees.

    `record`: keeps each question's first answer.
    """
    page = Path(file) if isinstance(file, str) else file
    asked: list[_Part] = []
    try:
        lines = page.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        at = error.object[: error.start].count(b"\n") + 1
        raise _fault(page, at, "is not UTF-8; save the page in that encoding") from None
    for number, line in enumerate(lines, start=1):
        options = asked[-1].options if asked else []
        if not line.strip() or (line.startswith("# ") and not asked):
            continue
        if question := _QUESTION.fullmatch(line):
            asked.append(_Part(number, question[1]))
        elif asked and (option := _OPTION.fullmatch(line)):
            options.append(_Part(number, option[2], right=option[1] != " "))
        elif not asked or _MISSPELLED.match(line) or (options and not line[0].isspace()):
            raise _fault(
                page,
                number,
                f"{line.strip()!r} is no question, option or explanation. A question begins with '## ', an option with "
                "'- [ ] ' ('- [x] ' if it is right), its explanation stands below it, indented",
            )
        elif options:
            options[-1].below.append(line.strip())
        else:
            asked[-1].below.append(line.strip())
    if not asked:
        raise _fault(page, 1, "a quiz needs at least one question: '## question'")
    return Quiz([_question(page, part) for part in asked], record)


@dataclass
class _Part:
    """A question or an option of a page: its first line, and the lines below that go on with it or explain it."""

    line: int
    text: str
    right: bool = False
    below: list[str] = field(default_factory=list)
    options: list[_Part] = field(default_factory=list)


def _question(page: Path | Traversable, asked: _Part) -> QuizQuestion:
    for option in asked.options:
        if not option.below:
            raise _fault(page, option.line, f"{option.text!r} has no explanation; write it below, indented")
    options = [Option(option.text, " ".join(option.below), option.right) for option in asked.options]
    options.sort(key=lambda option: crc32(option.text.encode()))
    try:
        return QuizQuestion(" ".join([asked.text, *asked.below]), tuple(options))
    except ValueError as error:
        raise _fault(page, asked.line, str(error)) from None


def _fault(page: Path | Traversable, line: int, said: str) -> ValueError:
    return ValueError(f"{page}, line {line}: {said}")
