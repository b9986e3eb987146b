"""Lesson 09, the boundary clinic: the check of a diameter in mm."""

from __future__ import annotations

from functools import cache
from typing import Any

from banet_edu.course.checks import Wrong, checked
from banet_edu.course.lesson09.answer_box import AnswerBox, as_millimetres
from banet_edu.course.lesson09.ruler_photo import MARGIN_MM, RulerPhoto, ruler_photo
from banet_edu.explain.boundary.callipers import clinic_measures
from banet_edu.networks.weights import load_model
from banet_edu.prediction import predict

NEAR = 0.015  # of the true length; see check_diameter
_NETWORK = "banet-lite-phantom"  # the one that looks at the picture in the lesson
_AGAIN = "Read the line `longest diameter` of the measure panel, at threshold 0.50."
_ENDS = "Look at the two magnified ends: each point must lie ON its line, at 0 and at {cm:g} cm; their distance is {mm:g} mm."


@cache
def task_photo() -> RulerPhoto:
    """The photo of the task: a ruler numbered in centimetres, and no pixel size."""
    return ruler_photo(13, in_cm=True, name="task")


@checked
def check_diameter(value: Any) -> str:
    """Check the longest diameter of the lesion in the task's photo.

    Args:
        value: in mm, a number or as typed ("13.0", "13,0", "13 mm", "1.3 cm"); None or "" where nothing is entered yet.

    Accepted is what lies within 1.5 % (`NEAR`) of the true length. The ruler's first and last line are 373 pixels apart, so one
    pixel of misplacement at each end changes every length by 2 / 373, half a per cent; rounding to 12.9 takes another
    half. One millimetre of the ruler, the smallest slip that can be named, is 5 %.

    >>> check_diameter("")
    Not yet: nothing is entered yet.
    Hint: Set the ruler. Read the line `longest diameter` of the measure panel, at threshold 0.50. Then enter it in mm.
    >>> check_diameter(1.3).said
    'that is the length in centimetres, or 2 was entered as the distance of the points: 2 cm are 20 mm.'
    """
    found = as_millimetres(value, how_to_read=f"Set the ruler. {_AGAIN}")
    true = _true_mm()
    if abs(found / true - 1) <= NEAR:
        return f"{found:.4g} mm, and the true length is {true:.1f} mm: the ruler is set, and its unit is taken care of."
    said, hint, off = "", "", NEAR
    for what, how, lengths in _slips():
        nearest = min(abs(found / length - 1) for length in lengths)
        if nearest <= off:
            said, hint, off = what, how, nearest
    if said:
        raise Wrong(said, hint)
    off_by = found / true
    much = "a few per cent" if 0.92 < off_by < 1.08 else "clearly" if 0.75 < off_by < 1.33 else "far"
    side = "large" if off_by > 1 else "small"
    raise Wrong(f"{found:.4g} mm is {much} too {side}.", f"{_ends()} Is the threshold at 0.50?")


def diameter_box(value: float | str | None = None) -> AnswerBox:
    """The box to enter the longest diameter in; with a value, it is entered and checked already."""
    return AnswerBox("longest diameter (mm)", check_diameter, value)


@cache
def guided_photo() -> RulerPhoto:
    """The photo of the guided example, whose panel stands above the task's and looks the same."""
    return ruler_photo(10, name="guided example")


@cache
def _panel_mm(photo: RulerPhoto) -> float:
    """The longest diameter that a photo's measure panel shows, its ruler set."""
    level = predict(load_model(_NETWORK), photo.sample).level
    return clinic_measures(level, spacing_mm=photo.phantom.spacing_mm)["longest_mm"]


@cache
def _true_mm() -> float:
    phantom = task_photo().phantom
    return clinic_measures(-phantom.signed_distance_px, spacing_mm=phantom.spacing_mm)["longest_mm"]


@cache
def _panel() -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """What the measure panel shows with the ruler set, and without it; and the true figures."""
    photo = task_photo()
    level, spacing = predict(load_model(_NETWORK), photo.sample).level, photo.phantom.spacing_mm
    true = clinic_measures(-photo.phantom.signed_distance_px, spacing_mm=spacing)
    return clinic_measures(level, spacing_mm=spacing), clinic_measures(level, spacing_mm=None), true


def _ends() -> str:
    mm = task_photo().length_mm
    return _ENDS.format(cm=mm / 10, mm=mm)


def _slips() -> list[tuple[str, str, tuple[float, ...]]]:
    """What is wrong, a hint, and the lengths that this slip gives; slips that give the same length are named together."""
    true, ruler = _true_mm(), task_photo().length_mm
    shown, without, truth = _panel()
    marks = f"The ruler is numbered in cm, the panel wants mm: from 0 to {ruler / 10:g} cm are {ruler:g} mm."
    scale = "Set the ruler first: as soon as its two points and their distance are set, the measure panel shows mm."
    return [
        (
            "that is about what the panel of part 3 shows, of its own lesion.",
            f"The task's panel stands right above the box. {_AGAIN}",
            (_panel_mm(guided_photo()),),
        ),
        (
            f"that is the length in centimetres, or {ruler / 10:g} was entered as the distance of the points: "
            f"{ruler / 10:g} cm are {ruler:g} mm.",
            marks,
            (true / 10,),
        ),
        (
            "that is ten times too large: somewhere centimetres were turned into millimetres twice.",
            f"{marks} What the measure panel shows is in mm already.",
            (true * 10,),
        ),
        (
            "that is half of it: the radius, or half of the ruler's true stretch was entered as the distance.",
            f"The diameter goes from one side of the outline to the other. {marks}",
            (true / 2,),
        ),
        (
            "that is twice the length: the points are only half as far apart on the ruler as their distance says.",
            marks,
            (true * 2,),
        ),
        (
            "about 5 % too large: the ruler's lines are counted instead of the gaps between them, "
            "or a point lies one line inside the end of the stretch.",
            f"From 0 to {ruler / 10:g} cm there are {ruler + 1:g} lines, but {ruler:g} gaps of 1 mm. {_ends()}",
            (true * (ruler + 1) / ruler, true * ruler / (ruler - 1)),
        ),
        (
            "about 5 % too small: a point lies a millimetre outside, on the ruler's edge instead of its first or last line, "
            "or the distance is entered a millimetre short.",
            _ends(),
            (true * (ruler - 1) / ruler, true * ruler / (ruler + 1), true * ruler / (ruler + MARGIN_MM)),
        ),
        (
            "about 11 % too small: both points lie on the ruler's edges instead of its first and last line.",
            _ends(),
            (true * ruler / (ruler + 2 * MARGIN_MM),),
        ),
        (
            "about 11 % too large: both points lie one line inside the end of the stretch.",
            _ends(),
            (true * ruler / (ruler - 2),),
        ),
        (
            "that is the diameter across, the smaller one.",
            "The longest diameter is asked for: the solid orange line in the picture.",
            (shown["across_mm"], truth["across_mm"]),
        ),
        (
            "that is the area in mm².",
            _AGAIN,
            (shown["area_mm2"], truth["area_mm2"]),
        ),
        (
            "that is the perimeter, the way around the lesion.",
            _AGAIN,
            (shown["perimeter_mm"], truth["perimeter_mm"]),
        ),
        ("that is the length in pixels.", scale, (without["longest_px"],)),
        ("that is the length in % of the picture's diagonal.", scale, (without["longest_pct"],)),
    ]
