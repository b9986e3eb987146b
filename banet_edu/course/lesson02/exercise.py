"""Lesson 02, look at the data: its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from banet_edu.course.checks import Wrong, attempt, checked
from banet_edu.course.lesson02.slips import SLIPS, WINDOWS, Mask, band_of


@checked
def check_boundary(my_boundary: Callable[[Mask, int], Mask]) -> str:
    """Check `my_boundary(mask, k)`: the pixels that have both labels within the k x k window around them, no frame edge.

    >>> check_boundary(lambda mask, k: mask).said
    'that is the mask itself: every pixel of the object is marked.'
    """
    cases = [(name, mask, k) for k in WINDOWS for name, mask in _cases().items()]
    runs = [
        ((mask, k), _as_mask(attempt(my_boundary, "my_boundary", mask, k, hint=_hint), mask.shape))
        for _, mask, k in cases
    ]
    off = [
        (name, k, band_of(mask, k), found)
        for (name, mask, k), (_, found) in zip(cases, runs, strict=True)
        if not np.array_equal(found, band_of(mask, k))
    ]
    if off:
        name, k, wanted, found = off[0]
        missing, extra = int((wanted & ~found).sum()), int((found & ~wanted).sum())
        raise SLIPS.explain(runs, lambda given, result, *_: np.array_equal(given, result)) or Wrong(
            f"{name}, k = {k}: {missing} pixels of the boundary are missing, {extra} are marked that are none.",
            "Try a mask of 7 x 7 pixels with only the middle one set: for k = 3 that pixel and the 8 around it must be True, "
            "no other."
            + ("" if missing else " (An average from a filter is rounded: compare it with > 1e-6, not with > 0.)"),
        )
    return "every pixel with both labels within its window, objects, holes and all, and no false edge along the frame."


def _hint(error: Exception) -> str:
    if "boolean subtract" in str(error):
        return "True and False cannot be subtracted; compare them: largest != smallest."
    return ""


def _cases() -> dict[str, Mask]:
    rows, columns = np.indices((23, 31))
    disc = np.hypot(rows - 11, columns - 12) < 7
    ring = disc & ~(np.hypot(rows - 11, columns - 12) < 3)
    touching = np.hypot(rows - 2, columns - 27) < 9
    noise = np.random.default_rng(2).random((2, *disc.shape))
    return {
        "a disc": disc,
        "a ring": ring,
        "two objects": disc | (np.hypot(rows - 15, columns - 26) < 3),
        "an object on the frame": touching,
        "a full image": np.ones_like(disc),
        "an empty image": np.zeros_like(disc),
        "single pixels": noise[0] > 0.97,  # without symmetry, so that two slips hardly ever agree
        "single holes": noise[1] > 0.04,
    }


def _as_mask(value: Any, shape: tuple[int, ...]) -> Mask:
    if isinstance(value, torch.Tensor):
        value = value.numpy()
    if not isinstance(value, np.ndarray):
        raise Wrong(
            f"my_boundary gives {type(value).__name__}, an array is expected.", "Return an array like the mask."
        )
    if value.shape != shape:
        _windows_left(value.shape, shape)
        raise Wrong(
            f"the result has {value.shape}, the mask has {shape} pixels.",
            'Pad by k // 2 on every side first: np.pad(mask, k // 2, mode="edge").',
        )
    if not np.isin(value, (0, 1)).all():
        raise Wrong(
            "the result holds values other than 0 and 1.",
            "Compare: `largest > smallest` gives True and False; or `> 0` behind the formula.",
        )
    return value.astype(bool)


def _windows_left(found: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """Wrong where the windows of `sliding_window_view` are not reduced to one label each, or along the wrong axes."""
    said = f"the result has {found}, the mask has {shape} pixels: "
    if len(found) > 2:
        raise Wrong(
            f"{said}the windows are not reduced to one label each.", "A window has two axes: .max(axis=(2, 3))."
        )
    if found in {(k, k) for k in WINDOWS}:
        raise Wrong(
            f"{said}that is one value for each place IN a window.",
            "Axes 0 and 1 count the windows, 2 and 3 the pixels of each: .max(axis=(2, 3)).",
        )
