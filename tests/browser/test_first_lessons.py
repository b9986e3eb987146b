"""The first lessons in real JupyterLab. Two files, so that two processes share the lessons (`pytest -n 2 --dist loadscope`)."""

from __future__ import annotations

from typing import Any

import pytest
from browser_lessons import LESSONS, walk_through

pytestmark = pytest.mark.landing


@pytest.mark.parametrize("lesson", LESSONS[:6])
def test_lesson_runs_and_its_widgets_move(lesson: str, page: Any, lab: str) -> None:
    walk_through(lesson, page, lab)
