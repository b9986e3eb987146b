"""What lesson 09 says of its pictures, as bounds."""

from __future__ import annotations

import numpy as np
import pytest
from figure_checks import said
from lesson_prints import printed
from scipy.ndimage import label

from banet_edu import load_samples
from banet_edu.clinic.desk import NETWORKS, Desk
from banet_edu.clinic.own_points import compared
from banet_edu.course.lesson09.explorers import doubt_figure
from banet_edu.course.lesson09.ruler_photo import ruler_photo, wrong_and_marked
from banet_edu.explain.boundary.callipers import measured_in_band, ruler_spacing
from banet_edu.figures.contour import mask_outlines
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.shape import outlines

pytestmark = pytest.mark.landing


def test_the_line_follows_the_ruler_and_most_of_what_is_marked_is_wrong():
    photo = ruler_photo(6)
    desk = Desk(photo.sample)
    found, truth = desk.found(), photo.phantom.mask > 0
    error = boundary_metrics(found.mask, truth, spacing_mm=photo.phantom.spacing_mm)
    assert 3.5 < error["hd_mm"] < 4.49 and (found.mask & truth).sum() > 0.9 * truth.sum()  # "4 mm"
    wrong, marked = wrong_and_marked(photo, desk.expected())
    assert 0.2 < marked.mean() <= 0.25
    assert (wrong & marked).sum() / marked.sum() > 0.8 > wrong.mean() + 0.1  # "about nine tenths", and not by chance


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
    words = said(doubt_figure(desk))
    assert "Nothing is found at this threshold" in words and "no proof that nothing is there" in words


def test_two_fifths_of_what_is_wrong_are_marked_and_nothing_of_the_right_lobe():
    photo = ruler_photo(6)
    expected = Desk(photo.sample).expected()
    wrong, marked = wrong_and_marked(photo, expected)
    assert 0.36 < (wrong & marked).sum() / wrong.sum() < 0.44
    lobe = ((expected["column"] > 240) & (expected["row"] > 232)).to_numpy()
    assert lobe.sum() > 0.2 * len(lobe) and wrong[lobe].all() and not marked[lobe].any()


def test_two_specks_in_the_lower_corners_widen_the_band_of_the_perimeter():
    photo = ruler_photo(10)
    found, spacing = Desk(photo.sample).found(), photo.phantom.spacing_mm
    band = measured_in_band(found.probability, spacing_mm=spacing, threshold=0.5)
    assert [f"{value:.0f}" for value in band["perimeter_mm"]] == ["29", "28", "37"]
    height, width = found.mask.shape
    specks = sorted(outlines(found.probability - 0.25), key=len)[:-1]
    assert len(specks) == 2 and all(line[:, 0].min() > 0.8 * height for line in specks)
    assert sorted(float(line[:, 1].mean() > width / 2) for line in specks) == [0, 1]


def test_eight_points_of_the_true_outline_are_farther_from_it_than_the_networks_line():
    sample = load_samples("dermoscopy", "test")[0]
    found = Desk(sample).found()
    outline = max(mask_outlines(sample.mask > 0), key=len)

    def polygon(count: int):
        points = [tuple(place) for place in outline[:: len(outline) // count][:count]]
        return compared(found, points).reference > 0

    def off(mask) -> float:
        return boundary_metrics(mask, sample.mask > 0, spacing_mm=sample.spacing_mm)["assd_mm"]

    network, (eight, sixteen, many) = off(found.mask), (off(polygon(count)) for count in (8, 16, 32))
    assert f"{network:.2f}" == "0.18" and eight > 1.1 * network
    assert sixteen / eight == pytest.approx(0.5, abs=0.05) and many / sixteen == pytest.approx(0.6, abs=0.05)
    told = printed("09", " 8 points on the true outline")
    assert all(f"{count:2d} points on the true outline: {off(polygon(count)):.2f} mm" in told for count in (8, 16, 32))
    # "both tips": the two largest parts that the polygon of eight leaves out lie at the ends
    missed = (sample.mask > 0) & ~polygon(8)
    parts, count = label(missed)
    largest = sorted(range(1, count + 1), key=lambda part: (parts == part).sum())[-2:]
    columns = sorted(float(np.nonzero(parts == part)[1].mean()) for part in largest)
    inside = np.nonzero(sample.mask.any(axis=0))[0]
    assert columns[0] < inside[0] + 0.2 * len(inside) and columns[1] > inside[-1] - 0.2 * len(inside)
