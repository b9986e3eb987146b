"""An outline set point by point beside the network's, and how far the two are apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke

from banet_edu.clinic.own_points import FEWEST, Comparison, Place
from banet_edu.course.lesson09.figures import finish, picture_beside_words
from banet_edu.data.sample import Sample
from banet_edu.figures.contour import draw_errors, draw_lines, error_colours, mask_outlines
from banet_edu.figures.style import INK, PREDICTION, REFERENCE, VERMILLION, styled
from banet_edu.prediction import Prediction

_HALO = [Stroke(linewidth=3.2, foreground=INK), Normal()]


def own_outline_figure(
    sample: Sample,
    prediction: Prediction,
    points: Sequence[Place],
    comparison: Comparison | None,
    *,
    cursor: Place | None = None,
) -> Figure:
    """The picture with the network's outline, one's own points and where the next would be; the distances beside it.

    Args:
        sample: H x W x 3 image.
        prediction: h x w, of the same image.
        points: (row, column) in pixels of the prediction, in order; from three on they close to an outline.
        comparison: of the prediction with them, or with an expert's mask (`compared`); None: there is nothing to compare with.
        cursor: where the next point would go.

    The network's boundary is coloured by its signed error once there is something to compare with. Distances are in mm with
    the prediction's spacing, else in % of the image diagonal, pixels beside.
    """
    size, spacing = prediction.mask.shape, prediction.spacing_mm
    limit = 0.0 if comparison is None else comparison.largest
    with styled():
        figure, axes = picture_beside_words(sample, prediction, sample.name)
        if comparison is not None and limit:
            draw_errors(axes, prediction.mask, comparison.reference, spacing_mm=spacing, limit=limit)
            height = figure.get_figheight()
            scale = figure.add_axes((0.66, 0.62 / height, 0.3, 0.14 / height))
            # In the unit of the text beside: mm, or percent of the diagonal.
            end = limit if spacing else 100 * limit / float(np.hypot(*size))
            bar = figure.colorbar(error_colours(end), cax=scale, orientation="horizontal")
            bar.set_label(f"inside < 0 < outside ({'mm' if spacing else '% of diag.'})")
        else:
            draw_lines(axes, prediction.contours, colour=PREDICTION)
            if comparison is not None:
                draw_lines(axes, mask_outlines(comparison.reference), colour=REFERENCE)
        _draw_points(figure, points, cursor)
        entries = [Line2D([], [], color=PREDICTION, linewidth=2.4, label="the network's outline")]
        entries[0].set_label("the network's outline" + (", coloured by its distance" if limit else ""))
        entries.append(Line2D([], [], color=REFERENCE, linewidth=2.4, path_effects=_HALO, marker="o" if len(points) else "",
                              label="your points" if comparison is None else comparison.name))  # fmt: skip
        if cursor is not None:
            entries.append(Line2D([], [], color=VERMILLION, linestyle="", marker="+", markersize=12, markeredgewidth=2.4,
                                  label="the next point"))  # fmt: skip
        mm = spacing is not None
        words = _points_missing(len(points)) if comparison is None else comparison_text(comparison, mm=mm)
        finish(axes, prediction, entries, words)
    return figure


def comparison_text(comparison: Comparison, *, mm: bool) -> str:
    """The network's outline against a reference in lines of text; where nothing can be compared, why."""
    name, row = comparison.name, comparison.figures
    said = {
        "missed": f"Missed: {name} encloses something,\nthe network found nothing. There is no\n"
        "distance to a line that is not there.",
        "hallucinated": f"{name.capitalize()} is empty, the network found\n"
        "something. The error is the finding itself,\nno distance.",
        "both_empty": f"{name.capitalize()} is empty and nothing is found.\nThere is no outline to compare.",
    }
    if row["status"] in said:
        return said[row["status"]]

    def length(key: str, sign: str = "") -> str:
        if mm:
            return f"{row[f'{key}_mm']:{sign}.2f} mm"
        return f"{row[f'{key}_pct']:{sign}.2f} % of diag. ({row[f'{key}_px']:{sign}.1f} px)"

    side = f"the network's line lies {'outside' if row['bias_px'] > 0 else 'inside'} on average"
    if abs(row["bias_px"]) < 0.1 * row["assd_px"]:
        side = "on average neither inside nor outside"
    lines = [
        f"Against {name}:",
        f"mean distance (ASSD) {length('assd')}",
        f"95 % within (HD95) {length('hd95')}",
        f"at worst (HD) {length('hd')}",
        f"signed mean (bias) {length('bias', '+')}",
        f"    {side}",
        f"overlap (JA) {row['JA']:.2f}",
    ]
    return "\n".join(lines)


def _points_missing(points: int) -> str:
    left = FEWEST - points
    return (
        f"{points} point{'s' * (points != 1)} set. {left} more close{'s' * (left == 1)} an\n"
        "outline, and the distances appear here."
    )


def _draw_points(figure: Figure, points: Sequence[Place], cursor: Place | None) -> None:
    axes = figure.axes[0]
    if points:
        rows, columns = np.asarray([*points, points[0]] if len(points) >= FEWEST else points, float).T
        axes.plot(columns, rows, color=REFERENCE, linewidth=1.6, marker="o", markersize=5, markeredgecolor=INK,
                  path_effects=_HALO, zorder=5)  # fmt: skip
    if cursor is not None:
        for colour, width in ((INK, 4.6), (VERMILLION, 2.4)):
            axes.plot(cursor[1], cursor[0], "+", color=colour, markersize=16, markeredgewidth=width, zorder=6)
