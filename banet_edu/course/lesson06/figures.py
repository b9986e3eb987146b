"""What each part of the loss feels when a predicted disc is moved or blurred.

The learning rate, step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.config import TrainConfig
from banet_edu.figures.contour import draw_lines, mask_outlines
from banet_edu.figures.style import BLUE, GREEN, INK, PURPLE, REFERENCE, SKY, VERMILLION, new_figure
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.training.losses import boundary_target, dice_loss
from banet_edu.training.schedule import learning_rate

SIZE = 128
SHIFTS = tuple(range(0, 17, 2))  # pixels


def moved_disc(radius: float, shift: float, softness: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The probability of a predicted disc, moved to the right by `shift` pixels and blurred over `softness`, and the truth.

    Both 128 x 128. The probability is the logistic function of the distance to the disc's edge over `softness`, as of a
    network that is sure inside and unsure at the edge.
    """
    rows, columns = np.indices((SIZE, SIZE)) - SIZE / 2 + 0.5
    true = np.hypot(rows, columns) - radius
    predicted = np.hypot(rows, columns - shift) - radius
    return 1 / (1 + np.exp(np.clip(predicted / softness, -30, 30))), true < 0


def loss_parts(radius: float, shift: float, softness: float) -> dict[str, float]:
    """Cross entropy and Dice of the mask, cross entropy of its boundary, and JA and ASSD (pixels) of the thresholded disc.

    The boundary's probability is 4 p (1 - p): 1 where the network is undecided, 0 where it is sure.

    >>> parts = loss_parts(30, 0, 0.5)
    >>> {name: round(value, 1) for name, value in parts.items() if name in ("dice", "JA", "ASSD (px)")}
    {'dice': 0.0, 'JA': 1.0, 'ASSD (px)': 0.0}
    """
    probability, truth = moved_disc(radius, shift, softness)
    logit = torch.from_numpy(np.log(probability) - np.log1p(-probability))
    logits = torch.stack([torch.zeros_like(logit), logit])[None].float()
    target = torch.from_numpy(truth.astype(np.int64))[None]
    edge = np.clip(4 * probability * (1 - probability), 1e-4, 1 - 1e-4)
    on_edge = boundary_target(target)[0].numpy()
    scores = boundary_metrics(probability >= 0.5, truth, spacing_mm=None)
    return {
        "cross entropy": float(torch.nn.functional.cross_entropy(logits, target)),
        "dice": float(dice_loss(logits, target)),
        "edge cross entropy": float(-np.where(on_edge, np.log(edge), np.log1p(-edge)).mean()),
        "JA": float(overlap(probability >= 0.5, truth)["JA"]),
        "ASSD (px)": float(scores["assd_px"]),
    }


def loss_figure(radius: float, shift: float, softness: float) -> Figure:
    """One prediction over the truth, and each loss part at every shift."""
    figure, [[picture, curves]] = new_figure(1, 2, height=4.2, width_ratios=(1, 1.4))
    _draw_disc(picture, radius, shift, softness)
    _draw_curves(curves, radius, softness)
    parts = loss_parts(radius, shift, softness)
    for name, colour in _COLOURS.items():
        curves.plot(shift, parts[name], "D", color=colour, markeredgecolor=INK, markersize=8)
    curves.axvline(shift, color=INK, linewidth=1, linestyle="--", zorder=0)
    return figure


def losses_figure(radii: Sequence[float], softness: float) -> Figure:
    """A small and a large disc at a shift of 4 pixels, and their losses: the sliders as a still picture."""
    figure, axes = new_figure(2, len(radii), height=7.4, height_ratios=(1, 1.05))
    for column, radius in enumerate(radii):
        _draw_disc(axes[0][column], radius, 4, softness)
        _draw_curves(axes[1][column], radius, softness)
    return figure


_COLOURS = {"cross entropy": BLUE, "dice": VERMILLION, "edge cross entropy": GREEN}


