"""NIfTI files read as volumes: orientation, size of a voxel, values, and what is refused."""

from __future__ import annotations

import gzip
import pickle
import sys

import numpy as np
import pytest
from nifti_files import SHAPE, brain, labels, write

from banet_edu.datasets.volumes import grid as grid_module
from banet_edu.datasets.volumes.grid import Grid
from banet_edu.datasets.volumes.nifti import NO_ORIENTATION, NO_UNIT, read_nifti
from banet_edu.datasets.volumes.writing import write_nifti

nibabel = pytest.importorskip("nibabel", reason="the extra 'volumes' is not installed")


def rotation(seed: int) -> np.ndarray:
    """A random rotation or reflection."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]


def affine_of(axes: np.ndarray, sizes=(1.0, 2.0, 3.0)) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes * sizes, (5, -7, 11)
    return affine


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


# --- what is refused: the file, the value, the way out


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


def test_no_such_file_and_no_nibabel(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"none\.nii: no such file"):
        read_nifti(tmp_path / "none.nii")
    path = write(tmp_path / "a.nii", brain())
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(ModuleNotFoundError, match=r"needs nibabel: pip install 'banet-edu\[volumes\]'"):
        read_nifti(path)


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


# --- writing


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
    from banet_edu.data.volume import Volume

    volume = Volume(brain().T, None, "made", spacing_mm=(3, 2, 1))
    again = read_nifti(write_nifti(tmp_path / "a.nii.gz", volume.image, like=volume))
    np.testing.assert_array_equal(again.image, volume.image)
    assert again.spacing_mm == (3, 2, 1) and again.spacing_note == ""
