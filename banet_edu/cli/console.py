"""Where the commands print to, and how they say that something went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from banet_edu.datasets.dataset import Dataset

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def say_error(sentence: str, hint: str = "") -> None:
    """Print one sentence in red on stderr, unwrapped, so that file names can be copied and searched for."""
    err.print(f"Error: {sentence}", style="red", markup=False, soft_wrap=True)
    if hint:
        err.print(hint, style="dim", markup=False, soft_wrap=True)


def show_left_out(dataset: Dataset) -> None:
    """Name the files that `--skip-bad` and the cases that `--exclude-empty` left out, if any."""
    for problem in dataset.problems:
        err.print(f"left out: {problem}", style="yellow", markup=False, soft_wrap=True)
    if dataset.excluded:
        err.print(f"without foreground, left out: {', '.join(dataset.excluded)}", style="yellow", markup=False)
