"""One exchange of interactive attention, step by step: own map, the other's, the share taken over, the result."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from numpy.typing import NDArray

from banet_edu.explain.inside.blocks import need, taken_over
from banet_edu.explain.inside.trace import Trace
from banet_edu.explain.inside.zones import zone_means
from banet_edu.figures.contour import draw_lines, mask_outlines
from banet_edu.figures.maps import draw_map, panels, picture_of, size_text
from banet_edu.figures.style import BLUE, INK, REFERENCE, VERMILLION, draw_image, new_figure, styled

# Of each task: own branch and its symbol, the other branch and its symbol, the result.
NAMES = {"seg": ("object", "s", "edge", "e", "S"), "edge": ("edge", "e", "object", "s", "E")}
SHARE_LIMITS = (0.35, 0.65)  # of the share's colours: the same at every setting


def exchange_figure(
    trace: Trace, stage: int, task: str, image: NDArray[np.uint8], reference: NDArray[np.bool_], *, title: str = ""
) -> Figure:
    """What one branch of one stage takes over from the other, in the release's form S = s + (1 - a_s) e.

    Args:
        trace: of a BA-Net with interactive attention of the release's form; `reference` h x w bool of its picture's size.
        stage: 1 to 4. task: "seg" (the object branch listens) or "edge".

    Panels: the image; the strength |own|, |other| (mean of absolute values over the channels); the share taken over,
    1 - a, with its means inside, on the boundary and outside; the strength of what arrives, (1 - a) |other|; the strength
    of the result. The four strengths have one scale, so that what arrives is seen to be less than what was sent.

    Raises ValueError for another task, stage or form of attention.
    """
    if task not in NAMES or stage not in (1, 2, 3, 4):
        raise ValueError(f'task is "seg" or "edge" and stage 1 to 4, got {task!r} and {stage}')
    need(trace, ".ia.seg_weight", "interactive attention of the release's form")
    own, own_sign, other, other_sign, result_sign = NAMES[task]
    start = f"stage{stage}"
    other_task = "edge" if task == "seg" else "seg"
    share = taken_over(trace, stage, task)
    weight, value = trace[f"{start}.ia.{task}_weight"], trace[f"{start}.branch.{other_task}"]
    taken = ((1 - weight) * value)[0].abs().mean(dim=0).cpu().numpy()
    size, spacing = picture_of(trace, image)
    figure, axes = panels(2, 3, trace, image, above=0.62, below=0.6)
    with styled():
        draw_image(axes[0, 0], image, size, spacing_mm=spacing)
        axes[0, 0].set_title(f"image\nstage {stage}: {size_text(share)} cells")
        own_map = trace.map(f"{start}.branch.{task}", "mean_abs")
        other_map = trace.map(f"{start}.branch.{other_task}", "mean_abs")
        result = trace.map(f"{start}.ia.{task}", "mean_abs")
        top = max(float(np.quantile(values, 0.99)) for values in (own_map, other_map, taken, result)) or 1.0
        for cell, values, said in (
            (axes[0, 1], own_map, f"own: {own} branch {own_sign}"),
            (axes[0, 2], other_map, f"other: {other} branch {other_sign}"),
            (axes[1, 1], taken, f"what arrives: (1 − a) {other_sign}"),
            (axes[1, 2], result, f"result: {result_sign} = {own_sign} + (1 − a) {other_sign}"),
        ):
            draw_map(cell, values, trace, image, vmin=0, vmax=top)
            cell.set_title(f"{said}\nmean strength {values.mean():.2f}")
        low, high = SHARE_LIMITS
        draw_map(axes[1, 0], share, trace, image, vmin=low, vmax=high)
        zones = ["–" if np.isnan(m) else f"{m:.2f}" for m in zone_means(share, reference)]
        means = f"inside {zones[0]} · boundary {zones[1]} · outside {zones[2]}"
        axes[1, 0].set_title(f"share 1 − a (dark {low:g}, yellow {high:g})\n{means}", fontsize=10)
        for cell in axes.ravel():
            draw_lines(cell, mask_outlines(reference), colour=REFERENCE, width=1.0)
        figure.supxlabel(
            f"the four maps of strength: mean of |values| over the channels, dark 0, yellow {top:.1f} or more"
        )
        if title:
            figure.suptitle(title)
    return figure


def exchange_diagram() -> Figure:
    """The exchange at one cell as a drawing: what stays whole, what is taken over, and where each weight comes from."""
    figure, [[axes]] = new_figure(height=2.9)
    with styled():
        axes.set_axis_off()
        axes.set_xlim(-1.1, 11.1)
        axes.set_ylim(-0.55, 2.55)
        for y, other_y, own, other, result, colour, said in (
            (2.0, 0.0, "s", "e", "S", BLUE, "object branch"),
            (0.0, 2.0, "e", "s", "E", VERMILLION, "edge branch"),
        ):
            sign = 1 if y > other_y else -1
            weight = "aₛ" if own == "s" else "aₑ"
            gate = (7.0, y - 0.5 * sign)
            box(axes, (0.0, y), f"{said}\n{own}", colour, wide=1.9)
            box(axes, (10.0, y), f"after the exchange\n{result}", colour, wide=2.0)
            arrow(axes, (1.0, y), (9.0, y), colour)
            axes.text(4.6, y + 0.13 * sign, f"{own} stays whole", ha="center", va="center")
            arrow(axes, (1.0, other_y - 0.15 * -sign), (gate[0] - 0.6, gate[1]), VERMILLION if own == "s" else BLUE)
            arrow(axes, (gate[0] + 0.6, gate[1]), (9.0, y - 0.15 * sign), VERMILLION if own == "s" else BLUE)
            arrow(axes, (1.0, y - 0.1 * sign), (gate[0] - 0.6, gate[1] + 0.08 * sign), colour, line=":")
            axes.text(*gate, f"(1 − {weight}) {other}", ha="center", va="center", zorder=4,
                      bbox={"boxstyle": "round", "facecolor": "w", "edgecolor": INK})  # fmt: skip
        axes.text(3.2, 1.0, "dotted: each branch computes its own weight a", ha="right", va="center")
    return figure


def box(axes: Axes, at: tuple[float, float], text: str, colour: str, *, wide: float) -> None:
    """A filled box around `at`, in the drawings of lessons 04 and 05."""
    place = (at[0] - wide / 2, at[1] - 0.32)
    axes.add_patch(FancyBboxPatch(place, wide, 0.64, boxstyle="round,pad=0.05", facecolor=colour, edgecolor=colour))
    axes.text(*at, text, ha="center", va="center", color="w")


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, *, line: str = "-") -> None:
    """An arrow from start to end; `line` is a style of matplotlib's."""
    drawn = {"arrowstyle": "->", "color": colour, "linewidth": 1.8, "linestyle": line, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=drawn)
