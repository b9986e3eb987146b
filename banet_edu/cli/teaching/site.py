"""`banet-edu site`: the course as a folder of plain HTML."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from banet_edu.cli.console import err, out

EPILOG = "Example: [bold]banet-edu site course-site[/] · one lesson: [bold]banet-edu site course-site --lesson 03[/]"


def build_course_site(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Where the pages go.")],
    lessons: Annotated[
        list[str] | None, typer.Option("--lesson", metavar="NN", help="Only this lesson; may be given several times.")
    ] = None,
) -> None:
    """Write the course as web pages that open by a double click: no server, no network, no Python.

    Every lesson runs once, a minute or more each. What was stopped goes on with the same command; a lesson that is
    unchanged is not run again.
    """
    from banet_edu.cli.lab import find_notebooks
    from banet_edu.course.site.folder import build_site

    started = time.monotonic()
    with err.status("reading the lessons ...") as status:

        def tell(name: str, done: int, of: int) -> None:
            status.update(f"{name}: cell {done} of {of}")

        for built in build_site(find_notebooks(), folder, lessons or (), progress=tell):
            seconds = time.monotonic() - started
            said = "unchanged, kept" if built.kept else f"{built.pictures} pictures, {seconds:.0f} s"
            out.print(f"{built.lesson.stem}: {said}", soft_wrap=True, markup=False)
            started = time.monotonic()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    out.print(f"Site: {folder / 'index.html'} ({size / 1e6:.1f} MB)", soft_wrap=True, markup=False)
