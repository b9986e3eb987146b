"""Bad files: all named at once, or skipped and listed; and what only looks bad."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from pictures import block, noise, save
from PIL import Image

from banet_edu.datasets.opening import open_dataset


def spoil(root):
    """Break nine of sixteen cases, each in its own way; {file: part of the reason}."""
    images, masks = root / "images", root / "masks"
    whole = (images / "case0.png").read_bytes()
    (images / "case0.png").write_bytes(whole[: len(whole) - 200])
    (masks / "case1.png").unlink()
    (masks / "case2.png").write_text("not an image")
    Image.fromarray(noise(3)).resize((17, 40)).convert("L").point(lambda v: 255 * (v > 99)).save(masks / "case3.png")
    (images / "case4.png").write_bytes(b"")
    Image.fromarray(np.full((40, 60), 999, np.uint16)).save(images / "case5.png")
    Image.fromarray(noise(6, (40, 60, 4))).save(images / "case6.png")
    save(masks / "nobody.png", block())
    three = block(7)
    three[5:12, 12:25] = 128
    save(masks / "case7.png", three)
    shutil.copy(masks / "case9.png", masks / "case8.png")
    return {
        "images/case0.png": "truncated",
        "images/case1.png": "has no mask",
        "masks/case2.png": "not a readable image",
        "masks/case3.png": "other proportions (17 x 40) than its image (60 x 40)",
        "images/case4.png": "empty (0 bytes)",
        "images/case5.png": "16 bits",
        "images/case6.png": "alpha",
        "masks/nobody.png": "mask of no image",
        "masks/case7.png": "more than two values",
        "masks/case8.png": "byte for byte case9.png",
        "masks/case9.png": "byte for byte case8.png",
    }


def test_one_error_names_every_bad_file(make_set):
    root = make_set(16)
    expected = spoil(root)
    with pytest.raises(ValueError, match=r"11 bad files.*on_error='skip'") as caught:
        open_dataset("folder", root)
    lines = str(caught.value).splitlines()[1:]
    assert len(lines) == len(expected)
    for file, reason in expected.items():
        assert any(line.startswith(f"  {file}: ") and reason in line for line in lines), (file, lines)


def test_bad_files_are_skipped_and_listed(make_set):
    root = make_set(16)
    expected = spoil(root)
    dataset = open_dataset("folder", root, on_error="skip")
    assert dataset.names == [f"case{i}" for i in range(10, 16)]
    assert {problem.file for problem in dataset.problems} == set(expected)
    assert all(expected[problem.file] in problem.reason for problem in dataset.problems)
    assert all(sample.mask is not None and sample.mask.any() for sample in dataset)


def test_long_lists_of_bad_files_are_cut(make_set):
    root = make_set(27)
    for i in range(25):
        (root / f"masks/case{i}.png").write_text("x")
    with pytest.raises(ValueError, match=r"25 bad files[\s\S]*\.\.\. and 5 more$"):
        open_dataset("folder", root)


def test_two_files_of_one_case(make_set):
    root = make_set()
    Image.fromarray(noise(0)).save(root / "images/case0.jpg")
    with pytest.raises(ValueError, match=r"case0\.png: is a second image of 'case0', beside case0\.jpg"):
        open_dataset("folder", root)


def test_truncated_jpeg_is_seen_and_padding_after_its_end_is_not_minded(make_set):
    root = make_set()
    for i in (0, 1):
        (root / f"images/case{i}.png").unlink()
        Image.fromarray(noise(i)).save(root / f"images/case{i}.jpg")
    path = root / "images/case0.jpg"
    path.write_bytes(path.read_bytes() + b"\0" * 100)
    assert len(open_dataset("folder", root)) == 6
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(ValueError, match=r"1 bad file [\s\S]*images/case0\.jpg: is damaged or truncated"):
        open_dataset("folder", root)


def test_squashed_images_may_differ_from_their_masks_in_shape(tmp_path):
    for i in range(5):
        save(tmp_path / f"images/{i}.png", noise(i, (32, 32, 3)))
        save(tmp_path / f"masks/{i}.png", block(i, (40, 60)))
    assert len(open_dataset("folder", tmp_path)) == 5


def test_twin_frames_may_share_a_mask(make_set):
    root = make_set()
    shutil.copy(root / "masks/case1.png", root / "masks/case2.png")
    brighter = np.clip(noise(1).astype(int) // 2 + 60, 0, 255).astype(np.uint8)
    save(root / "images/case2.png", brighter)
    assert len(open_dataset("folder", root)) == 6


def test_what_most_masks_do_is_the_data_sets_way(make_set):
    """One template for every case, or many empty and full masks, are no mix-up."""
    root = make_set(6)
    for i in range(1, 6):
        shutil.copy(root / "masks/case0.png", root / f"masks/case{i}.png")
    assert len(open_dataset("folder", root)) == 6
    root = make_set(8, root="uniform")
    for i, level in ((0, 0), (1, 0), (2, 255), (3, 255)):
        save(root / f"masks/case{i}.png", np.full((40, 60), level, np.uint8))
    assert len(open_dataset("folder", root)) == 8


def test_damage_that_only_decoding_shows_is_named_at_use(tmp_path):
    """A mask too large to be decoded when opening (here: three levels)."""
    for i in range(3):
        save(tmp_path / f"images/{i}.png", noise(i))
        save(tmp_path / f"masks/{i}.png", np.repeat(np.repeat(block(i), 30, 0), 30, 1))
    large = np.repeat(np.repeat(block(1), 30, 0), 30, 1)
    large[200:300, 400:600] = 128
    save(tmp_path / "masks/1.png", large)
    dataset = open_dataset("folder", tmp_path)
    assert dataset[0].mask is not None
    with pytest.raises(ValueError, match=r"masks.1\.png: more than two values"):
        _ = dataset[1].mask
