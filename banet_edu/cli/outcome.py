"""What `compare` and `demo` show while networks train and once they are measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from banet_edu.cli.console import out

if TYPE_CHECKING:
    from banet_edu.compare_result import CompareResult
    from banet_edu.data.sample import Sample


def progress_bars(model: str, seed: int) -> list[Any]:
    """Callbacks for one training of a comparison."""
    from banet_edu.training.callbacks import RichProgress

    return [RichProgress(f"{model}, seed {seed}")]


def show_outcome(result: CompareResult, test: Sequence[Sample], run_dir: Path) -> Path:
    """Print the table and the verdicts, write `report.html` beside the CSV files, say where they are."""
    from banet_edu.compare_result import INTERVAL_NOTE
    from banet_edu.report import write_report

    head, rows = result.cells()
    table = Table(
        title=f"{result.facts['data']}: {len(test)} test images", title_justify="left", box=None, pad_edge=False
    )
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    out.print(table)
    out.print(INTERVAL_NOTE, style="dim", markup=False)
    for verdict in result.verdicts():
        out.print(f"- {verdict}", markup=False)
    with out.status("writing the report ..."):
        report = write_report(result, test, run_dir / "report.html")
    out.print(f"\nReport: {report}", soft_wrap=True)
    out.print(f"Tables: per_image.csv, summary.csv and paired.csv in {run_dir}", soft_wrap=True)
    return report
