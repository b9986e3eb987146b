"""Interactive attention (IA): where each branch listens to the other, at every stage, with the exchange drawn."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.explain.trace import Trace
from banet_edu.plots.maps import colour_bar, draw_map, need, panels, picture_of, scale, size_text
from banet_edu.plots.style import BLUE, VERMILLION, draw_image, styled

_FORMULA = {
    ("seg", "release"): "object branch\nS = s + (1 − a$_s$) e",
    ("edge", "release"): "edge branch\nE = e + (1 − a$_e$) s",
    ("edge", "blog"): "edge branch\nE = e + a s,  a = sigmoid(s)",
}
_SAID = {"seg": "object ← edge", "edge": "object → edge"}
_COLOUR = {"seg": BLUE, "edge": VERMILLION}


def attention_figure(trace: Trace, image: NDArray[np.uint8] | None = None, *, title: str = "") -> Figure:
    """A column for each stage: what the object branch takes over from the edge branch (upper map), and the other way.

    Drawn is the share TAKEN OVER, mean over the channels: 1 - a in the release's form S = s + (1 - a_s) e, the weight
    itself in the blog's, which has one direction only. 0: the branch keeps to itself; 1: all of the other one is added.
    Arrows between the maps give the direction, the mean share, and by their width how strong it is. All maps have one
    scale, from the smallest to the largest value (0.1 at least). `image` (H x W x 3 uint8) is drawn at the left where given.

    Raises ValueError for a network without interactive attention. Formulas: `banet_edu.models.mini_mtl`.
    """
    stages = need(trace, ".ia.edge_weight", "interactive attention (IA)")
    form = "release" if f"stage{stages[0]}.ia.seg_weight" in trace else "blog"
    tasks = ["seg", "edge"] if form == "release" else ["edge"]
    shares = {(task, i): taken_over(trace, i, task) for task in tasks for i in stages}
    low, high = scale(shares.values())

    extra = int(image is not None)
    figure, axes = panels(len(tasks), len(stages) + extra, trace, image, above=0.7, below=1.0)
    rows = dict(zip(tasks, axes, strict=True))
    with styled():
        if image is not None:
            size, spacing = picture_of(trace, image)
            draw_image(axes[0, 0], image, size, spacing_mm=spacing)
            axes[0, 0].set_title("image")
        for column, i in enumerate(stages, start=extra):
            for task in tasks:
                drawn = draw_map(rows[task][column], shares[task, i], trace, image, vmin=low, vmax=high)
            axes[0, column].set_title(f"stage {i}\n{size_text(shares['edge', i])}")
            _exchange(rows["edge"][column], {task: float(shares[task, i].mean()) for task in tasks})
        for task in tasks:
            rows[task][extra].set_ylabel(_FORMULA[task, form])
        colour_bar(figure, drawn, axes.ravel(),
                   f"share taken over from the other branch, {'1 − a' if form == 'release' else 'a'}, mean over the channels\n"
                   "0: keeps to itself      1: adds all of the other branch")  # fmt: skip
        for cell in axes[1:, :extra].ravel():
            cell.remove()
        if title:
            figure.suptitle(title)
    return figure


def taken_over(trace: Trace, stage: int, task: str) -> NDArray[np.float32]:
    """How much the branch ("seg" or "edge") adds of the other one, 0..1, mean over the channels, h x w."""
    weight = trace.map(f"stage{stage}.ia.{task}_weight")
    return 1 - weight if f"stage{stage}.ia.seg_weight" in trace else weight


def _exchange(axes: Axes, means: dict[str, float]) -> None:
    """Arrows and mean shares above the edge branch's map; up: the object branch hears the edge branch."""
    said = [f"{_SAID[task]} {mean:.2f}" for task, mean in means.items()]
    axes.set_title("\n".join(filter(None, [axes.get_title(), *said])), fontsize=10, pad=7)
    for task, mean in means.items():
        axes.annotate(
            "", xy=(0.04 if task == "seg" else 0.96, 1), xycoords="axes fraction", xytext=(0, 15 * len(means) + 1),
            textcoords="offset points", annotation_clip=False,
            arrowprops={"arrowstyle": "<|-" if task == "seg" else "-|>", "color": _COLOUR[task], "lw": 1 + 4 * mean,
                        "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
