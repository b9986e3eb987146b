"""How sure a mean difference is: the means of many resamples, drawn as a heap, with the middle 95 % marked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.metrics.resampling import percentile_interval
from banet_edu.plots.style import BLUE, INK, new_figure, styled


def heap_figure(
    means: Mapping[str, NDArray[np.float64]], label: str, *, limits: tuple[float, float] | None = None, title: str = ""
) -> Figure:
    """One panel per entry of `means` (name -> resampled mean differences), one under the other on the same axis.

    `label` names the difference, with its unit. The dark part of each heap is its middle 95 %.
    """
    if limits is None:
        every = np.concatenate(list(means.values()))
        limits = (min(float(every.min()), 0.0), max(float(every.max()), 0.0))
    edges = np.linspace(*limits, 121)
    figure, axes = new_figure(len(means), 1, height=1.0 + 1.55 * len(means), sharex=True)
    with styled():
        for panel, (name, drawn) in zip(axes[:, 0], means.items(), strict=True):
            low, high = percentile_interval(drawn)
            counts, _ = np.histogram(drawn, edges)
            middle = (edges[:-1] + edges[1:]) / 2
            inside = (middle >= low) & (middle <= high)
            panel.bar(middle, counts, np.diff(edges), color=np.where(inside, BLUE, "#BBD7EA"))
            panel.plot([low, high], [0, 0], "|-", color=INK, linewidth=3, markersize=16, clip_on=False, zorder=5)
            panel.axvline(0, color=INK, linewidth=1, linestyle="--")
            verdict = "0 lies inside" if low <= 0 <= high else "0 lies outside"
            panel.set_title(f"{name}: {low:+.2f} to {high:+.2f}, width {high - low:.2f}; {verdict}", fontsize=10)
            panel.set_yticks([])
            panel.set_ylim(0, 1.12 * counts.max())
            panel.set_xlim(*limits)
            panel.grid(visible=False)
        axes[-1, 0].set_xlabel(f"mean difference in one resample: {label}")
        if title:
            figure.suptitle(title)
    return figure
