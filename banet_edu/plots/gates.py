"""Cross feature fusion (CFF): which stage listens to which, as a matrix, and where, as maps."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from banet_edu.explain.trace import Trace
from banet_edu.plots.maps import STAGES, STRENGTH, colour_bar, draw_map, need, panels, picture_of, scale, size_text
from banet_edu.plots.style import ORANGE, draw_image, new_figure, styled


def gate_name(stage: int, source: int) -> str:
    """The signal of the gate at `stage` for the map of `source`.

    >>> gate_name(2, 3), gate_name(2, 2)
    ('stage2.cff.gate_from_stage3', 'stage2.cff.gate_own')
    """
    return f"stage{stage}.cff.gate_{'own' if source == stage else f'from_stage{source}'}"


def gate_matrix(trace: Trace, *, effective: bool = False) -> NDArray[np.float64]:
    """4 x 4, row: the stage i that listens, column: the stage j it hears; means over channels and pixels.

    The gate g_j at stage i, on the diagonal the own gate g_i. With `effective`, what S_j is multiplied by in
    F_i = S_i + (1 - g_i) sum g_j S_j: (1 - g_i) g_j, and 1 on the diagonal. Raises ValueError without CFF.
    """
    need(trace, ".cff.gate_own", "cross feature fusion (CFF)")
    matrix = np.ones((4, 4))
    for i in STAGES:
        own = trace[gate_name(i, i)]
        for j in STAGES:
            gate = trace[gate_name(i, j)]
            if not effective:
                matrix[i - 1, j - 1] = float(gate.mean())
            elif i != j:
                matrix[i - 1, j - 1] = float(((1 - own) * gate).mean())
    return matrix


def gate_matrix_figure(trace: Trace, *, effective: bool = False, title: str = "") -> Figure:
    """The 4 x 4 gates of CFF as coloured cells with their numbers (`gate_matrix`): 0 is closed, 1 open.

    The diagonal, framed, is each stage's own gate: near 1 the stage listens to none of the others. With `effective`
    the cells are the weights (1 - own gate) x gate that the other stages' maps really get. Means over channels and
    pixels lie near 0.5, so the colours cover the part of 0..1 that occurs (0.2 of it at least), as the bar says.

    Raises ValueError for a network without CFF. Formula: `banet_edu.models.cff`.
    """
    matrix = gate_matrix(trace, effective=effective)
    low, high = scale([matrix[~np.eye(4, dtype=bool)] if effective else matrix], least=0.2)
    figure, [[axes]] = new_figure(height=5.2, width=6.6)
    with styled():
        drawn = axes.imshow(matrix, cmap=STRENGTH, vmin=low, vmax=high)
        axes.grid(visible=False)
        for i in range(4):
            for j in range(4):
                own = "\nits own map" if effective else "\nown gate"
                text = f"{matrix[i, j]:.2f}{own if i == j else ''}"
                colour = "black" if matrix[i, j] > (low + high) / 2 else "white"
                axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=11 if i != j else 10)
            axes.add_patch(Rectangle((i - 0.46, i - 0.46), 0.92, 0.92, fill=False, edgecolor=ORANGE, linewidth=3))
        for ticks in (axes.set_xticks, axes.set_yticks):
            ticks(range(4), [f"stage {i}" + {1: "\n(fine)", 4: "\n(coarse)"}.get(i, "") for i in STAGES])
        axes.set_xlabel("… to this stage's map")
        axes.set_ylabel("this stage listens …")
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(drawn, ax=axes, fraction=0.046, pad=0.03, extend="max" if effective else "neither")
        said = "weight (1 − own gate) × gate" if effective else "gate"
        bar.set_label(f"{said}, mean over pixels and channels\n0: nothing passes      1: all passes")
        axes.set_title(title or ("Weight of each stage's map in the fusion" if effective else "Gates of the fusion"))
    return figure


def gate_maps_figure(trace: Trace, stage: int, image: NDArray[np.uint8] | None = None, *, title: str = "") -> Figure:
    """Where the four gates at one stage (1 to 4) are open: maps of their means over the channels, on one scale.

    The own gate comes first, framed: where it is near 1, the stage listens to none of the others. `image`
    (H x W x 3 uint8) is drawn at the left where given.

    Raises ValueError for a stage that is not 1 to 4 and a network without CFF.
    """
    if stage not in STAGES:
        raise ValueError(f"stage must be 1, 2, 3 or 4, got {stage}")
    need(trace, ".cff.gate_own", "cross feature fusion (CFF)")
    sources = [stage, *(j for j in STAGES if j != stage)]
    maps = {j: trace.map(gate_name(stage, j)) for j in sources}
    low, high = scale(maps.values())
    extra = int(image is not None)
    figure, axes = panels(1, 4 + extra, trace, image, above=0.5, below=1.2)
    with styled():
        if image is not None:
            size, spacing = picture_of(trace, image)
            draw_image(axes[0, 0], image, size, spacing_mm=spacing)
            axes[0, 0].set_title("image")
        for cell, (j, values) in zip(axes[0, extra:], maps.items(), strict=True):
            drawn = draw_map(cell, values, trace, image, vmin=low, vmax=high)
            said = f"own gate of stage {stage}" if j == stage else f"gate for stage {j}"
            cell.set_title(f"{said}\nmean {values.mean():.2f}")
            if j == stage:
                for spine in cell.spines.values():
                    spine.set(visible=True, color=ORANGE, linewidth=3)
        shape = size_text(maps[stage])
        colour_bar(figure, drawn, axes[0], f"gate at stage {stage} ({shape}), mean over the channels\n"
                   "0: nothing passes      1: all passes      own gate (framed) 1: hears none of the others")  # fmt: skip
        if title:
            figure.suptitle(title)
    return figure
