"""What lesson 09 says of its pictures, as bounds."""

from __future__ import annotations

import pytest
from figure_checks import said

from banet_edu import load_samples
from banet_edu.course.lesson09.desk import NETWORKS, Desk
from banet_edu.course.lesson09.explorers import doubt_figure
from banet_edu.course.lesson09.ruler_photo import ruler_photo
from banet_edu.explain import boundary_profile, why
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.callipers import ruler_spacing


def test_the_line_follows_the_ruler_and_half_of_it_is_marked():
    photo = ruler_photo(6)
    desk = Desk(photo.sample)
    found, truth = desk.found(), photo.phantom.mask > 0
    error = boundary_metrics(found.mask, truth, spacing_mm=photo.phantom.spacing_mm)
    assert 3.5 < error["hd_mm"] < 4.49 and (found.mask & truth).sum() > 0.9 * truth.sum()  # "4 mm"
    segments = why(boundary_profile(desk.sample, found)).segments
    assert 0.4 < segments["length_pct"].sum() / desk.measured()["perimeter_pct"] < 0.6
    assert "hair/line or highlight" in segments["reasons"].iloc[0]


@pytest.mark.parametrize("seed", [10, 13])
def test_guided_example_and_task_are_measured_right_once_the_ruler_is_set(seed):
    photo = ruler_photo(seed)
    height, width = photo.sample.image.shape[:2]
    ends = [(down * height / 100, across * width / 100) for across, down in photo.ends]
    size = ruler_spacing(ends, photo.length_mm)
    assert size == pytest.approx(photo.phantom.spacing_mm[0], rel=0.005)
    desk = Desk(photo.sample)
    desk.set_spacing((size, size))
    error = boundary_metrics(desk.found().mask, photo.phantom.mask > 0, spacing_mm=photo.phantom.spacing_mm)
    assert error["assd_mm"] < 0.3


def test_a_network_that_learned_from_other_pictures_draws_a_line_on_skin_too():
    desk = Desk(load_samples("dermoscopy", "test")[0])
    for network in NETWORKS:
        desk.choose_network(network)
        if network != "chest X-rays":
            assert desk.found().mask.mean() > 0.005


def test_the_network_of_chest_x_rays_finds_nothing_there_and_the_picture_says_so():
    desk = Desk(load_samples("dermoscopy", "test")[0])
    desk.choose_network("chest X-rays")
    assert desk.found().mask.mean() < 0.005
    words = said(doubt_figure(desk.sample, desk.found(), desk.network))
    assert "Nothing is found at this threshold" in words and "no proof that nothing is there" in words
