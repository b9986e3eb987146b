"""The same figures as MONAI, medpy and surface-distance where they define the same, and each known difference by number.

The differences are documentation: whoever compares figures between tools finds here which definition each one has.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from banet_edu.metrics.boundary import boundary_metrics

# The peers' own deprecations, and MONAI's warning about empty masks (its silence in the mean is tested below).
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore:the :UserWarning"
)

Pair = tuple[np.ndarray, np.ndarray]
SPACINGS = [(1.0, 1.0), (0.5, 2.0)]
NEAR = {"rel": 1e-4}  # MONAI computes in float32, and interpolates a percentile across a gap in it too


@pytest.fixture(scope="module")
def monai():
    """MONAI's functions on plain masks, as one namespace."""
    metrics = pytest.importorskip("monai.metrics")
    torch = pytest.importorskip("torch")

    class Monai:
        @staticmethod
        def call(name: str, prediction: np.ndarray, target: np.ndarray, *args, **options) -> float:
            batch = [torch.tensor(m)[None, None] for m in (prediction, target)]
            return float(getattr(metrics, name)(*batch, *args, include_background=True, **options))

        @classmethod
        def hd(cls, *masks, **options) -> float:
            return cls.call("compute_hausdorff_distance", *masks, **options)

        @classmethod
        def asd(cls, *masks, **options) -> float:
            return cls.call("compute_average_surface_distance", *masks, **options)

        @classmethod
        def nsd(cls, prediction, target, tolerance: float, **options) -> float:
            return cls.call("compute_surface_dice", prediction, target, [tolerance], **options)

    return Monai


@pytest.fixture(scope="module")
def medpy():
    return pytest.importorskip("medpy.metric.binary")


@pytest.fixture(scope="module")
def surface_distance():
    return pytest.importorskip("surface_distance")


# --- agreement


@pytest.mark.parametrize("spacing", SPACINGS)
def test_agrees_with_monai(monai, pair: Pair, spacing: tuple[float, float]) -> None:
    """Same points, same distances, same percentile; MONAI's average must be asked to be symmetric."""
    row = boundary_metrics(*pair, spacing_mm=spacing, tolerance_mm=2)
    assert row["hd_mm"] == pytest.approx(monai.hd(*pair, spacing=spacing), **NEAR)
    assert row["hd95_mm"] == pytest.approx(monai.hd(*pair, spacing=spacing, percentile=95), **NEAR)
    assert row["assd_mm"] == pytest.approx(monai.asd(*pair, spacing=spacing, symmetric=True), **NEAR)
    assert row["nsd_at_2mm"] == pytest.approx(monai.nsd(*pair, 2.0, spacing=spacing), **NEAR)
    by_length = boundary_metrics(*pair, spacing_mm=spacing, tolerance_mm=2, weighting="length")
    assert by_length["nsd_at_2mm"] == pytest.approx(monai.nsd(*pair, 2.0, spacing=spacing, use_subvoxels=True), **NEAR)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_agrees_with_medpy(medpy, pair: Pair, spacing: tuple[float, float]) -> None:
    row = boundary_metrics(*pair, spacing_mm=spacing, pooled=True)
    assert row["hd_mm"] == pytest.approx(medpy.hd(*pair, spacing))
    assert row["hd95_mm"] == pytest.approx(medpy.hd95(*pair, spacing))
    assert row["assd_mm"] == pytest.approx(medpy.assd(*pair, spacing))


