"""The samples that the widgets of lessons 03, 04 and 05 offer answer the questions above them as the texts below them say."""

from __future__ import annotations

import numpy as np
import pytest

from banet_edu import load_model, load_samples
from banet_edu.explain import effect, effects, probe, zone_means
from banet_edu.explain.inside.blocks import gate_name, taken_over


@pytest.fixture(scope="module")
def model():
    return load_model("banet-lite-phantom")


@pytest.fixture(scope="module")
def everything():
    return [sample for kind in ("dermoscopy", "polyp", "lung") for sample in load_samples(kind, "test")]


@pytest.mark.parametrize(
    ("knob", "offered"), [("pee off", (10, 0, 14, 20)), ("ia off", (0, 18, 10, 20)), ("cff off", (4, 14, 10, 20))]
)
def test_one_of_the_four_images_of_a_switch_is_better_without(model, everything, knob, offered):
    change = [effects(model, everything[i], [knob]).iloc[0] for i in offered]
    assert sum(row["assd_mm_change"] < 0 and row["JA_change"] > 0 for row in change) == 1
    assert sum(row["assd_mm_change"] < 0 for row in change) == 1


def test_both_branches_listen_less_inside_than_outside_in_the_four_images_offered(model, everything):
    """The question above the explorer of lesson 04; "the edge branch's shares differ by less"."""
    for index in (0, 1, 10, 20):
        trace = probe(model, everything[index])
        apart = {}
        for task in ("seg", "edge"):
            inside, _, outside = zone_means(taken_over(trace, 2, task), everything[index].mask)
            apart[task] = outside - inside
        assert apart["seg"] > apart["edge"] > 0


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
