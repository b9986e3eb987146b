"""Lesson 02: the boundary of a mask as a formula with named parts, and what is put in the place of a part by mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from banet_edu.course.checks import Slips

Mask = NDArray[np.bool_]
WINDOWS = (3, 5, 7)


def repeated(mask: Mask, k: int) -> Mask:
    return np.pad(mask, k // 2, mode="edge")


def band_of(
    mask: Mask,
    k: int,
    *,
    looked_at: Callable[[Mask], Mask] = lambda mask: mask,
    size: Callable[[int], int] = lambda k: k,
    beyond: Callable[[Mask, int], Mask] = repeated,
    seen: Callable[..., Any] = lambda down, across, m: down >= 0,
    largest: Callable[[Mask], Any] = lambda windows: windows.max(axis=2),
    smallest: Callable[[Mask], Any] = lambda windows: windows.min(axis=2),
    differ: Callable[[Any, Any], Any] = np.not_equal,
    marked: Callable[..., Any] = lambda band, mask, k: band,
) -> Mask:
    """The band, step by step, each of which can be taken wrongly."""
    mask, k = looked_at(mask), size(k)
    windows = np.lib.stride_tricks.sliding_window_view(beyond(mask, k), (k, k))
    windows = windows[:, :, seen(*np.abs(np.indices((k, k)) - k // 2), k // 2)]  # rows x columns x pixels of a window
    band = np.broadcast_to(differ(largest(windows), smallest(windows)), mask.shape)
    found: Mask = marked(band, mask, k)
    return found


def _padded(mode: str) -> Callable[[Mask, int], Mask]:
    def beyond(mask: Mask, k: int) -> Mask:
        found: Mask = np.pad(mask, k // 2, mode=mode)  # type: ignore[call-overload]
        return found

    return beyond


def _inside_frame(band: Mask, width: int) -> Mask:
    found = np.zeros_like(band)
    inside = (slice(width, -width),) * 2
    found[inside] = band[inside]
    return found


def _neighbour(axes: tuple[int, ...], later: bool) -> Callable[..., Mask]:
    """Pixels that differ from their neighbour along the axes; `later`: it is the second of the two that is marked."""

    def marked(band: Mask, mask: Mask, k: int) -> Mask:
        found = np.zeros_like(mask)
        for axis in axes:
            differs = np.moveaxis(np.diff(mask, axis=axis), axis, 0)
            np.moveaxis(found, axis, 0)[1:] |= differs if later else False
            np.moveaxis(found, axis, 0)[:-1] |= False if later else differs
        return found

    return marked


def _pairs(before: int) -> Callable[..., Mask]:
    """The band of 2 x 2 windows, which have no middle."""

    def marked(band: Mask, mask: Mask, k: int) -> Mask:
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(mask, (before, 1 - before), mode="edge"), (2, 2))
        return np.asarray(windows.max((2, 3)) != windows.min((2, 3)))

    return marked


def _largest_object(mask: Mask) -> Mask:
    pieces, count = ndimage.label(mask)
    return np.asarray(pieces == np.bincount(pieces.ravel())[1:].argmax() + 1) if count else mask


def _table() -> dict[tuple[str, str], dict[str, Any]]:
    frame = 'Repeat the frame instead: np.pad(mask, k // 2, mode="edge").'
    both = "A two-sided band: pixels of BOTH labels, wherever the other label lies within the window."
    differ = "The boundary is where largest and smallest label differ: largest != smallest."
    compare = "Where largest and smallest label of a window differ, there is the boundary."
    each = "One label for each window: .max(axis=(2, 3))."
    every = "Pad by k // 2 on EVERY side, and give each window's result to its middle."
    whole, holes = "Look at the whole k x k window.", "A hole has a boundary too: do not fill it, look at all windows."
    found: dict[tuple[str, str], dict[str, Any]] = {
        ("that is the mask itself: every pixel of the object is marked.", both): {"marked": lambda band, mask, k: mask},
        ("that is the opposite of the mask.", both): {"marked": lambda band, mask, k: ~mask},
        ("nothing is marked.", compare): {"marked": lambda band, mask, k: np.zeros_like(mask)},
        ("every pixel is marked.", compare): {"marked": lambda band, mask, k: np.ones_like(mask)},
        ("the opposite of the band is marked: windows with ONE label.", compare): {"differ": np.equal},
        ("a false edge runs along the frame: zeros lie beyond it.", frame): {"beyond": _padded("constant")},
        ("a false edge runs along the frame: ones lie beyond it.", frame):
            {"beyond": lambda mask, k: np.pad(mask, k // 2, constant_values=True)},
        ("beyond the frame lies the opposite side of the image.", frame): {"beyond": _padded("wrap")},
        ("beyond the frame the image is mirrored WITHOUT its last row or column.", frame): {"beyond": _padded("reflect")},
        ("all of the padding is above and on the left: your band is moved.", every):
            {"beyond": lambda mask, k: np.pad(mask, (k - 1, 0), mode="edge")},
        ("all of the padding is below and on the right: your band is moved.", every):
            {"beyond": lambda mask, k: np.pad(mask, (0, k - 1), mode="edge")},
        ("only pixels inside the object are marked.", both): {"marked": lambda band, mask, k: band & mask},
        ("only pixels outside of the object are marked.", both): {"marked": lambda band, mask, k: band & ~mask},
        ("you give the largest label of each window, and take nothing away: the inside of the object is marked too.", differ):
            {"differ": lambda largest, smallest: largest},
        ("the object shrank; its boundary is what is missing.", differ):
            {"differ": lambda largest, smallest: smallest},
        ("the object shrank, and what lies outside of that is marked: the whole background too.", compare):
            {"differ": lambda largest, smallest: ~smallest},
        ("the object grew, and what lies outside of that is marked.", compare):
            {"differ": lambda largest, smallest: ~largest},
        ("the largest label of the WHOLE image is compared, not that of each window.", each):
            {"largest": np.max},
        ("the smallest label of the WHOLE image is compared, not that of each window.", each.replace("max", "min")):
            {"smallest": np.min},
        ("the true boundary is missing where it meets the frame.", frame):
            {"marked": lambda band, mask, k: _inside_frame(band, 1)},
        ("nothing is marked within k // 2 pixels of the frame, where windows reach beyond it.", frame):
            {"marked": lambda band, mask, k: _inside_frame(band, k // 2)},
        ("the boundary of the hole is missing.", holes): {"looked_at": ndimage.binary_fill_holes},
        ("only the largest object has a boundary.", "Look at all windows of the image, not at one object."):
            {"looked_at": _largest_object},
        ("the window is a row of k pixels: the band is missing above and below the object.", whole):
            {"seen": lambda down, across, m: down == 0},
        ("the window is a column of k pixels: the band is missing at the left and right of the object.", whole):
            {"seen": lambda down, across, m: across == 0},
        ("your window is a cross: only the own row and column are seen.", whole):
            {"seen": lambda down, across, m: (down == 0) | (across == 0)},
        ("your window is a diamond: its corners are missing.", whole): {"seen": lambda down, across, m: down + across <= m},
        ("your window is a disc: its corners are missing.", whole):
            {"seen": lambda down, across, m: down**2 + across**2 <= m**2},
        ("each pixel is compared with its four neighbours only, whatever k is.", whole):
            {"seen": lambda down, across, m: down + across <= m, "size": lambda k: 3},
        ("your window is 2 k + 1 pixels wide: k to EVERY side.", "k is the whole width: k // 2 to every side."):
            {"size": lambda k: 2 * k + 1},
    }  # fmt: skip
    for words, axes, later in (
        ("the one above", (0,), True),
        ("the one below", (0,), False),
        ("the one on the left", (1,), True),
        ("the one on the right", (1,), False),
        ("those above and on the left", (0, 1), True),
        ("those below and on the right", (0, 1), False),
    ):
        only = f"each pixel is compared with one neighbour only per direction, {words}."
        found[only, whole] = {"marked": _neighbour(axes, later)}
    for before, way in ((1, "down and to the right"), (0, "up and to the left")):
        half = f"your windows are 2 x 2: they have no middle, and the band lies half a pixel too far {way}."
        found[half, "Use the argument k: an odd window has a middle."] = {"marked": _pairs(before)}
    for way, step, axis in (("up", -1, 0), ("down", 1, 0), ("to the left", -1, 1), ("to the right", 1, 1)):
        found[f"your band lies one pixel too far {way}.", every] = {
            "marked": lambda band, mask, k, step=step, axis=axis: np.roll(band, step, axis)
        }
    for fixed in WINDOWS:
        found[f"your window is {fixed} x {fixed}, whatever k is.", "Use the argument k, not a fixed number."] = {
            "size": lambda k, fixed=fixed: fixed
        }
    for more, words in ((-2, "narrower"), (2, "wider")):
        found[f"your window is 2 pixels {words} than k.", "Use k as it is: the window is k x k."] = {
            "size": lambda k, more=more: max(k + more, 1)
        }
    for words, reduce in (("sum of its labels", np.sum), ("median label", np.median)):
        found[f"the {words} stands where the largest label of a window should.", each] = {
            "largest": lambda windows, reduce=reduce: reduce(windows, axis=2)
        }
        found[f"the {words} stands where the smallest label of a window should.", each.replace("max", "min")] = {
            "smallest": lambda windows, reduce=reduce: reduce(windows, axis=2)
        }
    return found


SLIPS = Slips(band_of, _table())
