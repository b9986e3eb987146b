"""Every notebook follows from its source, was executed, and holds nothing of this machine or of a patient."""

from __future__ import annotations

import io
import re
import runpy
from base64 import b64decode
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from PIL import Image

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
LARGEST_BYTES = 1_500_000
MACHINE = re.compile(r"(?<![\w.])/(home|root|work|tmp|check|var|mnt|opt|Users|usr)\b|site-packages|[A-Z]:\\\\")
PICTURE = ("image/png", "image/jpeg", "image/svg+xml")


BUILDER = SimpleNamespace(**runpy.run_path(str(FOLDER / "build.py")))
BUILT = {path: (source, solved) for source in BUILDER.lessons() for path, solved in BUILDER.variants(source).items()}
each_notebook = pytest.mark.parametrize("path", BUILT, ids=lambda path: path.relative_to(FOLDER).as_posix())


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def content(notebook: Any) -> list[tuple[Any, ...]]:
    return [(cell.cell_type, cell.id, cell.source, dict(cell.metadata)) for cell in notebook.cells]


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_every_notebook_has_a_source_and_the_other_way_round():
    there = {*FOLDER.glob("*.ipynb"), *FOLDER.glob("solutions/*.ipynb")}
    assert there == set(BUILT), "run python notebooks/build.py, and delete notebooks without a source"
    assert there


@each_notebook
def test_notebook_is_what_its_source_says(path):
    source, solved = BUILT[path]
    built, there = BUILDER.compose(source, solved), read(path)
    assert content(there) == content(built), f"build it again: python notebooks/build.py {source.name[:2]}"
    assert dict(there.metadata) == dict(built.metadata)


@each_notebook
def test_every_cell_was_run_in_order_without_an_error(path):
    cells = [cell for cell in code_cells(read(path)) if cell.source.strip()]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert "error" not in kinds
    assert not any(output.get("name") == "stderr" for cell in cells for output in cell.outputs)


@each_notebook
def test_notebook_is_small_and_names_no_machine(path):
    assert path.stat().st_size < LARGEST_BYTES
    notebook = read(path)
    shown = [output.get("data", {}) for cell in code_cells(notebook) for output in cell.outputs]
    for png in [data.pop("image/png") for data in shown if "image/png" in data]:
        assert not Image.open(io.BytesIO(b64decode(png))).info.keys() - {"transparency"}  # no text that a drawer leaves
    text = nbformat.writes(notebook)  # without pictures: their base64 holds "/tmp" by chance
    assert not MACHINE.search(text), MACHINE.search(text)
    assert "widget-state" not in text and "widget-view" not in text


@each_notebook
def test_pictures_come_from_bundled_samples_only(path):
    """A lesson may read a reader's own data only where BANET_EDU_DATA names it, which is unset when lessons are built."""
    for cell in code_cells(read(path)):
        if any(kind in output.get("data", {}) for output in cell.outputs for kind in PICTURE):
            printed = str([output.get("text", output.get("data", {}).get("text/plain")) for output in cell.outputs])
            # Names of the real data sets' files; the bundled ones are called PHANTOM_...
            assert not re.search(r"ISIC_\d|CHNCXR|MCUCXR|IMD\d{3}|cju[a-z0-9]{5}", cell.source + printed)
        opened = re.findall(r"open_dataset\(|read_image\(|imread\(|Image\.open\(", cell.source)
        assert not opened or "BANET_EDU_DATA" in cell.source, "a committed picture needs load_samples or make_phantom"


@each_notebook
def test_pictures_come_from_show_or_from_a_panel(path):
    for cell in code_cells(read(path)):
        figures = [output for output in cell.outputs if any(kind in output.get("data", {}) for kind in PICTURE)]
        if figures:
            widget = "nbval-ignore-output" in cell.metadata.get("tags", [])
            assert widget or cell.source.count("show(") == len(figures)
            assert all("<Figure" not in output.data["text/plain"] for output in figures), "the alt text is missing"


def test_solution_differs_from_the_lesson_only_in_tagged_cells():
    for path, (_, solved) in BUILT.items():
        if solved:
            lesson, solution = read(FOLDER / path.name), read(path)
            tagged = {"exercise", "solution"}
            plain = [
                [cell.source for cell in notebook.cells if not tagged & set(cell.metadata.get("tags", []))]
                for notebook in (lesson, solution)
            ]
            assert plain[0] == plain[1]
            assert not any("solution" in cell.metadata.get("tags", []) for cell in lesson.cells)
            assert not any("exercise" in cell.metadata.get("tags", []) for cell in solution.cells)


def test_solution_repeats_no_picture_of_its_lesson():
    for path, (_, solved) in BUILT.items():
        if solved:
            lesson, solution = BUILDER.pictures(read(FOLDER / path.name)), BUILDER.pictures(read(path))
            assert [name for name, own in solution.items() if set(own) & set(lesson.get(name, []))] == []
