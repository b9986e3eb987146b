"""Several models side by side: every image's figures with mean and interval, and the best, median and worst cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from banet_edu.compare_result import metric_label
from banet_edu.data.sample import Sample
from banet_edu.metrics.overlap import overlap
from banet_edu.plots.contour import draw_lines, draw_scale_bar, mask_outlines
from banet_edu.plots.style import (
    INK,
    PREDICTION,
    REFERENCE,
    WIDTH,
    draw_image,
    model_colours,
    new_figure,
    proportion,
    styled,
)
from banet_edu.prediction import Prediction

if TYPE_CHECKING:
    import pandas as pd


def overview_figure(
    per_image: pd.DataFrame, summary: pd.DataFrame, columns: Sequence[str], *, title: str = ""
) -> Figure:
    """One panel per column: a dot for every image, the mean of each model with its 95 % bootstrap interval.

    `per_image` has columns model and `columns`; `summary` has model, figure, mean, low, high (`CompareResult.summary`).
    Undefined figures (a missed object has no boundary distance) are not drawn; the report counts them.
    """
    models = list(dict.fromkeys(per_image["model"]))
    colours = model_colours(models)
    figure, axes = new_figure(1, len(columns), height=1.5 + 0.75 * len(models), sharey=True)
    spread = np.random.default_rng(0)
    with styled():
        for panel, column in zip(axes[0], columns, strict=True):
            for place, model in enumerate(models):
                values = per_image.loc[per_image["model"] == model, column].to_numpy(dtype=float)
                values = values[np.isfinite(values)]
                panel.scatter(
                    values, place + spread.uniform(-0.28, 0.28, len(values)),
                    s=14, color=colours[model], alpha=0.35, linewidths=0,
                )  # fmt: skip
                found = summary[(summary["model"] == model) & (summary["metric"] == column)]
                for row in found.itertuples():
                    panel.plot(
                        [row.low, row.high],
                        [place, place],
                        "|-",
                        color=INK,
                        linewidth=2.6,
                        markersize=13,
                        markeredgewidth=2,
                        zorder=4,
                    )
                    panel.plot(row.mean, place, "D", color=colours[model], markeredgecolor=INK, markersize=6, zorder=5)
            panel.set_yticks(range(len(models)), models)
            panel.set_ylim(len(models) - 0.5, -0.5)
            panel.set_xlabel(metric_label(column))
            panel.grid(axis="y", visible=False)
            if column.startswith(("assd", "hd")):
                panel.set_xlim(left=0)
        figure.supxlabel("dot: one test image   ◆: mean   bar: 95 % bootstrap interval over images", fontsize=9)
        if title:
            figure.suptitle(title)
    return figure


def pick_cases(per_image: pd.DataFrame, column: str = "JA") -> dict[str, str]:
    """The names of the best, the median and the worst test image, by the mean of `column` over all models.

    Taking the mean keeps the choice from favouring one model. Cases without a figure (nothing there, nothing found)
    are not chosen.
    """
    means = per_image.groupby("name")[column].mean().dropna().sort_values(ascending=False, kind="stable")
    if means.empty:
        raise ValueError(f"no test image has a {metric_label(column)} to choose cases by")
    places = {"best": 0, "median": len(means) // 2, "worst": len(means) - 1}
    return {label: str(means.index[place]) for label, place in places.items()}


def cases_figure(
    cases: Mapping[str, Sample], predictions: Mapping[str, Mapping[str, Prediction]], *, title: str = ""
) -> Figure:
    """Cases (rows) by models (columns): image, expert's contour, the model's contour, its JA.

    `cases` maps a label ("best") to a sample with a mask; `predictions` maps model -> label -> Prediction of its size.
    """
    models = list(predictions)
    shapes = [proportion(sample.mask.shape, sample.spacing_mm) for sample in cases.values() if sample.mask is not None]
    heights = [0.4 + shape * WIDTH / (len(models) + 1) for shape in shapes]
    figure, axes = new_figure(len(cases), len(models) + 1, height=sum(heights) + 0.4, height_ratios=heights)
    with styled():
        for row, (label, sample) in zip(axes, cases.items(), strict=True):
            assert sample.mask is not None
            reference, size = sample.mask > 0, sample.mask.shape
            draw_image(row[0], sample.image, size, spacing_mm=sample.spacing_mm)
            row[0].set_title(f"{label}: {shorten(sample.name)}")
            for panel, model in zip(row[1:], models, strict=True):
                prediction = predictions[model][label]
                draw_image(panel, sample.image, size, spacing_mm=sample.spacing_mm)
                draw_lines(panel, mask_outlines(reference), colour=REFERENCE)
                draw_lines(panel, prediction.contours, colour=PREDICTION)
                scores = overlap(prediction.mask, reference)
                said = f"JA {scores['JA']:.2f}" if scores["status"] == "ok" else scores["status"].replace("_", " ")
                panel.set_title(f"{model}: {said}")
            if sample.spacing_mm is not None:
                draw_scale_bar(row[0], size, sample.spacing_mm)
        handles = [axes[0][0].plot([], [], color=colour, linewidth=3)[0] for colour in (REFERENCE, PREDICTION)]
        figure.legend(
            handles, ["expert's reference", "model"], loc="outside lower center", ncols=2,
            facecolor=INK, labelcolor="w", frameon=True, framealpha=0.8,
        )  # fmt: skip
        if title:
            figure.suptitle(title)
    return figure


def shorten(name: str, length: int = 24) -> str:
    """A name that fits a panel's title.

    >>> shorten("a_very_long_name_of_an_image_file", 12)
    'a_ver…e_file'
    """
    return name if len(name) <= length else f"{name[: length // 2 - 1]}…{name[-(length // 2) :]}"
