"""The frame of the clinic's figures: a picture at the left, room for a legend and words at the right, a scale bar below."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from banet_edu.data.sample import Sample
from banet_edu.plots.contour import draw_scale_bar
from banet_edu.plots.style import DPI, WIDTH, draw_image, proportion
from banet_edu.prediction import Prediction

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
