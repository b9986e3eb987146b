"""The page: every kind of piece; what stands in it comes out letter by letter, and a file is written whole or not at all."""

from __future__ import annotations

import os

import pytest
from html_page import EVIL, Page

from banet_edu.figures.style import new_figure
from banet_edu.reports.page import Aside, Picture, Table, write_page

NAMES = {
    "a dollar": "$title ${body} $$",
    "a template": "{{ title }} {% include 'x' %} {# gone #}",
    "a script": EVIL,
    "quotes": """the "6's" `set`""",
    "an ampersand": "a & b &amp; &lt;",
}


def written(path, sections) -> tuple[str, Page]:
    text = write_page(path / "page.html", "title", "lead", sections, "footer").read_text(encoding="utf-8")
    return text, Page(text)


@pytest.fixture(scope="module")
def figure():
    return new_figure(height=0.5)[0]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_comes_out_literally_wherever_it_stands(name, figure, tmp_path):
    pieces = [
        name,
        [name],
        {name: name},
        Table([name, name], [[name, name]], name),
        Aside(name, name, name),
        Picture(figure, name, name),
    ]
    page = Page(write_page(tmp_path / "page.html", name, name, {name: pieces}, name).read_text(encoding="utf-8"))
    # title twice, lead, heading, footer; paragraph, bullet, term and text; caption and four cells; aside; caption
    assert page.text.count(name) == 5 + 4 + 5 + 2 + 1
    attributes = {key: value for tag, found in page.tags if tag in ("section", "img") for key, value in found.items()}
    assert attributes["alt"] == attributes["aria-label"] == name
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert page.open == []


def test_an_interval_goes_below_its_value_and_a_long_name_may_break(tmp_path):
    rows = [["a_long_<name>", "0.72 [0.66, 0.79]", "3 of 9"]]
    text, page = written(tmp_path, {"Figures": [Table(["model", "JA", "missed"], rows, "All of them.")]})
    assert '<th scope="row">a_<wbr>long_<wbr>&lt;name&gt;</th>' in text
    assert "<td>0.72<small>[0.66, 0.79]</small></td>" in text
    assert "<td>3 of 9</td>" in text
    assert "<caption>All of them.</caption>" in text
    assert [a["scope"] for tag, a in page.tags if tag == "th"] == ["col", "col", "col", "row"]


def test_a_section_without_a_piece_is_left_out(tmp_path):
    text, _ = written(tmp_path, {"Pictures": [], "Limits": ["One seed."]})
    assert "Pictures" not in text
    assert "<h2>Limits</h2>\n<p>One seed.</p>" in text


def test_the_caption_says_what_a_picture_shows_unless_told(figure):
    assert Picture(figure, "A curve.").alt == "A curve."
    assert Picture(figure, "A curve.", "It falls.").alt == "It falls."


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    before, _ = written(tmp_path, {"Limits": ["One seed."]})
    with monkeypatch.context() as context, pytest.raises(OSError, match=r"page\.html: cannot be written \(disk full\)"):
        context.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(OSError("disk full")))
        written(tmp_path, {"Limits": ["Two seeds."]})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".banet-edu", "page.html"]
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == before


def test_a_name_that_is_no_text_is_spelled_out(tmp_path):
    page, _ = written(tmp_path, {"Limits": ["\udc80"]})
    assert "\\udc80" in page
