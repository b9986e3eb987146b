"""What every figure must keep: texts large enough, nothing clipped, no panel without content."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.text import Text


def texts(figure: Figure) -> list[Text]:
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def said(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


def assert_legible(figure: Figure, name: str) -> None:
    """Notebook width, no text under 9 points, titles and labels inside the figure."""
    figure.draw_without_rendering()  # the canvas of a bare figure draws nothing
    width, height = figure.bbox.size
    assert width / figure.dpi <= 10
    for text in texts(figure):
        assert text.get_fontsize() >= 9, (name, text.get_text())
    # not the tick labels: matplotlib keeps some beyond the limits of an axis, without drawing them
    around = [figure._suptitle, figure._supxlabel, *figure.legends]
    around += [text for axes in figure.axes for text in (axes.title, axes.xaxis.label, axes.yaxis.label)]
    for item in around:
        if item is not None and (not isinstance(item, Text) or item.get_text()):
            box = item.get_window_extent()
            inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
            assert inside, (name, item, box)


def assert_no_empty_axes(figure: Figure, name: str) -> None:
    for axes in figure.axes:
        assert axes.has_data() or axes.images or axes.texts or axes.get_label() == "<colorbar>", (name, axes)
