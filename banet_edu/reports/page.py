"""A self-contained HTML page: Python says what stands on it, the templates write the markup.

Whatever comes in is escaped: names of files and models cannot become markup.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from banet_edu.figures.style import png_bytes
from banet_edu.storage import write_text


class Picture:
    """A figure with its caption and with what it shows, for those who cannot see it (the caption, unless told).

    It is drawn at once: the time goes to the section that shows it, and the figure need not be kept.
    """

    def __init__(self, figure: Figure, caption: str, alt: str = "") -> None:
        self.png = base64.b64encode(png_bytes(figure)).decode("ascii")
        self.caption, self.alt = caption, alt or caption


class Table(NamedTuple):
    """Rows start with their name; "0.72 [0.66, 0.79]" puts its interval on a line of its own."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str


class Aside(NamedTuple):
    """Set apart from the page's own findings; `label` names it to those who cannot see the frame."""

    label: str
    heading: str
    text: str


# What a section is made of; a text is a paragraph, a list has bullets, a dict holds terms and what belongs to them.
Piece = str | list[str] | dict[str, str] | Picture | Table | Aside


def templates(loader: BaseLoader) -> Environment:
    """Templates of pages: text is escaped, a name that is not given is an error."""
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


_TEMPLATES = templates(PackageLoader("banet_edu.reports"))
_TEMPLATES.tests |= {
    "picture": lambda piece: isinstance(piece, Picture),
    "table": lambda piece: isinstance(piece, Table),
    "aside": lambda piece: isinstance(piece, Aside),
}


NOTICE = "Not a medical device. For teaching and research; not for diagnosis or treatment."


def write_page(
    path: str | Path,
    title: str,
    lead: str,
    sections: Mapping[str, Sequence[Piece]],
    footer: str,
    *,
    appendix_from: str = "",
) -> Path:
    """Write one HTML file that needs nothing else, all or nothing, and return its path.

    `sections` are heading -> pieces; those without a piece are left out. From the heading `appendix_from` on they are an
    appendix, printed on pages of its own. Every page carries the notice that this is not a
    medical device.
    """
    page = _TEMPLATES.get_template("page.html").render(
        title=title, lead=lead, sections=sections, footer=footer, appendix_from=appendix_from, notice=NOTICE
    )
    return write_text(path, page)
