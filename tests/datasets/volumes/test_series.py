"""A DICOM series as a volume: order and spacing by geometry, and mixed or broken series refused."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_files import write

from banet_edu.datasets.volumes.series import read_series

pydicom = pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")

AXIAL = (1, 0, 0, 0, 1, 0)
ROWS, COLUMNS, SLICES = 6, 8, 5


def stored(index: int) -> np.ndarray:
    return np.random.default_rng(index).integers(0, 4000, (ROWS, COLUMNS)).astype(np.uint16)


def make(folder, *, axes=AXIAL, step=2.5, names=None, spacing=(0.5, 0.75), uid="1.2.3", start=(10.0, -20, 30), **tags):
    """SLICES slices along the normal, `names` in that order; {index: tags} in `tags["only"]` for single slices."""
    folder.mkdir(parents=True, exist_ok=True)
    only = tags.pop("only", {})
    normal = np.cross(axes[:3], axes[3:])
    for index in range(SLICES):
        name = f"s{index}.dcm" if names is None else names[index]
        place = (np.array(start) + index * step * normal).tolist()
        own = {"ImagePositionPatient": place, "ImageOrientationPatient": list(axes), "PixelSpacing": list(spacing)}
        write(folder / name, stored(index), **(own | {"SeriesInstanceUID": uid} | tags | only.get(index, {})))
    return folder


def test_slices_are_put_in_order_by_their_place_not_by_name(tmp_path):
    volume = read_series(make(tmp_path / "t1", names=["c.dcm", "a.dcm", "e", "b.dcm", "d.dcm"]))
    assert volume.name == "t1" and volume.shape == (SLICES, ROWS, COLUMNS) and "not loaded" not in repr(volume)
    assert volume.spacing_mm == pytest.approx((2.5, 0.5, 0.75)) and volume.orientation_note == ""
    # DICOM rows run from front to back, columns from the patient's right to left: both the other way here.
    expected = np.stack([stored(index)[::-1, ::-1] for index in range(SLICES)])
    np.testing.assert_array_equal(volume.image, expected)
    assert volume.mask is None
    np.testing.assert_allclose(volume.affine @ [0, 0, 0, 1], [-10, 20, 30, 1])


@pytest.mark.parametrize(
    "axes", [(0, 1, 0, 0, 0, -1), (1, 0, 0, 0, 0, -1), (0.8, 0.6, 0, 0, 0, -1), (-1, 0, 0, 0, -0.8, 0.6)]
)
def test_every_voxel_lies_where_dicom_says(tmp_path, axes):
    """PS3.3 C.7.6.2.1.1: the place of a pixel from position, orientation and spacing; signs turned from LPS to RAS."""
    volume = read_series(make(tmp_path / "t1", axes=axes))
    for index, row, column in [(0, 0, 0), (3, 2, 7), (4, 5, 1)]:
        normal = np.cross(axes[:3], axes[3:])
        place = np.array([10.0, -20, 30]) + index * 2.5 * normal
        place = place + np.array(axes[:3]) * 0.75 * column + np.array(axes[3:]) * 0.5 * row
        np.testing.assert_allclose((volume.affine @ [column, row, index, 1])[:3], place * [-1, -1, 1])
        in_file = volume.grid.to_file(volume.image)
        assert in_file[column, row, index] == stored(index)[row, column]
    assert sorted(volume.spacing_mm) == pytest.approx([0.5, 0.75, 2.5])
    assert bool(volume.orientation_note) == (0.8 in np.abs(axes))


def test_values_are_rescaled_slice_by_slice_without_a_window(tmp_path):
    slopes = {
        i: {"RescaleSlope": 1 + i, "RescaleIntercept": -1024, "WindowCenter": 9, "WindowWidth": 1} for i in range(9)
    }
    volume = read_series(make(tmp_path / "ct", only=slopes))
    for index in range(SLICES):
        np.testing.assert_array_equal(volume.image[index], stored(index)[::-1, ::-1] * (1.0 + index) - 1024)


def test_the_distance_comes_from_positions(tmp_path):
    volume = read_series(make(tmp_path / "t1", step=1.25, SliceThickness=5, SpacingBetweenSlices=7))
    assert volume.spacing_mm[0] == pytest.approx(1.25)


def test_a_series_is_written_as_nifti_in_its_own_place(tmp_path):
    import nibabel

    from banet_edu.datasets.volumes.nifti import read_nifti
    from banet_edu.datasets.volumes.writing import write_nifti

    volume = read_series(make(tmp_path / "t1", axes=(0.8, 0.6, 0, 0, 0, -1)))
    path = write_nifti(tmp_path / "t1.nii.gz", volume.image, like=volume)
    again = read_nifti(path)
    np.testing.assert_array_equal(again.image, volume.image)
    assert again.spacing_mm == pytest.approx(volume.spacing_mm) and again.spacing_note == ""
    np.testing.assert_allclose(nibabel.load(path).affine, volume.affine, atol=1e-5)


def test_other_files_are_left_aside(tmp_path):
    folder = make(tmp_path / "t1")
    (folder / "notes.txt").write_text("x")
    (folder / "._s0.dcm").write_text("x")
    write(folder / "report.dcm", stored(0), Rows=0)
    assert read_series(folder).shape[0] == SLICES


def place(z, **more):
    return {"ImagePositionPatient": [10, -20, z], **more}


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        (
            {"only": {4: {"SeriesInstanceUID": "9.9"}}},
            r"holds 2 series: 1\.2\.3 \(4 slices\), 9\.9 \(1 slices\).*series=UID",
        ),
        (
            {"only": {3: place(40.5)}},
            r"s2\.dcm and s4\.dcm the step is 5 mm, elsewhere 2\.5 mm: about 1 missing",
        ),
        ({"only": {4: place(45)}}, r"between s3\.dcm and s4\.dcm the step is 7\.5 mm, .* 2\.5 mm: about 2 missing"),
        ({"only": {2: place(35.3)}}, r"between s1\.dcm and s2\.dcm the step is 2\.8 mm, .*uneven steps"),
        ({"only": {2: {"ImagePositionPatient": [11, -20, 35]}}}, "uneven steps"),
        ({"only": {3: place(35)}}, r"s2\.dcm and s3\.dcm lie in one place .*Leave one of each out"),
        ({"step": 0.0}, "lie in one place"),
        (
            {"only": {1: {"PixelSpacing": [0.5, 0.8]}}},
            r"unlike PixelSpacing: s0\.dcm has \[0\.5, 0\.75\], s1\.dcm \[0\.5, 0\.8",
        ),
        ({"only": {1: {"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}}}, "unlike ImageOrientationPatient"),
        ({"only": {1: {"ImagePositionPatient": None}}}, r"s1\.dcm: states no ImagePositionPatient"),
        ({"only": {1: {"PixelSpacing": [0, 0]}}}, r"s1\.dcm: PixelSpacing \[0\.0, 0\.0\]"),
        ({"only": {1: {"NumberOfFrames": 3}}}, r"s1\.dcm: holds 3 frames in one file .*dcm2niix"),
    ],
)
def test_mixed_and_broken_series_are_refused(tmp_path, tags, said):
    with pytest.raises(ValueError, match=said):
        read_series(make(tmp_path / "t1", **tags))


def test_one_of_several_series_can_be_chosen(tmp_path):
    make(tmp_path / "both", uid="1.1")
    folder = make(tmp_path / "both", uid="2.2", names=[f"x{i}" for i in range(SLICES)], step=4.0)
    assert read_series(folder, series="2.2").spacing_mm[0] == pytest.approx(4)
    with pytest.raises(ValueError, match=r"has no series '3\.3'; it holds 1\.1 \(5 slices\), 2\.2 \(5 slices\)"):
        read_series(folder, series="3.3")


def test_sizes_colours_a_tilted_gantry_and_nothing_at_all(tmp_path):
    folder = make(tmp_path / "sizes")
    tags = {"ImageOrientationPatient": list(AXIAL), "PixelSpacing": [0.5, 0.75], "SeriesInstanceUID": "1.2.3"}
    write(folder / "s4.dcm", stored(0)[:4], ImagePositionPatient=[10, -20, 40], **tags)
    with pytest.raises(ValueError, match=r"unlike Rows x Columns: s0\.dcm has \[6, 8\], s4\.dcm \[4, 8\]"):
        read_series(folder)
    write(folder / "s4.dcm", np.zeros((ROWS, COLUMNS, 3), np.uint8), ImagePositionPatient=[10, -20, 40], **tags)
    with pytest.raises(ValueError, match=r"s4\.dcm: has colours"):
        _ = read_series(folder).image
    tilt = {i: {"ImagePositionPatient": [10, -20 + 0.5 * i, 30 + 2.5 * i]} for i in range(SLICES)}
    with pytest.raises(ValueError, match=r"not at right angles .* tilted gantry"):
        read_series(make(tmp_path / "tilted", only=tilt))
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no DICOM images"):
        read_series(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        read_series(tmp_path / "nowhere")
    (tmp_path / "one").mkdir()
    write(tmp_path / "one" / "a.dcm", stored(0), ImagePositionPatient=[0, 0, 0], **tags)
    with pytest.raises(ValueError, match=r"holds one slice \(a\.dcm\)"):
        read_series(tmp_path / "one")
