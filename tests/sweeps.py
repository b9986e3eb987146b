"""Every control of a widget moved through its values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ipywidgets

from banet_edu.course.panel import Panel

FEW, MOST = 3, 25  # values of one control: longer ranges are sampled, both ends included


def values_of(control: ipywidgets.ValueWidget, most: int = MOST) -> list[Any]:
    """The values a reader can choose: every name, and of numbers at most `most`, with both ends."""
    if hasattr(control, "options"):
        values = [option[1] if isinstance(option, tuple) else option for option in control.options]
        if not all(isinstance(value, int | float) for value in values):
            return values
    else:
        values = [control.min + i * control.step for i in range(round((control.max - control.min) / control.step) + 1)]
    last, count = len(values) - 1, min(len(values), most)
    return [values[round(i * last / max(1, count - 1))] for i in range(count)]


def sweep(panel: Panel, most: int = MOST) -> Iterator[str]:
    """Move each control through its values; yield what went wrong."""
    for name, control in panel.controls.items():
        start = control.value
        others = [value for value in values_of(control, most) if value != start]
        if not others:
            yield f"{name} has only one value"
        for value in [*others, start]:
            before = panel.picture.value
            control.value = value
            if panel.error:
                yield f"{name}={value}: {panel.error}"
            elif panel.picture.value == before:
                yield f"{name}={value}: the picture did not change"
