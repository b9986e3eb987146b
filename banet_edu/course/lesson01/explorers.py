"""A grey level, a tolerance, a stride: the three numbers of lesson 01, each with its slider."""

from __future__ import annotations

from collections.abc import Iterable

import ipywidgets
from matplotlib.figure import Figure

from banet_edu.course.lesson01.figures import brightness_figure, growing_figure, pooling_figure
from banet_edu.course.lesson01.pooling import pooled
from banet_edu.course.panel import Panel, by_name, choice
from banet_edu.data.sample import Sample


def brightness_explorer(samples: Iterable[Sample]) -> Panel:
    """Cut samples (with masks) at one grey level; their histogram shows where Otsu does."""
    cases = by_name(samples)

    def render(sample: str, level: int) -> Figure:
        return brightness_figure(cases[sample], level)

    return Panel(
        render,
        {
            "sample": choice("sample", {name: name for name in cases}),
            "level": ipywidgets.IntSlider(120, 20, 240, 10, description="grey level"),
        },
        alt="An image with all pixels below one grey level in orange, and the histogram that this level cuts.",
        still=[{"sample": name, "level": 150} for name in list(cases)[1:]],
    )


def region_growing_explorer(samples: Iterable[Sample]) -> Panel:
    """Grow a region from its seed with a tolerance, until it leaks."""
    cases = by_name(samples)

    def render(sample: str, tolerance: int) -> Figure:
        return growing_figure(cases[sample], tolerance)

    return Panel(
        render,
        {
            "sample": choice("sample", {name: name for name in cases}),
            "tolerance": ipywidgets.IntSlider(30, 4, 100, 4, description="tolerance"),
        },
        alt="The region grown from a seed (white cross) in orange, and its size at every tolerance.",
        still=[{"tolerance": 76}],
    )


def pooling_explorer(spacing_mm: float = 18 / 256) -> Panel:
    """Move an edge and change the stride; `spacing_mm` is the size of one pixel."""

    def render(position: float, stride: int) -> Figure:
        return pooling_figure(pooled(position, stride), spacing_mm)

    return Panel(
        render,
        {
            "position": ipywidgets.FloatSlider(29.0, min=26.0, max=38.0, step=0.5, description="edge at (pixels)"),
            "stride": choice("stride", {f"{s}": s for s in (1, 2, 4, 8, 16)}, 8),
        },
        alt="One row of pixels with an edge, before and after pooling, and the shift of the edge in mm.",
        still=[{"position": 33.5, "stride": 2}, {"position": 33.5, "stride": 16}],
    )
