"""What slices do to a volume: labels that jump from one to the next, and what is left when slices are thick."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.data.volume import Volume


def lone_voxels(labels: NDArray[Any], axis: int = 0) -> NDArray[np.bool_]:
    """Voxels that differ from both neighbours along an axis although these two agree; none in the first and last slice.

    >>> lone_voxels(np.array([0, 1, 0, 0, 2, 2])).tolist()
    [False, True, False, False, False, False]
    """
    labels = np.moveaxis(labels, axis, 0)
    found = np.zeros(labels.shape, bool)
    found[1:-1] = (labels[1:-1] != labels[:-2]) & (labels[:-2] == labels[2:])
    return np.moveaxis(found, 0, axis)


def lone_share(labels: NDArray[Any], axis: int = 0) -> float:
    """Lone voxels in percent of the foreground's; nan where there is none."""
    size = np.count_nonzero(labels)
    return 100 * float(lone_voxels(labels, axis).sum()) / size if size else float("nan")


def thick(volume: Volume, every: int) -> Volume:
    """The volume with every `every`-th slice only, each standing for as many: voxels become taller, nothing is averaged.

    >>> thick(Volume(np.zeros((9, 4, 4)), None, "a", spacing_mm=(1, 1, 1)), 3)
    Volume('a', 3 x 4 x 4, no mask)
    """
    kept = slice(every // 2, None, every)
    spacing = None if volume.spacing_mm is None else (volume.spacing_mm[0] * every, *volume.spacing_mm[1:])
    mask = None if volume.mask is None else volume.mask[kept]
    return Volume(volume.image[kept], mask, volume.name, spacing)
