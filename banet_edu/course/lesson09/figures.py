"""What the clinic draws: diameters and area on an outline with their band of doubt, in the frame that its figures share.

The frame: a picture at the left, room for a legend and words at the right, a scale bar below. A card of a few lines stands for
a panel that shows nothing before its reader brings a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from matplotlib.patheffects import Normal, Stroke

from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.callipers import BAND, diameters, measured_in_band
from banet_edu.explain.boundary.wording import numbers
from banet_edu.figures.contour import draw_lines, draw_scale_bar
from banet_edu.figures.style import BLUE, DPI, GREEN, INK, ORANGE, PREDICTION, WIDTH, draw_image, proportion, styled
from banet_edu.metrics.shape import outlines
from banet_edu.prediction import Prediction

_TALLEST = 5.2  # inches: the picture
_HALO = [Stroke(linewidth=4.2, foreground=INK), Normal()]
_NAMES = {
    "longest": "longest diameter",
    "across": "the one across it",
    "perimeter": "perimeter",
    "area": "area",
}


def measures_figure(
    sample: Sample, prediction: Prediction, *, threshold: float = 0.5, source: str = "", tallest: float = _TALLEST
) -> Figure:
    """The outline with its longest diameter and the one across; beside it the figures and how far they move with the doubt.

    Lengths are in mm where the prediction's spacing is known, otherwise in % of the image diagonal with pixels beside; the
    area is then in % of the image. Nothing found: the picture says so.

    Args:
        sample: H x W x 3 image.
        prediction: of the same image, h x w.
        threshold: on the probability of the foreground; the band of doubt is always 0.25 to 0.75.
        source: where the pixel size comes from, for the line below the figures.
        tallest: inches, the picture.
    """
    level = prediction.probability - np.float32(threshold)
    with styled():
        figure, axes = picture_beside_words(sample, prediction, f"{sample.name}: threshold {threshold:.2f}", tallest)
        for wide in BAND:
            for line in outlines(prediction.probability - np.float32(wide)):
                axes.plot(line[:, 1], line[:, 0], color="w", linewidth=1.1, linestyle=(0, (3, 2)), zorder=2)
        draw_lines(axes, outlines(level), colour=PREDICTION, width=1.8)
        found = diameters(level, spacing_mm=prediction.spacing_mm)
        if found is not None:
            for ends, colour, style in ((found.longest, ORANGE, "-"), (found.across, GREEN, "--")):
                axes.plot(ends[:, 1], ends[:, 0], color=colour, linestyle=style, linewidth=2.4, marker="o", markersize=5,
                          markeredgecolor=INK, path_effects=_HALO if style == "-" else None, zorder=4)  # fmt: skip
        entries = [
            Line2D([], [], color=PREDICTION, linewidth=2.4, label=f"outline at threshold {threshold:.2f}"),
            Line2D(
                [], [], color="#8A8A8A", linewidth=1.4, linestyle=(0, (3, 2)), label="outlines at 0.25 and 0.75 (white)"
            ),
            Line2D([], [], color=ORANGE, linewidth=2.4, marker="o", label="longest diameter"),
            Line2D([], [], color=GREEN, linewidth=2.4, linestyle="--", marker="o", label="the one across it"),
        ]
        if found is None:
            entries = entries[1:2] if outlines(prediction.probability - np.float32(min(BAND))) else []
        finish(axes, prediction, entries, _table(prediction, threshold, source))
    return figure


def _table(prediction: Prediction, threshold: float, source: str) -> str:
    rows = measured_in_band(prediction.probability, spacing_mm=prediction.spacing_mm, threshold=threshold)
    if not rows["regions"][0]:
        most = float(prediction.probability.max())
        return (
            f"Nothing is found at this threshold:\nno pixel reaches it (the highest\nprobability is {most:.2f}).\n"
            "That is no proof that nothing is there."
        )
    mm = prediction.spacing_mm is not None
    lines = []
    for name, words in _NAMES.items():
        unit = ("mm²" if name == "area" else "mm") if mm else ("% of image" if name == "area" else "% of diag.")
        key = name + (("_mm2" if name == "area" else "_mm") if mm else "_pct")
        here, tight, wide = rows[key]
        beside = "" if mm else f" ({rows[f'{name}_px'][0]:,.0f} px)"
        middle, low, high = numbers(here, tight, wide)
        low = "nothing" if not rows["regions"][1] else low
        lines.append(f"{words}: {middle} {unit}{beside}\n    band of doubt {low} to {high}")
    if rows["regions"][0] > 1:
        lines.append(f"{rows['regions'][0]:.0f} parts; the diameters are the largest's")
    return "\n".join([*lines, source] if source else lines)


def picture_beside_words(
    sample: Sample, prediction: Prediction, title: str, tallest: float = _TALLEST
) -> tuple[Figure, Axes]:
    """A figure with the picture in the pixels of the prediction, in the shape that its pixel size gives it."""
    size, spacing = prediction.mask.shape, prediction.spacing_mm
    height = max(min(tallest, 0.6 * WIDTH * proportion(size, spacing)), min(3.4, tallest)) + 0.8
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    axes = figure.add_axes((0.005, 0.35 / height, 0.61, 1 - 0.75 / height))
    draw_image(axes, sample.image, size, spacing_mm=spacing)
    axes.set_anchor("NW")
    axes.set_title(title, loc="left")
    return figure, axes


def finish(axes: Axes, prediction: Prediction, entries: Sequence[Artist], words: str) -> None:
    """The scale bar below the picture, where the pixel size is known; the legend and the words beside it."""
    figure, size = axes.figure, prediction.mask.shape
    assert isinstance(figure, Figure)
    if prediction.spacing_mm is not None:
        draw_scale_bar(axes, size, prediction.spacing_mm, below=True)
    axes.set_xlim(-0.5, size[1] - 0.5)
    axes.set_ylim(size[0] - 0.5, -0.5)
    height = figure.get_figheight()
    figure.legend(handles=list(entries), loc="upper left", bbox_to_anchor=(0.63, 1 - 0.3 / height), borderaxespad=0)
    top = 0.65 + 0.2 * len(entries)
    figure.text(0.635, 1 - top / height, words, va="top", fontsize=10, linespacing=1.4)


def photo_figure(sample: Sample) -> Figure:
    """The picture alone, as its reader sees it before any line is drawn."""
    wide = 0.61 * WIDTH  # as later pictures show it beside their words: the ruler's lines can be counted
    figure = Figure(figsize=(wide, wide * proportion(sample.image.shape[:2])), dpi=DPI)
    with styled():
        axes = figure.add_axes((0, 0, 1, 1))
        draw_image(axes, sample.image)
        axes.set_anchor("NW")
    return figure


def card_figure(title: str, text: str) -> Figure:
    """A title over a text of one or more paragraphs (split at line breaks), in a frame."""
    lines = "\n".join(fill(part, 112) for part in text.split("\n"))
    height = 0.75 + 0.23 * (lines.count("\n") + 1)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    with styled():
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(0, height)
        axes.add_patch(
            FancyBboxPatch((0.12, 0.12), WIDTH - 0.24, height - 0.24, boxstyle="round,pad=0,rounding_size=0.1",
                           facecolor="#F3F7FA", edgecolor=BLUE)
        )  # fmt: skip
        axes.text(0.3, height - 0.26, title, fontsize=11, fontweight="bold", color=INK, va="top")
        axes.text(0.3, height - 0.53, lines, fontsize=10, color=INK, va="top", linespacing=1.35)
    return figure
