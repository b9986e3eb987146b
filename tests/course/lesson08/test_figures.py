"""Figures of lesson 08: legible, complete, and showing what their tables say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from figure_checks import assert_legible, assert_no_empty_axes, said
from network_variants import build

from banet_edu import make_phantom, predict
from banet_edu.course.lesson08.along import along_figure
from banet_edu.course.lesson08.figures import PARTS, across_figure
from banet_edu.course.lesson08.places import in_sector, telling_places
from banet_edu.course.lesson08.repainted import repainted_figure
from banet_edu.explain import attribute, boundary_profile, why
from banet_edu.explain.inside.regions import boundary_band
from banet_edu.figures.methods import methods_figure


@pytest.fixture(scope="module")
def case():
    sample = make_phantom("dermoscopy", seed=1, size=96)
    # Found: the lesion, moved by 4 pixels to the right.
    level = np.roll(-sample.signed_distance_px, 4, axis=1).astype(np.float32)
    probability = 1 / (1 + np.exp(-level))
    found = replace(
        predict(build("default"), sample),
        probability=probability.astype(np.float32),
        labels=(level > 0).astype(np.uint8),
    )
    return sample, found


@pytest.mark.landing
def test_figures_are_legible_and_full(case):
    sample, found = case
    profile = boundary_profile(sample, found)
    figures = {
        "one place": across_figure(sample, found, profile, [3], title="one"),
        "three places": across_figure(sample, found, profile, telling_places(profile)),
        "before": across_figure(sample, found, profile, telling_places(profile), parts=PARTS[:2]),
        "after": across_figure(sample, found, profile, telling_places(profile), parts=PARTS[2:]),
        "before, one place": across_figure(sample, found, profile, [3], parts=PARTS[:2]),
        "along": along_figure(sample, found, profile, why(profile)),
        "repainted": repainted_figure(
            {"a": case, "b": case, "c": case, "d": case}, (40, 120), highlight="b", title="t"
        ),
        "two": repainted_figure({"a": case, "b": case}, (300, 20)),
    }
    band = boundary_band(found.mask, width=8, spacing_mm=None)
    maps = [attribute(build("default"), sample, method, band) for method in ("integrated_gradients", "gradcam")]
    figures["two maps"] = methods_figure(sample.image, maps, found, title="t")
    words = {name: set(said(figures[name]).split()) for name in ("before", "after")}
    assert {"slack", "probability"} <= words["after"] - words["before"] and "brightness" in words["before"] - words[
        "after"
    ]
    for name, figure in figures.items():
        assert_legible(figure, name)
        assert_no_empty_axes(figure, name)


def test_places_are_the_most_exact_a_usual_one_and_the_most_off(case):
    profile = boundary_profile(*case)
    size = profile["signed_error_mm"].abs()
    best, middle, worst = (size.iloc[row] for row in telling_places(profile))
    assert best == size.min() and worst == size.max() and best < middle < worst
    assert f"{worst:.2f} mm too far" in said(across_figure(*case, profile, [telling_places(profile)[2]]))


def test_curves_along_the_outline_are_the_profiles_with_12_in_the_middle():
    sample = make_phantom("dermoscopy", seed=1, size=96, contrast={(60, 120): 0.1})
    found = predict(build("default"), sample)
    level = np.roll(-sample.signed_distance_px, 4, axis=1).astype(np.float32)
    found = replace(found, probability=1 / (1 + np.exp(-level)), labels=(level > 0).astype(np.uint8))
    profile = boundary_profile(sample, found)
    contrast, error = along_figure(sample, found, profile, why(profile)).axes[1].child_axes
    for panel, column in ((contrast, profile["contrast"]), (error, profile["signed_error_mm"].abs())):
        hours, values = panel.lines[0].get_data()
        assert (np.diff(hours) >= 0).all() and sorted(values) == sorted(column)
        assert [label.get_text() for label in panel.get_xticklabels()] == ["6", "9", "12", "3", "6"]
        assert len(panel.collections) == len(why(profile).segments) > 0  # shaded
    top = profile["angle_deg"].sub(90).abs().argmin()
    hours, values = error.lines[0].get_data()
    assert values[np.abs(hours - 6).argmin()] == pytest.approx(abs(profile["signed_error_mm"].iloc[top]), abs=0.02)


def test_sector_may_pass_0_degrees(case):
    profile = boundary_profile(*case)
    angle = in_sector(profile, (300, 20))["angle_deg"]
    assert len(angle) and ((angle >= 300) | (angle <= 20)).all()
    assert len(in_sector(profile, (20, 300))) + len(angle) >= len(profile)


def test_what_cannot_be_drawn_is_said(case):
    sample, found = case
    profile = boundary_profile(sample, found)
    with pytest.raises(ValueError, match="positions in the profile"):
        across_figure(sample, found, profile, [len(profile)])
    with pytest.raises(ValueError, match="no boundary profile"):
        across_figure(sample, found, profile.drop(columns="arc_mm"), [0])
    with pytest.raises(ValueError, match="no errors"):
        across_figure(sample, found, profile.drop(columns="signed_error_mm"), [0])
    with pytest.raises(ValueError, match="two to four maps"):
        methods_figure(sample.image, [], found)
    with pytest.raises(ValueError, match="sizes differ"):
        small = make_phantom("dermoscopy", size=64)
        repainted_figure({"a": case, "b": (small, predict(build("default"), small))}, (0, 90))
    with pytest.raises(ValueError, match="two to four"):
        repainted_figure({"a": case}, (0, 90))
