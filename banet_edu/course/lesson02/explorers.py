"""What training sees: images changed at random, and the boundary made from their masks."""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets
from matplotlib.figure import Figure

from banet_edu.course.lesson02.figures import (
    HANDLINGS,
    PADDINGS,
    augmentation_figure,
    boundary_target_figure,
)
from banet_edu.course.panel import Panel, by_name, choice
from banet_edu.data.sample import Sample


def augmentation_explorer(samples: Iterable[Sample]) -> Panel:
    """Draw random changes of samples (with masks), and see what becomes of the mask when it is handled wrongly."""
    cases = by_name(samples)

    def render(sample: str, seed: int, handling: str) -> Figure:
        return augmentation_figure(cases[sample], seed, handling)

    return Panel(
        render,
        {
            "sample": choice("sample", {name: name for name in cases}),
            "seed": ipywidgets.IntSlider(1, 0, 20, description="draw"),
            "handling": choice("mask", {name: name for name in HANDLINGS}),
        },
        alt="A sample beside a randomly changed copy, with the outline of the mask that training would be given.",
        still=[{"seed": 2, "handling": "left behind"}, {"seed": 2, "handling": "bilinear"}],
    )


def boundary_target_explorer(samples: Iterable[Sample]) -> Panel:
    """The windows of the boundary target, and what lies beyond the frame."""
    cases = by_name(samples)

    def render(sample: str, k: int, padding: str) -> Figure:
        return boundary_target_figure(cases[sample], k, padding)

    return Panel(
        render,
        {
            "sample": choice("sample", {name: name for name in cases}),
            "k": choice("window, k x k", {f"{k}": k for k in (3, 5, 7, 9, 13)}, 3),
            "padding": choice("beyond the frame", {name: name for name in PADDINGS}, "frame repeated"),
        },
        alt="An image and the boundary target made from its mask; false edges along the frame are pink.",
        still=[{"k": 5}, {"k": 5, "padding": "zeros beyond"}],
    )
