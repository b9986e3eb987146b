"""Switch parts of a trained network off, or hold one gate of its fusion at 1 or at 0, and watch the contour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn

from banet_edu.course.panel import Panel, by_name, choice
from banet_edu.data.sample import Sample
from banet_edu.explain.inside.blocks import gate_name, need
from banet_edu.explain.inside.effects import Effect, effect
from banet_edu.explain.inside.trace import Trace, probe
from banet_edu.figures.contour import draw_lines, figures_text, mask_outlines, unit_of
from banet_edu.figures.effects import before_after_figure, draw_shift, lines_legend, shift_bar
from banet_edu.figures.maps import draw_map, panels, picture_of, size_text
from banet_edu.figures.style import PREDICTION, REFERENCE, draw_image, styled

AS_LEARNED = "as learned"
HELD = {"held at 1": 1.0, "held at 0": 0.0}  # an own gate of 1 is no open one: the formula has 1 - g
GATE_LIMITS = (0.3, 0.7)  # of the gate's colours: the same at every setting


def switch_explorer(model: nn.Module, samples: Iterable[Sample], switches: Mapping[str, str]) -> Panel:
    """Choose a sample and what is switched off: `switches` is label -> the name of a ready-made knob.

    The contour before, after, and where it moved. Samples need masks. Raises ValueError for an unknown knob.
    """
    cases = by_name(samples)
    if not switches:
        raise ValueError("switch_explorer needs at least one switch")

    @cache
    def found(sample: str, switch: str) -> Effect:
        return effect(model, cases[sample], switches[switch], name=f"{switch}, switched off")

    def render(sample: str, off: str) -> Figure:
        case = cases[sample]
        assert case.mask is not None
        return before_after_figure(case.image, found(sample, off), case.mask > 0)

    return Panel(
        render,
        {
            "sample": choice("sample", {name: name for name in cases}),
            "off": choice("switched off", {name: name for name in switches}),
        },
        alt="The contour of the network as it is, with a part switched off, and where the line moved.",
    )


def gate_explorer(model: nn.Module, samples: Iterable[Sample]) -> Panel:
    """Choose a sample, the stage that listens, the gate, and hold it at 1 or at 0. Samples need masks."""
    cases = by_name(samples)

    @cache
    def seen(name: str) -> Trace:
        return probe(model, cases[name])

    @cache
    def replaced(sample: str, stage: int, source: int, gate: str) -> Effect:
        return effect(model, cases[sample], {gate_name(stage, source): HELD[gate]}, name=gate)

    def render(sample: str, stage: int, source: int, gate: str) -> Figure:
        case = cases[sample]
        assert case.mask is not None
        change = None if gate == AS_LEARNED else replaced(sample, stage, source, gate)
        return gate_switch_figure(seen(sample), change, stage, source, case.image, case.mask > 0)

    return Panel(
        render,
        {
            "sample": choice("sample", {name: name for name in cases}),
            "stage": choice("who listens", {f"stage {i}": i for i in (1, 2, 3, 4)}, 2),
            "source": choice("gate for the map of", {f"stage {i}": i for i in (1, 2, 3, 4)}, 2),
            "gate": choice("the gate is", {name: name for name in (AS_LEARNED, *HELD)}, "held at 1"),
        },
        alt="The map of one gate, the contour as it is, and the contour with the gate held at 1 or at 0.",
    )


def gate_switch_figure(
    trace: Trace,
    effect: Effect | None,
    stage: int,
    source: int,
    image: NDArray[np.uint8],
    reference: NDArray[np.bool_],
    *,
    title: str = "",
) -> Figure:
    """The gate at `stage` for the map of `source` (the own gate where they are equal), and the contour with it replaced.

    Args:
        trace: of a BA-Net as it is; it must hold a prediction. `reference` h x w bool of the prediction's size.
        effect: of the gate held at 1 or at 0; None: as learned, and the third panel says so.

    Panels: the gate's map, mean over the channels; the contour as it is; the contour with the gate replaced, coloured by
    how far it moved. The colour bar and the legend stand there at every setting, so that nothing jumps.
    """
    need(trace, ".cff.gate_own", "cross feature fusion (CFF)")
    if trace.prediction is None:
        raise ValueError("the trace holds no prediction: probe a Sample or an image, not a tensor")
    values = trace.map(gate_name(stage, source))
    size, spacing = picture_of(trace, image)
    figure, axes = panels(1, 3, trace, image, above=0.75, below=1.2)
    (low, high), unit, limit = GATE_LIMITS, unit_of(spacing), 1.0
    with styled():
        draw_map(axes[0, 0], values, trace, image, vmin=low, vmax=high)
        said = (
            f"own gate of stage {stage} (1: hears nobody)"
            if stage == source
            else f"stage {stage}'s gate for stage {source}"
        )
        axes[0, 0].set_title(
            f"{said}\n{size_text(values)} cells, as learned: mean {values.mean():.2f}\n(dark {low:g}, yellow {high:g})"
        )
        draw_lines(axes[0, 0], mask_outlines(reference), colour=REFERENCE, width=1.0)
        for cell in axes[0, 1:]:
            draw_image(cell, image, size, spacing_mm=spacing)
            draw_lines(cell, mask_outlines(reference), colour=REFERENCE, width=1.2)
        draw_lines(axes[0, 1], trace.prediction.contours, colour=PREDICTION)
        scores = figures_text(trace.prediction.mask, reference, spacing).replace(" · HD", "\nHD")
        axes[0, 1].set_title(f"contour as learned\n{scores}")
        if effect is None:
            draw_lines(axes[0, 2], trace.prediction.contours, colour=PREDICTION)
            axes[0, 2].set_title("nothing is replaced\nchoose 1 or 0\n")
        else:
            limit = draw_shift(axes[0, 2], effect, f"moved_{unit}")
            moved = axes[0, 2].get_title().rpartition("\n")[2]
            scores = figures_text(effect.after.mask, reference, spacing).partition(" · HD")[0]
            axes[0, 2].set_title(f"gate {effect.name}: {scores}\nwhere the line moved:\n{moved}", fontsize=10)
        shift_bar(figure, axes[0], limit, unit)
        lines_legend(figure, axes[0, 0], reference=True)
        if title:
            figure.suptitle(title)
    return figure
