"""A few lines on a card: what stands for a panel that shows nothing before its reader brings a picture."""

from __future__ import annotations

from textwrap import fill

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from banet_edu.plots.style import BLUE, DPI, INK, WIDTH, styled


def card_figure(title: str, text: str) -> Figure:
    """A title over a text of one or more paragraphs (split at line breaks), in a frame."""
    lines = "\n".join(fill(part, 112) for part in text.split("\n"))
    height = 0.75 + 0.23 * (lines.count("\n") + 1)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    with styled():
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(0, height)
        axes.add_patch(
            FancyBboxPatch((0.12, 0.12), WIDTH - 0.24, height - 0.24, boxstyle="round,pad=0,rounding_size=0.1",
                           facecolor="#F3F7FA", edgecolor=BLUE)
        )  # fmt: skip
        axes.text(0.3, height - 0.26, title, fontsize=11, fontweight="bold", color=INK, va="top")
        axes.text(0.3, height - 0.53, lines, fontsize=10, color=INK, va="top", linespacing=1.35)
    return figure
