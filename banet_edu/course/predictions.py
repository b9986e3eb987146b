"""Recorded predictions: say what will happen BEFORE you run it, then see your answer beside the outcome.

    predictions = Predictions("03")
    predictions.choose("blur", "Which stage loses most?", ["stage 1", "stage 4"])     # a widget: choose, commit
    predictions.compare("blur", "stage 1")                                            # the answer beside the outcome
    predictions.conclude("Fine stages see sharp boundaries.")                         # what follows from it

Where a person sits before the notebook, an outcome that was not predicted waits (`holding`). A notebook that nobody answers
runs to its end: `compare` then says that no prediction is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from banet_edu.course.asking import Ask, Question, typed_number, with_unit
from banet_edu.course.holding import hold_outcomes
from banet_edu.course.record import Record, came_true


@dataclass(frozen=True)
class Recorded:
    """One committed answer. `before`: it was committed before the outcome had been shown."""

    answer: str | float
    before: bool


@dataclass
class _Known:
    """What a lesson's predictions know. In a kernel all of a lesson share it: its first cell may be run again."""

    recorded: dict[str, Recorded] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    # name -> as predicted; None: nothing was recorded when it was shown
    shown: dict[str, bool | None] = field(default_factory=dict)
    waiting: dict[str, list[Callable[[], None]]] = field(default_factory=dict)


def in_words(
    question: Question, kept: Recorded | None, outcome: str | float, tolerance: float = 0.0, because: str = ""
) -> str:
    """What is said of an outcome, beside the answer that was recorded."""
    what = with_unit(outcome, question.unit)
    if kept is None:
        lines = ["No prediction recorded.", f"What happened:   {what}"]
    else:
        said = "Your prediction:" if kept.before else "Your answer, given after the outcome was shown:"
        lines = [f"{said} {with_unit(kept.answer, question.unit)}", f"What happened:   {what}"]
        if not came_true(kept.answer, outcome, tolerance):
            lines.append("Not as predicted. Worth a second look: what did you expect, and why?")
        elif question.options is None and tolerance:
            lines.append(f"As predicted, to within {with_unit(tolerance, question.unit)}.")
        else:
            lines.append("As predicted.")
    return "\n".join(filter(None, [*lines, because]))


