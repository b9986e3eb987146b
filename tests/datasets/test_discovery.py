"""Folders of one's own are read without options where there is one reading."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from pictures import block, noise, save

from banet_edu.datasets.check import check_dataset
from banet_edu.datasets.opening import open_dataset

N = 6


def layout(root, image, mask):
    """N pairs, each under the names that the two patterns give."""
    for i in range(N):
        save(root / image.format(i=i, p=i // 2, s=i % 2), noise(i))
        save(root / mask.format(i=i, p=i // 2, s=i % 2), block(i))
    return root


@pytest.mark.parametrize(
    ("image", "mask", "names"),
    [
        ("images/c{i}.jpg", "masks/c{i}.png", "c{i}"),
        ("images/c{i}.png", "masks/c{i}_mask.png", "c{i}"),
        ("Images/c{i}.tif", "Masks/c{i}.bmp", "c{i}"),
        ("img/c{i}.webp", "labels/c{i}.png", "c{i}"),
        ("c{i}.jpg", "c{i}_mask.png", "c{i}"),
        ("c{i}.png", "c{i}-seg.png", "c{i}"),
        ("c{i}.png", "c{i}_Mask.png", "c{i}"),
        ("c{i}.png", "mask_c{i}.png", "c{i}"),
        ("images/c{i}.png", "images/c{i}_mask.png", "c{i}"),
        ("images/{i}_training.tif", "masks/{i}_manual1.gif", "{i}"),
        ("images/c{i}.png", "masks/mask-c{i}.png", "c{i}"),
        ("patient{p}/s{s}.png", "patient{p}/s{s}_mask.png", "patient{p}_s{s}"),
        ("patient{p}/images/s{s}.png", "patient{p}/masks/s{s}.png", "patient{p}_s{s}"),
        ("patient{p}/images/s{s}.png", "patient{p}/masks/s{s}_mask.png", "patient{p}_s{s}"),
    ],
)
def test_found_without_options(tmp_path, image, mask, names):
    dataset = open_dataset("folder", layout(tmp_path, image, mask))
    assert dataset.names == sorted(names.format(i=i, p=i // 2, s=i % 2) for i in range(N))
    for i, sample in enumerate(dataset):
        np.testing.assert_array_equal(sample.mask, block(i) > 0)
    report = check_dataset("folder", tmp_path)
    assert report.ok and f"read as           {dataset.reading}" in report.to_text()


def test_the_reading_is_said(tmp_path):
    assert open_dataset("folder", layout(tmp_path, "a{i}.png", "a{i}_seg.png")).reading == "CASE with CASE_seg"


def test_two_readings_are_listed_with_their_options(tmp_path):
    layout(tmp_path, "images/c{i}.png", "masks/c{i}.png")
    layout(tmp_path, "images/c{i}.png", "labels/c{i}.png")
    with pytest.raises(ValueError, match=r"pair up in 2 ways, choose one:") as error:
        open_dataset("folder", tmp_path)
    assert '--image-dir "images" --mask-dir "masks"' in str(error.value)
    assert '--image-dir "images" --mask-dir "labels"' in str(error.value)
    assert len(open_dataset("folder", tmp_path, image_dir="images", mask_dir="labels")) == N


def test_names_in_either_unicode_form_are_one_name(tmp_path):
    for i in range(N):
        save(tmp_path / "images" / f"{unicodedata.normalize('NFD', 'é')}{i}.png", noise(i))
        save(tmp_path / "masks" / f"{unicodedata.normalize('NFC', 'é')}{i}.png", block(i))
    assert open_dataset("folder", tmp_path).names == [f"é{i}" for i in range(N)]


def test_rows_of_the_spacing_table_that_match_nothing_are_named(make_set):
    root = make_set()
    (root / "spacing.csv").write_text("name,row_mm,column_mm\ncase0,0.1,0.1\ncase99,0.1,0.1\n")
    with pytest.raises(ValueError, match=r"spacing\.csv: names no case of this data set: case99"):
        open_dataset("folder", root)


def test_a_set_without_any_foreground_is_not_ok(make_set):
    root = make_set()
    for i in range(6):
        save(root / f"masks/case{i}.png", np.zeros((40, 60), np.uint8))
    assert not check_dataset("folder", root).ok


def test_a_prefix_of_masks_stands_in_what_is_said(tmp_path):
    root = layout(tmp_path, "images/c{i}.png", "masks/mask_c{i}.png")
    (root / "masks/mask_c0.png").unlink()
    with pytest.raises(ValueError, match=r"has no mask \(mask_c0\)"):
        open_dataset("folder", root, image_dir="images", mask_dir="masks", mask_prefix="mask_")
    with pytest.raises(ValueError, match=r"expected are CASE and msk_CASE.*--mask-prefix"):
        open_dataset("folder", root, image_dir="images", mask_dir="masks", mask_prefix="msk_")
