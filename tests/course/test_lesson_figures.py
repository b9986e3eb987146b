"""Figures that the lessons on BA-Net's blocks brought along: legible, complete, and showing what their signals say."""

from __future__ import annotations

import numpy as np
import pytest
from figure_checks import assert_legible, assert_no_empty_axes, said
from network_variants import build

from banet_edu import make_phantom
from banet_edu.course.lesson03.figures import (
    blur_response_figure,
    edge_of_step,
    edge_scales_figure,
    pee_steps_figure,
    phantom_edge_figure,
    stage_edge_figure,
)
from banet_edu.course.lesson04.figures import exchange_diagram, exchange_figure
from banet_edu.course.lesson05.figures import fusion_diagram
from banet_edu.course.switches import gate_switch_figure
from banet_edu.explain import effect, probe, zone_means
from banet_edu.explain.inside.blocks import edge_maps, gate_name
from banet_edu.figures.ladder import stage_scores_figure
from banet_edu.figures.maps import zones_figure

PHANTOM = make_phantom("dermoscopy", seed=1, size=64, edge_softness_px=2)


@pytest.fixture(scope="module")
def model():
    return build("default")


@pytest.fixture(scope="module")
def trace(model):
    return probe(model, PHANTOM)


@pytest.fixture(scope="module")
def figures(model, trace):
    image, mask = PHANTOM.image, PHANTOM.mask
    closed = effect(model, PHANTOM, {gate_name(1, 3): 0.0}, name="held at 0")
    rows = [np.array([0.4, 0.5, 0.6]), np.array([np.nan, 0.4, 0.5])]
    return {
        "steps": edge_scales_figure((0.3, 3), (3, 7)),
        "three windows": edge_scales_figure((0.3, 3, 10), (3, 5, 7)),
        "phantom": phantom_edge_figure(PHANTOM, 7),
        "blur": blur_response_figure((1, 4), {"stage 1": (1, 0.5), "stage 4": (1, 0.9)}),
        "stage": stage_edge_figure(trace, image, mask, 2, True),
        "coarse stage": stage_edge_figure(trace, image, mask, 4, True),
        "block": pee_steps_figure(trace, image, 2),
        "exchange": exchange_diagram(),
        "fusion": fusion_diagram(),
        "object listens": exchange_figure(trace, 1, "seg", image, mask, title="one exchange"),
        "edge listens": exchange_figure(trace, 4, "edge", image, mask),
        "gate closed": gate_switch_figure(trace, closed, 1, 3, image, mask),
        "gate as learned": gate_switch_figure(trace, None, 2, 2, image, mask, title="a gate"),
        "scores": stage_scores_figure({"stage 1": [(0.8, 1.0), (0.7, np.nan)], "final": [(0.9, 0.5)]}, "mm"),
        "zones": zones_figure({"stage 1": rows, "stage 2": [rows[1]]}, "share", title="zones"),
    }


@pytest.mark.landing
def test_every_figure_is_legible_and_has_no_empty_panel(figures):
    for name, figure in figures.items():
        assert_legible(figure, name)
        if name != "phantom":
            assert_no_empty_axes(figure, name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("steps", "k = 7: at most 0.38"),
        ("phantom", "window 7 × 7"),
        ("stage", "stage 2, k = 7"),
        ("coarse stage", "cells: 22.5 of 18 mm"),
        ("object listens", "result: S = s + (1 − a) e"),
        ("edge listens", "inside –"),
        ("exchange", "(1 − aₛ) e"),
        ("fusion", "× (1 − g₂)"),
        ("fusion", "stage 3, resized"),
        ("block", "2 edge, k = 7"),
        ("gate closed", "stage 1's gate for stage 3"),
        ("gate closed", "held at 0: JA"),
        ("gate as learned", "own gate of stage 2 (1: hears nobody)"),
        ("gate as learned", "choose 1 or 0"),
        ("zones", "outside"),
    ],
)
def test_figure_says(figures, name, words):
    assert words in said(figures[name])


def test_edge_of_a_step_is_what_the_window_takes_away():
    x, r, average, edge = edge_of_step(2, 5)
    np.testing.assert_allclose(edge, r - average)
    at = len(x) // 2
    assert average[at] == pytest.approx(r[at - 2 : at + 3].mean())
    assert len(x) == 49 and x[0] < -23 and x[-1] > 23


def test_exchange_shows_the_networks_own_numbers(trace):
    figure = exchange_figure(trace, 1, "seg", PHANTOM.image, PHANTOM.mask)
    shown = {axes.get_title().partition("\n")[0]: axes for axes in figure.axes}
    share = 1 - trace["stage1.ia.seg_weight"][0].numpy()
    other = trace["stage1.branch.edge"][0].numpy()
    arrives = shown["what arrives: (1 − a) e"].images[0].get_array()
    np.testing.assert_allclose(arrives, np.abs(share * other).mean(axis=0), rtol=1e-5)
    strengths = [axes.images[0].get_clim() for name, axes in shown.items() if not name.startswith(("image", "share"))]
    assert len(strengths) == 4 and len(set(strengths)) == 1  # one scale: less arrives than was sent, and looks so
    assert f"yellow {strengths[0][1]:.1f} or more" in figure.get_supxlabel()
    inside = zone_means(share.mean(axis=0), PHANTOM.mask)[0]
    assert f"inside {inside:.2f}" in said(figure)


def test_block_shows_what_goes_in_its_edges_and_what_comes_out(trace):
    maps = {axes.get_title().partition("\n")[0]: axes for axes in pee_steps_figure(trace, PHANTOM.image, 2).axes}
    assert list(maps) == ["image", "C", "1 reduce: R", "2 edge, k = 5", "2 edge, k = 7", "3, 4, 5: P"]
    for name, signal in {
        "C": "encoder.c2",
        "1 reduce: R": "stage2.pee.input",
        "3, 4, 5: P": "stage2.pee.fused",
    }.items():
        np.testing.assert_allclose(maps[name].images[0].get_array(), trace.map(signal, "mean_abs"))
        assert f"{trace[signal].shape[1]} channels" in maps[name].get_title()


def test_stage_figure_takes_the_narrow_or_the_wide_window(trace):
    for wide, kernel in ((False, 5), (True, 7)):
        figure = stage_edge_figure(trace, PHANTOM.image, PHANTOM.mask, 1, wide)
        np.testing.assert_allclose(figure.axes[1].images[0].get_array(), edge_maps(trace, 1)[kernel])


def test_what_is_missing_is_said(trace):
    with pytest.raises(ValueError, match='task is "seg" or "edge"'):
        exchange_figure(trace, 1, "object", PHANTOM.image, PHANTOM.mask)
    with pytest.raises(ValueError, match="no interactive attention of the release's form"):
        exchange_figure(probe(build("blog attention"), PHANTOM), 1, "seg", PHANTOM.image, PHANTOM.mask)
    with pytest.raises(ValueError, match="at least one panel"):
        zones_figure({}, "share")
