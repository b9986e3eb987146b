"""BA-Net's blocks at work on one image, from what `explain.inside.blocks` reads in its trace.

Pyramid edge extraction (PEE): the map minus its local average, at each stage and window size. Interactive attention (IA):
where each branch listens to the other, with the exchange drawn. Cross feature fusion (CFF): which stage listens to which, as a
matrix, and where, as maps.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from banet_edu.explain.inside.blocks import STAGES, edge_maps, gate_matrix, gate_name, need, taken_over
from banet_edu.explain.inside.trace import Trace
from banet_edu.figures.maps import STRENGTH, colour_bar, draw_map, panels, picture_of, scale, size_text
from banet_edu.figures.style import BLUE, ORANGE, VERMILLION, draw_image, new_figure, styled

_FORMULA = {
    ("seg", "release"): "object branch\nS = s + (1 − aₛ) e",
    ("edge", "release"): "edge branch\nE = e + (1 − aₑ) s",
    ("edge", "blog"): "edge branch\nE = e + a s,  a = sigmoid(s)",
}
_SAID = {"seg": "object ← edge", "edge": "object → edge"}
_COLOUR = {
    "seg": VERMILLION,
    "edge": BLUE,
}  # of the branch that sends: the object branch is blue, the edge branch orange


def pyramid_figure(trace: Trace, image: NDArray[np.uint8] | None = None, *, title: str = "") -> Figure:
    """Edge maps: a row for each window size (narrow to wide), a column for each stage (fine to coarse).

    Each panel shows the mean of |edge_k| over the channels, with edge_k = R - AvgPool_k(R); in the average form, whose
    fusion sees AvgPool_k(R) itself, the difference is taken all the same. Each has its own scale, from 0 to its 99th
    percentile, because stages differ in magnitude: compare where the edges lie, not how bright they are.
    `image` (H x W x 3 uint8) is drawn first where given. Formula: `banet_edu.banet.pee`.

    Raises ValueError for a network without PEE.

    >>> from banet_edu import create_model
    >>> from banet_edu.explain import probe
    >>> figure = pyramid_figure(probe(create_model("banet", preset="nano"), np.zeros((64, 64, 3), np.uint8)))
    >>> figure.axes[0].get_title()
    'stage 1, k = 5\\n16 × 16'
    """
    edges = {i: edge_maps(trace, i) for i in STAGES}
    if not any(edges.values()):
        need(trace, ".pee.edge_k", "edge pyramid (PEE)")
    rows, extra = max(map(len, edges.values())), int(image is not None)
    figure, axes = panels(rows, 4 + extra, trace, image)
    used = []
    with styled():
        if image is not None:  # a column of its own, so that the maps keep their rows and columns
            size, spacing = picture_of(trace, image)
            draw_image(axes[0, 0], image, size, spacing_mm=spacing)
            axes[0, 0].set_title("image")
            used.append(axes[0, 0])
        for column, i in enumerate(STAGES, start=extra):
            for row, (kernel, values) in enumerate(edges[i].items()):
                cell = axes[row, column]
                top = float(np.quantile(values, 0.99)) or 1.0
                drawn = draw_map(cell, values / top, trace, image, vmin=0, vmax=1)
                cell.set_title(f"stage {i}, k = {kernel}\n{size_text(values)}")
                used.append(cell)
        colour_bar(figure, drawn, used, "edge strength: mean of |R − average of R over k × k cells| over the channels "
                   "(1: the panel's 99th percentile)")  # fmt: skip
        for cell in axes.ravel():
            if cell not in used:
                cell.remove()
        if title:
            figure.suptitle(title)
    return figure


def attention_figure(trace: Trace, image: NDArray[np.uint8] | None = None, *, title: str = "") -> Figure:
    """A column for each stage: what the object branch takes over from the edge branch (upper map), and the other way.

    Drawn is the share TAKEN OVER, mean over the channels: 1 - a in the release's form S = s + (1 - a_s) e, the weight
    itself in the blog's, which has one direction only. 0: the branch keeps to itself; 1: all of the other one is added.
    Arrows between the maps give the direction, the mean share, and by their width how strong it is. All maps have one
    scale, from the smallest to the largest value (0.1 at least). `image` (H x W x 3 uint8) is drawn at the left where given.

    Raises ValueError for a network without interactive attention. Formulas: `banet_edu.banet.mini_mtl`.
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


