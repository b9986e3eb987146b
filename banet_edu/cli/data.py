"""`banet-edu data`: check a data set, make the bundled samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, track

from banet_edu.cli.console import err, out
from banet_edu.cli.options import FormatOptions, spread

app = typer.Typer(no_args_is_help=True, help="Check a data set before training on it; make the bundled samples.")


@app.command(
    epilog="Example: [bold]banet-edu data check ISIC-2017 --format isic2017[/] · three-valued masks: "
    "[bold]--format folder --value-map 0=0,128=1,255=2[/]"
)
@spread
def check(
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="The data set's folder.")],
    *,
    files: FormatOptions,
) -> None:
    """Read every file once and report counts, sizes, spacing, bad files, and near duplicates across the split.

    Exit code 1 where a file is bad or near duplicates lie on two sides of the split.
    """
    from banet_edu.datasets.check import check_dataset

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("reading")
        report = check_dataset(
            files.format,
            root,
            split_seed=files.split_seed,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            **files.rules(),
        )
    out.print(report.to_text(), markup=False, soft_wrap=True)
    if not report.ok:
        raise typer.Exit(1)


@app.command(epilog="Example: [bold]banet-edu data make my_samples[/]")
def make(
    root: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write them.")] = Path("data_samples"),
    count: Annotated[
        int, typer.Option("--count", min=1, max=48, help="How many of each kind, from the first on.")
    ] = 48,
) -> None:
    """Paint the bundled samples again: phantoms with exactly known boundaries, in the layouts of real data sets."""
    from banet_edu.phantoms.bundle import FOLDERS, write_samples

    paths = write_samples(root, count)
    written = list(track(paths, "painting", total=count * len(FOLDERS), console=err, transient=True))
    out.print(f"{len(written)} images with masks in {root}", soft_wrap=True, markup=False)
