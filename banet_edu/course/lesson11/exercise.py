"""Lesson 11, the third dimension: its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from banet_edu.course.checks import Slips, Wrong, attempt, checked
from banet_edu.course.values import told_apart

Points = NDArray[Any]
Spacing = tuple[float, float, float]


@checked
def check_distances(my_distances: Callable[[Points, Points, Spacing], NDArray[Any]]) -> str:
    """Check `my_distances(found, expert, spacing_mm)`: for each of N surface voxels of `found` (N x 3 indices z, y, x) the
    distance in mm to the nearest of `expert` (M x 3); N numbers.

    >>> check_distances(lambda found, expert, spacing_mm: np.zeros(len(found))).said
    'every distance is 0.'
    """
    runs = []
    for found, expert, spacing in _cases():
        given = found.copy(), expert.copy(), spacing
        result = attempt(my_distances, "my_distances", *given, hint=_hint)
        runs.append(((found, expert, spacing), _as_numbers(result, len(found), len(expert))))
    off = [
        (spacing, _distances(found, expert, spacing), result)
        for (found, expert, spacing), result in runs
        if not np.allclose(result, _distances(found, expert, spacing), rtol=1e-4, atol=1e-4)
    ]
    if off:
        spacing, wanted, result = off[0]
        worst = int(np.nanargmax(np.abs(result - wanted)))
        near, yours = told_apart(float(wanted[worst]), float(result[worst]), 2)
        raise SLIPS.explain(runs, lambda given, result, *_: np.allclose(given, result, rtol=1e-4, atol=1e-4)) or Wrong(
            f"voxels of {' x '.join(f'{size:g}' for size in spacing)} mm: voxel {worst} of `found` is {near} mm "
            f"from the nearest, you have {yours}.",
            "Differences of indices, times spacing_mm, then the length of each, then the smallest per voxel of `found`.",
        )
    return (
        "millimetres from each surface voxel to the nearest, for cubes and for thick slices, in either order of sets."
    )


def _cases() -> list[tuple[Points, Points, Spacing]]:
    """Two surfaces, thick slices, cubes and voxels of three sizes; the nearest in voxels is not always the nearest in mm."""
    random = np.random.default_rng(11)
    surfaces = [random.integers(0, 12, (count, 3)) for count in (17, 23)]
    return [
        (surfaces[0], surfaces[1], (3.0, 1.0, 1.0)),
        (surfaces[1], surfaces[0], (1.0, 1.0, 1.0)),
        (surfaces[0], surfaces[1], (2.5, 0.5, 0.8)),
    ]


def _as_numbers(value: Any, count: int, others: int) -> NDArray[np.float64]:
    if isinstance(value, torch.Tensor):
        value = value.numpy()
    if isinstance(value, list | tuple):
        try:
            value = np.asarray(value)
        except ValueError:
            raise Wrong("the rows of your list have different lengths.", "Return an array of one axis.") from None
    if np.ndim(value) == 0 and isinstance(value, int | float | np.number):
        raise Wrong(
            "one number came back; each voxel of `found` has a distance of its own.",
            "Take the smallest along one axis only: .min(axis=1).",
        )
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        raise Wrong(f"my_distances gives {type(value).__name__}, {count} numbers are expected.", "Return an array.")
    if value.shape == (others,):
        raise Wrong(
            f"{others} numbers came back, one per voxel of `expert`; `found` has {count} voxels.",
            "The smallest is taken over the expert's voxels: that axis disappears, the other stays.",
        )
    if value.shape == (count, 1):
        value = value[:, 0]
    if value.shape != (count,):
        raise Wrong(
            f"the result has the shape {value.shape}; `found` has {count} voxels, so ({count},) is expected.",
            "Differences of all pairs are N x M x 3, their lengths N x M, the smallest of each row N.",
        )
    if not np.isfinite(value).all():
        raise Wrong("the result holds values that are nan or infinite.", "A root of a negative number? Square first.")
    return value.astype(float)


def _hint(error: Exception) -> str:
    said = str(error)
    if "broadcast" in said:
        return "All pairs at once: found[:, None] - expert[None] has the shape N x M x 3."
    if isinstance(error, TypeError) and "tuple" in said:
        return "spacing_mm is a tuple: np.asarray(spacing_mm) can be multiplied with an array."
    return ""


def _distances(
    found: Points,
    expert: Points,
    spacing: Spacing,
    *,
    sizes: Callable[[NDArray[Any]], Any] = lambda sizes: sizes,
    apart: Callable[..., NDArray[Any]] = lambda found, expert, sizes: (found[:, None] - expert[None]) * sizes,
    length: Callable[[NDArray[Any]], NDArray[Any]] = lambda d: np.sqrt((d**2).sum(axis=-1)),
    nearest: Callable[..., NDArray[Any]] = lambda lengths, found, expert, sizes: lengths.min(axis=1),
    given: Callable[[NDArray[Any]], NDArray[Any]] = lambda distances: distances,
) -> NDArray[np.float64]:
    """The distances, step by step, each of which can be taken wrongly."""
    mm = sizes(np.asarray(spacing, float))
    lengths = length(apart(found.astype(float), expert.astype(float), mm))
    return np.asarray(given(nearest(lengths, found, expert, mm)), float)


def _in_voxels(lengths: NDArray[Any], found: Points, expert: Points, sizes: Any) -> NDArray[Any]:
    """The nearest in voxels, and then its distance in mm."""
    voxels = np.linalg.norm((found[:, None] - expert[None]).astype(float), axis=-1)
    return lengths[np.arange(len(found)), voxels.argmin(axis=1)]


def _voxels_away(lengths: NDArray[Any], found: Points, expert: Points, sizes: Any) -> NDArray[Any]:
    """The nearest in mm, and then its distance in voxels."""
    return np.linalg.norm((found - expert[lengths.argmin(axis=1)]).astype(float), axis=-1)


def _table() -> dict[tuple[str, str], dict[str, Any]]:
    scale = "Multiply the difference along each axis by its own size: (found[:, None] - expert[None]) * spacing_mm."
    row = "The distance asked for is to the NEAREST: .min over the expert's voxels."
    root = "The length of (a, b, c) is the root of a² + b² + c²."
    one = "a voxel's size is a number per axis; here one number stands for all three."
    words: dict[tuple[str, str], dict[str, Any]] = {
        ("the size of a voxel is left out: these are voxels, not millimetres.", scale): {"sizes": lambda s: 1.0},
        ("the sizes are in the wrong order: spacing_mm is (z, y, x), as the indices are.", scale): {"sizes": lambda s: s[::-1]},
        ("the sizes of z and y are exchanged.", scale): {"sizes": lambda s: s[[1, 0, 2]]},
        ("the sizes of y and x are exchanged.", scale): {"sizes": lambda s: s[[0, 2, 1]]},
        ("the differences are divided by the voxel's size.", scale): {"sizes": lambda s: 1 / s},
        ("the voxel's size is squared before it is used.", scale): {"sizes": lambda s: s**2},
        ("the root of the voxel's size is used.", scale): {"sizes": lambda s: s**0.5},
        (f"{one} The mean.", scale): {"sizes": lambda s: s.mean()},
        (f"{one} The thickness of a slice, spacing_mm[0].", scale): {"sizes": lambda s: s[0]},
        (f"{one} spacing_mm[1].", scale): {"sizes": lambda s: s[1]},
        (f"{one} spacing_mm[2].", scale): {"sizes": lambda s: s[2]},
        (f"{one} Their sum.", scale): {"sizes": lambda s: s.sum()},
        (f"{one} Their product, a volume.", scale): {"sizes": lambda s: s.prod()},
        ("the voxel's size is added to the differences.", scale): {"apart": lambda f, e, s: f[:, None] - e[None] + s},
        ("only the voxels of `found` are scaled.", scale): {"apart": lambda f, e, s: f[:, None] * s - e[None]},
        ("only the voxels of `expert` are scaled.", scale): {"apart": lambda f, e, s: f[:, None] - e[None] * s},
        ("`found` and `expert` are added, not subtracted.", scale): {"apart": lambda f, e, s: (f[:, None] + e[None]) * s},
        ("the distance is that within one slice: z is left out.", root):
            {"apart": lambda f, e, s: (f[:, None, 1:] - e[None, :, 1:]) * (s if np.ndim(s) == 0 else s[1:])},
        ("y is left out.", root): {"apart": lambda f, e, s: ((f[:, None] - e[None]) * s)[..., [0, 2]]},
        ("x is left out.", root): {"apart": lambda f, e, s: ((f[:, None] - e[None]) * s)[..., :2]},
        ("the root is missing: these are square millimetres.", root): {"length": lambda d: (d**2).sum(axis=-1)},
        ("the three differences are added up as they are, signs and all.", root): {"length": lambda d: d.sum(axis=-1)},
        ("the three differences are added up, a walk along the axes.", root): {"length": lambda d: np.abs(d).sum(axis=-1)},
        ("only the largest of the three differences counts.", root): {"length": lambda d: np.abs(d).max(axis=-1)},
        ("only the smallest of the three differences counts.", root): {"length": lambda d: np.abs(d).min(axis=-1)},
        ("the mean of the squares is taken, not their sum.", root): {"length": lambda d: np.sqrt((d**2).mean(axis=-1))},
        ("the third power stands where the square should.", root): {"length": lambda d: np.sqrt((np.abs(d) ** 3).sum(axis=-1))},
        ("the distance to the FARTHEST voxel is taken.", row): {"nearest": lambda lengths, *_: lengths.max(axis=1)},
        ("the mean distance to all voxels is taken.", row): {"nearest": lambda lengths, *_: lengths.mean(axis=1)},
        ("the median distance to all voxels is taken.", row): {"nearest": lambda lengths, *_: np.median(lengths, axis=1)},
        ("the distances to all voxels are added up.", row): {"nearest": lambda lengths, *_: lengths.sum(axis=1)},
        ("the number of the nearest voxel came back, not its distance: argmin.", row):
            {"nearest": lambda lengths, *_: lengths.argmin(axis=1)},
        ("the distance to the first of the expert's voxels is taken.", row): {"nearest": lambda lengths, *_: lengths[:, 0]},
        ("the distance to the last of the expert's voxels is taken.", row): {"nearest": lambda lengths, *_: lengths[:, -1]},
        ("the nearest is looked for in voxels, and then measured in mm: another one may be nearer.",
         "Scale first, then look for the nearest."): {"nearest": _in_voxels},
        ("the nearest is found in mm, and its distance then given in voxels.", scale): {"nearest": _voxels_away},
        ("every distance is 0.", row): {"nearest": lambda lengths, *_: np.zeros(len(lengths))},
        ("the distances are sorted: each must stay with its voxel.", "Leave them in the order of `found`."):
            {"given": np.sort},
        ("the distances are rounded.", "Return them as they are."): {"given": np.round},
        ("the distances are cut to whole numbers.", "Return them as they are."): {"given": np.floor},
        ("the distances are negative.", "A distance is 0 or more."): {"given": np.negative},
        ("half of the distances came back.", "Return them as they are."): {"given": lambda d: d / 2},
    }  # fmt: skip
    return words


SLIPS = Slips(_distances, _table())
