"""What every lesson of the course has: a head, recorded predictions, widgets, checked exercises, a quiz, a recap."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SOURCES = sorted((NOTEBOOKS / "src").glob("[0-9][0-9]_*.py"))
LESSONS = SOURCES[1:]  # 00 is the quickstart


def text_of(source: Path) -> str:
    return source.read_text(encoding="utf-8")


def test_there_are_eleven_lessons_and_a_quickstart():
    assert [path.name[:2] for path in SOURCES] == [f"{n:02}" for n in range(12)]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_head_says_for_whom_what_how_long_and_what_to_know(source):
    head = text_of(source).split("# %%\n")[0]
    for part in ("**For** ", "**Time** ", "**You need** ", "**Afterwards you can**"):
        assert part in head
    minutes = re.search(r"\*\*Time\*\* (\d+) minutes[\s#]+\(the[\s#]+cells[\s#]+themselves[\s#]+run[\s#]+in", head)
    assert minutes and 10 <= int(minutes[1]) <= 70
    assert head.count("\n# - ") >= 3
    row = re.search(rf"\[{source.stem}\]\({source.stem}\.ipynb\) \| (\d+) \|", text_of(NOTEBOOKS / "README.md"))
    assert row and row[1] == minutes[1], "notebooks/README.md names the lesson with its minutes"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_folded_answer_has_empty_lines_around_its_text(source):
    """Otherwise what stands in it is no Markdown."""
    text = text_of(source)
    whole = re.findall(
        r"^# <details><summary>[^<\n]+</summary>\n#\n(?:#.*\n)+?#\n# </details>\n(?=#?\n)", text, re.MULTILINE
    )
    assert len(whole) == text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize("source", LESSONS, ids=lambda path: path.stem)
def test_lesson_asks_shows_checks_and_sums_up(source):
    text = text_of(source)
    asked = re.findall(r"predictions\.(?:choose|guess)\(\s*\"(\w+)\"", text)
    assert len(asked) >= 2
    assert asked == re.findall(r"predictions\.compare\(\s*\"(\w+)\"", text), (
        "each prediction meets its outcome, in order"
    )
    assert re.search(r"_explorer\(", text)
    assert re.search(r"^check_\w+\(", text, re.MULTILINE)
    assert 'tags=["exercise"' in text and 'tags=["solution"' in text
    assert re.search(rf'^lesson_quiz\("{source.name[:2]}"\)$', text, re.MULTILINE)
    assert "# ## What to take along" in text and "# **Next.** " in text
