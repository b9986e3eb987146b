"""Lesson 01, why boundaries fail: two simulated readers and its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.course.checks import as_number, attempt, checked, recognise_number
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
    rng = np.random.default_rng(5)
    averaged = False
    for spacing in ((1.0, 1.0), (0.5, 0.5), (0.4, 1.5)):
        angle = np.sort(rng.uniform(0, 2 * np.pi, 60))
        a = np.stack([40 + 20 * np.sin(angle), 50 + 22 * np.cos(angle)], axis=1)
        b = np.stack([43 + 24 * np.sin(angle[::2]), 46 + 19 * np.cos(angle[::2])], axis=1)
        found = as_number(
            attempt(my_mean_distance, "my_mean_distance", a, b, spacing), "what my_mean_distance gives", "in mm"
        )
        near_a, near_b = _nearest(a, b, spacing), _nearest(b, a, spacing)
        wanted, of_means = np.concatenate([near_a, near_b]).mean(), (near_a.mean() + near_b.mean()) / 2
        if np.isclose(found, wanted, rtol=1e-3):
            continue
        if np.isclose(found, of_means, rtol=1e-3):
            averaged = True
            continue
        raise recognise_number(
            found,
            _slips(a, b, spacing),
            (
                f"for two contours of 60 and 30 points and pixels of {spacing[0]:g} x {spacing[1]:g} mm you find "
                f"{found:.2f} mm; it is {wanted:.2f} mm.",
                "Try a = [[0, 0]] and b = [[3, 4]] with pixels of 1 x 1 mm: the distance is 5 mm.",
            ),
        )
    if averaged:
        return "the mean of both directions' means. (The package's ASSD weighs every POINT alike; both are in use.)"
    return "the mean distance over the points of both contours, in mm, also where pixels are not square: the ASSD."


def _nearest(a: Points, b: Points, spacing: tuple[float, float]) -> Points:
    """The distance in mm of each point of `a` to the nearest one of `b`."""
    apart = (a[:, None] - b[None]) * np.asarray(spacing)
    return np.sqrt((apart**2).sum(axis=-1)).min(axis=1)


def _slips(a: Points, b: Points, spacing: tuple[float, float]) -> dict[tuple[str, str], Any]:
    there, back = _nearest(a, b, spacing), _nearest(b, a, spacing)
    both = np.concatenate([there, back])
    pixels = np.concatenate([_nearest(a, b, (1, 1)), _nearest(b, a, (1, 1))])
    swapped = np.concatenate([_nearest(a, b, spacing[::-1]), _nearest(b, a, spacing[::-1])])
    blocks = np.concatenate(
        [np.abs((p[:, None] - q[None]) * np.asarray(spacing)).sum(-1).min(axis=1) for p, q in ((a, b), (b, a))]
    )
    middle = np.sqrt((((a.mean(0) - b.mean(0)) * spacing) ** 2).sum())
    not_square = "A pixel may be higher than wide: multiply the row difference by spacing_mm[0], the column's by [1]."
    one_way = "Measure from b to a as well: a point of b may lie far from a although all of a lies near b."
    return {
        ("your function says 0 mm for two contours that lie apart.", "Return the mean of the distances."): 0.0,
        ("you measure from a to b only.", one_way): there.mean(),
        ("you measure from b to a only.", one_way.replace("b to a", "a to b")): back.mean(),
        ("that is the LARGEST distance (the Hausdorff distance).", "Take the mean instead of the maximum."): both.max(),
        (
            "that is the smallest distance.",
            "The minimum belongs to each point (its nearest one); then take the mean.",
        ): both.min(),
        ("that is the sum of the distances.", "Divide by their number, or use .mean()."): both.sum(),
        (
            "that is in pixels, not in mm.",
            "Multiply differences by spacing_mm BEFORE you take the root.",
        ): pixels.mean(),
        ("rows and columns have exchanged their pixel sizes.", "spacing_mm is (row, column)."): swapped.mean(),
        ("you multiply by the row size of a pixel only.", not_square): pixels.mean() * spacing[0],
        ("you multiply by the column size of a pixel only.", not_square): pixels.mean() * spacing[1],
        ("you multiply by the mean size of a pixel.", not_square): pixels.mean() * np.mean(spacing),
        ("you add row and column difference.", "Straight lines: the root of the sum of squares."): blocks.mean(),
        ("you take the root of the mean square.", "First the root for each point, then the mean."): np.sqrt(
            (both**2).mean()
        ),
        ("the root is missing.", "The distance is the ROOT of the sum of squared differences."): (both**2).mean(),
        ("you measure between the centres.", "Two contours with one centre can lie far apart: use each point."): middle,
    }
