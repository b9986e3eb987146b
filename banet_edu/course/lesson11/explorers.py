"""A slice of a volume as several networks see it, and how thick slices change an outline and its distances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.course.lesson11.figures import PLANES, answers_figure, thick_figure
from banet_edu.course.lesson11.slices import lone_voxels
from banet_edu.course.panel import Panel, choice
from banet_edu.data.volume import Volume


def answers_explorer(volume: Volume, answers: Mapping[str, NDArray[Any]]) -> Panel:
    """Go through a volume in any plane; the labels of each answer (name -> D x H x W) side by side.

    It begins in the coronal slice in which the last answer has the most lone voxels.
    """
    inside = np.argwhere(np.any([labels > 0 for labels in answers.values()], axis=0))
    first, last = inside.min(axis=0), inside.max(axis=0)
    lone = lone_voxels(list(answers.values())[-1]).sum(axis=(0, 2))
    begin = 10 * round(10 * (int(lone.argmax()) - first[1]) / (last[1] - first[1]))

    def render(plane: str, way: int) -> Figure:
        axis = PLANES[plane].across
        at = first[axis] + round((last[axis] - first[axis]) * way / 100)
        return answers_figure(volume, answers, plane, int(at))

    return Panel(
        render,
        {
            "plane": choice("plane", {name: name for name in PLANES}, "coronal"),
            "way": ipywidgets.IntSlider(
                int(np.clip(begin, 0, 100)), 0, 100, 10, description="through the object (%)", continuous_update=False
            ),
        },
        alt="One slice through a brain MRI with the labels of several networks, and voxels that jump between slices.",
        still=[{"plane": name} for name in ("coronal", "axial")],
    )


def thickness_explorer(volume: Volume, labels: NDArray[Any]) -> Panel:
    """Keep every n-th axial slice: what is left of the outlines in a sagittal plane, and what HD95 says."""
    inside = np.argwhere((labels > 0) | (np.asarray(volume.mask) > 0))[:, 2]
    middle = int(np.median(inside))

    def render(every: int, at: int) -> Figure:
        return thick_figure(volume, labels, (1, every), at)

    return Panel(
        render,
        {
            "every": ipywidgets.IntSlider(3, 2, 6, description="slices kept: every n-th", continuous_update=False),
            "at": ipywidgets.IntSlider(
                middle,
                int(inside.min()) + 2,
                int(inside.max()) - 2,
                description="sagittal slice x",
                continuous_update=False,
            ),
        },
        alt="A sagittal slice with thin and with thick axial slices, the expert's outline and the network's on both.",
    )
