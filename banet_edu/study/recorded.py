"""Tables of runs that took longer than a lesson: recorded with command, seeds, machine and date, read again here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from banet_edu.paths import recorded_root

if TYPE_CHECKING:
    import pandas as pd


def read_recorded(run: str, table: str) -> pd.DataFrame:
    """A table of a recorded run, such as "paired" or "summary", as it stands in docs/recorded/RUN/TABLE.csv.

    Raises FileNotFoundError that names the runs, or the run's tables, there are.

    >>> read_recorded("isic2017-lite", "paired").loc[0, ["a", "b", "column"]].tolist()
    ['banet', 'unet', 'JA']
    """
    import pandas as pd

    folder = recorded_root() / run
    if not folder.is_dir():
        known = ", ".join(sorted(path.name for path in recorded_root().iterdir() if path.is_dir()))
        raise FileNotFoundError(f"no recorded run {run!r}; recorded are: {known}")
    if not (folder / f"{table}.csv").is_file():
        known = ", ".join(sorted(path.stem for path in folder.glob("*.csv")))
        raise FileNotFoundError(f"the run {run} has no table {table!r}; it has: {known}")
    return pd.read_csv(folder / f"{table}.csv")


def recorded_facts(run: str, cell: str = "facts") -> dict[str, Any]:
    """How a recorded run, or one cell of it, was made: data, budget, seeds, machine, date, commit.

    >>> recorded_facts("sz_cxr-lite")["test_images"]
    89
    """
    path = recorded_root() / run / f"{cell}.json"
    if not path.is_file():
        raise FileNotFoundError(f"no recorded run {run!r} with {cell}.json")
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts
