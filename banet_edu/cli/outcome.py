"""What `compare` and `demo` show while networks train and once they are measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from banet_edu.cli.console import out

if TYPE_CHECKING:
    from banet_edu.compare_result import CompareResult
    from banet_edu.data.sample import Sample


def progress_bars(model: str, seed: int) -> list[Any]:
    """Callbacks for one training of a comparison."""
    from banet_edu.training.callbacks import RichProgress

    return [RichProgress(f"{model}, seed {seed}")]


def result_table(result: CompareResult, images: int) -> Table:
    """Metrics as rows and models as columns: it stays readable in a terminal of 80 characters, whatever is measured."""
    head, rows = result.cells()
    table = Table(title=f"{result.facts['data']}: {images} test images", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("")
    for row in rows:
        table.add_column(row[0], justify="right")
    for metric, *values in zip(head[1:], *(row[1:] for row in rows), strict=True):
        table.add_row(metric, *values)
    return table


def show_outcome(result: CompareResult, test: Sequence[Sample], run_dir: Path) -> Path:
    """Print the table and the verdicts, write `report.html` beside the CSV files, say where they are."""
    from banet_edu.compare_result import INTERVAL_NOTE
    from banet_edu.report import write_report

    out.print(result_table(result, len(test)))
    out.print(INTERVAL_NOTE, style="dim", markup=False)
    for verdict in result.verdicts():
        out.print(f"- {verdict}", markup=False)
    with out.status("writing the report ..."):
        report = write_report(result, test, run_dir / "report.html")
    out.print(f"\nReport: {report}", soft_wrap=True)
    out.print(f"Tables: per_image.csv, summary.csv and paired.csv in {run_dir}", soft_wrap=True)
    return report
