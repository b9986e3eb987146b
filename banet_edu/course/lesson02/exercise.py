"""Lesson 02, look at the data: its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from banet_edu.course.checks import Wrong, attempt, checked

Mask = NDArray[np.bool_]


@checked
def check_boundary(my_boundary: Callable[[Mask, int], Mask]) -> str:
    """Check `my_boundary(mask, k)`: the pixels that have both labels within the k x k window around them, no frame edge.

    >>> check_boundary(lambda mask, k: mask).said
    'that is the mask itself: every pixel of the object is marked.'
    """
    for k in (3, 5):
        for name, mask in _cases().items():
            found = _as_mask(attempt(my_boundary, "my_boundary", mask.copy(), k), mask.shape)
            wanted = _both_labels(mask, k)
            if np.array_equal(found, wanted):
                continue
            for (said, hint), slip in _slips(mask, k).items():
                if np.array_equal(found, slip):
                    raise Wrong(said, hint)
            missing, extra = int((wanted & ~found).sum()), int((found & ~wanted).sum())
            raise Wrong(
                f"{name}, k = {k}: {missing} pixels of the boundary are missing, {extra} are marked that are none.",
                "Try a mask of 7 x 7 pixels with one pixel set, print it and your result.",
            )
    return "every pixel with both labels within its window, objects, holes and all, and no false edge along the frame."


def _cases() -> dict[str, Mask]:
    rows, columns = np.indices((23, 31))
    disc = np.hypot(rows - 11, columns - 12) < 7
    ring = disc & ~(np.hypot(rows - 11, columns - 12) < 3)
    touching = np.hypot(rows - 2, columns - 27) < 9
    return {
        "a disc": disc,
        "a ring": ring,
        "two objects": disc | (np.hypot(rows - 15, columns - 26) < 3),
        "an object on the frame": touching,
        "a full image": np.ones_like(disc),
        "an empty image": np.zeros_like(disc),
    }


def _as_mask(value: Any, shape: tuple[int, ...]) -> Mask:
    if isinstance(value, torch.Tensor):
        value = value.numpy()
    if not isinstance(value, np.ndarray):
        raise Wrong(
            f"my_boundary gives {type(value).__name__}, an array is expected.", "Return an array like the mask."
        )
    if value.shape != shape:
        raise Wrong(
            f"the result has {value.shape}, the mask has {shape} pixels.",
            'Pad by k // 2 on every side first: np.pad(mask, k // 2, mode="edge").',
        )
    if not np.isin(value, (0, 1)).all():
        raise Wrong(
            "the result holds values other than 0 and 1.", "Compare: `largest > smallest` gives True and False."
        )
    return value.astype(bool)


def _windows(mask: Mask, k: int, mode: str) -> NDArray[Any]:
    padded = np.pad(mask, k // 2, mode=mode)  # type: ignore[call-overload]
    return np.lib.stride_tricks.sliding_window_view(padded, (k, k))


def _both_labels(mask: Mask, k: int, mode: str = "edge") -> Mask:
    windows = _windows(mask, k, mode)
    return np.asarray(windows.max((2, 3)) & ~windows.min((2, 3)))


def _slips(mask: Mask, k: int) -> dict[tuple[str, str], Mask]:
    right = _both_labels(mask, k)
    frame = 'Repeat the frame instead: np.pad(mask, k // 2, mode="edge").'
    windows = _windows(mask, k, "edge")
    off_frame = np.zeros_like(mask)
    off_frame[1:-1, 1:-1] = right[1:-1, 1:-1]
    down, across = np.zeros_like(mask), np.zeros_like(mask)
    down[1:], across[:, 1:] = mask[1:] != mask[:-1], mask[:, 1:] != mask[:, :-1]
    both = "A two-sided band: pixels of BOTH labels, wherever the other label lies within the window."
    slips = {
        ("that is the mask itself: every pixel of the object is marked.", both): mask,
        ("that is the opposite of the mask.", both): ~mask,
        ("a false edge runs along the frame: zeros lie beyond it.", frame): _both_labels(mask, k, "constant"),
        ("only pixels inside the object are marked.", both): right & mask,
        ("only pixels outside of the object are marked.", both): right & ~mask,
        ("the object grew, but its inside is marked too.", "Take away what did not change."): windows.max((2, 3)),
        ("the object shrank; its boundary is what is missing.", "Largest minus smallest label of each window."): (
            windows.min((2, 3))
        ),
        ("each pixel is compared with one neighbour only.", "Look at the whole k x k window."): down | across,
        ("the true boundary is missing where it meets the frame.", frame): off_frame,
        ("nothing is marked.", "Where largest and smallest label of a window differ, there is the boundary."): (
            np.zeros_like(mask)
        ),
    }
    for other in (3, 5, 7):
        if other != k:
            slips[f"for k = {k} your window is {other} x {other}.", "Use the argument k, not a fixed number."] = (
                _both_labels(mask, other)
            )
    slips |= _shifted(mask, right) | _lost(mask, k)
    # an even or trivial case is no slip of its own
    return {said: slip for said, slip in slips.items() if not np.array_equal(slip, right)}


def _shifted(mask: Mask, right: Mask) -> dict[tuple[str, str], Mask]:
    """The right band beside its place, and half a pixel beside it, as windows without a middle give it."""
    every = "Pad by k // 2 on EVERY side, and give each window's result to its middle."
    moves = {"up": (-1, 0), "down": (1, 0), "to the left": (-1, 1), "to the right": (1, 1)}
    found = {
        (f"your band lies one pixel too far {way}.", every): np.roll(right, step, axis)
        for way, (step, axis) in moves.items()
    }
    for before, way in ((1, "down and to the right"), (0, "up and to the left")):
        pairs = np.lib.stride_tricks.sliding_window_view(np.pad(mask, (before, 1 - before), mode="edge"), (2, 2))
        half = f"your windows are 2 x 2: they have no middle, and the band lies half a pixel too far {way}."
        found[half, "Use the argument k: an odd window has a middle."] = pairs.max((2, 3)) & ~pairs.min((2, 3))
    return found


def _lost(mask: Mask, k: int) -> dict[tuple[str, str], Mask]:
    """What is left when only outer outlines, or only the largest object, are looked at."""
    pieces, count = ndimage.label(mask)
    if not count:
        return {}
    largest = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    filled = ndimage.binary_fill_holes(mask)
    return {
        ("the boundary of the hole is missing.", "A hole has a boundary too: do not fill it, look at all windows."): (
            _both_labels(filled, k)
        ),
        ("only the largest object has a boundary.", "Look at all windows of the image, not at one object."): (
            _both_labels(largest, k)
        ),
    }
