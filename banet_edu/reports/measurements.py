"""What `banet-edu predict` leaves of a folder of images: a table that grows on disk, so that a later call goes on with it, and
pictures at the images' own size."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from banet_edu.figures.contour import class_outlines
from banet_edu.prediction import Prediction
from banet_edu.storage import write_table, write_text

TABLE, STATE = "measurements.csv", "measurements.json"
CONTOUR_COLOUR = (0, 230, 118)  # green: rare in skin, mucosa and X-rays
SAVE_EVERY_S = 1.0  # a killed run repeats no more than this


class Measurements:
    """Rows of `measurements.csv`, one for each image or frame, in the order they are asked for.

    `measurements.json` beside it holds them exactly, with the settings that they were made with and the SHA-256 of each
    image file: a row counts as done while all of these are as they were.

    Args:
        folder: where both files are. Rows that lie there are taken over where `settings` are theirs.
        files: other names of the two; None for no table.
        settings: JSON values that decide about every row, such as the weights' checksum and the threshold.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, Any], files: tuple[str | None, str] = (TABLE, STATE)
    ) -> None:
        self.table, self.state = folder / files[0] if files[0] else None, folder / files[1]
        self.settings = json.loads(json.dumps(settings))
        self.rows: list[dict[str, Any]] = []
        self.replaced: list[str] = []  # names whose rows are of other pictures now
        rows, settings_same = self._read()
        done = {(row["image"], row["sha256"]): row for row in rows if "sha256" in row}
        self._earlier = done if settings_same else {}
        self._pictures = {name: _picture(digest) for name, digest in done}
        self._saved_at = -math.inf

    def _read(self) -> tuple[list[dict[str, Any]], bool]:
        """The rows that lie there, and whether they were made with these settings."""
        try:
            held = json.loads(self.state.read_text(encoding="utf-8"))
            return list(held["rows"]), held["settings"] == self.settings
        except (OSError, ValueError, KeyError, TypeError):
            return [], False  # nothing to go on with

    def take_over(self, image: str, sha256: str, files: Sequence[Path] = ()) -> bool:
        """Whether the row of this image was made earlier and its files are there; it is then kept."""
        row = self._earlier.get((image, sha256))
        if self._pictures.get(image, _picture(sha256)) != _picture(sha256):
            self.replaced.append(image)
        if row is None or not all(file.is_file() for file in files):
            return False
        self.rows.append(row)
        return True

    def add(self, row: Mapping[str, Any]) -> None:
        """One more row; on disk now, or within a second where another was written just before."""
        self.rows.append(dict(row))
        if time.monotonic() - self._saved_at > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Write both files, each all or nothing."""
        import pandas as pd

        write_text(self.state, json.dumps({"settings": self.settings, "rows": self.rows}, indent=1))
        if self.table is not None:
            write_table(self.table, pd.DataFrame(self.rows))
        self._saved_at = time.monotonic()


def _picture(digest: str) -> str:
    """Of a row's SHA-256 the picture's own part: `audit` has a mask's behind it."""
    return digest.partition("-")[0]


def draw_pictures(image: NDArray[np.uint8], prediction: Prediction) -> list[bytes]:
    """PNG files: the mask (0 and 255; class numbers when there are more), and the outline of each class on the image."""
    several = len(prediction.class_names) > 2
    mask = prediction.labels if several else prediction.labels * np.uint8(255)
    drawn = []
    for pixels in (mask, draw_contours(image, class_outlines(prediction))):
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
