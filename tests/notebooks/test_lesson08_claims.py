"""What the text of lesson 08 says holds for the weights and samples that are bundled now."""

from __future__ import annotations

import numpy as np
import pytest
from figure_checks import said
from lesson_prints import printed
from scipy.ndimage import binary_dilation, distance_transform_edt

from banet_edu import load_model, load_samples, make_phantom, predict
from banet_edu.course.lesson08.figures import across_figure
from banet_edu.course.lesson08.places import in_sector, most_slack, telling_places
from banet_edu.data.sample import resize_mask
from banet_edu.explain import attribute, boundary_profile, effects, mean_effects, why
from banet_edu.explain.boundary.across import probability_across, undecided
from banet_edu.explain.inside.faithfulness import deletion_insertion, randomisation_check
from banet_edu.explain.inside.regions import boundary_band, contour_segment
from banet_edu.study.recorded import read_recorded, recorded_facts

pytestmark = pytest.mark.landing

SECTOR = (40, 120)
BLOCKS = ["pee off", "ia off", "cff off"]


@pytest.fixture(scope="module")
def model():
    return load_model("banet-lite-phantom")


@pytest.fixture(scope="module")
def faint():
    return make_phantom("dermoscopy", seed=2010, contrast={SECTOR: 0.1})


@pytest.fixture(scope="module")
def found(model, faint):
    return predict(model, faint)


def sector_error(model, **painted):
    phantom = make_phantom("dermoscopy", seed=2010, **painted)
    rows = in_sector(boundary_profile(phantom, predict(model, phantom)), SECTOR)
    return rows["signed_error_mm"].mean()


def test_line_is_a_millimetre_too_far_in_and_right_elsewhere(faint, found):
    profile = boundary_profile(faint, found)
    there = in_sector(profile, SECTOR)
    assert there["signed_error_mm"].mean() == pytest.approx(-1.1, abs=0.15)
    assert profile.drop(there.index)["signed_error_mm"].abs().mean() == pytest.approx(0.11, abs=0.04)
    assert (there["signed_error_mm"] < 0).mean() > 0.8  # along most of the sector it says skin where the lesion is


def test_contrast_is_seen_at_places_1_and_2_and_not_at_3(faint, found):
    profile = boundary_profile(faint, found)
    first, second, last = (profile["contrast"].iloc[row] for row in telling_places(profile))
    assert min(first, second) > 3 * abs(last)
    assert profile.iloc[telling_places(profile)[2]]["signed_error_mm"] < -1.2


def test_network_is_as_sure_as_ever(faint, found):
    profile = boundary_profile(faint, found, along="prediction")
    there = in_sector(profile, SECTOR)
    assert 0.9 < there["slack_mm"].mean() / profile.drop(there.index)["slack_mm"].mean() < 1.2


def test_contrast_is_the_cause_and_softness_a_bystander_that_is_named_too(model, faint, found):
    ranking = why(boundary_profile(faint, found)).ranking.set_index("words")
    assert set(ranking.index[ranking["named"]]) == {"low contrast", "soft edge"}
    faint_only = sector_error(model, contrast={SECTOR: 0.1}, edge_softness_px=0.8)
    assert faint_only == pytest.approx(-1.08, abs=0.15)
    assert abs(sector_error(model)) < 0.15 and abs(sector_error(model, edge_softness_px=0.8)) < 0.15


def test_recorded_counts_are_of_60_with_and_60_without_a_cause():
    cases = read_recorded("planted-causes-repaired", "cases")
    assert (cases["planted"] == "nothing").sum() == 60 and len(cases) == 120
    counts = recorded_facts("planted-causes-repaired")["counts"]
    planted = [row for row in counts.values() if "first" in row]
    assert sum(row["cases"] for row in planted) == 60
    harmless = {name: row["no error in the sector"] for name, row in counts.items() if "first" in row}
    assert [name for name, count in harmless.items() if count] == ["occluder"]


def test_first_run_of_planted_causes_had_55_right_and_5_false_names():
    counts = recorded_facts("planted-causes")["counts"]
    assert sum(row.get("first", 0) for row in counts.values()) == 55
    assert counts["nothing"]["cases"] - counts["nothing"]["none of the three named"] == 5


def test_blocks_hold_a_half_wrong_decision_and_two_of_three_do_harm_here(model, faint, found):
    segment = contour_segment(faint.mask, from_deg=40, to_deg=120, spacing_mm=faint.spacing_mm)
    lesion, says = faint.mask[segment.mask] > 0, found.mask[segment.mask]
    assert says.mean() < 0.01 and (lesion == says).mean() == pytest.approx(0.52, abs=0.02)  # half right, half wrong
    assert f"right on {(lesion == says).mean():.0%}" in printed("08", "in the band: lesion")
    shares = attribute(model, faint, "shapley", segment, knobs=BLOCKS).values.set_index("knob")["value"]
    assert (shares > 0.5).all() and shares.idxmax() == "pee off"
    change = effects(model, faint, BLOCKS).set_index("knob")["assd_mm_change"]
    assert change["ia off"] > 0.03 and change["pee off"] < -0.005 and change["cff off"] < -0.02


def test_over_30_images_each_block_helps(model):
    samples = [case for kind in ("dermoscopy", "polyp", "lung") for case in load_samples(kind, "test")]
    assert (mean_effects(model, samples, BLOCKS)["assd_mm_change"] > 0).all()
    told = printed("08", "mean ASSD of 30 test images")
    assert all(f"  {block} off everywhere: +" in told for block in ("PEE", "attention", "fusion"))


