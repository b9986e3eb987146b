"""The four recorded runs of lesson 06 without their names, for a reader who is to tell them by their curves."""

from __future__ import annotations

from typing import Any

from banet_edu.study.recorded import read_recorded
from banet_edu.training.history import History

_RUNS = {"run A": "too-high", "run B": "overfit", "run C": "good", "run D": "too-low"}


def unnamed_runs() -> dict[str, History]:
    """`run A` to `run D`, recorded by `benchmarks/lesson06.py`.

    >>> list(runs := unnamed_runs()), runs["run A"].rows[-1]["step"]
    (['run A', 'run B', 'run C', 'run D'], 600)
    """
    runs = {letter: read_recorded("lesson06", name) for letter, name in _RUNS.items()}
    return {letter: History([_plain(row) for row in run.to_dict("records")], "steps") for letter, run in runs.items()}


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(column): value for column, value in row.items()}
