"""What a training run leaves behind: one row per epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from banet_edu.storage import write_table

if TYPE_CHECKING:
    import pandas as pd


class History:
    """One row per epoch of a run.

    Columns: `epoch`, `step` (optimiser steps so far), `loss` and its parts `loss_ce`, `loss_dice`, `loss_seg1` ..
    `loss_edge4` (means over the epoch, before weighting), `val_JA` (mean), `val_assd_pct` (mean symmetric boundary
    distance in % of the image diagonal), `val_missed` and `val_hallucinated` (validation masks where that distance does
    not exist because only one of the two masks is empty: counted, not averaged), `learning_rate`, `seconds`.

    `stopped` says why the run ended: "steps" (budget spent), "patience" (early stopping), or None (not finished).
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]] = (), stopped: str | None = None) -> None:
        self.rows: list[dict[str, Any]] = [dict(row) for row in rows]
        self.stopped = stopped

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        if not self.rows:
            return "History(no epoch finished)"
        return (
            f"History({len(self)} epochs, best validation JA {self.best['val_JA']:.3f} in epoch {self.best['epoch']})"
        )

    @property
    def table(self) -> pd.DataFrame:
        """The rows as a pandas table."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    @property
    def best(self) -> dict[str, Any]:
        """The row of the first epoch with the highest validation JA: the one `best.safetensors` holds."""
        if not self.rows:
            raise ValueError("the history is empty: no epoch has finished yet")
        return max(self.rows, key=lambda row: score(row))

    def to_csv(self, path: str | Path) -> None:
        """Write the table, all or nothing."""
        write_table(path, self.table)


def score(row: Mapping[str, Any]) -> float:
    """What epochs are ranked by: validation JA; an undefined one (every mask empty and found empty) ranks last."""
    value = float(row["val_JA"])
    return value if value == value else -1.0
