"""What a student's answer is, told before it is compared: a map, a number, a size; and two numbers told apart in words."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from banet_edu.course.checks import Wrong


def as_map(value: Any, name: str, shape: tuple[int, ...]) -> Tensor:
    """The value as a tensor of that shape, of numbers and without nan; Wrong otherwise."""
    if not isinstance(value, Tensor):
        raise Wrong(f"{name} is {type(value).__name__}, a torch tensor is expected.", "Stay with tensors all the way.")
    if value.dtype == torch.bool:
        raise Wrong(f"{name} holds True and False, numbers are expected.", "A comparison (>, ==) gives True and False.")
    if tuple(value.shape) != tuple(shape):
        raise Wrong(
            f"{name} has the shape {sizes(value.shape)}, expected is {sizes(shape)}.",
            "Print the shapes of your intermediate results and find the line where they change.",
        )
    if not torch.isfinite(value).all():
        raise Wrong(f"{name} holds nan or infinity.", "Is something divided by zero?")
    return value


def as_number(value: Any, name: str, unit: str = "") -> float:
    """The value as one finite number; Wrong otherwise."""
    try:
        number = numeric(value)
    except (TypeError, ValueError):
        raise Wrong(
            f"{name} is {type(value).__name__}, one number is expected{f' ({unit})' if unit else ''}.",
            "Reduce it to a single number at the end, for example by a mean.",
        ) from None
    if not math.isfinite(number):
        raise Wrong(f"{name} is {number}.", "Is something divided by zero, or an empty array averaged?")
    return number


def numeric(value: Any) -> float:
    """The value as a float. TypeError for text, also where digits stand in it; ValueError as `float`."""
    if isinstance(value, str | bytes):
        raise TypeError("text is no number")
    return float(value)


def told_apart(one: float, other: float, digits: int = 3) -> tuple[str, str]:
    """Both in words, with as many decimals as it takes to see that they differ.

    >>> told_apart(0.689, 0.68912), told_apart(0.5, 0.7, 2)
    (('0.6890', '0.6891'), ('0.50', '0.70'))
    """
    while digits < 9 and f"{one:.{digits}f}" == f"{other:.{digits}f}":
        digits += 1
    return f"{one:.{digits}f}", f"{other:.{digits}f}"


def sizes(shape: Any) -> str:
    """(1, 3, 8, 8) as "1 x 3 x 8 x 8", () as what it is."""
    return " x ".join(str(int(n)) for n in shape) or "() (a single number)"
