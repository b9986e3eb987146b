"""One cell of an edge map, and the sum behind it: the window's values of R, their average, the difference."""

from __future__ import annotations

from matplotlib.figure import Figure
from torch import nn

from banet_edu.course.panel import choice
from banet_edu.course.pointing import CellPanel, mark_cell, pressable, signed
from banet_edu.data.sample import Sample
from banet_edu.explain.inside.blocks import edge_maps
from banet_edu.explain.inside.sums import EdgeSum, Place, edge_sum
from banet_edu.explain.inside.trace import Trace, probe
from banet_edu.figures.maps import draw_map, panels, size_text
from banet_edu.figures.style import INK, SIGNED, styled


def edge_cell_explorer(model: nn.Module, sample: Sample) -> CellPanel:
    """Point at a cell of R or of its edge map: the numbers that the network averaged and took away there.

    Controls: stage, narrow or wide window, row, column, channel. Raises ValueError for a network without PEE.
    """
    trace = probe(model, sample)

    def of(stage: int, window: bool) -> int:
        return sorted(edge_maps(trace, stage))[-1 if window else 0]

    def sums(stage: int, window: bool, row: int, column: int, channel: int) -> EdgeSum:
        return edge_sum(model, trace, Place(stage, row, column, channel), of(stage, window))

    def render(stage: int, window: bool, row: int, column: int, channel: int) -> Figure:
        found = sums(stage, window, row, column, channel)
        return edge_cell_figure(model, trace, Place(stage, row, column, channel), found, sample)

    def words(stage: int, window: bool, row: int, column: int, channel: int) -> list[str]:
        return edge_words(sums(stage, window, row, column, channel))

    def size(stage: int, window: bool) -> tuple[int, int]:
        rows, columns = trace[f"stage{stage}.pee.input"].shape[-2:]
        return rows, columns

    rows, columns = size(1, False)
    return CellPanel(
        render,
        words,
        size,
        {
            "stage": choice("stage", {"1 (fine)": 1, "2": 2, "3": 3, "4 (coarse)": 4}),
            "window": choice("window", {"narrow": False, "wide": True}),
        },
        channels=trace["stage1.pee.input"].shape[1],
        start=(rows // 2, columns // 3, 0),
        alt="A channel of R with a cell and its window, the window's numbers, and the edge map. Press a map to choose a cell.",
    )


def edge_words(sums: EdgeSum) -> list[str]:
    """The sum in words."""
    k, beyond = len(sums.window), int(sums.beyond.sum())
    frame = f" ({beyond} of them lie beyond the frame)" if beyond else ""
    return [
        f"R here: {sums.own:.3f}. Average of the {k} x {k} = {k * k} values around it{frame}: {sums.average:.3f}.",
        f"edge = R - average = {signed(sums.own)} - {signed(sums.average)} = {sums.edge:.3f};"
        f" the network's own value: {sums.network:.3f}.",
    ]


def edge_cell_figure(model: nn.Module, trace: Trace, place: Place, sums: EdgeSum, sample: Sample) -> Figure:
    """One channel of R with cell and window marked, the window as numbers, and the edge map with the cell marked.

    The numbers beyond the frame are in italics. Both maps have a scale around 0, to their largest absolute value.
    """
    k = len(sums.window)
    reduced = trace.map(f"stage{place.stage}.pee.input", place.channel)
    signal = f"stage{place.stage}.pee.edge_k{k}"
    edge = (
        trace.map(signal, place.channel)
        if signal in trace
        else reduced - trace.map(f"stage{place.stage}.pee.average_k{k}", place.channel)
    )
    figure, [[left, middle, right]] = panels(1, 3, trace, sample.image, above=0.55, below=0.75)
    with styled():
        for axes, values, said in ((left, reduced, "R"), (right, edge, f"edge, k = {k}")):
            top = float(abs(values).max()) or 1.0
            draw_map(pressable(axes), values, trace, sample.image, cmap=SIGNED, vmin=-top, vmax=top)
            axes.set_title(f"{said}: stage {place.stage}, channel {place.channel}\n{size_text(values)} cells, "
                           f"blue −{top:.2g}, orange {top:.2g}", fontsize=10)  # fmt: skip
            mark_cell(axes, values.shape, place.row, place.column)
        mark_cell(left, reduced.shape, place.row, place.column, reach=k // 2)
        top = float(abs(reduced).max()) or 1.0
        middle.imshow(sums.window, cmap=SIGNED, vmin=-top, vmax=top, interpolation="nearest")
        for row in range(k):
            for column in range(k):
                value, outside = sums.window[row, column], sums.beyond[row, column]
                dark = abs(value) > 0.62 * top and not outside
                middle.text(column, row, f"{value:.2f}".replace("-", "−"), ha="center", va="center", fontsize=9,
                            style="italic" if outside else "normal", color="w" if dark else INK)  # fmt: skip
        mark_cell(middle, (k, k), k // 2, k // 2)
        middle.set_axis_off()
        beyond = "; italic: beyond the frame" if sums.beyond.any() else ""
        middle.set_title(f"R in the window of {k} × {k}\nrow {place.row}, column {place.column}{beyond}", fontsize=10)
        sum_ = f"edge = R − average of {k * k} values = {signed(sums.own)} − {signed(sums.average)} = {sums.edge:.3f}"
        figure.supxlabel(f"{sum_}, rounded".replace("-", "−"), fontsize=12)
    return figure
