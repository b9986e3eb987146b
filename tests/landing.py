"""Which values of a test a newcomer waits for, and which only a landing needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def rest_at_landing(values: Iterable[Any], *first: Any) -> list[Any]:
    """All values for `parametrize`: those in `first` always, the others at a landing."""
    return [value if value in first else pytest.param(value, marks=pytest.mark.landing) for value in values]
