"""Two networks on the same images: which image favours which, and how sure the mean difference is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from banet_edu.course.lesson07.resampling import percentile_interval, resampled_differences
from banet_edu.data.sample import Sample
from banet_edu.figures.contour import draw_lines, draw_scale_bar, figures_text, mask_outlines
from banet_edu.figures.style import BLUE, INK, REFERENCE, SKY, VERMILLION, draw_image, new_figure, styled
from banet_edu.prediction import Prediction
from banet_edu.study.result import metric_label

if TYPE_CHECKING:
    import pandas as pd

GREY = "#7F7F7F"


def lower_is_better(metric: str) -> bool:
    """Whether a smaller value of this column is the better one.

    >>> lower_is_better("assd_mm"), lower_is_better("JA")
    (True, False)
    """
    return metric.startswith(("assd", "hd"))


def forest_figure(rows: pd.DataFrame, metrics: tuple[str, ...], *, first: str = "banet", title: str = "") -> Figure:
    """Mean paired differences, network `first` minus another, with 95 % intervals: a panel per metric, a row per comparison.

    `rows` has columns label, column (the metric), mean_difference, low, high, as `paired.csv` of a comparison with a label.
    Blue: `first` is better; orange: the other; open and grey: the interval holds 0.
    """
    labels = list(dict.fromkeys(rows["label"]))
    figure, [axes] = new_figure(1, len(metrics), height=1.6 + 0.42 * len(labels), sharey=True)
    with styled():
        for panel, metric in zip(axes, metrics, strict=True):
            panel.axvline(0, color=INK, linewidth=1)
            for row in rows[rows["column"] == metric].to_dict("records"):
                place = labels.index(row["label"])
                clear = row["low"] * row["high"] > 0
                better = (row["mean_difference"] > 0) != lower_is_better(metric)
                colour = (BLUE if better else VERMILLION) if clear else GREY
                panel.plot([row["low"], row["high"]], [place] * 2, "|-", color=colour, linewidth=2.4, markersize=11)
                panel.plot(row["mean_difference"], place, "D", color=colour if clear else "white",
                           markeredgecolor=colour, markersize=5, zorder=4)  # fmt: skip
                # An interval may be narrower than any mark: in digits it can be read all the same.
                said = f"{_signed(row['mean_difference'])}\n[{_signed(row['low'])}, {_signed(row['high'])}]"
                panel.text(1.01, place, said, transform=panel.get_yaxis_transform(), va="center", fontsize=9,
                           linespacing=1.0)  # fmt: skip
            panel.set_yticks(range(len(labels)), labels)
            panel.set_ylim(len(labels) - 0.5, -0.5)
            way = "left" if lower_is_better(metric) else "right"
            panel.set_xlabel(f"difference of {metric_label(metric)}\n{way}: {first} is better")
            panel.margins(x=0.12)
            panel.locator_params(axis="x", nbins=6 if len(metrics) == 1 else 4)
            panel.grid(axis="y", visible=False)
        figure.supxlabel(
            f"◆ mean difference, bar 95 % interval (blue: {first} better, orange: the other, open: interval holds 0)",
            fontsize=9,
        )
        if title:
            figure.suptitle(title)
    return figure


def pairs_figure(values: pd.DataFrame, metric: str, *, title: str = "") -> Figure:
    """Left: each network's mean with an interval of its own. Middle: the images, joined. Right: the difference's interval.

    `values`: one row per image, one column per network (`paired_values`). The two intervals on the right come from
    drawing the same images for both, and from drawing them apart.
    """
    a, b = values.columns
    first, second = values[a].to_numpy(), values[b].to_numpy()
    figure, [axes] = new_figure(1, 3, height=3.9, width_ratios=[1, 1.2, 1.5])
    colours = {a: BLUE, b: VERMILLION}
    apart, pairs, difference = axes
    with styled():
        random = np.random.default_rng(0)
        for place, name in enumerate((a, b)):
            one = values[name].to_numpy()
            draws = one[random.integers(0, len(one), (9999, len(one)))].mean(axis=1)
            low, high = percentile_interval(draws)
            apart.plot([place] * 2, [low, high], "_-", color=colours[name], linewidth=3, markersize=14)
            apart.plot(place, one.mean(), "D", color=colours[name], markeredgecolor=INK, markersize=8, zorder=4)
        apart.set_xticks([0, 1], [a, b])
        apart.set_xlim(-0.6, 1.6)
        apart.set_ylabel(metric_label(metric))
        apart.set_title("each network alone")
        for x, y in zip(first, second, strict=True):
            better = BLUE if (x > y) != lower_is_better(metric) else VERMILLION
            pairs.plot([0, 1], [x, y], "-", color=better, linewidth=0.9, alpha=0.45)
        pairs.set_xticks([0, 1], [a, b])
        pairs.set_xlim(-0.3, 1.3)
        pairs.set_ylabel(metric_label(metric))
        pairs.set_title("the same images, joined")
        for place, (said, paired) in enumerate((("same images for both", True), ("drawn apart", False))):
            low, high = percentile_interval(resampled_differences(first, second, paired=paired))
            difference.plot([low, high], [place] * 2, "|-", color=INK if paired else GREY, linewidth=3, markersize=14)
            difference.plot((first - second).mean(), place, "D", color=INK if paired else GREY, markersize=8)
            difference.annotate(f"width {high - low:.2f}", (high, place), (8, 0),
                                textcoords="offset points", va="center", fontsize=9)  # fmt: skip
            difference.text(0.98, place + 0.24, said, fontsize=9, va="center", ha="right",
                            transform=difference.get_yaxis_transform())  # fmt: skip
        difference.axvline(0, color=INK, linewidth=1)
        difference.set_yticks([])
        difference.set_ylim(1.6, -0.6)
        difference.margins(x=0.12)
        left, right = difference.get_xlim()
        difference.set_xlim(left, right + 0.25 * (right - left))  # room for the widths
        difference.locator_params(axis="x", nbins=5)
        difference.set_xlabel(f"{a} − {b}, {metric_label(metric)}")
        difference.set_title("their difference, two intervals")
        handles = [Line2D([], [], color=colour, linewidth=2) for colour in (BLUE, VERMILLION)]
        figure.legend(handles, [f"{a} better", f"{b} better"], loc="outside lower center", ncols=2)
        if title:
            figure.suptitle(title)
    return figure


def draw_sorted(axes: Axes, values: pd.DataFrame, metric: str, place: int) -> None:
    """Differences a - b as bars from the smallest to the largest, their mean, and a numbered mark at one place."""
    a, b = values.columns
    differences = np.sort((values[a] - values[b]).to_numpy())
    good = (differences > 0) != lower_is_better(metric)
    axes.bar(range(1, len(differences) + 1), differences, width=1.0, color=np.where(good, BLUE, VERMILLION))
    axes.axhline(0, color=INK, linewidth=1)
    axes.axhline(differences.mean(), color=INK, linewidth=1.5, linestyle="--")
    span = np.ptp(differences)
    above = differences[place] >= 0
    axes.annotate(
        f"{place + 1}", (place + 1, differences[place]), (0, 16 if above else -16), textcoords="offset points",
        ha="center", va="center", fontsize=10,
        bbox={"boxstyle": "circle", "facecolor": "w", "edgecolor": INK},
        arrowprops={"arrowstyle": "-", "color": INK},
    )  # fmt: skip
    axes.set_ylim(differences.min() - 0.22 * span, differences.max() + 0.22 * span)
    axes.set_xlabel("images, sorted by the difference")
    axes.set_ylabel(f"{a} − {b}\n{metric_label(metric)}")
    axes.grid(axis="x", visible=False)


def case_figure(
    values: pd.DataFrame, metric: str, place: int, sample: Sample, predictions: Mapping[str, Prediction]
) -> Figure:
    """The sorted differences with one image marked, and that image with both networks' contours, each with its figures."""
    a, b = values.columns
    figure, [axes] = new_figure(1, 3, height=4.0, width_ratios=[1.25, 1, 1])
    with styled():
        draw_sorted(axes[0], values, metric, place)
        axes[0].set_title(f"image {place + 1} of {len(values)}\n{_summary(values, metric)}", fontsize=10)
        for panel, name, colour in ((axes[1], a, SKY), (axes[2], b, VERMILLION)):
            draw_case(panel, sample, predictions[name], colour)
            assert sample.mask is not None
            figures = figures_text(predictions[name].mask, sample.mask > 0, sample.spacing_mm)
            panel.set_title(f"{name}\n{figures.rpartition(' · HD')[0] or figures}", fontsize=10)
        _legend(figure, a, b)
        figure.suptitle(sample.name)
    return figure


