"""The loss of a moved disc, part by part, and the learning rate, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from banet_edu.course.lesson06.toy_disc import SHIFTS, Disc
from banet_edu.figures.contour import draw_lines, mask_outlines
from banet_edu.figures.style import BLUE, GREEN, INK, PURPLE, REFERENCE, SKY, VERMILLION, new_figure

_PARTS = {"cross entropy": BLUE, "dice": VERMILLION, "edge cross entropy": GREEN}
SCHEDULES = {"one_cycle": BLUE, "poly": VERMILLION, "constant": GREEN}


def loss_figure(disc: Disc) -> Figure:
    """One prediction over the truth, and each loss part at every shift."""
    figure, [[picture, curves]] = new_figure(1, 2, height=4.2, width_ratios=(1, 1.4))
    _draw_disc(picture, disc)
    _draw_parts(curves, disc)
    return figure


def _draw_disc(axes: Axes, disc: Disc) -> None:
    axes.imshow(disc.probability, cmap="gray", vmin=0, vmax=1.3, interpolation="nearest")
    draw_lines(axes, mask_outlines(disc.truth), colour=REFERENCE, width=2)
    draw_lines(axes, mask_outlines(disc.probability >= 0.5), colour=SKY, width=2)
    axes.set_axis_off()
    ja, assd = disc.parts["JA"], disc.parts["ASSD (px)"]
    axes.set_title(f"radius {disc.radius:g}, moved {disc.shift:g} px\nJA {ja:.2f} · ASSD {assd:.1f} px")


def _draw_parts(axes: Axes, disc: Disc) -> None:
    for (name, colour), marker in zip(_PARTS.items(), "os^", strict=True):
        axes.plot(SHIFTS, [p[name] for p in disc.at_shifts], color=colour, marker=marker, label=name)
    axes.plot(SHIFTS, [1 - p["JA"] for p in disc.at_shifts], color=PURPLE, linestyle=":", linewidth=2, label="1 - JA")
    axes.set_ylim(0, 1.45)
    axes.set_xlabel("shift (pixels)")
    axes.set_ylabel("loss")
    axes.legend(loc="upper left", ncols=2)
    axes.set_title(f"radius {disc.radius:g}, edge blurred over {disc.softness:g} px")
    for name, colour in _PARTS.items():
        axes.plot(disc.shift, disc.parts[name], "D", color=colour, markeredgecolor=INK, markersize=8)
    axes.axvline(disc.shift, color=INK, linewidth=1, linestyle="--", zorder=0)


def schedule_figure(schedule: str, rates: Mapping[str, Sequence[float]]) -> Figure:
    """One schedule, the others thin beside it; and the distance that the rates add up to.

    `rates`: name of each of SCHEDULES -> its learning rate at every step.
    """
    figure, [[curve, sums]] = new_figure(1, 2, height=3.8, width_ratios=(1.5, 1))
    _draw_rates(curve, schedule, rates)
    bars = sums.bar(list(rates), [sum(each) for each in rates.values()], color=[SCHEDULES[name] for name in rates])
    for name, bar in zip(rates, bars, strict=True):
        bar.set_alpha(1.0 if name == schedule else 0.35)
    sums.set_title("sum of the rates over all steps")
    sums.set_ylabel("sum")
    return figure


def _draw_rates(axes: Axes, schedule: str, rates: Mapping[str, Sequence[float]]) -> None:
    for name, each in rates.items():
        axes.plot(each, color=SCHEDULES[name], linewidth=2.6 if name == schedule else 1, label=name)
    chosen = rates[schedule]
    top = max(range(len(chosen)), key=chosen.__getitem__)
    axes.plot(top, chosen[top], "D", color=SCHEDULES[schedule], markeredgecolor=INK, markersize=8)
    axes.set_ylim(0, 1.3 * max(max(each) for each in rates.values()))
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-3, -3), useMathText=True)
    axes.set_xlabel("optimiser step")
    axes.set_ylabel("learning rate")
    axes.set_title(f"{schedule}: highest at step {top}")
    axes.legend(loc="upper right", ncols=3)
