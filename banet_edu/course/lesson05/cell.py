"""One cell of one fusion, and the sum behind it: each stage's value times its gate, and what the own gate lets in."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

from banet_edu.course.panel import choice
from banet_edu.course.pointing import CellPanel, mark_cell, pressable, signed
from banet_edu.data.sample import Sample
from banet_edu.explain.inside.blocks import STAGES, gate_name
from banet_edu.explain.inside.sums import FusionSum, Place, fusion_sum, stage_map
from banet_edu.explain.inside.trace import Trace, probe
from banet_edu.figures.maps import STRENGTH, draw_map, panels, size_text
from banet_edu.figures.style import BLUE, GREY, INK, SIGNED, VERMILLION, styled


def fusion_cell_explorer(model: nn.Module, sample: Sample) -> CellPanel:
    """Point at a cell of a fusion: what every stage has there, what its gate lets through, and what comes out.

    Controls: stage that listens, row, column, channel. Raises ValueError for a network without cross feature fusion.
    """
    trace = probe(model, sample)

    def sums(stage: int, row: int, column: int, channel: int) -> FusionSum:
        return fusion_sum(model, trace, Place(stage, row, column, channel))

    def render(stage: int, row: int, column: int, channel: int) -> Figure:
        place = Place(stage, row, column, channel)
        return fusion_cell_figure(model, trace, place, fusion_sum(model, trace, place), sample)

    def words(stage: int, row: int, column: int, channel: int) -> list[str]:
        return fusion_words(sums(stage, row, column, channel), stage)

    def size(stage: int) -> tuple[int, int]:
        rows, columns = trace[f"stage{stage}.cff.fused"].shape[-2:]
        return rows, columns

    rows, columns = size(2)
    return CellPanel(
        render,
        words,
        size,
        {"stage": choice("stage that listens", {"1 (fine)": 1, "2": 2, "3": 3, "4 (coarse)": 4}, 2)},
        channels=trace["stage1.cff.fused"].shape[1],
        start=(rows // 2, columns // 3, 0),
        alt="One channel of a fusion: the maps of the four stages, their gates, the result, with one cell marked in each, "
        "and the terms of its sum as bars. Press a map to choose a cell.",
    )


def fusion_words(sums: FusionSum, stage: int) -> list[str]:
    """The sum in words."""
    terms = " + ".join(f"{sums.gates[j]:.3f} x {signed(sums.values[j])}" for j in sums.values)
    names = " + ".join(f"g{j} x S{j}" for j in sums.values)
    return [
        f"Heard from the others: {names} = {terms} = {sums.heard:.3f}.",
        f"F{stage} = S{stage} + (1 - g{stage}) x heard = {signed(sums.own)} + {1 - sums.own_gate:.3f} x {signed(sums.heard)} "
        f"= {sums.fused:.3f}; the network's own value: {sums.network:.3f}.",
    ]


def fusion_cell_figure(model: nn.Module, trace: Trace, place: Place, sums: FusionSum, sample: Sample) -> Figure:
    """One channel of the stages' maps at the size of the listening one (upper row), of their gates, and of the result.

    The cell is marked, its value stands above each map; at the lower right the terms of the sum as bars. Features share one
    scale around 0; gates run from 0 to 1.
    """
    i, channel = place.stage, place.channel
    values = {j: stage_map(model, trace, j, i)[0, channel].cpu().numpy() for j in STAGES}
    fused = trace.map(f"stage{i}.cff.fused", channel)
    top = max(float(abs(each).max()) for each in (*values.values(), fused)) or 1.0
    figure, axes = panels(2, 5, trace, sample.image, above=0.55, below=0.7)
    with styled():
        for column, j in enumerate(STAGES):
            own = j == i
            value, gate = (sums.own, sums.own_gate) if own else (sums.values[j], sums.gates[j])
            draw_map(pressable(axes[0, column]), values[j], trace, sample.image, cmap=SIGNED, vmin=-top, vmax=top)
            axes[0, column].set_title(f"stage {j}{', listens' if own else ''}\nS{j} = {value:.3f}".replace("-", "−"))
            gates = trace.map(gate_name(i, j), channel)
            draw_map(pressable(axes[1, column]), gates, trace, sample.image, cmap=STRENGTH, vmin=0, vmax=1)
            axes[1, column].set_title(f"{'own gate ' if own else ''}g{j} = {gate:.3f}")
        draw_map(pressable(axes[0, 4]), fused, trace, sample.image, cmap=SIGNED, vmin=-top, vmax=top)
        axes[0, 4].set_title(f"result\nF{i} = {sums.fused:.3f}".replace("-", "−"))
        for cell in [*axes[0], *axes[1, :4]]:
            mark_cell(cell, fused.shape, place.row, place.column)
        _draw_terms(axes[1, 4], sums, i)
        terms = " + ".join(f"{sums.gates[j]:.2f} · {signed(sums.values[j], 2)}" for j in sums.values)
        sum_ = f"{signed(sums.own, 2)} + {1 - sums.own_gate:.2f} · [{terms}] = {sums.fused:.2f}"
        names = " + ".join(f"g{j} S{j}" for j in sums.values)
        formula = f"F{i} = S{i} + (1 − g{i}) [{names}] = {sum_}".replace("-", "−")
        where = f"channel {channel}, row {place.row}, column {place.column} of {size_text(fused)} cells"
        scales = f"features: blue −{top:.2g} to orange {top:.2g}; gates: dark 0 to yellow 1; rounded"
        figure.supxlabel(f"{formula}\n{where}; {scales}", fontsize=10.5)
    return figure


def _draw_terms(axes: Axes, sums: FusionSum, stage: int) -> None:
    """The own value, what each other stage adds, and their sum, from top to bottom."""
    share = 1 - sums.own_gate
    terms = {j: sums.own if j == stage else share * sums.products[j] for j in STAGES}
    names = [f"S{j}" if j == stage else f"from {j}" for j in STAGES]
    values = np.array([*terms.values(), sums.fused])
    colours = [GREY if j == stage else VERMILLION if terms[j] > 0 else BLUE for j in STAGES]
    axes.barh(range(5), values, color=[*colours, INK])
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(5), [*names, f"F{stage}"])
    axes.invert_yaxis()
    reach = 1.1 * max(float(abs(values).max()), 1e-6)
    axes.set_xlim(-reach, reach)
    axes.locator_params(axis="x", nbins=3)
    axes.set_title("terms of the sum")
