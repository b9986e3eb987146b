"""No group on two sides of a split."""

from __future__ import annotations

import unicodedata

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


def nested(tmp_path, folders):
    for folder, count in folders.items():
        for i in range(count):
            save(tmp_path / folder / f"images/c{i}.png", noise(len(folder) + i))
            save(tmp_path / folder / f"masks/c{i}.png", block(i % 8))
    return tmp_path


def test_folders_of_a_split_are_taken_as_one_and_said(tmp_path):
    report = check_dataset("folder", nested(tmp_path, {"train": 7, "valid": 2, "test": 3}))
    rows = dict(report.rows())
    assert rows["cases"].startswith("12 (train 7, val 2, test 3")
    assert rows["groups"] == "test, train, valid: these are the parts of the split"
    assert rows["read as"].endswith("*/images/CASE with */masks/CASE")


def test_too_few_folders_are_told_with_the_way_out(tmp_path):
    root = nested(tmp_path, {"p1": 3, "p2": 3})
    said = dict(check_dataset("folder", root).rows())["groups"]
    assert said == "2: too few for a split into train, val, test; --groups '(.*)' lets each case stand for itself"
    with pytest.raises(ValueError, match=r"needs at least 3 groups, got 2 \(p1, p2\): .*'\(\.\*\)' lets each case"):
        open_dataset("folder", root, "train")
    assert len(open_dataset("folder", root, "train", groups="(.*)")) == 4


def test_a_table_of_groups_is_read_with_care(slices, tmp_path):
    table = tmp_path / "groups.csv"
    lines = ["name,patient", *(f"{name},{patient(name)}" for name in NAMES[2:]), f"{NAMES[0]},", NAMES[1]]
    table.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"2 case\(s\) have no group: {NAMES[0]}, {NAMES[1]}"):
        open_dataset("folder", slices, groups=parse_groups(f"{table}:patient"))
    with pytest.raises(ValueError, match=r"say which column holds the groups, as in .*groups.csv:patient"):
        parse_groups(str(table))
    table.write_text("name,patient\na,p1\na,p2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has two groups for 'a'"):
        parse_groups(f"{table}:patient")


def test_accents_in_tables_match_whatever_their_form(tmp_path):
    names = [unicodedata.normalize("NFD", f"é{i}") for i in range(4)]
    for i, name in enumerate(names):
        save(tmp_path / f"set/images/{name}.png", noise(i))
        save(tmp_path / f"set/masks/{name}.png", block(i))
    (tmp_path / "g.csv").write_text("name,p\n" + "".join(f"{n},p{i}\n" for i, n in enumerate(names)), encoding="utf-8")
    rows = "".join(f"{name},0.1,0.2\n" for name in names)
    (tmp_path / "set/spacing.csv").write_text(f"name,row_mm,column_mm\n{rows}", encoding="utf-8")
    dataset = open_dataset("folder", tmp_path / "set", groups=parse_groups(f"{tmp_path / 'g.csv'}:p"))
    assert dataset[0].spacing_mm == (0.1, 0.2) and len(set(dataset.groups.values())) == 4
    (tmp_path / "set/spacing.csv").write_text(f"name,row_mm,column_mm\n{rows}{names[0]},5,5\n", encoding="utf-8")
    with pytest.raises(ValueError, match="a second size of"):
        open_dataset("folder", tmp_path / "set")
