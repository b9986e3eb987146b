"""What the tests of every lesson's exercises share: cells of the lesson, and what a check may and may not do."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jupytext
import numpy as np
import torch

from banet_edu.course.checks import Verdict

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
BUILDER = SimpleNamespace(**runpy.run_path(str(NOTEBOOKS / "build.py")))
NONSENSE = [None, 3, "text", [], object(), print, np.zeros(3), lambda: 1, lambda *a: a, lambda *a: {}]


def unwritten(*_: Any) -> None:
    """What a stub does."""
    raise NotImplementedError


def refused(verdict: Verdict, said: str) -> None:
    """The check says what is wrong, and gives a hint."""
    assert not verdict.passed
    assert said in repr(verdict), verdict
    assert repr(verdict).startswith("Not yet: ") and "Hint: " in repr(verdict)


@cache  # a lesson is read in a tenth of a second, and the mutants' test asks a thousand times
def cell(lesson: str, name: str, tag: str) -> str:
    """The source of the lesson's cell with that tag which defines the function `name`."""
    [source] = BUILDER.lessons([lesson])
    [found] = [c.source for c in jupytext.read(source).cells if tag in BUILDER.tags(c) and f"def {name}(" in c.source]
    return found


def without(source: str, line: str, instead: str = "") -> str:
    """The solution with its key line cut out, or something else in its place."""
    assert source.count(line) == 1
    return source.replace(line, instead)


def assert_never_raises(check: Callable[[Any], Verdict]) -> None:
    for answer in NONSENSE:
        verdict = check(answer)
        assert isinstance(verdict, Verdict) and not verdict.passed and len(verdict.said) > 15


def assert_leaves_randomness_alone(check: Callable[[Any], Verdict], answer: Any) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    check(answer)
    assert torch.rand(1) == expected
