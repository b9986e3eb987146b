"""Results written as NIfTI lie where the image lay."""

from __future__ import annotations

import pickle

import nibabel
import numpy as np
import pytest
from nifti_files import affine_of, brain, rotation, write

from banet_edu.data.volume import Volume
from banet_edu.datasets.volumes.nifti import read_nifti
from banet_edu.datasets.volumes.writing import write_nifti


def test_what_is_written_lies_where_the_image_lay(tmp_path):
    source = write(tmp_path / "a.nii.gz", brain(), affine_of(rotation(5)), "micron", descrip=b"a name")
    volume = read_nifti(source)
    found = (volume.image > 100).astype(np.int64) * 3
    path = write_nifti(tmp_path / "out" / "a_mask.nii.gz", found, like=volume)
    ours, theirs = nibabel.load(path), nibabel.load(source)
    assert ours.get_data_dtype() == np.uint8 and not ours.header["descrip"].item()
    for field in ("sform_code", "qform_code", "quatern_b", "srow_x", "pixdim", "xyzt_units"):
        np.testing.assert_array_equal(ours.header[field], theirs.header[field])
    np.testing.assert_array_equal(ours.affine, theirs.affine)
    np.testing.assert_array_equal(np.asarray(ours.dataobj), (brain() > 100) * 3)
    np.testing.assert_array_equal(read_nifti(source, path).mask, found)
    first = path.read_bytes()
    assert write_nifti(path, found, like=volume).read_bytes() == first
    again = pickle.loads(pickle.dumps(volume.grid))
    np.testing.assert_array_equal(again.to_file(found), volume.grid.to_file(found))


def test_writing_refuses_what_does_not_fit(tmp_path):
    volume = read_nifti(write(tmp_path / "a.nii", brain()))
    with pytest.raises(ValueError, match=r"ends in \.nii or \.nii\.gz"):
        write_nifti(tmp_path / "a.png", volume.image, like=volume)
    with pytest.raises(ValueError, match=r"shape \(7, 9, 5\) do not fit 'a', which is \(5, 9, 7\)"):
        write_nifti(tmp_path / "o.nii", brain(), like=volume)
    with pytest.raises(ValueError, match="whole numbers from 0 on, got int64 from -1 on"):
        write_nifti(tmp_path / "o.nii", np.full(volume.shape, -1), like=volume)
    (tmp_path / "mine.nii").write_text("my own")
    with pytest.raises(FileExistsError, match="was not written by banet-edu"):
        write_nifti(tmp_path / "mine.nii", volume.image > 0, like=volume)


def test_a_volume_from_no_file_is_written_along_the_patients_axes(tmp_path):
    volume = Volume(brain().T, None, "made", spacing_mm=(3, 2, 1))
    again = read_nifti(write_nifti(tmp_path / "a.nii.gz", volume.image, like=volume))
    np.testing.assert_array_equal(again.image, volume.image)
    assert again.spacing_mm == (3, 2, 1) and again.spacing_note == ""
