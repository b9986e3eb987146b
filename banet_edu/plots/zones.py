"""Is a map higher inside, on the boundary or outside? One thin line for each image, the mean in bold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.explain.zones import ZONES
from banet_edu.plots.style import BLUE, MODEL_COLOURS, new_figure, styled


def zones_figure(means: Mapping[str, Sequence[NDArray[Any]]], label: str, *, title: str = "") -> Figure:
    """One panel per entry: its rows are `zone_means` of one map in several images. All panels have one scale.

    >>> figure = zones_figure({"stage 1": [np.array([0.4, 0.5, 0.6])]}, "share")
    >>> figure.axes[0].get_title()
    'stage 1'
    """
    if not means:
        raise ValueError("zones_figure needs at least one panel; `means` is empty")
    figure, axes = new_figure(1, len(means), height=3.2, sharey=True)
    with styled():
        for panel, (name, rows) in zip(axes[0], means.items(), strict=True):
            table = np.asarray(rows, float)
            for row in table:
                panel.plot(range(3), row, color=MODEL_COLOURS[-1], linewidth=1, alpha=0.5)
            mean = np.array([np.nanmean(column) if np.isfinite(column).any() else np.nan for column in table.T])
            panel.plot(range(3), mean, color=BLUE, marker="o", linewidth=3)
            panel.set_xticks(range(3), ZONES)
            panel.set_xlim(-0.3, 2.3)
            panel.set_title(name)
        axes[0, 0].set_ylabel(label)
        if title:
            figure.suptitle(title)
    return figure
