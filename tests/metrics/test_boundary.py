"""Boundary figures against what geometry says, and the cases without a boundary."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from banet_edu.metrics.boundary import boundary_metrics, penalised, signed_errors
from banet_edu.metrics.overlap import overlap

Disc = Callable[..., np.ndarray]


def figures(row: dict, unit: str) -> dict[str, float]:
    return {k: v for k, v in row.items() if k.endswith(f"_{unit}") and not k.startswith("diagonal")}


# --- geometry


@pytest.mark.parametrize("weighting", ["pixels", "length"])
@pytest.mark.parametrize("shift", [(0, 3), (5, 0), (3, 4)])
def test_a_shifted_square_is_off_by_its_shift(square: np.ndarray, shift: tuple[int, int], weighting) -> None:
    moved = np.roll(square, shift, axis=(0, 1))
    row = boundary_metrics(moved, square, spacing_mm=(0.5, 0.5), weighting=weighting)
    assert row["hd_px"] == math.hypot(*shift)  # the far corner
    assert row["hd_mm"] == 0.5 * row["hd_px"]


@pytest.mark.parametrize("weighting", ["pixels", "length"])
@pytest.mark.parametrize("d", [-7, -3, 2, 6])
def test_concentric_discs_are_off_by_the_difference_of_radii(disc: Disc, d: int, weighting) -> None:
    target, prediction = disc((201, 201), 60), disc((201, 201), 60 + d)
    row = boundary_metrics(prediction, target, spacing_mm=None, weighting=weighting, tolerance_pct=(0.1, 5))
    # Between staircases the nearest point is a protruding one, so distances come out up to half a pixel short.
    assert abs(d) - 0.5 < row["assd_px"] <= abs(d)
    assert abs(d) - 0.5 < np.sign(d) * row["bias_px"] <= abs(d)  # positive: too large
    assert row["hd_px"] == pytest.approx(abs(d), abs=1.0)
    assert abs(d) - 0.5 <= row["hd95_px"] <= row["hd_px"]
    assert (row["nsd_at_0.1pct"], row["nsd_at_5pct"]) == (0, 1)


def test_a_spacing_with_unequal_sides_counts_each_direction_in_its_own_mm(square: np.ndarray) -> None:
    down, right = np.roll(square, 2, axis=0), np.roll(square, 2, axis=1)
    spacing = (3.0, 0.5)
    row = boundary_metrics(down, square, spacing_mm=spacing)
    assert (row["hd_mm"], row["hd_px"]) == (6, 2)
    assert boundary_metrics(right, square, spacing_mm=spacing)["hd_mm"] == 1
    assert row["diagonal_mm"] == math.hypot(64 * 3, 64 * 0.5)


def test_without_a_spacing_figures_are_percent_of_the_diagonal_with_pixels_beside(square: np.ndarray) -> None:
    row = boundary_metrics(np.roll(square, 3, axis=1), square, spacing_mm=None)
    assert row["hd_pct"] == pytest.approx(100 * 3 / math.hypot(64, 64))
    assert row["hd_px"] == 3
    assert not [key for key in row if key.endswith("mm")]
    assert list(figures(row, "pct")) == ["hd_pct", "hd95_pct", "assd_pct", "bias_pct"]
    assert {"nsd_at_1pct", "diagonal_px"} <= set(row)


def test_nsd_names_its_tolerance_and_counts_points_on_the_limit(square: np.ndarray) -> None:
    moved = np.roll(square, 3, axis=1)
    row = boundary_metrics(moved, square, spacing_mm=(0.1, 0.1), tolerance_mm=(0.25, 0.3, 1))
    # 3 pixels of 0.1 mm are 0.30000000000000004 in floating point; they are within 0.3 mm all the same.
    assert (row["nsd_at_0.3mm"], row["nsd_at_1mm"]) == (1, 1)
    assert row["nsd_at_0.25mm"] < 1


def test_only_small_parts_of_a_large_mask_are_looked_at(disc: Disc) -> None:
    """Position in the image must not matter: the bounding box is cut out."""
    near, far = np.zeros((400, 300), bool), np.zeros((400, 300), bool)
    near[3:43, 5:45], far[351:391, 252:292] = disc((40, 40), 15), disc((40, 40), 15)
    a = boundary_metrics(np.roll(near, 2, 0), near, spacing_mm=(1, 2))
    b = boundary_metrics(np.roll(far, 2, 0), far, spacing_mm=(1, 2))
    assert a == b


@pytest.mark.parametrize("change", [np.transpose, np.flipud, np.asfortranarray])
def test_memory_layout_does_not_matter(pair: tuple[np.ndarray, np.ndarray], change) -> None:
    masks = [change(m) for m in pair]
    assert boundary_metrics(*masks, spacing_mm=None) == boundary_metrics(
        *(np.ascontiguousarray(m) for m in masks), spacing_mm=None
    )


# --- properties


@pytest.mark.parametrize("weighting", ["pixels", "length"])
@pytest.mark.parametrize("pooled", [False, True])
def test_symmetry_order_and_scale(pair: tuple[np.ndarray, np.ndarray], weighting, pooled: bool) -> None:
    prediction, target = pair
    options = {"weighting": weighting, "pooled": pooled}
    row = boundary_metrics(prediction, target, spacing_mm=(0.5, 0.8), tolerance_mm=2, **options)
    swapped = boundary_metrics(target, prediction, spacing_mm=(0.5, 0.8), tolerance_mm=2, **options)
    for key in ("hd_mm", "hd95_mm", "assd_mm", "nsd_at_2mm", "hd_px"):
        assert row[key] == pytest.approx(swapped[key])
    assert 0 < row["assd_mm"] <= row["hd_mm"]
    assert row["hd95_mm"] <= row["hd_mm"]
    assert abs(row["bias_mm"]) <= row["hd_mm"]
    tripled = boundary_metrics(prediction, target, spacing_mm=(1.5, 2.4), tolerance_mm=6, **options)
    for key, value in figures(row, "mm").items():
        assert tripled[key] == pytest.approx(3 * value)
    assert tripled["nsd_at_6mm"] == pytest.approx(row["nsd_at_2mm"])
    assert figures(tripled, "px") == figures(row, "px")


def test_a_perfect_prediction(pair: tuple[np.ndarray, np.ndarray]) -> None:
    row = boundary_metrics(pair[1], pair[1], spacing_mm=(1, 1))
    assert list(figures(row, "mm").values()) == [0, 0, 0, 0]
    assert row["nsd_at_1mm"] == 1


# --- signed errors


def test_signed_errors_say_where_and_which_way(square: np.ndarray) -> None:
    prediction = square.copy()
    prediction[48:52, 16:48] = True  # 4 rows too much below
    prediction[16:18, 16:48] = False  # 2 rows too little above
    errors = signed_errors(prediction, square, spacing_mm=(0.5, 1.0))
    rows = errors.points[:, 0]
    assert (errors.unit, errors.status) == ("mm", "ok")
    assert errors.distance[rows == 51] == pytest.approx(4 * 0.5)
    middle = (rows == 18) & (errors.points[:, 1] == 30)
    assert errors.distance[middle] == pytest.approx(-2 * 0.5)
    assert (errors.distance[(rows > 20) & (rows < 47)] == 0).all()
    assert errors.distance.mean() == boundary_metrics(prediction, square, spacing_mm=(0.5, 1.0))["bias_mm"]


def test_signed_errors_without_one_of_the_masks(square: np.ndarray, empty: np.ndarray) -> None:
    missed = signed_errors(empty, square, spacing_mm=None)
    assert (missed.status, missed.points.shape, missed.unit) == ("missed", (0, 2), "px")
    hallucinated = signed_errors(square, empty, spacing_mm=None)
    assert hallucinated.status == "hallucinated"
    assert len(hallucinated.points) == len(hallucinated.distance) == 4 * 31
    assert np.isnan(hallucinated.distance).all()


# --- empty masks


@pytest.mark.parametrize("spacing", [None, (0.5, 0.5)])
def test_empty_masks_give_nan_with_a_status_and_the_same_keys(square: np.ndarray, empty: np.ndarray, spacing) -> None:
    ok = boundary_metrics(square, square, spacing_mm=spacing)
    pairs = {"missed": (empty, square), "hallucinated": (square, empty), "both_empty": (empty, empty)}
    for status, masks in pairs.items():
        row = boundary_metrics(*masks, spacing_mm=spacing)
        assert row["status"] == status
        assert list(row) == list(ok)
        undefined = {k for k in row if k.startswith(("hd", "assd", "bias", "nsd"))}
        assert all(math.isnan(row[k]) for k in undefined)
        assert len(undefined) == 9


def test_penalised_fills_the_worst_for_a_miss_and_the_best_for_both_empty(
    square: np.ndarray, empty: np.ndarray
) -> None:
    def filled(prediction: np.ndarray, target: np.ndarray) -> dict:
        spacing = (0.5, 2.0)
        return penalised(boundary_metrics(prediction, target, spacing_mm=spacing) | overlap(prediction, target))

    for row in (filled(empty, square), filled(square, empty)):
        assert row["hd_mm"] == row["hd95_mm"] == row["assd_mm"] == math.hypot(32, 128)
        assert row["hd_px"] == math.hypot(64, 64)
        assert (row["nsd_at_1mm"], row["JA"]) == (0, 0)
        assert math.isnan(row["bias_mm"])
    both = filled(empty, empty)
    assert (both["hd_mm"], both["assd_px"], both["nsd_at_1mm"], both["JA"], both["DI"]) == (0, 0, 1, 1, 1)
    assert math.isnan(both["SE"])
    defined = boundary_metrics(square, square, spacing_mm=None)
    assert penalised(defined) == defined


# --- the image frame


@pytest.fixture
def at_the_frame() -> tuple[np.ndarray, np.ndarray]:
    """Both masks leave the image at the top; the prediction is 2 rows too long at the bottom."""
    prediction, target = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    prediction[:32, 10:40], target[:30, 10:40] = True, True
    return prediction, target


def test_the_frame_is_not_a_boundary_unless_asked(at_the_frame: tuple[np.ndarray, np.ndarray]) -> None:
    prediction, target = at_the_frame
    assert (signed_errors(prediction, target, spacing_mm=None).points[:, 0] == 0).sum() == 2  # only the two sides
    with_frame = signed_errors(prediction, target, spacing_mm=None, frame_is_boundary=True)
    assert (with_frame.points[:, 0] == 0).sum() == 30
    # 30 more points without an error make the mean look better: 0.64 becomes 0.49 px.
    without = boundary_metrics(prediction, target, spacing_mm=None)
    counted = boundary_metrics(prediction, target, spacing_mm=None, frame_is_boundary=True)
    assert without["assd_px"] == pytest.approx(0.644, abs=1e-3)
    assert counted["assd_px"] == pytest.approx(0.492, abs=1e-3)
    assert (without["frame_counted"], counted["frame_counted"]) == (False, True)


@pytest.mark.parametrize("weighting", ["pixels", "length"])
def test_a_mask_that_fills_the_image_counts_the_frame_and_says_so(square: np.ndarray, weighting) -> None:
    full = np.ones_like(square)
    row = boundary_metrics(full, square, spacing_mm=None, weighting=weighting)
    assert (row["status"], row["frame_counted"]) == ("ok", True)
    assert row["hd_px"] == math.hypot(16, 16)  # corner to corner
    assert row["bias_px"] > 15
    assert len(signed_errors(full, square, spacing_mm=None).points) == 4 * 63
    same = boundary_metrics(full, full, spacing_mm=None, weighting=weighting)
    assert (same["hd_px"], same["nsd_at_1pct"]) == (0, 1)


@pytest.mark.parametrize("weighting", ["pixels", "length"])
@pytest.mark.parametrize("frame", [False, True])
def test_one_pixel_in_the_corner_of_the_image(weighting, frame: bool) -> None:
    target = np.zeros((20, 30), bool)
    target[-1, -1] = True
    prediction = np.zeros_like(target)
    prediction[0, 0] = True
    row = boundary_metrics(prediction, target, spacing_mm=None, weighting=weighting, frame_is_boundary=frame)
    # Corners between pixels: 0.5 to 18.5 and 28.5 inside the image, one more at either end with the frame.
    expected = (18, 28) if weighting == "length" and not frame else (19, 29)
    assert row["hd_px"] == math.hypot(*expected)


# --- arguments


@pytest.mark.parametrize("spacing", [0.5, (0.5,), (1, 0), (1, -1), (1, math.nan), (1, 1, 1)])
def test_a_spacing_must_be_two_positive_numbers(square: np.ndarray, spacing) -> None:
    with pytest.raises(ValueError, match="two numbers of mm above 0"):
        boundary_metrics(square, square, spacing_mm=spacing)
    with pytest.raises(ValueError, match="two numbers of mm above 0"):
        signed_errors(square, square, spacing_mm=spacing)


def test_a_tolerance_must_be_positive(square: np.ndarray) -> None:
    with pytest.raises(ValueError, match="tolerance is a number above 0, got 0"):
        boundary_metrics(square, square, spacing_mm=(1, 1), tolerance_mm=0)
