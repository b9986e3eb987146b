"""Slides: the pictures of the lessons, a page each, with every prediction asked before its outcome is shown."""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Iterable
from textwrap import fill
from typing import Any

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.image import imread

from banet_edu.course.handout.lessons import Asked, Lesson, Picture, Prediction, Told
from banet_edu.figures.style import BLUE, GREY, INK

SIZE = (13.333, 7.5)  # inches: 16:9
_LEFT, _TOP, _BOTTOM = 0.04, 0.89, 0.11


def slides(lessons: Iterable[Lesson]) -> bytes:
    """The pages as a PDF, 16:9: for each lesson its title, then in the lesson's order pictures, questions and outcomes."""
    buffer = io.BytesIO()
    with PdfPages(buffer, metadata={"Title": "banet-edu: the course in pictures", "CreationDate": None}) as pdf:
        for lesson in lessons:
            pdf.savefig(title_page(lesson))
            for part, step in lesson.steps:
                if isinstance(step, Picture):
                    pdf.savefig(picture_page(lesson, part, step))
                elif isinstance(step, Asked):
                    pdf.savefig(question_page(lesson, part, lesson.predictions[step.name]))
                elif isinstance(step, Told):
                    pdf.savefig(question_page(lesson, part, lesson.predictions[step.name], told=True))
    return buffer.getvalue()


def title_page(lesson: Lesson) -> Figure:
    """The lesson's title alone."""
    page = Figure(SIZE)
    _write(page, _LEFT, 0.5, fill(lesson.title, 40), 34, va="center", weight="bold")
    _write(page, _LEFT, 0.05, "banet-edu. For teaching and research; not a medical device.", 13, colour=GREY)
    return page


def picture_page(lesson: Lesson, part: str, picture: Picture) -> Figure:
    """One picture, as large as fits, with its part's title above and what it shows below."""
    page = _headed(lesson, part)
    pixels = imread(io.BytesIO(b64decode(picture.png)))
    height, width = pixels.shape[:2]
    caption = fill(picture.alt, 120)
    bottom = max(_BOTTOM, 0.035 + 0.035 * (caption.count("\n") + 1))
    room = (SIZE[0] * (1 - 2 * _LEFT), SIZE[1] * (_TOP - bottom))
    scale = min(room[0] / width, room[1] / height)
    wide, high = width * scale / SIZE[0], height * scale / SIZE[1]
    axes = page.add_axes((0.5 - wide / 2, bottom + (_TOP - bottom - high) / 2, wide, high))
    axes.imshow(pixels, interpolation="none", aspect="auto")
    axes.axis("off")
    _write(page, _LEFT, 0.025, caption, 15)
    return page


def question_page(lesson: Lesson, part: str, asked: Prediction, *, told: bool = False) -> Figure:
    """A question with its options; once it is `told`, what happened and why."""
    page = _headed(lesson, part)
    heading = "What happened" if told else "Predict"
    _write(page, _LEFT, 0.84, heading, 18, colour=BLUE, weight="bold", va="top")
    question = fill(asked.question, 74)
    _write(page, _LEFT, 0.78, question, 23, va="top")
    below = 0.72 - 0.056 * (question.count("\n") + 1)
    for line in asked.options or [asked.outcome if told else "a number"]:
        right = told and line == asked.outcome
        text = fill(line, 84)
        sign = "\u2713" if right else "\u25cb"
        _write(
            page, _LEFT + 0.02, below, f"{sign}  {text}", 21, va="top",
            colour=BLUE if right else GREY if told else INK, weight="bold" if right else "normal",
        )  # fmt: skip
        below -= 0.018 + 0.051 * (text.count("\n") + 1)
    if told and asked.because:
        _write(page, _LEFT, below - 0.03, fill(asked.because, 92), 18, va="top")
    return page


def _headed(lesson: Lesson, part: str) -> Figure:
    page = Figure(SIZE)
    _write(page, _LEFT, 0.935, part, 22, weight="bold")
    _write(page, 1 - _LEFT, 0.94, f"lesson {lesson.number}", 15, colour=GREY, ha="right")
    return page


def _write(page: Figure, x: float, y: float, text: str, size: float, *, colour: str = INK, **how: Any) -> None:
    page.text(x, y, text, fontsize=size, color=colour, parse_math=False, **how)
