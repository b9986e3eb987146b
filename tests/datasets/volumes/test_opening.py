"""Folders of NIfTI files as data sets: found, split, refused or skipped, and checked."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from nifti_files import brain, labels, volume_set, write

from banet_edu import open_dataset
from banet_edu.data.volume import Volume
from banet_edu.datasets.check import check_dataset
from banet_edu.datasets.splits import PARTS, split_names
from banet_edu.datasets.volumes.opening import VolumeDataset


def test_msd_is_a_sequence_of_volumes_split_as_images_are(tmp_path):
    root = volume_set(tmp_path)
    (root / "imagesTr/._case3.nii.gz").write_bytes(b"x")  # macOS leaves these in the archives
    (root / "labelsTr/._case3.nii.gz").write_bytes(b"x")
    dataset = open_dataset("msd", root)
    assert isinstance(dataset, VolumeDataset) and len(dataset) == 10 and dataset.problems == []
    assert dataset.names == [f"case{index}" for index in range(10)]
    volume = dataset["case3"]
    assert isinstance(volume, Volume) and volume.spacing_mm == (2, 1, 1) and volume.shape == (5, 9, 7)
    np.testing.assert_array_equal(volume.image, brain(3).T)
    np.testing.assert_array_equal(volume.mask, labels().T)
    assert dataset.num_classes == 3 and volume.mask.dtype == np.uint8
    parts = {part: dataset.part(part, 4).names for part in PARTS}
    assert parts == split_names(dataset.names, 4) == {p: open_dataset("msd", root, p, 4).names for p in PARTS}
    assert isinstance(dataset[:2], VolumeDataset) and dataset[:2].names == ["case0", "case1"]
    again = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(again[2].image, dataset[2].image)
    with pytest.raises(ValueError, match="read-only"):
        volume.image[0, 0, 0] = 1


@pytest.mark.parametrize(
    ("images", "masks"), [("images", "masks"), ("imagesTr", "labelsTr"), ("image", "segmentations")]
)
def test_a_folder_of_volumes_is_found_by_looking(tmp_path, images, masks):
    root = volume_set(tmp_path, 4, top=1, folders=(images, masks))
    dataset = open_dataset("folder", root)
    assert isinstance(dataset, VolumeDataset) and len(dataset) == 4 and dataset.num_classes == 2
    assert dataset[0].mask.dtype == bool and dataset.reading == f"{images}/CASE with {masks}/CASE"
    assert len(open_dataset("folder", root, image_dir=images, mask_dir=masks)) == 4


def test_masks_beside_their_volumes_and_folders_of_patients(tmp_path):
    for index in range(3):
        write(tmp_path / f"flat/p{index}.nii", brain(index))
        write(tmp_path / f"flat/p{index}_seg.nii", labels())
        for visit in range(2):
            write(tmp_path / f"deep/p{index}/v{visit}.nii.gz", brain(index))
            write(tmp_path / f"deep/p{index}/v{visit}_seg.nii.gz", labels())
    assert open_dataset("folder", tmp_path / "flat").names == ["p0", "p1", "p2"]
    deep = open_dataset("folder", tmp_path / "deep")
    assert len(deep) == 6 and deep.groups is not None and set(deep.groups.values()) == {"p0", "p1", "p2"}
    by_names = open_dataset("folder", tmp_path / "flat", groups=r"^(p\d)")
    assert by_names.groups == {"p0": "p0", "p1": "p1", "p2": "p2"}


def test_pictures_come_first(make_set):
    root = make_set(4)
    write(root / "images/case0.nii.gz", brain())
    assert not isinstance(open_dataset("folder", root), VolumeDataset)


def test_class_names_by_dataset_json(tmp_path):
    root = volume_set(tmp_path)
    for stated in (
        {"0": "background", "1": "anterior", "2": "posterior"},
        {"background": 0, "anterior": 1, "posterior": 2},
    ):
        (root / "dataset.json").write_text(json.dumps({"labels": stated}))
        assert open_dataset("msd", root).class_names == ("background", "anterior", "posterior")
    (root / "dataset.json").write_text(json.dumps({"labels": {"0": "background", "1": "anterior"}}))
    with pytest.raises(
        ValueError, match=r"10 bad files[\s\S]*labelsTr/case0\.nii\.gz: holds the label 2, but the classes are"
    ):
        open_dataset("msd", root)
    for bad in ("{", "[]", '{"labels": {"0": "a", "2": "b"}}', '{"labels": {"0": "a"}}', '{"labels": {"a": "b"}}'):
        (root / "dataset.json").write_text(bad)
        with pytest.raises(ValueError, match=r"dataset\.json: does not say what the labels mean"):
            open_dataset("msd", root)


def test_value_map_spacing_and_empty_masks(tmp_path):
    root = volume_set(tmp_path)
    write(root / "labelsTr/case7.nii.gz", labels() * 0, np.diag([1.0, 1, 2, 1]))
    joined = open_dataset("msd", root, value_map={0: 0, 1: 1, 2: 1}, spacing_mm=(3, 2, 1))
    assert joined.num_classes == 2 and joined[0].mask.dtype == bool and joined[0].spacing_mm == (3, 2, 1)
    np.testing.assert_array_equal(joined[0].mask, labels().T > 0)
    assert open_dataset("msd", root, spacing_mm=0.5)[0].spacing_mm == (0.5, 0.5, 0.5)
    assert open_dataset("msd", root, empty="exclude").excluded == ["case7"]
    assert open_dataset("msd", root)["case7"].mask.dtype == np.uint8  # a class that a case lacks is still one
    for wrong, said in (({"spacing_mm": (1, 1)}, "three numbers"), ({"invert": True}, "holds volumes; invert=True")):
        with pytest.raises(ValueError, match=said):
            open_dataset("msd", root, **wrong)


def test_every_bad_file_is_named_or_skipped(tmp_path):
    root = volume_set(tmp_path, 12)
    image, mask = root / "imagesTr", root / "labelsTr"
    whole = (image / "case0.nii.gz").read_bytes()
    (image / "case0.nii.gz").write_bytes(whole[:-100])
    (mask / "case1.nii.gz").unlink()
    (mask / "case2.nii.gz").write_text("no NIfTI")
    write(mask / "case3.nii.gz", labels()[..., 1:], np.diag([1.0, 1, 2, 1]))
    write(mask / "case4.nii.gz", labels(), np.eye(4))
    write(image / "case5.nii.gz", np.stack([brain()] * 2, -1), np.diag([1.0, 1, 2, 1]))
    write(mask / "case6.nii.gz", labels() * 0.7, np.diag([1.0, 1, 2, 1]))
    expected = {
        "imagesTr/case0.nii.gz": "truncated",
        "imagesTr/case1.nii.gz": "has no mask",
        "labelsTr/case2.nii.gz": "not a readable NIfTI",
        "labelsTr/case3.nii.gz": "is 7 x 9 x 4 voxels",
        "labelsTr/case4.nii.gz": "affines differ",
        "imagesTr/case5.nii.gz": "4 dimensions",
        "labelsTr/case6.nii.gz": "no whole numbers",
    }
    with pytest.raises(ValueError, match=r"7 bad files") as caught:
        open_dataset("msd", root)
    assert all(file in str(caught.value) for file in expected)
    dataset = open_dataset("msd", root, on_error="skip")
    assert dataset.names == [f"case{index}" for index in range(7, 12)]
    found = {problem.file: problem.reason for problem in dataset.problems}
    assert set(found) == set(expected)
    assert all(expected[file] in reason for file, reason in found.items()), found
    before = {part: split_names([f"case{i}" for i in range(12) if i != 1])[part] for part in PARTS}
    assert all(set(dataset.part(part).names) <= set(before[part]) for part in PARTS)


def test_check_of_volumes(tmp_path):
    root = volume_set(tmp_path, 10)
    train, test = (split_names([f"case{index}" for index in range(10)])[part][0] for part in ("train", "test"))
    twin = brain(int(train.removeprefix("case"))) * 37 + 5
    write(root / f"imagesTr/{test}.nii.gz", twin, np.diag([1.0, 1, 2, 1]))
    other = next(f"case{index}" for index in range(10) if f"case{index}" not in (train, test))
    path = root / f"imagesTr/{other}.nii.gz"
    path.write_bytes(path.read_bytes()[:-30])
    write(root / f"labelsTr/{train}.nii.gz", labels() * 0, np.diag([1.0, 1, 2, 1]))
    seen = []
    report = check_dataset("msd", root, progress=lambda done, total: seen.append((done, total)))
    assert (
        seen[-1] == (9, 9) and not report.ok and report.parts["train"] + report.parts["val"] + report.parts["test"] == 9
    )
    assert [problem.file for problem in report.problems] == [f"imagesTr/{other}.nii.gz"]
    assert report.empty == [train] and report.sizes == {(5, 9, 7): 9}
    [pair] = report.duplicates
    assert {pair.first, pair.second} == {train, test} and pair.leaks
    one = np.count_nonzero(labels() == 1) * 2 / 1000
    assert report.volumes_ml[0] == pytest.approx([one] * 8)
    text = report.to_text()
    for said in (
        "volumes, imagesTr/CASE",
        "5 x 9 x 7 voxels",
        "2 x 1 x 1 mm",
        f"median {one:.3g} ml, in 8 cases",
        "truncated",
    ):
        assert said in text, said
    healthy = check_dataset("folder", volume_set(tmp_path / "fine", 4))
    assert healthy.ok and "near duplicates  0 (pairs)" in healthy.to_text()


def test_check_by_command(tmp_path):
    from typer.testing import CliRunner

    from banet_edu.cli.main import app

    root = volume_set(tmp_path, 4)
    shown = CliRunner().invoke(app, ["data", "check", str(root), "--format", "msd"])
    assert shown.exit_code == 0 and "bad files        0" in shown.output
    (root / "labelsTr/case1.nii.gz").write_text("x")
    shown = CliRunner().invoke(app, ["data", "check", str(root), "--format", "msd"])
    assert shown.exit_code == 1 and "labelsTr/case1.nii.gz: is not a readable NIfTI file" in shown.output


# --- the real set, where it is


def test_hippocampus(real):
    dataset = open_dataset("msd", real("msd_hippocampus"))
    assert len(dataset) == 200 and [len(dataset.part(part)) for part in PARTS] == [140, 20, 40]
    assert dataset.num_classes == 3
    for volume in dataset.subset(dataset.names[::20]):
        assert volume.spacing_mm == (1, 1, 1) and volume.orientation_note == volume.spacing_note == ""
        assert set(np.unique(volume.mask)) == {0, 1, 2}
        # The head of the hippocampus (1) lies in front of its body and tail (2): y runs from posterior to anterior.
        heights = [np.argwhere(volume.mask == label)[:, 1].mean() for label in (1, 2)]
        assert heights[0] > heights[1]
