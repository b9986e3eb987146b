"""How training went: the loss, and the figures on the validation part, step by step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from banet_edu.plots.style import INK, model_colours, new_figure, styled
from banet_edu.training.history import History

_PANELS = (
    ("loss", "training loss (sum of its parts)"),
    ("val_JA", "validation JA (Jaccard index)"),
    ("val_assd_pct", "validation boundary error\n(ASSD, % of image diagonal)"),
)


def training_figure(histories: Mapping[str, History], *, title: str = "", highest_loss: float | None = None) -> Figure:
    """Loss, validation JA and validation boundary error against optimiser steps; a diamond marks the epoch kept.

    `histories` maps a name ("banet", or "banet-seed1") to what `fit` returned. Losses of networks with side outputs
    sum more terms: compare a loss with itself over time, not between networks. `highest_loss` cuts the loss axis, where
    one run would flatten all others. Raises ValueError when no epoch ended.
    """
    finished = {name: history for name, history in histories.items() if len(history)}
    if not finished:
        raise ValueError("no finished epoch to draw: every history is empty")
    colours = model_colours(finished)
    figure, axes = new_figure(1, len(_PANELS), height=3.4)
    with styled():
        for panel, (column, label) in zip(axes[0], _PANELS, strict=True):
            for name, history in finished.items():
                steps = [row["step"] for row in history.rows]
                values = np.array([row[column] for row in history.rows], dtype=float)
                panel.plot(steps, values, color=colours[name], marker="o" if len(steps) < 3 else None, label=name)
                best = history.best
                panel.plot(best["step"], best[column], "D", color=colours[name], markeredgecolor=INK, markersize=7)
            panel.set_xlabel("optimiser steps")
            panel.set_title(label, fontsize=10)
            panel.set_ylim(bottom=0)
        axes[0][0].set_ylim(top=highest_loss)
        axes[0][1].set_ylim(0, 1)
        axes[0][0].legend()
        figure.supxlabel("◆: the epoch with the best validation JA, whose weights are kept", fontsize=9)
        if title:
            figure.suptitle(title)
    return figure
