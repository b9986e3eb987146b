"""docs/glossary.md is complete, and the lessons link its terms where the course uses them first."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import words

ROOT = Path(__file__).resolve().parents[2]

PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
LINK = re.compile(r"\[([^\]]+)\]\(\.\./docs/glossary\.md#([\w-]+)\)")


def test_every_row_has_a_term_a_chinese_name_and_a_meaning():
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")
    ]
    rows = [row for row in rows if row[0] != "English"]
    assert len(rows) >= 90
    for row in rows:
        assert len(row) == 3 and all(row), row
        assert re.search(r"[\u4e00-\u9fff]", row[1]), row
    names = [row[0].lower() for row in rows]
    assert len(set(names)) == len(names)


def test_a_term_is_linked_once_in_the_whole_course_and_leads_to_its_topic():
    ways, seen = words.terms(PAGE), set()
    headings = {words.anchor(line.removeprefix("## ")) for line in PAGE.splitlines() if line.startswith("## ")}
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type != "markdown":
                continue
            for said, place in LINK.findall(cell.source):
                term = ways.get(said.lower()) or ways[said.lower().removesuffix("s")]
                assert place in headings and place == words.anchor(term.topic)
                assert term not in seen, f"{path.name}: {said} was linked before"
                seen.add(term)
    assert len(seen) >= 35


def test_a_word_of_another_meaning_is_not_linked():
    uses = words.first_uses()
    assert "tolerance" not in uses["01_why_boundaries_fail"]
    cell = {"cell": words.Term("cell", "Networks")}
    assert words.linked(["(the cells themselves run)", "Run the cells from"], cell)[1] == set()
    [lesson] = (ROOT / "notebooks").glob("00_*.ipynb")
    linked = [c.source for c in nbformat.read(lesson, as_version=4).cells if "[cell](" in c.source]
    assert len(linked) == 1 and "ASSD would choose" in linked[0]  # part 5, not the head


def test_headings_code_formulas_and_links_stay_as_they_are():
    gate = {"gate": words.Term("gate", "BA-Net")}
    for text in ("# gate", "`gate`", "$gate$", "$$\ngate\n$$", "[gate](x.md)", "    gate = 1", "gateway", "sub-gate"):
        assert words.linked([text], gate) == ([text], set())
    [text], found = words.linked(["The gates of a gate."], gate)
    assert text == "The [gates](../docs/glossary.md#ba-net) of a gate." and found == {gate["gate"]}


def test_a_longer_term_comes_first_and_either_way_counts_as_the_term():
    page = "## A\n\n| feature map | 特 | m |\n| map | 图 | m |\n| pyramid edge extraction (PEE) | 金 | m |\n"
    ways = words.terms(page)
    [text], _ = words.linked(["A feature map, then PEE, then pyramid edge extraction."], ways)
    assert (
        text
        == "A [feature map](../docs/glossary.md#a), then PEE, then [pyramid edge extraction](../docs/glossary.md#a)."
    )
