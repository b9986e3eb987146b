from __future__ import annotations

import random

import pytest

from banet_edu.datasets.splits import PARTS, check_part, part_sizes, split_names


def test_isic_sizes_and_no_overlap():
    names = [f"ISIC_{i:07d}" for i in range(800)]
    parts = split_names(names)
    assert [len(parts[part]) for part in PARTS] == [560, 80, 160]
    assert sorted(name for part in PARTS for name in parts[part]) == names


def test_split_is_frozen():
    """These names come from sha256, not from a random generator: they must never change between versions."""
    parts = split_names([f"case{i}" for i in range(10)], 0)
    assert parts["val"] == ["case7"] and parts["test"] == ["case4", "case5"]


def test_split_depends_on_the_seed_and_not_on_order_or_global_state():
    names = [f"c{i}" for i in range(60)]
    first = split_names(names, 1)
    random.seed(3)
    assert split_names(random.sample(names, 60), 1) == first
    assert split_names(names, 2) != first


def test_one_case_more_hardly_moves_the_rest():
    names = [f"c{i}" for i in range(100)]
    before, after = split_names(names), split_names([*names, "new"])
    moved = sum(name not in after[part] for part in PARTS for name in before[part])
    assert moved <= 3


@pytest.mark.parametrize("seed", range(7))
def test_video_frames_are_split_into_contiguous_blocks(seed):
    parts = split_names([str(i) for i in range(1, 131)], seed, contiguous=True)
    assert [len(parts[part]) for part in PARTS] == [91, 13, 26]
    for part in PARTS:
        frames = [int(name) for name in parts[part]]
        assert frames == list(range(frames[0], frames[0] + len(frames)))  # also: in natural order


def test_contiguous_seeds_give_six_orders():
    starts = {
        tuple(p[0] for p in split_names([str(i) for i in range(50)], s, contiguous=True).values()) for s in range(6)
    }
    assert len(starts) == 6


@pytest.mark.parametrize("total", range(3, 40))
def test_every_part_has_a_case(total):
    assert min(part_sizes(total)) >= 1 and sum(part_sizes(total)) == total


def test_errors():
    with pytest.raises(ValueError, match="at least 3 cases, got 2"):
        split_names(["a", "b"])
    with pytest.raises(ValueError, match="'training'"):
        check_part("training")


@pytest.mark.parametrize(
    "folders", [("train", "valid", "test"), ("Training", "Val", "Testing"), ("TrainSet", "dev", "TestSet")]
)
def test_folders_called_as_parts_are_the_parts_whatever_the_seed(folders):
    counts = dict(zip(folders, (14, 2, 4), strict=True))
    groups = {f"{folder}_{i}": folder for folder, count in counts.items() for i in range(count)}
    for seed in range(3):
        parts = split_names([*groups], seed, groups=groups)
        for part, folder in zip(PARTS, folders, strict=True):
            assert {groups[name] for name in parts[part]} == {folder} and len(parts[part]) == counts[folder]


@pytest.mark.parametrize(("there", "lacking"), [("test", "val"), ("val", "test")])
def test_the_part_that_lacks_is_cut_from_train_by_the_seed(there, lacking):
    groups = {f"train{i:02}": "train" for i in range(40)} | {f"{there}{i}": there for i in range(10)}
    first, second = (split_names([*groups], seed, groups=groups) for seed in (0, 1))
    assert {groups[name] for name in first[there]} == {there} and first[there] == second[there]
    assert {groups[name] for name in first[lacking]} == {"train"} and first[lacking] != second[lacking]
    assert sorted(name for part in PARTS for name in first[part]) == sorted(groups)
    assert 4 <= len(first[lacking]) <= 10
    with pytest.raises(ValueError, match=f"one case to train on, and none for {lacking}"):
        split_names(["t", "a", "b"], groups={"t": "train", "a": there, "b": there})