def _draw_disc(axes: Axes, radius: float, shift: float, softness: float) -> None:
    probability, truth = moved_disc(radius, shift, softness)
    parts: Any = loss_parts(radius, shift, softness)
    axes.imshow(probability, cmap="gray", vmin=0, vmax=1.3, interpolation="nearest")
    draw_lines(axes, mask_outlines(truth), colour=REFERENCE, width=2)
    draw_lines(axes, mask_outlines(probability >= 0.5), colour=SKY, width=2)
    axes.set_axis_off()
    axes.set_title(f"radius {radius:g}, moved {shift:g} px\nJA {parts['JA']:.2f} · ASSD {parts['ASSD (px)']:.1f} px")


def _draw_curves(axes: Axes, radius: float, softness: float) -> None:
    parts = [loss_parts(radius, shift, softness) for shift in SHIFTS]
    for (name, colour), marker in zip(_COLOURS.items(), "os^", strict=True):
        axes.plot(SHIFTS, [p[name] for p in parts], color=colour, marker=marker, label=name)
    axes.plot(SHIFTS, [1 - p["JA"] for p in parts], color=PURPLE, linestyle=":", linewidth=2, label="1 - JA")
    axes.set_ylim(0, 1.45)
    axes.set_xlabel("shift (pixels)")
    axes.set_ylabel("loss")
    axes.legend(loc="upper left", ncols=2)
    axes.set_title(f"radius {radius:g}, edge blurred over {softness:g} px")


SCHEDULES = {"one_cycle": BLUE, "poly": VERMILLION, "constant": GREEN}


def schedule_figure(schedule: str, peak: float, steps: int) -> Figure:
    """One schedule at its settings, the others thin beside it; and the distance the rates add up to."""
    figure, [[curve, sums]] = new_figure(1, 2, height=3.8, width_ratios=(1.5, 1))
    _draw(curve, schedule, peak, steps)
    totals = {name: sum(_rates(name, peak, steps)) for name in SCHEDULES}
    bars = sums.bar(list(totals), list(totals.values()), color=list(SCHEDULES.values()))
    for name, bar in zip(SCHEDULES, bars, strict=True):
        bar.set_alpha(1.0 if name == schedule else 0.35)
    sums.set_title("sum of the rates over all steps")
    sums.set_ylabel("sum")
    return figure


def schedules_figure(peak: float, steps: int) -> Figure:
    """All schedules side by side: the sliders as a still picture."""
    figure, axes = new_figure(1, len(SCHEDULES), height=3.4, sharey=True)
    for panel, name in zip(axes[0], SCHEDULES, strict=True):
        _draw(panel, name, peak, steps, others=False)
        if panel is not axes[0][0]:
            panel.set_ylabel("")
    return figure


def _draw(axes: Axes, schedule: str, peak: float, steps: int, others: bool = True) -> None:
    for name, colour in SCHEDULES.items():
        if name == schedule or others:
            width = 2.6 if name == schedule else 1
            axes.plot(_rates(name, peak, steps), color=colour, linewidth=width, label=name)
    rates = _rates(schedule, peak, steps)
    top = max(range(steps), key=rates.__getitem__)
    axes.plot(top, rates[top], "D", color=SCHEDULES[schedule], markeredgecolor=INK, markersize=8)
    axes.set_ylim(0, 1.3 * peak)
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, -3), useMathText=True)
    axes.set_xlabel("optimiser step")
    axes.set_ylabel("learning rate")
    axes.set_title(f"{schedule}: highest at step {top}")
    if others:
        axes.legend(loc="upper right", ncols=3)


def _rates(schedule: str, peak: float, steps: int) -> list[float]:
    config = TrainConfig(steps=steps, learning_rate=peak, schedule=schedule)  # type: ignore[arg-type]
    return [learning_rate(step, config) for step in range(steps)]
