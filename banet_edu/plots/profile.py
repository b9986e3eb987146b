"""Where along the outline a model is wrong, and by how much: the boundary error as a curve and as a histogram."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.plots.style import BLUE, INK, VERMILLION, model_colours, new_figure, styled


def error_histogram(errors: Mapping[str, NDArray[np.floating]], *, unit: str, title: str = "") -> Figure:
    """Histogram of signed boundary errors, one outline per model (name -> errors in `unit`: "mm", "px" or "%").

    The dashed line of each model is its mean, the bias: left of zero its contours lie inside the reference.
    Raises ValueError when no model has a boundary point.
    """
    pooled = np.concatenate([np.asarray(values, dtype=np.float64) for values in errors.values()] or [np.empty(0)])
    if pooled.size == 0:
        raise ValueError("no boundary errors to draw: every case is missed or empty")
    limit = float(np.quantile(np.abs(pooled), 0.99)) or 1.0
    bins = np.linspace(-limit, limit, 42)
    colours = model_colours(errors)
    figure, [[axes]] = new_figure(height=3.6)
    with styled():
        for name, values in errors.items():
            if len(values) == 0:
                continue
            share = np.full(len(values), 100.0 / len(values))
            clipped = np.clip(values, -limit, limit)
            bias = float(np.mean(values))
            axes.hist(clipped, bins=list(bins), weights=share, histtype="step", linewidth=2, color=colours[name],
                      label=f"{name}: bias {bias:+.2f} {unit}")  # fmt: skip
            axes.axvline(bias, color=colours[name], linestyle="--", linewidth=1.4)
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_xlabel(
            f"signed boundary error ({unit}); inside the reference < 0 < outside; ends hold what lies beyond"
        )
        axes.set_ylabel("share of contour points (%)")
        axes.legend()
        if title:
            axes.set_title(title)
    return figure


def error_profile(
    points: NDArray[np.floating],
    errors: NDArray[np.floating],
    *,
    unit: str,
    tolerance: float | None = None,
    title: str = "",
) -> Figure:
    """Signed error against the direction from the centre of the contour, clockwise from the top.

    `points` N x 2 (row, column) of one case's predicted boundary, `errors` N in `unit`. `tolerance` shades the band
    within it. Raises ValueError on an empty boundary.
    """
    if len(points) == 0:
        raise ValueError("no boundary points to draw: the prediction or the reference is empty")
    centre = points.mean(axis=0)
    angle = np.degrees(np.arctan2(points[:, 1] - centre[1], centre[0] - points[:, 0])) % 360
    order = np.argsort(angle)
    angle, errors = angle[order], np.asarray(errors)[order]
    figure, [[axes]] = new_figure(height=3.6)
    with styled():
        if tolerance is not None:
            axes.axhspan(-tolerance, tolerance, color="#EEEEEE", label=f"within ± {tolerance:g} {unit}")
        axes.axhline(0, color=INK, linewidth=1)
        colours = np.where(errors > 0, VERMILLION, BLUE)
        axes.scatter(angle, errors, s=9, c=list(colours), linewidths=0)
        axes.plot([], [], "o", color=VERMILLION, markersize=4, label="outside the reference")
        axes.plot([], [], "o", color=BLUE, markersize=4, label="inside the reference")
        axes.set_xlim(0, 360)
        axes.set_xticks([0, 90, 180, 270, 360], ["0° top", "90° right", "180° bottom", "270° left", "360°"])
        axes.set_xlabel("direction from the centre of the contour (degrees, clockwise)")
        axes.set_ylabel(f"signed boundary error ({unit})")
        axes.legend(loc="best")
        if title:
            axes.set_title(title)
    return figure
