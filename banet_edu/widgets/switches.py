"""Switch parts of a trained network off, and watch the contour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from matplotlib.figure import Figure
from torch import nn

from banet_edu.data.sample import Sample
from banet_edu.explain.before_after import Effect, effect
from banet_edu.explain.trace import Trace, probe
from banet_edu.plots.before_after import before_after_figure
from banet_edu.plots.gate_switch import gate_switch_figure
from banet_edu.plots.gates import gate_name
from banet_edu.widgets.choices import by_name, choice
from banet_edu.widgets.panel import Panel

AS_LEARNED = "as learned"


def switch_explorer(model: nn.Module, samples: Iterable[Sample], switches: Mapping[str, str]) -> Panel:
    """Choose a sample and what is switched off: `switches` is label -> the name of a ready-made knob.

    The contour before, after, and where it moved. Samples need masks. Raises ValueError for an unknown knob.
    """
    cases = by_name(samples)
    if not switches:
        raise ValueError("switch_explorer needs at least one switch")

    @cache
    def found(sample: str, switch: str) -> Effect:
        return effect(model, cases[sample], switches[switch], name=switch)

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
    """Choose a sample, the stage that listens, the gate, and hold it open or closed. Samples need masks."""
    cases = by_name(samples)

    @cache
    def seen(name: str) -> Trace:
        return probe(model, cases[name])

    @cache
    def replaced(sample: str, stage: int, source: int, gate: str) -> Effect:
        value = {"open": 1.0, "closed": 0.0}[gate]
        return effect(model, cases[sample], {gate_name(stage, source): value}, name=f"held {gate}")

    def render(sample: str, stage: int, source: int, gate: str) -> Figure:
        case = cases[sample]
        assert case.mask is not None
        change = None if gate == AS_LEARNED else replaced(sample, stage, source, gate)
        return gate_switch_figure(seen(sample), change, stage, source, case.image, case.mask > 0)

    return Panel(
        render,
        {
            "sample": choice("sample", {name: name for name in cases}),
            "stage": choice("who listens", {f"stage {i}": i for i in (1, 2, 3, 4)}),
            "source": choice("gate for the map of", {f"stage {i}": i for i in (1, 2, 3, 4)}),
            "gate": choice("the gate is", {name: name for name in (AS_LEARNED, "open", "closed")}, "open"),
        },
        alt="The map of one gate, the contour as it is, and the contour with the gate held open or closed.",
    )
