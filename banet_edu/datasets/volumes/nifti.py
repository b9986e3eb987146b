"""NIfTI files as volumes (extra `volumes`).

What the header says and what is made of it: `affine` is nibabel's choice (sform, else qform, else none stated). The size of a
voxel is the length of the affine's columns in the header's unit of length (mm, metre, micron); a file that names none, as
nibabel itself writes them, is in mm as everybody reads it, and `spacing_note` says so. Where `pixdim` states another size than
the affine, neither is believed.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.data.limits import regular_file
from banet_edu.data.mask_values import ValueMap
from banet_edu.data.reading import stem
from banet_edu.data.sample import WHITE
from banet_edu.data.volume import Volume
from banet_edu.datasets.volumes.grid import Grid, check_voxels

MM = {1: 1000.0, 2: 1.0, 3: 0.001}  # of the header's units of length: metre, mm, micron
NO_UNIT = "the file names no unit of length: taken as mm"


def read_nifti(
    image: str | Path,
    mask: str | Path | None = None,
    *,
    name: str | None = None,
    spacing_mm: tuple[float, ...] | None = None,
    value_map: ValueMap | None = None,
) -> Volume:
    """A NIfTI file (.nii or .nii.gz) and the mask of the same voxels as a `Volume`; headers are read now, voxels when used.

    Args:
        image, mask: files of one shape and one affine. Intensities are scaled as the header says (scl_slope, scl_inter). Mask
            values are whole numbers from 0 on, stored in any type; of 0 and 1, or 0 and 255, the mask is bool.
        name: the case's; the file's without a name. spacing_mm: (z, y, x), instead of the header's.
        value_map: {value in the mask's file: label}.

    Raises:
        FileNotFoundError: no such file. ModuleNotFoundError: nibabel is not installed.
        ValueError: names the file, what it holds and the way out: not NIfTI, truncated or damaged, without voxels, with more
            than 268 million, of two or four dimensions, colours or complex numbers; an affine that is singular or skewed, two
            sizes of a voxel; image and mask of unlike shapes or affines. At the first use: nan or inf, mask values that are
            not whole, negative, above 65535 or not in the value map.

    Example: `volume = read_nifti("imagesTr/hippocampus_001.nii.gz", "labelsTr/hippocampus_001.nii.gz")`
    """
    image = Path(image)
    opened = _opened(image)
    grid = _grid(image, opened)
    spacing, note = (spacing_mm, "") if spacing_mm is not None else _spacing(image, opened, grid)
    if mask is not None:
        mask = Path(mask)
        _check_same(image, grid, mask, _grid(mask, _opened(mask)))
    return Volume(
        lambda: read_intensities(image),
        None if mask is None else lambda: as_bool(read_labels(mask, value_map, grid)),
        stem(image) if name is None else name,
        spacing,
        note,
        grid.note,
        grid,
    )


def read_intensities(path: Path) -> NDArray[np.float32]:
    """The voxels of a file, D x H x W float32, scaled as its header says; errors as `read_nifti`."""
    opened = _opened(path)
    values = _voxels(path, opened, np.float32)
    if bad := values.size - np.count_nonzero(np.isfinite(values)):
        raise ValueError(
            f"{path}: {bad} of {values.size} voxels are nan or inf: set them to 0 where nothing was measured "
            "(numpy.nan_to_num), and save it again"
        )
    return values


def read_labels(path: Path, value_map: ValueMap | None = None, grid: Grid | None = None) -> NDArray[Any]:
    """The labels of a mask's file, D x H x W uint8 or uint16, 0 and 255 as 0 and 1; errors as `read_nifti`.

    `grid`: of the image that it belongs to, and is turned like. Near 45 degrees two affines that are the same but for rounding
    may name other axes."""
    values = _voxels(path, _opened(path), None, grid)
    whole = values if values.dtype.kind in "bu" else np.rint(values)
    odd = ~(np.abs(values - whole) <= 1e-4) if values.dtype.kind == "f" else np.zeros(1, bool)  # nan is odd too
    if odd.any():
        raise ValueError(
            f"{path}: {np.count_nonzero(odd)} of {odd.size} mask values are no whole numbers, such as {values[odd][0]:g}. Of "
            "probabilities, save those above a threshold as 1; resample masks by nearest neighbour"
        )
    low, high = int(whole.min()), int(whole.max())
    if low < 0 or high > np.iinfo(np.uint16).max:
        raise ValueError(f"{path}: mask values {low} to {high}: labels run from 0 (background) to 65535, save them so")
    labels = whole.astype(np.uint8 if high <= WHITE else np.uint16)
    if value_map is None:
        return (labels == WHITE).astype(np.uint8) if high == WHITE and set(np.unique(labels)) <= {0, WHITE} else labels
    table, found = np.full(high + 1, -1), np.unique(labels)
    for value, label in value_map.items():
        if isinstance(value, int) and 0 <= value <= high:
            table[value] = label
    if unnamed := [int(value) for value in found if table[value] < 0]:
        raise ValueError(f"{path}: holds the values {unnamed[:6]}, which the value map {dict(value_map)} does not name")
    return table[labels].astype(np.uint8)


def as_bool(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels of background and one class as bool, others as they are."""
    return labels.astype(bool) if labels.max() <= 1 else labels


def _opened(path: Path) -> Any:
    """nibabel's image, its header read and its shape one that is read."""
    import nibabel

    regular_file(path)
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: is empty (0 bytes)")
    try:
        opened: Any = nibabel.load(path)
        shape, kind = tuple(map(int, opened.shape)), opened.get_data_dtype()
        if not isinstance(opened, nibabel.Nifti1Image):
            raise ValueError(type(opened).__name__)
    except Exception as error:  # a broken header leads nibabel to whatever it likes
        raise ValueError(
            f"{path}: is not a readable NIfTI file ({' '.join(str(error).split())}): one file .nii or .nii.gz is read"
        ) from None
    if len(shape) < 3 or max(shape[3:], default=1) > 1:
        raise ValueError(
            f"{path}: has {len(shape)} dimensions ({' x '.join(map(str, shape))}); a volume has three: "
            + ("open slices as images" if len(shape) < 3 else "save the one to use, such as one time or one sequence")
        )
    check_voxels(path, shape)
    if kind.kind not in "buif" or kind.itemsize > 8:
        raise ValueError(f"{path}: holds {kind} (colours or complex numbers?): save it with one number a voxel")
    return opened


def _grid(path: Path, opened: Any) -> Grid:
    try:
        x, y, z = opened.shape[:3]
        stated = int(opened.header["qform_code"]) > 0 or int(opened.header["sform_code"]) > 0
        return Grid((int(x), int(y), int(z)), np.asarray(opened.affine, float), opened.header.copy(), stated)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _spacing(path: Path, opened: Any, grid: Grid) -> tuple[tuple[float, ...], str]:
    """(z, y, x) in mm, and what must be said of it."""
    stated = np.abs(np.asarray(opened.header.get_zooms()[:3], float))
    if not np.allclose(stated, grid.lengths, rtol=0.01):
        sizes = [" x ".join(f"{size:.4g}" for size in given) for given in (stated, grid.lengths)]
        raise ValueError(
            f"{path}: states two sizes of a voxel, {sizes[0]} (pixdim) and {sizes[1]} (its affine): say which is right, "
            "spacing_mm=(z, y, x), or repair the header"
        )
    unit = int(opened.header["xyzt_units"]) & 7
    return tuple(size * MM.get(unit, 1.0) for size in grid.lengths_zyx), "" if unit in MM else NO_UNIT


def _check_same(image: Path, one: Grid, mask: Path, other: Grid) -> None:
    """ValueError where a mask's voxels are not its image's."""
    if one.shape != other.shape:
        shapes = [" x ".join(map(str, grid.shape)) for grid in (other, one)]
        raise ValueError(
            f"{mask}: is {shapes[0]} voxels, its image {image.name} {shapes[1]}: the mask of another case? Or resample "
            "it to its image by nearest neighbour"
        )
    corners = np.array([[i, j, k, 1] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * [*np.array(one.shape) - 1, 1]
    apart = np.linalg.norm(corners @ (one.affine - other.affine).T, axis=1).max() / one.lengths.min()
    if apart > 0.1:
        raise ValueError(
            f"{mask}: lies up to {apart:.3g} voxels beside its image {image.name} (their affines differ): the mask of another "
            "case? If voxels belong together one by one, copy the image's affine to it; else resample it to its image"
        )


def grid_of(path: Path) -> Grid:
    """Where the voxels of a file lie, from its header alone; errors as `read_nifti`."""
    return _grid(path, _opened(path))


def _voxels(path: Path, opened: Any, dtype: Any, grid: Grid | None = None) -> NDArray[Any]:
    """(z, y, x) of all voxels: of `dtype`, or None for the stored type (float where the header scales)."""
    needed = int(opened.dataobj.offset) + int(np.prod(opened.shape)) * opened.get_data_dtype().itemsize
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path) as file:
                data = file.read(needed)
                file.read(2**24)  # to its end, where the checksum stands
            there, opened = len(data), type(opened).from_bytes(data)
        else:
            there = path.stat().st_size
        if there >= needed:
            values = (
                np.asanyarray(opened.dataobj) if dtype is None else opened.get_fdata(dtype=dtype, caching="unchanged")
            )
            stored = values.reshape(values.shape[:3])
            own = grid if grid is not None and grid.shape == stored.shape else _grid(path, opened)
            return np.array(own.to_ras(stored), order="C")  # a copy: never the file mapped into memory
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: is damaged or truncated ({error}): copy or download it again") from None
    raise ValueError(f"{path}: is truncated, {there} bytes of {needed}: copy or download it again")
