"""An ablation at a glance: how far each variant lies from the full network, with its interval, and one dot per seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from banet_edu.compare_result import metric_label
from banet_edu.plots.style import BLUE, INK, VERMILLION, new_figure, styled

if TYPE_CHECKING:
    import pandas as pd

_GREY = "#7F7F7F"


def ablation_figure(
    summary: pd.DataFrame, seeds: pd.DataFrame, metrics: Sequence[str] = (), *, title: str = ""
) -> Figure:
    """One panel per figure, one row per variant: the difference from the first variant, its interval, a dot per seed.

    `summary`, `seeds`: see `banet_edu.ablation` (one class). Filled diamonds: an interval without 0, blue where the variant is
    better, orange where it is worse; open grey ones: the interval holds 0. The first row has no interval: its dots
    are the full network's own seeds around their mean.
    """
    shown = list(metrics) or [m for m in summary["metric"].unique() if m == "JA" or m.startswith("assd")]
    variants = list(dict.fromkeys(summary["variant"]))
    if summary["class"].nunique() > 1:
        raise ValueError("the table holds several classes: choose one first")
    figure, [axes] = new_figure(1, len(shown), height=1.6 + 0.36 * len(variants), sharey=True)
    with styled():
        for panel, metric in zip(axes, shown, strict=True):
            better_up = not metric.startswith(("assd", "hd"))
            panel.axvline(0, color=INK, linewidth=1)
            rows = summary[summary["metric"] == metric].set_index("variant")
            dots = seeds[seeds["metric"] == metric]
            for place, variant in enumerate(variants):
                own = dots.loc[dots["variant"] == variant, "difference"].to_numpy(dtype=float)
                panel.plot(own, np.full(len(own), place + 0.24), "o", color=_GREY, markersize=4.5, zorder=3)
                row = rows.loc[variant]
                if place == 0 or not np.isfinite(row["difference"]):
                    continue
                clear = row["low"] * row["high"] > 0
                colour = (BLUE if (row["difference"] > 0) == better_up else VERMILLION) if clear else _GREY
                panel.plot([row["low"], row["high"]], [place, place], "|-", color=colour, linewidth=2.4, markersize=10)
                face = colour if clear else "white"
                panel.plot(row["difference"], place, "D", color=face, markeredgecolor=colour, markersize=7, zorder=4)
            panel.set_yticks(range(len(variants)), variants)
            panel.set_ylim(len(variants) - 0.4, -0.5)
            panel.set_xlabel(f"{metric_label(metric)}\nminus that of {variants[0]}, {_way(better_up)}")
            panel.margins(x=0.1)
            panel.locator_params(axis="x", nbins=6)
            panel.grid(axis="y", visible=False)
        figure.supxlabel(
            "◆ bar: mean over seeds, 95 % interval over images (blue better, orange worse, open: holds 0)   "
            "dot: one seed",
            fontsize=9,
        )
        if title:
            figure.suptitle(title)
    return figure


def _way(better_up: bool) -> str:
    return "right is better" if better_up else "left is better"
