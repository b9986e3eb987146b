"""What the checks of all lessons share: a verdict in words, and calling a student's function without ever raising.

A check tells WHAT is wrong and how to go on. It compares numbers, never code, so that any right way is accepted.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial, wraps
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from banet_edu.course.record import Record

NOT_TRIED = ("is not written yet.", "is entered yet.")
TOLERANCE = 1e-4  # another order of the same additions differs by less


@dataclass(frozen=True, repr=False)
class Verdict:
    """The answer of a check; a notebook cell that ends with it shows it.

    `as_if`: where a slip was recognised, a function that makes just this slip, so that the diagnosis can be tested.

    >>> Verdict(False, "my_edge gives nothing back.", "End it with return.")
    Not yet: my_edge gives nothing back.
    Hint: End it with return.
    """

    passed: bool
    said: str
    hint: str = ""
    as_if: Callable[..., Any] | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        first = f"{'Passed' if self.passed else 'Not yet'}: {self.said}"
        return f"{first}\nHint: {self.hint}" if self.hint else first


class Wrong(Exception):
    """Raised inside a check: what is wrong, a hint, and where a slip was recognised a function that makes it."""

    def __init__(self, said: str, hint: str = "", as_if: Callable[..., Any] | None = None) -> None:
        super().__init__(said)
        self.said, self.hint, self.as_if = said, hint, as_if


@dataclass(frozen=True)
class Slips:
    """A formula with named parts, and what is put in their place by mistake: (what is wrong, hint) -> {part: its value}.

    A diagnosis is a claim, that the answer IS the formula with these parts; so it must explain every run of a check.

    >>> slips = Slips(lambda x, by=2, plus=1: by * x + plus, {("the 1 is missing.", "Add it."): {"plus": 0}})
    >>> slips.explain([((3,), 6), ((5,), 10)]).said
    'the 1 is missing.'
    >>> slips.explain([((3,), 6), ((5,), 11)]) is None
    True
    """

    formula: Callable[..., Any]
    table: Mapping[tuple[str, str], Mapping[str, Any]]
    alone: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)  # never taken for one of two

    def explain(
        self, runs: Sequence[tuple[tuple[Any, ...], Any]], alike: Callable[..., bool] | None = None
    ) -> Wrong | None:
        """The slip, or the two slips in different parts, that explain all `runs` of (inputs, what was given); None without.

        `alike(given, result, *inputs)` says whether both are the same; by default `==` decides.
        """
        alike = alike or (lambda given, result, *_: bool(given == result))
        for said, hint, parts in self._claims():
            as_if = partial(self.formula, **parts)
            if all(_explains(as_if, inputs, given, alike) for inputs, given in runs):
                return Wrong(said, hint, as_if)
        return None

    def _claims(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """One slip before two: the second must be needed."""
        for (said, hint), parts in (*self.table.items(), *self.alone.items()):
            yield said, hint, dict(parts)
        for (one, parts), (other, more) in combinations(self.table.items(), 2):
            if not parts.keys() & more.keys():
                longer, shorter = sorted((one[1], other[1]), key=len, reverse=True)
                first = one[1] if one[1].endswith((".", "?")) else f"{one[1]}."
                hints = longer if shorter in longer else f"{first} {other[1]}"  # a formula is written once
                yield f"two slips at once: {one[0]} And: {other[0]}", hints, {**parts, **more}


def _explains(as_if: Callable[..., Any], inputs: tuple[Any, ...], given: Any, alike: Callable[..., bool]) -> bool:
    try:
        return alike(given, as_if(*inputs), *inputs)
    except Exception:  # two slips may make no sense together
        return False


def checked(check: Callable[..., str]) -> Callable[..., Verdict]:
    """Make a check of a function that returns what to say of a right answer and raises `Wrong` otherwise."""

    @wraps(check)
    def run(*answers: Any) -> Verdict:
        return keep(check, verdict(*answers))

    def verdict(*answers: Any) -> Verdict:
        try:
            with torch.no_grad():
                return Verdict(True, check(*answers))
        except Wrong as wrong:
            return Verdict(False, wrong.said, wrong.hint, wrong.as_if)
        except Exception as error:  # a wrong answer of a kind nobody thought of
            return Verdict(
                False,
                f"the check could not read your answer ({type(error).__name__}: {error}).",
                "Compare what your function takes and gives back with the text of the exercise.",
            )

    return run


def keep(check: Callable[..., Any], verdict: Verdict) -> Verdict:
    """Keep a try and what was said of it, where a file is named (`record`); what is not yet written or entered is no try."""
    lesson = re.search(r"\.lesson(\d\d)\.", check.__module__)
    record = Record(lesson[1] if lesson else "")
    if lesson is None or record.file is None or verdict.said.endswith(NOT_TRIED):
        return verdict
    try:
        before = record.read("checks").get(check.__name__, {})
        said = [*before.get("said", []), verdict.said][-20:]
        tries = before.get("tries", 0) + 1
        passed_at = before.get("passed_at") or (tries if verdict.passed else None)
        record.keep("checks", check.__name__, tries=tries, passed_at=passed_at, said=said)
    except (OSError, ValueError) as error:  # the lesson goes on
        return Verdict(verdict.passed, f"{verdict.said} (Not kept: {error})", verdict.hint)
    return verdict


def attempt(function: Any, name: str, *inputs: Any, hint: Callable[[Exception], str] | None = None) -> Any:
    """Call the student's function on copies of the inputs; Wrong in plain words where it cannot be called or stops.

    `hint` may know an error better than the general hints do; it gives "" where it does not.
    """
    if not callable(function):
        raise Wrong(
            f"{name} is no function but {type(function).__name__}.", f"Write `def {name}(...):` and run the cell."
        )
    try:
        result = function(*[_copy(value) for value in inputs])
    except Exception as error:
        if isinstance(error, NotImplementedError) and not str(
            error
        ):  # that of an exercise; torch's own says what it lacks
            raise Wrong(_unwritten(error, name), "Replace the line with raise by your own.") from None
        raise Wrong(
            f"{name} stops with {type(error).__name__}: {_short(error)}.",
            (hint(error) if hint else "") or _hint_on(error),
        ) from None
    if result is None:
        raise Wrong(f"{name} gives nothing back.", "Its last line must be `return ...`.")
    return result


def _unwritten(error: Exception, name: str) -> str:
    """That the function is not written yet, or which one of the student's own that it calls."""
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is `attempt`
    called = [frame.name for frame in frames if "site-packages" not in frame.filename]
    other = called[-1] if len(called) > 1 and called[-1].isidentifier() else name
    return (
        f"{name} is not written yet."
        if other in (name, called[0])
        else f"{name} calls {other}, which is not written yet."
    )


