"""What one window sees of one boundary: the window on the image, its edge map, and the profile across the boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.special import ndtr

from banet_edu.explain.inside.blocks import edge_maps
from banet_edu.explain.inside.trace import Trace
from banet_edu.figures.contour import draw_lines, mask_outlines
from banet_edu.figures.maps import colour_bar, draw_map, panels, picture_of, size_text
from banet_edu.figures.style import BLUE, DPI, INK, ORANGE, REFERENCE, VERMILLION, WIDTH, draw_image, new_figure, styled
from banet_edu.phantoms.phantom import Phantom

_REACH = 24  # pixels drawn to either side of a boundary


def edge_of_step(softness: float, kernel: int, reach: int = _REACH) -> tuple[NDArray[Any], ...]:
    """A straight boundary in brightness: (position in pixels, R, average over the window, edge = R - average).

    R falls from 1 to 0, Phi(-x / softness); softness is the standard deviation of the blur in pixels. The window is
    k x k, but along a straight boundary nothing changes, so a mean over k pixels across it is the same.

    >>> x, r, average, edge = edge_of_step(0.01, 3)
    >>> round(float(edge.max()), 2)
    0.33
    """
    x = np.arange(-reach - kernel, reach + kernel + 1) + 0.5
    r = ndtr(-x / softness)
    average = uniform_filter(r, kernel, mode="nearest")
    inner = slice(kernel, -kernel)
    return x[inner], r[inner], average[inner], (r - average)[inner]


def edge_scales_figure(softnesses: Sequence[float] = (0.3, 3, 10), kernels: Sequence[int] = (3, 7)) -> Figure:
    """A column for each softness of a straight boundary (pixels): above R and its averages, below what is left of R.

    Each lower panel says its largest |edge|; all have one scale.
    """
    colours = dict(zip(kernels, (BLUE, VERMILLION, ORANGE), strict=False))
    figure, axes = new_figure(2, len(softnesses), height=4.6, sharex=True, sharey="row")
    with styled():
        for column, softness in enumerate(softnesses):
            upper, lower = axes[:, column]
            upper.set_title("sharp boundary" if softness < 0.5 else f"blurred by {softness:g} pixels")
            for kernel in kernels:
                x, r, average, edge = edge_of_step(softness, kernel)
                if kernel == kernels[0]:
                    upper.plot(x, r, color=INK, linewidth=2.5, label="R")
                upper.plot(x, average, color=colours[kernel], label=f"average over {kernel}")
                lower.plot(x, edge, color=colours[kernel], linewidth=2,
                           label=f"k = {kernel}: at most {np.abs(edge).max():.2g}")  # fmt: skip
            lower.axvline(0, color=INK, linewidth=1, linestyle=":")
            lower.legend(loc="upper right", handlelength=1.2)
            lower.set_xlabel("pixels from the boundary")
        axes[0, 0].set_ylabel("brightness")
        axes[1, 0].set_ylabel("edge = R − average")
        axes[1, 0].set_ylim(-0.48, 0.75)
        axes[0, 0].legend(loc="lower left", handlelength=1.2)
    return figure


def blur_response_figure(softnesses: Sequence[float], left: Mapping[str, Sequence[float]]) -> Figure:
    """How much of the edge strength of narrow windows is left at a boundary when it is blurred: one line per entry of `left`.

    `softnesses` in pixels of the image; each entry has one number per softness, 1 at the first.
    """
    figure, [[axes]] = new_figure(height=3.6)
    with styled():
        for (name, values), colour in zip(left.items(), (BLUE, VERMILLION, ORANGE, INK), strict=False):
            axes.plot(softnesses, values, marker="o", linewidth=2.5, color=colour, label=name)
        axes.set_xscale("log", base=2)
        axes.set_xticks(softnesses, [f"{s:g}" for s in softnesses])
        axes.set_ylim(0, 1.08)
        axes.set_xlabel("blur of the boundary (pixels of the 256 x 256 image)")
        axes.set_ylabel("edge strength left at the\nboundary (narrow window)")
        axes.legend(loc="lower left")
    return figure


def phantom_edge_figure(phantom: Phantom, kernel: int, *, limit: float = 25.0) -> Figure:
    """One window on the brightness of a phantom: the picture with the window drawn, |edge|, and edge across the boundary.

    Grey levels 0 to 255; the colours of the map end at `limit` and the curve's axis stays, so that pictures of several
    settings can be compared. The curve is the mean of edge over all pixels at the same distance from the true boundary.
    """
    grey = phantom.image.astype(np.float64).mean(axis=2)
    edge = grey - uniform_filter(grey, kernel, mode="nearest")
    near = np.abs(phantom.signed_distance_px) <= _REACH
    bins = np.round(phantom.signed_distance_px[near]).astype(int) + _REACH
    count = np.maximum(np.bincount(bins, minlength=2 * _REACH + 1), 1)
    curve = np.bincount(bins, edge[near], minlength=2 * _REACH + 1) / count
    figure = Figure(figsize=(WIDTH, 3.9), dpi=DPI)
    FigureCanvasAgg(figure)
    with styled():
        # Fixed places: nothing may jump while a slider moves.
        picture = figure.add_axes((0.01, 0.07, 0.31, 0.78))
        found = figure.add_axes((0.335, 0.07, 0.31, 0.78))
        across = figure.add_axes((0.745, 0.19, 0.245, 0.63))
        for axes in (picture, found):
            draw_image(axes, phantom.image)
        middle = phantom.contour[len(phantom.contour) // 8]
        picture.add_patch(Rectangle((middle[1] - kernel / 2, middle[0] - kernel / 2), kernel, kernel, fill=False,
                                    edgecolor=REFERENCE, linewidth=2))  # fmt: skip
        softness = phantom.parameters["edge_softness_px"]
        picture.set_title(f"blurred by {softness:g} pixels\nwindow {kernel} × {kernel} (yellow)")
        found.imshow(np.abs(edge), cmap="cividis", vmin=0, vmax=limit)
        found.set_title(f"|edge|: dark is 0, yellow {limit:g} or more\ngrey levels")
        x = np.arange(-_REACH, _REACH + 1)
        across.plot(x, curve, color=BLUE, linewidth=2)
        across.axvline(0, color=INK, linewidth=1, linestyle=":")
        across.set_ylim(-40, 40)
        across.set_title(f"across the boundary\nat most {np.abs(curve).max():.1f}")
        across.set_xlabel("pixels: inside < 0 < outside")
        across.set_ylabel("edge (grey levels)")
    return figure


def pee_steps_figure(trace: Trace, image: NDArray[np.uint8], stage: int) -> Figure:
    """The block at one stage, step by step: what it gets (C), R, its edge maps, and what it gives (P).

    Each map is the mean of absolute values over the channels, on a scale of its own up to its 99th percentile.
    """
    start = f"stage{stage}.pee"
    kernels = sorted(edge_maps(trace, stage))
    signals = {"image": "", "C": f"encoder.c{stage}", "1 reduce: R": f"{start}.input"}
    signals |= {f"2 edge, k = {kernel}": f"{start}.edge_k{kernel}" for kernel in kernels}
    signals |= {"3, 4, 5: P": f"{start}.fused"}
    figure, [axes] = panels(1, len(signals), trace, image, above=0.5, below=0.75)
    with styled():
        for cell, (said, name) in zip(axes, signals.items(), strict=True):
            if not name:
                draw_image(cell, image, picture_of(trace, image)[0])
                cell.set_title(said)
                continue
            values = trace.map(name, "mean_abs")
            draw_map(cell, values, trace, image, vmin=0, vmax=float(np.quantile(values, 0.99)) or 1.0)
            cell.set_title(f"{said}\n{trace[name].shape[1]} channels")
        figure.supxlabel(
            "strength: mean of |values| over the channels; each map on its own scale, dark is 0", fontsize=10.5
        )
    return figure


def stage_edge_figure(
    trace: Trace, image: NDArray[np.uint8], reference: NDArray[np.bool_], stage: int, wide: bool, *, title: str = ""
) -> Figure:
    """One stage and one window of a network: the window's size on the image, and the edge map it gives.

    The window covers k cells of the stage, each `stride` input pixels wide. The map is the mean of |edge_k| over the
    channels, its scale ends at its 99th percentile. `reference` h x w bool is drawn on both.
    """
    size, spacing = picture_of(trace, image)
    maps = edge_maps(trace, stage)
    if not maps:
        raise ValueError(f"stage {stage} of this network has no edge pyramid (PEE)")
    kernel = sorted(maps)[-1 if wide else 0]
    values = maps[kernel]
    top = float(np.quantile(values, 0.99)) or 1.0
    cell = size[0] / values.shape[0], size[1] / values.shape[1]
    figure, axes = panels(1, 2, trace, image, above=0.45, below=1.1)
    with styled():
        draw_image(axes[0, 0], image, size, spacing_mm=spacing)
        drawn = draw_map(axes[0, 1], values, trace, image, vmin=0, vmax=top)
        for cells in axes[0]:
            draw_lines(cells, mask_outlines(reference), colour=REFERENCE, width=1.2)
        _draw_window(axes[0, 0], size, cell, kernel)
        axes[0, 0].set_title(f"window {kernel} × {kernel} cells: {_span(kernel, cell, size, spacing)}")
        axes[0, 1].set_title(f"stage {stage}, k = {kernel}: {size_text(values)} cells")
        colour_bar(
            figure, drawn, axes[0], "edge strength: mean of |R − average of R over the window| over the channels"
        )
        if title:
            figure.suptitle(title)
    return figure


def _span(kernel: int, cell: tuple[float, float], size: tuple[int, int], spacing: tuple[float, float] | None) -> str:
    if spacing is None:
        return f"{kernel * cell[0]:.0f} of {size[0]} px"
    return f"{kernel * cell[0] * spacing[0]:.1f} of {size[0] * spacing[0]:.0f} mm"


def _draw_window(axes: Axes, size: tuple[int, int], cell: tuple[float, float], kernel: int) -> None:
    """The window around the cell in the middle, and that cell."""
    row, column = (int(n / c / 2) for n, c in zip(size, cell, strict=True))
    for span, colour, width in ((kernel, ORANGE, 2.5), (1, "w", 1.5)):
        left = (column - span // 2) * cell[1] - 0.5
        top = (row - span // 2) * cell[0] - 0.5
        axes.add_patch(Rectangle((left, top), span * cell[1], span * cell[0], fill=False, edgecolor=colour,
                                 linewidth=width, clip_on=True))  # fmt: skip
    axes.set_xlim(-0.5, size[1] - 0.5)
    axes.set_ylim(size[0] - 0.5, -0.5)
