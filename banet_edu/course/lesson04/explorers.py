"""Interactive attention, stage by stage: what each branch takes over from the other."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from matplotlib.figure import Figure
from torch import nn

from banet_edu.course.lesson04.figures import exchange_figure
from banet_edu.course.panel import Panel, by_name, choice
from banet_edu.data.sample import Sample
from banet_edu.explain.inside.trace import Trace, probe


def attention_explorer(model: nn.Module, samples: Iterable[Sample]) -> Panel:
    """Choose a sample, a stage and which branch listens. The network runs once per sample; samples need masks."""
    cases = by_name(samples)

    @cache
    def seen(name: str) -> Trace:
        return probe(model, cases[name])

    def render(sample: str, stage: int, listens: str) -> Figure:
        case = cases[sample]
        assert case.mask is not None
        return exchange_figure(seen(sample), stage, listens, case.image, case.mask > 0)

    return Panel(
        render,
        {
            "sample": choice("sample", {name: name for name in cases}),
            "stage": choice("stage", {"1 (fine)": 1, "2": 2, "3": 3, "4 (coarse)": 4}, 2),
            "listens": choice("who listens", {"object to edge": "seg", "edge to object": "edge"}),
        },
        alt="One exchange in six pictures: image, own map, the other's, the share taken over, what arrives, the result.",
    )
