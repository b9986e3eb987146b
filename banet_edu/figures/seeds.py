"""Runs of training: how each went, how far figures move when only the seed changes, and what a block is worth in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from banet_edu.figures.style import BLUE, INK, VERMILLION, model_colours, new_figure, styled
from banet_edu.study.result import metric_label
from banet_edu.training.history import History

if TYPE_CHECKING:
    import pandas as pd

_PANELS = (
    ("loss", "training loss (sum of its parts)"),
    ("val_JA", "validation JA (Jaccard index)"),
    ("val_assd_pct", "validation boundary error\n(ASSD, % of image diagonal)"),
)


def seeds_figure(seeds: pd.DataFrame, metrics: Sequence[str], *, title: str = "") -> Figure:
    """The mean of each network with each seed, a panel per figure. `seeds`: variant, seed, metric, mean (`seeds.csv`), of one
    class: ValueError of several."""
    if "class" in seeds and seeds["class"].nunique() > 1:
        raise ValueError("the table holds several classes: choose one first")
    networks = list(dict.fromkeys(seeds["variant"]))
    colours = model_colours(networks)
    figure, [axes] = new_figure(1, len(metrics), height=1.5 + 0.5 * len(networks), sharey=True)
    with styled():
        for panel, metric in zip(axes, metrics, strict=True):
            for place, network in enumerate(networks):
                rows = seeds[(seeds["variant"] == network) & (seeds["metric"] == metric)]
                means = rows["mean"].to_numpy(dtype=float)
                panel.plot([means.min(), means.max()], [place] * 2, "-", color=colours[network], linewidth=2)
                panel.plot(means, [place] * len(means), "o", color=colours[network], markersize=8)
                panel.plot(means.mean(), place, "|", color=INK, markersize=22, markeredgewidth=2)
            panel.set_yticks(range(len(networks)), networks)
            panel.set_ylim(len(networks) - 0.5, -0.5)
            panel.set_xlabel(metric_label(metric))
            panel.margins(x=0.1)
            panel.grid(axis="y", visible=False)
        figure.supxlabel("dot: one seed, mean over all test images   │: mean of the seeds", fontsize=9)
        if title:
            figure.suptitle(title)
    return figure


def two_questions_figure(
    off: Mapping[str, Sequence[float]], without: Mapping[str, Sequence[float]], *, title: str = ""
) -> Figure:
    """Change of JA by block, a bar for the mean and a dot per seed: switched off in trained networks, trained without it.

    Both: block -> change with each seed, the same blocks.
    """
    blocks = list(off)
    figure, [axes] = new_figure(1, 2, height=1.7 + 0.42 * len(blocks), sharey=True, sharex=True)
    sides = {"switched off in the trained network": off, "trained without it": without}
    with styled():
        for panel, (said, changes) in zip(axes, sides.items(), strict=True):
            for place, block in enumerate(blocks):
                each = np.asarray(changes[block], dtype=float)
                panel.barh(place, each.mean(), height=0.6, color=VERMILLION if each.mean() < 0 else BLUE)
                panel.plot(each, np.full(len(each), place), "o", color=INK, markersize=5)
            panel.axvline(0, color=INK, linewidth=1)
            panel.set_title(said)
            panel.set_xlabel("change of JA")
            panel.grid(axis="y", visible=False)
        axes[0].set_yticks(range(len(blocks)), blocks)
        axes[0].set_ylim(len(blocks) - 0.5, -0.5)
        figure.supxlabel("bar: mean change (orange worse, blue better)   dot: one seed", fontsize=9)
        if title:
            figure.suptitle(title)
    return figure


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
