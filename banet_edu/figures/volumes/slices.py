"""The three planes of a volume: how each slice is turned, its scale, the letters at its sides.

The planes are drawn as hospital screens do: the patient's right is on the left of the picture, the front above in an axial
slice and on the left in a sagittal one, the head above in the others. All have one scale: a millimetre is as long in each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from banet_edu.data.volume import Volume
from banet_edu.figures.style import DPI, INK, WIDTH

Voxel = tuple[int, int, int]
HALO = [Stroke(linewidth=2.5, foreground=INK), Normal()]
OTHER_PLANES: dict[str, Any] = {  # no colour of the error's scale: thin grey dashes, seen on bright and on dark tissue
    "color": "#C8CDD2",
    "linewidth": 1.0,
    "linestyle": (0, (4, 4)),
    "path_effects": [Stroke(linewidth=2.0, foreground=INK, alpha=0.7), Normal()],
}
_TALLEST, _GAP = 5.2, 0.14  # inches: of the planes, and between them
_LETTERS = {0: ("I", "S"), 1: ("P", "A"), 2: ("L", "R")}  # along (z, y, x), from the first voxel to the last


@dataclass(frozen=True)
class Plane:
    """How a slice is drawn: the axis of (z, y, x) it is taken across, those that run down and along, and whether the last voxel
    of these is on the upper and on the left side."""

    name: str
    across: int
    down: int
    along: int
    upward: bool = True
    leftward: bool = True


AXIAL, CORONAL, SAGITTAL = Plane("axial", 0, 1, 2), Plane("coronal", 1, 0, 2), Plane("sagittal", 2, 0, 1)
PLANES = (AXIAL, CORONAL, SAGITTAL)


def plane_at(figure: Figure, x: float, y: float) -> tuple[Plane, float, float] | None:
    """The plane at a place of the figure (from the left and from the top, 0 to 1) and the indices there along its axes `down`
    and `along`; None beside the planes."""
    at = x * figure.bbox.width, (1 - y) * figure.bbox.height
    for axes, plane in zip(figure.axes, PLANES, strict=False):
        if axes.bbox.contains(*at):
            along, down = axes.transData.inverted().transform(at)
            return plane, float(down), float(along)
    return None


def three_planes(
    shape: tuple[int, ...], spacing: tuple[float, ...], *, above: float, below: float
) -> tuple[Figure, list[Axes]]:
    """A figure with the three planes beside one another, a millimetre as long in each; `above` and `below` them, inches."""
    extent = np.array(shape) * spacing
    tallest, widths = max(extent[plane.down] for plane in PLANES), [extent[plane.along] for plane in PLANES]
    inches = min((WIDTH - 4 * _GAP) / sum(widths), _TALLEST / tallest)
    height = above + tallest * inches + below
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    left, axes = (WIDTH - sum(widths) * inches - 2 * _GAP) / 2, []
    for plane, width in zip(PLANES, widths, strict=True):
        deep = extent[plane.down] * inches
        place = left / WIDTH, (height - above - deep) / height, width * inches / WIDTH, deep / height
        axes.append(figure.add_axes(place))
        left += width * inches + _GAP
    return figure, axes


def slice_of(values: NDArray[Any], plane: Plane, place: Voxel) -> NDArray[Any]:
    """Rows along `down`, columns along `along`: (z, y, x) keeps its order, so nothing is transposed."""
    return np.asarray(values.take(place[plane.across], axis=plane.across))


def draw_slice(axes: Axes, volume: Volume, plane: Plane, place: Voxel, spacing: tuple[float, ...] | None) -> None:
    low, high = np.quantile(volume.image, (0.01, 0.995))
    steps = spacing or (1.0, 1.0, 1.0)
    axes.imshow(slice_of(volume.image, plane, place), cmap="gray", vmin=low, vmax=max(high, low + 1e-6),
                interpolation="nearest", aspect=steps[plane.down] / steps[plane.along])  # fmt: skip
    axes.set_axis_off()


def turn(axes: Axes, plane: Plane, shape: tuple[int, ...]) -> None:
    """The whole slice, turned as hospital screens do."""
    left, right = -0.5, shape[plane.along] - 0.5
    low, high = -0.5, shape[plane.down] - 0.5
    axes.set_xlim((right, left) if plane.leftward else (left, right))
    axes.set_ylim((low, high) if plane.upward else (high, low))


def draw_cross(axes: Axes, plane: Plane, place: Voxel) -> None:
    """Where the other two planes run."""
    for draw, axis in ((axes.axhline, plane.down), (axes.axvline, plane.along)):
        draw(place[axis], **OTHER_PLANES)


def draw_letters(axes: Axes, plane: Plane, oriented: bool) -> None:
    """The directions at the left, right, upper and lower side."""
    first, last = (
        {axis: _LETTERS[axis][end] if oriented else f"{'−+'[end]}{'zyx'[axis]}" for axis in range(3)} for end in (0, 1)
    )
    left, right = (last, first) if plane.leftward else (first, last)
    upper, lower = (last, first) if plane.upward else (first, last)
    for text, x, y in (
        (left[plane.along], 0.02, 0.5),
        (right[plane.along], 0.98, 0.5),
        (upper[plane.down], 0.5, 0.98),
        (lower[plane.down], 0.5, 0.02),
    ):
        across = {0.02: "left", 0.98: "right"}.get(x, "center")
        upright = {0.02: "bottom", 0.98: "top"}.get(y, "center")
        axes.text(x, y, text, transform=axes.transAxes, color="w", fontsize=10, weight="bold", ha=across, va=upright,
                  path_effects=HALO)  # fmt: skip
