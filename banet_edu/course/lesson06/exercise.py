"""Lesson 06, training: its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from banet_edu.course.checks import Wrong, as_map, attempt, checked, same


@checked
def check_dice(my_dice: Callable[[Tensor, Tensor], Tensor]) -> str:
    """Check `my_dice(p, y)`: 1 - (2 sum(p y) + 1) / (sum p + sum y + 1) for each image, then the mean; differentiable.

    >>> check_dice(lambda p, y: 1 - (p * y).sum()).passed
    False
    """
    remark = ""
    with torch.enable_grad():  # a check runs without gradients, and this one asks for one
        for name, (probability, target) in _cases().items():
            asked = probability.clone().requires_grad_()
            found = attempt(my_dice, "my_dice", asked, target)
            if isinstance(found, float | int):
                raise Wrong(
                    "my_dice gives a plain number: no gradient can flow.", "Stay with tensors, without .item()."
                )
            if isinstance(found, Tensor) and found.shape == probability.shape[:1]:
                raise Wrong("my_dice gives one value per image.", "End with the mean over the images: .mean().")
            if isinstance(found, Tensor) and found.ndim == 0 and not torch.isfinite(found):
                raise Wrong(
                    f"for {name} your loss is {float(found.detach()):g}.",
                    "Nothing predicted, nothing there: 0 / 0. The + 1 above and below the bar is for this.",
                )
            value = as_map(found, "the loss", ()).detach()
            wanted = _dice(probability, target)
            if not same(value, wanted):
                variant = next((s for s, v in _variants(probability, target).items() if same(value, v)), "")
                if not variant:
                    raise _recognised(value, probability, target, name)
                remark = variant.strip()
            if not found.requires_grad:
                raise Wrong(
                    "no gradient reaches the probabilities.",
                    "Leave out .detach(), .numpy(), thresholds and torch.no_grad().",
                )
            [gradient] = torch.autograd.grad(found, asked)
            if name == "two images" and float(gradient.abs().sum()) == 0:
                raise Wrong("the gradient is 0 everywhere.", "A threshold or rounding has none: use p as it is.")
    if remark:
        return f"a soft Dice loss {remark}; the package's differs there, both are in use."
    return "the soft Dice loss, per image, with a gradient, and 0 where nothing is there and nothing was found."


def _cases() -> dict[str, tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(4)
    rows, columns = torch.meshgrid(torch.arange(20), torch.arange(24), indexing="ij")
    discs = torch.stack(
        [(rows - 9) ** 2 + (columns - 8) ** 2 < 30, (rows - 10) ** 2 + (columns - 14) ** 2 < 70]
    ).float()
    soft = (0.8 * discs + 0.2 * torch.rand(discs.shape, generator=generator)).clamp(0, 1)
    nothing = torch.zeros(1, 20, 24)
    return {"two images": (soft, discs), "a missed object": (nothing, discs[:1]), "an empty image": (nothing, nothing)}


def _dice(p: Tensor, y: Tensor, top: float = 1.0, bottom: float = 1.0) -> Tensor:
    return (1 - (2 * (p * y).sum((1, 2)) + top) / (p.sum((1, 2)) + y.sum((1, 2)) + bottom)).mean()


def _variants(p: Tensor, y: Tensor) -> dict[str, Tensor]:
    squares = 1 - (2 * (p * y).sum((1, 2)) + 1) / ((p**2).sum((1, 2)) + (y**2).sum((1, 2)) + 1)
    found = {"with squares in the denominator (as in V-Net)": squares.mean()}
    for small in (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3):
        found["with a smaller number in place of the 1" + " " * len(found)] = _dice(p, y, small, small)
    return found


def _recognised(value: Tensor, p: Tensor, y: Tensor, name: str) -> Wrong:
    both, size = (p * y).sum((1, 2)), p.sum((1, 2)) + y.sum((1, 2))
    hard = (p >= 0.5).float()
    formula = "1 - (2 * overlap + 1) / (size of p + size of y + 1)."
    slips: dict[tuple[str, str], Tensor] = {
        ("that is the Dice coefficient: it GROWS with a better prediction.", "A loss must fall: 1 - it."): 1
        - _dice(p, y),
        ("that is the negative Dice coefficient.", "Add 1: a perfect prediction then costs 0."): _dice(p, y) - 1,
        (
            "the 1 is doubled too: a perfect prediction gets a NEGATIVE loss.",
            "2 * overlap + 1, not 2 * (overlap + 1).",
        ): (_dice(p, y, 2.0)),
        ("the factor 2 is missing.", formula): (1 - (both + 1) / (size + 1)).mean(),
        ("that is 1 - JA, the soft Jaccard loss.", formula): (1 - (both + 1) / (size - both + 1)).mean(),
        (
            "all images are counted as one.",
            "Sum over rows and columns only: .sum(dim=(1, 2)); then the mean over images.",
        ): (1 - (2 * both.sum() + 1) / (size.sum() + 1)),
        ("the losses of the images are added up.", "Take their mean."): _dice(p, y) * len(p),
        ("the probabilities are rounded first.", "Use p as it is: a threshold has no gradient."): _dice(hard, y),
        ("the + 1 stands below the bar only.", formula): _dice(p, y, 0.0),
        ("the + 1 stands above the bar only.", formula): _dice(p, y, 1.0, 0.0),
    }
    for (said, hint), slip in slips.items():
        if same(value, slip) and not same(slip, _dice(p, y)):
            return Wrong(said, hint)
    return Wrong(
        f"for {name} your loss is {float(value):.3f}; it is {float(_dice(p, y)):.3f}.",
        f"Print overlap and sizes of each image, and compare with the formula: {formula}",
    )


def pull_the_plug(at_step: int) -> Any:
    """A callback of `fit` that stops a run as a power cut would, right after optimiser step `at_step`."""

    class PowerCut:
        def on_step(self, step: int, parts: Any) -> None:
            if step == at_step:
                raise RuntimeError("power cut")

    return PowerCut()
