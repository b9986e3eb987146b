"""What choosing the best does to the figure that is then reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Drawn = tuple[NDArray[np.float64], NDArray[np.float64]]
Curves = Mapping[int, Mapping[int, float]]


def chosen_and_fresh(figures: ArrayLike, candidates: int, images: int, *, draws: int = 2000, seed: int = 0) -> Drawn:
    """Choose the best of some networks on a few images, measure it there, and measure it on all the other images.

    Args:
        figures: n images x m networks, higher is better.
        candidates: how many networks to choose from, 1 to m, drawn at random in every draw.
        images: how many images to choose on, 1 to n - 1, drawn at random in every draw.
        draws: how often all this is done.

    Returns:
        For each draw the mean of the chosen network on the images it was chosen on, and on the images left.

    Raises ValueError for numbers out of range or missing figures.

    >>> said, fresh = chosen_and_fresh([[0.5, 0.7], [0.5, 0.7], [0.5, 0.7]], candidates=2, images=1, draws=3)
    >>> said.round(1).tolist(), fresh.round(1).tolist()
    ([0.7, 0.7, 0.7], [0.7, 0.7, 0.7])
    """
    table = np.asarray(figures, dtype=float)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError("figures are a table of images x networks without missing values")
    total, networks = table.shape
    if not (1 <= candidates <= networks and 1 <= images < total):
        raise ValueError(
            f"choose from 1 to {networks} networks on 1 to {total - 1} images, not from {candidates} on {images}"
        )
    random = np.random.default_rng(seed)
    said, fresh = np.empty(draws), np.empty(draws)
    for draw in range(draws):
        order = random.permutation(total)
        offered = random.permutation(networks)[:candidates]
        here = table[order[:images]].mean(axis=0)
        best = offered[here[offered].argmax()]
        said[draw], fresh[draw] = here[best], table[order[images:], best].mean()
    return said, fresh


def optimism_curves(
    figures: ArrayLike, candidates: Sequence[int], images: Sequence[int], *, draws: int = 600
) -> dict[int, dict[int, float]]:
    """Number of images -> number of candidates -> mean of the chosen network there minus its mean on other images."""
    found: dict[int, dict[int, float]] = {}
    for count in images:
        found[count] = {}
        for offered in candidates:
            said, fresh = chosen_and_fresh(figures, offered, count, draws=draws)
            found[count][offered] = float((said - fresh).mean())
    return found
