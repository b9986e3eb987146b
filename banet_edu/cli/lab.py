"""`banet-edu lab`: JupyterLab on the course's notebooks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from banet_edu.cli.console import out

EPILOG = "Example: [bold]banet-edu lab[/] · another port: [bold]banet-edu lab --port 8890[/]"


def find_notebooks(folder: Path | None = None) -> Path:
    """The folder of notebooks to open: `folder`, else the checkout's, else `notebooks` in the working directory.

    Raises FileNotFoundError when there is none, as with a wheel: the notebooks come with the source checkout.
    """
    checkout = Path(__file__).resolve().parents[2] / "notebooks"
    places = [folder] if folder else [checkout, Path.cwd() / "notebooks"]
    for place in places:
        if any(place.glob("*.ipynb")):
            return place
    if folder:
        raise FileNotFoundError(f"there is no notebook (*.ipynb) in {folder}")
    raise FileNotFoundError(
        "the notebooks are part of the source checkout, not of the installed package: "
        "run `banet-edu lab` in the checkout, or name a folder of notebooks, as in `banet-edu lab FOLDER`"
    )


def open_lab(
    folder: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="Notebooks. Default: the course.")] = None,
    port: Annotated[int, typer.Option(help="The first port to try.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Open JupyterLab on the course's notebooks."""
    notebooks = find_notebooks(folder)
    out.print(f"JupyterLab on {notebooks} (Ctrl-C twice stops it)", soft_wrap=True)
    command = [sys.executable, "-m", "jupyterlab", str(notebooks), f"--ServerApp.port={port}"]
    if not browser:
        command.append("--no-browser")
    raise typer.Exit(subprocess.call(command))
