"""Trainings side by side, one cell each, as long as the time allows: what `grid.py` and `volumes.py` share."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any, TypeVar

Cell = TypeVar("Cell")


def run_cells(
    train: Callable[[Cell, Path, str], str],
    missing: Callable[[], Iterable[Cell]],
    given: argparse.Namespace,
) -> None:
    """Call `train(cell, root, commit)` for cells that are `missing`, in processes of their own, and print what it returns.

    `missing` is asked anew after each cell: later cells may depend on what the first ones gave.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # networks side by side: a core each
    commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], text=True).strip()
    began = time.monotonic()
    with ProcessPoolExecutor(given.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        running: dict[Future[str], Any] = {}
        while True:
            waiting = (cell for cell in missing() if cell not in running.values())
            while len(running) < given.jobs and time.monotonic() - began < 60 * given.minutes:
                if (cell := next(waiting, None)) is None:
                    break
                running[pool.submit(train, cell, given.root, commit)] = cell
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                del running[future]
                print(f"{time.strftime('%H:%M')} {future.result()}", flush=True)


def parsers(description: str, root: str, *more: str) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """Of the whole command, with `run`, `status` and `more`, and of `run`, for what only one of the benchmarks takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("--root", type=Path, required=True, help=f"folder that holds {root}")
    run.add_argument("--minutes", type=float, default=600, help="start no further cell after so long")
    run.add_argument("--jobs", type=int, default=2, help="cells side by side, one thread each")
    for name in ("status", *more):
        commands.add_parser(name)
    return parser, run
