"""Lesson 06, training: its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from banet_edu.course.checks import Slips, Wrong, attempt, checked, same
from banet_edu.course.values import as_map


@checked
def check_dice(my_dice: Callable[[Tensor, Tensor], Tensor]) -> str:
    """Check `my_dice(p, y)`: 1 - (2 sum(p y) + 1) / (sum p + sum y + 1) for each image, then the mean; differentiable.

    >>> check_dice(lambda p, y: 1 - (p * y).sum()).passed
    False
    """
    runs: list[tuple[tuple[Tensor, Tensor], Tensor]] = []
    gradients = []
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
                    "Nothing predicted: the bar divides by 0. Do brackets hold the whole of size of p + size of y + 1?"
                    if target.any()
                    else "Nothing predicted, nothing there: 0 / 0. The + 1 above and below the bar is for this."
                    if torch.isnan(found)
                    else "Nothing predicted, nothing there: the bar divides by 0. A + 1 belongs below the bar too, inside its "
                    "brackets: ... / (size of p + size of y + 1).",
                )
            value = as_map(found, "the loss", ()).detach()
            runs.append(((probability, target), value))
            gradients.append((name, asked, found))
        remark = _judged(runs)
        for name, asked, found in gradients:
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


def _judged(runs: list[tuple[tuple[Tensor, Tensor], Tensor]]) -> str:
    """What to remark on right losses, "" where they are the package's; Wrong for others."""
    remarks = set()
    for inputs, value in runs:
        if not same(value, _dice(*inputs)):
            remarks.add(next((s.strip() for s, v in _variants(*inputs).items() if same(value, v)), ""))
    if "" not in remarks:
        return next(iter(remarks), "")
    name, (inputs, value) = next(
        each for each in zip(_cases(), runs, strict=True) if not same(each[1][1], _dice(*each[1][0]))
    )
    raise SLIPS.explain(runs, lambda given, result, *_: same(given, result)) or Wrong(
        f"for {name} your loss is {float(value):.4f}; it is {float(_dice(*inputs)):.4f}.",
        f"Print overlap and sizes of each image, and compare with the formula: {_FORMULA}",
    )


