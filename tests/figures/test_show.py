"""`show` in a notebook: one PNG and a fixed text, so that strict nbval passes."""

from __future__ import annotations

import logging
import warnings

import nbformat
import pytest
from nbclient import NotebookClient

from banet_edu.figures.style import FAMILIES, new_figure, png_bytes, show, styled

CODE = """\
import numpy as np
from banet_edu.figures.style import new_figure, show
figure, [[axes]] = new_figure()
axes.imshow(np.eye(8))
show(figure, alt="a diagonal")
"""


def test_a_cell_shows_its_figure_exactly_once() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)])
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    [output] = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    assert output.data["text/plain"] == "a diagonal"
    assert output.data["image/png"].startswith("iVBOR")  # PNG in base64
    assert set(output.data) == {"image/png", "text/plain"}


def test_outside_a_notebook_nothing_happens(capsys) -> None:
    show(new_figure()[0])
    assert capsys.readouterr().out == ""


def test_a_font_without_bold_is_no_words_in_a_lesson(caplog):
    logger = logging.getLogger("matplotlib.font_manager")
    logger.warning("findfont: Failed to find font weight %s for %s, now using %s.", "bold", "SimHei", 400)
    logger.warning("findfont: something else")
    assert caplog.messages == ["findfont: something else"]


@pytest.mark.skipif(len(FAMILIES) == 1, reason="no font for Chinese, Japanese and Korean here")
def test_chinese_is_drawn_with_a_font_that_knows_it(tmp_path):
    from banet_edu.reports.one_page import write_pdf

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib's, of missing glyphs
        figure, [[axes]] = new_figure(height=1, width=2)
        with styled():
            axes.set_title("病例三")
        assert png_bytes(figure).startswith(b"\x89PNG")
        write_pdf(tmp_path / "a.pdf", "病例三", ["张医生的第一个病例 " * 20], "")
