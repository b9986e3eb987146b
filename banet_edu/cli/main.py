"""The `banet-edu` command: assembles the command groups and turns expected errors into one sentence.

The command modules import torch and the rest inside their functions only, so that `--help` answers at once.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from banet_edu.cli import (
    ablating,
    comparing,
    data,
    demo,
    doctor,
    explaining,
    lab,
    networks,
    predicting,
    training,
)
from banet_edu.cli.console import err, out, prepare_streams, say_error, say_warnings
from banet_edu.cli.recipe import with_value
from banet_edu.cli.teaching import classroom, handout, site
from banet_edu.config import __version__

DEBUG_VARIABLE = "BANET_EDU_DEBUG"


def check_spacing_given(args: Sequence[str]) -> None:
    """ValueError where no two numbers follow --spacing: of one, the parser would take the next option for the second."""
    for at, given in enumerate(args):
        if given != "--spacing":
            continue
        numbers = [*itertools.takewhile(is_number, args[at + 1 : at + 3])]
        for text in args[at + 1 : at + 3]:
            if text[:1].isdigit() and not is_number(text) and not Path(text).exists():
                raise ValueError(
                    f"--spacing: {text} is no number; height and width of a pixel in mm, with a point and without a unit: "
                    "--spacing 0.05 0.05"
                )
        if len(numbers) == 1:
            [size] = numbers
            raise ValueError(
                f"--spacing {size}: it needs two numbers, the height and the width of a pixel in mm; of a square pixel "
                f"--spacing {size} {size}"
            )


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def at_home(args: Sequence[str]) -> list[str]:
    """Arguments with ~ written out where a shell leaves it, as bash does in --out=~/results.

    >>> home = os.path.expanduser("~")
    >>> at_home(["--out=~/x", "~/y"]) == [f"--out={home}/x", f"{home}/y"], at_home(["a~b", "--name=~b"])
    (True, ['a~b', '--name=~b'])
    """
    return [
        re.sub(r"^(--[\w-]+=)?~(?=[/\\]|$)", lambda found: (found[1] or "") + os.path.expanduser("~"), text)
        for text in args
    ]


class _Commands(TyperGroup):
    """Ctrl-C ends in our own words: typer alone would say "Aborted." and drop what training says about resuming."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        check_spacing_given(args)
        return super().parse_args(ctx, with_value(at_home(args)))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            err.print(f"Stopped: {stop}" if str(stop) else "Stopped.", style="yellow", markup=False, soft_wrap=True)
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with [bold]banet-edu demo[/]: it trains two small networks on bundled images within minutes.",
)
app.command("demo", epilog=demo.EPILOG)(demo.run_demo)
app.command("train", epilog=training.EPILOG)(training.train)
app.command("compare", epilog=comparing.EPILOG)(comparing.run_comparison)
app.command("ablate", epilog=ablating.EPILOG)(ablating.run_ablation)
app.command("predict", epilog=predicting.EPILOG)(predicting.predict_files)
app.command("explain", epilog=explaining.EPILOG)(explaining.explain_image)
app.command("audit", epilog=explaining.AUDIT_EPILOG)(explaining.audit_images)
app.command("export", epilog=networks.EXPORT_EPILOG)(networks.export_model)
app.command("models", epilog=networks.MODELS_EPILOG)(networks.list_models)
app.add_typer(data.app, name="data")
app.command("doctor", epilog=doctor.EPILOG)(doctor.examine)
app.command("lab", epilog=lab.EPILOG)(lab.open_lab)
app.command("site", epilog=site.EPILOG)(site.build_course_site)
app.command("clinic", epilog=lab.CLINIC_EPILOG)(lab.open_clinic)
app.command("handout", epilog=handout.EPILOG)(handout.hand_out)
app.command("class", epilog=classroom.EPILOG)(classroom.show_class)


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(f"banet-edu {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[
        bool, typer.Option("--debug", envvar=DEBUG_VARIABLE, help="Show the traceback of an error.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Medical image segmentation, taught: train, compare and look into BA-Net and its relatives. Not a medical device."""
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"


def main() -> None:
    """Entry point: exit code 0 on success, 1 after an error told in one sentence, 2 for a wrong command line."""
    prepare_streams()
    say_warnings()
    try:
        app(prog_name="banet-edu")
    except Exception as problem:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        say_error(_sentence(problem), f"(with {DEBUG_VARIABLE}=1 or `banet-edu --debug ...` the traceback shows)")
        sys.exit(1)


def _sentence(problem: Exception) -> str:
    """The message of an error that we or the system raise on purpose; of any other also its type."""
    # str(KeyError("text")) is "'text'" with quotes.
    text = str(problem.args[0]) if isinstance(problem, KeyError) and problem.args else str(problem)
    expected = isinstance(problem, ValueError | LookupError | OSError | ImportError | ArithmeticError)
    return text if expected and text else f"{type(problem).__name__}: {text}"
