"""What pyramid edge extraction (PEE) sees: the map minus its local average, at each stage and window size."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.explain.trace import Trace
from banet_edu.plots.maps import STAGES, colour_bar, draw_map, need, panels, picture_of, size_text
from banet_edu.plots.style import draw_image, styled


def pyramid_figure(trace: Trace, image: NDArray[np.uint8] | None = None, *, title: str = "") -> Figure:
    """Edge maps: a row for each window size (narrow to wide), a column for each stage (fine to coarse).

    Each panel shows the mean of |edge_k| over the channels, with edge_k = R - AvgPool_k(R); in the average form, whose
    fusion sees AvgPool_k(R) itself, the difference is taken here. Each has its own scale, from 0 to its 99th
    percentile, because stages differ in magnitude: compare where the edges lie, not how bright they are.
    `image` (H x W x 3 uint8) is drawn first where given. Formula: `banet_edu.models.pee`.

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


def edge_maps(trace: Trace, stage: int) -> dict[int, NDArray[np.float32]]:
    """Window size -> mean |R - AvgPool_k(R)| over the channels, h x w, of one stage; empty where PEE is off."""
    start = f"stage{stage}.pee."
    maps = {}
    for name in trace.names():
        if name.startswith(f"{start}edge_k"):
            maps[int(name.rpartition("_k")[2])] = trace.map(name, "mean_abs")
        elif name.startswith(f"{start}average_k"):
            difference = trace[f"{start}input"] - trace[name]
            maps[int(name.rpartition("_k")[2])] = difference[0].abs().mean(dim=0).cpu().numpy().astype(np.float32)
    return dict(sorted(maps.items()))
