"""`boundary_profile` on discs whose prediction is known to be too large or too small by so much."""

from __future__ import annotations

import numpy as np
import pytest
from known_model import Brightness, disc_sample
from network_variants import build

from banet_edu import make_phantom, predict
from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.profiles import boundary_profile, cohort_profile
from banet_edu.explain.boundary.tables import Profile
from banet_edu.explain.inside.trace import probe
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.prediction import Prediction

Spacing = tuple[float, float] | None


def distance(size: tuple[int, int], spacing: Spacing = None, centre=(0.5, 0.5)) -> np.ndarray:
    """h x w, distance from `centre` (shares of the size) in mm, or in pixels without a spacing."""
    row, column = spacing or (1.0, 1.0)
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.hypot((rows - centre[0] * size[0] + 0.5) * row, (columns - centre[1] * size[1] + 0.5) * column)


def prediction_of(inside: np.ndarray, spacing: Spacing = None, softness: float = 1.0, name="case") -> Prediction:
    """Probability 0.5 where `inside` (a distance, positive inside) is 0."""
    probability = (1 / (1 + np.exp(-np.clip(inside / softness, -30, 30)))).astype(np.float32)
    return Prediction(probability, (probability >= 0.5).astype(np.uint8), name, ("background", "object"), 0.5, spacing)


def image_of(mask: np.ndarray) -> np.ndarray:
    return np.repeat(np.where(mask, 90, 200).astype(np.uint8)[..., None], 3, axis=2)


def case(
    size=(256, 256), spacing: Spacing = None, *, radius: float = 60.0, grown: float = 0.0
) -> tuple[Sample, Prediction]:
    """A disc and a prediction that is larger by `grown` everywhere, in mm (pixels without a spacing)."""
    away = distance(size, spacing)
    mask = away < radius
    return Sample(image_of(mask), mask, "case", spacing), prediction_of(radius + grown - away, spacing)


SIZES = [
    ((256, 256), None, 60.0),
    ((300, 200), None, 70.0),
    ((256, 256), (0.5, 0.5), 30.0),
    ((512, 384), (0.2, 0.2), 25.0),
    ((200, 150), (0.5, 1.0), 30.0),
    ((150, 400), (1.0, 0.25), 35.0),
]


@pytest.mark.parametrize("along", ["reference", "prediction"])
@pytest.mark.parametrize("share", [0.06, -0.06])
@pytest.mark.parametrize(("size", "spacing", "radius"), SIZES)
def test_a_disc_grown_by_d_is_off_by_d_everywhere(size, spacing, radius, share, along) -> None:
    grown = share * radius
    profile = boundary_profile(*case(size, spacing, radius=radius, grown=grown), along=along)
    unit = "pct" if spacing is None else "mm"
    factor = 1.0 if spacing else 100 / np.hypot(*size)  # per mm, or % of the diagonal per pixel
    assert profile.unit == unit
    error = profile[f"signed_error_{unit}"]
    assert error.mean() == pytest.approx(grown * factor, rel=0.05)
    assert error.std() < 0.12 * abs(grown) * factor
    length = 2 * np.pi * (radius + (grown if along == "prediction" else 0)) * factor
    assert profile[f"arc_{unit}"].max() == pytest.approx(length, rel=0.05)
    assert profile[f"curvature_per_{unit}"].median() == pytest.approx(2 * np.pi / length, rel=0.1)
    square = spacing is None or spacing[0] == spacing[1]
    assert ("signed_error_px" in profile) == square
    if square:
        assert profile["signed_error_px"].mean() == pytest.approx(grown / (spacing or (1, 1))[0], rel=0.05)


def test_agrees_with_the_metrics_of_the_same_pair() -> None:
    rows, columns = np.mgrid[:256, :256]
    wobble = 4 * np.sin(5 * np.arctan2(rows - 127.5, columns - 127.5))
    sample, _ = case(spacing=(0.5, 0.5), radius=30.0)
    prediction = prediction_of(30.0 + wobble - distance((256, 256), (0.5, 0.5)), (0.5, 0.5))
    both = [
        boundary_profile(sample, prediction, along=along)["signed_error_mm"] for along in ("reference", "prediction")
    ]
    metrics = boundary_metrics(prediction.mask, sample.mask, spacing_mm=(0.5, 0.5))
    mean = sum(error.abs().sum() for error in both) / sum(len(error) for error in both)
    assert mean == pytest.approx(metrics["assd_mm"], abs=0.1)
    assert both[1].mean() == pytest.approx(metrics["bias_mm"], abs=0.15)
    assert max(error.abs().max() for error in both) == pytest.approx(metrics["hd_mm"], abs=0.3)


