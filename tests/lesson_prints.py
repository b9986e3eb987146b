"""What the cells of a built lesson print, for tests which hold that a number of its text stands beside a cell that shows it."""

from __future__ import annotations

from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


def printed(lesson: str, start: str) -> str:
    """What the cells print that have a line beginning with `start`; AssertionError where none has."""
    cells = nbformat.read(next(NOTEBOOKS.glob(f"{lesson}_*.ipynb")), as_version=4).cells
    texts = ["".join(output.get("text", "") for output in cell.get("outputs", [])) for cell in cells]
    found = [text for text in texts if f"\n{start}" in f"\n{text}"]
    assert found, f"lesson {lesson} prints no line that begins with {start!r}"
    return "\n".join(found)
