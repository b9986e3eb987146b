"""The widget of one prediction: what is asked, choose or type, commit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets

from banet_edu.course.answers import RIGHT, answer_buttons, mark, text, with_text

if TYPE_CHECKING:
    from banet_edu.course.predictions import Predictions


@dataclass(frozen=True)
class Question:
    """What was asked. `options`: the answers to choose from, or None where a number is typed, then `within` two bounds."""

    text: str
    options: tuple[str, ...] | None
    unit: str = ""
    within: tuple[float, float] | None = None

    def asked(self) -> dict[str, Any]:
        """The question as a record keeps it."""
        known = asdict(self)
        return {"question": known.pop("text"), **known}


class Ask(ipywidgets.VBox):
    """The widget of one question: choose or type, then commit. Every part is reached with Tab and pressed with Space.

    Attributes:
        options: the buttons to choose with (empty where a number is typed). field: the number as typed, empty to begin
            with, or None. commit: the button that records. message: what was recorded.
    """

    def __init__(self, owner: Predictions, name: str, question: Question) -> None:
        self.owner, self.name, self.question = owner, name, question
        self.chosen: int | None = None
        self.options = answer_buttons(question.options or (), self._choose)
        self.field = None
        if question.options is None:
            label = f"guess ({question.unit})" if question.unit else "guess"
            self.field = ipywidgets.Text(
                description=label, placeholder="a number", layout={"width": "min(100%, 22rem)"}
            )
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
        else:
            owner.when_answered(name, self._close)

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

    def _close(self) -> None:
        kept = self.owner.recorded[self.name]
        if self.field is not None:
            self.field.value = f"{kept.answer:g}" if isinstance(kept.answer, float) else str(kept.answer)
        elif kept.answer in (self.question.options or ()):
            mark(self.options, (self.question.options or ()).index(str(kept.answer)))
        for control in [*self.options, self.commit, *filter(None, [self.field])]:
            control.disabled = True
        then = "Now run the next cell." if kept.before else "The outcome was on the screen already."
        said = with_unit(kept.answer, self.question.unit)
        self.message.value = text(f"{said}. {then}", bold="Recorded:", colour=RIGHT)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        listed = self.question.options or (f"a number{f' in {self.question.unit}' if self.question.unit else ''}",)
        plain = f"Predict: {self.question.text} " + " | ".join(listed)
        markdown = f"**Predict:** {self.question.text}\n\n" + "\n".join(f"- {option}" for option in listed)
        return with_text(super()._repr_mimebundle_(**options), plain, markdown)


def typed_number(value: str | float) -> float:
    """A guess as typed; a comma will do as well. ValueError where nothing, or no number, is typed.

    >>> typed_number(" 1,5 ")
    1.5
    """
    typed = value.strip().replace(",", ".").replace("\N{MINUS SIGN}", "-") if isinstance(value, str) else value
    if typed == "":
        raise ValueError("Nothing is typed yet: enter a number, then commit.")
    try:
        number = float(typed)
    except ValueError:
        raise ValueError(f"{value!r} is not a number. Enter one without its unit, such as 1.5.") from None
    if not abs(number) < float("inf"):
        raise ValueError(f"{value!r} is not a number that one can guess.")
    return number


def with_unit(value: str | float, unit: str) -> str:
    """A chosen option as it is, a number with its unit.

    >>> with_unit(1, "images"), with_unit(0.25, "mm")
    ('1 image', '0.25 mm')
    """
    if isinstance(value, str):
        return value
    one = value == 1 and len(unit) > 3  # a word, no symbol
    return f"{value:.4g} {unit.removesuffix('s') if one else unit}".strip()
