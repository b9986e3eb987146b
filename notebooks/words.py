"""Terms of docs/glossary.md, linked where the course uses them first: once in all lessons, in the order of the lessons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jupytext

HERE = Path(__file__).resolve().parent
GLOSSARY = HERE.parent / "docs" / "glossary.md"
EVERYDAY = "Task and data"  # a topic whose words the first pictures explain: links there would only be noise
OTHERWISE = {"01": {"tolerance"}}  # lesson -> terms that mean something else there: region growing has a tolerance, too
# What is no prose: headings, code, formulas, links; and the cells of a notebook, which are none of a map.
_NOT_PROSE = re.compile(
    r"^(?:#|    )[^\n]*$|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|\[[^\]]*\]\([^)]*\)|the\s+cells\s+(?:themselves|from)",
    re.MULTILINE | re.DOTALL,
)


class Term(NamedTuple):
    """A term by its name in the glossary, and the heading it stands under."""

    name: str
    topic: str


def terms(glossary: str) -> dict[str, Term]:
    r"""Each way to write a term, in lower case. A term has its abbreviation in brackets, another word after a comma.

    >>> list(terms("## Networks\n\n| English | 中文 | meaning |\n|---|---|---|\n| residual network (ResNet) | 残 | a |\n"))
    ['residual network', 'resnet']
    """
    found: dict[str, Term] = {}
    topic = ""
    for line in glossary.splitlines():
        if line.startswith("## "):
            topic = line.removeprefix("## ")
        elif line.startswith("|") and not line.startswith(("|---", "| English")):
            name = line.split("|")[1].strip()
            short = re.search(r"\((.+)\)", name)
            for way in [*re.sub(r" \(.+\)", "", name).split(", "), *([short[1]] if short else [])]:
                found[way.lower()] = Term(name, topic)
    return found


def linked(texts: list[str], ways: Mapping[str, Term]) -> tuple[list[str], set[Term]]:
    """Markdown texts with a link at the first use of each term, and the terms that were found.

    >>> linked(["# A gate", "Gates and `gate`, gate."], {"gate": Term("gate", "BA-Net")})[0]
    ['# A gate', '[Gates](../docs/glossary.md#ba-net) and `gate`, gate.']
    """
    found: set[Term] = set()
    done = []
    for text in texts:
        for way in sorted(ways, key=lambda way: (-len(way), way)):  # "feature map" before "map"
            if ways[way] in found:
                continue
            taken = [match.span() for match in _NOT_PROSE.finditer(text)]
            for match in re.finditer(rf"(?<![\w-]){re.escape(way)}s?(?![\w-])", text, re.IGNORECASE):
                if not any(start < match.end() and match.start() < end for start, end in taken):
                    link = f"[{match[0]}](../docs/glossary.md#{anchor(ways[way].topic)})"
                    text = text[: match.start()] + link + text[match.end() :]
                    found.add(ways[way])
                    break
        done.append(text)
    return done, found


def anchor(heading: str) -> str:
    """The address of a heading, as GitHub and the course's site make it."""
    return heading.lower().replace(" ", "-")


@cache
def first_uses() -> dict[str, dict[str, Term]]:
    """For each lesson's source (its stem) the ways to write those terms that no lesson before it has used."""
    left = {w: term for w, term in terms(GLOSSARY.read_text(encoding="utf-8")).items() if term.topic != EVERYDAY}
    found: dict[str, dict[str, Term]] = {}
    for source in sorted((HERE / "src").glob("[0-9][0-9]_*.py")):
        other = OTHERWISE.get(source.name[:2], set())
        _, used = linked(texts(source), {way: term for way, term in left.items() if term.name not in other})
        found[source.stem] = {way: term for way, term in left.items() if term in used}
        left = {way: term for way, term in left.items() if term not in used}
    return found


def texts(source: Path) -> list[str]:
    """The prose of a lesson that stands in cells of its own: conclusions come out of code."""
    cells = jupytext.read(source).cells
    return [c.source for c in cells if c.cell_type == "markdown" and "conclusion" not in c.metadata.get("tags", [])]
