"""The loss of a moved disc, part by part; masks learned by heart; and the learning rate, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from banet_edu.course.lesson06.toy_disc import SHIFTS, Disc
from banet_edu.figures.contour import draw_lines, mask_outlines
from banet_edu.figures.style import BLUE, GREEN, INK, PURPLE, REFERENCE, SKY, VERMILLION, draw_image, new_figure, styled

_PARTS = {"cross entropy": BLUE, "dice": VERMILLION, "edge cross entropy": GREEN}
SCHEDULES = {"one_cycle": BLUE, "poly": VERMILLION, "constant": GREEN}


def loss_figure(disc: Disc) -> Figure:
    """One prediction over the truth, and each loss part at every shift."""
    figure, [[picture, curves]] = new_figure(1, 2, height=4.2, width_ratios=(1, 1.4))
    _draw_disc(picture, disc)
    ja, assd = disc.parts["JA"], disc.parts["ASSD (px)"]
    picture.set_title(f"radius {disc.radius:g}, moved {disc.shift:g} px\nJA {ja:.2f} · ASSD {assd:.1f} px")
    _draw_parts(curves, disc)
    _legend(figure)
    with styled():  # below the axes: a curve may lie anywhere in them
        figure.legend(*curves.get_legend_handles_labels(), loc="outside lower right", ncols=2)
    return figure


def discs_figure(discs: Sequence[Disc]) -> Figure:
    """Predictions over the truth side by side, without what any loss says of them."""
    figure, [pictures] = new_figure(1, len(discs), height=3.6)
    for picture, disc in zip(pictures, discs, strict=True):
        _draw_disc(picture, disc)
        picture.set_title(f"radius {disc.radius:g}, moved {disc.shift:g} px")
    _legend(figure)
    return figure


def memorised_figure(images: Sequence[NDArray[np.uint8]], given: ArrayLike, found: ArrayLike) -> Figure:
    """Images side by side, each with the mask that was given to it in training and the mask that the network then finds.

    `images`: N of H x W x 3; `given`, `found`: N x h x w, 1 for the object.
    """
    figure, [pictures] = new_figure(1, len(images), height=2.9)
    for picture, image, target, answer in zip(pictures, images, np.asarray(given), np.asarray(found), strict=True):
        draw_image(picture, image, target.shape)
        draw_lines(picture, mask_outlines(target > 0), colour=REFERENCE, width=2)
        draw_lines(picture, mask_outlines(answer > 0), colour=SKY, width=1)
    _legend(figure, "the mask it was given", "what the network finds")
    return figure


def _legend(figure: Figure, yellow: str = "true outline", blue: str = "predicted outline") -> None:
    handles = [Line2D([], [], color=colour, linewidth=3) for colour in (REFERENCE, SKY)]
    with styled():
        figure.legend(handles, [yellow, blue], loc="outside lower left", ncols=2,
                      facecolor=INK, labelcolor="w", frameon=True, framealpha=0.8)  # fmt: skip


def _draw_disc(axes: Axes, disc: Disc) -> None:
    axes.imshow(disc.probability, cmap="gray", vmin=0, vmax=1.3, interpolation="nearest")
    draw_lines(axes, mask_outlines(disc.truth), colour=REFERENCE, width=2)
    draw_lines(axes, mask_outlines(disc.probability >= 0.5), colour=SKY, width=2)
    axes.set_axis_off()


def _draw_parts(axes: Axes, disc: Disc) -> None:
    for (name, colour), marker in zip(_PARTS.items(), "os^", strict=True):
        said = f"{name}: {disc.parts[name]:.2f}"  # at the shift that is set
        axes.plot(SHIFTS, [p[name] for p in disc.at_shifts], color=colour, marker=marker, label=said)
    axes.plot(SHIFTS, [1 - p["JA"] for p in disc.at_shifts], color=PURPLE, linestyle=":", linewidth=2, label="1 - JA")
    highest = max(p[name] for p in disc.at_shifts for name in _PARTS)
    axes.set_ylim(0, max(1.1, 1.08 * highest))  # one axis for most settings; no curve leaves it
    axes.set_xlabel("shift (pixels)")
    axes.set_ylabel("loss")
    axes.set_title(f"radius {disc.radius:g}, edge blurred over {disc.softness:g} px")
    for name, colour in _PARTS.items():
        axes.plot(disc.shift, disc.parts[name], "D", color=colour, markeredgecolor=INK, markersize=8)
    axes.axvline(disc.shift, color=INK, linewidth=1, linestyle="--", zorder=0)


def schedule_figure(schedule: str, rates: Mapping[str, Sequence[float]]) -> Figure:
    """One schedule, the others thin beside it. `rates`: name of each of SCHEDULES -> its learning rate at every step."""
    figure, [[curve]] = new_figure(height=3.0)
    _draw_rates(curve, schedule, rates)
    return figure


def _draw_rates(axes: Axes, schedule: str, rates: Mapping[str, Sequence[float]]) -> None:
    for name, each in rates.items():
        axes.plot(each, color=SCHEDULES[name], linewidth=2.6 if name == schedule else 1, label=name)
    chosen = rates[schedule]
    top = max(range(len(chosen)), key=chosen.__getitem__)
    axes.plot(top, chosen[top], "D", color=SCHEDULES[schedule], markeredgecolor=INK, markersize=8)
    axes.set_ylim(0, 1.3 * max(max(each) for each in rates.values()))
    if chosen[top] < 0.1:
        axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, -3), useMathText=True)
    axes.set_xlabel("optimiser step")
    axes.set_ylabel("learning rate")
    axes.set_title(f"{schedule}: highest at step {top}")
    axes.legend(loc="upper right", ncols=3)
