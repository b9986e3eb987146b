"""What pyramid edge extraction (PEE) sees: the image minus its local average, at each stage and window size."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.plots.style import WIDTH, draw_image, new_figure, styled


def edges_figure(
    maps: Mapping[str, NDArray[np.floating]],
    *,
    image: NDArray[np.uint8] | None = None,
    columns: int = 4,
    title: str = "",
) -> Figure:
    """A grid of edge maps, one panel per entry of `maps` (name -> h x w, or C x h x w as the mean |edge| of C).

    Each panel has its own scale, from 0 to its 99th percentile, because stages differ in magnitude: compare where
    the edges lie, not how bright they are. `image` (H x W x 3 uint8) is drawn first where given.

    Raises ValueError on an empty mapping or a map that is not 2-D or 3-D.
    """
    if not maps:
        raise ValueError("edges_figure needs at least one map; `maps` is empty")
    panels = {name: _strength(name, values) for name, values in maps.items()}
    columns = min(columns, len(panels))
    rows, extra = ceil(len(panels) / columns), int(image is not None)
    figure, axes = new_figure(rows, columns + extra, height=0.4 + rows * (0.35 + (WIDTH - 0.9) / (columns + extra)))
    cells = list(axes[:, extra:].ravel())
    with styled():
        if image is not None:  # a column of its own, so that the maps keep their rows and columns
            draw_image(axes[0, 0], image)
            axes[0, 0].set_title("image")
        for (name, values), cell in zip(panels.items(), cells, strict=False):
            top = float(np.quantile(values, 0.99)) or 1.0
            drawn = cell.imshow(values / top, cmap="cividis", vmin=0, vmax=1, interpolation="nearest")
            cell.set_title(f"{name}\n{values.shape[0]} × {values.shape[1]}")
            cell.set_axis_off()
        bar = figure.colorbar(drawn, ax=cells[: len(panels)], fraction=0.05, pad=0.01)
        bar.set_label("edge strength (1: the panel's 99th percentile)")
        for cell in [*cells[len(panels) :], *axes[1:, :extra].ravel()]:
            cell.remove()
        if title:
            figure.suptitle(title)
    return figure


def _strength(name: str, values: NDArray[np.floating]) -> NDArray[np.float64]:
    array = np.abs(np.asarray(values, dtype=np.float64))
    if array.ndim == 3:
        array = array.mean(axis=0)
    if array.ndim != 2:
        raise ValueError(f"map {name!r} must be h x w or C x h x w, got shape {np.shape(values)}")
    return array
