"""What the loss feels, and how the learning rate moves."""

from __future__ import annotations

import ipywidgets
from matplotlib.figure import Figure

from banet_edu.config import TrainConfig
from banet_edu.course.lesson06.figures import SCHEDULES, loss_figure, schedule_figure
from banet_edu.course.lesson06.toy_disc import SHIFTS, measured_disc
from banet_edu.course.panel import Panel, choice
from banet_edu.training.schedule import learning_rate


def loss_explorer() -> Panel:
    """Move a predicted disc off the true one, blur it, and choose its size."""

    def render(radius: int, shift: int, softness: float) -> Figure:
        return loss_figure(measured_disc(radius, shift, softness))

    return Panel(
        render,
        {
            "radius": ipywidgets.IntSlider(12, 6, 46, 2, description="radius (pixels)"),
            "shift": ipywidgets.IntSlider(4, 0, SHIFTS[-1], 1, description="shift (pixels)"),
            "softness": choice("blur (pixels)", {f"{s:g}": s for s in (0.5, 1.0, 2.0, 4.0, 8.0)}, 1.0),
        },
        alt="A predicted disc moved off the true one, and how large each part of the loss is at every shift.",
        still=[{"radius": 10}, {"radius": 40}],
    )


def schedule_explorer() -> Panel:
    """Choose a schedule, its highest learning rate and the number of steps."""

    def render(schedule: str, peak: float, steps: int) -> Figure:
        return schedule_figure(schedule, {name: rates(name, peak, steps) for name in SCHEDULES})

    return Panel(
        render,
        {
            "schedule": choice("schedule", {name: name for name in SCHEDULES}),
            "peak": choice("highest rate", {f"{p:g}": p for p in (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 0.3)}, 1e-3),
            "steps": ipywidgets.IntSlider(600, 200, 3000, 200, description="steps"),
        },
        alt="The learning rate at every step under one schedule, with the two others thin beside it.",
        still=[{"schedule": "one_cycle", "peak": 0.3}, {"schedule": "poly"}],
    )


def rates(schedule: str, peak: float, steps: int) -> list[float]:
    """The learning rate at every step."""
    config = TrainConfig(steps=steps, learning_rate=peak, schedule=schedule)  # type: ignore[arg-type]
    return [learning_rate(step, config) for step in range(steps)]
