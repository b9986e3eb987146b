"""No group on two sides of a split."""

from __future__ import annotations

import numpy as np
import pytest
from pictures import block, noise, save

from banet_edu.cli.options import parse_groups
from banet_edu.datasets.check import check_dataset
from banet_edu.datasets.opening import open_dataset
from banet_edu.datasets.splits import PARTS, split_names

NAMES = [f"p{p:02}_s{s}" for p in range(10) for s in range(5)]


@pytest.fixture
def slices(tmp_path):
    for i, name in enumerate(NAMES):
        save(tmp_path / f"images/{name}.png", noise(i))
        save(tmp_path / f"masks/{name}.png", block(i % 8))
    return tmp_path


def sides(dataset, group):
    """The groups of each part."""
    return [{group(name) for name in dataset.part(part).names} for part in PARTS]


def apart(found):
    train, val, test = found
    return all(found) and not (train & val or train & test or val & test)


def patient(name):
    return name[:3]


def test_a_pattern_a_mapping_and_a_column_keep_patients_together(slices):
    plain = open_dataset("folder", slices)
    assert not apart(sides(plain, patient)) and plain.groups is None
    for groups in (r"^(p\d+)_", {name: patient(name) for name in NAMES}):
        dataset = open_dataset("folder", slices, groups=groups)
        assert apart(sides(dataset, patient))
        assert sorted(name for part in PARTS for name in dataset.part(part).names) == sorted(NAMES)
    (slices / "patients.csv").write_text("name,who\n" + "".join(f"{name},{patient(name)}\n" for name in NAMES))
    column = parse_groups(f"{slices / 'patients.csv'}:who")
    assert apart(sides(open_dataset("folder", slices, groups=column), patient))
    assert "10, none on two sides of the split" in check_dataset("folder", slices, groups=column).to_text()


def test_folders_of_patients_are_groups_by_themselves(tmp_path):
    for i, name in enumerate(NAMES):
        save(tmp_path / patient(name) / f"{name}.png", noise(i))
        save(tmp_path / patient(name) / f"{name}_mask.png", block(i % 8))
    dataset = open_dataset("folder", tmp_path)
    assert apart(sides(dataset, patient)) and len(set(dataset.groups.values())) == 10


def test_patients_of_dicom_files_are_groups_by_themselves(tmp_path):
    pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")
    from dicom_files import write

    for i, name in enumerate(NAMES):
        (tmp_path / "images").mkdir(exist_ok=True)
        write(tmp_path / f"images/{i}.dcm", noise(i)[..., 0].copy(), PatientID=patient(name))
        save(tmp_path / f"masks/{i}.png", block(i % 8))
    dataset = open_dataset("dicom", tmp_path)
    assert apart(sides(dataset, lambda name: NAMES[int(name)][:3]))


def test_near_duplicates_across_the_split_propose_a_pattern(slices):
    for name in NAMES:
        save(slices / f"images/{name}.png", noise(int(name[1:3])))  # one patient's slices look alike
    report = check_dataset("folder", slices)
    assert not report.ok
    assert 'names look like 10 groups: if these belong together, --groups "' in report.to_text()
    pattern, _ = report.proposal
    assert check_dataset("folder", slices, groups=pattern).ok


def test_parts_come_close_to_their_shares_and_none_is_empty():
    groups = {name: patient(name) for name in NAMES}
    for seed in range(20):
        parts = split_names(NAMES, seed, groups=groups)
        assert [len(parts[part]) for part in PARTS] == [35, 5, 10]
        assert split_names(NAMES, seed, groups=groups) == parts
    assert split_names(NAMES, 0, groups=groups) != split_names(NAMES, 1, groups=groups)
    uneven = {name: "big" if i < 40 else name for i, name in enumerate(NAMES)}
    assert all(split_names(NAMES, 0, groups=uneven).values())


@pytest.mark.parametrize(
    ("groups", "sentence"),
    [
        ("^p(", r"is no regular expression"),
        (r"^p\d+", r"has 0 groups in parentheses; one says"),
        (r"^(q)", r"50 case\(s\) have no group: p00_s0"),
        ({"p00_s0": "a"}, r"49 case\(s\) have no group: p00_s1"),
        ("folder", r"groups by folder, but all images lie in 'images'"),
    ],
)
def test_groups_that_are_none_are_refused(slices, groups, sentence):
    with pytest.raises(ValueError, match=sentence):
        open_dataset("folder", slices, groups=groups)


def test_two_groups_make_no_split(slices):
    dataset = open_dataset("folder", slices, groups=r"s(\d)$")
    assert apart(sides(dataset, lambda name: name[-1]))
    two = open_dataset("folder", slices, groups={name: str(int(name[-1]) % 2) for name in NAMES})
    with pytest.raises(ValueError, match=r"needs at least 3 groups, got 2"):
        two.part("train")


def test_masks_stay_with_their_images(slices):
    dataset = open_dataset("folder", slices, groups=r"^(p\d+)_").part("test")
    for sample in dataset:
        np.testing.assert_array_equal(sample.mask, block(NAMES.index(sample.name) % 8) > 0)
