"""`banet-edu handout`: the students' copy of the course, the answer key, slides, and the exercises for nbgrader."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from banet_edu.cli.console import out
from banet_edu.cli.lab import find_notebooks

EPILOG = (
    "Example: [bold]banet-edu handout monday[/] · one thing alone: [bold]banet-edu handout monday --only students[/]"
)


class Kind(StrEnum):
    """What can be made."""

    STUDENTS, KEY, SLIDES, NBGRADER = "students", "answer-key", "slides", "nbgrader"


FILES = {Kind.STUDENTS: "students.zip", Kind.KEY: "answer-key.html", Kind.SLIDES: "slides.pdf"}


def hand_out(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write into; it is made.")],
    only: Annotated[
        list[Kind] | None, typer.Option("--only", help="This alone; may be given several times. Default: all four.")
    ] = None,
    points: Annotated[int, typer.Option(min=1, help="For each exercise, in nbgrader.")] = 1,
) -> None:
    """For those who teach: a zip for students without answers, an answer key, slides, and assignments for nbgrader.

    Made from the checkout's lessons as they are committed; nothing is executed.
    """
    from banet_edu.course.handout.lessons import read_lessons
    from banet_edu.storage import check_folder, locked, may_write, write_bytes, write_text

    notebooks = find_notebooks()
    root = notebooks.parent
    wanted = only or list(Kind)
    check_folder(folder)
    lessons = read_lessons(notebooks)
    graded: dict[str, str] = {}
    if Kind.NBGRADER in wanted:
        from banet_edu.course.handout.grading import assignments

        graded = {f"nbgrader/{name}": text for name, text in assignments(lessons, points).items()}
    may_write(*(folder / FILES[kind] for kind in wanted if kind in FILES), *(folder / name for name in graded))
    with locked(folder):
        if Kind.STUDENTS in wanted:
            from banet_edu.course.handout.students import students_zip

            with out.status("packing the students' copy ..."):
                _told(write_bytes(folder / FILES[Kind.STUDENTS], students_zip(root)), "for students, without answers")
        if Kind.KEY in wanted:
            from banet_edu.course.handout.answer_key import answer_key

            _told(write_text(folder / FILES[Kind.KEY], answer_key(lessons, root)), "answer key, to read or print")
        if Kind.SLIDES in wanted:
            from banet_edu.course.handout.slides import slides

            with out.status("drawing slides ..."):
                _told(write_bytes(folder / FILES[Kind.SLIDES], slides(lessons)), "pictures and questions to project")
        for name, text in graded.items():
            write_text(folder / name, text)
        if graded:
            out.print(
                f"{folder / 'nbgrader'}: {len(graded) - 1} assignments for nbgrader", soft_wrap=True, markup=False
            )


def _told(path: Path, what: str) -> None:
    out.print(f"{path}: {what}, {path.stat().st_size / 1e6:.1f} MB", soft_wrap=True, markup=False)