def test_places_normals_and_angles_are_in_the_masks_own_pixels() -> None:
    away = distance((200, 150), (0.5, 1.0), centre=(0.4, 0.6))
    mask = away < 25
    sample = Sample(image_of(mask), mask, "case", (0.5, 1.0))
    profile = boundary_profile(sample, prediction_of(25 - away, (0.5, 1.0)))
    centre = np.array([0.4 * 200 - 0.5, 0.6 * 150 - 0.5])
    from_centre = (profile[["row", "column"]].to_numpy() - centre) * [0.5, 1.0]
    np.testing.assert_allclose(np.hypot(*from_centre.T), 25, atol=0.6)
    normal = profile[["normal_row", "normal_column"]].to_numpy() * [0.5, 1.0]  # one mm outward
    np.testing.assert_allclose(np.hypot(*normal.T), 1, atol=0.02)
    assert ((from_centre / 25) * normal).sum(axis=1).min() > 0.95
    angle = np.degrees(np.arctan2(-from_centre[:, 0], from_centre[:, 1])) % 360
    assert np.abs((profile["angle_deg"] - angle + 180) % 360 - 180).max() < 3


def test_the_mask_may_have_another_size_than_the_image() -> None:
    sample = disc_sample("disc")  # image 64 x 64, mask 128 x 128 of half a mm
    profile = boundary_profile(sample, predict(Brightness(), sample))
    assert profile["signed_error_mm"].abs().mean() < 0.35  # mask pixels are 0.5 mm
    assert profile["row"].between(20, 108).all() and profile["row"].max() > 95
    moved = disc_sample("moved", shift=3.0)  # 3 image pixels of 1 mm to the right
    profile = boundary_profile(moved, predict(Brightness(), moved))
    right, left = profile["angle_deg"].sub(180).abs() > 170, profile["angle_deg"].sub(180).abs() < 10
    assert profile.loc[right, "signed_error_mm"].mean() == pytest.approx(3, abs=0.4)
    assert profile.loc[left, "signed_error_mm"].mean() == pytest.approx(-3, abs=0.4)


def test_several_classes_count_as_foreground() -> None:
    sample, prediction = case(grown=4.0)
    labels = np.where(sample.mask, 1, 0).astype(np.uint8)
    labels[128:][sample.mask[128:]] = 2
    several = boundary_profile(Sample(sample.image, labels, "case"), prediction)
    np.testing.assert_allclose(several["signed_error_pct"], boundary_profile(sample, prediction)["signed_error_pct"])
    image = np.zeros((64, 64, 3), np.uint8)
    image[16:48, 10:30, 0] = image[16:48, 36:56, 1] = 255
    three = Brightness(num_classes=3)
    profile = boundary_profile(Sample(image, image.max(axis=2) > 0, "two classes"), predict(three, image))
    assert profile["contour"].nunique() == 2 and profile["signed_error_px"].abs().mean() < 1


def test_two_lungs_are_two_contours_with_angles_of_their_own() -> None:
    phantom = make_phantom("lung", seed=4001)
    profile = boundary_profile(phantom, prediction_of(-phantom.signed_distance_px, phantom.spacing_mm))
    assert sorted(profile["contour"].unique()) == [0, 1]
    assert profile["signed_error_mm"].abs().mean() < 1  # pixels of 1.4 mm
    for _, lung in profile.groupby("contour"):
        assert lung["arc_mm"].iloc[0] == 0
        assert set(np.round(lung["angle_deg"] / 90).astype(int) % 4) == {0, 1, 2, 3}
        top = lung.loc[lung["row"].idxmin(), "angle_deg"]
        assert 45 < top < 135


def test_specks_give_no_rows() -> None:
    sample, _ = case()
    away = distance((256, 256))
    speck = distance((256, 256), centre=(0.06, 0.06)) < 1.2
    prediction = prediction_of(np.where(speck, 5.0, 60 - away))
    assert prediction.mask[12:18, 12:18].sum() >= 4
    profile = boundary_profile(sample, prediction, along="prediction")
    assert profile["contour"].nunique() == 1 and profile["row"].min() > 60


