"""Cross feature fusion as a drawing: what the others send, the two gates in its way, and the own map that stays whole."""

from __future__ import annotations

from matplotlib.figure import Figure

from banet_edu.course.lesson04.figures import arrow, box
from banet_edu.figures.style import BLUE, INK, VERMILLION, new_figure, styled


def fusion_diagram() -> Figure:
    """The fusion of stage 2, as an example: three maps, each through its gate, their sum through the own gate, into F."""
    figure, [[axes]] = new_figure(height=3.9)
    gate = {"boxstyle": "round", "facecolor": "w", "edgecolor": INK}
    own, add, shut = 0.0, (5.0, 2.1), (7.3, 2.1)
    with styled():
        axes.set_axis_off()
        axes.set_xlim(-1.1, 11.1)
        axes.set_ylim(-0.55, 3.75)
        for y, sign in ((3.2, "₁"), (2.1, "₃"), (1.0, "₄")):
            box(axes, (0.0, y), f"stage {'₁₂₃₄'.index(sign) + 1}, resized\nS{sign}", VERMILLION, wide=1.9)
            arrow(axes, (1.0, y), (2.6, y), VERMILLION)
            axes.text(3.0, y, f"× g{sign}", ha="center", va="center", zorder=4, bbox=gate)
            arrow(axes, (3.4, y), (add[0] - 0.25, add[1] + 0.15 * (y > add[1]) - 0.15 * (y < add[1])), VERMILLION)
        axes.text(*add, "+", ha="center", va="center", zorder=4, bbox=gate | {"boxstyle": "circle"})
        arrow(axes, (add[0] + 0.25, add[1]), (shut[0] - 0.75, add[1]), VERMILLION)
        axes.text(*shut, "× (1 − g₂)", ha="center", va="center", zorder=4, bbox=gate)
        arrow(axes, (shut[0] + 0.75, shut[1] - 0.1), (9.5, own + 0.45), VERMILLION)
        box(axes, (0.0, own), "stage 2\nS₂", BLUE, wide=1.9)
        box(axes, (10.0, own), "after the fusion\nF₂", BLUE, wide=2.0)
        arrow(axes, (1.0, own), (8.9, own), BLUE)
        axes.text(4.6, own - 0.16, "S₂ stays whole", ha="center", va="top")
        arrow(axes, (1.0, own + 0.15), (shut[0] - 0.1, shut[1] - 0.3), BLUE, line=":")
        axes.text(5.2, 0.5, "dotted: the own gate g₂ is made from S₂", ha="center", va="center")
        axes.text(3.0, 3.6, "each gate is made from its map", ha="center", va="center")
    return figure
