"""Lesson 08, explaining a boundary: the check of the deletion curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.course.checks import Slips, Wrong, attempt, checked
from banet_edu.course.values import numeric, told_apart

Array = NDArray[np.float64]
Score = Callable[[Array], float]
_SHAPE, _STEPS = (9, 16), (6, 4)  # 144 pixels: both numbers of steps divide them, so that all ways to share out agree
_CUMULATIVE = "Replace the portion in the SAME picture that the last step left, and score it."


@checked
def check_deletion(my_deletion: Callable[..., Sequence[float]]) -> str:
    """Check `my_deletion(score, image, blurred, ranking, steps)`: the scores while the highest ranked pixels are blurred."""
    if not callable(my_deletion):
        attempt(my_deletion, "my_deletion")  # says so
    score, image, blurred, ranking = _scene()
    runs: list[tuple[Any, Array]] = []
    for steps in _STEPS:
        given = image.copy(), blurred.copy(), ranking.copy()
        # Bound here: `attempt` copies what it passes on, and a damaged image would go unseen.
        found = _curve(attempt(partial(my_deletion, score, *given, steps), "my_deletion", hint=_hint), steps)
        for kept, before, name in zip(given, (image, blurred, ranking), ("image", "blurred", "ranking"), strict=True):
            if not np.array_equal(kept, before):
                raise Wrong(f"your function changes `{name}` itself.", f"Work on a copy: picture = {name}.copy().")
        runs.append(((score, image, blurred, ranking, steps), found))
    off = [(inputs[-1], found, np.asarray(deletion_curve(*inputs))) for inputs, found in runs]
    off = [each for each in off if not _alike(each[1], each[2])]
    if off:
        steps, found, wanted = off[0]
        if wrong := SLIPS.explain(runs, _alike):
            raise wrong
        if len(found) != steps + 1:
            raise Wrong(
                f"for {steps} steps you give {len(found)} scores, {steps + 1} are expected.",
                "One before anything is blurred, then one after each step.",
            )
        at = int(np.argmax(~np.isclose(found, wanted, rtol=1e-4, atol=1e-6)))
        yours, expected = told_apart(found[at], wanted[at])
        raise Wrong(
            f"your curve leaves the expected one at score number {at} of 0 to {steps}: {yours} instead of {expected}.",
            "The first score is that of the untouched image, the last that of the blurred one; print the curve and compare.",
        )
    return "the highest ranked pixels go first and stay blurred, and the image is as it was."


def deletion_curve(score: Score, image: Array, blurred: Array, ranking: Array, steps: int) -> list[float]:
    """The scores of the untouched image and after each of `steps` equal portions, highest ranked first, is blurred.

    >>> ones = np.ones((2, 2))
    >>> [float(s) for s in deletion_curve(np.sum, ones, 0 * ones, np.arange(4.0).reshape(2, 2), 2)]
    [4.0, 2.0, 0.0]
    """
    picture, scores = image.copy(), [float(score(image))]
    for portion in np.array_split(np.argsort(-ranking, axis=None, kind="stable"), steps):
        picture.flat[portion] = blurred.flat[portion]
        scores.append(float(score(picture)))
    return scores


def _scene() -> tuple[Score, Array, Array, Array]:
    """A score that no two orders share, an image, its blurred copy, and a ranking without ties and with both signs."""
    random = np.random.default_rng(8)
    shape = _SHAPE
    image, blurred = random.uniform(0.5, 1.5, shape), np.random.default_rng(9).uniform(0.2, 0.4, shape)
    weight, other = random.normal(1.0, 0.6, shape), random.normal(0, 1, shape)

    def score(picture: Array) -> float:
        return float((weight * picture).mean() + np.tanh((other * picture).mean()) ** 2)

    return score, image, blurred, random.permutation(np.linspace(-1, 1.2, 9 * 16)).reshape(shape)


def _hint(error: Exception) -> str:
    if isinstance(error, IndexError) and "out of bounds for axis 0" in str(error):
        return "The numbers count the pixels of the array laid out in one row: picture.ravel()[portion] = ..."
    return ""


def _curve(value: Any, steps: int) -> Array:
    try:
        found = np.asarray([numeric(each) for each in value])
    except (TypeError, ValueError):
        several = isinstance(value, list | tuple | np.ndarray)
        said = "what stands in your list are not numbers" if several else f"my_deletion gives {type(value).__name__}"
        raise Wrong(
            f"{said}; a list of {steps + 1} numbers is expected.",
            "Start with scores = [score(picture)] and append score(picture), one number, after each step.",
        ) from None
    if not np.isfinite(found).all():
        raise Wrong("your curve holds nan or infinity.", "Is something divided by zero?")
    return found


def _alike(one: Array, other: Array, *_: Any) -> bool:
    return len(one) == len(other) and np.allclose(one, other, rtol=1e-4, atol=1e-6)


def _curve_of(
    score: Score,
    image: Array,
    blurred: Array,
    ranking: Array,
    steps: int,
    *,
    ranked: Callable[..., Array] = lambda image, blurred, ranking: ranking,
    order: Callable[[Array], Any] = lambda ranks: np.argsort(-ranks, axis=None, kind="stable"),
    portions: Callable[..., Any] = np.array_split,
    start: Callable[..., Array] = lambda image, blurred, ranking: image,
    fill: Callable[..., Array] = lambda image, blurred, ranking: blurred,
    afresh: bool = False,
    late: bool = False,
    first: Callable[..., Array] = lambda picture, image, blurred, ranking: picture,
    seen: Callable[..., Array] = lambda picture, image, blurred, ranking: picture,
    kept: Callable[[Array], Array] = lambda scores: scores,
) -> Array:
    """The curve, step by step, each of which can be taken wrongly."""
    maps = (image, blurred, ranking)
    picture, new = start(*maps).copy(), fill(*maps)
    scores = [score(first(picture, *maps))]
    for portion in portions(order(ranked(*maps)), steps):
        if afresh:
            picture = start(*maps).copy()
        if late:
            scores.append(score(seen(picture, *maps)))
        picture.flat[portion] = new.flat[portion]
        if not late:
            scores.append(score(seen(picture, *maps)))
    return np.asarray(kept(np.asarray(scores)))


def _table() -> dict[tuple[str, str], dict[str, Any]]:
    give, copy = (
        "Give the scores themselves.",
        "Work on picture = image.copy(), put in the pixels of `blurred`, score it.",
    )
    sort, all_steps = "Sort by `ranking`: np.argsort(-ranking.ravel()).", "Loop over all `steps` portions."
    found: dict[tuple[str, str], dict[str, Any]] = {
        ("the LOWEST ranked pixels are blurred first.", "np.argsort sorts upwards: turn the order round, or sort -ranking."):
            {"order": lambda ranks: np.argsort(ranks, axis=None)},
        ("each row is sorted by itself: np.argsort of a picture goes row by row.",
         "Lay it out first: np.argsort(-ranking.ravel())."): {"order": lambda ranks: np.argsort(-ranks).ravel()},
        ("each row is sorted by itself, and upwards: np.argsort of a picture goes row by row.",
         "Lay it out first: np.argsort(-ranking.ravel())."): {"order": lambda ranks: np.argsort(ranks).ravel()},
        ("one pixel is replaced in each step, not a portion.", "np.array_split(order, steps) cuts the order into portions."):
            {"portions": lambda order, steps: [order[k : k + 1] for k in range(steps)]},
        ("the score of the untouched image is missing.", "Start the list with score(picture), before the loop."):
            {"kept": lambda scores: scores[1:]},
        ("the last portion is missing: the curve must end with the whole image blurred.", all_steps):
            {"kept": lambda scores: scores[:-1]},
        ("the scores in between are missing: only the first and the last are there.",
         "Score after each portion: is `scores.append(...)` inside the loop?"): {"kept": lambda scores: scores[[0, -1]]},
        ("only the first score is there.", all_steps): {"kept": lambda scores: scores[:1]},
        ("only the first portion was replaced.", f"{all_steps} Is `return` inside the loop?"): {"kept": lambda s: s[:2]},
        ("each score knows its own portion only: pixels blurred before are back.", _CUMULATIVE): {"afresh": True},
        ("the score is taken BEFORE the portion is replaced.", "First replace, then score."): {"late": True},
        ("pixels are set to 0 instead of those of `blurred`.",
         "A black pixel is a strong edge of its own: put in the pixel of `blurred`."):
            {"fill": lambda image, blurred, ranking: 0 * blurred},
        ("that is insertion: it starts with the blurred image and shows pixels.", "Start with a copy of `image`."):
            {"start": lambda i, b, r: b, "fill": lambda i, b, r: i},
        ("pixels are ranked by size without sign: those that speak AGAINST the decision go as well.",
         "Use `ranking` as it is: deletion is about what supports the decision."):
            {"ranked": lambda image, blurred, ranking: np.abs(ranking)},
        ("pixels are taken as they lie, row by row; the ranking is not used.", sort):
            {"order": lambda ranks: np.arange(ranks.size)},
        ("nothing is replaced: every score is that of the untouched image.",
         "array.flatten() gives a copy; array.ravel()[portion] = ... reaches the picture itself."):
            {"fill": lambda image, blurred, ranking: image},
        ("the pixels of `ranking` are put in.", copy): {"fill": lambda image, blurred, ranking: ranking},
        ("that is how much each score has lost, not the score.", give): {"kept": lambda scores: scores[0] - scores},
        ("the curve is divided by its first score.", give): {"kept": lambda scores: scores / scores[0]},
    }  # fmt: skip
    for at, name in enumerate(("image", "blurred", "ranking")):
        if at:
            found[f"the picture starts as `{name}`, not as `image`.", copy] = {"start": lambda *maps, at=at: maps[at]}
            found[f"the first score is that of `{name}`.", copy] = {"first": lambda picture, *maps, at=at: maps[at]}
        found[f"in the loop `{name}` is scored, not the picture.", copy] = {
            "seen": lambda picture, *maps, at=at: maps[at]
        }
        if at < 2:
            found[f"pixels are ranked by `{name}`, not by `ranking`.", sort] = {"ranked": lambda *maps, at=at: maps[at]}
    return found


SLIPS = Slips(_curve_of, _table())
