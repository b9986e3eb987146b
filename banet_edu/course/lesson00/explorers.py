"""A slider for the threshold: the contour, its signed error, JA and ASSD follow."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import ipywidgets
from matplotlib.figure import Figure
from torch import nn

from banet_edu.course.lesson00.figures import (
    THRESHOLDS,
    ThresholdCurves,
    threshold_curves,
    threshold_figure,
    thresholds_figure,
)
from banet_edu.course.panel import Panel
from banet_edu.data.sample import Sample
from banet_edu.prediction import predict


def threshold_explorer(model: nn.Module, samples: Iterable[Sample]) -> Panel:
    """Choose a sample and move the threshold on the model's probability.

    The network runs once per sample; moving the slider only thresholds again. Samples need masks.
    Raises ValueError without samples, or for one without a mask.
    """
    by_name = {sample.name: sample for sample in samples}
    if not by_name:
        raise ValueError("threshold_explorer needs at least one sample")

    @cache
    def curves(name: str) -> ThresholdCurves:
        return threshold_curves(by_name[name], predict(model, by_name[name]))

    def render(sample: str, threshold: float) -> Figure:
        return threshold_figure(curves(sample), threshold)

    return Panel(
        render,
        {
            "sample": ipywidgets.SelectionSlider(options=list(by_name), description="sample"),
            "threshold": ipywidgets.FloatSlider(
                0.5,
                min=THRESHOLDS[0],
                max=THRESHOLDS[-1],
                step=THRESHOLDS[1] - THRESHOLDS[0],
                readout_format=".2f",
                description="threshold",
            ),
        },
        alt="An image with the predicted contour coloured by its signed error, and JA and ASSD at every threshold.",
        still=lambda: thresholds_figure(curves(next(iter(by_name)))),
    )
