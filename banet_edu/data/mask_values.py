"""From a mask file's grey levels or colours to foreground or labels, without losing anything silently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = int | tuple[int, int, int]
ValueMap = Mapping[Colour, int]

NOISE = 32  # JPEG leaves levels within this distance of the ones that were drawn
FEW = 32  # a lossless mask with at most this many levels or colours was drawn, not blurred
PHOTO = 0.1  # a grey image with a larger share of its pixels inside areas of middle levels is no mask
STRAY = 0.01  # share of pixels that may lie beyond NOISE of every value in a value map


def foreground(pixels: NDArray[np.uint8], *, lossy: bool) -> NDArray[np.bool_]:
    """h x w or h x w x 3 uint8 -> h x w bool.

    - grey: above 127, so JPEG noise does not matter; a lossless mask of two levels with 0 among them (0 and 1, say) is
      foreground wherever it is not 0.
    - colour: the brightest channel counts (a grey average would lose red, 76 of 255); of a lossless mask with
      few colours, everything that is not black.

    Raises:
        ValueError: a third level fills an area of its own (0/128/255), or no level is above 127: which level means what
            cannot be guessed, a value map must say. Or areas of many middle levels: a photo, not a mask.
    """
    if pixels.ndim == 3:
        brightest = _brightest(pixels)
        if not lossy and is_coloured(pixels) and count_colours(pixels) <= FEW:
            return brightest > 0
        pixels = brightest
    counts = cv2.calcHist([pixels], [0], None, [256], [0, 256]).ravel()
    levels = np.flatnonzero(counts)
    if not lossy and (len(levels) == 1 or (len(levels) == 2 and levels[0] == 0)):
        return pixels > 0
    if lossy and levels[-1] <= NOISE:
        if _has_faint_area(pixels):
            raise ValueError(
                f"nearly black, no level above {levels[-1]}, yet with an area in it: a mask of 0 and 1 does not survive JPEG. "
                "Save it from its source as PNG, or as 0 and 255"
            )
        return np.zeros(pixels.shape, bool)
    if levels[-1] <= 127:
        raise ValueError(f"no level above 127, only {_shown(levels)}: say what they mean, {_example(levels)}")
    third = _third_level(pixels, counts, lossy)
    if third is not None:
        shown = _shown(levels) if len(levels) <= FEW else f"0, about {third} and 255"
        many = "more than two values" if len(levels) > 2 else "two values, neither of them 0"
        raise ValueError(
            f"{many} ({shown}): say what each means, such as {_example(np.array([0, third, 255]))} "
            f"for classes, or {{0: 0, {third}: 1, 255: 1}} (0=0,{third}=1,255=1) for one foreground"
        )
    if (grey := _middle_areas(pixels)) > PHOTO:
        raise ValueError(
            f"{grey:.0%} of the pixels are neither dark nor bright: this looks like a photo, not like a mask. If it is "
            "a map of probabilities, threshold it yourself and save a mask of two levels"
        )
    return pixels > 127


def labels(pixels: NDArray[np.uint8], value_map: ValueMap, *, lossy: bool = False) -> NDArray[Any]:
    """h x w labels by a value map {grey level or (red, green, blue): label}; bool where the labels are 0 and 1.

    In a lossless file every value must be one of the map's. In a lossy one each pixel takes the label of the nearest.

    Raises:
        ValueError: a value that the map does not name (lossy: more than 1 % of the pixels far from all that it names).

    >>> labels(np.array([[0, 128, 255]], np.uint8), {0: 0, 128: 1, 255: 2}).tolist()
    [[0, 1, 2]]
    """
    keys = list(value_map)
    by_colour = isinstance(keys[0], tuple)
    if not by_colour and pixels.ndim == 3:
        if is_coloured(pixels):
            raise ValueError("a colour mask, but the value map names grey levels: use keys such as (255, 0, 0)")
        pixels = pixels[..., 0]
    if by_colour and pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    if lossy and (near := _too_near(keys)):
        raise ValueError(
            f"the values {near[0]} and {near[1]} of the value map lie closer than JPEG keeps apart (about {NOISE}): "
            "save the mask losslessly, as PNG"
        )
    if by_colour:
        distance = np.stack([np.abs(pixels.astype(np.int16) - key).max(axis=2) for key in keys])
        nearest, distance = distance.argmin(axis=0), distance.min(axis=0)
    else:
        distances = np.abs(np.arange(256)[None] - np.array(keys)[:, None])
        nearest, distance = distances.argmin(axis=0)[pixels], distances.min(axis=0)[pixels]
    unnamed = distance > (NOISE if lossy else 0)
    if unnamed.mean() > (STRAY if lossy else 0):
        found = np.unique(pixels[unnamed], axis=0)
        raise ValueError(
            f"{np.count_nonzero(unnamed)} pixels ({unnamed.mean():.1%}) have values that the value map {keys} does not name: "
            f"{_shown(found)}. Name them too, or save the mask without"
        )
    result = np.array([value_map[key] for key in keys], np.uint8)[nearest]
    return result.astype(bool) if max(value_map.values()) == 1 else result


def _too_near(keys: Sequence[Colour]) -> tuple[Colour, Colour] | None:
    """Two values that JPEG's noise may turn into one another, or None."""
    for one, other in combinations(keys, 2):
        if np.abs(np.subtract(one, other)).max() <= NOISE:
            return one, other
    return None


