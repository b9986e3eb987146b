"""Panels whose picture can be pressed: what is under the pointer is what numbers are shown of, such as a cell of a map.

Not the clinic's `Touch`: that one draws, zooms and keeps points in the page; here the page only says where it was pressed,
and Python draws. The keyboard's way are the sliders.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from banet_edu.course.panel import Panel, Still, Swept
from banet_edu.figures.style import ORANGE

_MAP = "map"  # the name (gid) of axes whose image covers the whole field of view


class Pointed(anywidget.AnyWidget):
    """A PNG (`value`) that calls `press(x, y)`: from the left and from the top, 0 to 1."""

    _esm = Path(__file__).with_name("pointing.js")
    value = traitlets.Bytes(b"").tag(sync=True)
    alt = traitlets.Unicode("").tag(sync=True)

    def __init__(self, press: Callable[[float, float], None], **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(lambda _, message, __: press(float(message["x"]), float(message["y"])))


class PointedPanel(Panel):
    """`Panel` whose picture can be pressed, with a text above it that says what it shows; `press(x, y)` is what the
    pointer does.

    Args:
        render, controls, alt, still: as in `Panel`.
        words: called with the same values as `render`, returns the text line by line: what a screen reader reads.
    """

    def __init__(
        self,
        render: Callable[..., Figure],
        words: Callable[..., Sequence[str]],
        controls: Mapping[str, ipywidgets.ValueWidget],
        *,
        alt: str,
        still: Still = (),
    ) -> None:
        self._words, self._setting = words, False
        self._drawn: Figure | None = None
        self.said = ipywidgets.HTML()

        def keep(**values: Any) -> Figure:
            self._drawn = render(**values)
            return self._drawn

        super().__init__(keep, controls, alt=alt, still=still, extras=[self.said])
        unpressed = self.picture
        self.picture = Pointed(self.press, value=bytes(unpressed.value), alt=alt)
        shown = list(self.children)  # type: ignore[has-type]
        self.children = [self.picture if child is unpressed else child for child in shown]
        self._say()

    def words(self, **values: Any) -> list[str]:
        """The text at these values of the controls (those not named as they are), line by line."""
        return list(self._words(**{**self.values(), **values}))

    def press(self, x: float, y: float) -> None:
        """A place of the picture was pressed: from the left and from the top, 0 to 1."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Draw and say again; not while several controls are being set, which is one picture."""
        if not self._setting:
            super().refresh()
            self._say()

    def _say(self) -> None:
        lines = "" if self.error else "<br>".join(html.escape(line) for line in self.words())
        self.said.value = f'<p role="status" aria-live="polite" style="line-height:1.5">{lines}</p>'


class CellPanel(PointedPanel):
    """`PointedPanel` with sliders of row, column and channel, and the arithmetic of the chosen cell as its text.

    Args:
        render: as in `Panel`, with `row`, `column` and `channel` among its arguments.
        words: called with the same values, returns the arithmetic line by line: what a screen reader reads.
        size: called with the same values, returns (rows, columns) of the map that they count in. The sliders follow it;
            where it changes, the cell stays at its place in the image.
        others: the controls beside row, column and channel.
        channels, start: how many channels there are; row, column and channel to begin with.

    A press on any axes marked by `pressable` sets row and column: `press(x, y)` does what the pointer does.
    """

    def __init__(
        self,
        render: Callable[..., Figure],
        words: Callable[..., Sequence[str]],
        size: Callable[..., tuple[int, int]],
        others: Mapping[str, ipywidgets.ValueWidget],
        *,
        channels: int,
        start: tuple[int, int, int],
        alt: str,
    ) -> None:
        self._size = size
        self._rows_columns = size(**{name: control.value for name, control in others.items()})
        ends = (*self._rows_columns, channels)
        cell = {
            name: ipywidgets.IntSlider(at, 0, end - 1, description=name)
            for name, at, end in zip(("row", "column", "channel"), start, ends, strict=True)
        }
        super().__init__(render, words, {**others, **cell}, alt=alt)

    def swept(self, most: int = 0) -> dict[str, Swept]:
        """Nothing: each stage has another number of rows and columns, so no fixed set of pictures stands for the sliders."""
        return {}

    def press(self, x: float, y: float) -> None:
        """Choose the cell at a place of the picture: from the left and from the top, 0 to 1. Beside a map nothing happens."""
        if self._drawn is None or (place := _place(self._drawn, x, y)) is None:
            return
        rows, columns = self._rows_columns
        chosen = int(place[0] * rows), int(place[1] * columns)
        self._set(*chosen)
        self.refresh()

    def refresh(self) -> None:
        """Draw and say again; a slider that no longer fits its map is fitted first."""
        if self._setting:
            return
        others = {name: value for name, value in self.values().items() if name not in ("row", "column", "channel")}
        rows, columns = self._size(**others)
        if (rows, columns) != self._rows_columns:
            before, self._rows_columns = self._rows_columns, (rows, columns)
            row, column = self.controls["row"].value, self.controls["column"].value
            self._set(int((row + 0.5) * rows / before[0]), int((column + 0.5) * columns / before[1]))
        super().refresh()

    def _set(self, row: int, column: int) -> None:
        """Both at once, with one picture."""
        self._setting = True
        for name, value, count in zip(("row", "column"), (row, column), self._rows_columns, strict=True):
            control = self.controls[name]
            control.max = max(control.max, count - 1)
            control.value = value
            control.max = count - 1
        self._setting = False


def pressable(axes: Axes) -> Axes:
    """Mark axes whose one image covers the whole field of view, so that a press on it chooses a cell."""
    axes.set_gid(_MAP)
    return axes


def mark_cell(
    axes: Axes, shape: tuple[int, int], row: int, column: int, *, reach: int = 0, colour: str = ORANGE
) -> None:
    """A frame around a cell of a map of `shape` cells, and `reach` cells around it, on axes that `draw_map` filled."""
    left, right, bottom, top = axes.images[0].get_extent()
    height, width = (bottom - top) / shape[0], (right - left) / shape[1]
    corner = left + (column - reach) * width, top + (row - reach) * height
    side = 2 * reach + 1
    for ink, line in (("#222222", 3.6), (colour, 2.0)):
        axes.add_patch(Rectangle(corner, side * width, side * height, fill=False, edgecolor=ink, linewidth=line))
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)


def signed(value: float, digits: int = 3) -> str:
    """A number inside a sum: a negative one in brackets.

    >>> signed(0.25), signed(-0.26, 1), signed(-0.0001)
    ('0.250', '(-0.3)', '0.000')
    """
    value = round(value, digits) + 0.0  # no "-0.000"
    text = f"{value:.{digits}f}"
    return f"({text})" if value < 0 else text


def _place(figure: Figure, x: float, y: float) -> tuple[float, float] | None:
    """Row and column as parts of the field of view, 0 to below 1; None beside every map."""
    at = x * figure.bbox.width, (1 - y) * figure.bbox.height
    for axes in figure.axes:
        if axes.get_gid() == _MAP and axes.bbox.contains(*at):
            left, right, bottom, top = axes.images[0].get_extent()
            across, down = axes.transData.inverted().transform(at)
            row, column = (down - top) / (bottom - top), (across - left) / (right - left)
            return min(max(row, 0.0), 1 - 1e-9), min(max(column, 0.0), 1 - 1e-9)
    return None