def gate_matrix_figure(trace: Trace, *, effective: bool = False, title: str = "") -> Figure:
    """The 4 x 4 gates of CFF as coloured cells with their numbers (`gate_matrix`): 0 is closed, 1 open.

    The diagonal, framed, is each stage's own gate: near 1 the stage listens to none of the others. With `effective`
    the cells are the shares (1 - own gate) x gate of the other stages' maps that really arrive. Means over channels and
    pixels lie near 0.5, so the colours cover the part of 0..1 that occurs (0.2 of it at least), as the bar says.

    Raises ValueError for a network without CFF. Formula: `banet_edu.banet.cff`.
    """
    matrix = gate_matrix(trace, effective=effective)
    low, high = scale([matrix[~np.eye(4, dtype=bool)] if effective else matrix], least=0.2)
    figure, [[axes]] = new_figure(height=5.2, width=6.6)
    with styled():
        drawn = axes.imshow(matrix, cmap=STRENGTH, vmin=low, vmax=high)
        axes.grid(visible=False)
        for i in range(4):
            for j in range(4):
                own = "\nits own map" if effective else "\nown gate"
                text = f"{matrix[i, j]:.2f}{own if i == j else ''}"
                colour = "black" if matrix[i, j] > (low + high) / 2 else "white"
                axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=11 if i != j else 10)
            axes.add_patch(Rectangle((i - 0.46, i - 0.46), 0.92, 0.92, fill=False, edgecolor=ORANGE, linewidth=3))
        for ticks in (axes.set_xticks, axes.set_yticks):
            ticks(range(4), [f"stage {i}" + {1: "\n(fine)", 4: "\n(coarse)"}.get(i, "") for i in STAGES])
        axes.set_xlabel("… to this stage's map")
        axes.set_ylabel("this stage listens …")
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(drawn, ax=axes, fraction=0.046, pad=0.03, extend="max" if effective else "neither")
        said = "share (1 − own gate) × gate" if effective else "gate"
        bar.set_label(f"{said}, mean over cells and channels\n0: nothing passes      1: all passes")
        axes.set_title(title or ("Share of each stage's map that arrives" if effective else "Gates of the fusion"))
    return figure


def gate_maps_figure(trace: Trace, stage: int, image: NDArray[np.uint8] | None = None, *, title: str = "") -> Figure:
    """Where the four gates at one stage (1 to 4) are open: maps of their means over the channels, on one scale.

    The own gate comes first, framed: where it is near 1, the stage listens to none of the others. `image`
    (H x W x 3 uint8) is drawn at the left where given.

    Raises ValueError for a stage that is not 1 to 4 and a network without CFF.
    """
    if stage not in STAGES:
        raise ValueError(f"stage must be 1, 2, 3 or 4, got {stage}")
    need(trace, ".cff.gate_own", "cross feature fusion (CFF)")
    sources = [stage, *(j for j in STAGES if j != stage)]
    maps = {j: trace.map(gate_name(stage, j)) for j in sources}
    low, high = scale(maps.values())
    extra = int(image is not None)
    figure, axes = panels(1, 4 + extra, trace, image, above=0.5, below=1.2)
    with styled():
        if image is not None:
            size, spacing = picture_of(trace, image)
            draw_image(axes[0, 0], image, size, spacing_mm=spacing)
            axes[0, 0].set_title("image")
        for cell, (j, values) in zip(axes[0, extra:], maps.items(), strict=True):
            drawn = draw_map(cell, values, trace, image, vmin=low, vmax=high)
            said = f"own gate of stage {stage}" if j == stage else f"gate for stage {j}"
            cell.set_title(f"{said}\nmean {values.mean():.2f}")
            if j == stage:
                for spine in cell.spines.values():
                    spine.set(visible=True, color=ORANGE, linewidth=3)
        shape = size_text(maps[stage])
        colour_bar(figure, drawn, axes[0], f"gate at stage {stage} ({shape}), mean over the channels\n"
                   "0: nothing passes      1: all passes      own gate (framed) 1: hears none of the others")  # fmt: skip
        if title:
            figure.suptitle(title)
    return figure
