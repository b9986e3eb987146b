"""Where the voxels of a volume's file lie in the patient, and how many of them are read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_VOXELS = 2**28  # 512 x 512 x 1024: a gigabyte of float32
OBLIQUE_DEGREES = 1.0  # from here on it is said that an axis is only the nearest
NO_ORIENTATION = "the file states no orientation: its first axis is taken to run from the patient's right to left"
SHEARED = 0.02  # cosine between two axes from which on distances between voxels would be wrong by as many percent


@dataclass(frozen=True, eq=False)
class Grid:
    """The voxels of a file: `shape` (i, j, k) along the file's own axes, and `affine`, 4 x 4 float, which takes a voxel's
    indices to (x, y, z) of the patient in the file's unit of length: to the right, to the front, upwards ("RAS").

    `to_ras` turns an array of the file's axes to (z, y, x), each running along the nearest axis of the patient; `to_file` turns
    it back. Both only permute and flip. `header` is what a writer needs besides, where the file was NIfTI. `stated`: whether
    the file says where the patient's axes are, or they are only taken to be so.

    Raises ValueError for an affine that is singular or whose axes are not at right angles.

    >>> grid = Grid((4, 3, 2), np.diag([-1.0, 1, 5, 1]))  # its first axis runs from right to left
    >>> stored = np.arange(24).reshape(4, 3, 2)
    >>> grid.to_ras(stored).shape, bool((grid.to_file(grid.to_ras(stored)) == stored).all())
    ((2, 3, 4), True)
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    header: Any = None
    stated: bool = True

    def __post_init__(self) -> None:
        axes = self.affine[:3, :3]
        if not np.isfinite(self.affine).all() or (self.lengths == 0).any() or np.linalg.matrix_rank(axes) < 3:
            raise ValueError(
                f"its affine is singular ({np.array2string(axes, precision=4, separator=', ')}): it places the voxels in no "
                "space. Write the file again with the right one, from the scanner's DICOM files if you have them"
            )
        cosines = np.abs(np.triu(self._directions.T @ self._directions, 1)).max()
        if cosines > SHEARED:
            raise ValueError(
                f"its axes are not at right angles but at {math.degrees(math.acos(cosines)):.0f} degrees, as a tilted gantry "
                "or a registration leaves them: resample it to a straight grid first"
            )

    @cached_property
    def lengths(self) -> NDArray[np.float64]:
        """Size of a voxel along the file's axes, in the file's unit."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    @cached_property
    def _directions(self) -> NDArray[np.float64]:
        return self.affine[:3, :3] / self.lengths

    @cached_property
    def _turn(self) -> tuple[tuple[int, ...], tuple[int, ...], float]:
        """For (z, y, x): the file's axis nearest to it, which of the three run the other way, the largest angle in degrees."""
        free, found = np.abs(self._directions), {}
        for _ in range(3):  # the clearest first
            patient, own = np.unravel_index(int(free.argmax()), free.shape)
            found[int(patient)] = int(own)
            free[patient], free[:, own] = -1, -1
        order = tuple(found[patient] for patient in (2, 1, 0))
        along = [float(self._directions[patient, own]) for patient, own in zip((2, 1, 0), order, strict=True)]
        angle = math.degrees(math.acos(min(1.0, min(map(abs, along)))))
        return order, tuple(axis for axis, cosine in enumerate(along) if cosine < 0), angle

    @property
    def sides(self) -> tuple[int, ...]:
        """(D, H, W), the shape along (z, y, x)."""
        return tuple(self.shape[axis] for axis in self._turn[0])

    @property
    def lengths_zyx(self) -> tuple[float, float, float]:
        z, y, x = (float(self.lengths[axis]) for axis in self._turn[0])
        return z, y, x

    @property
    def note(self) -> str:
        """What must be said of the orientation; "" where the axes are the patient's."""
        if not self.stated:
            return NO_ORIENTATION
        angle = self._turn[2]
        if angle < OBLIQUE_DEGREES:
            return ""
        return f"its axes are turned by up to {angle:.0f} degrees from the patient's: each is named for the nearest"

    def to_ras(self, stored: NDArray[Any]) -> NDArray[Any]:
        order, flipped, _ = self._turn
        return np.flip(stored.transpose(order), flipped)

    def to_file(self, values: NDArray[Any]) -> NDArray[Any]:
        order, flipped, _ = self._turn
        return np.flip(values, flipped).transpose(np.argsort(order))


def check_voxels(path: Path, shape: tuple[int, ...]) -> None:
    """ValueError for a volume with a side of no voxels, or of more than `MOST_VOXELS`, before anything is decoded."""
    voxels, sides = math.prod(shape), " x ".join(map(str, shape))
    if voxels < 1:
        raise ValueError(f"{path}: is empty ({sides} voxels)")
    if voxels > MOST_VOXELS:
        raise ValueError(
            f"{path}: {sides} are {voxels // 10**6} million voxels, at most {MOST_VOXELS // 10**6} million are read: crop it, "
            "or save it with larger voxels"
        )