def in_8_bits(stored: NDArray[Any]) -> NDArray[np.uint8]:
    """Integer mask values of any depth as h x w uint8: as they are where they fit, two values with 0 among them as 0 and 255;
    ValueError for others."""
    if stored.min() >= 0 and stored.max() <= 255:
        return stored.astype(np.uint8)
    if stored.min() == 0 and len(np.unique(stored)) == 2:
        return (stored > 0).astype(np.uint8) * np.uint8(255)
    raise ValueError(f"mask values {stored.min()} to {stored.max()} do not fit 8 bits: save labels from 0 to 255")


def check_value_map(value_map: ValueMap) -> None:
    """ValueError unless the map's keys are all levels or all colours, and its labels 0..K-1 with K at least 2."""
    if len({isinstance(key, tuple) for key in value_map}) != 1:
        raise ValueError(f"value_map={dict(value_map)}: keys are either grey levels or (red, green, blue), not both")
    if any(np.min(key) < 0 for key in value_map):
        raise ValueError(f"value_map={dict(value_map)} (--value-map): mask values run from 0 on")
    found = sorted(set(value_map.values()))
    if len(found) < 2 or found != list(range(len(found))):
        raise ValueError(
            f"value_map={dict(value_map)} (--value-map): labels are 0 (background), 1, 2 ... without a gap"
        )


def is_coloured(pixels: NDArray[np.uint8]) -> bool:
    """Whether more than a thousandth of the pixels (JPEG specks aside) differ clearly between channels."""
    spread = _brightest(pixels) - (255 - _brightest(255 - pixels))
    return bool((spread > NOISE).mean() > 1e-3)


def count_colours(pixels: NDArray[np.uint8]) -> int:
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    return len(np.unique(packed))


def _brightest(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    red, green, blue = np.moveaxis(pixels, 2, 0)  # ten times as fast as max(axis=2)
    return np.maximum(np.maximum(red, green), blue)


def _third_level(pixels: NDArray[np.uint8], counts: NDArray[Any], lossy: bool) -> int | None:
    """A level that fills an area besides the darkest and the brightest, or None.

    The soft edge of a mask also holds middle levels, but as a line one or two pixels wide: a 3 x 3 erosion removes it.
    """
    drawn = not lossy and np.count_nonzero(counts) <= FEW
    reach = 0 if drawn else 8
    middle = counts.copy()
    middle[: 1 if drawn else NOISE] = 0
    middle[256 - NOISE :] = 0
    if middle.sum() < 1e-3 * pixels.size:
        return None
    around = np.convolve(middle, np.ones(2 * reach + 1), mode="same")
    level = int(around.argmax())
    if not drawn and around[level] < 0.3 * middle.sum():  # a ramp, not a level
        return None
    band = cv2.inRange(pixels, max(level - reach, 0), level + reach)
    area = np.count_nonzero(cv2.erode(band, np.ones((3, 3), np.uint8), borderValue=0))
    return level if area > 5e-3 * pixels.size else None


def _has_faint_area(pixels: NDArray[np.uint8]) -> bool:
    """Whether a nearly black picture has two kinds of parts, unlike one of noise alone.

    Smoothed and cut in two by Otsu's rule, two levels leave little variance within the parts; noise leaves a third of it.
    """
    around = cv2.blur(pixels.astype(np.float32), (7, 7))
    spread = float(around.max() - around.min())
    if spread < 0.5:  # not even one grey level apart
        return False
    scaled = ((around - around.min()) * (255 / spread)).astype(np.uint8)
    _, parts = cv2.threshold(scaled, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    inside = parts.astype(bool)
    share = float(inside.mean())
    within = share * around[inside].var() + (1 - share) * around[~inside].var()
    return bool(min(share, 1 - share) > 5e-3 and within < 0.2 * around.var())


def _middle_areas(pixels: NDArray[np.uint8]) -> float:
    """Share of the pixels in areas of middle levels; lines one or two pixels wide do not count, see `_third_level`."""
    band = cv2.inRange(pixels, NOISE, 255 - NOISE)
    return np.count_nonzero(cv2.erode(band, np.ones((3, 3), np.uint8), borderValue=0)) / pixels.size


def _shown(values: NDArray[Any], most: int = 6) -> str:
    listed = [str(value) for value in values.tolist()]
    return ", ".join(listed[:most]) + (f" ... ({len(listed)} in all)" if len(listed) > most else "")


def _example(levels: NDArray[Any]) -> str:
    if len(levels) > FEW:
        return "value_map={LEVEL: LABEL, ...} (--value-map LEVEL=LABEL,...)"
    pairs = {level: label for label, level in enumerate(levels.tolist())}
    return f"value_map={pairs} (--value-map {','.join(f'{level}={label}' for level, label in pairs.items())})"
