"""Lesson 09, boundary clinic: right lengths in any spelling pass, wrong ones are told WHAT is wrong, the box answers."""

from __future__ import annotations

import numpy as np
import pytest
from lesson_checks import assert_leaves_randomness_alone, assert_never_raises, refused

from banet_edu.course.lesson09.exercise import check_diameter, diameter_box, task_photo
from banet_edu.explain.boundary.callipers import clinic_measures, ruler_spacing
from banet_edu.networks.weights import load_model
from banet_edu.prediction import predict


def read_off(shift_mm=(0.0, 0.0), entered=20.0, figure="longest_mm"):
    """What the panel shows when the points lie `shift_mm` beyond the first and the last mark."""
    photo = task_photo()
    height, width = photo.sample.image.shape[:2]
    first, last = (np.array([down * height, across * width]) / 100 for across, down in photo.ends)
    along = (last - first) / photo.length_mm
    size = ruler_spacing(np.stack([first - shift_mm[0] * along, last + shift_mm[1] * along]), entered)
    level = predict(load_model("banet-lite-phantom"), photo.sample).level
    return clinic_measures(level, spacing_mm=(size, size))[figure]


def without_ruler(figure):
    level = predict(load_model("banet-lite-phantom"), task_photo().sample).level
    return clinic_measures(level, spacing_mm=None)[figure]


RIGHT = [
    12.98,
    12.9,
    13,
    13.1,
    np.float64(12.98),
    "13.0",
    "13,0",
    "13 mm",
    "13,0 mm",
    " 12.98mm ",
    "1.3 cm",
    "13.",
    "+13",
]

WRONG = {
    "nothing": (lambda: None, "nothing is entered yet"),
    "blank": (lambda: "  ", "nothing is entered yet"),
    "words": (lambda: "about thirteen", "is not one number"),
    "two numbers": (lambda: "12.9 to 13.1", "is not one number"),
    "the guided example's": (lambda: 9.9, "the panel of part 3"),
    "cm for mm": (lambda: 1.298, "in centimetres"),
    "2 entered": (lambda: read_off(entered=2), "or 2 was entered"),
    "mm numbers taken for cm": (lambda: "129.8", "ten times too large"),
    "200 entered": (lambda: read_off(entered=200), "ten times too large"),
    "smallest": (lambda: read_off(figure="across_mm"), "the diameter across"),
    "radius": (lambda: 6.49, "the radius"),
    "1 cm entered": (lambda: read_off(entered=10), "half of the ruler's"),
    "up to 1 cm only": (lambda: read_off((0, -10)), "twice the length"),
    "marks counted": (lambda: read_off(entered=21), "the ruler's lines are counted instead of the gaps"),
    "one mark inside": (lambda: read_off((-1, 0)), "a point lies one line inside"),
    "both one mark inside": (lambda: read_off((-1, -1)), "both points lie one line inside"),
    "one mark outside": (lambda: read_off((0, 1)), "a millimetre outside"),
    "one too few": (lambda: read_off(entered=19), "a millimetre short"),
    "on the edge": (lambda: read_off((1.2, 0)), "the ruler's edge"),
    "on both edges": (lambda: read_off((1.2, 1.2)), "both points lie on the ruler's edges"),
    "pixels": (lambda: without_ruler("longest_px"), "in pixels"),
    "% of the diagonal": (lambda: without_ruler("longest_pct"), "% of the picture's diagonal"),
    "area": (lambda: read_off(figure="area_mm2"), "the area"),
    "perimeter": (lambda: read_off(figure="perimeter_mm"), "the perimeter"),
    "pixels as unit": (lambda: "242 px", "you give it in px"),
    "mm2": (lambda: "66 mm2", "you give it in mm2"),
    "%": (lambda: "43 %", "you give it in %"),
    "zero": (lambda: "0", "cannot be"),
    "negative": (lambda: -13, "cannot be"),
    "nan": (lambda: float("nan"), "not a number that a length can have"),
    "true": (lambda: True, "not a number that a length can have"),
    "array": (lambda: np.zeros(3), "not a number but ndarray"),
    "3 % off": (lambda: 13.35, "a few per cent too large"),
    "8 % off": (lambda: 11.95, "a few per cent too small"),
    "9 % off": (lambda: 11.85, "clearly too small"),
    "a third off": (lambda: 17, "clearly too large"),
    "far off": (lambda: 90, "far too large"),
    "far too small": (lambda: 3, "far too small"),
}  # fmt: skip


