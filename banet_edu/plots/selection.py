"""How much a chosen network promises, and how much it keeps: the optimism of choosing on the images one reports on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from banet_edu.metrics.selection import chosen_and_fresh
from banet_edu.plots.style import BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION, new_figure, styled

Curves = Mapping[int, Mapping[int, float]]
Drawn = tuple[NDArray[np.float64], NDArray[np.float64]]


def optimism_curves(
    figures: ArrayLike, candidates: Sequence[int], images: Sequence[int], *, draws: int = 600
) -> dict[int, dict[int, float]]:
    """Number of images -> number of candidates -> mean of the chosen network there minus its mean on other images."""
    found: dict[int, dict[int, float]] = {}
    for count in images:
        found[count] = {}
        for offered in candidates:
            said, fresh = chosen_and_fresh(figures, offered, count, draws=draws)
            found[count][offered] = float((said - fresh).mean())
    return found


def selection_figure(
    drawn: Mapping[str, Drawn], curves: Curves, mark: tuple[int, int] | None = None, *, label: str = "mean JA"
) -> Figure:
    """Left, a panel for each entry of `drawn`: what the chosen network reaches on the images it was chosen on, and on
    others. Right: the mean distance of the two against the number of candidates, a line per number of images.

    `mark` = (images, candidates) puts a ring on one point of the curves.
    """
    figure, _ = new_figure(1, 1, height=1.4 + 1.5 * max(len(drawn), 2))
    figure.clear()
    with styled():
        grid = figure.add_gridspec(len(drawn), 2, width_ratios=(1.15, 1))
        every = np.concatenate([part for pair in drawn.values() for part in pair])
        edges = np.linspace(np.floor(every.min() * 50) / 50, np.ceil(every.max() * 50) / 50, 61)
        for place, (name, (said, fresh)) in enumerate(drawn.items()):
            panel = figure.add_subplot(grid[place, 0])
            _draw_heaps(panel, said, fresh, edges, name, legend=place == 0)
            if place == len(drawn) - 1:
                panel.set_xlabel(label)
        _draw_curves(figure.add_subplot(grid[:, 1]), curves, mark, label)
    return figure


def _draw_heaps(
    panel: Axes,
    said: NDArray[np.float64],
    fresh: NDArray[np.float64],
    edges: NDArray[np.float64],
    name: str,
    legend: bool,
) -> None:
    panel.hist(fresh, edges.tolist(), color=SKY, alpha=0.8, label="on other images")
    panel.hist(said, edges.tolist(), histtype="step", color=VERMILLION, linewidth=2, label="where it was chosen")
    panel.axvline(fresh.mean(), color=BLUE, linewidth=2)
    panel.axvline(said.mean(), color=VERMILLION, linewidth=2, linestyle="--")
    panel.set_title(f"{name}: {said.mean():.3f} said, {fresh.mean():.3f} kept", fontsize=10)
    panel.set_yticks([])
    panel.grid(visible=False)
    if legend:
        panel.legend(loc="upper left", handlelength=1.2)


def _draw_curves(panel: Axes, curves: Curves, mark: tuple[int, int] | None, label: str) -> None:
    styles = zip((VERMILLION, ORANGE, GREEN, BLUE, PURPLE, INK), ("o", "s", "^", "D", "v", "P"), strict=True)
    for (images, line), (colour, marker) in zip(curves.items(), styles, strict=False):
        panel.plot(list(line), list(line.values()), marker=marker, color=colour, label=f"{images} images")
    if mark is not None:
        images, candidates = mark
        panel.plot(candidates, curves[images][candidates], "o", ms=17, mfc="none", mec=INK, mew=2, zorder=6)
    panel.axhline(0, color=INK, linewidth=1)
    counts = sorted({count for line in curves.values() for count in line})
    panel.set_xscale("log")
    panel.set_xticks(counts, [str(count) for count in counts])
    panel.minorticks_off()
    panel.set_xlabel("networks to choose from")
    panel.set_ylabel(f"optimism: {label} said minus kept")
    panel.set_title("more choice: more optimism; more images: less")
    panel.legend(loc="upper left", title="chosen on", title_fontsize=9)
