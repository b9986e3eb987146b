"""The learning rate as a pure function of the step: nothing to store, so a resumed run cannot differ."""

from __future__ import annotations

import math

from banet_edu.config import TrainConfig

WARM_UP = 0.3  # one-cycle: share of the steps spent rising
START = 25.0  # ... from learning_rate / 25
END = 1e4  # ... and falling to (learning_rate / 25) / 1e4: the usual values of the one-cycle policy


def learning_rate(step: int, config: TrainConfig) -> float:
    """The learning rate used for optimiser step `step` (0 is the first) out of `config.steps`.

    - "poly": lr (1 - t / T)^0.9, the study's [release]
    - "one_cycle": half a cosine up to lr, then half a cosine down to almost nothing (Smith & Topin 2018,
      arXiv 1708.07120; same values as `torch.optim.lr_scheduler.OneCycleLR`, momentum left alone)
    - "constant": lr

    >>> config = TrainConfig(steps=100, learning_rate=1.0, schedule="poly")
    >>> [round(learning_rate(step, config), 3) for step in (0, 50, 99)]
    [1.0, 0.536, 0.016]
    """
    peak = config.learning_rate
    match config.schedule:
        case "constant":
            return peak
        case "poly":
            return peak * (1 - step / config.steps) ** 0.9
        case "one_cycle":
            top = WARM_UP * config.steps - 1
            if step <= top:
                return _cosine(peak / START, peak, step / top if top > 0 else 1.0)
            return _cosine(peak, peak / START / END, (step - top) / max(1e-9, config.steps - 1 - top))
    raise ValueError(f'schedule must be "one_cycle", "poly" or "constant", not {config.schedule!r}')


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * min(1.0, share)))
