"""A quiz that answers back: every option has an explanation, shown as soon as it is pressed. Offline, own and small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import ipywidgets

from banet_edu.course.answers import RIGHT, WRONG, answer_buttons, mark, text, with_text


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
        if len(self.options) < 2 or sum(option.right for option in self.options) != 1:
            raise ValueError(f"{self.text!r} needs two or more options, exactly one of them right")
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

    def __init__(self, questions: Sequence[QuizQuestion]) -> None:
        if not questions:
            raise ValueError("a quiz needs at least one question")
        self.questions = tuple(questions)
        self.first: dict[int, bool] = {}
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

    def answer(self, question: int, option: int) -> str:
        """Give an answer (both counted from 0), as a press does; returns what is said."""
        self._pressed(question, option)
        chosen = self.questions[question].options[option]
        return f"{_verdict(chosen)} {chosen.explanation}"

    def _pressed(self, question: int, option: int) -> None:
        chosen = self.questions[question].options[option]
        self.first.setdefault(question, chosen.right)
        mark(self.buttons[question], option)
        self.feedback[question].value = text(
            chosen.explanation, bold=_verdict(chosen), colour=RIGHT if chosen.right else WRONG
        )
        self.score.value = text(self._score())

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
