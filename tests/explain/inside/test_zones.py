"""Means inside, on the boundary and outside, and effects averaged over images."""

from __future__ import annotations

import numpy as np
import pytest

from banet_edu import load_model, load_samples
from banet_edu.data.sample import Sample
from banet_edu.explain import effects, mean_effects, zone_means

MASK = np.zeros((96, 96), bool)
MASK[24:72, 24:72] = True


def test_zones_of_a_map_with_known_values():
    values = np.full((24, 24), 3.0)
    values[7:17, 7:17] = 1.0  # cells of 4 pixels: the object is cells 6 to 17
    values[5:19, 5:19] = np.where(values[5:19, 5:19] == 1, 1.0, 2.0)
    assert zone_means(values, MASK).tolist() == [1.0, 2.0, 3.0]


def test_coarse_map_may_have_no_cell_inside():
    means = zone_means(np.ones((4, 4)), MASK, within=2.0)
    assert np.isnan(means[0]) and means[1] == 1


def test_an_object_without_an_outside_has_no_zones():
    for mask in (np.zeros((8, 8), bool), np.ones((8, 8), bool)):
        with pytest.raises(ValueError, match="an inside and an outside"):
            zone_means(np.ones((2, 2)), mask)


def test_mean_effects_are_the_means_of_effects():
    model, samples = load_model("banet-lite-phantom"), load_samples("dermoscopy", "test")[:3]
    names = ["ia off", "stage1.cff off"]
    table = mean_effects(model, samples, names).set_index("knob")
    each = [effects(model, sample, names).set_index("knob") for sample in samples]
    for name in names:
        changes = np.array([row.loc[name, "assd_mm_change"] for row in each])
        assert table.loc[name, "assd_mm_change"] == pytest.approx(changes.mean())
        assert table.loc[name, "better"] == (changes < 0).sum()
        assert table.loc[name, ["images", "left_out"]].tolist() == [3, 0]
    assert table["JA_change"].is_monotonic_increasing


def test_mean_effects_leave_out_images_without_a_distance():
    model = load_model("banet-lite-phantom")
    empty = Sample(load_samples("dermoscopy", "test")[0].image, MASK & False, "empty", (0.1, 0.1))
    found = mean_effects(model, [empty, load_samples("dermoscopy", "test")[0]], ["ia off"])
    assert found.loc[0, ["images", "left_out"]].tolist() == [2, 1]
    with pytest.raises(ValueError, match="each with a mask"):
        mean_effects(model, [Sample(empty.image, None, "bare")], ["ia off"])
    with pytest.raises(ValueError, match="at least one sample"):
        mean_effects(model, [], ["ia off"])
