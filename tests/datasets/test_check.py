from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from banet_edu.datasets.check import check_dataset
from banet_edu.datasets.similarity import difference_hash, hamming, near_duplicates
from banet_edu.datasets.splits import split_names


def test_hash_survives_resaving_and_tells_scenes_apart():
    rng = np.random.default_rng(0)
    scenes = [
        np.asarray(Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)).resize((200, 150)))
        for _ in range(6)
    ]
    first = difference_hash(scenes[0])
    darker = (scenes[0] * 0.7 + 10).astype(np.uint8)
    smaller = np.asarray(Image.fromarray(scenes[0]).resize((90, 110)))
    assert max(hamming(first, difference_hash(changed)) for changed in (darker, smaller)) <= 8
    assert min(hamming(first, difference_hash(other)) for other in scenes[1:]) > 60


def test_hash_bits_are_the_comparison_of_neighbours():
    """One bright column in a black image: one cell is brighter than its left neighbour, in each of the 16 rows."""
    image = np.zeros((16, 17, 3), np.uint8)
    image[:, 5] = 200
    assert hamming(difference_hash(image), difference_hash(np.zeros_like(image))) == 16


def test_near_duplicates_come_nearest_first():
    rng = np.random.default_rng(1)
    base = rng.integers(0, 2**63, 4, dtype=np.uint64)
    near, nearer = base.copy(), base.copy()
    near[1] ^= np.uint64(0b1110101)
    nearer[3] ^= np.uint64(1)
    far = rng.integers(0, 2**63, 4, dtype=np.uint64)
    assert near_duplicates([near, base, far, nearer]) == [(1, 3, 1), (0, 1, 5), (0, 3, 6)]


def test_report(make_set):
    root = make_set(20)
    train, test = (split_names([f"case{i}" for i in range(20)])[part][0] for part in ("train", "test"))
    twin = np.asarray(Image.open(root / f"images/{train}.png"))
    Image.fromarray((twin * 0.8).astype(np.uint8)).save(root / f"images/{test}.png")
    broken = next(f"case{i}" for i in range(20) if f"case{i}" not in (train, test))
    (root / f"masks/{broken}.png").write_text("x")
    empty = next(f"case{i}" for i in range(19, 0, -1) if f"case{i}" not in (train, test, broken))
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(root / f"masks/{empty}.png")
    (root / "spacing.csv").write_text(f"name,row_mm,column_mm\n{train},0.5,0.25\n")

    seen = []
    report = check_dataset("folder", root, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (19, 19) and list(report.parts) == ["train", "val", "test"] and sum(report.parts.values()) == 19
    assert report.image_sizes == {"60 x 40": 19} and report.spacings_mm == {(0.5, 0.25): 1, None: 18}
    assert [problem.file for problem in report.problems] == [f"masks/{broken}.png"] and not report.ok
    assert report.empty == [empty]
    assert report.foreground[train] == pytest.approx((np.asarray(Image.open(root / f"masks/{train}.png")) > 0).mean())
    (pair,) = report.duplicates
    assert {pair.first, pair.second} == {train, test} and pair.leaks and pair.distance <= 8

    text = report.to_text()
    for part in (
        "19 (",
        "60 x 40",
        "0.5 x 0.25 mm",
        f"1: {empty}",
        f"masks/{broken}.png: ",
        "1 of them across",
        str(pair),
    ):
        assert part in text, part
    assert dict(report.rows())["bad files"] == "1"


def test_damage_found_only_by_decoding_is_listed(tmp_path):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for i in range(4):
        rng = np.random.default_rng(i)
        Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(tmp_path / f"images/{i}.png")
        mask = np.zeros((1100, 1650), np.uint8)
        mask[100:400, 100 : 500 + i] = 255
        if i == 2:
            mask[100:300, 100:300] = 128
        Image.fromarray(mask).save(tmp_path / f"masks/{i}.png")
    report = check_dataset("folder", tmp_path)
    assert [(p.file, "more than two values" in p.reason) for p in report.problems] == [("masks/2.png", True)]
    assert set(report.foreground) == {"0", "1", "3"} and report.mask_sizes == {"1650 x 1100": 3}


def test_healthy_set_is_ok(make_set):
    report = check_dataset("folder", make_set(12))
    assert report.ok and report.duplicates == [] and report.problems == []
    assert "near duplicates   0 (pairs)" in report.to_text()
