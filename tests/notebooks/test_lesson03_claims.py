"""What lesson 03 says about edges of steps and about its block holds; the rest on the network: test_blocks_lessons.py."""

from __future__ import annotations

import numpy as np
import pytest

from banet_edu import load_model, load_samples
from banet_edu.course.lesson03.explorers import softness_explorer
from banet_edu.course.lesson03.figures import edge_of_step
from banet_edu.explain import probe


def test_edge_of_a_soft_step_is_its_bend_times_k_squared_minus_1_over_24():
    for kernel in (3, 7):
        x, r, _, edge = edge_of_step(10, kernel)
        bend = np.gradient(np.gradient(r, x), x)
        assert np.abs(edge).max() == pytest.approx((kernel**2 - 1) / 24 * np.abs(bend).max(), rel=0.03)
    assert [(k**2 - 1) / 24 for k in (3, 7)] == [pytest.approx(1 / 3), 2]


def test_edge_is_0_on_the_boundary_positive_on_the_bright_side_and_wider_for_a_wide_window():
    width = {}
    for kernel in (3, 7):
        x, _, _, edge = edge_of_step(3, kernel)
        assert edge[x < 0].max() > 0 > edge[x > 0].min()
        assert abs(np.interp(0, x, edge)) < 1e-6
        width[kernel] = (np.abs(edge) > 0.2 * np.abs(edge).max()).sum()
    assert width[7] > width[3]


def test_a_wide_window_draws_the_wider_line_on_a_sharp_step_only():
    reach = {}
    for blur in (0.3, 3, 10):
        for kernel in (3, 7):
            x, _, _, edge = edge_of_step(blur, kernel)
            reach[blur, kernel] = np.abs(x[np.abs(edge) > 0.5 * np.abs(edge).max()]).max()
    assert reach[0.3, 7] > 2 * reach[0.3, 3]
    assert all(reach[blur, 7] == pytest.approx(reach[blur, 3], rel=0.1) for blur in (3, 10))


def test_of_the_curve_across_the_boundary_only_window_25_reaches_5_grey_levels():
    panel, most = softness_explorer(), {}
    for window in (3, 15, 25):
        axes = panel.render(softness=8.0, window=window).axes[-1]
        most[window] = float(axes.get_title().split()[-1])
    assert most[3] < 0.5 and most[15] < 5 < most[25]


@pytest.mark.parametrize(("blur", "window", "off"), [(8.0, 25, 3), (8.0, 9, 2.5), (0.5, 9, 0), (0.5, 25, 0)])
def test_the_zero_of_the_curve_is_off_by_the_blur_whatever_the_window(blur, window, off):
    lines = softness_explorer().render(softness=blur, window=window).axes[-1].lines
    curve = [line for line in lines if len(line.get_xdata()) > 20][-1]
    x, edge = np.asarray(curve.get_xdata(), float), np.asarray(curve.get_ydata(), float)
    near = np.flatnonzero((abs(x[:-1]) < 10) & (edge[:-1] * edge[1:] < 0))
    here, there = near[abs(x[near]).argmin()] + np.arange(2)
    zero = x[here] - edge[here] * (x[there] - x[here]) / (edge[there] - edge[here])
    assert abs(zero) == pytest.approx(off, abs=0.3)


def test_window_7_answers_six_times_as_strongly_on_a_blurred_boundary():
    strongest = {(blur, k): np.abs(edge_of_step(blur, k)[3]).max() for blur in (0.3, 10) for k in (3, 7)}
    assert 1.25 < strongest[0.3, 7] / strongest[0.3, 3] < 1.35
    assert 5.7 < strongest[10, 7] / strongest[10, 3] < 6.1
    # "of its answer 1 % is left, of the narrow one's 0.3 %"
    assert [strongest[10, k] / strongest[0.3, k] for k in (7, 3)] == pytest.approx([0.0125, 0.0028], abs=0.0005)


def test_the_first_step_keeps_the_channels_of_stage_1_and_fewer_of_the_others():
    trace = probe(load_model("banet-lite-phantom"), load_samples("dermoscopy", "test")[0])
    kept = [trace[f"stage{i}.pee.input"].shape[1] / trace[f"encoder.c{i}"].shape[1] for i in (1, 2, 3, 4)]
    assert kept[0] == 1 and max(kept[1:]) < 1
