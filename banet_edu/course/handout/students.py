"""The students' copy of a checkout as a zip: what lessons and installation need, without what gives answers away."""

from __future__ import annotations

import io
import os
import re
import subprocess
import zipfile
from pathlib import Path, PurePosixPath

import nbformat

FOLDER = "banet-edu"  # what the zip unpacks to
GIVEN = (
    "README.md", "LICENSE", "CITATION.cff", "CHANGELOG.md", "pyproject.toml", "constraints.txt", "environment.yml",
    "banet_edu", "data_samples", "docs", "notebooks",
)  # fmt: skip
KEPT_BACK = (
    "docs/teaching.md", "notebooks/solutions", "notebooks/src", "notebooks/build.py", "notebooks/conftest.py",
    "notebooks/minutes.py", "notebooks/words.py",
)  # fmt: skip
_STAFF = re.compile(  # lines of their own go with their line ends, words within a line without
    r"^<!-- staff: begin -->\n.*?^<!-- staff: end -->\n|<!-- staff: begin -->.*?<!-- staff: end -->",
    re.DOTALL | re.MULTILINE,
)
_LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\s]+)\)")
_DATE = (2020, 1, 1, 0, 0, 0)  # the same files give the same zip


def students_zip(root: Path) -> bytes:
    """The copy of the checkout `root` that students get, as the bytes of a zip.

    Notebooks have no outputs; of pages, passages between `<!-- staff: begin -->` and `<!-- staff: end -->` are left out, and a
    link to a file that is not given becomes its text.
    """
    names = given_files(root)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", _DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            packed.writestr(entry, _for_students(root, name, names))
    return buffer.getvalue()


def given_files(root: Path) -> list[str]:
    """Names, from `root`, of the files that students get: those that git knows, or without git all that are no leftovers."""
    names = _known_to_git(root) or _on_disk(root)
    return sorted(
        name
        for name in names
        if any(_is_under(name, top) for top in GIVEN)
        and not any(_is_under(name, held) for held in KEPT_BACK)
        and (root / name).is_file()
    )


def without_outputs(path: Path) -> str:
    """A notebook's text without its outputs."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nbformat.writes(notebook) + "\n"


def without_dead_links(text: str, name: str, names: set[str]) -> str:
    """The text of the page `name` with links to files that are not among `names` turned into plain words.

    >>> without_dead_links("see [tests](../tests) and [more](more.md#a)", "docs/page.md", {"docs/more.md"})
    'see tests and [more](more.md#a)'
    """

    def mended(link: re.Match[str]) -> str:
        target = link[2].partition("#")[0]
        if not target or ":" in target:
            return link[0]
        place = os.path.normpath(PurePosixPath(name).parent / target).replace(os.sep, "/")
        return link[0] if any(_is_under(other, place) for other in names) else link[1]

    return _LINK.sub(mended, text)


def _for_students(root: Path, name: str, names: list[str]) -> bytes:
    path = root / name
    if path.suffix == ".ipynb":
        return without_outputs(path).encode()
    if path.suffix == ".md":
        text = _STAFF.sub("", path.read_text(encoding="utf-8"))
        return without_dead_links(text, name, set(names)).encode()
    return path.read_bytes()


def _known_to_git(root: Path) -> list[str]:
    if not (root / ".git").exists():  # a folder inside somebody else's repository
        return []
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return [name for name in os.fsdecode(listed).split("\0") if name]


def _on_disk(root: Path) -> list[str]:
    names = [path.relative_to(root).as_posix() for top in GIVEN for path in [root / top, *(root / top).rglob("*")]]
    leftovers = re.compile(r"(^|/)(\.|__pycache__)|\.py[co]$")
    return [name for name in names if not leftovers.search(name)]


def _is_under(name: str, top: str) -> bool:
    return name == top or name.startswith(f"{top}/")