class Predictions:
    """The predictions of one lesson.

    Args:
        lesson: its number, such as "03".
        file: a JSON file that keeps the answers when the kernel stops. None: the one that `banet-edu lab --predictions FILE`
            named, or they live as long as the kernel.

    The first committed answer counts and cannot be changed. An answer committed after its outcome was shown is kept
    too, and called so.

    >>> predictions = Predictions("00")
    >>> _ = predictions.choose("sky", "Which colour is the sky?", ["blue", "green"])
    >>> predictions.commit("sky", "green")
    >>> predictions.compare("sky", "blue")
    Your prediction: green
    What happened:   blue
    Not as predicted. Worth a second look: what did you expect, and why?
    """

    def __init__(self, lesson: str, file: str | Path | None = None) -> None:
        self.lesson = lesson
        self.record = Record(lesson, file)
        known = _known(lesson, self.record.file)
        self.recorded, self._questions, self._shown = known.recorded, known.questions, known.shown
        self._waiting = known.waiting
        self._read()
        self._held: list[Callable[[], dict[str, str]]] | None = None  # what `compare` and `conclude` would have shown
        hold_outcomes(self)

    def choose(self, name: str, question: str, options: Sequence[str]) -> Ask:
        """Ask for one of at least two `options`. The widget commits; so does `commit(name, option)`."""
        if len(set(options)) < 2 or len(set(options)) < len(options):
            raise ValueError(f"{name}: a prediction needs two or more different options, got {list(options)}")
        return self._ask(name, Question(question, tuple(options)))

    def guess(self, name: str, question: str, *, unit: str = "", within: tuple[float, float] | None = None) -> Ask:
        """Ask for a number in `unit`. `within`: the least and the most it can be; an answer beyond is not recorded."""
        return self._ask(name, Question(question, None, unit, within))

    def commit(self, name: str, answer: str | float) -> None:
        """Record an answer. ValueError for an unknown question, an answer that is no option or cannot be, a second one."""
        question = self._question(name)
        self._read()  # another kernel may have been faster
        if name in self.recorded:
            raise ValueError(f"{name}: your prediction is recorded already: {self._said(name)}")
        if question.options is None:
            answer = typed_number(answer)
            if question.within and not question.within[0] <= answer <= question.within[1]:
                least, most = question.within
                said = with_unit(answer, question.unit)
                raise ValueError(
                    f"{name}: {said} cannot be: the answer lies between {least:g} and {most:g}. Guess again."
                )
        elif answer not in question.options:
            raise ValueError(f"{name}: {answer!r} is none of the options: {', '.join(question.options)}")
        before = name not in self._shown
        self.record.keep("predictions", name, **question.asked(), answer=answer, before=before)
        self.recorded[name] = Recorded(answer, before)
        for tell in self._waiting.pop(name, []):
            tell()

    def compare(self, name: str, outcome: str | float, *, tolerance: float = 0.0, because: str = "") -> None:
        """Print the recorded answer beside the outcome.

        Args:
            name: of a question asked before.
            outcome: the right option, or the number.
            tolerance: a guess this near the number is as predicted.
            because: one or two sentences on why.
        """
        question = self._question(name)
        if question.options is not None and outcome not in question.options:
            raise ValueError(f"{name}: the outcome {outcome!r} is none of the options: {', '.join(question.options)}")

        def told() -> dict[str, str]:
            return {"text/plain": self._told(name, outcome, tolerance, because)}

        if self._held is not None:
            self._held.append(told)
        else:
            print(told()["text/plain"])

    def conclude(self, markdown: str) -> None:
        """Show what follows from the outcome: in the cell's output, because above it the text would give it away."""
        shown = {"text/plain": markdown, "text/markdown": markdown}
        if self._held is not None:
            self._held.append(lambda: shown)
        else:
            display(shown, raw=True)

    def is_open(self, name: str) -> bool:
        """Was this asked, and neither answered nor shown?"""
        return name in self._questions and name not in self.recorded and name not in self._shown

    def ask(self, name: str) -> Ask:
        """The widget of a question once more."""
        return Ask(self, name, self._question(name))

    def when_answered(self, name: str, tell: Callable[[], None]) -> None:
        """Call `tell` once, when the question is answered, in whichever of its widgets."""
        self._waiting.setdefault(name, []).append(tell)

    def hold(self) -> None:
        """From now on `compare` and `conclude` show nothing, until `held` is called."""
        self._held = []

    def held(self) -> list[Callable[[], dict[str, str]]]:
        """What was held back, to be called when it is shown: each gives an output by its MIME types."""
        held, self._held = self._held or [], None
        return held

    def _told(self, name: str, outcome: str | float, tolerance: float, because: str) -> str:
        question, kept = self._questions[name], self.recorded.get(name)
        said = in_words(question, kept, outcome, tolerance, because)
        if kept is not None:
            self._shown[name] = came_true(kept.answer, outcome, tolerance)
        self._shown.setdefault(name, None)
        known = {**question.asked(), "outcome": outcome, "tolerance": tolerance, "because": because}
        try:
            self.record.keep("predictions", name, **known)
        except (OSError, ValueError) as error:  # the lesson goes on
            return f"{said}\n(Not kept: {error})"
        return said

    def summary(self) -> None:
        """Print how many predictions were recorded before their outcome, and how many of them came true."""
        before = [name for name in self._questions if name in self.recorded and self.recorded[name].before]
        right = sum(self._shown.get(name) is True for name in before)
        print(f"Predictions recorded before the outcome: {len(before)} of {len(self._questions)}", end="")
        print(f", {right} as predicted." if before else ".")

    def _read(self) -> None:
        """Take over what the file knows."""
        for name, known in self.record.read("predictions").items():
            if "answer" in known:
                self.recorded.setdefault(name, Recorded(known["answer"], known["before"]))
            if "outcome" in known and "answer" in known:
                self._shown.setdefault(name, came_true(known["answer"], known["outcome"], known.get("tolerance", 0)))
            elif "outcome" in known:
                self._shown.setdefault(name, None)

    def _ask(self, name: str, question: Question) -> Ask:
        self._questions[name] = question
        return Ask(self, name, question)

    def _question(self, name: str) -> Question:
        if name not in self._questions:
            asked = ", ".join(self._questions) or "none yet"
            raise ValueError(f"no question {name!r} was asked (run its cell first); asked: {asked}")
        return self._questions[name]

    def _said(self, name: str) -> str:
        return with_unit(self.recorded[name].answer, self._questions[name].unit)


def _known(lesson: str, file: Path | None) -> _Known:
    shell: Any = get_ipython()
    if shell is None:
        return _Known()
    lessons: dict[tuple[str, Path | None], _Known] = vars(shell).setdefault("banet_edu_predictions", {})
    return lessons.setdefault((lesson, file), _Known())