def draw_case(axes: Axes, sample: Sample, prediction: Prediction, colour: str) -> None:
    """An image with the reference's outline and one prediction's."""
    assert sample.mask is not None
    size = sample.mask.shape
    draw_image(axes, sample.image, size, spacing_mm=sample.spacing_mm)
    draw_lines(axes, mask_outlines(sample.mask > 0), colour=REFERENCE)
    draw_lines(axes, prediction.contours, colour=colour)
    if sample.spacing_mm is not None:
        draw_scale_bar(axes, size, sample.spacing_mm)


def _legend(figure: Figure, a: str, b: str) -> None:
    handles = [Line2D([], [], color=colour, linewidth=3) for colour in (REFERENCE, SKY, VERMILLION)]
    figure.legend(handles, ["reference", a, b], loc="outside lower center", ncols=3,
                  facecolor=INK, labelcolor="w", frameon=True, framealpha=0.8)  # fmt: skip


def _summary(values: pd.DataFrame, metric: str) -> str:
    a, b = values.columns
    difference = values[a] - values[b]
    better = int(((difference < 0) if lower_is_better(metric) else (difference > 0)).sum())
    return f"{a} better on {better} of {len(values)}, mean {difference.mean():+.3f}"


def _signed(value: float) -> str:
    """Three digits with a sign, and 0 without one.

    >>> _signed(-0.0042), _signed(-0.0001)
    ('−0.004', '0.000')
    """
    return f"{value:+.3f}".replace("-", "−") if abs(value) >= 0.0005 else "0.000"


