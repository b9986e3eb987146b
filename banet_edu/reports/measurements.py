"""The measurements of a folder of images: a table that is on disk as it grows, and that a later call goes on with."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from banet_edu.storage import write_table, write_text

TABLE, STATE = "measurements.csv", "measurements.json"
SAVE_EVERY_S = 1.0  # a killed run repeats no more than this


class Measurements:
    """Rows of `measurements.csv`, one for each image or frame, in the order they are asked for.

    `measurements.json` beside it holds them exactly, with the settings that they were made with and the SHA-256 of each
    image file: a row counts as done while all of these are as they were.

    Args:
        folder: where both files are. Rows that lie there are taken over where `settings` are theirs.
        settings: JSON values that decide about every row, such as the weights' checksum and the threshold.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder, self.settings = folder, json.loads(json.dumps(settings))
        self.rows: list[dict[str, Any]] = []
        self._earlier = {(row["image"], row["sha256"]): row for row in self._read() if "sha256" in row}
        self._saved_at = -math.inf

    def _read(self) -> list[dict[str, Any]]:
        try:
            held = json.loads((self.folder / STATE).read_text(encoding="utf-8"))
            return list(held["rows"]) if held["settings"] == self.settings else []
        except (OSError, ValueError, KeyError, TypeError):
            return []  # nothing to go on with

    def take_over(self, image: str, sha256: str, files: Sequence[Path]) -> bool:
        """Whether the row of this image was made earlier and its files are there; it is then kept."""
        row = self._earlier.get((image, sha256))
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

        write_text(self.folder / STATE, json.dumps({"settings": self.settings, "rows": self.rows}, indent=1))
        write_table(self.folder / TABLE, pd.DataFrame(self.rows))
        self._saved_at = time.monotonic()
