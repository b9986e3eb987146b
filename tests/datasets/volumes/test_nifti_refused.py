"""NIfTI files that are refused: the file, the value and the way out are named."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from nifti_files import SHAPE, brain, labels, write

from banet_edu.datasets.volumes import grid as grid_module
from banet_edu.datasets.volumes.nifti import read_nifti


def bad_image(path):
    """{name: (a function that makes it, what is said)}"""

    def cut(data: bytes, share: float):
        path.write_bytes(data[: int(len(data) * share)])

    whole = write(path.parent / "w.nii.gz", brain()).read_bytes()
    plain = write(path.parent / "w.nii", brain()).read_bytes()
    flipped = bytearray(whole)
    flipped[-6] ^= 1  # its checksum
    nan = brain()
    nan[0, 0, :2] = np.nan, np.inf
    colours = np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    sheared = np.eye(4)
    sheared[0, 1] = 0.3
    singular = {"sform_code": 1, "qform_code": 0, "srow_y": [0, 0, 0, 0]}
    twice = {"sform_code": 1, "srow_x": [2, 0, 0, 0]}
    return {
        "empty": (lambda: path.write_bytes(b""), "is empty (0 bytes)"),
        "text": (lambda: path.write_bytes(b"hello" * 100), "is not a readable NIfTI file"),
        "cut gz": (lambda: cut(whole, 0.6), "damaged or truncated"),
        "cut head": (lambda: cut(whole, 0.01), "is not a readable NIfTI file"),
        "flipped gz": (lambda: path.write_bytes(bytes(flipped)), "damaged or truncated"),
        "short gz": (lambda: path.write_bytes(gzip.compress(plain[:-100])), "is truncated"),
        "4D": (lambda: write(path, np.stack([brain()] * 3, -1)), "4 dimensions (7 x 9 x 5 x 3)"),
        "2D": (lambda: write(path, brain()[..., 0]), "2 dimensions (7 x 9)"),
        "nan": (lambda: write(path, nan), "2 of 315 voxels are nan or inf"),
        "colours": (lambda: write(path, colours), "colours or complex numbers?"),
        "complex": (lambda: write(path, brain().astype(np.complex64)), "colours or complex numbers?"),
        "singular": (lambda: write(path, brain(), **singular), "its affine is singular"),
        "sheared": (lambda: write(path, brain(), sheared), "not at right angles but at 73 degrees"),
        "two sizes": (lambda: write(path, brain(), **twice), "two sizes of a voxel, 1 x 1 x 1 (pixdim) and 2 x 1 x 1"),
        "huge": (lambda: write(path, brain(), dim=[3, 3000, 3000, 3000, 1, 1, 1, 1]), "27000 million voxels"),
        "no voxels": (lambda: write(path, brain(), dim=[3, 7, 0, 5, 1, 1, 1, 1]), "is empty (7 x 0 x 5 voxels)"),
    }


KINDS = (
    "empty",
    "text",
    "cut gz",
    "cut head",
    "flipped gz",
    "short gz",
    "4D",
    "2D",
    "nan",
    "colours",
    "complex",
    "singular",
)


@pytest.mark.parametrize("kind", [*KINDS, "sheared", "two sizes", "huge", "no voxels"])
def test_a_bad_image_is_named_with_what_is_wrong(tmp_path, kind):
    path = tmp_path / "bad.nii.gz"
    make, said = bad_image(path)[kind]
    make()
    with pytest.raises(ValueError) as caught:
        _ = read_nifti(path).image
    assert str(caught.value).startswith(f"{path}: ") and said in str(caught.value), caught.value


def test_a_truncated_file_that_is_not_packed(tmp_path):
    data = write(tmp_path / "w.nii", brain()).read_bytes()
    (tmp_path / "bad.nii").write_bytes(data[:-100])
    with pytest.raises(ValueError, match=r"bad\.nii: is truncated, 1512 bytes of 1612"):
        _ = read_nifti(tmp_path / "bad.nii").image


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.nii: no such file"):
        read_nifti(tmp_path / "none.nii")


def test_too_many_voxels_are_refused_before_they_are_loaded(tmp_path, monkeypatch):
    path = write(tmp_path / "a.nii", brain())
    monkeypatch.setattr(grid_module, "MOST_VOXELS", 300)
    with pytest.raises(ValueError, match=r"a\.nii: 7 x 9 x 5 are .* million voxels, at most .* crop it"):
        read_nifti(path)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (lambda m: m + np.where(m == 2, 0.5, 0), r"such as 2\.5.*nearest neighbour"),
        (lambda m: np.where(m == 2, np.nan, m), "such as nan"),
        (lambda m: m.astype(np.int16) - 1, "mask values -1 to 1"),
        (lambda m: m.astype(np.int32) * 40000, "mask values 0 to 80000"),
    ],
)
def test_mask_values_that_are_no_labels(tmp_path, values, said):
    mask = write(tmp_path / "m.nii.gz", values(labels()))
    volume = read_nifti(write(tmp_path / "a.nii", brain()), mask)
    with pytest.raises(ValueError, match=rf"m\.nii\.gz: .*{said}"):
        _ = volume.mask


def test_a_mask_of_other_voxels(tmp_path):
    image = write(tmp_path / "a.nii", brain())
    with pytest.raises(ValueError, match=r"m\.nii: is 7 x 9 x 4 voxels, its image a\.nii 7 x 9 x 5"):
        read_nifti(image, write(tmp_path / "m.nii", labels()[..., :4]))
    with pytest.raises(ValueError, match=r"m\.nii: lies up to 3 voxels beside its image a\.nii"):
        moved = np.eye(4)
        moved[2, 3] = 3
        read_nifti(image, write(tmp_path / "m.nii", labels(), moved))
    with pytest.raises(ValueError, match=r"m\.nii: lies up to 12 voxels"):
        read_nifti(image, write(tmp_path / "m.nii", labels(), np.diag([-1.0, 1, 1, 1])))
    nearly = np.eye(4)
    nearly[2, 3] = 0.01
    assert read_nifti(image, write(tmp_path / "m.nii", labels(), nearly)).mask is not None