@pytest.mark.parametrize(
    ("there", "found", "status", "along"),
    [
        (True, False, "missed", "reference"),
        (False, True, "hallucinated", "prediction"),
        (False, False, "both_empty", None),
    ],
)
def test_cases_without_a_distance(there: bool, found: bool, status: str, along: str | None) -> None:
    sample, prediction = case()
    if not there:
        sample = Sample(sample.image, np.zeros((256, 256), bool), "case")
    if not found:
        prediction = prediction_of(np.full((256, 256), -5.0))
    profile = boundary_profile(sample, prediction)
    assert "signed_error_pct" in profile and profile["signed_error_pct"].isna().all()
    if along is None:
        assert len(profile) == 0 and "arc_pct" in profile
    else:
        assert (profile["status"] == status).all() and (profile["along"] == along).all()
        assert profile[["contrast", "noise", "slack_pct"]].notna().all(axis=None)


def test_without_a_mask_the_predicted_outline_is_described_and_no_error_invented() -> None:
    sample, prediction = case((200, 300), radius=50)
    profile = boundary_profile(Sample(sample.image, None, "case"), prediction)
    assert (profile["status"] == "no_reference").all() and (profile["along"] == "prediction").all()
    assert not [name for name in profile if "error" in name]
    with pytest.raises(ValueError, match="has no mask"):
        boundary_profile(Sample(sample.image, None, "case"), prediction, along="reference")


def test_slack_is_the_way_from_a_quarter_to_three_quarters() -> None:
    away = distance((256, 256), (0.5, 0.5))
    sample, _ = case(spacing=(0.5, 0.5), radius=30.0)
    profile = boundary_profile(sample, prediction_of(30 - away, (0.5, 0.5), softness=1.5))
    assert profile["slack_mm"].mean() == pytest.approx(2 * np.log(3) * 1.5, abs=0.25)  # logistic function
    assert profile["entropy_bits"].min() > 0.98


def test_distance_to_the_frame() -> None:
    away = distance((256, 256), (0.5, 0.5), centre=(0.5, 0.25))
    mask = away < 30
    profile = boundary_profile(Sample(image_of(mask), mask, "case", (0.5, 0.5)), prediction_of(30 - away, (0.5, 0.5)))
    assert profile["frame_distance_mm"].min() == pytest.approx(0.25 * 128 - 30, abs=0.2)
    assert profile.loc[profile["frame_distance_mm"].idxmin(), "angle_deg"] == pytest.approx(180, abs=5)


def test_the_networks_signals_stand_under_their_own_names() -> None:
    phantom = make_phantom("dermoscopy", seed=4004, size=128)
    trace = probe(build("default"), phantom)
    profile = boundary_profile(phantom, trace.prediction, trace=trace, along="reference")
    signals = [name for name in profile if name.startswith("stage")]
    assert {"stage1.pee.edge_k5", "stage2.ia.seg_weight", "stage3.cff.gate_own"} <= set(signals) <= set(trace.names())
    assert profile["stage2.ia.seg_weight"].between(0, 1).all() and profile["side_disagreement"].between(0, 0.5).all()
    k = len(profile) // 2
    row, column = (profile.loc[k, ["row", "column"]].to_numpy(float) + 0.5) / 128
    weights = trace.map("stage1.ia.seg_weight")
    at = int(row * weights.shape[0]), int(column * weights.shape[1])
    around = weights[max(at[0] - 1, 0) : at[0] + 2, max(at[1] - 1, 0) : at[1] + 2]
    assert around.min() - 1e-6 <= profile.loc[k, "stage1.ia.seg_weight"] <= around.max() + 1e-6


def test_cohort_is_the_profiles_one_below_the_other() -> None:
    samples = [disc_sample("a"), disc_sample("b", shift=2.0), disc_sample("black", radius=0)]
    samples[2] = Sample(np.zeros((64, 64, 3), np.uint8), np.zeros((128, 128), bool), "black", (0.5, 0.5))
    seen: list[tuple[int, int]] = []
    profile = cohort_profile(Brightness(), samples, progress=lambda done, of: seen.append((done, of)))
    assert profile["name"].unique().tolist() == ["a", "b"]  # nothing there, nothing found: no rows
    assert seen == [(1, 3), (2, 3), (3, 3)]
    alone = boundary_profile(samples[1], predict(Brightness(), samples[1]))
    np.testing.assert_allclose(profile.loc[profile["name"] == "b", "signed_error_mm"], alone["signed_error_mm"])


def test_bad_arguments_are_errors() -> None:
    sample, _ = case()
    with pytest.raises(ValueError, match=r"the mask is \(256, 256\), the prediction \(64, 64\)"):
        boundary_profile(sample, prediction_of(np.ones((64, 64))))
    with pytest.raises(ValueError, match="no boundary profile"):
        Profile.of(boundary_profile(*case()).drop(columns="arc_pct"))