def _cases() -> dict[str, tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(4)
    rows, columns = torch.meshgrid(torch.arange(20), torch.arange(24), indexing="ij")
    discs = torch.stack(
        [(rows - 9) ** 2 + (columns - 8) ** 2 < 30, (rows - 10) ** 2 + (columns - 14) ** 2 < 70]
    ).float()
    soft = (0.8 * discs + 0.2 * torch.rand(discs.shape, generator=generator)).clamp(0, 1)
    nothing = torch.zeros(1, 20, 24)
    noise = torch.rand(3, 9, 14, generator=generator)
    return {
        "two images": (soft, discs),
        "a missed object": (nothing, discs[:1]),
        "an empty image": (nothing, nothing),
        "three images of noise": (noise, (torch.rand(noise.shape, generator=generator) > noise).float()),
        "one image of noise": (noise[:1, :7, :5], (noise[1:2, :7, :5] > 0.3).float()),
    }


def _dice(
    p: Tensor,
    y: Tensor,
    *,
    probability: Callable[[Tensor], Tensor] = lambda p: p,
    product: Callable[[Tensor, Tensor], Tensor] = torch.mul,
    of_images: Callable[[Tensor], Tensor] = lambda values: values.sum(dim=(1, 2)),
    of_overlap: Callable[[Tensor], Tensor] | None = None,
    of_p: Callable[[Tensor], Tensor] | None = None,
    of_y: Callable[[Tensor], Tensor] | None = None,
    overlap: Callable[[Tensor, Tensor], Tensor] = lambda both, size: both,
    size: Callable[[Tensor, Tensor], Tensor] = torch.add,
    factor: float = 2,
    above: float = 1,
    below: float = 1,
    bar: Callable[[Tensor, Tensor], Tensor] = torch.div,
    loss: Callable[[Tensor], Tensor] = lambda coefficient: 1 - coefficient,
    average: Callable[[Tensor], Tensor] = torch.mean,
) -> Tensor:
    """The loss, step by step, each of which can be taken wrongly."""
    p = probability(p)
    whole = size((of_p or of_images)(p), (of_y or of_images)(y))
    both = overlap((of_overlap or of_images)(product(p, y)), whole)
    return average(loss(bar(factor * both + above, whole + below)))


def _variants(p: Tensor, y: Tensor) -> dict[str, Tensor]:
    squares = 1 - (2 * (p * y).sum((1, 2)) + 1) / ((p**2).sum((1, 2)) + (y**2).sum((1, 2)) + 1)
    found = {"with squares in the denominator (as in V-Net)": squares.mean()}
    for small in (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3):
        found["with a smaller number in place of the 1" + " " * len(found)] = _dice(p, y, above=small, below=small)
    return found


def _numbers() -> dict[tuple[str, str], dict[str, Any]]:
    """Another number in the place of the 2 and of the two 1."""
    found: dict[tuple[str, str], dict[str, Any]] = {
        ("the factor 2 is missing.", _FORMULA): {"factor": 1},
        ("the 1 is doubled too: a perfect prediction gets a NEGATIVE loss.", "2 * overlap + 1, not 2 * (overlap + 1)."):
            {"above": 2},
        ("the + 1 stands below the bar only.", _FORMULA): {"above": 0},
        ("the + 1 stands above the bar only.", _FORMULA): {"below": 0},
    }  # fmt: skip
    for part, place, numbers in (
        ("factor", "before the overlap, where 2 should be,", (0, 3, 4, -2, 0.5)),
        ("above", "above the bar, where + 1 should be,", (3, 4, -1, -2)),
        ("below", "below the bar, where + 1 should be,", (2, 3, -1, -2)),
    ):
        found |= {(f"{place} stands {number:g}.", _FORMULA): {part: number} for number in numbers}
    return found | {
        (f"{number:g} stands in place of both 1.", _FORMULA): {"above": number, "below": number}
        for number in (0.1, 0.5, 2, 3, 10)
    }


def _table() -> dict[tuple[str, str], dict[str, Any]]:
    whole, mean = "Sum over rows and columns only: .sum(dim=(1, 2)); then the mean over images.", "Take their mean."
    return {
        ("that is the Dice coefficient: it GROWS with a better prediction.", "A loss must fall: 1 - it."):
            {"loss": lambda c: c},
        ("that is the negative Dice coefficient.", "Add 1: a perfect prediction then costs 0."): {"loss": lambda c: -c},
        ("1 is added to the coefficient: it GROWS with a better prediction.", "A loss must fall: 1 - the coefficient."):
            {"loss": lambda c: 1 + c},
        ("the coefficient minus 1 is the loss with the sign the wrong way round.", "1 - the coefficient."):
            {"loss": lambda c: c - 1},
        ("2 minus the coefficient: a perfect prediction costs 1.", "1 - the coefficient."): {"loss": lambda c: 2 - c},
        ("the 1 before the bar belongs to the bar alone: your loss is 1 everywhere.", _FORMULA):
            {"loss": torch.ones_like},
        **_numbers(),
        ("that is 1 - JA, the soft Jaccard loss.", _FORMULA): {"factor": 1, "size": lambda p, y: p + y, "bar":
            lambda top, bottom: top / (bottom - (top - 1))},
        ("all images are counted as one.", whole): {"of_images": lambda v: v.sum()},
        ("the mean over the pixels stands where their sum should.", whole): {"of_images": lambda v: v.mean(dim=(1, 2))},
        ("the largest pixel stands where the sum over the pixels should.", whole): {"of_images": lambda v: v.amax(dim=(1, 2))},
        ("you sum over the images and rows, not over rows and columns.", whole): {"of_images": lambda v: v.sum(dim=(0, 1))},
        ("you sum over the images and columns, not over rows and columns.", whole): {"of_images": lambda v: v.sum(dim=(0, 2))},
        ("you sum over the rows only.", whole): {"of_images": lambda v: v.sum(dim=1)},
        ("you sum over the columns only.", whole): {"of_images": lambda v: v.sum(dim=2)},
        ("you sum over the images only.", whole): {"of_images": lambda v: v.sum(dim=0)},
        ("the losses of the images are added up.", mean): {"average": torch.sum},
        ("you take the largest loss of the images.", mean): {"average": torch.max},
        ("you take the smallest loss of the images.", mean): {"average": torch.min},
        ("you take the spread of the losses of the images.", mean): {"average":
            lambda losses: losses.std() if len(losses) > 1 else losses.mean() / 0},
        ("you take the NUMBER of an image, not its loss.", mean): {"average": torch.argmax},
        ("the probabilities are rounded first.", "Use p as it is: a threshold has no gradient."):
            {"probability": lambda p: (p >= 0.5).float()},
        ("p and y are added for the overlap, not multiplied.", "Overlap: sum of p * y."): {"product": torch.add},
        ("y is subtracted from p for the overlap.", "Overlap: sum of p * y."): {"product": torch.sub},
        ("p alone is taken for the overlap.", "Overlap: sum of p * y."): {"product": lambda p, y: p},
        ("y alone is taken for the overlap.", "Overlap: sum of p * y."): {"product": lambda p, y: y},
        ("p squared is taken for the overlap.", "Overlap: sum of p * y."): {"product": lambda p, y: p * p},
        ("the size stands where the overlap should.", _FORMULA): {"overlap": lambda both, size: size},
        ("the sizes are subtracted, not added.", "Below the bar: size of p + size of y + 1."): {"size": torch.sub},
        ("the size of p is subtracted from that of y.", "Below the bar: size of p + size of y + 1."):
            {"size": lambda p, y: y - p},
        ("the sizes are multiplied, not added.", "Below the bar: size of p + size of y + 1."): {"size": torch.mul},
        ("the size of y is missing below the bar.", "Below the bar: size of p + size of y + 1."): {"size": lambda p, y: p},
        ("the size of p is missing below the bar.", "Below the bar: size of p + size of y + 1."): {"size": lambda p, y: y},
        ("the size of p is counted twice.", "Below the bar: size of p + size of y + 1."): {"size": lambda p, y: p + p},
        ("the size of y is counted twice.", "Below the bar: size of p + size of y + 1."): {"size": lambda p, y: y + y},
        ("nothing is divided: only what stands above the bar is taken.", _FORMULA): {"bar": lambda top, bottom: top},
        ("nothing is divided: only what stands below the bar is taken.", _FORMULA): {"bar": lambda top, bottom: bottom},
        ("you multiply where the bar is.", _FORMULA): {"bar": torch.mul},
        ("you subtract where the bar is.", _FORMULA): {"bar": torch.sub},
        ("what stands above the bar and below are exchanged.", _FORMULA): {"bar": lambda top, bottom: bottom / top},
        ("brackets are missing above the bar: only the 1 is divided.", "(2 * overlap + 1) / ..."):
            {"bar": lambda top, bottom: (top - 1) + 1 / bottom},
        ("brackets are missing above the bar: 2 * overlap is subtracted whole, and only the 1 is divided.",
         "1 - (2 * overlap + 1) / ..."): {"bar": lambda top, bottom: (top - 1) - 1 / bottom},
        ("brackets are missing below the bar: the 1 is added AFTER the division.", "... / (size + 1)"):
            {"bar": lambda top, bottom: top / (bottom - 1) + 1},
    }  # fmt: skip


_FORMULA = "1 - (2 * overlap + 1) / (size of p + size of y + 1)."


def _one_sum() -> dict[tuple[str, str], dict[str, Any]]:
    """One of the three sums taken wrongly."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for part, place in (("of_overlap", "the overlap"), ("of_p", "the size of p"), ("of_y", "the size of y")):
        hint = "Sum over rows and columns: .sum(dim=(1, 2)), all three sums alike."
        found[f"{place} is summed over all images at once.", hint] = {part: lambda v: v.sum()}
        found[f"{place} is a mean over the pixels, not their sum.", hint] = {part: lambda v: v.mean(dim=(1, 2))}
        found[f"{place} is the spread of the pixels, not their sum.", hint] = {part: lambda v: v.std(dim=(1, 2))}
    return found


SLIPS = Slips(_dice, _table() | _one_sum())


def pull_the_plug(at_step: int) -> Any:
    """A callback of `fit` that stops a run as a power cut would, right after optimiser step `at_step`."""

    class PowerCut:
        def on_step(self, step: int, parts: Any) -> None:
            if step == at_step:
                raise RuntimeError("power cut")

    return PowerCut()
