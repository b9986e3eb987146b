"""`errors` of volumes: every difference of two masks, the first holds the point of HD, and directions are the patient's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from banet_edu.data.volume import Volume
from banet_edu.datasets.volumes.grid import Grid
from banet_edu.explain import errors
from banet_edu.explain.volumes.errors import volume_in_words
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.prediction import Prediction

SPACING = (2.0, 1.0, 0.5)


def pair(found, truth, spacing=SPACING, grid=None):
    volume = Volume(np.zeros(truth.shape), truth, "a", spacing, grid=grid)
    return volume, Prediction(
        found.astype(np.float32), found.astype(np.uint8), "a", ("background", "organ"), 0.5, spacing
    )


def box(begin, end, shape=(24, 40, 48)):
    mask = np.zeros(shape, bool)
    mask[tuple(map(slice, begin, end))] = True
    return mask


def oriented(shape=(24, 40, 48)) -> Grid:
    return Grid(shape[::-1], np.diag([0.5, 1.0, 2.0, 1.0]))


def test_each_kind_where_it_is_and_as_large_as_it_is():
    truth = box((6, 10, 10), (18, 30, 30)) | box((2, 33, 40), (5, 38, 46))
    found = box((6, 10, 10), (18, 30, 36)) & ~box((6, 10, 10), (8, 30, 36)) | box((20, 2, 2), (23, 6, 6))
    table = errors(*pair(found, truth, grid=oriented()))
    kinds = {row["kind"]: row for row in table.rows()}
    assert sorted(kinds) == ["extra piece", "part missed", "too large", "too small"]
    assert kinds["part missed"]["volume_mm3"] == 3 * 5 * 6 and kinds["extra piece"]["volume_mm3"] == 3 * 4 * 4
    assert kinds["too large"]["largest"] == 3.0 and kinds["too large"]["towards"].startswith("right")
    assert kinds["too small"]["largest"] == 4.0 and "inferior" in kinds["too small"]["towards"]
    assert (
        kinds["extra piece"]["towards"] == "posterior, superior, left" or "posterior" in kinds["extra piece"]["towards"]
    )
    assert list(table["largest_mm"]) == sorted(table["largest_mm"], reverse=True)
    assert (table[["z", "y", "x"]] >= 0).all(axis=None)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("spacing", [SPACING, None])
def test_the_first_error_holds_the_point_of_hd_and_regions_add_up(seed, spacing):
    rng = np.random.default_rng(seed)
    truth, found = (gaussian_filter(rng.normal(size=(18, 20, 22)), 2.5) > 0.02 for _ in range(2))
    volume, prediction = pair(found, truth, spacing)
    table = errors(volume, prediction)
    unit = "pct" if spacing is None else "mm"
    assert table.unit == unit
    assert table[f"largest_{unit}"].max() == pytest.approx(
        boundary_metrics(found, truth, spacing_mm=spacing)[f"hd_{unit}"], rel=1e-9
    )
    wrong = np.count_nonzero(found != truth)
    if spacing is None:
        assert table["volume_pct_of_mask"].sum() == pytest.approx(100 * wrong / truth.sum())
    else:
        assert table["volume_mm3"].sum() == pytest.approx(wrong * np.prod(spacing))
    assert "the largest error is" in volume_in_words(table, volume, prediction)


def test_nothing_found_nothing_there_and_alike():
    truth = box((6, 10, 10), (18, 30, 30))
    volume, prediction = pair(truth & False, truth)
    table = errors(volume, prediction)
    assert list(table["kind"]) == ["not found"] and table["largest_mm"].isna().all()
    assert table["volume_mm3"].tolist() == [truth.sum()] and volume_in_words(table, volume, prediction).startswith(
        "0 %"
    )
    volume, prediction = pair(truth, truth & False, None)
    table = errors(volume, prediction)
    assert list(table["kind"]) == ["extra piece"] and table["volume_pct_of_mask"].isna().all()
    assert volume_in_words(table, volume, prediction) == "The reference is empty; too much: in 1 place."
    assert len(errors(*pair(truth, truth))) == 0
    assert volume_in_words(errors(*pair(truth, truth)), *pair(truth, truth)) == "Prediction and reference are alike."
    with pytest.raises(ValueError, match="has no mask"):
        errors(Volume(np.zeros((4, 4, 4)), None, "a"), prediction)
    with pytest.raises(ValueError, match=r"the mask is \(24, 40, 48\), the prediction \(4, 4, 4\)"):
        errors(volume, pair(np.ones((4, 4, 4), bool), np.ones((4, 4, 4), bool))[1])


def test_directions_have_the_patients_names_only_where_they_are_known():
    truth = box((6, 10, 10), (18, 30, 30))
    found = box((6, 10, 10), (18, 34, 30))
    known, unknown = (errors(*pair(found, truth, grid=grid))["towards"].iloc[0] for grid in (oriented(), None))
    unstated = Grid((48, 40, 24), np.diag([0.5, 1.0, 2.0, 1.0]), stated=False)
    assert known == "anterior" and unknown == "+y" == errors(*pair(found, truth, grid=unstated))["towards"].iloc[0]


def test_classes_count_as_one_foreground():
    labels = box((6, 10, 10), (18, 30, 30)).astype(np.uint8)
    labels[12:18] *= 2
    volume = Volume(np.zeros(labels.shape), labels, "a", SPACING)
    assert len(errors(volume, pair(labels > 0, labels > 0)[1])) == 0
