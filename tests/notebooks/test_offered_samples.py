"""The samples that the widgets of lessons 03, 04 and 05 offer answer the questions above them as the texts below them say."""

from __future__ import annotations

import numpy as np
import pytest

from banet_edu import load_model, load_samples
from banet_edu.explain import effect, effects, probe, zone_means
from banet_edu.explain.inside.blocks import gate_name, taken_over

pytestmark = pytest.mark.landing


@pytest.fixture(scope="module")
def model():
    return load_model("banet-lite-phantom")


@pytest.fixture(scope="module")
def everything():
    return [sample for kind in ("dermoscopy", "polyp", "lung") for sample in load_samples(kind, "test")]


@pytest.mark.parametrize(
    ("knob", "offered", "closer", "by_hd", "told"),
    [  # told: what the text below the widget says of one image
        ("pee off", (10, 0, 14, 20), 2, (1, 2), (1, "hd", -0.1)),
        ("ia off", (0, 18, 10, 20), 1, (1, 3), (3, "assd", 0.7)),
        ("ia off", (0, 18, 10, 20), 1, (1, 3), (3, "hd", -2.4)),
        ("cff off", (4, 14, 10, 20), 1, (0, 1), (0, "hd", -0.2)),
        ("cff off", (4, 14, 10, 20), 1, (0, 1), (1, "assd", -0.1)),
    ],
)
def test_one_of_the_four_images_of_a_switch_is_closer_without_by_assd_and_two_by_hd(
    model, everything, knob, offered, closer, by_hd, told
):
    change = [effects(model, everything[i], [knob]).iloc[0] for i in offered]
    assert [i for i, row in enumerate(change) if row["JA_change"] > 0] == [closer]
    assert [i for i, row in enumerate(change) if row["assd_mm_change"] < 0] == [closer]
    assert tuple(i for i, row in enumerate(change) if row["hd_mm_change"] < 0) == by_hd
    image, measure, by = told
    assert change[image][f"{measure}_mm_change"] == pytest.approx(by, abs=0.05)


def test_both_branches_listen_least_inside_and_most_outside_in_the_four_images_offered(model, everything):
    """The question above the explorer of lesson 04; "the edge branch's shares differ by less"."""
    for index in (0, 1, 10, 20):
        trace = probe(model, everything[index])
        apart = {}
        for task in ("seg", "edge"):
            inside, boundary, outside = zone_means(taken_over(trace, 2, task), everything[index].mask)
            assert inside < boundary < outside
            apart[task] = outside - inside
        assert apart["seg"] > apart["edge"] > 0


def test_channel_0_of_stage_2_and_11_of_32_take_over_more_inside_than_outside(model, everything):
    share = 1 - probe(model, everything[0])["stage2.ia.seg_weight"][0].numpy()
    inside, _, outside = np.transpose([zone_means(each, everything[0].mask) for each in share])
    assert (inside[0], outside[0]) == pytest.approx((0.82, 0.42), abs=0.005)
    assert ((inside > outside).sum(), len(share)) == (11, 32)


def test_no_object_has_a_cell_inside_in_most_images_at_stage_3(model, everything):
    inside = [zone_means(probe(model, sample).map("stage3.cff.gate_own"), sample.mask)[0] for sample in everything]
    assert 15 < np.isnan(inside).sum() < 30


def test_a_gate_of_stage_2_moves_the_line_by_a_tenth_of_a_millimetre_in_the_lungs_only(model, everything):
    for index in (4, 0, 10, 20):
        sample = everything[index]
        most = []
        for source in (1, 2, 3, 4):
            held = [effect(model, sample, {gate_name(2, source): value}) for value in (0.0, 1.0)]
            most.append(max(each.figures["moved_mean_mm"] for each in held))
        assert all((moved > 0.1) == (index == 20) for moved in most)
        assert max(most) < sample.spacing_mm[0]  # "counted in pixels ... as much as one"
    assert everything[20].spacing_mm[0] == pytest.approx(1.37, abs=0.05)
