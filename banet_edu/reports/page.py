"""A self-contained HTML page and its pieces. What comes in is escaped: names of files and models cannot become markup."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import NamedTuple

from matplotlib.figure import Figure

from banet_edu.figures.style import png_bytes


class Picture(NamedTuple):
    """A figure with its caption and with what it shows, for those who cannot see it."""

    figure: Figure
    caption: str
    alt: str


def write_page(path: str | Path, title: str, lead: str, sections: Mapping[str, str], footer: str) -> Path:
    """Write one HTML file that needs nothing else, and return its path.

    `sections` are heading -> markup (made by the functions below); those without markup are left out. Every page carries
    the notice that this is not a medical device.
    """
    body = "\n".join(f"<h2>{escape(heading)}</h2>\n{markup}" for heading, markup in sections.items() if markup)
    template = Template((files("banet_edu.reports") / "page_template.html").read_text(encoding="utf-8"))
    page = template.substitute(title=escape(title), lead=escape(lead), body=body, footer=escape(footer))
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    """An accessible table; "0.72 [0.66, 0.79]" puts its interval on a line of its own."""
    heading = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{_breakable(row[0])}</th>'
        + "".join(f"<td>{_cell(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead><tr>{heading}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(text: str) -> str:
    value, bracket, interval = text.partition(" [")
    return f"{escape(value)}<small>[{escape(interval)}</small>" if bracket else escape(value)


def _breakable(name: str) -> str:
    """A long name_with_underscores may continue on the next line."""
    return escape(name).replace("_", "_<wbr>")


def bullets(lines: Iterable[str]) -> str:
    """A list; the lines are escaped."""
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def figure(picture: Picture) -> str:
    """The picture as PNG inside the page."""
    data = base64.b64encode(png_bytes(picture.figure)).decode("ascii")
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(picture.alt)}">'
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
    )


def definitions(entries: Mapping[str, str]) -> str:
    """Terms and what belongs to them."""
    listed = "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in entries.items())
    return f'<dl class="facts">{listed}</dl>'
