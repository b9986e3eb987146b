"""Inner signals as pictures: how `blocks` and `ladder` draw a map of a trace, and what is left of maps in three zones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from banet_edu.explain.inside.trace import Trace
from banet_edu.explain.inside.zones import ZONES
from banet_edu.figures.style import BLUE, MODEL_COLOURS, WIDTH, new_figure, proportion, styled

STRENGTH = "cividis"  # from 0 up: dark blue to yellow, read alike by all eyes


def picture_of(trace: Trace, image: NDArray[Any] | None) -> tuple[tuple[int, int], tuple[float, float] | None]:
    """(height, width) and pixel size of the pictures: the prediction's, else the image's, else the network's input's."""
    if trace.prediction is not None:
        return trace.prediction.mask.shape, trace.prediction.spacing_mm
    height, width = trace.input_size if image is None else image.shape[:2]
    return (height, width), None


def panels(
    rows: int, columns: int, trace: Trace, image: NDArray[Any] | None, *, above: float = 0.45, below: float = 0.9
) -> tuple[Figure, NDArray[Any]]:
    """A grid of axes of the picture's proportions; `above` inches for each panel's title, `below` for the whole."""
    shape = proportion(*picture_of(trace, image))
    figure, axes = new_figure(rows, columns, height=below + rows * (above + shape * (WIDTH - 0.5) / columns))
    figure.set_layout_engine("compressed")  # pictures keep their proportions without gaps between them
    return figure, axes


def draw_map(
    axes: Axes, values: NDArray[Any], trace: Trace, image: NDArray[Any] | None = None, **colours: Any
) -> AxesImage:
    """A map h x w over the image's whole field of view, each of its cells visible. `colours` goes to `imshow`."""
    (height, width), spacing = picture_of(trace, image)
    drawn = axes.imshow(
        values,
        extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        aspect=1.0 if spacing is None else spacing[0] / spacing[1],
        interpolation="nearest",
        **{"cmap": STRENGTH} | colours,
    )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return drawn


def scale(values: Iterable[NDArray[Any]], *, least: float = 0.1) -> tuple[float, float]:
    """Lowest and highest value of all maps, at least `least` apart: maps that hardly differ should look so.

    >>> scale([np.array([0.48, 0.5]), np.array([0.52])])
    (0.45, 0.55)
    """
    flat = np.concatenate([np.ravel(each) for each in values]).astype(float)
    middle, reach = (flat.max() + flat.min()) / 2, max((flat.max() - flat.min()) / 2, least / 2)
    return float(middle - reach), float(middle + reach)


def size_text(values: NDArray[Any]) -> str:
    """Cells of a map, as in a panel's title: "32 × 32"."""
    return f"{values.shape[0]} × {values.shape[1]}"


def colour_bar(figure: Figure, drawn: Any, axes: Iterable[Axes], label: str) -> None:
    """One colour bar under all panels."""
    bar = figure.colorbar(drawn, ax=list(axes), location="bottom", aspect=47, fraction=0.05, pad=0.02, shrink=0.94)
    bar.set_label(label)


def zones_figure(means: Mapping[str, Sequence[NDArray[Any]]], label: str, *, title: str = "") -> Figure:
    """Is a map higher inside, on the boundary or outside? One panel per entry, on one scale: a thin line for each image.

    The rows of an entry are `zone_means` of one map in several images; their mean is bold.

    >>> figure = zones_figure({"stage 1": [np.array([0.4, 0.5, 0.6])]}, "share")
    >>> figure.axes[0].get_title()
    'stage 1'
    """
    if not means:
        raise ValueError("zones_figure needs at least one panel; `means` is empty")
    figure, axes = new_figure(1, len(means), height=3.2, sharey=True)
    with styled():
        for panel, (name, rows) in zip(axes[0], means.items(), strict=True):
            table = np.asarray(rows, float)
            for row in table:
                panel.plot(range(3), row, color=MODEL_COLOURS[-1], linewidth=1, alpha=0.5)
            mean = np.array([np.nanmean(column) if np.isfinite(column).any() else np.nan for column in table.T])
            panel.plot(range(3), mean, color=BLUE, marker="o", linewidth=3)
            panel.set_xticks(range(3), ZONES)
            panel.set_xlim(-0.3, 2.3)
            panel.set_title(name)
        axes[0, 0].set_ylabel(label)
        if title:
            figure.suptitle(title)
    return figure
