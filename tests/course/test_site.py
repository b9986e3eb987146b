"""The course as web pages: what is recorded of widgets, how text and links are written, and which files are replaced."""

from __future__ import annotations

import os
import signal
import threading

import ipywidgets
import nbformat
import pytest

from banet_edu.course.panel import MOST_VALUES, Panel
from banet_edu.course.predictions import Question
from banet_edu.course.site.execution import run_lesson
from banet_edu.course.site.folder import build_site, chosen, sweep_pictures
from banet_edu.course.site.pages import lesson_of, lesson_page
from banet_edu.course.site.recording import MIME, comparison_facts, panel_facts
from banet_edu.course.site.text import in_html
from banet_edu.figures.style import new_figure
from banet_edu.storage import write_bytes, write_text


def panel(**controls: ipywidgets.ValueWidget) -> Panel:
    def draw(**values):
        figure, [[axes]] = new_figure(height=1, width=2)
        axes.plot([0, 1 / next(iter(values.values()))])
        return figure

    return Panel(draw, controls, alt="a line")


def test_long_slider_keeps_its_ends_its_start_and_the_still():
    long = panel(height=ipywidgets.IntSlider(37, 1, 500, description="height"))
    long.still = [{"height": 203}]
    values = long.swept()["height"].values
    assert {1, 37, 203, 500} <= set(values) and len(values) <= MOST_VALUES + 2
    assert values[long.swept()["height"].start] == 37


def test_too_many_combinations_are_no_sweep():
    many = panel(**{name: ipywidgets.IntSlider(5, 1, 100, description=name) for name in "abcde"})
    assert many.swept() == {} and panel_facts(many)["controls"] == []


def test_frames_follow_the_last_control_and_an_error_stands_in_words():
    found = panel_facts(
        panel(a=ipywidgets.IntSlider(1, 0, 1, description="a"), b=ipywidgets.IntSlider(0, 0, 1, description="b"))
    )
    assert found["frames"][0].startswith("!No picture for these settings.") and len(found["frames"]) == 4
    assert found["frames"][2] == found["frames"][3] and len(found["pictures"]) == 1  # stored once


def test_words_on_an_answer_are_those_of_predictions():
    facts = comparison_facts("sky", Question("Colour?", ("blue", "green")), "blue", because="Light scatters.")
    assert facts["said"]["green"]["before"].startswith("Your prediction: green")
    assert facts["said"]["blue"]["after"].startswith("Your answer, given after the outcome was shown: blue")
    assert "As predicted." in facts["said"]["blue"]["before"] and "Light scatters." in facts["said"]["blue"]["before"]
    number = comparison_facts("n", Question("How many?", None, "images", (0, 30)), 30, tolerance=2)
    assert "{answer}" in number["said"]["wrong"]["before"] and "Not as predicted" in number["said"]["wrong"]["before"]
    assert "What happened:   30 images" in number["said"]["right"]["before"]


def test_page_hides_an_outcome_until_its_question_is_answered_and_escapes():
    pytest.importorskip("latex2mathml")
    facts = comparison_facts("q", Question("<b>?", ("<i>", "b")), "b")
    first = nbformat.v4.new_markdown_cell(
        "# 03 · Edges\n\n**For** all. **Time** 45 minutes $k$, [doc](../docs/method.md)"
    )
    code = nbformat.v4.new_code_cell("1 < 2", outputs=[nbformat.v4.new_output("display_data", {MIME: facts})])
    notebook = nbformat.v4.new_notebook(cells=[first, code])
    lesson = lesson_of("03_edges", notebook)
    assert (lesson.audience, lesson.minutes) == ("all", "45")
    page, pictures = lesson_page(notebook, "03_edges", [lesson], lambda url: None)
    assert 'data-needs="[&#34;q&#34;]"' in page and "<math" in page and "../docs" not in page
    assert "<i>" not in page and not pictures and "://" not in page.replace("http://www.w3.org/1998/Math/MathML", "")


def test_a_folded_answer_stays_folded_and_its_text_is_markdown():
    pytest.importorskip("latex2mathml")
    folded = "<details><summary>Found it?</summary>\n\nWith $k$, *one*.\n\n</details>\n\n## 2 Next"
    found = in_html(folded, lambda url: None)
    assert found.startswith("<details><summary>Found it?</summary>") and "</details>\n\n<h2" in found
    assert "<p>With <math" in found and "<em>one</em>" in found


def test_unknown_lesson_is_named(tmp_path):
    write_text(tmp_path / "03_edges.ipynb", "{}")
    with pytest.raises(ValueError, match=r"no lesson 99 in .*there are 03"):
        chosen(tmp_path, ["99"])


def test_only_own_pictures_that_no_page_shows_are_swept(tmp_path):
    shown, old = "0123456789abcdef.webp", "fedcba9876543210.webp"
    for name in (shown, old):
        write_bytes(tmp_path / "pictures" / name, name.encode())
    (tmp_path / "pictures" / "mine.webp").write_bytes(b"mine")
    write_text(tmp_path / "03.html", shown)
    sweep_pictures(tmp_path)
    assert {path.name for path in (tmp_path / "pictures").glob("*.webp")} == {shown, "mine.webp"}


@pytest.mark.skipif(os.name == "nt", reason="no signals in Windows' event loop")
def test_ctrl_c_ends_the_kernel_and_says_how_to_go_on(tmp_path):
    cells = [nbformat.v4.new_code_cell("import time; time.sleep(60)")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "03_slow.ipynb")
    handler = signal.getsignal(signal.SIGINT)

    def stop(done, of):
        if done == of:
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt, match="the same command goes on"):
        run_lesson(tmp_path / "03_slow.ipynb", stop)
    assert signal.getsignal(signal.SIGINT) is handler

    def fail(done, of):
        raise AssertionError("a fault of ours")

    with pytest.raises(AssertionError, match="a fault of ours"):
        run_lesson(tmp_path / "03_slow.ipynb", fail)


def test_one_lesson_built_again_leaves_the_others_listed_and_pictures_of_documents_come_along(tmp_path):
    pytest.importorskip("latex2mathml")
    lessons, out = tmp_path / "notebooks", tmp_path / "site"
    lessons.mkdir()
    for stem in ("00_first", "10_last"):
        cells = [nbformat.v4.new_markdown_cell(f"# {stem}"), nbformat.v4.new_code_cell("1 + 1")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), lessons / f"{stem}.ipynb")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "results.md").write_text("# Results\n\n![a grid](grid.png) ![gone](gone.png)\n")
    (tmp_path / "docs" / "grid.png").write_bytes(b"png")
    assert [built.kept for built in build_site(lessons, out)] == [False, False]
    assert [built.kept for built in build_site(lessons, out, ["10"])] == [True]
    index, last = ((out / name).read_text(encoding="utf-8") for name in ("index.html", "10_last.html"))
    assert "00_first.html" in index and "10_last.html" in index and "00_first.html" in last
    assert (out / "docs" / "grid.png").read_bytes() == b"png" and not (out / "docs" / "gone.png").exists()
