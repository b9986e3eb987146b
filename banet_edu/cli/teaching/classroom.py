"""`banet-edu class FOLDER`: who predicted what, from the files that students hand in."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from banet_edu.cli.console import err, out

if TYPE_CHECKING:
    import pandas as pd

EPILOG = "Example: [bold]banet-edu class handed-in[/] · before the results are shown: [bold]banet-edu class handed-in --hide[/]"


def show_class(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Students' files, from `lab --predictions`.")],
    lesson: Annotated[str | None, typer.Option(help="Only this lesson, such as 03.")] = None,
    hide: Annotated[bool, typer.Option("--hide", help="Do not mark what happened: to discuss first.")] = False,
    pdf: Annotated[Path, typer.Option("--out", help="A page for each question, for the projector.")] = Path(
        "class.pdf"
    ),
    table: Annotated[Path | None, typer.Option(help="Every answer of every student, as CSV.")] = None,
) -> None:
    """Print and draw what a class predicted, and how it fared with checks and quizzes. No names are drawn."""
    from matplotlib.backends.backend_pdf import PdfPages

    from banet_edu.course.classroom import checks_figure, class_table, counted, question_figure, questions, read_class
    from banet_edu.storage import may_write, write_bytes, write_table

    if table is not None and table.resolve() == pdf.resolve():
        raise ValueError(f"{pdf}: both the pages (--out) and the table (--table) would be this file; name another")
    may_write(*filter(None, [pdf, table]))
    students, unread = read_class(folder)
    for said in unread.values():
        err.print(f"Not read: {said}", style="yellow", markup=False, soft_wrap=True)
    answers = class_table(students)
    asked = questions(students)
    if lesson is not None:
        answers = answers[answers["lesson"] == lesson]
        asked = {key: known for key, known in asked.items() if key[0] == lesson}
        if answers.empty:
            there = ", ".join(sorted({number for lessons in students.values() for number in lessons})) or "none"
            raise ValueError(f"nobody has answered anything in lesson {lesson!r}; there are answers in {there}")
    out.print(counted(len(students), "student"), highlight=False)
    figures = []
    for (number, name), known in asked.items():
        given = answers[(answers["lesson"] == number) & (answers["kind"] == "predictions") & (answers["name"] == name)]
        _print_question(number, known, given, hide)
        figures.append(question_figure(number, known, given, outcome=not hide))
    _print_right(answers, hide)
    if (answers["kind"] == "checks").any():
        figures.append(checks_figure(answers))
    if table is not None:
        write_table(table, answers)
    if not figures:
        out.print("No page is written: there are no predictions and no checks to draw.")
        return
    pages = io.BytesIO()
    with PdfPages(pages, metadata={"CreationDate": None, "Title": "What the class predicted"}) as book:
        for figure in figures:
            book.savefig(figure)
    write_bytes(pdf, pages.getvalue())
    out.print(f"{counted(len(figures), 'page')}: {pdf}", markup=False, highlight=False, soft_wrap=True)


def _print_question(lesson: str, known: dict[str, object], given: pd.DataFrame, hide: bool) -> None:
    from banet_edu.course.classroom import possible

    answered = given[given["answer"].notna() & given["before"].eq(True)]
    shown = Table(title=escape(f"{lesson}  {known['question']}"), title_justify="left", title_style="bold", box=None)
    shown.add_column("students", justify="right")
    shown.add_column("answer")
    for option in possible(known, answered):
        mark = "" if hide or option != known.get("outcome") else "  <- what happened"
        shown.add_row(str(int((answered["answer"] == option).sum())), escape(f"{option}{mark}"))
    out.print(shown)
    if not known.get("options") and "outcome" in known and not hide:
        out.print(f"   what happened: {known['outcome']} {known.get('unit', '')}", markup=False, highlight=False)


def _print_right(answers: pd.DataFrame, hide: bool) -> None:
    """How many were right; of predictions not where outcomes are hidden: with two options the number tells which it was."""
    shown = Table("lesson", "kind", "students", "answers", "right", box=None)
    for (lesson, kind), rows in answers.groupby(["lesson", "kind"], sort=True):
        judged = rows["right"][rows["before"].ne(False)].dropna()  # an answer given after the outcome proves nothing
        share = f"{int(judged.astype(bool).sum())} of {len(judged)}" if len(judged) else "-"
        share = "hidden" if hide and kind == "predictions" else share
        shown.add_row(str(lesson), str(kind), str(rows["student"].nunique()), str(rows["answer"].notna().sum()), share)
    out.print(shown)
