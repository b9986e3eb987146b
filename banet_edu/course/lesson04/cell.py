"""One cell of one exchange, and the sum behind it: own value, weight, what is taken over, result."""

from __future__ import annotations

from matplotlib.figure import Figure
from torch import nn

from banet_edu.course.lesson04.figures import NAMES
from banet_edu.course.panel import choice
from banet_edu.course.pointing import CellPanel, mark_cell, pressable, signed
from banet_edu.data.sample import Sample
from banet_edu.explain.inside.sums import ExchangeSum, Place, exchange_sum
from banet_edu.explain.inside.trace import Trace, probe
from banet_edu.figures.maps import STRENGTH, draw_map, panels, size_text
from banet_edu.figures.style import SIGNED, styled


def attention_cell_explorer(model: nn.Module, sample: Sample) -> CellPanel:
    """Point at a cell of an exchange: what its branch has, how much of the other one it takes over, and the result.

    Controls: stage, which branch listens, row, column, channel. Raises ValueError for a network without interactive
    attention of the release's form.
    """
    trace = probe(model, sample)

    def sums(stage: int, listens: str, row: int, column: int, channel: int) -> ExchangeSum:
        return exchange_sum(trace, Place(stage, row, column, channel), listens)

    def render(stage: int, listens: str, row: int, column: int, channel: int) -> Figure:
        found = sums(stage, listens, row, column, channel)
        return exchange_cell_figure(trace, Place(stage, row, column, channel), listens, found, sample)

    def words(stage: int, listens: str, row: int, column: int, channel: int) -> list[str]:
        return exchange_words(sums(stage, listens, row, column, channel), listens)

    def size(stage: int, listens: str) -> tuple[int, int]:
        rows, columns = trace[f"stage{stage}.branch.seg"].shape[-2:]
        return rows, columns

    rows, columns = size(2, "seg")
    return CellPanel(
        render,
        words,
        size,
        {
            "stage": choice("stage", {"1 (fine)": 1, "2": 2, "3": 3, "4 (coarse)": 4}, 2),
            "listens": choice("who listens", {"object to edge": "seg", "edge to object": "edge"}),
        },
        channels=trace["stage1.branch.seg"].shape[1],
        start=(rows // 2, columns // 3, 0),
        alt="One channel of an exchange: own map, the other's, the share taken over, the result, with one cell marked in each. "
        "Press a map to choose a cell.",
    )


def exchange_words(sums: ExchangeSum, task: str) -> list[str]:
    """The sum in words."""
    _, own, _, other, result = NAMES[task]
    return [
        f"Weight a = {sums.weight:.3f}, so the share taken over is 1 - a = {sums.share:.3f}. "
        f"Of {other} = {sums.other:.3f} arrives {sums.taken:.3f}.",
        f"{result} = {own} + (1 - a) x {other} = {signed(sums.own)} + {signed(sums.taken)} = {sums.result:.3f};"
        f" the network's own value: {sums.network:.3f}.",
    ]


def exchange_cell_figure(trace: Trace, place: Place, task: str, sums: ExchangeSum, sample: Sample) -> Figure:
    """One channel of the four maps of an exchange, the cell marked, its value above each.

    Own map, the other's and the result share one scale around 0; the share runs from 0 to 1.
    """
    own_branch, own, other_branch, other, result = NAMES[task]
    other_task = "edge" if task == "seg" else "seg"
    start, channel = f"stage{place.stage}", place.channel
    maps = [
        trace.map(f"{start}.{signal}", channel)
        for signal in (f"branch.{task}", f"branch.{other_task}", f"ia.{task}_weight", f"ia.{task}")
    ]
    top = max(float(abs(values).max()) for values in (maps[0], maps[1], maps[3])) or 1.0
    said = [
        f"own: {own_branch} branch\n{own} = {sums.own:.3f}",
        f"other: {other_branch} branch\n{other} = {sums.other:.3f}",
        f"share taken over\n1 − a = {sums.share:.3f}",
        f"result\n{result} = {sums.result:.3f}",
    ]
    figure, axes = panels(1, 4, trace, sample.image, above=0.6, below=0.85)
    with styled():
        for cell, values, text in zip(axes[0], maps, said, strict=True):
            if "1 − a" in text:
                draw_map(pressable(cell), 1 - values, trace, sample.image, cmap=STRENGTH, vmin=0, vmax=1)
            else:
                draw_map(pressable(cell), values, trace, sample.image, cmap=SIGNED, vmin=-top, vmax=top)
            cell.set_title(text.replace("-", "−"), fontsize=11)
            mark_cell(cell, values.shape, place.row, place.column)
        sum_ = f"{signed(sums.own)} + {sums.share:.3f} · {signed(sums.other)} = {sums.result:.3f}"
        formula = f"{result} = {own} + (1 − a) {other} = {sum_}".replace("-", "−")
        where = f"stage {place.stage}, channel {channel}, row {place.row}, column {place.column} of {size_text(maps[0])} cells"
        scales = f"features: blue −{top:.2g} to orange {top:.2g}; share: dark 0 to yellow 1; rounded"
        figure.supxlabel(f"{formula}\n{where}; {scales}", fontsize=10.5)
    return figure
