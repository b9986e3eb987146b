"""The figures of lesson 01: legible, complete, and following their numbers."""

from __future__ import annotations

import pytest
from figure_checks import assert_legible, assert_no_empty_axes, said

from banet_edu import make_phantom
from banet_edu.course.lesson01.figures import (
    brightness_figure,
    gabor_figure,
    grey_figure,
    growing_figure,
    pooled_row_figure,
    pooling_figure,
    pushed_figure,
)
from banet_edu.course.lesson01.pooling import pooled

PHANTOM = make_phantom("dermoscopy", seed=1, size=96)

FIGURES = {
    "brightness": lambda: brightness_figure(PHANTOM, 120),
    "grey": lambda: grey_figure([PHANTOM] * 3, seeds=True),
    "growing": lambda: growing_figure(PHANTOM, 30),
    "gabor": lambda: gabor_figure(PHANTOM.image),
    "pushed": lambda: pushed_figure(dict.fromkeys("ab", (PHANTOM, PHANTOM.signed_distance_px < 2))),
    "pooled row": lambda: pooled_row_figure(pooled(29.0, 8), 0.07),
    "pooling": lambda: pooling_figure(pooled(29.0, 8), 0.07),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_legible_and_complete(name):
    figure = FIGURES[name]()
    assert_legible(figure, name)
    assert_no_empty_axes(figure, name)


def test_a_seed_is_marked_only_where_asked_for_and_stripes_have_a_direction():
    marks = [len(axes.lines) for seeds in (False, True) for axes in grey_figure([PHANTOM], seeds=seeds).axes]
    assert marks == [0, 1]
    assert "upright stripes of" in said(FIGURES["gabor"]())


@pytest.mark.landing
def test_titles_hold_the_figures():
    assert "tolerance 30: JA " in said(FIGURES["growing"]())
    assert all("stride 8: +0.21 mm" in said(FIGURES[name]()) for name in ("pooling", "pooled row"))
    assert "below 120: " in said(FIGURES["brightness"]()) and "JA " in said(FIGURES["brightness"]())
    assert "% of it outside" in said(FIGURES["growing"]()) and "HD " in said(FIGURES["pushed"]())
