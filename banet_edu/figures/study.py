"""What a study found: models side by side, image by image, with telling cases; an ablation's variants, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from banet_edu.data.sample import Sample
from banet_edu.figures.contour import class_outlines, draw_lines, draw_scale_bar, mask_outlines
from banet_edu.figures.style import (
    BLUE,
    INK,
    PREDICTION,
    REFERENCE,
    VERMILLION,
    WIDTH,
    draw_image,
    model_colours,
    new_figure,
    proportion,
    styled,
)
from banet_edu.metrics.overlap import overlap
from banet_edu.prediction import Prediction
from banet_edu.study.result import metric_label

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_GREY = "#7F7F7F"


def overview_figure(
    per_image: pd.DataFrame, summary: pd.DataFrame, columns: Sequence[str], *, title: str = ""
) -> Figure:
    """One panel per column: a dot for every image, the mean of each model with its 95 % bootstrap interval.

    `per_image` has columns model and `columns`; `summary` has model, metric, mean, low, high (`CompareResult.summary`).
    Where both tell several classes apart (a column class), each of them is a line of its own.
    Undefined figures (a missed object has no boundary distance) are not drawn; the report counts them.
    """
    several = "class" in per_image and "class" in summary and per_image["class"].nunique() > 1
    by = ["model", "class"] if several else ["model"]
    lines = list(per_image[by].drop_duplicates().itertuples(index=False, name=None))
    colours = model_colours(per_image["model"])
    figure, axes = new_figure(1, len(columns), height=1.5 + 0.75 * len(lines), sharey=True)
    spread = np.random.default_rng(0)
    with styled():
        for panel, column in zip(axes[0], columns, strict=True):
            for place, line in enumerate(lines):
                colour = colours[line[0]]
                values = per_image.loc[per_image[by].eq(list(line)).all(axis=1), column].to_numpy(dtype=float)
                values = values[np.isfinite(values)]
                panel.scatter(
                    values, place + spread.uniform(-0.28, 0.28, len(values)),
                    s=14, color=colour, alpha=0.35, linewidths=0,
                )  # fmt: skip
                found = summary[summary[by].eq(list(line)).all(axis=1) & (summary["metric"] == column)]
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
                    panel.plot(row.mean, place, "D", color=colour, markeredgecolor=INK, markersize=6, zorder=5)
            panel.set_yticks(range(len(lines)), ["\n".join(map(str, line)) for line in lines])
            panel.set_ylim(len(lines) - 0.5, -0.5)
            panel.set_xlabel(metric_label(column))
            panel.grid(axis="y", visible=False)
            if column.startswith(("assd", "hd")):
                panel.set_xlim(left=0)
        figure.supxlabel("dot: one test case   ◆: mean   bar: 95 % bootstrap interval over cases", fontsize=9)
        if title:
            figure.suptitle(title)
    return figure


def pick_cases(per_image: pd.DataFrame, column: str = "JA") -> dict[str, str]:
    """The names of the best, the median and the worst test image, by the mean of `column` over all models and classes.

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
    """The image, expert's contour, each model's contour and its JA: cases as rows, or as columns beyond three models.

    `cases` maps a label ("best") to a sample with a mask; `predictions` maps model -> label -> Prediction of its size. Of
    several classes each is outlined, and JA is their mean. Masks hold class numbers, as for `evaluate`.
    """
    beside: list[str | None] = [None, *predictions]  # None: the image alone
    panels = [[(label, model) for model in beside] for label in cases]
    if len(predictions) > 3:  # panels this narrow would not hold their titles
        panels = [list(column) for column in zip(*panels, strict=True)]
    references = {label: np.asarray(sample.mask) for label, sample in cases.items() if sample.mask is not None}
    shape = {label: proportion(references[label].shape, sample.spacing_mm) for label, sample in cases.items()}
    heights = [0.4 + max(shape[label] for label, _ in row) * WIDTH / len(row) for row in panels]
    figure, axes = new_figure(len(panels), len(panels[0]), height=sum(heights) + 0.4, height_ratios=heights)
    with styled():
        for row, places in zip(axes, panels, strict=True):
            for panel, (label, model) in zip(row, places, strict=True):
                sample, reference = cases[label], references[label]
                draw_image(panel, sample.image, reference.shape, spacing_mm=sample.spacing_mm)
                if model is None:
                    panel.set_title(f"{label}: {shorten(sample.name)}")
                    if sample.spacing_mm is not None:
                        draw_scale_bar(panel, reference.shape, sample.spacing_mm)
                else:
                    found = predictions[model][label]
                    for number in range(1, len(found.class_names)):
                        draw_lines(panel, mask_outlines(reference == number), colour=REFERENCE)
                    draw_lines(panel, class_outlines(found), colour=PREDICTION)
                    panel.set_title(f"{model}: {_said(found, reference)}")
        two = all(len(found.class_names) == 2 for of_model in predictions.values() for found in of_model.values())
        handles = [axes[0][0].plot([], [], color=colour, linewidth=3)[0] for colour in (REFERENCE, PREDICTION)]
        figure.legend(
            handles, [f"{line}{', each class' * (not two)}" for line in ("reference", "outline")],
            loc="outside lower center", ncols=2,
            facecolor=INK, labelcolor="w", frameon=True, framealpha=0.8,
        )  # fmt: skip
        if title:
            figure.suptitle(title)
    return figure