def same(a: Tensor, b: Tensor) -> bool:
    """Equal but for rounding."""
    return a.shape == b.shape and bool(torch.allclose(a.float(), b.float(), atol=TOLERANCE, rtol=1e-3))


def recognise(value: Tensor, slips: Mapping[tuple[str, str], Tensor], otherwise: tuple[str, str]) -> Wrong:
    """The slip, (what is wrong, hint), whose result this is; else `otherwise`."""
    for (said, hint), result in slips.items():
        if same(value, result):
            return Wrong(said, hint)
    return Wrong(*otherwise)


def _copy(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, nn.Module):  # a block that was changed must not be what the answer is compared with
        return deepcopy(value)
    return [_copy(each) for each in value] if isinstance(value, list) else value


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160].rstrip(".")


def _hint_on(error: Exception) -> str:
    said = str(error)
    if isinstance(error, NameError):
        return "This name is unknown here: is it spelled right, was its import or cell run?"
    if found := re.search(r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)", said):
        return (
            f"Two maps of different size meet: {found[1]} against {found[2]} cells. "
            "Print their shapes just before that line."
        )
    if "expected input" in said and "channels" in said:
        return "A convolution gets another number of channels than it was built for: what goes in, in which order?"
    if isinstance(error, TypeError) and "argument" in said:
        return "Compare the arguments with those in the text of the exercise."
    return "Read the last line of the error; print shapes before it."
