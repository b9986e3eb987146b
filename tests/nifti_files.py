"""Small NIfTI files for tests."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np

SHAPE = (7, 9, 5)  # (i, j, k), no two alike


def write(path: Path, stored: Any, affine: Any = None, unit: str = "mm", **fields: Any) -> Path:
    """A NIfTI-1 file of these stored values, with fields of its header overwritten as given, whatever they then say."""
    import nibabel

    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(stored, np.eye(4) if affine is None else affine)
    image.header.set_xyzt_units(unit)
    nibabel.save(image, path)
    packed = path.name.endswith(".gz")
    data = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
    header = nibabel.Nifti1Header(data[:348], check=False)
    for name, value in fields.items():
        header[name] = value
    data = header.binaryblock + data[348:]
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def brain(seed: int = 0, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).normal(100, 20, shape).astype(np.float32)


def labels(shape: tuple[int, int, int] = SHAPE, top: int = 2) -> np.ndarray:
    """Background, and classes 1 to `top`, a slab each."""
    stored = np.zeros(shape, np.uint8)
    for label in range(1, top + 1):
        stored[label : label + 2, 2:5, 1:4] = label
    return stored


def volume_set(root: Path, count: int = 10, top: int = 2, folders: tuple[str, str] = ("imagesTr", "labelsTr")) -> Path:
    """`count` pairs called case0.nii.gz ..."""
    for index in range(count):
        write(root / folders[0] / f"case{index}.nii.gz", brain(index), np.diag([1.0, 1, 2, 1]))
        write(root / folders[1] / f"case{index}.nii.gz", labels(top=top), np.diag([1.0, 1, 2, 1]))
    return root


def rotation(seed: int) -> np.ndarray:
    """A random rotation or reflection."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]


def affine_of(axes: np.ndarray, sizes=(1.0, 2.0, 3.0)) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes * sizes, (5, -7, 11)
    return affine
