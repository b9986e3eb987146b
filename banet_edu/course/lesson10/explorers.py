"""Two ways in which a published figure or contour is off: the best was chosen, and a map was enlarged."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from banet_edu.course.lesson10.corners import ENDS, GRIDS, Grid, enlarged_both_ways
from banet_edu.course.lesson10.figures import align_corners_figure, selection_figure
from banet_edu.course.lesson10.selection import Drawn, chosen_and_fresh, optimism_curves
from banet_edu.course.panel import Panel, choice

if TYPE_CHECKING:
    import pandas as pd


def selection_explorer(figures: pd.DataFrame, *, draws: int = 1000) -> Panel:
    """Choose the best of some networks on some images: what is said of it there, and what it keeps on other images.

    `figures`: one row per image, one column per network, higher is better, no missing figure.
    """
    table = figures.to_numpy(dtype=float)
    total, networks = table.shape
    candidates = sorted({k for k in (1, 2, 5, 10, 20) if k < networks} | {networks})
    images = [n for n in (6, 12, 24, 48, 96) if n < total]
    curves = optimism_curves(table, candidates, images, draws=max(draws // 3, 50))

    @cache
    def drawn(offered: int, count: int) -> Drawn:
        return chosen_and_fresh(table, offered, count, draws=draws)

    def span() -> tuple[float, float]:  # one axis for all settings: the fewest images scatter most
        every = np.concatenate([*drawn(1, images[0]), *drawn(networks, images[0])])
        low, high = np.quantile(every, (0.002, 0.998))
        return float(low), float(high)

    def name(offered: int, count: int) -> str:
        return f"{f'best of {offered}' if offered > 1 else 'one, not chosen'}, {count} images"

    def render(offered: int, count: int) -> Figure:
        return selection_figure(name(offered, count), drawn(offered, count), curves, (count, offered), span=span())

    return Panel(
        render,
        {
            "offered": choice("networks to choose from", {str(k): k for k in candidates}, candidates[-1]),
            "count": choice("images to choose on", {str(n): n for n in images}, images[1]),
        },
        alt="What the best of several networks reaches on the images it was chosen on, and what it keeps on others.",
        still=[{"offered": 1}, {"offered": networks}],
    )


def align_corners_explorer(pixel_mm: float) -> Panel:
    """Choose the stride, the place of a boundary and how cells lie on pixels; see by how much enlarging moves it."""

    def render(stride: int, position: int, grid: Grid) -> Figure:
        return align_corners_figure(enlarged_both_ways(stride, position, grid), pixel_mm)

    return Panel(
        render,
        {
            "stride": choice("stride n", {str(s): s for s in (2, 4, 8)}, 8),
            "position": ipywidgets.IntSlider(215, *ENDS, 16, description="boundary (pixel)", continuous_update=False),
            "grid": choice("a cell holds", GRIDS, "samples"),
        },
        alt="One row of pixels: a boundary enlarged from a coarse map with align_corners False and True, and its shift.",
        still=[{"grid": grid} for grid in GRIDS.values()],
    )
