"""The first page of a report as a PDF: one A4 page, drawn by matplotlib, its text selectable."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PIL import Image

from banet_edu.figures.style import FAMILIES
from banet_edu.reports.page import NOTICE, Picture, Piece, Table
from banet_edu.storage import printable, write_bytes

_A4 = (8.27, 11.69)  # inches
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.7, 7.57, 11.1, 0.75
_TALLEST = 4.3  # inches of a picture
_SIZE, _SMALL = 9.0, 7.5  # points
_LEADING = 1.38
_SHORT = 0.9  # inches of a column


def write_pdf(path: str | Path, title: str, pieces: Sequence[Piece], footer: str) -> Path:
    """Write the pieces below one another on one A4 page, all or nothing, and return the path.

    Where they are too long for a page, the text is set smaller, down to three quarters; what then still does not fit ends with
    a line that says so. The file tells nothing of who or what the page is about but what stands on it.
    """
    content = io.BytesIO()
    with rc_context({"font.family": FAMILIES, "pdf.fonttype": 42}):  # TrueType: text that can be selected and searched
        for scale in (1.0, 0.88, 0.76):
            page = _Page(scale)
            page.text(title, 15, bold=True)
            page.text(NOTICE, _SMALL)
            whole = all(page.add(piece) for piece in pieces)
            if whole:
                break
        page.figure.text(_LEFT / _A4[0], 0.4 / _A4[1], footer, fontsize=_SMALL, color="#59616b", va="bottom")
        page.figure.savefig(content, format="pdf", metadata={"Title": "Boundary report", "CreationDate": None})
    return write_bytes(path, content.getvalue())


class _Page:
    """Fills a page from the top; `scale` is that of text and pictures."""

    def __init__(self, scale: float) -> None:
        self.figure = Figure(figsize=_A4)
        self.scale, self.y, self.full = scale, _TOP, False

    def add(self, piece: Piece) -> bool:
        """Whether the piece found room."""
        if isinstance(piece, Picture):
            return self.picture(piece)
        if isinstance(piece, Table):
            return self.table(piece)
        if isinstance(piece, dict):
            return all(self.text(text, _SIZE, term=term) for term, text in piece.items())
        lines = [piece] if isinstance(piece, str) else [f"•  {line}" for line in piece if isinstance(line, str)]
        return all(self.text(line, _SIZE) for line in lines)

    def text(self, words: str, size: float, *, bold: bool = False, term: str = "") -> bool:
        size = size if bold else size * self.scale
        left = _LEFT + (1.25 if term else 0)
        lines = _wrapped(words, size, _RIGHT - left, bold)
        high = len(lines) * size * _LEADING / 72
        if not self._room(high):
            return False
        style: dict[str, Any] = {"fontsize": size, "va": "top", "linespacing": _LEADING / 1.2}
        if term:
            self.figure.text(_LEFT / _A4[0], self.y / _A4[1], term, color="#59616b", **style)
        weight = "bold" if bold else "normal"
        self.figure.text(left / _A4[0], self.y / _A4[1], _plain("\n".join(lines)), fontweight=weight, **style)
        self.y -= high + 0.05
        return True

    def picture(self, piece: Picture) -> bool:
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(piece.png))).convert("RGB"))
        wide = _RIGHT - _LEFT
        high = min(wide * pixels.shape[0] / pixels.shape[1], _TALLEST * self.scale)
        if not self._room(high):
            return False
        wide = high * pixels.shape[1] / pixels.shape[0]
        box = (_LEFT / _A4[0], (self.y - high) / _A4[1], wide / _A4[0], high / _A4[1])
        axes = self.figure.add_axes(box)
        axes.imshow(pixels, aspect="auto", interpolation="lanczos")
        axes.set_axis_off()
        self.y -= high + 0.06
        return self.text(piece.caption, _SMALL)

    def table(self, piece: Table) -> bool:
        size = _SMALL * self.scale
        rows = [list(piece.head), *(list(row) for row in piece.rows)]
        natural = np.array([[_width(cell, size, k == 0) for cell in row] for k, row in enumerate(rows)])
        natural = natural.max(axis=0) + 0.12
        wide = natural.copy()  # what is short is kept whole
        if (over := natural.sum() - (_RIGHT - _LEFT)) > 0 and (long := natural > _SHORT).any():
            wide[long] *= 1 - over / natural[long].sum()
        cells = [
            [_wrapped(cell, size, room - 0.08, k == 0) for cell, room in zip(row, wide, strict=True)]
            for k, row in enumerate(rows)
        ]
        lefts = _LEFT + np.concatenate([[0.0], np.cumsum(wide)[:-1]])
        for k, row in enumerate(cells):
            high = max(len(lines) for lines in row) * size * _LEADING / 72 + 0.03
            if not self._room(high):
                return False
            for left, lines in zip(lefts, row, strict=True):
                self.figure.text(left / _A4[0], self.y / _A4[1], _plain("\n".join(lines)), fontsize=size, va="top",
                                 fontweight="bold" if k == 0 else "normal")  # fmt: skip
            self.y -= high
        self.y -= 0.03
        return self.text(piece.caption, _SMALL)

    def _room(self, high: float) -> bool:
        if self.full or self.y - high < _BOTTOM:
            if not self.full:
                self.figure.text(_LEFT / _A4[0], (_BOTTOM - 0.05) / _A4[1], "What does not fit here stands in the HTML page.",
                                 fontsize=_SMALL, va="top", style="italic")  # fmt: skip
            self.full = True
            return False
        return True


def _width(words: str, size: float, bold: bool = False) -> float:
    """Inches of a line of text."""
    font = FontProperties(weight="bold" if bold else "normal")
    return TextPath((0, 0), _plain(words), size=size, prop=font).get_extents().width / 72 if words.strip() else 0.0


def _wrapped(words: str, size: float, room: float, bold: bool = False) -> list[str]:
    """Lines that fit into `room` inches."""
    width = _width(words, size, bold)
    if width <= room:
        return [words]
    letters = max(4, int(len(words) * room / width))
    while True:
        lines = wrap(words, letters) or [words]
        if letters <= 4 or max(_width(line, size, bold) for line in lines) <= room:
            return lines
        letters -= max(1, letters // 30)


def _plain(words: str) -> str:
    """A dollar sign is one: no text here is mathematics. What is no character, as in odd names, is spelled out."""
    return printable(words).replace("$", r"\$")
