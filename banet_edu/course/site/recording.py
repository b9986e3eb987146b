"""What a running lesson hands over to its page: pictures of every panel, questions, outcomes and quizzes, as JSON.

`record()` runs in the lesson's kernel, before its first cell. From then on a widget's output carries one entry more, of the
type `MIME`. The words on an outcome are those that `Predictions.compare` prints, for each possible answer.
"""

from __future__ import annotations

import io
from base64 import b64encode
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display
from PIL import Image

from banet_edu.course import predictions
from banet_edu.course.asking import Ask, Question, with_unit
from banet_edu.course.panel import Panel
from banet_edu.course.predictions import Predictions, Recorded, in_words
from banet_edu.course.quiz import Quiz
from banet_edu.figures.style import png_bytes

MIME = "application/vnd.banet-edu.site+json"
_QUALITY, _FEW_COLOURS = 70, 4096  # at 70 letters of 9 points look as at 80, a seventh smaller


def record() -> None:
    """From now on this kernel's outputs carry what a page needs. RuntimeError outside of a kernel."""
    shell = get_ipython()
    if shell is None:
        raise RuntimeError("record() belongs into a notebook's kernel")
    displayed: Any = shell.display_formatter
    formatter = displayed.mimebundle_formatter
    for kind, facts in ((Panel, panel_facts), (Ask, question_facts), (Quiz, quiz_facts)):
        formatter.for_type(kind, lambda shown, facts=facts, **_: shown._repr_mimebundle_() | {MIME: facts(shown)})
    setattr(predictions, "Predictions", _Recorded)  # noqa: B010 - what the lesson is about to import


class _Recorded(Predictions):
    """Hands outcomes over instead of printing them."""

    def compare(self, name: str, outcome: str | float, *, tolerance: float = 0.0, because: str = "") -> None:
        facts = comparison_facts(name, self._question(name), outcome, tolerance=tolerance, because=because)
        display({MIME: facts, "text/plain": f"What happened: {outcome}"}, raw=True)

    def summary(self) -> None:
        display({MIME: {"kind": "summary"}, "text/plain": "Your predictions, counted"}, raw=True)


def panel_facts(panel: Panel) -> dict[str, Any]:
    """Controls and the pictures of all their combinations; without controls, where those would be too many."""
    swept = panel.swept()
    frames: list[str] = []
    pictures: dict[str, str] = {}
    for drawn in panel.sweep(swept) if swept else ():
        if isinstance(drawn, str):
            frames.append(f"!{drawn}")
            continue
        picture = webp(png_bytes(drawn))
        name = picture_name(picture)
        pictures.setdefault(name, b64encode(picture).decode())
        frames.append(name)
    controls = [{"label": control.label, "shown": control.shown, "start": control.start} for control in swept.values()]
    return {"kind": "panel", "alt": panel.alt, "controls": controls, "frames": frames, "pictures": pictures}


def question_facts(ask: Ask) -> dict[str, Any]:
    """What is asked; `options` is None where a number is typed."""
    return {"kind": "question", "name": ask.name, **asdict(ask.question)}


def quiz_facts(quiz: Quiz) -> dict[str, Any]:
    """Questions, options and explanations."""
    return {"kind": "quiz", "questions": [asdict(question) for question in quiz.questions]}


def comparison_facts(
    name: str, question: Question, outcome: str | float, *, tolerance: float = 0.0, because: str = ""
) -> dict[str, Any]:
    """The outcome, and what is said of every answer, given `before` or `after` it was shown.

    Of a question for a number: what is said of one that is as predicted (`right`) and of one that is not (`wrong`), with
    `{answer}` where it stands.
    """

    def said(answer: str | float) -> dict[str, str]:
        return {
            when: in_words(question, Recorded(answer, when == "before"), outcome, tolerance, because)
            for when in ("before", "after")
        }

    facts: dict[str, Any] = {"kind": "comparison", "name": name, "tolerance": float(tolerance), "unit": question.unit}
    if question.options is not None:
        return facts | {"outcome": outcome, "said": {option: said(option) for option in question.options}}
    number = float(outcome)
    far = next(
        at for at in (number + 2 * tolerance + 1, number - 2 * tolerance - 1, *(question.within or ()))
        if abs(at - number) > tolerance and (not question.within or question.within[0] <= at <= question.within[1])
    )  # fmt: skip
    right, wrong = (
        {when: text.replace(with_unit(at, question.unit), "{answer}", 1) for when, text in said(at).items()}
        for at in (number, far)
    )
    return facts | {"outcome": number, "said": {"right": right, "wrong": wrong}}


def webp(png: bytes) -> bytes:
    """A PNG as WebP, without its alpha channel: line art exactly, photos so that letters of 9 points stay crisp."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    kept = []
    for how in (
        ({"lossless": True}, {"quality": _QUALITY}) if picture.getcolors(_FEW_COLOURS) else ({"quality": _QUALITY},)
    ):
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", method=4, **how)
        kept.append(buffer.getvalue())
    return min(kept, key=len)


def picture_name(picture: bytes) -> str:
    """The file's name, from its content: the same picture is stored once."""
    return f"{sha256(picture).hexdigest()[:16]}.webp"
