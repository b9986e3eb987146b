"""Where a prediction and the expert's mask differ, numbered by size."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.tables import UnitTable
from banet_edu.figures.contour import draw_lines, draw_scale_bar, mask_outlines
from banet_edu.figures.style import BLUE, INK, ORANGE, PREDICTION, REFERENCE, draw_image, new_figure, proportion, styled
from banet_edu.prediction import Prediction

SHOWN = 8


def differences_figure(sample: Sample, prediction: Prediction, table: UnitTable) -> Figure:
    """The image with both outlines; what is missing is filled blue, what is too much orange; the largest errors carry their
    number in `table` (of `explain.errors`), where they are largest."""
    size, spacing = prediction.mask.shape, prediction.spacing_mm
    assert sample.mask is not None
    truth = np.asarray(sample.mask) > 0
    figure, axes = new_figure(1, 2, height=0.9 + 4.6 * proportion(size, spacing))
    fill = np.zeros((*size, 4))
    for region, colour in ((truth & ~prediction.mask, BLUE), (prediction.mask & ~truth, ORANGE)):
        fill[region] = [*(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)), 0.55]
    with styled():
        for panel, title in zip(axes[0], ("image", "errors, largest first"), strict=True):
            draw_image(panel, sample.image, size, spacing_mm=spacing)
            panel.set_title(title)
            if spacing is not None:
                draw_scale_bar(panel, size, spacing)
        drawn = axes[0, 1]
        drawn.imshow(fill, aspect=drawn.get_aspect(), interpolation="nearest")
        draw_lines(drawn, mask_outlines(truth), colour=REFERENCE, label="reference", width=1.2)
        draw_lines(drawn, prediction.contours, colour=PREDICTION, label="outline", width=1.2)
        places: list[np.ndarray] = []
        for number, row in enumerate(table.head(SHOWN).rows(), start=1):
            at = _free_place(np.array([row["row"], row["column"]]), places, size)
            places.append(at)
            drawn.annotate(
                str(number), (row["column"], row["row"]), (at[1], at[0]), ha="center", va="center", color="w", fontsize=9,
                bbox={"facecolor": INK, "edgecolor": "w", "boxstyle": "circle,pad=0.25"}, annotation_clip=False,
                arrowprops={"arrowstyle": "-", "color": "w", "linewidth": 1.2}, zorder=6,
            )  # fmt: skip
        handles = [
            *drawn.get_legend_handles_labels()[0],
            Patch(color=BLUE, label="missing"),
            Patch(color=ORANGE, label="too much"),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _free_place(point: np.ndarray, taken: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """A place for a number near its point, away from the others and inside the image."""
    step = 0.07 * max(size)
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    tried = [point + radius * step * np.array([-np.cos(a), np.sin(a)]) for radius in (1, 1.6, 2.4) for a in angles]
    inside = [
        place for place in tried if all(0.3 * step < p < s - 0.3 * step for p, s in zip(place, size, strict=True))
    ]
    free = [place for place in inside if all(np.hypot(*(place - other)) > step for other in taken)]
    return (free or inside or [point])[0]
