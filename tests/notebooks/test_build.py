"""The builder: what tags do, what an error says, and what is left of the outputs."""

from __future__ import annotations

import base64
import io
import runpy
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

BUILD = Path(__file__).resolve().parents[2] / "notebooks" / "build.py"
GLOSSARY = "## Networks\n\n| English | 中文 | meaning |\n|---|---|---|\n| gate | 门控 | a number |\n"


@pytest.fixture
def course(tmp_path):
    """A folder with the builder and one lesson source that the test writes."""
    folder = tmp_path / "notebooks"
    (folder / "src").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    for name in ("build.py", "minutes.py", "words.py"):
        (folder / name).write_bytes((BUILD.parent / name).read_bytes())

    def build(source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        (folder / "src" / "07_trial.py").write_text(source, encoding="utf-8")
        command = [sys.executable, str(folder / "build.py"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    build.folder = folder
    return build


LESSON = """# %% [markdown]
# # A trial

# %% tags=["exercise"]
answer = ...

# %% tags=["solution"]
answer = 42

# %% jupyter={"source_hidden": true}
import os
print(answer, os.environ.get("BANET_EDU_DATA"))
"""


@pytest.mark.landing
def test_tags_choose_the_cells_and_real_data_are_out_of_reach(course, monkeypatch):
    monkeypatch.setenv("BANET_EDU_DATA", "somewhere")
    assert course(LESSON).returncode == 0
    lesson = nbformat.read(course.folder / "07_trial.ipynb", as_version=4)
    solution = nbformat.read(course.folder / "solutions" / "07_trial.ipynb", as_version=4)
    assert [cell.source for cell in lesson.cells[:2]] == ["# A trial", "answer = ..."]
    assert [cell.source for cell in solution.cells[:2]] == ["# A trial", "answer = 42"]
    assert lesson.cells[2].outputs[0].text == "Ellipsis None\n"
    assert solution.cells[2].outputs[0].text == "42 None\n"
    assert lesson.cells[2].metadata == {"jupyter": {"source_hidden": True}}
    assert lesson.cells[0].id == solution.cells[0].id
    nbformat.validate(lesson)


@pytest.mark.landing
def test_an_error_names_lesson_and_cell_and_leaves_no_notebook(course):
    result = course("# %%\nx = 1\n\n# %%\nx / 0\n", "07")
    assert result.returncode != 0
    assert "07_trial.ipynb, cell 2" in result.stderr
    assert "ZeroDivisionError" in result.stderr
    assert not (course.folder / "07_trial.ipynb").exists()


@pytest.mark.landing
def test_stderr_is_refused_and_an_unknown_lesson_named(course):
    assert "cell 1 writes to stderr" in course("# %%\nimport warnings\nwarnings.warn('old')\n").stderr
    assert "no lesson 08" in course("# %%\n1\n", "08").stderr


@pytest.mark.landing
def test_a_widget_leaves_its_still_picture_and_no_live_view(course):
    course(
        "# %%\nimport ipywidgets\nfrom banet_edu.figures.style import new_figure\nfrom banet_edu.course.panel import Panel\n"
        "Panel(lambda k: new_figure()[0], {'k': ipywidgets.IntSlider()}, alt='an empty figure')\n"
    )
    notebook = nbformat.read(course.folder / "07_trial.ipynb", as_version=4)
    [output] = notebook.cells[0].outputs
    assert output.data.keys() == {"image/png", "text/plain"}
    assert output.data["text/plain"] == "an empty figure"
    assert "widgets" not in notebook.metadata


def test_smaller_pictures_look_the_same():
    smaller = runpy.run_path(str(BUILD))["smaller"]
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    pixels[:5] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    small = smaller(base64.b64encode(buffer.getvalue()).decode())
    after = np.asarray(Image.open(io.BytesIO(base64.b64decode(small)))).astype(int)
    assert len(base64.b64decode(small)) < 0.85 * len(buffer.getvalue())
    assert np.abs(after - pixels[..., :3]).max() <= 3
    assert (after[:5] == 255).all()


@pytest.mark.landing
def test_only_texts_are_changed_where_no_code_was(course):
    assert course(LESSON).returncode == 0
    path = course.folder / "07_trial.ipynb"
    before = nbformat.read(path, as_version=4)
    assert course(LESSON.replace("# # A trial", "# # A trial\n#\n# A gate, and a gate."), "--texts").returncode == 0
    after = nbformat.read(path, as_version=4)
    assert after.cells[0].source == "# A trial\n\nA [gate](../docs/glossary.md#networks), and a gate."
    assert [cell.outputs for cell in after.cells[1:]] == [cell.outputs for cell in before.cells[1:]]
    refused = course(LESSON.replace("answer = 42", "answer = 43"), "--texts")
    assert refused.returncode and "code has changed too" in refused.stderr
