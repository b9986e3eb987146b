"""Pictures of a prediction at the image's own size, as `banet-edu predict` writes them."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from banet_edu.prediction import Prediction

CONTOUR_COLOUR = (0, 230, 118)  # green: rare in skin, mucosa and X-rays


def draw_pictures(image: NDArray[np.uint8], prediction: Prediction) -> list[bytes]:
    """PNG files: the mask (0 and 255; class numbers when there are more), and the outline on the image."""
    several = len(prediction.class_names) > 2
    mask = prediction.labels if several else prediction.labels * np.uint8(255)
    drawn = []
    for pixels in (mask, draw_contours(image, prediction.contours)):
        buffer = BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        drawn.append(buffer.getvalue())
    return drawn


def draw_contours(image: NDArray[np.uint8], contours: Iterable[NDArray[np.float64]]) -> NDArray[np.uint8]:
    """A copy of the H x W x 3 image with (row, column) outlines drawn at sub-pixel positions, about 1/300 of it wide."""
    drawn = image.copy()
    shift = 4  # cv2 takes coordinates in 1/16 pixel
    width = max(1, round(max(image.shape[:2]) / 300))
    for contour in contours:
        points = np.round(contour[:, ::-1] * 2**shift).astype(np.int32)
        closed = bool(np.allclose(contour[0], contour[-1]))
        cv2.polylines(drawn, [points], closed, CONTOUR_COLOUR, width, cv2.LINE_AA, shift)
    return drawn
