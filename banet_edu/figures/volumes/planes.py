"""Three planes through one voxel of a volume, with the outlines of prediction and reference and the error in mm as colour."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from banet_edu.data.volume import Volume
from banet_edu.explain.volumes.profile import surface_profile
from banet_edu.figures.contour import draw_lines, error_colours, mask_outlines
from banet_edu.figures.style import INK, PREDICTION, REFERENCE, styled
from banet_edu.figures.volumes.slices import (
    HALO,
    OTHER_PLANES,
    PLANES,
    Plane,
    Voxel,
    draw_cross,
    draw_letters,
    draw_slice,
    slice_of,
    three_planes,
    turn,
)
from banet_edu.metrics.overlap import case_status
from banet_edu.metrics.shape import outlines
from banet_edu.prediction import Prediction

_NO_ERROR = {
    "missed": "missed: nothing found",
    "hallucinated": "no reference here",
    "both_empty": "nothing there, nothing found",
}


def planes_figure(
    volume: Volume,
    prediction: Prediction | None = None,
    at: Voxel | None = None,
    *,
    profile: Any = None,
    limit: float | None = None,
    title: str = "",
) -> Figure:
    """The axial, coronal and sagittal slice through a voxel, with both outlines.

    Args:
        volume: with or without a mask (several classes count as one foreground: see `explain.volumes.one_class`).
        prediction: of that volume; its outline carries the signed error at the nearest point of its surface.
        at: (z, y, x) of the voxel; by default the middle of the mask, of the prediction, or of the volume.
        profile: `boundary_profile(volume, prediction, along="prediction")`, if it was made before.
        limit: where the colours end, in mm (% of the diagonal without a spacing); by default at the 99th percentile.
        title: above the figure.

    Letters at the sides are the patient's directions where the file states them: right, left, anterior, posterior, superior,
    inferior; otherwise the axes of the array are named. Raises ValueError for a voxel outside of the volume, or a prediction of
    another shape.

    >>> ball = np.hypot.reduce(np.indices((20, 30, 30)) - np.array([10, 15, 15])[:, None, None, None]) < 8
    >>> figure = planes_figure(Volume(ball * 1.0, ball, "ball", (2, 1, 1)), at=(10, 15, 15))
    >>> [axes.get_title() for axes in figure.axes]
    ['axial, z = 10', 'coronal, y = 15', 'sagittal, x = 15']
    """
    if prediction is not None and prediction.mask.shape != volume.shape:
        raise ValueError(f"{volume.name}: the volume is {volume.shape}, the prediction {prediction.mask.shape}")
    place = middle_of(volume, prediction) if at is None else at
    if not all(0 <= index < side for index, side in zip(place, volume.shape, strict=True)):
        raise ValueError(f"the voxel {place} is not in a volume of {' x '.join(map(str, volume.shape))}")
    reference = None if volume.mask is None else np.asarray(volume.mask) > 0
    colours = None
    if prediction is not None and reference is not None and case_status(prediction.mask, reference) == "ok":
        rows = surface_profile(volume, prediction, along="prediction") if profile is None else profile
        colours = _Colours.of(rows, limit)
    spacing = (prediction.spacing_mm if prediction is not None else None) or volume.spacing_mm
    below = 0.15 if reference is None and prediction is None else 0.95
    figure, axes = three_planes(volume.shape, spacing or (1.0, 1.0, 1.0), above=0.6 if title else 0.35, below=below)
    with styled():
        for panel, plane in zip(axes, PLANES, strict=True):
            draw_slice(panel, volume, plane, place, spacing)
            if reference is not None:
                lines = mask_outlines(slice_of(reference, plane, place))
                draw_lines(panel, lines, colour=REFERENCE, width=1.4)
            if prediction is not None:
                _draw_prediction(panel, plane, place, prediction, colours)
            draw_cross(panel, plane, place)
            draw_letters(panel, plane, volume.oriented)
            turn(panel, plane, volume.shape)
            panel.set_title(f"{plane.name}, {'zyx'[plane.across]} = {place[plane.across]}")
        entries = {} if reference is None else {"reference": REFERENCE}
        if prediction is not None:
            entries["prediction" if colours is None else "prediction, by its error"] = PREDICTION
        if below > 0.5:
            _add_legend(figure, entries)
        if colours is not None:
            _add_bar(figure, colours)
        elif prediction is not None and reference is not None:
            said = _NO_ERROR.get(case_status(prediction.mask, reference), "no surface inside the volume")
            figure.text(0.5, 0.3 / figure.get_figheight(), said, ha="center", fontsize=10)
        if title:
            figure.suptitle(title, y=1 - 0.08 / figure.get_figheight(), va="top", fontsize=11)
    return figure


def middle_of(volume: Volume, prediction: Prediction | None = None) -> Voxel:
    """The voxel in the middle of the mask, of the prediction where there is no mask, or of the volume."""
    for mask in (volume.mask, None if prediction is None else prediction.mask):
        if mask is not None and np.any(mask):
            z, y, x = np.rint(np.argwhere(np.asarray(mask) > 0).mean(axis=0)).astype(int).tolist()
            return z, y, x
    depth, height, width = volume.shape
    return depth // 2, height // 2, width // 2


class _Colours:
    """The signed error at points of a surface, and the colours that stand for it."""

    def __init__(self, places: NDArray[Any], error: NDArray[Any], unit: str, limit: float) -> None:
        self.tree, self.error, self.unit = cKDTree(places), error, unit
        self.scale: ScalarMappable = error_colours(limit)
        self.beyond = bool(np.abs(error).max() > limit)

    @classmethod
    def of(cls, profile: Any, limit: float | None) -> _Colours | None:
        if not len(profile) or profile.measured("signed_error").isna().any():
            return None
        error = profile.measured("signed_error").to_numpy()
        # The scale ends at the 99th percentile: one stray point must not bleach the rest.
        end = max(float(np.quantile(np.abs(error), 0.99)), 1e-6) if limit is None else limit
        unit = "mm" if profile.unit == "mm" else "% of the diagonal"
        return cls(profile[["z", "y", "x"]].to_numpy(), error, unit, end)

    def at(self, places: NDArray[Any]) -> NDArray[Any]:
        """N x 4 RGBA at N x 3 voxels."""
        return np.asarray(self.scale.to_rgba(self.error[self.tree.query(places)[1]]))


def _add_bar(figure: Figure, colours: _Colours) -> None:
    """The colour bar below the planes, right of the legend."""
    height = figure.get_figheight()
    place = figure.add_axes((0.34, 0.55 / height, 0.63, 0.16 / height), label="<colorbar>")
    bar = figure.colorbar(
        colours.scale, cax=place, orientation="horizontal", extend="both" if colours.beyond else "neither"
    )
    bar.set_label(f"signed error of the prediction ({colours.unit}): inside the reference < 0 < outside")


def _add_legend(figure: Figure, entries: dict[str, str]) -> None:
    """What the lines are, at the lower left; `entries` name the outlines' colours."""
    handles = [Line2D([], [], **OTHER_PLANES)]
    handles += [Line2D([], [], color=colour, linewidth=3, path_effects=HALO) for colour in entries.values()]
    where = (0.01, 0.25 / figure.get_figheight())
    figure.legend(handles, ["other planes", *entries], loc="lower left", bbox_to_anchor=where, handlelength=1.5)


def _draw_prediction(axes: Axes, plane: Plane, place: Voxel, prediction: Prediction, colours: _Colours | None) -> None:
    lines = outlines(slice_of(prediction.level, plane, place))
    if colours is None or not lines:
        draw_lines(axes, lines, colour=PREDICTION)
        return
    for line in lines:
        axes.plot(line[:, 1], line[:, 0], color=INK, linewidth=3.8)
        middles = (line[:-1] + line[1:]) / 2
        places = np.insert(middles, plane.across, place[plane.across], axis=1)  # (z, y, x)
        pieces = np.stack([line[:-1, ::-1], line[1:, ::-1]], axis=1)
        axes.add_collection(
            LineCollection(list(pieces), colors=list(colours.at(places)), linewidths=2.4, capstyle="round", zorder=3),
            autolim=False,
        )
