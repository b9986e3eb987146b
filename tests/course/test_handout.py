"""What a teacher hands out: students get no answers, the key has them all, slides ask before they tell, nbgrader can mark."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from banet_edu.cli.main import app
from banet_edu.course.handout.answer_key import answer_key
from banet_edu.course.handout.grading import assignments
from banet_edu.course.handout.lessons import Asked, Told, read_lessons
from banet_edu.course.handout.students import _STAFF, students_zip

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def lessons():
    return read_lessons(ROOT / "notebooks")


@pytest.fixture(scope="module")
def packed():
    with zipfile.ZipFile(io.BytesIO(students_zip(ROOT))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_students_get_all_they_need_and_no_answers(packed, lessons):
    names = {name.removeprefix("banet-edu/") for name in packed}
    assert {"README.md", "pyproject.toml", "constraints.txt", "environment.yml", "banet_edu/cli/main.py"} <= names
    assert {f"notebooks/{lesson.path.name}" for lesson in lessons} <= names
    assert not [
        n for n in names if n.startswith(("tests", "benchmarks", ".ci", "notebooks/solutions", "notebooks/src"))
    ]
    assert "docs/teaching.md" not in names
    for lesson in lessons:
        notebook = nbformat.reads(packed[f"banet-edu/notebooks/{lesson.path.name}"].decode(), as_version=4)
        assert not any(cell.get("outputs") for cell in notebook.cells)
        sources = [cell.source for cell in notebook.cells]
        assert not any(exercise.solution in sources for exercise in lesson.exercises)


def test_what_is_for_staff_is_left_out_of_a_line_and_by_lines():
    begin, end = "<!-- staff: begin -->", "<!-- staff: end -->"
    assert _STAFF.sub("", f"| a | b{begin} |\n| c | d{end} |\n| e | {begin}f, {end}g |\n") == "| a | b |\n| e | g |\n"
    assert _STAFF.sub("", f"x\n{begin}\ny {end}\nz\n{end}\nw {begin}v{end}\nu") == "x\nw \nu"


def test_no_link_of_the_students_copy_leads_nowhere(packed):
    for name, page in packed.items():
        if name.endswith(".md"):
            for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", page.decode()):
                place = (Path("/") / Path(name).parent / target).resolve().relative_to("/").as_posix()
                assert any(other == place or other.startswith(f"{place}/") for other in packed), (name, target)


def test_the_key_has_every_outcome_solution_and_explanation(lessons):
    key = answer_key(lessons, ROOT)
    outcomes = json.loads((ROOT / "notebooks" / "solutions" / "outcomes.json").read_text(encoding="utf-8"))
    assert sum(len(lesson.predictions) for lesson in lessons) == sum(map(len, outcomes.values())) > 40
    assert all(lesson.exercises for lesson in lessons if lesson.number != "09")
    for lesson in lessons:
        assert set(lesson.predictions) == set(outcomes.get(lesson.number, {}))
    assert key.count("<h2") >= len(lessons) and "http" not in re.sub(r"https?://(www\.w3\.org|jfly)", "", key)


def test_a_question_comes_before_what_it_came_to(lessons):
    for lesson in lessons:
        steps = [step for _, step in lesson.steps]
        for name in lesson.predictions:
            assert steps.index(Asked(name)) < steps.index(Told(name))


def test_every_coded_exercise_is_an_assignment(lessons):
    files = assignments(lessons, 2)
    assert len(files) > 9
    for name, text in files.items():
        if name.endswith(".ipynb"):
            notebook = nbformat.reads(text, as_version=4)
            nbformat.validate(notebook)
            marked = [cell.metadata["nbgrader"] for cell in notebook.cells if "nbgrader" in cell.metadata]
            assert len({mark["grade_id"] for mark in marked}) == len(marked)
            assert sum(mark.get("points", 0) for mark in marked) == 2 * len(marked) / 2


@pytest.mark.landing
def test_the_command_writes_all_four_and_again(tmp_path):
    for _ in range(2):
        result = CliRunner().invoke(app, ["handout", str(tmp_path / "monday")])
        assert result.exit_code == 0, result.output or result.exception
    made = {path.name for path in (tmp_path / "monday").iterdir()}
    assert {"students.zip", "answer-key.html", "slides.pdf", "nbgrader"} <= made


@pytest.mark.landing
def test_nbgrader_marks_a_right_and_a_wrong_student(tmp_path, lessons):
    nbgrader = shutil.which("nbgrader")
    if nbgrader is None:
        pytest.skip("nbgrader is not installed: pip install nbgrader")
    course = tmp_path / "course"
    for name, text in assignments(lessons, 1).items():
        if name.startswith(("nbgrader_config", "source/lesson03")):
            (course / name).parent.mkdir(parents=True, exist_ok=True)
            (course / name).write_text(text, encoding="utf-8")
    run = {"cwd": course, "check": True, "capture_output": True, "timeout": 900}
    subprocess.run([nbgrader, "generate_assignment", "lesson03"], **run)
    [released] = (course / "release" / "lesson03").glob("*.ipynb")
    notebook = nbformat.read(released, as_version=4)
    assert "SOLUTION" not in released.read_text(encoding="utf-8")
    [lesson] = [lesson for lesson in lessons if lesson.number == "03"]
    for student in ("right", "wrong"):
        handed = nbformat.from_dict(notebook)
        for cell in handed.cells:
            for exercise in lesson.exercises:
                if exercise.stub.splitlines()[0] in cell.source and student == "right":
                    cell.source = exercise.solution
        place = course / "submitted" / student / "lesson03" / released.name
        place.parent.mkdir(parents=True)
        nbformat.write(handed, place)
        notebook = nbformat.read(released, as_version=4)
    subprocess.run([nbgrader, "autograde", "lesson03"], **run)
    subprocess.run([nbgrader, "export"], **run)
    rows = (course / "grades.csv").read_text(encoding="utf-8").splitlines()
    head = rows[0].split(",")
    scores = {
        row.split(",")[head.index("student_id")]: float(row.split(",")[head.index("raw_score")]) for row in rows[1:]
    }
    assert scores == {"right": 2.0, "wrong": 0.0}
