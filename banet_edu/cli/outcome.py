"""Where results go, and what is shown while networks train and once they are measured."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from banet_edu.cli.console import out

if TYPE_CHECKING:
    from torch import Tensor, nn

    from banet_edu.data.sample import Sample
    from banet_edu.study.result import CompareResult
    from banet_edu.training.history import History


def may_write_results(run_dir: Path, *more: str) -> None:
    """Nothing, where the files of a comparison can be written; otherwise an error that names one, before any work."""
    from banet_edu.storage import check_folder, may_write
    from banet_edu.study.result import FILES

    check_folder(run_dir)
    may_write(*(run_dir / name for name in (*FILES, "report.html", *more)))


def html_name(target: Path | None) -> Path | None:
    """A report's name as it was given; ValueError for one that is not HTML's: what stands beside the report takes the rest."""
    if target is not None and target.suffix.lower() not in (".html", ".htm") and not target.is_dir():
        raise ValueError(f"--out {target}: name a file that ends in .html; the tables, and the PDF, get its name")
    return target


def own_name(pixels: bytes) -> Path:
    """A report's name where none is given: another for each picture, and it tells nobody who it shows."""
    return Path("runs/explain") / f"case-{hashlib.sha256(pixels).hexdigest()[:8]}.html"


def progress_bars(model: str, seed: int) -> list[Any]:
    """Callbacks for one training of a comparison."""
    return [RichProgress(f"{model}, seed {seed}")]


class RichProgress:
    """A progress bar over all steps with the time left and the latest validation JA, for the terminal.

    Where the output goes to a file or a pipe, which keep no bar, a line after each epoch takes its place; of epochs
    shorter than 20 steps, after every few.
    """

    STEPS_A_LINE = 20

    def __init__(self, description: str = "training", console: Console = out) -> None:
        self.description, self.console = description, console

    def on_resume(self, step: int, stopped: str | None) -> None:
        over = f"finished earlier, at step {step}; nothing is trained (--restart trains it anew)"
        said = over if stopped else f"goes on from step {step}"
        self.console.print(f"{self.description}: {said}", markup=False, highlight=False, soft_wrap=True)

    def on_start(self, total_steps: int, model: nn.Module) -> None:
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figure]}"),
            console=self.console,
        )
        self.total_steps, self.next_line = total_steps, 0
        self.task = self.bar.add_task(self.description, total=total_steps, figure="")
        self.bar.start()

    def on_step(self, step: int, parts: Mapping[str, Tensor]) -> None:
        self.bar.update(self.task, completed=step)

    def on_epoch(self, row: Mapping[str, Any]) -> None:
        figure = f"validation JA {row['val_JA']:.3f}"
        self.bar.update(self.task, figure=figure)
        if not self.console.is_terminal and (row["step"] >= self.next_line or row["step"] == self.total_steps):
            self.next_line = row["step"] + self.STEPS_A_LINE
            line = f"{self.description}: step {row['step']} of {self.total_steps}, {figure}"
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def on_end(self, history: History) -> None:
        self.bar.stop()


def result_tables(result: CompareResult, images: int, width: int) -> list[Table]:
    """Metrics as rows, models as columns; as many tables below each other as keep every figure whole in `width` characters."""
    head, rows = result.cells()
    models_beside = max(3, (width - 28) // 22)  # "0.812 [0.788, 0.834]" and its margin; three wrap well at 80
    tables = math.ceil(len(rows) / models_beside)
    size = math.ceil(len(rows) / tables)
    return [
        _table(f"{result.facts['data']}: {images} test images" if start == 0 else "", head, rows[start : start + size])
        for start in range(0, len(rows), size)
    ]


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=escape(title) or None, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("")
    for row in rows:
        table.add_column(row[0], justify="right")
    for metric, *values in zip(head[1:], *(row[1:] for row in rows), strict=True):
        table.add_row(metric, *values)
    return table


def show_outcome(result: CompareResult, test: Sequence[Sample], run_dir: Path) -> Path:
    """Print the table and the verdicts, write `report.html` beside the CSV files, say where they are."""
    from banet_edu.reports.comparison import write_report
    from banet_edu.study.result import INTERVAL_NOTE

    for table in result_tables(result, len(test), out.width):
        out.print(table)
    out.print(INTERVAL_NOTE, style="dim", markup=False)
    for verdict in result.verdicts():
        out.print(f"- {verdict}", markup=False)
    with out.status("writing the report ..."):
        report = write_report(result, test, run_dir / "report.html")
    out.print(f"\nReport: {report}", soft_wrap=True, markup=False)
    tables = "per_image.csv and summary.csv" if result.tests.empty else "per_image.csv, summary.csv and paired.csv"
    out.print(f"Tables: {tables} in {run_dir}", soft_wrap=True, markup=False)
    return report