@pytest.mark.parametrize("spacing", SPACINGS)
def test_agrees_with_surface_distance_by_length(surface_distance, pair: Pair, spacing: tuple[float, float]) -> None:
    row = boundary_metrics(*pair, spacing_mm=spacing, tolerance_mm=2, weighting="length")
    peer = surface_distance.compute_surface_distances(pair[1], pair[0], spacing)
    assert row["hd_mm"] == pytest.approx(surface_distance.compute_robust_hausdorff(peer, 100))
    assert row["hd95_mm"] == pytest.approx(surface_distance.compute_robust_hausdorff(peer, 95))
    assert row["nsd_at_2mm"] == pytest.approx(surface_distance.compute_surface_dice_at_tolerance(peer, 2))
    # It reports the two directed averages; ASSD weighs them by the length of their contours.
    directed = surface_distance.compute_average_surface_distance(peer)
    lengths = [peer["surfel_areas_gt"].sum(), peer["surfel_areas_pred"].sum()]
    assert row["assd_mm"] == pytest.approx(np.average(directed, weights=lengths))


def test_agrees_with_surface_distance_on_every_neighbourhood(surface_distance) -> None:
    """Noise holds all 16 ways four pixels can be set, the diagonal ones (two cut corners) included."""
    prediction, target = np.random.default_rng(0).random((2, 40, 40)) < 0.5
    prediction[[0, -1]] = target[[0, -1]] = False  # off the frame: it is no boundary here, and one there
    prediction[:, [0, -1]] = target[:, [0, -1]] = False
    row = boundary_metrics(prediction, target, spacing_mm=(1, 3), tolerance_mm=0.5, weighting="length")
    peer = surface_distance.compute_surface_distances(target, prediction, (1, 3))
    expected = surface_distance.compute_surface_dice_at_tolerance(peer, 0.5)
    assert 0.1 < expected < 0.9
    assert row["nsd_at_0.5mm"] == pytest.approx(expected)


# --- known differences


def test_pooled_percentile_lets_the_longer_boundary_outvote_the_other(medpy, monai, pair: Pair) -> None:
    """HD95: medpy takes one percentile over both directions, MONAI and surface-distance the larger of two."""
    directed = boundary_metrics(*pair, spacing_mm=None)["hd95_px"]
    pooled = boundary_metrics(*pair, spacing_mm=None, pooled=True)["hd95_px"]
    assert pooled == pytest.approx(medpy.hd95(*pair))
    assert directed == pytest.approx(monai.hd(*pair, percentile=95), **NEAR)
    assert pooled <= directed


def test_pooled_percentile_by_number(medpy, monai, square: np.ndarray) -> None:
    """8 wrong points are 6 % of the predicted boundary but 3 % of both together: HD95 17.3 px, pooled 0."""
    dirty = square.copy()
    dirty[2:5, 2:5] = True
    directed = boundary_metrics(dirty, square, spacing_mm=None)["hd95_px"]
    pooled = boundary_metrics(dirty, square, spacing_mm=None, pooled=True)["hd95_px"]
    assert directed == pytest.approx(17.295, abs=1e-3)
    assert directed == pytest.approx(monai.hd(dirty, square, percentile=95))
    assert pooled == medpy.hd95(dirty, square) == 0


def test_monai_averages_one_direction_by_default(monai, square: np.ndarray) -> None:
    """A prediction that is a quarter of the target: 2.2 px from prediction to target, 10.6 back, 7.4 symmetric."""
    part = square.copy()
    part[:, 24:] = False
    assert monai.asd(part, square) == pytest.approx(2.21, abs=0.01)
    assert monai.asd(square, part) == pytest.approx(10.65, abs=0.01)
    assert monai.asd(part, square, symmetric=True) == pytest.approx(7.44, abs=0.01)
    assert boundary_metrics(part, square, spacing_mm=None)["assd_px"] == pytest.approx(7.44, abs=0.01)


