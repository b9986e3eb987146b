"""A result written back as NIfTI: in the axes of the file it was found in, with that file's affine."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.data.volume import Volume
from banet_edu.datasets.layouts import is_volume
from banet_edu.storage import write_bytes

_PLACE = ("qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z")
_KEPT = (
    *_PLACE,
    "srow_x",
    "srow_y",
    "srow_z",
    "pixdim",
    "xyzt_units",
)  # what places voxels; names and comments are dropped


def write_nifti(path: str | Path, values: NDArray[Any], *, like: Volume) -> Path:
    """Write D x H x W labels (bool or whole numbers from 0 on), or a float map, in the axes and with the affine of the file
    that `like` was read from: any viewer shows it over that file.

    All or nothing, and never over somebody's work (`storage.write_bytes`). Where `like` came from no file, the axes are the
    patient's and the unit mm, if its spacing is known.

    Raises ValueError for another shape, a name that is not .nii or .nii.gz, negative labels; FileExistsError.
    """
    path, values = Path(path), np.asarray(values)
    if not is_volume(path):
        raise ValueError(f"{path}: the name of a NIfTI file ends in .nii or .nii.gz")
    if values.shape != like.shape:
        raise ValueError(f"{path}: values of shape {values.shape} do not fit {like.name!r}, which is {like.shape}")
    if values.dtype.kind == "f":
        values = values.astype(np.float32)
    elif values.dtype.kind not in "bui" or values.min() < 0:
        raise ValueError(
            f"{path}: labels are bool or whole numbers from 0 on, got {values.dtype} from {values.min()} on"
        )
    else:
        values = values.astype(np.min_scalar_type(max(int(values.max()), 1)))
    data = _image(values, like).to_bytes()
    return write_bytes(path, gzip.compress(data, 6, mtime=0) if path.suffix.lower() == ".gz" else data)


def _image(values: NDArray[Any], like: Volume) -> Any:
    import nibabel

    if like.grid is None:
        sizes = like.spacing_mm or (1.0, 1.0, 1.0)
        image = nibabel.Nifti1Image(values.transpose(2, 1, 0), np.diag([*sizes[::-1], 1.0]))
        image.header["xyzt_units"] = 2 if like.spacing_mm else 0
        return image
    stored = np.ascontiguousarray(like.grid.to_file(values))
    if like.grid.header is None:  # a DICOM series, whose affine is the scanner's, in mm
        image = nibabel.Nifti1Image(stored, like.grid.affine)
        image.set_sform(like.grid.affine, 1)
        image.set_qform(like.grid.affine, 1)
        image.header["xyzt_units"] = 2
        return image
    header = type(like.grid.header)()
    for field in _KEPT:
        header[field] = like.grid.header[field]
    header.set_data_dtype(stored.dtype)
    kind = nibabel.Nifti2Image if isinstance(header, nibabel.Nifti2Header) else nibabel.Nifti1Image
    return kind(stored, like.grid.affine, header)
