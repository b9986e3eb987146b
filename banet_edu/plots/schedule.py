"""The learning rate, step by step."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from banet_edu.config import TrainConfig
from banet_edu.plots.style import BLUE, GREEN, INK, VERMILLION, new_figure
from banet_edu.training.schedule import learning_rate

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
