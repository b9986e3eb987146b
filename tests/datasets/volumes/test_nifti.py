"""NIfTI files read as volumes: orientation, size of a voxel, values."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
from nifti_files import SHAPE, affine_of, brain, labels, rotation, write

from banet_edu.data.mask_values import check_value_map
from banet_edu.datasets.volumes.grid import NO_ORIENTATION, Grid
from banet_edu.datasets.volumes.nifti import NO_UNIT, read_nifti
from banet_edu.datasets.volumes.writing import write_nifti

# --- orientation


@pytest.mark.parametrize("codes", ["RAS", "LPS", "LAS", "PIR", "SRA", "AIL"])
def test_any_orientation_is_read_as_nibabels_canonical_and_written_back(tmp_path, codes):
    turn = nibabel.orientations.axcodes2ornt(codes)
    axes = np.zeros((3, 3))
    for own, (patient, sign) in enumerate(turn):
        axes[int(patient), own] = sign
    stored = brain()
    volume = read_nifti(write(tmp_path / "a.nii.gz", stored, affine_of(axes)))
    assert nibabel.aff2axcodes(volume.affine) == tuple(codes)
    canonical = nibabel.as_closest_canonical(nibabel.load(tmp_path / "a.nii.gz"))
    np.testing.assert_array_equal(volume.image, canonical.get_fdata().T)
    assert volume.spacing_mm == tuple(np.array(canonical.header.get_zooms())[::-1])
    assert volume.shape == volume.image.shape == canonical.shape[::-1] and volume.orientation_note == ""
    path = write_nifti(tmp_path / "out.nii.gz", volume.image, like=volume)
    again = nibabel.load(path)
    np.testing.assert_array_equal(again.get_fdata(), stored)
    np.testing.assert_array_equal(again.affine, nibabel.load(tmp_path / "a.nii.gz").affine)


def test_oblique_axes_are_named_for_the_nearest_as_nibabel_does():
    agree = 0
    for seed in range(300):
        affine = affine_of(rotation(seed))
        stored = np.arange(np.prod(SHAPE)).reshape(SHAPE)
        turn = nibabel.io_orientation(affine)
        theirs = nibabel.orientations.apply_orientation(stored, turn).T
        grid = Grid(SHAPE, affine)
        np.testing.assert_array_equal(grid.to_file(grid.to_ras(stored)), stored)
        assert grid.to_ras(stored).shape == grid.sides
        agree += np.array_equal(grid.to_ras(stored), theirs)
    assert agree == 300
    tilted = Grid(SHAPE, affine_of(np.array([[1, 0, 0], [0, 0.866025, -0.5], [0, 0.5, 0.866025]])))
    assert "turned by up to 30 degrees" in tilted.note


def test_sform_comes_before_qform_and_neither_is_said(tmp_path):
    image = nibabel.Nifti1Image(brain(), np.eye(4))
    image.set_sform(np.diag([-1.0, 1, 1, 1]), 1)
    image.set_qform(np.eye(4), 1)
    nibabel.save(image, tmp_path / "both.nii")
    np.testing.assert_array_equal(read_nifti(tmp_path / "both.nii").image, brain().T[:, :, ::-1])
    nothing = write(tmp_path / "none.nii", brain(), sform_code=0, qform_code=0)
    volume = read_nifti(nothing)
    assert volume.orientation_note == NO_ORIENTATION and volume.spacing_mm == (1, 1, 1)
    np.testing.assert_array_equal(volume.image, brain().T[:, :, ::-1])


# --- size of a voxel, values


@pytest.mark.parametrize(
    ("unit", "factor", "note"), [("mm", 1, ""), ("meter", 1000, ""), ("micron", 0.001, ""), ("unknown", 1, NO_UNIT)]
)
def test_spacing_in_mm_whatever_the_unit(tmp_path, unit, factor, note):
    volume = read_nifti(write(tmp_path / "a.nii", brain(), np.diag([0.5, 0.25, 3, 1]), unit))
    assert volume.spacing_mm == pytest.approx((3 * factor, 0.25 * factor, 0.5 * factor))
    assert volume.spacing_note == note
    assert read_nifti(tmp_path / "a.nii", spacing_mm=(9, 8, 7)).spacing_mm == (9, 8, 7)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_values_of_any_type_scaled_as_the_header_says(tmp_path, kind):
    stored = (labels() * 40).astype(kind)
    path = write(tmp_path / "a.nii.gz", stored, scl_slope=0.5, scl_inter=-3)
    expected = nibabel.load(path).get_fdata().T
    volume = read_nifti(path)
    assert volume.image.dtype == np.float32 and volume.image.flags.c_contiguous
    np.testing.assert_allclose(volume.image, expected)


def test_a_fourth_axis_of_one_is_dropped_and_nifti_2_is_read(tmp_path):
    deep = write(tmp_path / "deep.nii.gz", brain()[..., None, None])
    np.testing.assert_array_equal(read_nifti(deep).image, brain().T)
    nibabel.save(nibabel.Nifti2Image(brain(), affine_of(rotation(3))), tmp_path / "two.nii")
    volume = read_nifti(tmp_path / "two.nii")
    written = nibabel.load(write_nifti(tmp_path / "out.nii", volume.image > 100, like=volume))
    assert isinstance(written, nibabel.Nifti2Image)
    np.testing.assert_array_equal(written.affine, affine_of(rotation(3)))


def test_what_was_read_does_not_change_with_the_file(tmp_path):
    volume = read_nifti(write(tmp_path / "a.nii", brain()))
    before = volume.image.copy()
    assert type(volume.image) is np.ndarray
    with (tmp_path / "a.nii").open("r+b") as file:
        file.seek(352)
        file.write(bytes(1000))
    np.testing.assert_array_equal(volume.image, before)


# --- masks


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.float64])
def test_labels_of_any_type(tmp_path, kind):
    image = write(tmp_path / "a.nii.gz", brain())
    mask = read_nifti(image, write(tmp_path / "m.nii.gz", labels().astype(kind))).mask
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, labels().T)
    for foreground in (1, 255):
        two = write(tmp_path / "two.nii", (labels() > 0).astype(kind) * kind(foreground))
        mask = read_nifti(image, two).mask
        assert mask.dtype == bool
        np.testing.assert_array_equal(mask, labels().T > 0)
    large = read_nifti(image, write(tmp_path / "l.nii", labels().astype(np.int32) * 1000)).mask
    assert large.dtype == np.uint16 and large.max() == 2000


def test_labels_that_scaling_leaves_a_hair_off_are_whole(tmp_path):
    mask = write(tmp_path / "m.nii.gz", labels() * np.uint8(100), scl_slope=0.01, scl_inter=0)
    np.testing.assert_array_equal(read_nifti(write(tmp_path / "a.nii", brain()), mask).mask, labels().T)


def test_a_value_map_joins_classes(tmp_path):
    image, mask = write(tmp_path / "a.nii", brain()), write(tmp_path / "m.nii", labels(top=3))
    joined = read_nifti(image, mask, value_map={0: 0, 1: 1, 2: 1, 3: 0}).mask
    np.testing.assert_array_equal(joined, np.isin(labels(top=3), (1, 2)).T)
    with pytest.raises(ValueError, match=r"m\.nii: holds the values \[3\], which the value map .* does not name"):
        _ = read_nifti(image, mask, value_map={0: 0, 1: 1, 2: 1}).mask


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_near_45_degrees_a_mask_is_turned_as_its_image(tmp_path, axis):
    # Which axis is the nearest hangs on rounding there, and sform and qform are rounded in other ways.
    shape = (6, 6, 6)
    stored = np.random.default_rng(0).integers(0, 3, shape).astype(np.uint8)
    for turns in ([1, 1], [1, -1], [-1, 1], [-1, -1]):
        axes = np.eye(3)
        one, other = [k for k in range(3) if k != axis]
        half = np.sqrt(0.5)
        axes[one, one], axes[one, other] = half * turns[0], -half * turns[1]
        axes[other, one], axes[other, other] = half * turns[0], half * turns[1]
        affine = np.eye(4)
        affine[:3, :3] = axes
        image = nibabel.Nifti1Image(stored.astype(np.float32), None)
        image.set_sform(affine, 1)
        nibabel.save(image, tmp_path / "image.nii")
        mask = nibabel.Nifti1Image(stored, None)
        mask.set_qform(affine, 1)
        mask.set_sform(None, 0)
        nibabel.save(mask, tmp_path / "mask.nii")
        volume = read_nifti(tmp_path / "image.nii", tmp_path / "mask.nii")
        np.testing.assert_array_equal(volume.mask, volume.image)


def test_a_value_map_names_no_values_below_0(tmp_path):
    image, mask = write(tmp_path / "image.nii", brain()), write(tmp_path / "mask.nii", labels())
    found = read_nifti(image, mask, value_map={0: 0, 1: 1, 2: 1, -1: 0}).mask
    np.testing.assert_array_equal(found, read_nifti(image, mask).mask > 0)
    with pytest.raises(ValueError, match="mask values run from 0 on"):
        check_value_map({0: 0, 1: 1, -1: 0})
