"""One gate of cross feature fusion: where it is open, and what opening or closing it does to the contour."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.explain.before_after import Effect
from banet_edu.explain.trace import Trace
from banet_edu.plots.before_after import draw_shift
from banet_edu.plots.contour import draw_lines, mask_outlines
from banet_edu.plots.errors import figures_text, unit_of
from banet_edu.plots.gates import gate_name
from banet_edu.plots.maps import draw_map, need, panels, picture_of, size_text
from banet_edu.plots.style import PREDICTION, REFERENCE, draw_image, styled

GATE_LIMITS = (0.3, 0.7)  # of the gate's colours: the same at every setting


def gate_switch_figure(
    trace: Trace,
    effect: Effect | None,
    stage: int,
    source: int,
    image: NDArray[np.uint8],
    reference: NDArray[np.bool_],
    *,
    title: str = "",
) -> Figure:
    """The gate at `stage` for the map of `source` (the own gate where they are equal), and the contour with it replaced.

    Args:
        trace: of a BA-Net as it is; it must hold a prediction. `reference` h x w bool of the prediction's size.
        effect: of the gate held open or closed; None: as learned, and the third panel says so.

    Panels: the gate's map, mean over the channels; the contour as it is; the contour with the gate replaced, coloured by
    how far it moved.
    """
    need(trace, ".cff.gate_own", "cross feature fusion (CFF)")
    if trace.prediction is None:
        raise ValueError("the trace holds no prediction: probe a Sample or an image, not a tensor")
    values = trace.map(gate_name(stage, source))
    size, spacing = picture_of(trace, image)
    figure, axes = panels(1, 3, trace, image, above=0.75, below=0.5)
    low, high = GATE_LIMITS
    with styled():
        draw_map(axes[0, 0], values, trace, image, vmin=low, vmax=high)
        said = f"own gate of stage {stage}" if stage == source else f"stage {stage}'s gate for stage {source}"
        axes[0, 0].set_title(
            f"{said}, as learned\n{size_text(values)} cells, mean {values.mean():.2f}\n(dark {low:g}, yellow {high:g})"
        )
        draw_lines(axes[0, 0], mask_outlines(reference), colour=REFERENCE, width=1.0)
        for cell in axes[0, 1:]:
            draw_image(cell, image, size, spacing_mm=spacing)
            draw_lines(cell, mask_outlines(reference), colour=REFERENCE, width=1.2)
        draw_lines(axes[0, 1], trace.prediction.contours, colour=PREDICTION)
        scores = figures_text(trace.prediction.mask, reference, spacing).replace(" · HD", "\nHD")
        axes[0, 1].set_title(f"contour as learned\n{scores}")
        if effect is None:
            draw_lines(axes[0, 2], trace.prediction.contours, colour=PREDICTION)
            axes[0, 2].set_title("nothing is replaced\nchoose open or closed\n")
        else:
            draw_shift(axes[0, 2], effect, f"moved_{unit_of(spacing)}")
            moved = axes[0, 2].get_title().rpartition("\n")[2]
            scores = figures_text(effect.after.mask, reference, spacing).partition(" · HD")[0]
            axes[0, 2].set_title(f"{effect.name}: {scores}\n{moved}\nblue inward, orange outward", fontsize=10)
        if title:
            figure.suptitle(title)
    return figure
