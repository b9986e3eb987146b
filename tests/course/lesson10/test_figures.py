"""Figures of lesson 10, and the simulation behind one of them: legible, complete, and showing what they compute."""

from __future__ import annotations

import numpy as np
import pytest
from figure_checks import assert_legible, assert_no_empty_axes, said

from banet_edu.course.lesson10.corners import ENDS, GRIDS, WIDTH, boundary_shift, cell_centres, enlarged_both_ways
from banet_edu.course.lesson10.exercise import loss_box
from banet_edu.course.lesson10.figures import align_corners_figure, dice_forms_figure, selection_figure
from banet_edu.course.lesson10.selection import chosen_and_fresh, optimism_curves


@pytest.fixture(scope="module")
def noise():
    """40 images x 6 networks that differ by nothing but luck."""
    return np.random.default_rng(0).normal(0.8, 0.1, (40, 6))


@pytest.fixture(scope="module")
def figures(noise):
    curves = optimism_curves(noise, (1, 6), (6, 20), draws=50)
    one, all_six = (chosen_and_fresh(noise, k, 6, draws=80) for k in (1, 6))
    return {
        "selection": selection_figure("best of 6", all_six, curves, (6, 6)),
        "no choice": selection_figure("one", one, curves),
        "dice": dice_forms_figure({"the box": loss_box, "the same": loss_box}),
        "corners": align_corners_figure(enlarged_both_ways(8, 215, "samples"), 1.4),
        "corners, blocks": align_corners_figure(enlarged_both_ways(2, ENDS[0], "blocks"), 1.4),
    }


def test_every_figure_is_legible_and_has_no_empty_panel(figures):
    for name, figure in figures.items():
        assert_legible(figure, name)
        assert_no_empty_axes(figure, name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("selection", "networks to choose from"),
        ("selection", "best of 6: 0."),
        ("no choice", "one: 0."),
        ("dice", "perfect answers: a loss should say 0"),
        ("corners", "align_corners=True: +6.1 px = +8.5 mm"),
        ("corners", "align_corners=True: up to 7.0 px = 9.8 mm"),
        ("selection", "its mean: said"),
    ],
)
def test_figure_says(figures, name, words):
    assert words in said(figures[name])


def test_choice_is_optimistic_and_no_choice_is_not(noise):
    optimism = {k: np.subtract(*chosen_and_fresh(noise, k, 10)).mean() for k in (1, 3, 6)}
    assert abs(optimism[1]) < 0.006 < 0.015 < optimism[3] < optimism[6]
    assert optimism[6] > np.subtract(*chosen_and_fresh(noise, 6, 30)).mean() > 0.005


def test_chosen_network_is_the_best_where_it_was_chosen():
    table = np.array([[0.5, 0.9], [0.9, 0.5], [0.5, 0.9], [0.9, 0.5]])
    there, fresh = chosen_and_fresh(table, 2, 1, draws=20)
    assert (there == 0.9).all() and fresh == pytest.approx(np.full(20, (0.5 + 0.5 + 0.9) / 3))


@pytest.mark.parametrize(("candidates", "images"), [(0, 3), (7, 3), (3, 0), (3, 40)])
def test_impossible_choices_are_refused(noise, candidates, images):
    with pytest.raises(ValueError, match="choose from 1 to 6 networks on 1 to 39 images"):
        chosen_and_fresh(noise, candidates, images)


def test_missing_figures_are_refused(noise):
    with pytest.raises(ValueError, match="without missing values"):
        chosen_and_fresh(np.where(noise > 0.9, np.nan, noise), 2, 3)


@pytest.mark.parametrize("stride", [2, 4, 8])
@pytest.mark.parametrize("position", [ENDS[0], 100.0, 201.5, ENDS[1]])
def test_shift_is_what_geometry_says(stride, position):
    """Cell coordinate c lands on s (c + 1/2) - 1/2 with False, on c (W - 1) / (n - 1) with True."""
    cells = WIDTH // stride
    for grid in GRIDS.values():
        c = (position - cell_centres(stride, grid)[0]) / stride
        lands = {False: stride * (c + 0.5) - 0.5, True: c * (WIDTH - 1) / (cells - 1)}
        for aligned, where in lands.items():
            found = boundary_shift(stride, position, grid, aligned)
            assert found == pytest.approx(where - position, abs=0.02)


def test_a_boundary_that_leaves_the_row_and_an_unknown_grid_are_refused():
    with pytest.raises(ValueError, match="leaves the row"):
        boundary_shift(8, 255, "samples", True)
    with pytest.raises(ValueError, match='"blocks" or "samples"'):
        cell_centres(4, "cells")


def test_dice_figure_draws_what_the_losses_say():
    figure = dice_forms_figure({"the box": loss_box})
    perfect, empty = (axes.lines[0].get_xydata() for axes in figure.axes)
    np.testing.assert_allclose(perfect[:, 1], -1 / (2 * perfect[:, 0] + 1))
    np.testing.assert_allclose(empty[:, 1], 1 - 2 / (empty[:, 0] + 1))
