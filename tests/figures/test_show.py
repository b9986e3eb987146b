"""`show` in a notebook: one PNG and a fixed text, so that strict nbval passes."""

from __future__ import annotations

import nbformat
from nbclient import NotebookClient

from banet_edu.figures.style import new_figure, show

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
