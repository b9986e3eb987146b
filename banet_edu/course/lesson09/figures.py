"""Diameters and area on an outline, and how far they would move within the network's band of doubt.

The frame of the clinic's figures: a picture at the left, room for a legend and words at the right, a scale bar below.

A few lines on a card: what stands for a panel that shows nothing before its reader brings a picture.

Two points on a ruler in a picture, magnified, and the pixel size that follows from them.
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
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from banet_edu.course.lesson09.callipers import BAND, clinic_measures, diameters, ruler_spacing
from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.wording import numbers
from banet_edu.figures.contour import draw_lines, draw_scale_bar
from banet_edu.figures.style import BLUE, DPI, GREEN, INK, ORANGE, PREDICTION, WIDTH, draw_image, proportion, styled
from banet_edu.metrics.shape import outlines
from banet_edu.prediction import Prediction

_HALO = [Stroke(linewidth=4.2, foreground=INK), Normal()]
_NAMES = {
    "longest": "longest diameter",
    "across": "the one across it",
    "perimeter": "perimeter",
    "area": "area",
}


def level_at(prediction: Prediction, threshold: float) -> NDArray[np.float32]:
    """h x w, zero or more where the probability of the foreground reaches the threshold."""
    return prediction.probability - np.float32(threshold)


def measured_in_band(prediction: Prediction, threshold: float = 0.5) -> dict[str, tuple[float, float, float]]:
    """Each measurement (see `clinic_measures`) at the threshold, and at the tight and the wide end of the band, 0.75 and 0.25.

    >>> from banet_edu import load_model, load_samples, predict
    >>> found = predict(load_model("banet-lite-phantom"), load_samples("dermoscopy", "test")[0])
    >>> here, tight, wide = measured_in_band(found)["area_mm2"]
    >>> tight < here < wide
    True
    """
    rows = [clinic_measures(level_at(prediction, t), spacing_mm=prediction.spacing_mm) for t in (threshold, *BAND)]
    return {name: (rows[0][name], rows[1][name], rows[2][name]) for name in rows[0]}


def measures_figure(sample: Sample, prediction: Prediction, *, threshold: float = 0.5, source: str = "") -> Figure:
    """The outline with its longest diameter and the one across; beside it the figures and how far they move with the doubt.

    Lengths are in mm where the prediction's spacing is known, otherwise in % of the image diagonal with pixels beside; the
    area is then in % of the image. Nothing found: the picture says so.

    Args:
        sample: H x W x 3 image.
        prediction: of the same image, h x w.
        threshold: on the probability of the foreground; the band of doubt is always 0.25 to 0.75.
        source: where the pixel size comes from, for the line below the figures.
    """
    level = level_at(prediction, threshold)
    with styled():
        figure, axes = picture_beside_words(sample, prediction, f"{sample.name}: threshold {threshold:.2f}")
        for wide in BAND:
            for line in outlines(level_at(prediction, wide)):
                axes.plot(line[:, 1], line[:, 0], color="w", linewidth=1.1, linestyle=(0, (3, 2)), zorder=2)
        draw_lines(axes, outlines(level), colour=PREDICTION, width=1.8)
        found = diameters(level, spacing_mm=prediction.spacing_mm)
        if found is not None:
            for ends, colour, style in ((found.longest, ORANGE, "-"), (found.across, GREEN, "--")):
                axes.plot(ends[:, 1], ends[:, 0], color=colour, linestyle=style, linewidth=2.4, marker="o", markersize=5,
                          markeredgecolor=INK, path_effects=_HALO if style == "-" else None, zorder=4)  # fmt: skip
        entries = [
            Line2D([], [], color=PREDICTION, linewidth=2.4, label=f"outline at threshold {threshold:.2f}"),
            Line2D([], [], color="#8A8A8A", linewidth=1.4, linestyle=(0, (3, 2)), label="outlines at 0.25 and 0.75"),
            Line2D([], [], color=ORANGE, linewidth=2.4, marker="o", label="longest diameter"),
            Line2D([], [], color=GREEN, linewidth=2.4, linestyle="--", marker="o", label="the one across it"),
        ]
        finish(axes, prediction, entries, _table(prediction, threshold, source))
    return figure


def _table(prediction: Prediction, threshold: float, source: str) -> str:
    rows = measured_in_band(prediction, threshold)
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


_TALLEST = 5.2  # inches


def picture_beside_words(sample: Sample, prediction: Prediction, title: str) -> tuple[Figure, Axes]:
    """A figure with the picture in the pixels of the prediction, in the shape that its pixel size gives it."""
    size, spacing = prediction.mask.shape, prediction.spacing_mm
    height = max(min(_TALLEST, 0.6 * WIDTH * proportion(size, spacing)), 3.4) + 0.8
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


POINT_COLOURS = (ORANGE, PREDICTION)
_RULER_HALO = [Stroke(linewidth=3.4, foreground=INK), Normal()]
_WINDOW = 0.09  # of the longer side: what a magnified inset shows
_TALLEST_PHOTO = 5.0  # inches


def ruler_figure(
    image: NDArray[np.uint8],
    ends: Sequence[Sequence[float]] | NDArray[np.float64],
    length_mm: float | None,
    *,
    longest_px: float | None = None,
    note: str = "",
) -> Figure:
    """The picture with two points, what lies under each of them magnified, and in words what follows for the pixel size.

    Args:
        image: H x W x 3 uint8, square pixels.
        ends: 2 x 2, (row, column) of the points, in pixels of the image.
        length_mm: their distance on the ruler; None: not set yet, and no millimetre is named.
        longest_px: the object's longest diameter in pixels, to tell how it comes out.
        note: one line below, such as where another pixel size comes from.
    """
    places = np.asarray(ends, float)
    picture = min(_TALLEST_PHOTO, 0.63 * WIDTH * proportion(image.shape[:2]))
    height = max(picture, 3.6) + 1.25
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    with styled():
        figure.suptitle(_headline(places, length_mm), x=0.01, y=1 - 0.12 / height, ha="left", va="top", fontsize=11)
        whole = figure.add_axes((0.005, 0.85 / height, 0.66, 1 - 1.3 / height))
        draw_image(whole, image)
        whole.set_anchor("NW")
        whole.plot(places[:, 1], places[:, 0], color="w", linewidth=1.5, path_effects=_RULER_HALO)
        side = (1 - 1.3 / height - 0.06) / 2
        for number, (place, colour) in enumerate(zip(places, POINT_COLOURS, strict=True), start=1):
            _cross(whole, place, colour, 0.022 * max(image.shape[:2]))
            y, x = np.clip(place - 0.055 * max(image.shape[:2]), 8, None)
            whole.text(x, y, str(number), color=INK, fontsize=10, ha="center", va="center", zorder=6,
                       bbox={"boxstyle": "circle,pad=0.2", "facecolor": colour, "edgecolor": INK})  # fmt: skip
            inset = figure.add_axes((0.69, 0.85 / height + (2 - number) * (side + 0.06), 0.3, side))
            _magnified(inset, image, place, colour, f"point {number}, magnified")
        figure.text(0.01, 0.1 / height, "\n".join(_words(places, length_mm, longest_px, note)), fontsize=10, va="bottom",
                    linespacing=1.45)  # fmt: skip
    return figure


def _headline(places: NDArray[np.float64], length_mm: float | None) -> str:
    pixels = float(np.linalg.norm(places[1] - places[0]))
    if length_mm is None:
        return f"Set both points on marks of the ruler. They are {pixels:.0f} px apart; how many mm that is, is not set yet"
    spacing = ruler_spacing(places, length_mm)
    if spacing is None:
        return "Both points are at one place: no length between them"
    return f"{pixels:.1f} px between the points are {length_mm:g} mm: one pixel is {spacing:.4f} mm"


def _words(places: NDArray[np.float64], length_mm: float | None, longest_px: float | None, note: str) -> list[str]:
    pixels = float(np.linalg.norm(places[1] - places[0]))
    spacing = None if length_mm is None else ruler_spacing(places, length_mm)
    lines = []
    if pixels >= 1:
        off = 100 / pixels
        lines.append(f"One point one pixel off changes every length by {off:.2g} %.")
        if longest_px is not None and spacing is not None:
            length = longest_px * spacing
            lines[0] += f" The longest diameter of the outline is {length:.2f} mm: {length * off / 100:.2g} mm of it."
        elif longest_px is not None:
            lines[0] += f" The longest diameter of the outline is {longest_px:.0f} px."
    return [*lines, note] if note else lines


def _magnified(axes: Axes, image: NDArray[np.uint8], place: NDArray[np.float64], colour: str, title: str) -> None:
    reach = 0.5 * _WINDOW * max(image.shape[:2])
    top, left = (max(0, int(place[i] - 1.6 * reach)) for i in (0, 1))
    bottom, right = (int(place[i] + 1.6 * reach) + 2 for i in (0, 1))
    crop = image[top:bottom, left:right]
    height, width = crop.shape[:2]
    axes.set_facecolor("#DDDDDD")  # beyond the frame of the picture
    axes.imshow(crop, extent=(left - 0.5, left + width - 0.5, top + height - 0.5, top - 0.5), interpolation="nearest")
    axes.set_xlim(place[1] - 1.35 * reach, place[1] + 1.35 * reach)
    axes.set_ylim(place[0] + reach, place[0] - reach)
    _cross(axes, place, colour, 0.7 * reach, gap=0.12 * reach)
    axes.xaxis.set_major_locator(NullLocator())
    axes.yaxis.set_major_locator(NullLocator())
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(colour)
        spine.set_linewidth(3)
    axes.set_title(title, fontsize=10)


def _cross(axes: Axes, place: NDArray[np.float64], colour: str, arm: float, gap: float | None = None) -> None:
    """Four arms around the point, which itself stays free."""
    gap = 0.25 * arm if gap is None else gap
    for step in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        ends = place + np.outer([gap, arm], step)
        axes.plot(ends[:, 1], ends[:, 0], color=colour, linewidth=1.8, path_effects=_RULER_HALO, zorder=5)
