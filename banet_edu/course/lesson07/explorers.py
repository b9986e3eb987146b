"""Walk along the images from one network's best to the other's; see what pairing and more images do to an interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import ipywidgets
import numpy as np
from matplotlib.figure import Figure
from torch import nn

from banet_edu.course.lesson07.figures import case_figure, heap_figure
from banet_edu.course.lesson07.resampling import paired_values, resampled_differences
from banet_edu.course.panel import Panel, by_name, choice
from banet_edu.data.sample import Sample
from banet_edu.prediction import Prediction, predict
from banet_edu.study.result import metric_label

if TYPE_CHECKING:
    import pandas as pd


def paired_explorer(
    table: pd.DataFrame,
    samples: Iterable[Sample],
    models: Mapping[str, nn.Module],
    metrics: Sequence[str] = ("JA", "assd_mm"),
) -> Panel:
    """Choose a figure and a place in the row of images sorted by the difference of two networks; see both contours.

    `table`: per-image figures as `evaluate` gives them, with a column model; `models`: the two networks by that name.
    """
    cases, (a, b) = by_name(samples), tuple(models)
    pairs = {metric: paired_values(table, metric, a, b) for metric in metrics}
    order = {metric: (values[a] - values[b]).sort_values(kind="stable").index for metric, values in pairs.items()}
    places = min(len(values) for values in pairs.values())

    @cache
    def predicted(name: str) -> dict[str, Prediction]:
        return {network: predict(model, cases[name]) for network, model in models.items()}

    def render(metric: str, place: int) -> Figure:
        name = order[metric][place - 1]
        return case_figure(pairs[metric], metric, place - 1, cases[name], predicted(name))

    return Panel(
        render,
        {
            "metric": choice("measured by", {metric_label(metric): metric for metric in metrics}),
            "place": ipywidgets.IntSlider(places, 1, places, description="place in the row", continuous_update=False),
        },
        alt=f"Differences {a} minus {b} of all images, sorted; and one image with the contours of both networks.",
        still=[{"place": place} for place in (1, places // 2 + 1, places)],
    )


def resampling_explorer(values: pd.DataFrame, metric: str) -> Panel:
    """Choose how many images the test has and whether both networks are drawn together: the heap of resampled means.

    `values`: one row per image, two networks (`paired_values`). Fewer images than there are: a fixed random choice of them.
    """
    a, b = values.columns
    mixed = values.iloc[np.random.default_rng(1).permutation(len(values))]
    counts = sorted({count for count in (24, 48, 96) if count < len(values)} | {len(values)})
    label = f"{a} − {b}, {metric_label(metric)}"

    @cache
    def drawn(count: int, paired: bool) -> np.ndarray:
        part = mixed.iloc[:count]
        return resampled_differences(part[a], part[b], paired=paired)

    widest = np.abs(np.percentile(drawn(counts[0], False), [1, 99])).max()  # what lies beyond is cut off

    def render(count: int, paired: bool) -> Figure:
        said = f"{count} images, {'same images for both' if paired else 'drawn apart'}"
        return heap_figure(drawn(count, paired), said, label, limits=(-widest, widest))

    return Panel(
        render,
        {
            "count": choice("test images", {str(count): count for count in counts}, counts[-1]),
            "paired": choice("draw", {"same images for both": True, "apart": False}),
        },
        alt="Mean differences of two networks in 9999 resamples of the test images, with the middle 95 percent marked.",
        still=[
            {"count": counts[-1], "paired": False},
            {"count": counts[-1], "paired": True},
            *({"count": count, "paired": True} for count in (24, 96) if count in counts[:-1]),
        ],
    )
