"""Edge scale and stage: how soft a boundary may be, how wide the window, how coarse the stage."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from matplotlib.figure import Figure
from torch import nn

from banet_edu.course.lesson03.figures import phantom_edge_figure, stage_edge_figure
from banet_edu.course.panel import Panel, by_name, choice
from banet_edu.data.sample import Sample
from banet_edu.explain.inside.trace import Trace, probe
from banet_edu.phantoms.phantom import Phantom, make_phantom

SOFTNESSES = (0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 16.0)  # pixels, standard deviation of the blur
WINDOWS = (3, 5, 7, 9, 15, 25)


def softness_explorer(kind: str = "dermoscopy", *, seed: int = 2, size: int = 256) -> Panel:
    """Blur the boundary of a phantom and choose the window of `edge = R - average`, with brightness as R."""

    @cache
    def painted(softness: float) -> Phantom:
        return make_phantom(kind, seed=seed, size=size, edge_softness_px=softness, noise=0, irregularity=0.1)

    def render(softness: float, window: int) -> Figure:
        return phantom_edge_figure(painted(softness), window)

    return Panel(
        render,
        {
            "softness": choice("blur (pixels)", {f"{s:g}": s for s in SOFTNESSES}, 2.0),
            "window": choice("window k", {f"{k}": k for k in WINDOWS}, 3),
        },
        alt="A phantom whose boundary is blurred, the strength of its edge for one window, and the edge across the boundary.",
        still=[{"softness": 8.0, "window": 3}, {"softness": 8.0, "window": 25}],
    )


def edge_explorer(model: nn.Module, samples: Iterable[Sample]) -> Panel:
    """Choose a sample, a stage and the narrow or the wide window of a BA-Net's edge pyramid. Samples need masks."""
    cases = by_name(samples)

    @cache
    def seen(name: str) -> Trace:
        return probe(model, cases[name])

    def render(sample: str, stage: int, window: bool) -> Figure:
        case = cases[sample]
        assert case.mask is not None
        return stage_edge_figure(seen(sample), case.image, case.mask > 0, stage, window)

    return Panel(
        render,
        {
            "sample": choice("sample", {name: name for name in cases}),
            "stage": choice("stage", {"1 (fine)": 1, "2": 2, "3": 3, "4 (coarse)": 4}),
            "window": choice("window", {"narrow": False, "wide": True}),
        },
        alt="The window of one stage drawn on the image, and the edge map that the network computes with it.",
        still=[{"stage": 1}, {"stage": 4}],
    )
