"""A field for a measured length, a button that checks it, and what the check says; no code is needed."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import ipywidgets

from banet_edu.course.answers import RIGHT, WRONG, text, with_text
from banet_edu.course.checks import Verdict, Wrong

_ENTRY = re.compile(r"([+-]?\d+(?:[.,]\d*)?)\s*([^\d\s.,+-]*[2²]?)")

_SPELLED = {"millimetre": "mm", "centimetre": "cm", "毫米": "mm", "厘米": "cm"}


class AnswerBox(ipywidgets.VBox):
    """A field, a button that checks what stands in it (so does Enter in the field), and the answer below.

    Args:
        label: what is asked for, with its unit.
        check: gives the verdict on what was typed; None: nothing was.
        value: what stands in the field at the start; it is checked at once.

    Attributes:
        field: the `ipywidgets.Text`. button: the button. message: what the check says. verdict: the same as a `Verdict`, or
            None before the first check.

    >>> box = AnswerBox("length (mm)", lambda typed: Verdict(typed == "8.4", "that is it." if typed == "8.4" else "no."))
    >>> box.field.value = "8.4"
    >>> box.button.click()
    >>> box.verdict.passed, box.value
    (True, '8.4')
    """

    def __init__(self, label: str, check: Callable[[str | None], Verdict], value: float | str | None = None) -> None:
        self.label, self.check = label, check
        self.verdict: Verdict | None = None
        self.field = ipywidgets.Text(
            "" if value is None else str(value),
            description=label,
            placeholder="a number",
            layout={"width": "min(100%, 22rem)"},
        )
        self.field.style.description_width = "11rem"
        self.button = ipywidgets.Button(description="Check", button_style="primary", icon="check")
        self.button.layout.width = "8rem"
        self.message = ipywidgets.HTML()
        self.button.on_click(lambda _: self._answer())
        self.field.on_msg(self._entered)
        row = ipywidgets.HBox([self.field, self.button], layout={"flex_flow": "row wrap"})
        super().__init__([row, self.message])
        if self.value is not None:
            self._answer()

    @property
    def value(self) -> str | None:
        """What stands in the field now, checked or not; None: nothing."""
        return self.field.value.strip() or None

    def _entered(self, _: Any, content: Any, __: Any) -> None:
        if content.get("event") == "submit":  # what the browser sends for Enter
            self._answer()

    def _answer(self) -> None:
        self.verdict = self.check(self.value)
        self.message.value = text(str(self.verdict), colour=RIGHT if self.verdict.passed else WRONG)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        entered = self.value or "(nothing entered)"
        said = "" if self.verdict is None else str(self.verdict)
        plain = f"{self.label}: {entered}" + (f"\n{said}" if said else "")
        markdown = f"**{self.label}:** {entered}" + (f"\n\n{said}" if said else "")
        return with_text(super()._repr_mimebundle_(**options), plain, markdown)


def as_millimetres(value: Any, *, how_to_read: str) -> float:
    """A length as typed ("13.0", "13,0 mm", "1.3 cm") or as a number, in mm and more than 0; Wrong otherwise.

    `how_to_read` tells where the length is read off.

    >>> as_millimetres("1,3 cm", how_to_read="Read the ruler.")
    13.0
    """
    how = "Enter one number in mm, such as 8.4; a comma will do as well."
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Wrong(
            "nothing is entered yet.",
            f"{how_to_read} Then enter it in mm.",
        )
    number, unit = value, "mm"
    if isinstance(value, str):
        typed = _ENTRY.fullmatch(unicodedata.normalize("NFKC", value).strip().removesuffix("."))
        if typed is None:
            raise Wrong(f"{value.strip()[:40]!r} is not one number.", how)
        number, unit = typed[1].replace(",", "."), typed[2].lower() or "mm"
        unit = _SPELLED.get(re.sub("(re|er)s?$", "re", unit), unit)
    try:
        length = math.nan if isinstance(number, bool) else float(number)
    except (TypeError, ValueError):
        raise Wrong(f"that is not a number but {type(value).__name__}.", how) from None
    if not math.isfinite(length):
        raise Wrong(f"{value} is not a number that a length can have.", how)
    if unit not in ("mm", "cm"):
        raise Wrong(
            f"you give it in {unit}; a length in mm is asked for.", f"{how_to_read} It shows mm once the ruler is set."
        )
    if length <= 0:
        raise Wrong(f"a length of {length:g} {unit} cannot be.", how)
    return 10 * length if unit == "cm" else length