def _said(prediction: Prediction, reference: NDArray[Any]) -> str:
    """JA, or in words why there is none; of several classes the mean over those that one of the two has."""
    scores = [overlap(prediction.labels == k, reference == k) for k in range(1, len(prediction.class_names))]
    if len(scores) == 1 and scores[0]["status"] != "ok":
        return str(scores[0]["status"]).replace("_", " ")
    values = [score["JA"] for score in scores if score["status"] != "both_empty"]
    if not values:
        return "both empty"
    return f"{'JA' if len(scores) == 1 else 'mean JA'} {np.mean(values):.2f}"


def shorten(name: str, length: int = 24) -> str:
    """A name that fits a panel's title.

    >>> shorten("a_very_long_name_of_an_image_file", 12)
    'a_ver…e_file'
    """
    return name if len(name) <= length else f"{name[: length // 2 - 1]}…{name[-(length // 2) :]}"


def ablation_figure(
    summary: pd.DataFrame, seeds: pd.DataFrame, metrics: Sequence[str] = (), *, title: str = ""
) -> Figure:
    """One panel per figure, one row per variant: the difference from the first variant, its interval, a dot per seed.

    `summary`, `seeds`: see `banet_edu.study.ablate` (one class). Filled diamonds: an interval without 0, blue where the
    variant is better, orange where it is worse; open grey ones: the interval holds 0. The first row has no interval: its
    dots are the full network's own seeds around their mean.
    """
    shown = list(metrics) or [m for m in summary["metric"].unique() if m == "JA" or m.startswith("assd")]
    variants = list(dict.fromkeys(summary["variant"]))
    if summary["class"].nunique() > 1:
        raise ValueError("the table holds several classes: choose one first")
    figure, [axes] = new_figure(1, len(shown), height=1.6 + 0.36 * len(variants), sharey=True)
    with styled():
        for panel, metric in zip(axes, shown, strict=True):
            better_up = not metric.startswith(("assd", "hd"))
            panel.axvline(0, color=INK, linewidth=1)
            rows = summary[summary["metric"] == metric].set_index("variant")
            dots = seeds[seeds["metric"] == metric]
            for place, variant in enumerate(variants):
                own = dots.loc[dots["variant"] == variant, "difference"].to_numpy(dtype=float)
                panel.plot(own, np.full(len(own), place + 0.24), "o", color=_GREY, markersize=4.5, zorder=3)
                row = rows.loc[variant]
                if place == 0 or not np.isfinite(row["difference"]):
                    continue
                clear = row["low"] * row["high"] > 0
                colour = (BLUE if (row["difference"] > 0) == better_up else VERMILLION) if clear else _GREY
                panel.plot([row["low"], row["high"]], [place, place], "|-", color=colour, linewidth=2.4, markersize=10)
                face = colour if clear else "white"
                panel.plot(row["difference"], place, "D", color=face, markeredgecolor=colour, markersize=7, zorder=4)
            panel.set_yticks(range(len(variants)), variants)
            panel.set_ylim(len(variants) - 0.4, -0.5)
            panel.set_xlabel(f"{metric_label(metric)}\nminus that of {variants[0]}, {_way(better_up)}")
            panel.margins(x=0.1)
            panel.locator_params(axis="x", nbins=6)
            panel.grid(axis="y", visible=False)
        figure.supxlabel(
            "◆ bar: mean over seeds, 95 % interval over images (blue better, orange worse, open: holds 0)   "
            "dot: one seed",
            fontsize=9,
        )
        if title:
            figure.suptitle(title)
    return figure


def _way(better_up: bool) -> str:
    return "right is better" if better_up else "left is better"
