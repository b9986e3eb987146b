"""Figures of lesson 09: legible, complete, and silent about millimetres that nobody knows."""

from __future__ import annotations

import numpy as np
import pytest
from figure_checks import assert_legible, assert_no_empty_axes, said
from known_model import Brightness, disc_sample

from banet_edu import predict
from banet_edu.clinic.own_points import compared
from banet_edu.course.lesson09.figures import card_figure, measures_figure
from banet_edu.course.lesson09.own_outline import own_outline_figure
from banet_edu.course.lesson09.ruler import ruler_figure
from banet_edu.data.sample import Sample

POINTS = [(20.0, 20.0), (20.0, 44.0), (44.0, 44.0), (44.0, 20.0)]


@pytest.fixture(scope="module")
def case():
    image = disc_sample("disc", 16).image
    sample = Sample(image, None, "disc", None)
    return sample, predict(Brightness(), sample)


def figures(case, spacing):
    sample, found = case[0], case[1].with_spacing(spacing)
    return {
        "measures": measures_figure(sample, found, source="pixel size typed in" if spacing else ""),
        "points": own_outline_figure(sample, found, POINTS, compared(found, POINTS), cursor=(30.0, 30.0)),
        "one point": own_outline_figure(sample, found, POINTS[:1], compared(found, POINTS[:1]), cursor=(30.0, 30.0)),
        "ruler": ruler_figure(sample.image, [(5, 5), (5, 55)], 10 if spacing else None, longest_px=32.0),
    }


@pytest.mark.parametrize("spacing", [None, (0.2, 0.2)])
def test_figures_are_legible_and_full(case, spacing):
    for name, figure in figures(case, spacing).items():
        assert_legible(figure, name)
        assert_no_empty_axes(figure, name)
    assert_legible(card_figure("A title", "A line.\nAnother one."), "card")


def test_no_millimetre_where_none_is_known(case):
    for name, figure in figures(case, None).items():
        text = said(figure).replace("how many mm that is, is not set yet", "")
        assert " mm" not in text, name
    assert all(" mm" in said(figure) for name, figure in figures(case, (0.2, 0.2)).items() if name != "one point")


def test_measures_are_those_of_the_disc(case):
    text = said(measures_figure(case[0], case[1].with_spacing((0.5, 0.5))))
    longest = float(text.split("longest diameter: ")[1].split(" mm")[0])
    inside = (case[0].image[..., 0] > 127).sum()
    assert longest == pytest.approx(2 * np.sqrt(inside / np.pi) * 0.5, rel=0.06)


def test_nothing_found_is_said(case):
    nothing = predict(Brightness(threshold=9.0), case[0])
    assert "Nothing is found" in said(measures_figure(case[0], nothing))
    assert "Missed" in said(own_outline_figure(case[0], nothing, POINTS, compared(nothing, POINTS)))
