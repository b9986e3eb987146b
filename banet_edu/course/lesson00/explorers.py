"""A slider for the threshold: the contour, its signed error, JA, ASSD and HD follow."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import ipywidgets
from matplotlib.figure import Figure
from torch import nn

from banet_edu.course.lesson00.figures import threshold_figure
from banet_edu.course.lesson00.thresholds import THRESHOLDS, ThresholdCurves, threshold_curves
from banet_edu.course.panel import Panel, by_name, choice
from banet_edu.data.sample import Sample
from banet_edu.prediction import predict


def threshold_explorer(model: nn.Module, samples: Iterable[Sample]) -> Panel:
    """Choose a sample and move the threshold on the model's probability.

    The network runs once per sample; moving the slider only thresholds again. Samples need masks.
    Raises ValueError without samples, or for one without a mask.
    """
    cases = by_name(samples)

    @cache
    def curves(name: str) -> ThresholdCurves:
        return threshold_curves(cases[name], predict(model, cases[name]))

    def render(sample: str, threshold: float) -> Figure:
        return threshold_figure(curves(sample), threshold)

    return Panel(
        render,
        {
            "sample": choice("sample", {name: name for name in cases}),
            "threshold": ipywidgets.FloatSlider(
                0.5,
                min=THRESHOLDS[0],
                max=THRESHOLDS[-1],
                step=THRESHOLDS[1] - THRESHOLDS[0],
                readout_format=".2f",
                description="threshold",
            ),
        },
        alt="An image with the predicted contour coloured by its signed error, and JA, ASSD and HD at every threshold.",
        still=[{"threshold": 0.1}, {"threshold": 0.9}],
    )
