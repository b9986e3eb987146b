"""One case in three dimensions: an image, the expert's mask of the same voxels, and the size of a voxel."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.config import check_spacing

if TYPE_CHECKING:
    from banet_edu.datasets.volumes.grid import Grid


class Volume:
    """One case of a data set of volumes: what `Sample` is for images. Axes are (z, y, x): from inferior to superior, posterior
    to anterior, the patient's left to right, or the nearest to these.

    Args:
        image: D x H x W finite numbers as the file states them, kept as float32; or a function that loads them.
        mask: D x H x W of the same voxels, bool or unsigned integer labels 0, 1, 2 ..., or None; or a function.
        name: the case's name, unique in its data set.
        spacing_mm: (z, y, x) size of one voxel in mm; None where it is unknown.
        spacing_note, orientation_note: what must be said wherever these are used, such as that the file names no unit.
        grid: where the voxels lie in their file, for `write_nifti`; None without a file.

    >>> volume = Volume(np.ones((4, 5, 6)), np.zeros((4, 5, 6), bool), "a", spacing_mm=(3, 1, 1))
    >>> volume.image.dtype, volume.shape, volume.spacing_mm
    (dtype('float32'), (4, 5, 6), (3.0, 1.0, 1.0))
    """

    def __init__(
        self,
        image: NDArray[Any] | Callable[[], NDArray[Any]],
        mask: NDArray[Any] | Callable[[], NDArray[Any] | None] | None,
        name: str,
        spacing_mm: tuple[float, ...] | None = None,
        spacing_note: str = "",
        orientation_note: str = "",
        grid: Grid | None = None,
    ) -> None:
        self._image, self._mask, self.name, self.grid = image, mask, name, grid
        self.spacing_mm = None if spacing_mm is None else check_spacing(spacing_mm, 3)
        self.spacing_note, self.orientation_note = spacing_note, orientation_note

    @cached_property
    def image(self) -> NDArray[np.float32]:
        """D x H x W float32, all finite."""
        given = np.asarray(self._image() if callable(self._image) else self._image)
        if given.ndim != 3 or given.size == 0 or given.dtype.kind not in "buif":
            raise ValueError(f"image of {self.name!r}: D x H x W numbers expected, got {given.shape} {given.dtype}")
        with np.errstate(over="ignore"):
            image = given.astype(np.float32, copy=False)
        if bad := image.size - np.count_nonzero(np.isfinite(image)):
            raise ValueError(f"image of {self.name!r}: {bad} voxels are nan or inf: set them to 0 (numpy.nan_to_num)")
        return image

    @cached_property
    def mask(self) -> NDArray[Any] | None:
        """D x H x W, bool or unsigned integer labels, or None."""
        mask = self._mask() if callable(self._mask) else self._mask
        if mask is not None and (mask.dtype.kind not in "bu" or mask.shape != self.shape):
            wanted = f"bool or unsigned integers of its image's shape {self.shape}"
            raise ValueError(f"mask of {self.name!r}: {wanted} expected, got {mask.shape} {mask.dtype}")
        return mask

    @property
    def shape(self) -> tuple[int, ...]:
        """(D, H, W); where there is a file, without loading it."""
        return self.image.shape if self.grid is None else self.grid.sides

    @property
    def oriented(self) -> bool:
        """Whether it is known which way the patient lies: a file says so."""
        return self.grid is not None and self.grid.stated

    @property
    def affine(self) -> NDArray[np.float64] | None:
        """4 x 4, the FILE's: from indices along its own axes to (x, y, z) of the patient in its unit; None without a file."""
        return None if self.grid is None else self.grid.affine

    def __repr__(self) -> str:
        known = "not loaded" if callable(self._image) and self.grid is None else " x ".join(map(str, self.shape))
        return f"Volume({self.name!r}, {known}{', no mask' if self._mask is None else ''})"


def as_volume(volume: Any) -> Volume:
    """A Volume from a Volume or a D x H x W array; ValueError says how to get one from anything else."""
    if isinstance(volume, Volume):
        return volume
    if isinstance(volume, np.ndarray) and volume.ndim == 3:
        return Volume(volume, None, "volume")
    said = f"{type(volume).__name__}{' of shape ' + str(volume.shape) if isinstance(volume, np.ndarray) else ''}"
    raise ValueError(
        f"this network takes volumes, and {said} is none: read a file by banet_edu.datasets.volumes.nifti.read_nifti, or give "
        "D x H x W numbers"
    )


def normalised(volume: Volume | NDArray[Any]) -> NDArray[np.float32]:
    """D x H x W float32 for a network: intensities minus their mean, over their standard deviation, both of the voxels that
    are not 0 (scanners fill with 0 where they measured nothing; the 0 are scaled along). An image times a constant gives
    the same. Where the voxels that are not 0 are all alike, all voxels count; where all are alike, the result is 0.

    >>> normalised(np.array([[[0, 1, 3]]])).tolist()
    [[[-2.0, -1.0, 1.0]]]
    """
    image = volume.image if isinstance(volume, Volume) else np.asarray(volume, np.float32)
    for counted in (image[image != 0], image):
        if counted.size and (spread := float(counted.std(dtype=np.float64))) > 1e-6 * float(np.abs(counted).max()):
            return (image - float(counted.mean(dtype=np.float64))) / spread
    return np.zeros(image.shape, np.float32)


def centred(values: NDArray[Any], size: tuple[int, ...]) -> NDArray[Any]:
    """D x H x W at another size, without resampling: a shorter side is padded on both ends by the outermost voxels, of a longer
    one the middle is kept.

    >>> centred(np.array([[[1, 2, 3]]]), (1, 2, 5)).tolist()
    [[[1, 1, 2, 3, 3], [1, 1, 2, 3, 3]]]
    """
    cut = [max(0, side - wanted) // 2 for side, wanted in zip(values.shape, size, strict=True)]
    kept = values[tuple(slice(start, start + wanted) for start, wanted in zip(cut, size, strict=True))]
    missing = [wanted - side for side, wanted in zip(kept.shape, size, strict=True)]
    return np.pad(kept, [(gap // 2, gap - gap // 2) for gap in missing], mode="edge")
