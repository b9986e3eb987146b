"""`errors`: every difference of two masks, largest first, and the first holds the point of HD."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from banet_edu import load_model, load_samples, open_dataset, predict
from banet_edu.data.sample import Sample
from banet_edu.explain import errors
from banet_edu.explain.boundary.differences import in_words
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.prediction import Prediction


def pair(found, truth, spacing=None):
    sample = Sample(np.zeros((*truth.shape, 3), np.uint8), truth, "a", spacing)
    return sample, Prediction(found.astype(np.float32), found.astype(np.uint8), "a", ("background", "lesion"), 0.5)


def box(top, left, bottom, right, shape=(80, 100)):
    mask = np.zeros(shape, bool)
    mask[top:bottom, left:right] = True
    return mask


def test_each_kind_where_it_is_and_as_large_as_it_is():
    truth = box(20, 20, 60, 60) | box(5, 80, 15, 90)
    found = box(20, 20, 60, 66) & ~box(20, 20, 24, 66) | box(70, 5, 76, 11)
    table = errors(*pair(found, truth, (0.5, 0.25)))
    kinds = {row["kind"]: row for row in table.rows()}
    assert sorted(kinds) == ["extra piece", "part missed", "too large", "too small"]
    assert kinds["part missed"]["area_mm2"] == 100 * 0.125 and kinds["extra piece"]["area_mm2"] == 36 * 0.125
    assert kinds["too small"]["largest"] == 2.0 and kinds["too small"]["clock"] == 12  # four rows of 0.5 mm at the top
    assert kinds["too large"]["largest"] == 1.5 and kinds["too large"]["clock"] in (3, 4)  # six columns of 0.25 mm
    assert kinds["extra piece"]["clock"] in (7, 8) and kinds["part missed"]["clock"] == 1
    assert list(table["largest_mm"]) == sorted(table["largest_mm"], reverse=True)
    assert kinds["too large"]["length"] == pytest.approx(36 * 0.5, rel=0.05)  # the mask's right side, below the cut


def test_without_a_spacing_in_percent():
    table = errors(*pair(box(20, 20, 60, 65), box(20, 20, 60, 60)))
    diagonal = float(np.hypot(80, 100))
    [row] = table.rows()
    assert table.unit == "pct" and row["largest"] == pytest.approx(100 * 5 / diagonal)
    assert row["area_pct_of_image"] == pytest.approx(100 * 200 / 8000)


def test_nothing_found_and_nothing_there():
    truth = box(20, 20, 60, 60) | box(5, 80, 15, 90)
    table = errors(*pair(np.zeros_like(truth), truth))
    assert list(table["kind"]) == ["not found", "not found"] and table["largest_pct"].isna().all()
    assert table["area_pct_of_image"].is_monotonic_decreasing
    table = errors(*pair(truth, np.zeros_like(truth)))
    assert list(table["kind"]) == ["extra piece", "extra piece"] and table["length_pct"].gt(0).all()
    assert len(errors(*pair(truth, truth))) == 0 == len(errors(*pair(truth & False, truth & False)))
    assert list(errors(*pair(truth, truth))) == list(table)
    with pytest.raises(ValueError, match="has no mask"):
        errors(Sample(np.zeros((9, 9, 3), np.uint8), None, "a"), pair(truth, truth)[1])


def test_in_words_with_a_spacing_of_the_prediction_only():
    sample, prediction = pair(box(20, 20, 60, 50), box(20, 20, 60, 60))
    found = prediction.with_spacing((0.5, 0.25))
    said = in_words(errors(sample, found), sample, found)
    assert said.startswith("75 % of the reference is found; missing: 50 mm² in 1 place"), said


@pytest.mark.parametrize("seed", range(25))
def test_the_first_holds_the_point_of_hd_and_the_areas_add_up(seed):
    random = np.random.default_rng(seed)
    found, truth = (gaussian_filter(random.normal(size=(64, 80)), 4 + seed % 5) > 0.03 for _ in range(2))
    spacing = None if seed % 3 == 0 else (0.3, 0.3 + 0.2 * (seed % 2))
    table = errors(*pair(found, truth, spacing))
    row = boundary_metrics(found, truth, spacing_mm=spacing)
    unit = "mm" if spacing else "pct"
    assert table[f"largest_{unit}"].iloc[0] == pytest.approx(row[f"hd_{unit}"])
    area = (
        table["area_mm2"].sum() / 0.3 / spacing[1] if spacing else table["area_pct_of_image"].sum() * found.size / 100
    )
    assert area == pytest.approx((found ^ truth).sum())


@pytest.mark.parametrize("kind", ["dermoscopy", "polyp", "lung"])
def test_on_bundled_samples(kind):
    model = load_model(f"banet-lite-{kind}")
    for sample in load_samples(kind, "test")[:3]:
        prediction = predict(model, sample)
        row = boundary_metrics(prediction.mask, sample.mask > 0, spacing_mm=sample.spacing_mm)
        if row["status"] == "ok":
            assert errors(sample, prediction)["largest_mm"].iloc[0] == pytest.approx(row["hd_mm"])


@pytest.mark.landing
@pytest.mark.parametrize(("data", "weights"), [("kvasir_seg", "polyp"), ("sz_cxr", "lung"), ("isic2017", "dermoscopy")])
def test_on_real_images(real, data, weights):
    model = load_model(f"banet-lite-{weights}")
    for sample in open_dataset(data, real(data), "test")[:4]:
        prediction = predict(model, sample)
        row = boundary_metrics(prediction.mask, sample.mask > 0, spacing_mm=None)
        table = errors(sample, prediction)
        if row["status"] == "ok":
            assert table["largest_pct"].iloc[0] == pytest.approx(row["hd_pct"])


def test_a_hole_is_as_long_as_its_own_outline():
    hole = box(10, 10, 70, 90) & ~box(30, 40, 50, 60)
    [row] = errors(*pair(hole, box(10, 10, 70, 90), (1.0, 1.0))).to_dict("records")
    assert row["kind"] == "too small" and row["area_mm2"] == 400
    assert 70 < row["length_mm"] < 80  # of four sides of 20, their corners cut
    [filled] = errors(*pair(box(10, 10, 70, 90), hole, (1.0, 1.0))).to_dict("records")
    assert filled["kind"] == "too large" and 70 < filled["length_mm"] < 80


def test_sizes_are_told_without_exponents_and_almost_all_is_not_all():
    truth = box(5, 5, 155, 155, (160, 160))
    nearly = truth.copy()
    nearly[5, 5:10] = False
    case = pair(nearly, truth, (0.1, 0.1))
    assert in_words(errors(*case), *case).startswith(
        "Over 99.9 % of the reference is found; missing: 0.05 mm² in 1 place"
    )
    case = pair(box(5, 5, 105, 155, (160, 160)), truth, (2.0, 2.0))
    assert "missing: 30,000 mm² in 1 place" in in_words(errors(*case), *case)


def test_a_prediction_of_another_size_is_refused_in_words():
    sample, _ = pair(box(1, 1, 5, 5), box(1, 1, 5, 5))
    with pytest.raises(ValueError, match=r"the prediction is \(60, 60\), the mask \(80, 100\)"):
        errors(sample, pair(box(1, 1, 5, 5, (60, 60)), box(1, 1, 5, 5, (60, 60)))[1])


def test_thousands_of_specks_are_told_each_where_it_lies():
    found, truth = np.zeros((300, 400), bool), np.zeros((300, 400), bool)
    truth[100:200, 100:300] = found[100:200, 105:300] = True
    places = [(row, column) for row in range(3, 90, 6) for column in range(3, 390, 6)]
    found[tuple(np.transpose(places))] = True
    prediction = Prediction(found.astype(np.float32), found.astype(np.uint8), "a", ("background", "lesion"), 0.5)
    table = errors(Sample(np.zeros((300, 400, 3), np.uint8), truth, "a"), prediction)
    extra = table[table["kind"] == "extra piece"]
    assert sorted(zip(extra["row"], extra["column"], strict=True)) == places and len(table) == len(places) + 1
    none = Prediction(0 * prediction.probability, 0 * prediction.labels, "a", ("background", "lesion"), 0.5)
    [row] = errors(Sample(np.zeros((300, 400, 3), np.uint8), truth, "a"), none).to_dict("records")
    assert (row["kind"], row["row"], row["column"]) == (
        "not found",
        pytest.approx(149.5, abs=1),
        pytest.approx(199.5, abs=1),
    )
