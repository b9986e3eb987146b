"""The panels of lesson 09, and nothing of the reader's picture in what is saved of the page that opens it."""

from __future__ import annotations

import pytest
from known_model import Brightness, disc_sample

from banet_edu.clinic.desk import Desk
from banet_edu.course.lesson09.explorers import measure_explorer, ruler_explorer
from banet_edu.course.lesson09.figures import card_figure
from banet_edu.course.lesson09.touchable import Touchable
from banet_edu.data.sample import Sample


def desk() -> Desk:
    sample = disc_sample("disc", 16)
    networks = {"one": Brightness(), "blind": Brightness(threshold=9.0)}
    return Desk(Sample(sample.image, None, "disc", None), networks)


def test_no_millimetre_before_a_length_is_set_and_none_after_it_is_taken_back():
    mine = desk()
    panel, measures = ruler_explorer(mine), measure_explorer(mine)
    assert mine.spacing_mm is None and "longest_pct" in mine.measured()
    before = measures.picture.value
    panel.controls["length"].value = 20
    width = mine.sample.image.shape[1]
    assert mine.spacing_mm == pytest.approx((20 / (0.4 * width),) * 2)
    assert "longest_mm" in mine.measured() and measures.picture.value != before
    panel.controls["length"].value = 0
    assert mine.spacing_mm is None and "longest_pct" in mine.measured()


def test_nothing_found_is_shown_and_not_an_error():
    mine = desk()
    panels = [measure_explorer(mine), ruler_explorer(mine)]
    mine.choose_network("blind")
    assert not mine.found().mask.any()
    assert [panel.error for panel in panels] == [None] * 2


def test_what_is_saved_of_the_page_does_not_depend_on_the_picture_that_is_opened():
    stills = []
    for radius in (12, 24):
        page = Touchable(still=lambda: card_figure("Your own picture", "In a running notebook."), alt="a page")
        page._put(Sample(disc_sample("secret", radius).image, None, f"secret {radius}", None))
        bundle = page._repr_mimebundle_()
        stills.append((bundle["image/png"], bundle["text/plain"]))
        assert "application/vnd.jupyter.widget-view+json" in bundle
    assert stills[0] == stills[1] and stills[0][1] == "a page"


def test_a_page_begins_with_the_lessons_picture_without_its_mask():
    page = Touchable(disc_sample("disc", 16), still=lambda: card_figure("a", "b"), alt="a page")
    assert page.desk.sample.mask is None and page.desk.spacing_mm == disc_sample("disc", 16).spacing_mm
