"""Objects that `fit` tells what happens. All methods are optional; they are called on the main process only.

on_resume(step, stopped)        where there was a run to go on with: its step, and why it is over ("steps" or "patience";
                                then nothing is trained), or None
on_start(total_steps, model)    before the first step
on_step(step, parts)            after optimiser step `step` (1 is the first); `parts` are 0-dimensional tensors on
                                the device, with "total" the weighted sum: float() of one waits for the GPU
on_epoch(row)                   after validation; the row of the history
on_end(history)                 at the end, also after Ctrl-C or an error
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from torch import Tensor, nn

    from banet_edu.training.history import History


class PrintEpochs:
    """One rounded line per epoch on standard output: the same on every run, so notebooks can keep it.

    `every` prints each n-th epoch only.
    """

    def __init__(self, every: int = 1) -> None:
        self.every = every

    def on_epoch(self, row: Mapping[str, Any]) -> None:
        if row["epoch"] % self.every == 0:
            boundary = f"boundary error {row['val_assd_pct']:.1f} % of the diagonal"
            if math.isnan(row["val_assd_pct"]):
                boundary = "no boundary to measure"
            if row["val_missed"]:
                boundary += f", {row['val_missed']} missed"
            print(
                f"epoch {row['epoch']:>3}  step {row['step']:>5}  loss {row['loss']:.2f}  "
                f"validation JA {row['val_JA']:.2f}, {boundary}"
            )


class RichProgress:
    """A progress bar over all steps with the time left and the latest validation JA, for the terminal.

    Where the output goes to a file or a pipe, which keep no bar, a line after each epoch takes its place; of epochs
    shorter than 20 steps, after every few.
    """

    STEPS_A_LINE = 20

    def __init__(self, description: str = "training", console: Console | None = None) -> None:
        from rich import get_console

        self.description, self.console = description, console or get_console()

    def on_resume(self, step: int, stopped: str | None) -> None:
        over = f"finished earlier, at step {step}; nothing is trained (--restart trains it anew)"
        said = over if stopped else f"goes on from step {step}"
        self.console.print(f"{self.description}: {said}", markup=False, highlight=False, soft_wrap=True)

    def on_start(self, total_steps: int, model: nn.Module) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

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
