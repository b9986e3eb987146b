"""What the widgets share: samples by name, and a slider over named values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import ipywidgets

from banet_edu.data.sample import Sample


def by_name(samples: Iterable[Sample]) -> dict[str, Sample]:
    """The samples by name; ValueError where there is none, or one without a mask."""
    cases = {sample.name: sample for sample in samples}
    if not cases:
        raise ValueError("this widget needs at least one sample")
    for name, sample in cases.items():
        if sample.mask is None:
            raise ValueError(f"{name}: no reference mask, so nothing to compare with")
    return cases


def choice(label: str, options: Mapping[str, Any], value: Any = None) -> ipywidgets.SelectionSlider:
    """A slider over `options`, shown name -> value; it starts at `value`, or at the first."""
    start = next(iter(options.values())) if value is None else value
    return ipywidgets.SelectionSlider(options=list(options.items()), value=start, description=label)
