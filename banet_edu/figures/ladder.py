"""Deep supervision as a ladder: what each stage would answer on its own, from fine to coarse, and the final answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.explain.inside.blocks import need
from banet_edu.explain.inside.trace import Trace
from banet_edu.figures.contour import draw_lines, draw_scale_bar, mask_outlines
from banet_edu.figures.maps import colour_bar, draw_map, panels, picture_of
from banet_edu.figures.style import BLUE, INK, PREDICTION, REFERENCE, VERMILLION, draw_image, new_figure, styled
from banet_edu.metrics.overlap import overlap
from banet_edu.metrics.shape import outlines


def ladder_figure(
    trace: Trace, image: NDArray[np.uint8], reference: NDArray[np.bool_] | None = None, *, title: str = ""
) -> Figure:
    """Columns: the side outputs of stages 1 to 4, then the final answer. Rows: probability of the object, of the edge
    (networks with the edge task), and the contours at probability 0.5 on the image.

    Args:
        trace: of a BA-Net.
        image: H x W x 3 uint8.
        reference: h x w bool, of the prediction's size (of the image's, where a tensor was probed): its contour is
            drawn, and each column says its JA.

    Raises ValueError for a network without side outputs, or a reference of another size.
    """
    need(trace, ".side.mask", "side outputs (deep supervision)")
    size, spacing = picture_of(trace, image)
    if reference is not None and reference.shape != size:
        raise ValueError(
            f"the reference is {reference.shape[0]} x {reference.shape[1]}, the picture {size[0]} x {size[1]}"
        )
    edges = "stage1.side.edge" in trace
    stages = (1, 2, 3, 4)
    figure, axes = panels(3 if edges else 2, 5, trace, image, above=0.3, below=1.4)
    colours = {"vmin": 0, "vmax": 1}
    with styled():
        for column, name in enumerate([*(f"stage{i}.side.mask" for i in stages), "logits"]):
            drawn = draw_map(axes[0, column], trace.mask_probability(name), trace, image, **colours)
            probability = trace.mask_probability(name, size)
            mask, lines = probability >= 0.5, outlines(probability - np.float32(0.5))
            if (final := name == "logits") and trace.prediction is not None:
                mask, lines = trace.prediction.mask, trace.prediction.contours
            draw_image(axes[-1, column], image, size, spacing_mm=spacing)
            if reference is not None:
                draw_lines(axes[-1, column], mask_outlines(reference), colour=REFERENCE)
            draw_lines(axes[-1, column], lines, colour=PREDICTION)
            said = "final" if final else f"stage {stages[column]}"
            if reference is not None:
                said += f": {_score(mask, reference)}"
            axes[0, column].set_title(said)
            if edges and not final:
                edge = trace.mask_probability(f"stage{stages[column]}.side.edge")
                draw_map(axes[1, column], edge, trace, image, **colours)
        axes[0, 0].set_ylabel("object")
        if edges:
            axes[1, 0].set_ylabel("edge")
            draw_image(axes[1, 4], image, size, spacing_mm=spacing)
            axes[1, 4].set_title("image")
        if spacing is not None:
            draw_scale_bar(axes[-1, 4], size, spacing)
        colour_bar(figure, drawn, axes.ravel(), "probability of the object (first row) and of its edge (second row)"
                   if edges else "probability of the object")  # fmt: skip
        entries = {"reference": REFERENCE} if reference is not None else {}
        entries |= {"outline, at probability 0.5": PREDICTION}
        handles = [axes[-1, 0].plot([], [], color=colour, linewidth=3)[0] for colour in entries.values()]
        figure.legend(handles, list(entries), loc="outside lower center", ncols=2,
                      facecolor=INK, labelcolor="w", frameon=True, framealpha=0.8)  # fmt: skip
        if title:
            figure.suptitle(title)
    return figure


def _score(mask: NDArray[np.bool_], reference: NDArray[np.bool_]) -> str:
    row = overlap(mask, reference)
    return f"JA {row['JA']:.2f}" if row["status"] == "ok" else str(row["status"]).replace("_", " ")


def stage_scores_figure(scores: Mapping[str, Sequence[tuple[float, float]]], unit: str) -> Figure:
    """Which answer is best: per entry of `scores` (name -> (JA, ASSD in `unit`) of each image) the mean as a bar.

    Each image is a small dot. Left JA (more is better), right ASSD (less is better).

    >>> figure = stage_scores_figure({"stage 1": [(0.8, 0.5)], "fused": [(0.9, 0.2)]}, "mm")
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['JA (more is better)', 'ASSD in mm (less is better)']
    """
    figure, [axes] = new_figure(1, 2, height=3.4)
    names = list(scores)
    with styled():
        for at, (panel, label, colour) in enumerate(
            zip(axes, ("JA (more is better)", f"ASSD in {unit} (less is better)"), (BLUE, VERMILLION), strict=True)
        ):
            columns = [np.array([row[at] for row in scores[name]], float) for name in names]
            panel.bar(range(len(names)), [np.nanmean(values) for values in columns], color=colour, alpha=0.75)
            for place, values in enumerate(columns):
                spread = place + np.linspace(-0.2, 0.2, len(values))
                panel.scatter(spread, values, s=9, color=INK, zorder=3)
            panel.set_xticks(range(len(names)), names)
            panel.set_ylabel(label)
            panel.grid(axis="x", visible=False)
    return figure
