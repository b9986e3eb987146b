"""A check passes every right answer, in whatever style it is written."""

from __future__ import annotations

import re
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
import right_answers_blocks
import right_answers_later
import right_answers_volumes
import torch
from lesson_checks import BUILDER
from right_answers import RIGHT

from banet_edu.course.lesson00.exercise import slip_of

assert (
    right_answers_blocks.right is right_answers_later.right is right_answers_volumes.right
)  # all have put their answers into RIGHT
CASES = [(exercise, style) for exercise, answers in RIGHT.items() for style in answers]


@pytest.mark.parametrize(("exercise", "style"), CASES, ids=lambda value: value.replace(" ", "-"))
def test_check_passes_a_right_answer_of_this_style(exercise, style):
    lesson, name = exercise.split()
    check = getattr(import_module(f"banet_edu.course.lesson{lesson}.exercise"), name)
    verdict = check(RIGHT[exercise][style])
    assert verdict.passed, verdict


def test_every_check_of_a_lesson_has_five_styles_or_more():
    called = {
        name for path in BUILDER.lessons() for name in re.findall(r"^(check_\w+)\(", path.read_text("utf-8"), re.M)
    }
    assert called == {exercise.split()[1] for exercise in RIGHT}
    assert min(map(len, RIGHT.values())) >= 5


ERRORS_MM = [0.21, 0.56, 0.33]
STYLES_OF_LESSON_00 = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "single precision": np.float32,
    "column of a table": pd.Series,
    "rounded": lambda errors: [round(each, 2) for each in errors],
    "tensor": torch.tensor,
}


@pytest.mark.parametrize("style", STYLES_OF_LESSON_00)
def test_check_in_lesson_00_passes_errors_of_this_style(style):
    measured = pd.DataFrame({"assd_mm": ERRORS_MM, "hd_mm": [0.5, 2.2, 0.9], "bias_mm": [0.1, 0.4, -0.2]})
    assert slip_of(STYLES_OF_LESSON_00[style](ERRORS_MM), measured) == ""
