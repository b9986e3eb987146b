"""A painted skin lesion with a ruler in the picture, and no pixel size: what a phone photograph brings along."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from banet_edu.data.sample import Sample
from banet_edu.metrics.shape import outlines
from banet_edu.phantoms.phantom import Phantom, make_phantom

_INK, _PAPER = (35, 35, 40), (238, 234, 220)
MARGIN_MM = 1.2  # of ruler beyond the first and the last mark
_FINE = 4  # the ruler is drawn this much larger, then averaged down


@dataclass(frozen=True, eq=False)
class RulerPhoto:
    """A picture with a ruler.

    Attributes:
        sample: the picture, with neither a mask nor a pixel size: both are to be found out.
        phantom: the same scene without the ruler, with its true outline and pixel size.
        ends: ((across, down), (across, down)) of the ruler's first and last mark, in % of the picture's width and height.
        length_mm: the true distance of these two marks.
    """

    sample: Sample
    phantom: Phantom
    ends: tuple[tuple[float, float], tuple[float, float]]
    length_mm: float


def ruler_photo(
    seed: int = 6,
    *,
    size: tuple[int, int] = (336, 448),
    length_mm: int = 20,
    in_cm: bool = False,
    tilt_deg: float = 4.0,
    name: str = "photo with a ruler",
) -> RulerPhoto:
    """Paint a skin lesion with a ruler along the lower side of the picture.

    Args:
        seed, size: of the phantom, as in `make_phantom`.
        length_mm: from the first to the last mark; there is a mark every millimetre and a number every 5 (every 10 in cm).
        in_cm: number the marks in centimetres instead of millimetres.
        tilt_deg: how far the ruler is turned, anticlockwise.

    Raises ValueError when the ruler does not fit into the picture.

    >>> photo = ruler_photo(size=(120, 160))
    >>> photo.sample.spacing_mm is None, photo.length_mm
    (True, 20.0)
    """
    phantom = make_phantom("dermoscopy", seed=seed, size=size)
    height, width = size
    assert phantom.spacing_mm is not None
    px_per_mm = 1 / phantom.spacing_mm[0]
    margin = MARGIN_MM
    if (length_mm + 2 * margin) * px_per_mm > 0.98 * width:
        raise ValueError(f"a ruler of {length_mm} mm is longer than the picture, {width / px_per_mm:.0f} mm wide")
    strip = _ruler(length_mm, px_per_mm * _FINE, margin, in_cm)
    middle = np.array([0.5 * width, 0.885 * height])  # x, y of the ruler's middle in the picture
    turn = cv2.getRotationMatrix2D((0.0, 0.0), tilt_deg, 1.0)[:, :2]
    local = np.array([strip.shape[1] / 2, strip.shape[0] / 2])
    matrix = np.column_stack([turn, middle * _FINE - turn @ local])
    fine = (width * _FINE, height * _FINE)
    drawn = cv2.warpAffine(strip, matrix, fine, flags=cv2.INTER_LINEAR)
    cover = cv2.warpAffine(np.full(strip.shape[:2], 255, np.uint8), matrix, fine)
    drawn = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
    share = cv2.resize(cover, (width, height), interpolation=cv2.INTER_AREA)[..., None] / 255
    image = np.rint(phantom.image * (1 - share) + np.minimum(drawn, 255 * share)).clip(0, 255).astype(np.uint8)

    half = np.array([length_mm * px_per_mm / 2, -strip.shape[0] / 2 / _FINE])  # marks begin at the upper side
    ends = [middle + turn @ np.array([side * half[0], half[1]]) for side in (-1.0, 1.0)]
    first, last = ((100 * float(x) / width, 100 * float(y) / height) for x, y in ends)
    return RulerPhoto(Sample(image, None, name), phantom, (first, last), float(length_mm))


def wrong_and_marked(photo: RulerPhoto, expected: pd.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """N each, at the points of `expected_error`: whether the outline is wrong by more than 1 mm, and whether it is marked."""
    mask, spacing = photo.phantom.mask, photo.phantom.spacing_mm
    assert mask is not None and spacing is not None
    truth = mask > 0
    lines = np.concatenate(outlines(np.where(truth, 0.5, -0.5))) * spacing
    points = expected[["row", "column"]].to_numpy() * spacing
    return cKDTree(lines).query(points)[0] > 1.0, expected["marked"].to_numpy()


def _ruler(length_mm: int, px_per_mm: float, margin: float, in_cm: bool) -> NDArray[np.uint8]:
    """h x w x 3: the ruler lying straight, marks at its upper side."""
    deep = 2.9 * px_per_mm
    strip = np.empty((round(deep), round((length_mm + 2 * margin) * px_per_mm), 3), np.uint8)
    strip[:] = _PAPER
    numbered = 10 if in_cm else 5
    thick = max(1, round(0.14 * px_per_mm))
    scale = 1.05 * px_per_mm / 21.0  # OpenCV's letters are 21 pixels high at scale 1
    for mm in range(length_mm + 1):
        x = round((margin + mm) * px_per_mm)
        long = mm % numbered == 0
        reach = (1.2 if long else 0.9 if mm % 5 == 0 else 0.6) * px_per_mm
        cv2.line(strip, (x, 0), (x, round(reach)), _INK, thick, cv2.LINE_AA)
        if long:
            words = f"{mm // 10 if in_cm else mm}"
            words += (" cm" if in_cm else " mm") if mm == 0 else ""
            (wide, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
            left = x - round(0.35 * px_per_mm) if mm == 0 else x - wide // 2
            cv2.putText(strip, words, (left, round(2.6 * px_per_mm)), cv2.FONT_HERSHEY_SIMPLEX, scale, _INK,
                        max(1, round(1.8 * scale)), cv2.LINE_AA)  # fmt: skip
    return strip
