"""The folder of the site: which pages it has, what is built anew, and how a file gets there without harm to another."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from banet_edu.course.site.execution import run_lesson
from banet_edu.course.site.pages import Lesson, asset, index_page, lesson_of, lesson_page, text_page
from banet_edu.course.site.text import code_style, mathml
from banet_edu.storage import check_folder, locked, may_write, remove, write_bytes, write_text, written

DOCS = ("method", "results", "glossary")  # what lessons point to; docs/teaching.md gives answers away
_PACKAGE = Path(__file__).resolve().parents[2]
_MADE_FROM = re.compile(r'name="banet-edu-made-from" content="([0-9a-f]+)"')


class Built(NamedTuple):
    """One page: its lesson, the number of its pictures, and whether it was there already."""

    lesson: Lesson
    pictures: int
    kept: bool


def build_site(
    notebooks: Path,
    out: Path,
    numbers: Collection[str] = (),
    *,
    progress: Callable[[str, int, int], None] = lambda name, done, of: None,
) -> Iterator[Built]:
    """Build the site into `out`, page by page; what a stopped run has finished is kept by the next.

    Args:
        notebooks: the folder of the lessons' .ipynb files; documents are looked for in `docs` beside it.
        numbers: of lessons, such as "03"; none: all. Pages of others that are there stay as they are, listed.
        progress: is told a lesson's file, and how many cells of how many are done.

    Raises FileExistsError before any work where a page would replace somebody's own file, ValueError for an unknown lesson,
    ModuleNotFoundError without latex2mathml.
    """
    import nbformat

    mathml("k")  # said now, not after minutes
    paths = chosen(notebooks, numbers)
    there = [path for path in chosen(notebooks) if path in paths or (out / f"{path.stem}.html").is_file()]
    lessons = [lesson_of(path.stem, nbformat.read(path, as_version=4)) for path in there]
    docs = [name for name in DOCS if (notebooks.parent / "docs" / f"{name}.md").is_file()]
    check_folder(out)
    names = ["index.html", "site.js", "site.css", *(f"{path.stem}.html" for path in paths)]
    texts = {name: (notebooks.parent / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in docs}
    shown = [name for name in _shown(texts.values()) if (notebooks.parent / "docs" / name).is_file()]
    may_write(
        *(out / name for name in names), *(out / "docs" / name for name in (*(f"{n}.html" for n in docs), *shown))
    )
    with locked(out):
        write_text(out / "site.js", asset("site.js"))
        write_text(out / "site.css", asset("site.css") + code_style() + "\n")
        for name, text in texts.items():
            write_text(
                out / "docs" / f"{name}.html", text_page(text, lambda url: address(url, docs, (), inside="docs"))
            )
        for name in shown:
            write_bytes(out / "docs" / name, (notebooks.parent / "docs" / name).read_bytes())
        package = package_checksum()
        for path in paths:
            yield _build(path, out, lessons, docs, package, progress)
        write_text(out / "index.html", index_page(lessons, docs))
        sweep_pictures(out)


def chosen(notebooks: Path, numbers: Collection[str] = ()) -> list[Path]:
    """The lessons' files, in order; only those with a number of `numbers`. ValueError where there is none of it."""
    found = sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))
    there = [path.name[:2] for path in found]
    if unknown := sorted(set(numbers) - set(there)):
        raise ValueError(f"no lesson {', '.join(unknown)} in {notebooks}; there are {', '.join(there) or 'none'}")
    return [path for path in found if not numbers or path.name[:2] in numbers]


def address(url: str, docs: Collection[str], lessons: Collection[str], inside: str = "") -> str | None:
    """Where a link of a lesson (or of a document, `inside` docs) leads on the site; None: nowhere.

    >>> address("../docs/method.md#pee", ["method"], []), address("03_edges.ipynb", [], ["03_edges"])
    ('docs/method.html#pee', '03_edges.html')
    >>> address("results.md", ["results"], [], inside="docs"), address("../docs/teaching.md", ["method"], [])
    ('results.html', None)
    """
    file, mark, part = url.partition("#")
    stem, _, ending = file.rpartition("/")[2].rpartition(".")
    if not file:
        return url
    if ending == "md" and stem in docs:
        return f"{'' if inside else 'docs/'}{stem}.html{mark}{part}"
    if ending == "ipynb" and stem in lessons:
        return f"{'../' if inside else ''}{stem}.html{mark}{part}"
    return None


def package_checksum() -> str:
    """Of all code and data that a lesson may show: a page is built again when it changes."""
    digest = sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(_PACKAGE).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def sweep_pictures(out: Path) -> None:
    """Delete pictures of earlier builds that no page shows any more; only those written here."""
    folder = out / "pictures"
    if folder.is_dir():
        shown = set().union(*(_pictures(page.read_text("utf-8")) for page in out.glob("*.html")))
        for name in written(folder) - shown:
            remove(folder / name)


def _shown(texts: Iterable[str]) -> list[str]:
    """The pictures beside documents that they show."""
    return sorted({name for text in texts for name in re.findall(r"!\[[^\]]*\]\(([\w.-]+)\)", text)})


def _build(
    path: Path,
    out: Path,
    lessons: Sequence[Lesson],
    docs: Sequence[str],
    package: str,
    progress: Callable[[str, int, int], None],
) -> Built:
    around = repr((lessons, docs)).encode()
    made_from = sha256(package.encode() + around + path.read_bytes()).hexdigest()[:32]
    lesson = next(lesson for lesson in lessons if lesson.stem == path.stem)
    page = out / f"{path.stem}.html"
    if page.is_file():
        text = page.read_text(encoding="utf-8")
        found, shown = _MADE_FROM.search(text), _pictures(text)
        if found and found[1] == made_from and shown <= written(out / "pictures"):
            return Built(lesson, len(shown), kept=True)
    notebook: Any = run_lesson(path, lambda done, of: progress(path.stem, done, of))
    stems = [lesson.stem for lesson in lessons]
    text, pictures = lesson_page(
        notebook, path.stem, lessons, lambda url: address(url, docs, stems), made_from=made_from
    )
    for name, picture in pictures.items():
        write_bytes(out / "pictures" / name, picture)
    write_text(page, text)  # last: a page that is there has all its pictures
    return Built(lesson, len(pictures), kept=False)


def _pictures(page: str) -> set[str]:
    return set(re.findall(r"\b[0-9a-f]{16}\.webp\b", page))
