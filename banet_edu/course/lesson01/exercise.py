"""Lesson 01, why boundaries fail: two simulated readers and its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.course.checks import Slips, Wrong, attempt, checked
from banet_edu.course.values import as_number
from banet_edu.phantoms.phantom import Phantom

Points = NDArray[np.float64]


def reader_mask(phantom: Phantom, *, reader: int, sd_mm: float = 0.3, waves: int = 8) -> NDArray[np.bool_]:
    """What a careful reader might outline: the true contour, moved in and out smoothly along its way.

    A simulation, no study of real readers: the shift along the contour is a random sum of `waves` sine waves with a standard
    deviation of `sd_mm`; `reader` is its seed.

    >>> from banet_edu import make_phantom
    >>> phantom = make_phantom("dermoscopy", seed=7)
    >>> bool((reader_mask(phantom, reader=1, sd_mm=1e-6) == phantom.mask).mean() > 0.999)
    True
    """
    rng = np.random.default_rng((1, reader))
    rows, columns = np.indices(phantom.signed_distance_px.shape)
    centre = phantom.contour.mean(axis=0)
    angle = np.arctan2(rows - centre[0], columns - centre[1])
    amplitude, phase = rng.standard_normal(waves), rng.uniform(0, 2 * np.pi, waves)
    shift = sum(a * np.sin(k * angle + p) for k, (a, p) in enumerate(zip(amplitude, phase, strict=True), start=1))
    assert phantom.spacing_mm is not None
    scale = sd_mm / phantom.spacing_mm[0] / np.sqrt((amplitude**2).sum() / 2)
    return np.asarray(phantom.signed_distance_px < scale * shift, bool)


@checked
def check_mean_distance(my_mean_distance: Callable[[Points, Points, tuple[float, float]], float]) -> str:
    """Check `my_mean_distance(a, b, spacing_mm)`: mean over the points of both contours of the distance to the other, in mm.

    >>> check_mean_distance(lambda a, b, spacing_mm: 0.0).said
    'your function says 0 mm for two contours that lie apart.'
    """
    runs = [(inputs, _found(my_mean_distance, *inputs)) for inputs in _cases()]
    if not any(found for _, found in runs):
        raise Wrong("your function says 0 mm for two contours that lie apart.", "Return the mean of the distances.")
    off = [run for run in runs if not _close(run[1], _distance(*run[0]))]
    if not off:
        return "the mean distance over the points of both contours, in mm, also where pixels are not square: the ASSD."
    if all(_close(found, _distance(*inputs, average=_of_both_means)) for inputs, found in runs):
        return "the mean of both directions' means. (The package's ASSD weighs every POINT alike; both are in use.)"
    (a, b, spacing), found = off[0]
    raise SLIPS.explain(runs, lambda found, result, *_: _close(found, result)) or Wrong(
        f"for two contours of {len(a)} and {len(b)} points and pixels of {spacing[0]:g} x {spacing[1]:g} mm you find "
        f"{found:.2f} mm; it is {_distance(a, b, spacing):.2f} mm.",
        "Try my_mean_distance(np.array([[0, 0], [0, 1]]), np.array([[3, 4]]), (1, 2)). The points of a lie 8.54 mm (the root "
        "of 3² + 8²) and 6.71 mm (the root of 3² + 6²) off, that of b 6.71 mm: the mean of the three is 7.32 mm. Print the "
        "shape after each step: N x M x 2, N x M, then N and M.",
    )


def _cases() -> list[tuple[Points, Points, tuple[float, float]]]:
    rng, cases = np.random.default_rng(5), []
    for spacing in ((1.0, 1.0), (0.5, 0.5), (0.4, 1.5)):
        angle = np.sort(rng.uniform(0, 2 * np.pi, 60))
        a = np.stack([40 + 20 * np.sin(angle), 50 + 22 * np.cos(angle)], axis=1)
        b = np.stack([43 + 24 * np.sin(angle[::2]), 46 + 19 * np.cos(angle[::2])], axis=1)
        # Once with a and b exchanged: otherwise one direction's mean were always the larger one.
        cases.append((b, a, spacing) if spacing == (0.5, 0.5) else (a, b, spacing))
    return cases


def _found(my_mean_distance: Callable[..., float], *inputs: Any) -> float:
    given = attempt(my_mean_distance, "my_mean_distance", *inputs, hint=_hint)
    return as_number(given, "what my_mean_distance gives", "in mm")


def _hint(error: Exception) -> str:
    said = str(error)
    if "multiply sequence" in said or ("broadcast" in said and "(2,)" in said):
        return (
            "spacing_mm holds two numbers, one for rows and one for columns: multiply the DIFFERENCES (N x M x 2) by it, "
            "before you take the root."
        )
    if "broadcast" in said and said.count(",2)") == 2:
        return "a and b differ in their number of points: a[:, None] - b[None] gives all N x M differences."
    return ""


def _close(one: float, other: float) -> bool:
    return bool(np.isclose(one, other, rtol=1e-3))


def _distance(
    a: Points,
    b: Points,
    spacing_mm: tuple[float, float],
    *,
    points: Callable[[Points], Points] = lambda points: points,
    difference: Callable[..., Points] = np.subtract,
    pixel: Callable[[Points], Any] = lambda mm: mm,
    scaled: Callable[..., Points] = np.multiply,
    length: Callable[[Points], Points] = lambda d: np.sqrt((d**2).sum(axis=-1)),
    nearest: Callable[..., Points] = np.min,
    back: Callable[..., Points] | None = None,
    ways: Callable[..., Any] = lambda there, back: (there, back),
    average: Callable[..., Any] = lambda ways: np.concatenate(ways).mean(),
) -> float:
    """The mean distance, step by step, each of which can be taken wrongly."""
    apart = difference(points(a)[:, None], points(b)[None])
    distance = length(scaled(apart, pixel(np.asarray(spacing_mm))))
    return float(average(ways(nearest(distance, axis=1), (back or nearest)(distance, axis=0))))


def _of_both_means(ways: Any) -> float:
    return float(np.mean([way.mean() for way in ways]))


def _table() -> dict[tuple[str, str], dict[str, Any]]:
    not_square = "A pixel may be higher than wide: multiply the row difference by spacing_mm[0], the column's by [1]."
    one_way = "Measure from b to a as well: a point of b may lie far from a although all of a lies near b."
    near, mean = (
        "The distance of a point is that to its NEAREST one: .min().",
        "Take the mean of the nearest distances.",
    )
    root = "The distance is the ROOT of the SUM of the squared differences."
    mm = "Multiply the differences by spacing_mm."

    all_points = "Put all N + M distances together, then take one mean."

    def of(reduce: Callable[..., Any]) -> Callable[..., Any]:
        return lambda ways: reduce(np.concatenate(ways))

    return {
        ("you measure from a to b only.", one_way): {"ways": lambda there, back: (there,)},
        ("you measure from b to a only.", one_way.replace("b to a", "a to b")): {"ways": lambda there, back: (back,)},
        ("that is the LARGEST distance (the Hausdorff distance).", "Take the mean instead of the maximum."):
            {"average": of(np.max)},
        ("that is the smallest distance.", "The minimum belongs to each point (its nearest one); then take the mean."):
            {"average": of(np.min)},
        ("you take the larger of both directions' means.", all_points):
            {"average": lambda ways: max(way.mean() for way in ways)},
        ("you take the smaller of both directions' means.", all_points):
            {"average": lambda ways: min(way.mean() for way in ways)},
        ("you add both directions' means.", all_points): {"average": lambda ways: sum(way.mean() for way in ways)},
        ("that is the sum of the distances.", "Divide by their number, or use .mean()."): {"average": of(np.sum)},
        ("the sum of all distances is divided by the number of a's points only.", "Divide by N + M, or use .mean()."):
            {"average": lambda ways: np.concatenate(ways).sum() / len(ways[0])},
        ("you take the median of the distances, not their mean.", mean): {"average": of(np.median)},
        ("you take the standard deviation of the distances, not their mean.", mean): {"average": of(np.std)},
        ("that is the NUMBER of the point with the largest distance.", mean): {"average": of(np.argmax)},
        ("that is the NUMBER of the point with the smallest distance.", mean): {"average": of(np.argmin)},
        ("you take the root of the mean square.", "First the root for each point, then the mean."):
            {"average": lambda ways: np.sqrt((np.concatenate(ways) ** 2).mean())},
        ("you take the distance to the FARTHEST point of the other contour.", near): {"nearest": np.max},
        ("you take the mean distance to all points of the other contour.", near): {"nearest": np.mean},
        ("you add up the distances to all points of the other contour.", near): {"nearest": np.sum},
        ("you take the median distance to the points of the other contour.", near): {"nearest": np.median},
        ("you take the spread of the distances to the points of the other contour.", near): {"nearest": np.std},
        ("you take the NUMBER of the nearest point, not its distance.", "argmin gives a number, min a distance."):
            {"nearest": np.argmin},
        ("you take the NUMBER of the farthest point, not the distance of the nearest.", near): {"nearest": np.argmax},
        ("that is in pixels, not in mm.", "Multiply differences by spacing_mm BEFORE you take the root."):
            {"pixel": np.ones_like},
        ("rows and columns have exchanged their pixel sizes.", "spacing_mm is (row, column)."): {"pixel": np.flip},
        ("you multiply by the row size of a pixel only.", not_square): {"pixel": lambda mm: mm[0]},
        ("you multiply by the column size of a pixel only.", not_square): {"pixel": lambda mm: mm[1]},
        ("you multiply by the mean size of a pixel.", not_square): {"pixel": np.mean},
        ("the squared differences are multiplied by the pixel size, which is not squared itself.",
         "Multiply the differences by spacing_mm BEFORE you square them."): {"pixel": np.sqrt},
        ("the pixel size is added, not multiplied by.", mm): {"scaled": np.add},
        ("the pixel size is subtracted, not multiplied by.", mm): {"scaled": np.subtract},
        ("you divide by the pixel size.", mm): {"scaled": np.divide},
        ("only the pixel size is left of the differences.", mm): {"scaled": lambda apart, mm: 0 * apart + mm},
        ("the coordinates are added, not subtracted.", "A difference: a minus b."): {"difference": np.add},
        ("the coordinates are multiplied, not subtracted.", "A difference: a minus b."): {"difference": np.multiply},
        ("b does not count: these are coordinates of a.", "A difference: a minus b."): {"difference": lambda a, b: a + 0 * b},
        ("a does not count: these are coordinates of b.", "A difference: a minus b."): {"difference": lambda a, b: b + 0 * a},
        ("you add row and column difference.", "Straight lines: the root of the sum of squares."):
            {"length": lambda d: np.abs(d).sum(axis=-1)},
        ("the root is missing.", root): {"length": lambda d: (d**2).sum(axis=-1)},
        ("you take the larger of row and column difference.", root): {"length": lambda d: np.abs(d).max(axis=-1)},
        ("you take the smaller of row and column difference.", root): {"length": lambda d: np.abs(d).min(axis=-1)},
        ("you average row and column instead of adding them.", root): {"length": lambda d: np.sqrt((d**2).mean(axis=-1))},
        ("only row differences count.", root): {"length": lambda d: np.abs(d[..., 0])},
        ("only column differences count.", root): {"length": lambda d: np.abs(d[..., 1])},
        ("you measure between the centres.", "Two contours with one centre can lie far apart: use each point."):
            {"points": lambda points: points.mean(axis=0, keepdims=True)},
    }  # fmt: skip


def _one_direction() -> dict[tuple[str, str], dict[str, Any]]:
    """Another reduction than the minimum, from b to a only, and from a to b only."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for words, reduce in (
        ("the distance to the FARTHEST point", np.max),
        ("the mean distance to all points", np.mean),
        ("the sum of the distances to all points", np.sum),
        ("the spread of the distances to all points", np.std),
        ("the NUMBER of the nearest point", np.argmin),
        ("the NUMBER of the farthest point", np.argmax),
    ):
        for way, parts in (("a to b", {"nearest": reduce, "back": np.min}), ("b to a", {"back": reduce})):
            hint = "The distance of a point is that to its NEAREST one, both ways."
            found[f"from {way} you take {words} of the other contour.", hint] = parts
    return found


SLIPS = Slips(_distance, _table() | _one_direction())
