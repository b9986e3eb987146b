"""Boundary profiles written by hand, in which everything but the named columns is as usual."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

UNITS = re.compile(r"\d (mm|% of the image diagonal)")


def flat_profile(count: int = 360, name: str = "case", unit: str = "mm", **columns) -> pd.DataFrame:
    """A profile of a circle on which nothing stands out and the error is 0.1 throughout; `columns` replace its own."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radius = count / (2 * np.pi)
    table = {
        "name": name, "status": "ok", "along": "reference", "contour": 0, "closed": True,
        "row": 100 - radius * np.sin(angle), "column": 100 + radius * np.cos(angle),
        "normal_row": -np.sin(angle), "normal_column": np.cos(angle),
        f"arc_{unit}": np.arange(count, dtype=float), "angle_deg": np.degrees(angle), f"signed_error_{unit}": 0.1,
        "contrast": 80.0, f"edge_width_{unit}": 2.0, f"curvature_per_{unit}": 1 / radius, "noise": 3.0, "occluder": 0.0,
        "look_alike": 0.0, f"frame_distance_{unit}": 50.0, "entropy_bits": 1.0, f"slack_{unit}": 2.0,
    }  # fmt: skip
    return pd.DataFrame(table | columns, index=range(count))


def somewhere(value: float, usual: float, first: int = 30, last: int = 120, count: int = 360) -> np.ndarray:
    place = np.arange(count)
    return np.where((place >= first) & (place < last), value, usual)


def blocks(rng: np.random.Generator, count: int, share: float) -> np.ndarray:
    """0 or 1 in runs of 20 points, as properties of an outline are."""
    return np.repeat(rng.random(count // 20) < share, 20).astype(float)


def check_sentences(sentences: list[str]) -> None:
    assert sentences
    for sentence in sentences:
        assert not sentence[0].islower() and sentence.endswith("."), sentence
        assert not re.search(r"\bnan\b|\binf\b|\d[eE][+-]?\d|\bNone\b(?! of)|  ", sentence), sentence
