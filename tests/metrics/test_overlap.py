from __future__ import annotations

import math

import numpy as np
import pytest

from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap

KEYS = ("JA", "DI", "SE", "SP", "AC")


def test_counts_of_a_small_case() -> None:
    target = np.array([[1, 1, 0, 0, 0]], bool)
    prediction = np.array([[1, 0, 1, 1, 0]], bool)  # TP 1, FN 1, FP 2, TN 1
    row = overlap(prediction, target)
    assert row["status"] == "ok"
    assert [row[k] for k in KEYS] == pytest.approx([1 / 4, 2 / 5, 1 / 2, 1 / 3, 2 / 5])


def test_agrees_with_medpy(pair: tuple[np.ndarray, np.ndarray]) -> None:
    binary = pytest.importorskip("medpy.metric.binary")
    prediction, target = pair
    row = overlap(prediction, target)
    assert row["JA"] == pytest.approx(binary.jc(prediction, target))
    assert row["DI"] == pytest.approx(binary.dc(prediction, target))
    assert row["SE"] == pytest.approx(binary.sensitivity(prediction, target))
    assert row["SP"] == pytest.approx(binary.specificity(prediction, target))


def test_empty_masks_have_a_status_and_nan_only_where_undefined(square: np.ndarray, empty: np.ndarray) -> None:
    missed, hallucinated, both = overlap(empty, square), overlap(square, empty), overlap(empty, empty)
    assert (missed["status"], hallucinated["status"], both["status"]) == ("missed", "hallucinated", "both_empty")
    assert (missed["JA"], missed["DI"], missed["SE"], missed["SP"]) == (0, 0, 0, 1)
    # The release gets a nan sensitivity here that poisons its mean, and 0 for both empty; here each is nan and named.
    assert (hallucinated["JA"], hallucinated["DI"]) == (0, 0)
    assert math.isnan(hallucinated["SE"])
    assert all(math.isnan(both[k]) for k in ("JA", "DI", "SE"))
    assert (both["SP"], both["AC"]) == (1, 1)
    full = np.ones_like(empty)
    assert math.isnan(overlap(full, full)["SP"])


@pytest.mark.parametrize("measure", [overlap, lambda p, t: boundary_metrics(p, t, spacing_mm=None)])
def test_wrong_masks_are_named_with_a_way_out(measure, square: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"\(32, 64\) and target \(64, 64\) differ.*resize the probability"):
        measure(square[:32], square)
    with pytest.raises(ValueError, match=r"prediction must be a bool mask, got uint8.*labels == 1"):
        measure(square.astype(np.uint8) * 255, square)
    with pytest.raises(ValueError, match=r"target must be a non-empty h x w mask, got shape \(1, 64, 64\)"):
        measure(square, square[None])
