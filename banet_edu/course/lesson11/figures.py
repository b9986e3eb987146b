"""Answers of several networks side by side in one plane of a volume, and one outline on voxels of three thicknesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from banet_edu.course.lesson11.slices import lone_voxels, thick
from banet_edu.data.volume import Volume
from banet_edu.figures.style import ORANGE, PREDICTION, REFERENCE, SKY, VERMILLION, WIDTH, new_figure, styled
from banet_edu.figures.volumes.slices import AXIAL, CORONAL, SAGITTAL, Plane, draw_letters, draw_slice, slice_of
from banet_edu.metrics.boundary import boundary_metrics

PLANES = {plane.name: plane for plane in (AXIAL, CORONAL, SAGITTAL)}
COLOURS = {"anterior": ORANGE, "posterior": SKY}
_MARGIN = 4  # voxels shown around the object


def answers_figure(
    volume: Volume, answers: Mapping[str, NDArray[Any]], plane: str, at: int, *, lone: bool = True, title: str = ""
) -> Figure:
    """The same slice with the labels of each answer: anterior and posterior part outlined along the voxels' sides, lone voxels
    across the axial slices (`lone_voxels`) with a cross.

    `answers`: name -> D x H x W labels. `plane`: axial, coronal or sagittal; `at`: its index along z, y or x.
    """
    shown, where = PLANES[plane], _around(answers)
    ratio = _side(where, shown.down) / _side(where, shown.along)
    height = WIDTH / len(answers) * ratio * (volume.spacing_mm or (1, 1, 1))[shown.down] + 1.0
    figure, [axes] = new_figure(1, len(answers), height=min(height, 5.0))
    with styled():
        for panel, (name, labels) in zip(axes, answers.items(), strict=True):
            draw_slice(panel, volume, shown, (at,) * 3, volume.spacing_mm)
            draw_letters(panel, shown, volume.oriented)
            for label, colour in enumerate(COLOURS.values(), start=1):
                _draw_sides(panel, slice_of(labels == label, shown, (at,) * 3), colour)
            if lone:
                rows, columns = np.nonzero(slice_of(lone_voxels(labels), shown, (at,) * 3))
                panel.plot(columns, rows, "x", color=VERMILLION, markersize=7, markeredgewidth=2)
            _zoom(panel, shown, where)
            panel.set_title(name)
        handles = [Line2D([], [], color=colour, linewidth=3) for colour in COLOURS.values()]
        names = list(COLOURS)
        if lone:
            handles.append(Line2D([], [], color=VERMILLION, marker="x", linestyle="", markersize=7, markeredgewidth=2))
            names.append("unlike the same place in the slices below and above")
        figure.legend(handles, names, loc="outside lower center", ncols=3)
        figure.suptitle(title or f"{plane} slice {'zyx'[shown.across]} = {at}")
    return figure


def thick_figure(volume: Volume, labels: NDArray[Any], every: Sequence[int], at: int) -> Figure:
    """One sagittal slice with every 1st, 3rd ... axial slice kept: the expert's outline, the network's, and HD95 of the whole
    object, with the voxel's size and with cubes."""
    where = _around({"expert": np.asarray(volume.mask), "network": labels})
    ratio = _side(where, SAGITTAL.down) / _side(where, SAGITTAL.along)
    figure, [axes] = new_figure(1, len(every), height=WIDTH / len(every) * ratio + 1.2)
    with styled():
        for panel, step in zip(axes, every, strict=True):
            stack = thick(volume, step)
            found = labels[step // 2 :: step] > 0
            expert = np.asarray(stack.mask) > 0
            draw_slice(panel, stack, SAGITTAL, (at,) * 3, stack.spacing_mm)
            _draw_sides(panel, slice_of(expert, SAGITTAL, (at,) * 3), REFERENCE)
            _draw_sides(panel, slice_of(found, SAGITTAL, (at,) * 3), PREDICTION)
            low, high = where[
                0
            ]  # the same millimetres of every stack, whose slice i has its middle at step // 2 + i * step
            first, last = (low - 0.5 - step // 2) / step + 0.5, (high + 0.5 - step // 2) / step - 0.5
            _zoom(panel, SAGITTAL, [(first, last), *where[1:]])
            mm = boundary_metrics(found, expert, spacing_mm=stack.spacing_mm)["hd95_mm"]
            cubes = boundary_metrics(found, expert, spacing_mm=(1.0, 1.0, 1.0))["hd95_mm"]
            panel.set_title(f"slices of {step} mm\nHD95 {mm:.1f} mm; as if cubes: {cubes:.1f}")
        handles = [Line2D([], [], color=colour, linewidth=3) for colour in (REFERENCE, PREDICTION)]
        figure.legend(handles, ["expert", "network"], loc="outside lower center", ncols=2)
    return figure


def _around(answers: Mapping[str, NDArray[Any]]) -> list[tuple[float, float]]:
    """First and last index along z, y, x that hold an object in any answer, and some voxels beyond."""
    anything = np.any([labels > 0 for labels in answers.values()], axis=0)
    places = np.argwhere(anything) if anything.any() else np.argwhere(np.ones_like(anything))
    return [
        (float(max(low - _MARGIN, 0)), float(min(high + _MARGIN, side - 1)))
        for low, high, side in zip(places.min(axis=0), places.max(axis=0), anything.shape, strict=True)
    ]


def _side(where: Sequence[tuple[float, float]], axis: int) -> float:
    low, high = where[axis]
    return high - low + 1


def _zoom(axes: Axes, plane: Plane, where: Sequence[tuple[float, float]]) -> None:
    """Only the part around the object, turned as hospital screens do."""
    (low, high), (left, right) = where[plane.down], where[plane.along]
    axes.set_xlim(*((right + 0.5, left - 0.5) if plane.leftward else (left - 0.5, right + 0.5)))
    axes.set_ylim(*((low - 0.5, high + 0.5) if plane.upward else (high + 0.5, low - 0.5)))


def _draw_sides(axes: Axes, mask: NDArray[np.bool_], colour: str) -> None:
    """The outline along the voxels' sides: what a mask of voxels really looks like."""
    padded = np.pad(mask, 1)
    for axis in (0, 1):
        rows, columns = np.nonzero(np.diff(padded, axis=axis))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if axis == 0:  # between this row and the next
                axes.plot([column - 1.5, column - 0.5], [row - 0.5] * 2, color=colour, linewidth=2)
            else:
                axes.plot([column - 0.5] * 2, [row - 1.5, row - 0.5], color=colour, linewidth=2)
