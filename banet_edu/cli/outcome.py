"""What `compare` and `demo` show while networks train and once they are measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from banet_edu.cli.console import out

if TYPE_CHECKING:
    from banet_edu.data.sample import Sample
    from banet_edu.study.result import CompareResult


def may_write_results(run_dir: Path, *more: str) -> None:
    """Nothing, where the files of a comparison can be written; otherwise an error that names one, before any work."""
    from banet_edu.storage import check_folder, may_write
    from banet_edu.study.result import FILES

    check_folder(run_dir)
    may_write(*(run_dir / name for name in (*FILES, "report.html", *more)))


def progress_bars(model: str, seed: int) -> list[Any]:
    """Callbacks for one training of a comparison."""
    from banet_edu.training.callbacks import RichProgress

    return [RichProgress(f"{model}, seed {seed}", out)]


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