def test_pixel_count_and_contour_length_differ_where_pixels_are_not_square(
    surface_distance, monai, square: np.ndarray
) -> None:
    """A square shifted by one row of 3 mm, tolerance 1 mm: half of the pixels are right, three quarters of the contour.

    The two sides along the shift are right. They have as many pixels as top and bottom but three times their length.
    """
    moved = np.roll(square, 1, axis=0)
    spacing = (3.0, 1.0)
    pixels = boundary_metrics(moved, square, spacing_mm=spacing)
    length = boundary_metrics(moved, square, spacing_mm=spacing, weighting="length")
    assert pixels["nsd_at_1mm"] == pytest.approx(0.516, abs=1e-3)
    assert length["nsd_at_1mm"] == pytest.approx(0.752, abs=1e-3)
    assert pixels["assd_mm"] == pytest.approx(1.452, abs=1e-3)
    assert length["assd_mm"] == pytest.approx(0.745, abs=1e-3)
    assert pixels["hd_mm"] == length["hd_mm"] == 3
    assert pixels["nsd_at_1mm"] == pytest.approx(monai.nsd(moved, square, 1.0, spacing=spacing))
    peer = surface_distance.compute_surface_distances(square, moved, spacing)
    assert length["nsd_at_1mm"] == pytest.approx(surface_distance.compute_surface_dice_at_tolerance(peer, 1))


def test_the_peers_count_the_image_frame_as_boundary(monai, medpy, surface_distance) -> None:
    """Both masks leave the image at the top, the prediction is 2 rows too long: ASSD 0.64 px, with the frame 0.49."""
    prediction, target = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    prediction[:32, 10:40], target[:30, 10:40] = True, True
    ours = boundary_metrics(prediction, target, spacing_mm=(1, 1))
    framed = boundary_metrics(prediction, target, spacing_mm=(1, 1), frame_is_boundary=True)
    assert ours["assd_mm"] == pytest.approx(0.644, abs=1e-3)
    assert framed["assd_mm"] == pytest.approx(0.492, abs=1e-3)
    assert framed["assd_mm"] == pytest.approx(monai.asd(prediction, target, symmetric=True))
    assert framed["assd_mm"] == pytest.approx(medpy.assd(prediction, target))
    by_length = boundary_metrics(prediction, target, spacing_mm=(1, 1), frame_is_boundary=True, weighting="length")
    peer = surface_distance.compute_surface_distances(target, prediction, (1, 1))
    assert by_length["nsd_at_1mm"] == pytest.approx(surface_distance.compute_surface_dice_at_tolerance(peer, 1))


def test_hd95_hides_a_small_false_positive_that_hd_shows(square: np.ndarray) -> None:
    """4 pixels of dirt in the corner are under 5 % of the boundary: HD95 stays 0, HD is 18.4 px."""
    dirty = square.copy()
    dirty[2:4, 2:4] = True
    row = boundary_metrics(dirty, square, spacing_mm=None)
    assert row["hd95_px"] == 0
    assert row["hd_px"] == pytest.approx(math.hypot(14, 14))


def test_empty_masks_mean_something_else_in_every_tool(monai, medpy, square: np.ndarray, empty: np.ndarray) -> None:
    """MONAI: nan for distances, 0 or nan for NSD; medpy raises; ours: nan always, and a status that says which case."""
    assert boundary_metrics(empty, square, spacing_mm=None)["status"] == "missed"
    assert math.isnan(monai.hd(empty, square, percentile=95))
    assert monai.nsd(empty, square, 1.0) == 0
    assert math.isnan(monai.nsd(empty, empty, 1.0))
    with pytest.raises(RuntimeError, match="does not contain any binary object"):
        medpy.hd95(empty, square)


def test_monais_mean_hides_missed_images(square: np.ndarray, empty: np.ndarray) -> None:
    """Nine of ten missed: MONAI's mean HD95 is the 4 px of the one found; all ten missed: 0, a perfect score."""
    metrics, torch = pytest.importorskip("monai.metrics"), pytest.importorskip("torch")
    found = np.roll(square, 4, axis=1)
    metric = metrics.HausdorffDistanceMetric(include_background=True, percentile=95)

    def mean(predictions: list[np.ndarray]) -> float:
        metric.reset()
        for prediction in predictions:
            metric(*(torch.tensor(m)[None, None] for m in (prediction, square)))
        return float(metric.aggregate())

    assert mean([found] + [empty] * 9) == 4
    assert mean([empty] * 10) == 0