def test_gradcam_alone_fails_both_ways_and_is_worse_than_chance(model, faint, found):
    band = boundary_band(found.mask, spacing_mm=faint.spacing_mm)
    tested = {
        method: deletion_insertion(model, faint, attribute(model, faint, method, band), steps=6)
        for method in ("integrated_gradients", "occlusion", "gradcam")
    }
    assert tested["integrated_gradients"].faithful and tested["occlusion"].beats_deletion
    gradcam = tested["gradcam"]
    told = printed("08", "better than every one of the random orders?")
    for map_, deleting, inserting in (
        ("GradCAM", "no", "no"),
        ("Integrated Gradients", "yes", "yes"),
        ("Occlusion", "yes", "no"),
    ):
        assert f"{map_}: deleting {deleting}, inserting {inserting}" in told
    assert gradcam.deletion_area > np.mean(gradcam.random_deletion_areas)
    assert gradcam.insertion_area < gradcam.random_insertion_areas.min()
    # blurred altogether, the region is still far from the other decision
    assert (round(gradcam.deletion[0], 1), round(gradcam.deletion[-1], 1)) == (2.4, 1.9)
    inner = slice(1, -1)
    assert (gradcam.deletion > gradcam.random_deletion.mean(axis=0))[inner].all()
    assert (gradcam.insertion < gradcam.random_insertion.mean(axis=0))[inner].all()


def test_gradcam_is_for_around_the_lesion_and_against_inside(model, faint, found):
    band = boundary_band(found.mask, spacing_mm=faint.spacing_mm)
    attributed = attribute(model, faint, "gradcam", band)
    inside = resize_mask(found.mask, attributed.map.shape)
    near = binary_dilation(inside, iterations=inside.shape[0] // 12) & ~inside
    assert attributed.map[near].mean() > 0 > attributed.map[inside].mean()


def test_strongest_blue_of_gradcam_lies_along_the_frame(model, faint, found):
    values = attribute(model, faint, "gradcam", boundary_band(found.mask, spacing_mm=faint.spacing_mm)).map
    rows, columns = values.shape
    column = values.argmin() % columns
    assert column > 0.95 * columns
    top = values[: rows // 8].mean(axis=1)
    assert values[:, -3:].mean() < top.min() < 0
    lowest = np.argwhere(values < np.quantile(values, 0.02))
    away = np.minimum(lowest, np.array(values.shape) - 1 - lowest).min(axis=1)
    assert (away < 0.1 * rows).mean() > 0.8


def test_strongest_squares_of_occlusion_lie_along_the_networks_line_and_push_it_in(model, faint, found):
    segment = contour_segment(faint.mask, from_deg=40, to_deg=120, spacing_mm=faint.spacing_mm)
    holds, outward = (
        attribute(model, faint, "occlusion", segment, toward=toward).map for toward in ("decision", "outward")
    )
    strongest = np.abs(holds) >= np.quantile(np.abs(holds), 0.99)
    to_line = {}
    for name, mask in (("reference", faint.mask), ("network", found.mask)):
        inside = resize_mask(mask > 0, holds.shape)
        away = np.where(inside, distance_transform_edt(inside), distance_transform_edt(~inside))
        to_line[name] = away[strongest].mean()
    assert to_line["network"] < 0.7 * to_line["reference"]
    assert (holds[strongest] > 0).all() and (outward[strongest] < 0).all()


def test_other_lesion_is_not_most_off_where_it_has_most_slack(model):
    """The widget's slider has 100 places; the slack is read off as its figure reads it."""
    lesion = load_samples("dermoscopy", "test")[0]
    found = predict(model, lesion)
    profile = boundary_profile(lesion, found, along="reference")
    places = profile.iloc[[k * len(profile) // 100 for k in range(100)]]
    error = places["signed_error_mm"].to_numpy()
    distance = np.linspace(-22 * profile.step, 22 * profile.step, 1001)
    sure = probability_across(found, places, distance)
    slack = np.array([np.ptp(undecided(distance, sure[:, k], error[k])) for k in range(100)])
    assert np.median(slack) == pytest.approx(0.25, abs=0.02)
    assert slack[71] > 1 and round(abs(error[71]), 1) == 0.3
    worst = np.argsort(-np.abs(error))[:2]
    assert sorted(worst) == [66, 67] and (np.abs(error[worst]) > 0.9).all() and (np.abs(error[worst]) < 1).all()
    assert slack[worst].max() < 0.9 and (np.abs(error)[slack > 1] < 0.6).all()
    shown = across_figure(lesion, found, profile, [most_slack(profile)])  # the third place of the still picture
    assert "slack 1.4" in said(shown) and "0.32 mm too far in" in said(shown)


def test_map_of_integrated_gradients_keeps_about_a_third_of_its_likeness(model, faint, found):
    band = boundary_band(found.mask, spacing_mm=faint.spacing_mm)
    forgetting = randomisation_check(model, faint, "integrated_gradients", band, seeds=(0,))
    assert forgetting.passed and forgetting.final_similarity == pytest.approx(0.33, abs=0.015)
    assert forgetting.table["similarity"].iloc[0] == pytest.approx(0.5, abs=0.02)
