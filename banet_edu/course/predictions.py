"""Recorded predictions: say what will happen BEFORE you run it, then see your answer beside the outcome.

    predictions = Predictions("03")
    predictions.choose("blur", "Which stage loses most?", ["stage 1", "stage 4"])     # a widget: choose, commit
    predictions.compare("blur", "stage 1")                                            # the answer beside the outcome

A notebook that nobody answers runs to its end: `compare` then says that no prediction is recorded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ipywidgets

from banet_edu.course.answers import RIGHT, answer_buttons, mark, text, with_text
from banet_edu.storage import write_text

# What was asked and what happened, {lesson: {question's name: ...}}, of the notebook that runs in this process: for the
# answer key, which notebooks/build.py collects.
told: dict[str, dict[str, dict[str, Any]]] = {}


@dataclass(frozen=True)
class Recorded:
    """One committed answer. `before`: it was committed before the outcome had been shown."""

    answer: str | float
    before: bool


@dataclass(frozen=True)
class Question:
    """What was asked. `options`: the answers to choose from, or None where a number is typed, then `within` two bounds."""

    text: str
    options: tuple[str, ...] | None
    unit: str = ""
    within: tuple[float, float] | None = None


class Predictions:
    """The predictions of one lesson.

    Args:
        lesson: its number, such as "03".
        file: a JSON file that keeps the answers when the kernel stops; None: they live as long as the kernel.

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
        self.file = None if file is None else Path(file)
        self.recorded: dict[str, Recorded] = {}
        self._questions: dict[str, Question] = {}
        self._shown: dict[str, bool | None] = {}  # name -> as predicted; None: nothing was recorded
        if self.file is not None and self.file.is_file():
            self.recorded = _read(self.file, lesson)

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
        if name in self.recorded:
            raise ValueError(f"{name}: your prediction is recorded already: {self._said(name)}")
        if question.options is None:
            answer = float(answer)
            if question.within and not question.within[0] <= answer <= question.within[1]:
                least, most = question.within
                said = _with_unit(answer, question.unit)
                raise ValueError(
                    f"{name}: {said} cannot be: the answer lies between {least:g} and {most:g}. Guess again."
                )
        elif answer not in question.options:
            raise ValueError(f"{name}: {answer!r} is none of the options: {', '.join(question.options)}")
        self.recorded[name] = Recorded(answer, before=name not in self._shown)
        if self.file is not None:
            _write(self.file, self.lesson, self.recorded)

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
        what = _with_unit(outcome, question.unit)
        told.setdefault(self.lesson, {})[name] = asdict(question) | {
            "outcome": what,
            "tolerance": tolerance,
            "because": because,
        }
        if name not in self.recorded:
            self._shown.setdefault(name, None)
            print(f"No prediction recorded.\nWhat happened:   {what}")
        else:
            kept = self.recorded[name]
            right = kept.answer == outcome
            verdict = "As predicted."
            if question.options is None:
                off = abs(float(kept.answer) - float(outcome))
                right = off <= tolerance
                verdict = f"As predicted, to within {_with_unit(tolerance, question.unit)}."
            self._shown[name] = right
            said = "Your prediction:" if kept.before else "Your answer, given after the outcome was shown:"
            print(f"{said} {self._said(name)}\nWhat happened:   {what}")
            print(verdict if right else "Not as predicted. Worth a second look: what did you expect, and why?")
        if because:
            print(because)

    def summary(self) -> None:
        """Print how many predictions were recorded before their outcome, and how many of them came true."""
        before = [name for name in self._questions if name in self.recorded and self.recorded[name].before]
        right = sum(self._shown.get(name) is True for name in before)
        print(f"Predictions recorded before the outcome: {len(before)} of {len(self._questions)}", end="")
        print(f", {right} as predicted." if before else ".")

    def _ask(self, name: str, question: Question) -> Ask:
        self._questions[name] = question
        return Ask(self, name, question)

    def _question(self, name: str) -> Question:
        if name not in self._questions:
            asked = ", ".join(self._questions) or "none yet"
            raise ValueError(f"no question {name!r} was asked (run its cell first); asked: {asked}")
        return self._questions[name]

    def _said(self, name: str) -> str:
        return _with_unit(self.recorded[name].answer, self._questions[name].unit)


class Ask(ipywidgets.VBox):
    """The widget of one question: choose or type, then commit. Every part is reached with Tab and pressed with Space.

    Attributes:
        options: the buttons to choose with (empty where a number is typed). field: the number, or None.
        commit: the button that records. message: what was recorded.
    """

    def __init__(self, owner: Predictions, name: str, question: Question) -> None:
        self.owner, self.name, self.question = owner, name, question
        self.chosen: int | None = None
        self.options = answer_buttons(question.options or (), self._choose)
        self.field = None
        if question.options is None:
            self.field = ipywidgets.FloatText(description=f"guess ({question.unit})" if question.unit else "guess")
            self.field.style.description_width = "10rem"
        self.commit = ipywidgets.Button(description="Commit my prediction", button_style="primary", icon="lock")
        self.commit.layout.width = "14rem"
        self.commit.disabled = question.options is not None
        self.commit.on_click(self._commit)
        self.message = ipywidgets.HTML()
        asked = ipywidgets.HTML(text(question.text, bold="Predict:"))
        super().__init__([asked, *self.options, *filter(None, [self.field]), self.commit, self.message])
        if name in owner.recorded:
            self._close()

    def _choose(self, number: int) -> None:
        self.chosen = number
        mark(self.options, number)
        self.commit.disabled = False

    def _commit(self, _: Any) -> None:
        answer: Any = self.field.value if self.field is not None else (self.question.options or ())[self.chosen or 0]
        try:
            self.owner.commit(self.name, answer)
        except (ValueError, OSError) as error:  # inside a widget it would vanish
            self.message.value = text(str(error))
            return
        self._close()

    def _close(self) -> None:
        kept = self.owner.recorded[self.name]
        if self.question.options is not None and kept.answer in self.question.options:
            mark(self.options, self.question.options.index(str(kept.answer)))
        for control in [*self.options, self.commit, *filter(None, [self.field])]:
            control.disabled = True
        then = "Now run the next cell." if kept.before else "The outcome was on the screen already."
        self.message.value = text(f"{self.owner._said(self.name)}. {then}", bold="Recorded:", colour=RIGHT)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        listed = self.question.options or (f"a number{f' in {self.question.unit}' if self.question.unit else ''}",)
        plain = f"Predict: {self.question.text} " + " | ".join(listed)
        markdown = f"**Predict:** {self.question.text}\n\n" + "\n".join(f"- {option}" for option in listed)
        return with_text(super()._repr_mimebundle_(**options), plain, markdown)


def _with_unit(value: str | float, unit: str) -> str:
    return value if isinstance(value, str) else f"{value:.4g} {unit}".strip()


def _read(file: Path, lesson: str) -> dict[str, Recorded]:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {name: Recorded(**answer) for name, answer in kept.get(lesson, {}).items()}
    except (ValueError, TypeError, AttributeError):
        raise ValueError(f"{file}: holds no predictions that can be read; delete it, or name another file") from None


def _write(file: Path, lesson: str, recorded: dict[str, Recorded]) -> None:
    """Keep the other lessons' answers; the reader of the file sees the old or the new one, never half of it."""
    kept = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    kept[lesson] = {name: asdict(answer) for name, answer in recorded.items()}
    if not file.parent.is_dir():  # a mistyped folder is not made
        raise FileNotFoundError(f"{file.parent}: No such file or directory")
    write_text(file, json.dumps(kept, indent=1, ensure_ascii=False), over=True)