def heap_figure(means: NDArray[np.float64], name: str, label: str, *, limits: tuple[float, float]) -> Figure:
    """The means of many resamples as a heap on an axis of those limits; the dark part is its middle 95 % (grey if it holds 0).

    `label` names the difference, with its unit.
    """
    edges = np.linspace(*limits, 121)
    figure, [[axes]] = new_figure(height=2.2)
    with styled():
        low, high = percentile_interval(means)
        counts, _ = np.histogram(means, edges)
        middle = (edges[:-1] + edges[1:]) / 2
        inside = (middle >= low) & (middle <= high)
        axes.bar(middle, counts, np.diff(edges), color=np.where(inside, GREY if low <= 0 <= high else INK, "#D5DDE3"))
        axes.plot([low, high], [0, 0], "|-", color=INK, linewidth=3, markersize=16, clip_on=False, zorder=5)
        axes.axvline(0, color=INK, linewidth=1, linestyle="--")
        verdict = "0 lies inside" if low <= 0 <= high else "0 lies outside"
        axes.set_title(f"{name}: {low:+.2f} to {high:+.2f}, width {high - low:.2f}; {verdict}", fontsize=10)
        axes.set_yticks([])
        axes.set_ylim(0, 1.12 * counts.max())
        axes.set_xlim(*limits)
        axes.grid(visible=False)
        axes.set_xlabel(f"mean difference in one resample: {label}")
    return figure
