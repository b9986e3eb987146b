"""What `align_corners` does to a boundary when a coarse map is enlarged, along one row of pixels.

Two Dice losses side by side, seen from outside only: perfect answers of every size, and an empty image.

How much a chosen network promises, and how much it keeps: the optimism of choosing on the images one reports on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from banet_edu.course.lesson10.selection import chosen_and_fresh
from banet_edu.figures.style import BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION, new_figure, styled

WIDTH = 256  # pixels of the row
PLACES = (7, 247)  # where a boundary may lie: at every stride there is a cell on either side of it
Grid = Literal["blocks", "samples"]
GRIDS: dict[str, Grid] = {"means of blocks": "blocks", "every s-th pixel": "samples"}
_LOOKS = {False: (BLUE, "-", "align_corners=False"), True: (VERMILLION, "--", "align_corners=True")}


def cell_centres(stride: int, grid: Grid, width: int = WIDTH) -> NDArray[np.float64]:
    """Where the cells of a map lie, in pixels of the image (pixel 0 has its centre at 0).

    "blocks": each cell speaks for `stride` pixels, as after average pooling. "samples": cell i lies on pixel i x stride,
    as behind a convolution with that stride and odd kernel, padded on both sides (a ResNet).

    >>> cell_centres(4, "blocks", 12).tolist(), cell_centres(4, "samples", 12).tolist()
    ([1.5, 5.5, 9.5], [0.0, 4.0, 8.0])
    """
    if grid not in ("blocks", "samples"):
        raise ValueError(f'the grid is "blocks" or "samples", not {grid!r}')
    first = (stride - 1) / 2 if grid == "blocks" else 0.0
    return first + stride * np.arange(width // stride, dtype=float)


def enlarged(stride: int, position: float, grid: Grid, align_corners: bool) -> NDArray[np.float64]:
    """A boundary at `position`, known exactly at the cells (a ramp from 1 to 0 across it), enlarged to WIDTH pixels."""
    cells = np.clip(0.5 + (position - cell_centres(stride, grid)) / (4 * stride), 0, 1)
    values = torch.from_numpy(cells)[None, None, None]
    size = (1, WIDTH)
    result: NDArray[np.float64] = F.interpolate(values, size=size, mode="bilinear", align_corners=align_corners)[
        0, 0, 0
    ].numpy()
    return result


def boundary_shift(stride: int, position: float, grid: Grid = "samples", align_corners: bool = False) -> float:
    """By how many pixels the boundary moves, to the right positive: where the enlarged row crosses 0.5.

    >>> [round(boundary_shift(4, 200, "blocks", a), 2) for a in (False, True)]
    [0.0, 0.86]
    """
    values = enlarged(stride, position, grid, align_corners)
    last = int(np.flatnonzero(values >= 0.5)[-1])  # the last pixel inside
    if last == WIDTH - 1:
        raise ValueError(f"the boundary at {position} leaves the row of {WIDTH} pixels")
    step = float((values[last] - 0.5) / (values[last] - values[last + 1]))
    return last + step - position


def align_corners_figure(stride: int, position: int, grid: Grid, pixel_mm: float) -> Figure:
    """The row around the boundary, enlarged in both ways; and the shift of a boundary anywhere in the row."""
    figure, [[row, shifts]] = new_figure(1, 2, height=4.1)
    with styled():
        _draw_row(row, stride, position, grid, pixel_mm)
        _draw_shifts(shifts, stride, grid, pixel_mm, position)
    return figure


def align_corners_overview(strides: Sequence[int], pixel_mm: float) -> Figure:
    """The shift of a boundary anywhere in the row, a column per stride, a row per grid: the sliders as a still picture."""
    figure, axes = new_figure(2, len(strides), height=5.6, sharex=True, sharey=True)
    with styled():
        for line, grid in zip(axes, GRIDS.values(), strict=True):
            for panel, stride in zip(line, strides, strict=True):
                _draw_shifts(panel, stride, grid, pixel_mm, None, legend=panel is axes[0, 0])
        for panel in axes[0]:
            panel.set_xlabel("")
        for panel in axes[:, 1:].ravel():
            panel.set_ylabel("")
    return figure


def _draw_row(panel: Axes, stride: int, position: int, grid: Grid, pixel_mm: float) -> None:
    low, high = max(0, position - 2.5 * stride - 4), min(WIDTH - 1, position + 2.5 * stride + 4)
    for aligned, (colour, line, name) in _LOOKS.items():
        values = enlarged(stride, position, grid, aligned)
        panel.plot(np.arange(WIDTH), values, line, color=colour, linewidth=2)
        moved = boundary_shift(stride, position, grid, aligned)
        said = f"{name}: {moved:+.1f} px = {moved * pixel_mm:+.1f} mm"
        panel.plot(position + moved, 0.5, "os"[aligned], color=colour, markersize=9, label=said)
    panel.plot([position, position], [-0.05, 1.05], color=INK, linewidth=1.5)  # ends below the legend
    panel.axhline(0.5, color=INK, linewidth=0.8, linestyle=":")
    panel.set_xlim(low, high)
    panel.set_ylim(-0.05, 1.42)
    panel.set_yticks([0, 0.5, 1])
    panel.set_xlabel("pixel of the row")
    panel.set_ylabel("probability of the object")
    panel.set_title(f"boundary at pixel {position} (black line), stride {stride}")
    panel.legend(loc="upper right")


def _draw_shifts(
    panel: Axes, stride: int, grid: Grid, pixel_mm: float, position: int | None, *, legend: bool = False
) -> None:
    places = np.linspace(*PLACES, 61)
    for aligned, (colour, line, name) in _LOOKS.items():
        shift = [boundary_shift(stride, float(place), grid, aligned) for place in places]
        panel.plot(places, shift, line, color=colour, linewidth=2, label=name)
        if position is not None:
            here = boundary_shift(stride, position, grid, aligned)
            panel.plot(position, here, "os"[aligned], color=colour, markersize=9)
    panel.axhline(0, color=INK, linewidth=1)
    panel.set_ylim(-8, 8)
    panel.set_xlabel("true place of the boundary (pixel)")
    panel.set_ylabel("shift (pixels, right is +)")
    said = "cells are means of blocks" if grid == "blocks" else "a cell on every s-th pixel"
    worst = max(abs(boundary_shift(stride, float(p), grid, a)) for p in (places[0], places[-1]) for a in _LOOKS)
    title = f"stride {stride}: {said}"
    panel.set_title(f"{title}\nup to {worst:.1f} px = {worst * pixel_mm:.1f} mm", fontsize=10)
    if legend:
        panel.legend(loc="lower right")


Loss = Callable[[NDArray[np.float64], NDArray[np.float64]], float]
_CELLS = 4096
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_LOSS_LOOKS = ((VERMILLION, "o-"), (BLUE, "s--"))


def dice_forms_figure(losses: Mapping[str, Loss]) -> Figure:
    """`losses`: one or two functions (probabilities, mask) -> loss of one image, by name."""
    figure, [[perfect, empty]] = new_figure(1, 2, height=3.7)
    nothing = np.zeros((1, _CELLS))
    spilt = np.linspace(0, 8, 33)  # sum of the probabilities on an image without an object
    with styled():
        for (name, loss), (colour, line) in zip(losses.items(), _LOSS_LOOKS, strict=False):
            answers = [(np.arange(_CELLS) < size).astype(float)[None] for size in SIZES]
            perfect.plot(SIZES, [loss(y, y) for y in answers], line, color=colour, label=name)
            values = [loss(nothing + total / _CELLS, nothing) for total in spilt]
            empty.plot(spilt, values, line, color=colour, markevery=4)
        for panel in (perfect, empty):
            panel.axhline(0, color=INK, linewidth=1)
            panel.set_ylabel("loss")
        perfect.set_xscale("log", base=2)
        ticks = (1, 4, 16, 64, 256, 1024)
        perfect.set_xticks(ticks, [str(tick) for tick in ticks])
        perfect.minorticks_off()
        perfect.set_xlabel("pixels of the object")
        perfect.set_title("perfect answers: a loss should say 0")
        perfect.legend(loc="lower right")
        empty.set_xlabel("sum of the probabilities")
        empty.set_title("an empty image: what a little too much costs")
    return figure


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
