"""Three ways in which a published figure may be off: a map was enlarged, a loss misjudges, the best was chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.course.lesson10.corners import PLACES, WIDTH, Enlarged
from banet_edu.course.lesson10.selection import Curves, Drawn
from banet_edu.figures.style import BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION, new_figure, styled

Loss = Callable[[NDArray[np.float64], NDArray[np.float64]], float]
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)  # of an object, in pixels
_CELLS = 4096  # pixels of an image whose loss is asked for
_ALIGNED = {False: (BLUE, "-", "o"), True: (VERMILLION, "--", "s")}


def align_corners_figure(enlarged: Enlarged, pixel_mm: float) -> Figure:
    """The row around the boundary, enlarged in both ways; and the shift of a boundary anywhere in the row."""
    figure, [[row, shifts]] = new_figure(1, 2, height=4.1)
    with styled():
        _draw_row(row, enlarged, pixel_mm)
        _draw_shifts(shifts, enlarged, pixel_mm)
    return figure


def _draw_row(panel: Axes, enlarged: Enlarged, pixel_mm: float) -> None:
    stride, position = enlarged.stride, enlarged.position
    low, high = max(0, position - 2.5 * stride - 4), min(WIDTH - 1, position + 2.5 * stride + 4)
    for aligned, (colour, line, marker) in _ALIGNED.items():
        panel.plot(np.arange(WIDTH), enlarged.rows[aligned], line, color=colour, linewidth=2)
        moved = enlarged.moved[aligned]
        said = f"align_corners={aligned}: {moved:+.1f} px = {moved * pixel_mm:+.1f} mm"
        panel.plot(position + moved, 0.5, marker, color=colour, markersize=9, label=said)
    panel.plot([position, position], [-0.05, 1.05], color=INK, linewidth=1.5)  # ends below the legend
    panel.axhline(0.5, color=INK, linewidth=0.8, linestyle=":")
    panel.set_xlim(low, high)
    panel.set_ylim(-0.05, 1.42)
    panel.set_yticks([0, 0.5, 1])
    panel.set_xlabel("pixel of the row")
    panel.set_ylabel("probability of the object")
    panel.set_title(f"boundary at pixel {position} (black line), stride {stride}")
    panel.legend(loc="upper right")


def _draw_shifts(panel: Axes, enlarged: Enlarged, pixel_mm: float) -> None:
    for aligned, (colour, line, marker) in _ALIGNED.items():
        panel.plot(PLACES, enlarged.shifts[aligned], line, color=colour, linewidth=2.4, zorder=3)
        panel.plot(enlarged.position, enlarged.moved[aligned], marker, color=colour, markersize=9)
    panel.axhline(0, color=INK, linewidth=1, zorder=1)
    panel.set_ylim(-8, 8)
    panel.set_xlabel("true place of the boundary (pixel)")
    panel.set_ylabel("shift (pixels, right is +)")
    said = "cells are means of blocks" if enlarged.grid == "blocks" else "a cell on every n-th pixel"
    worst = max(abs(enlarged.shifts[True][end]) for end in (0, -1))
    most = f"align_corners=True: up to {worst:.1f} px = {worst * pixel_mm:.1f} mm"
    panel.set_title(f"stride {enlarged.stride}: {said}\n{most}", fontsize=10)


def dice_forms_figure(losses: Mapping[str, Loss]) -> Figure:
    """Two losses seen from outside only: perfect answers of every size, and what an empty image costs.

    `losses`: one or two functions (probabilities, mask) -> loss of one image, by name.
    """
    figure, [[perfect, empty]] = new_figure(1, 2, height=3.7)
    nothing = np.zeros((1, _CELLS))
    spilt = np.linspace(0, 8, 33)  # sum of the probabilities on an image without an object
    with styled():
        for (name, loss), (colour, line) in zip(losses.items(), ((VERMILLION, "o-"), (BLUE, "s--")), strict=False):
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


def selection_figure(
    name: str,
    drawn: Drawn,
    curves: Curves,
    mark: tuple[int, int] | None = None,
    *,
    label: str = "mean JA",
    span: tuple[float, float] | None = None,
) -> Figure:
    """Left: what the chosen network reaches on the images it was chosen on, and on others. Right: the mean distance of the
    two against the number of candidates, a line per number of images.

    `mark` = (images, candidates) puts a ring on one point of the curves. `span`: the lowest and the highest figure at the left,
    None: those of `drawn`.
    """
    figure, [[heaps, optimism]] = new_figure(1, 2, height=4.4, width_ratios=(1.15, 1))
    with styled():
        _draw_heaps(heaps, *drawn, name, span)
        heaps.set_xlabel(label)
        _draw_curves(optimism, curves, mark, label)
    return figure


def _draw_heaps(
    panel: Axes, said: NDArray[np.float64], fresh: NDArray[np.float64], name: str, span: tuple[float, float] | None
) -> None:
    every = np.concatenate([said, fresh])
    low, high = span or (float(every.min()), float(every.max()))
    edges = np.linspace(np.floor(low * 50) / 50, np.ceil(high * 50) / 50, 61)
    panel.set_xlim(edges[0], edges[-1])
    panel.hist(fresh, edges.tolist(), color=SKY, alpha=0.8, label="on other images")
    panel.hist(said, edges.tolist(), histtype="step", color=VERMILLION, linewidth=2, label="where it was chosen")
    panel.axvline(fresh.mean(), color=BLUE, linewidth=2, label="its mean: kept")
    panel.axvline(said.mean(), color=VERMILLION, linewidth=2, linestyle="--", label="its mean: said")
    panel.set_title(f"{name}: {said.mean():.3f} said, {fresh.mean():.3f} kept", fontsize=10)
    panel.set_yticks([])
    panel.set_ylabel("how many draws")
    panel.grid(visible=False)
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
