"""Answer buttons that wrap long texts and say in words what is chosen, for predictions and quizzes.

Buttons, because Tab reaches each and Space presses it; JupyterLab takes the arrow keys away from radio buttons.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ipywidgets

RIGHT, WRONG = "#00664B", "#A23B00"
_STYLE = (
    "<style>.banet-answer{white-space:normal!important;height:auto!important;min-height:2rem;line-height:1.35;"
    "text-align:left;padding:.3rem .7rem;font-size:14px}.banet-answer:focus-visible{outline:3px solid #0072B2;"
    "outline-offset:1px}.banet-said{font-size:14px;line-height:1.4;max-width:46rem}</style>"
)
_OPEN, _CHOSEN = "○", "●"


def text(value: str, *, colour: str = "", bold: str = "") -> str:
    """A paragraph for an `ipywidgets.HTML`: `bold` comes first, nothing is taken as markup. Line breaks are kept."""
    strong = f"<b>{html.escape(bold)}</b> " if bold else ""
    style = f' style="color:{colour}"' if colour else ""
    body = html.escape(value).replace("\n", "<br>")
    return f'{_STYLE}<div class="banet-said" role="status"{style}>{strong}{body}</div>'


def answer_buttons(options: Iterable[str], chosen: Callable[[int], None]) -> list[ipywidgets.Button]:
    """One button for each option; a press calls `chosen` with its number."""
    buttons = []
    for number, option in enumerate(options):
        button = ipywidgets.Button(description=f"{_OPEN} {option}", layout={"width": "min(100%, 46rem)"})
        button.add_class("banet-answer")
        button.on_click(lambda _, number=number: chosen(number))
        buttons.append(button)
    return buttons


def mark(buttons: Iterable[ipywidgets.Button], number: int | None) -> None:
    """Fill the circle of one button, empty the others'."""
    for at, button in enumerate(buttons):
        sign = _CHOSEN if at == number else _OPEN
        button.description = f"{sign}{button.description[1:]}"


def with_text(bundle: Mapping[str, Any], plain: str, markdown: str) -> dict[str, Any]:
    """A widget's output with words for readers without a kernel (GitHub, PDF)."""
    return {**bundle, "text/plain": plain, "text/markdown": markdown}
