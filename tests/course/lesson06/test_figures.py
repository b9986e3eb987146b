"""The figures of lesson 06: legible, complete, and following their numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from figure_checks import assert_legible, assert_no_empty_axes, said

from banet_edu.course.lesson06.explorers import rates
from banet_edu.course.lesson06.figures import SCHEDULES, discs_figure, loss_figure, memorised_figure, schedule_figure
from banet_edu.course.lesson06.toy_disc import loss_parts, measured_disc, moved_disc

IMAGES = [np.full((40, 40, 3), 30 * k, np.uint8) for k in range(1, 5)]
MASKS = np.stack([np.hypot(*np.mgrid[-10:10, -10:10]) < 3 + k for k in range(4)])
RATES = {name: rates(name, 1e-3, 1200) for name in SCHEDULES}
FIGURES = {
    "loss": lambda: loss_figure(measured_disc(12, 4, 1.0)),
    "discs": lambda: discs_figure([measured_disc(radius, 4, 1.0) for radius in (10, 40)]),
    "memorised": lambda: memorised_figure(IMAGES, MASKS, MASKS[::-1]),
    "poly": lambda: schedule_figure("poly", RATES),
    "one cycle": lambda: schedule_figure("one_cycle", RATES),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_legible_and_complete(name):
    figure = FIGURES[name]()
    assert_legible(figure, name)
    assert_no_empty_axes(figure, name)


def test_every_part_grows_with_the_shift():
    parts = [loss_parts(20, shift, 1.0) for shift in (0, 4, 8)]
    for name in ("cross entropy", "dice", "edge cross entropy", "ASSD (px)"):
        assert [p[name] for p in parts] == sorted(p[name] for p in parts) and parts[0][name] < parts[2][name]
    probability, truth = moved_disc(20, 0, 0.5)
    assert np.array_equal(probability >= 0.5, truth)
    logit = torch.from_numpy(np.log(probability / (1 - probability)))
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logit, torch.from_numpy(truth).double())
    assert loss_parts(20, 0, 0.5)["cross entropy"] == pytest.approx(float(entropy), rel=1e-3)


def test_each_image_has_the_mask_it_was_given_and_the_one_that_is_found():
    panels = FIGURES["memorised"]().axes
    widths = np.array([[np.ptp(line.get_xdata()) for line in panel.lines] for panel in panels])
    assert len(panels) == 4 and (np.diff(widths[:, 0]) > 0).all() and (np.diff(widths[:, -1]) < 0).all()
    assert "the mask it was given" in said(FIGURES["memorised"]()) and "true outline" not in said(
        FIGURES["memorised"]()
    )


@pytest.mark.parametrize(("radius", "softness"), [(46, 0.5), (46, 8.0), (6, 0.5)])
def test_no_curve_leaves_the_axes_and_no_legend_lies_over_them(radius, softness):
    figure = loss_figure(measured_disc(radius, 16, softness))
    figure.draw_without_rendering()
    [_, axes] = figure.axes
    assert max(np.max(line.get_ydata()) for line in axes.lines) <= axes.get_ylim()[1]
    assert axes.get_legend() is None
    assert not any(legend.get_window_extent().overlaps(axes.get_window_extent()) for legend in figure.legends)


def test_titles_hold_the_figures():
    assert "moved 4 px\nJA 0.65" in said(FIGURES["loss"]())
    assert "predicted outline" in said(FIGURES["loss"]())
    assert "JA" not in said(FIGURES["discs"]())  # shown before anything is predicted
    assert "one_cycle: highest at step 359" in said(FIGURES["one cycle"]())
