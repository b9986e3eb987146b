"""From an executed lesson to its page: what each cell becomes, and the pictures that go with it."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import PackageLoader

from banet_edu.course.site.recording import MIME, picture_name, webp
from banet_edu.course.site.text import code_in_html, in_html
from banet_edu.reports.page import templates

_TEMPLATES = templates(PackageLoader("banet_edu.course.site"))


@dataclass(frozen=True)
class Lesson:
    """What a list of lessons says of one. `stem`: of its file, as "03_pyramid_edge_extraction"."""

    stem: str
    title: str
    audience: str
    minutes: str

    @property
    def number(self) -> str:
        return self.stem[:2]


def lesson_of(stem: str, notebook: Any) -> Lesson:
    """Title, audience and minutes, from the first cell of a lesson."""
    said = " ".join(notebook.cells[0].source.split())
    title = notebook.cells[0].source.partition("\n")[0].removeprefix("# ")
    audience = re.search(r"\*\*For\*\* (.*?)\.? \*\*Time\*\* (\d+) minutes", said)
    return Lesson(stem, title, audience[1] if audience else "", audience[2] if audience else "")


def lesson_page(
    notebook: Any,
    stem: str,
    lessons: Sequence[Lesson],
    link: Callable[[str], str | None],
    *,
    made_from: str = "",
) -> tuple[str, dict[str, bytes]]:
    """The page of an executed notebook, and its pictures by file name.

    Args:
        lessons: all of the site, in order, for the links to the one before and the one after.
        link: as `in_html` takes it.
        made_from: a checksum that the page carries, so that it is not built again from the same.
    """
    pictures: dict[str, bytes] = {}
    cells = [_cell(cell, pictures, link) for cell in notebook.cells]
    at = [lesson.stem for lesson in lessons].index(stem)
    page = _TEMPLATES.get_template("lesson.html").render(
        lesson=lessons[at],
        cells=[cell for cell in cells if cell],
        before=lessons[at - 1] if at else None,
        after=lessons[at + 1] if at + 1 < len(lessons) else None,
        made_from=made_from,
    )
    return page, pictures


def index_page(lessons: Sequence[Lesson], docs: Sequence[str]) -> str:
    """The contents. `docs`: stems of the documents on the site."""
    return _TEMPLATES.get_template("index.html").render(lessons=lessons, docs=docs)


def text_page(markdown: str, link: Callable[[str], str | None]) -> str:
    """A document such as docs/method.md."""
    title = markdown.partition("\n")[0].removeprefix("# ")
    return _TEMPLATES.get_template("text.html").render(title=title, body=in_html(markdown, link))


def asset(name: str) -> str:
    """site.js or site.css as it stands beside the templates."""
    loader: Any = _TEMPLATES.loader
    return str(loader.get_source(_TEMPLATES, name)[0])


def _cell(cell: Any, pictures: dict[str, bytes], link: Callable[[str], str | None]) -> dict[str, Any] | None:
    if cell.cell_type == "markdown":
        return {"kind": "text", "html": in_html(cell.source, link)}
    outputs = [_output(output, pictures, link) for output in cell.outputs]
    return {
        "kind": "code",
        "source": code_in_html(cell.source),
        "folded": bool(cell.metadata.get("jupyter", {}).get("source_hidden")),
        "exercise": "exercise" in cell.metadata.get("tags", []),
        "outputs": [output for output in outputs if output],
        "needs": [output["name"] for output in outputs if output and output["kind"] == "comparison"],
    }


def _output(output: Any, pictures: dict[str, bytes], link: Callable[[str], str | None]) -> dict[str, Any] | None:
    if output.output_type == "stream":
        return {"kind": "printed", "text": output.text.rstrip()}
    data = output.get("data", {})
    facts = data.get(MIME)
    if facts is not None and facts["kind"] != "panel":
        return dict(facts)
    if facts is not None and facts["controls"]:
        pictures |= {name: b64decode(picture) for name, picture in facts["pictures"].items()}
        return {name: value for name, value in facts.items() if name != "pictures"}
    if "image/png" in data:
        picture = webp(b64decode(data["image/png"]))
        name = picture_name(picture)
        pictures[name] = picture
        alt = " ".join(str(data.get("text/plain", "")).split())
        return {"kind": "picture", "file": name, "alt": alt, "still": facts is not None or "text/markdown" in data}
    if "text/html" in data:
        return {"kind": "html", "html": data["text/html"]}
    if "text/markdown" in data:
        return {"kind": "text", "html": in_html(data["text/markdown"], link)}
    if "text/plain" in data:
        return {"kind": "printed", "text": data["text/plain"]}
    return None
