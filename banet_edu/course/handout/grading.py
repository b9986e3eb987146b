"""The exercises as nbgrader takes them: an assignment a lesson, solutions between its marks, cells that raise for a wrong one.

nbgrader itself is not needed to write them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat

from banet_edu.course.handout.lessons import Exercise, Lesson, shared_lines

CONFIG = '''"""Settings of nbgrader for the course. Written by banet-edu handout."""

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "banet-edu"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}  # the lessons' own stub, which the checks know
c.ExecutePreprocessor.timeout = 600  # seconds for a cell
'''
_STUB = re.compile(r"^( *)raise NotImplementedError$", re.MULTILINE)


def assignments(lessons: list[Lesson], points: int) -> dict[str, str]:
    """{file's name below nbgrader's course folder: its text}, for the lessons that have an exercise with a check.

    Args:
        points: for each exercise.
    """
    files = {"nbgrader_config.py": CONFIG}
    for lesson in lessons:
        if marked := [exercise for exercise in lesson.exercises if can_be_marked(exercise)]:
            text = nbformat.writes(assignment(lesson.path, marked, points)) + "\n"
            files[f"source/lesson{lesson.number}/{lesson.path.name}"] = text
    return files


def can_be_marked(exercise: Exercise) -> bool:
    """A function to write, and a check that looks at it. (What is typed into a page, as in lesson 09, is not one.)"""
    return bool(exercise.check) and _STUB.search(exercise.stub) is not None


def assignment(path: Path, exercises: list[Exercise], points: int) -> Any:
    """A lesson's notebook, without outputs, as the source of an assignment."""
    notebook = nbformat.read(path, as_version=4)
    by_stub, by_call = {e.stub: e for e in exercises}, {f"{e.check}({e.argument})": e for e in exercises}
    cells: list[Any] = []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if exercise := by_stub.get(cell.source):
            cell.source = with_solution(exercise)
            cell.metadata["nbgrader"] = _marks(exercise.argument, solution=True)
        elif exercise := by_call.get(cell.source):
            test = nbformat.v4.new_code_cell(_test(path, exercise, points), id=f"{cell.id}-marked")
            test.metadata["nbgrader"] = _marks(exercise.check, points=points)
            cells.append(test)
    notebook.cells = cells
    return notebook


def with_solution(exercise: Exercise) -> str:
    """The stub with its solution in place of the line that raises; nbgrader turns it into the stub again."""
    own = exercise.solution.splitlines()[shared_lines(exercise.stub, exercise.solution) :]
    [indent] = _STUB.findall(exercise.stub)
    lines = [f"{indent}### BEGIN SOLUTION", *own, f"{indent}### END SOLUTION"]
    return _STUB.sub(lambda _: "\n".join(lines), exercise.stub)


def _test(path: Path, exercise: Exercise, points: int) -> str:
    """Imports its check anew: the student's cells may have given the name to something else."""
    found = re.search(rf"lesson\d\d\.exercise(?= import [^\"]*\b{exercise.check}\b)", _imports(path))
    module = found[0] if found else f"lesson{path.name[:2]}.exercise"
    return (
        f"# Marked by nbgrader: {points} point{'s' * (points != 1)} if the check is passed.\n"
        f"from banet_edu.course.{module} import {exercise.check}\n\n"
        f"verdict = {exercise.check}({exercise.argument})\n"
        "assert verdict.passed, verdict"
    )


def _imports(path: Path) -> str:
    """The import lines of a lesson, each statement on a line."""
    source = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code")
    return re.sub(r"\(\s*([^()]*?)\s*\)", lambda names: " ".join(names[1].split()), source)


def _marks(grade_id: str, *, solution: bool = False, points: int = 0) -> dict[str, Any]:
    marks: dict[str, Any] = {
        "schema_version": 3, "grade_id": grade_id, "cell_type": "code",
        "solution": solution, "grade": not solution, "locked": not solution, "task": False,
    }  # fmt: skip
    return marks if solution else marks | {"points": points}
