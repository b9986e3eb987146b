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
from typing import Any


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
