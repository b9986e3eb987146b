"""One look for every figure: size, fonts, colours that colour-blind readers can tell apart, and how to show one.

Figures are plain `matplotlib.figure.Figure` objects, never pyplot's: nothing is drawn twice, nothing leaks between
notebook cells, and threads may draw. A notebook cell ends with `show(figure)`.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import cv2
import numpy as np
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.image import imread
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter, LogitFormatter, ScalarFormatter
from numpy.typing import NDArray

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), in the order models are drawn.
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, YELLOW, INK, GREY = "#E69F00", "#56B4E9", "#F0E442", "#222222", "#7F7F7F"
MODEL_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, INK, GREY)
REFERENCE = YELLOW  # the expert's contour on an image
PREDICTION = SKY  # a model's, where it has one colour

# Prediction inside the reference: blue. On it: white. Outside: vermillion.
SIGNED = LinearSegmentedColormap.from_list("signed_error", ["#00457A", SKY, "#FFFFFF", ORANGE, "#A23B00"])

# Matplotlib's own font knows no Chinese, Japanese or Korean; what it lacks is taken from those of these that are there.
_MORE = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
    "Microsoft YaHei", "SimHei", "PingFang SC", "PingFang HK", "Hiragino Sans GB", "Heiti TC", "Arial Unicode MS",
)  # fmt: skip
_THERE = {font.name for font in fontManager.ttflist}
FAMILIES = ["DejaVu Sans", *(name for name in _MORE if name in _THERE)]
# That one of them has no bold is said at every bold word, Latin ones too: in a lesson's output it would be a fault.
logging.getLogger("matplotlib.font_manager").addFilter(
    lambda record: "Failed to find font weight" not in record.getMessage()
)

WIDTH = 9.5  # inches: a notebook's column
DPI = 110
_RC: dict[Any, Any] = {
    "font.family": FAMILIES,
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.labelsize": 10.0,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "legend.fontsize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "figure.facecolor": "white",
}
_WRITERS_OF_NUMBERS = (ScalarFormatter, LogFormatter, LogitFormatter)
_LINE = 28  # pixels: a line of text above a figure
_LONGEST_SHOWN = 1000  # pixels: larger images are reduced before they are drawn


def new_figure(
    rows: int = 1, columns: int = 1, *, height: float = 4.0, width: float = WIDTH, **grid: Any
) -> tuple[Figure, NDArray[np.object_]]:
    """A figure in the house style and its rows x columns array of axes. `grid` goes to `Figure.subplots`."""
    with rc_context(_RC):
        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False, **grid)
    return figure, axes


def styled() -> Any:
    """Context in which texts and legends added later get the house fonts: `with styled(): ...`."""
    return rc_context(_RC)


def model_colours(names: Iterable[str]) -> dict[str, str]:
    """One colour for each model, by order of first appearance.

    >>> model_colours(["banet", "unet"])
    {'banet': '#0072B2', 'unet': '#D55E00'}
    """
    unique = list(dict.fromkeys(names))
    return {name: MODEL_COLOURS[i % len(MODEL_COLOURS)] for i, name in enumerate(unique)}


def draw_image(
    axes: Axes,
    image: NDArray[np.uint8],
    size: tuple[int, int] | None = None,
    *,
    spacing_mm: tuple[float, float] | None = None,
) -> None:
    """Draw H x W x 3 so that its field of view covers `size` = (h, w) pixels: contours then keep their coordinates.

    Those pixels are drawn square, as they are measured (an image stored squeezed gets its mask's proportions), or with
    the proportions of `spacing_mm` (row, column).
    """
    height, width = size or image.shape[:2]
    if (factor := _LONGEST_SHOWN / max(image.shape[:2])) < 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    aspect = 1.0 if spacing_mm is None else spacing_mm[0] / spacing_mm[1]
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.imshow(image, extent=extent, aspect=aspect, interpolation="nearest")
    axes.set_axis_off()


def proportion(size: tuple[int, int], spacing_mm: tuple[float, float] | None = None) -> float:
    """Height over width of a picture of `size` = (h, w) pixels, as `draw_image` shows it; of a strip that of its frame.

    >>> proportion((100, 200)), proportion((100, 200), spacing_mm=(2.0, 1.0)), proportion((5000, 20))
    (0.5, 1.0, 3.0)
    """
    row, column = spacing_mm or (1.0, 1.0)
    return min(max(size[0] * row / (size[1] * column), 0.2), 3.0)


def png_bytes(figure: Figure, *, dpi: int = DPI) -> bytes:
    """The figure as a PNG file's bytes. A dollar sign is one: in a case's name it begins no formula."""
    for text in _words(figure):
        text.set_parse_math(False)
    buffer, before = io.BytesIO(), figure.dpi
    figure.dpi = dpi
    try:
        FigureCanvasAgg(figure).print_png(buffer)  # the same picture as `savefig`, which draws twice to lay it out
    finally:
        figure.dpi = before
    return buffer.getvalue()


def _words(artist: Artist) -> Iterator[Text]:
    """Every text of a figure but the numbers that matplotlib itself writes along an axis, which hold formulas (10 to the power
    of 3). Those are told by who writes them, and not looked at: an axis makes a tick when it is asked for one, seen or not.
    """
    if isinstance(artist, Text):
        yield artist
    elif isinstance(artist, Axis) and isinstance(artist.get_major_formatter(), _WRITERS_OF_NUMBERS):
        yield artist.label
    else:
        for child in artist.get_children():
            yield from _words(child)


def below_one_another(figures: Mapping[str, Figure]) -> Figure:
    """Finished figures in one, each under the line that is its key.

    >>> whole = below_one_another({"first": new_figure(height=2)[0], "second": new_figure(height=1)[0]})
    >>> round(float(whole.get_figheight()), 1)  # inches: both, and two lines
    3.5
    """
    pictures = [imread(io.BytesIO(png_bytes(figure))) for figure in figures.values()]
    height = sum(len(picture) + _LINE for picture in pictures)
    width = max(picture.shape[1] for picture in pictures)
    whole = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    with styled():
        for line, picture in zip(figures, pictures, strict=True):
            whole.text(0.01, (height - _LINE / 2) / whole.bbox.height, line, weight="bold", color=INK, va="center")
            height -= _LINE + len(picture)
            whole.figimage(picture, 0, height)
    return whole


def show(figure: Figure, alt: str = "figure", *, private: bool = False) -> None:
    """Show a figure in a notebook, exactly once, with `alt` as the text for those who cannot see it.

    The cell's output is one PNG and a fixed text, so that strict nbval passes. Outside a notebook it does nothing:
    save with `figure.savefig(...)` there. A `private` picture, somebody's own, is seen while the kernel runs and is not saved
    with the notebook, which keeps `alt` alone.
    """
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        return
    if private:
        import ipywidgets

        picture = ipywidgets.Image(value=png_bytes(figure), format="png", layout={"max_width": "100%"})
        display({**picture._repr_mimebundle_(), "text/plain": f"{alt} (not saved with the notebook)"}, raw=True)
    else:
        display({"image/png": png_bytes(figure), "text/plain": alt}, raw=True)
