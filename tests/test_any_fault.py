"""A machine that looks for work lost and results that are stale: hypothesis changes one thing, and looks at what happens.

A run whose data, rules or options changed is refused, never the old weights; a file of weights or state with bytes flipped,
cut, swapped or doubled is refused or equal; one bad file among good ones ends no folder; arguments are refused in a sentence
before any work, or give a right result. By default 40 examples; for a landing, `pytest -m landing`, 1,200, counts printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from faults import a_change, a_damaged_file, changes, damages
from faults_of_commands import a_bad_file, an_argument, arguments, bad_files
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

COUNTS: Counter[str] = Counter()
SETTINGS: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


def looked(found: str) -> None:
    COUNTS[found] += 1


MACHINES: dict[str, tuple[Any, int]] = {
    "change": (st.tuples(st.booleans(), changes).map(lambda drawn: ("change", drawn)), 400),
    "file": (st.tuples(st.booleans(), damages).map(lambda drawn: ("file", drawn)), 500),
    "folder": (bad_files.map(lambda drawn: ("folder", drawn)), 150),
    "arguments": (arguments.map(lambda drawn: ("arguments", (drawn,))), 150),
}
LOOK: dict[str, Callable[..., str]] = {
    "change": a_change, "file": a_damaged_file, "folder": a_bad_file, "arguments": an_argument,
}  # fmt: skip


@pytest.mark.parametrize("kind", MACHINES)
def test_refused_or_right(kind):
    @settings(max_examples=10, derandomize=True, **SETTINGS)
    @given(MACHINES[kind][0])
    def some(drawn):
        looked(LOOK[drawn[0]](*drawn[1]))

    some()


@pytest.mark.landing
@pytest.mark.parametrize("kind", MACHINES)
def test_more_than_a_thousand_are_refused_or_right(kind, capsys):
    COUNTS.clear()

    @seed(20261126)
    @settings(max_examples=MACHINES[kind][1], **SETTINGS)
    @given(MACHINES[kind][0])
    def many(drawn):
        looked(LOOK[drawn[0]](*drawn[1]))

    many()
    with capsys.disabled():
        print(f"\n{kind}: {dict(COUNTS)}")
    assert sum(COUNTS.values()) >= 0.9 * MACHINES[kind][1]
