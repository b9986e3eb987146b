"""Two points on a ruler in a picture, magnified, and the pixel size that follows from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from banet_edu.explain.boundary.callipers import ruler_spacing
from banet_edu.figures.style import DPI, INK, ORANGE, PREDICTION, WIDTH, draw_image, proportion, styled

POINT_COLOURS = (ORANGE, PREDICTION)
_HALO = [Stroke(linewidth=3.4, foreground=INK), Normal()]
_WINDOW = 0.09  # of the longer side: what a magnified inset shows
_TALLEST = 5.0  # inches


def ruler_figure(
    image: NDArray[np.uint8],
    ends: Sequence[Sequence[float]] | NDArray[np.float64],
    length_mm: float | None,
    *,
    longest_px: float | None = None,
    note: str = "",
    tallest: float = _TALLEST,
) -> Figure:
    """The picture with two points, what lies under each of them magnified, and in words what follows for the pixel size.

    Args:
        image: H x W x 3 uint8, square pixels.
        ends: 2 x 2, (row, column) of the points, in pixels of the image.
        length_mm: their distance on the ruler; None: not set yet, and no millimetre is named.
        longest_px: the object's longest diameter in pixels, to tell how it comes out.
        note: one line below, such as where another pixel size comes from.
        tallest: inches, the picture.
    """
    places = np.asarray(ends, float)
    picture = min(tallest, 0.63 * WIDTH * proportion(image.shape[:2]))
    height = max(picture, 3.6) + 1.25
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    with styled():
        figure.suptitle(_headline(places, length_mm), x=0.01, y=1 - 0.12 / height, ha="left", va="top", fontsize=11)
        whole = figure.add_axes((0.005, 0.85 / height, 0.66, 1 - 1.3 / height))
        draw_image(whole, image)
        whole.set_anchor("NW")
        whole.plot(places[:, 1], places[:, 0], color="w", linewidth=1.5, path_effects=_HALO)
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
        return f"Set both points on lines of the ruler. They are {pixels:.0f} px apart; how many mm that is, is not set yet"
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
        axes.plot(ends[:, 1], ends[:, 0], color=colour, linewidth=1.8, path_effects=_HALO, zorder=5)
