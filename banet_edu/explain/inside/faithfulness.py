"""Can an attribution be believed? Two measurements, each with a verdict in one line.

`deletion_insertion`: if the map is right, blurring the pixels it ranks highest must break the decision sooner than
blurring pixels in random order, and showing them first must restore it sooner (RISE, arXiv:1806.07421). Here only the
region's own pixels are touched. `randomisation_check`: a map that stays the same when the network forgets what it has learned
says nothing about the network (arXiv:1810.03292).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from banet_edu.data.sample import Sample
from banet_edu.explain.inside.attribution import Attribution
from banet_edu.explain.inside.randomisation import RandomisationResult, randomisation_check
from banet_edu.explain.inside.regions import Region
from banet_edu.explain.inside.target import RegionScore, Toward, baseline_input, region_score
from banet_edu.prediction import evaluating

__all__ = ["FaithfulnessResult", "RandomisationResult", "deletion_insertion", "randomisation_check"]

Curve = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FaithfulnessResult:
    """What `deletion_insertion` found. n = steps + 1 points; r random orders. Scores in logits.

    Attributes:
        method, region, toward: of the attribution.
        fraction: n, share of the region's pixels that are blurred (deletion) or shown (insertion), 0 to 1.
        deletion, insertion: n, the score in the attribution's order.
        random_deletion, random_insertion: r x n, in random orders.
        settings: what it was computed with.
    """

    method: str
    region: Region
    toward: Toward
    fraction: Curve
    deletion: Curve
    insertion: Curve
    random_deletion: NDArray[np.float64]
    random_insertion: NDArray[np.float64]
    settings: dict[str, Any]

    @property
    def deletion_area(self) -> float:
        """Mean score along the deletion curve: lower is better."""
        return _area(self.deletion)

    @property
    def insertion_area(self) -> float:
        """Mean score along the insertion curve: higher is better."""
        return _area(self.insertion)

    @property
    def random_deletion_areas(self) -> Curve:
        """The same for every random order."""
        return np.array([_area(curve) for curve in self.random_deletion])

    @property
    def random_insertion_areas(self) -> Curve:
        """The same for every random order."""
        return np.array([_area(curve) for curve in self.random_insertion])

    @property
    def beats_deletion(self) -> bool:
        """Lower than EVERY random order."""
        return bool(self.deletion_area < self.random_deletion_areas.min())

    @property
    def beats_insertion(self) -> bool:
        """Higher than EVERY random order."""
        return bool(self.insertion_area > self.random_insertion_areas.max())

    @property
    def faithful(self) -> bool:
        """Better than every random order both ways."""
        return self.beats_deletion and self.beats_insertion

    @property
    def verdict(self) -> str:
        """One line, with the figures."""
        better = [name for name, won in (("deletion", self.beats_deletion), ("insertion", self.beats_insertion)) if won]
        said = {
            2: "faithful",
            1: f"only half faithful ({''.join(better)} alone beats random)",
            0: "not better than random",
        }
        return f"{said[len(better)]}: {self._figures()}"

    def _figures(self) -> str:
        deleted, inserted = self.random_deletion_areas, self.random_insertion_areas
        close = min(abs(self.deletion_area - deleted.min()), abs(self.insertion_area - inserted.max()))
        d = next((d for d in range(2, 6) if close >= 10.0**-d), 6)  # decimals that show what the verdict rests on
        return (
            f"mean score deleting {self.deletion_area:.{d}f} (random {deleted.min():.{d}f} to {deleted.max():.{d}f}), "
            f"inserting {self.insertion_area:.{d}f} (random {inserted.min():.{d}f} to {inserted.max():.{d}f})"
        )

    def __repr__(self) -> str:
        return f"FaithfulnessResult({self.method}, {self.region.name}: {self.verdict})"


def deletion_insertion(
    model: nn.Module,
    sample: Sample | Any,
    attribution: Attribution,
    *,
    steps: int = 10,
    seeds: Sequence[int] = tuple(range(20)),
    cell: int = 4,
    blur_px: float | None = None,
) -> FaithfulnessResult:
    """Blur the region's pixels in the attribution's order, and show them again in that order; compare with random orders.

    Args:
        model, sample: those of the attribution.
        attribution: of a pixel method; what its map says outside of its region is not tested.
        steps: equal portions in which the region is blurred or shown.
        seeds: one random order each, at least two: by seed modulo 3 of single cells, of patches, or of larger patches,
            because maps have patches too. To beat 20 of them by chance happens about once in 20.
        cell: pixels are taken in squares of this side (input pixels), those of the map and of the random orders alike.
            Scattered single pixels are a picture of their own, which the network reacts to: a random order of pixels
            would be an unfair yardstick.
        blur_px: as in `attribute`.

    Only copies of the image change, never the model.

    Raises ValueError on an attribution without a map or of another input size, a bad `steps`, `cell` or `seeds`.
    """
    if attribution.map is None:
        raise ValueError(f"{attribution.method} gives no map of pixels; integrated_gradients, occlusion and gradcam do")
    if steps < 2 or cell < 1:
        raise ValueError(f"steps must be at least 2 and cell at least 1, got steps={steps} and cell={cell}")
    if len(seeds) < 2:
        raise ValueError(f"give at least two seeds: one random order is no yardstick, got {list(seeds)}")
    with evaluating(model):
        score = region_score(model, sample, attribution.region, attribution.toward)
        if attribution.map.shape != tuple(score.x.shape[2:]):
            found, wanted = attribution.map.shape, tuple(score.x.shape[2:])
            raise ValueError(f"the map is {found}, the network's input {wanted}: attribute and test one model")
        places = np.nonzero(score.inside)
        block = np.ravel_multi_index(tuple(axis // cell for axis in places), attribution.map.shape)
        _, cells = np.unique(block, return_inverse=True)
        maps: list[NDArray[Any]] = [attribution.map, *(_noise(seed, attribution.map.shape, cell) for seed in seeds)]
        weights = [np.bincount(cells, values[places]) / np.bincount(cells) for values in maps]
        orders = [np.argsort(-weight, kind="stable") for weight in weights]
        if len(orders[0]) < steps:
            raise ValueError(f"the region has {len(orders[0])} cells of {cell} px, fewer than {steps} steps: lower one")
        blurred = baseline_input(score.x, "blur", blur_px)
        ends = _hidden(score.x, blurred, places)
        at_ends = [float(score.of(end)[0]) for end in ends]
        curves = [_curves(score, ends, at_ends, places, cells, order, steps) for order in orders]
    settings = {"steps": steps, "seeds": list(seeds), "cell": cell, "blur_px": blur_px, "cells": len(orders[0])}
    return FaithfulnessResult(
        attribution.method, score.region, attribution.toward, np.linspace(0, 1, steps + 1), *curves[0],
        np.array([deletion for deletion, _ in curves[1:]]), np.array([insertion for _, insertion in curves[1:]]),
        settings,
    )  # fmt: skip


def _hidden(x: Tensor, blurred: Tensor, places: tuple[NDArray[Any], ...]) -> tuple[Tensor, Tensor]:
    """The image as it is, and with the whole region blurred."""
    hidden = x.clone()
    here: Any = (slice(None), slice(None), *places)
    hidden[here] = blurred[here]
    return x, hidden


def _noise(seed: int, shape: tuple[int, ...], cell: int) -> NDArray[np.float64]:
    """h x w, a random map: single cells at random, patches, or larger patches, as the seed has it."""
    noise = np.random.default_rng(seed).normal(size=shape)
    grain = (0, 1, 2)[seed % 3] * cell
    if grain == 0:
        return noise
    return gaussian_filter(noise, grain) if len(shape) == 3 else np.asarray(cv2.GaussianBlur(noise, (0, 0), grain))


def _curves(
    score: RegionScore,
    ends: tuple[Tensor, Tensor],
    at_ends: Sequence[float],
    places: tuple[NDArray[Any], ...],
    cells: NDArray[Any],
    order: NDArray[Any],
    steps: int,
) -> tuple[Curve, Curve]:
    """Scores while the cells are blurred in this order, and shown in this order. All orders begin and end alike: `at_ends`."""
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    found = []
    for (begin, end), (first, last) in ((ends, at_ends), (ends[::-1], at_ends[::-1])):
        pictures = begin.repeat(steps - 1, *[1] * (begin.ndim - 1))
        for k in range(1, steps):
            taken = rank[cells] < round(k * len(order) / steps)
            here: tuple[Any, ...] = tuple(axis[taken] for axis in places)
            pictures[k - 1, :, *here] = end[0, :, *here]
        found.append(np.array([first, *score.of(pictures), last]))
    return found[0], found[1]


def _area(curve: Curve) -> float:
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))