@pytest.mark.parametrize("value", RIGHT, ids=repr)
def test_check_accepts(value):
    assert check_diameter(value).passed, check_diameter(value)


def test_check_accepts_a_pixel_off_at_each_end_of_the_ruler():
    pixel = task_photo().phantom.spacing_mm[0]
    for first in (-pixel, 0, pixel):
        for last in (-pixel, 0, pixel):
            assert check_diameter(read_off((first, last))).passed
            assert check_diameter(f"{read_off((first, last)):.1f}").passed


@pytest.mark.parametrize("name", WRONG)
def test_check_says_what_is_wrong(name):
    answer, said = WRONG[name]
    refused(check_diameter(answer()), said)


def test_the_true_length_is_that_of_the_painted_outline():
    phantom = task_photo().phantom
    points = phantom.contour * phantom.spacing_mm
    longest = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1)).max()
    assert check_diameter(longest * 1.014).passed and check_diameter(longest * 0.986).passed
    assert not check_diameter(longest * 1.017).passed and not check_diameter(longest * 0.983).passed


def test_ruler_ends_where_the_check_takes_it_to_end():
    photo = task_photo()
    height, width = photo.sample.image.shape[:2]
    (x0, y0), (x1, y1) = (np.array(end) * (width, height) / 100 for end in photo.ends)
    along = np.array([x1 - x0, y1 - y0]) / photo.length_mm
    down = np.array([-along[1], along[0]])

    def paper(mm):
        x, y = np.array([x0, y0]) - mm * along + 1.5 * down
        return photo.sample.image[round(y), round(x)].min() > 200

    assert paper(1.0) and not paper(1.4)


def test_check_never_raises_and_leaves_random_numbers_alone():
    assert_never_raises(check_diameter)
    assert_leaves_randomness_alone(check_diameter, 12.98)
    assert_leaves_randomness_alone(check_diameter, 7.0)


def test_box_is_empty_at_first_and_its_value_can_be_checked():
    box = diameter_box()
    assert box.value is None and box.verdict is None and box.message.value == ""
    refused(check_diameter(box.value), "Not yet: nothing is entered")
    box.button.click()
    assert "nothing is entered" in box.message.value


def test_box_answers_in_place():
    box = diameter_box()
    box.field.value = "1.298"
    box.button.click()
    assert "in centimetres" in box.message.value and "Hint: " in box.message.value and not box.verdict.passed
    box.field.value = "13,0 mm"
    assert check_diameter(box.value).passed, "what stands in the field counts, pressed or not"
    box.button.click()
    assert "Passed" in box.message.value and box.verdict.passed


def test_enter_in_the_field_checks_too():
    box = diameter_box()
    box.field.value = "6.49"
    box.field._handle_custom_msg({"event": "submit"}, [])
    assert "radius" in box.message.value


def test_box_takes_no_markup():
    box = diameter_box("<b>13</b>")
    assert "<b>13" not in box.message.value and "is not one number" in box.message.value


def test_solved_box_shows_its_verdict_and_has_words_without_a_kernel():
    box = diameter_box(12.98)
    assert check_diameter(box.value).passed and "Passed" in box.message.value
    for made, words in ((box, "12.98\nPassed"), (diameter_box(), "(nothing entered)")):
        plain = made._repr_mimebundle_()["text/plain"]
        assert words in plain and "longest diameter (mm)" in plain
        assert made.model_id not in plain and "AnswerBox" not in plain
