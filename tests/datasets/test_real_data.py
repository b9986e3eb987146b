"""The real data sets, where they are there: every encoding against what an independent reading of the file says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PIL import Image

from banet_edu.data.prepared import Prepared
from banet_edu.datasets.check import check_dataset
from banet_edu.datasets.opening import open_dataset
from banet_edu.datasets.similarity import difference_hash, near_duplicates

pytestmark = pytest.mark.landing

PARTS = ("train", "val", "test")


@pytest.fixture(scope="module")
def opened(real):
    """A study data set, opened once for all tests of this file."""
    return cache(lambda format: open_dataset(format, real(format)))


@pytest.mark.parametrize(
    ("format", "count", "sizes"),
    [
        ("isic2017", 800, [560, 80, 160]),
        ("kvasir_seg", 740, [518, 74, 148]),
        ("cvc_colondb", 130, [91, 13, 26]),
        ("sz_cxr", 446, [312, 45, 89]),
        ("ph2", 20, [14, 2, 4]),
    ],
)
def test_study_data_sets_open_whole(opened, format, count, sizes):
    dataset = opened(format)
    assert len(dataset) == count and dataset.problems == []
    parts = [dataset.part(part).names for part in PARTS]
    assert [len(names) for names in parts] == sizes
    assert sorted(name for names in parts for name in names) == sorted(dataset.names)
    for sample in (dataset[0], dataset[-1]):
        assert sample.mask is not None and sample.mask.dtype == bool and 0 < sample.mask.mean() < 1


@pytest.mark.parametrize(
    ("format", "folder"), [("isic2017", "isic2017_original_size"), ("kvasir_seg", "kvasir_seg_original_size")]
)
def test_original_sizes(real, format, folder):
    for sample in open_dataset(format, real(folder)):
        assert sample.mask is not None and sample.mask.shape == sample.image.shape[:2]


def test_isic_masks_keep_their_own_size_and_align(opened):
    """A lesion is darker than the skin around it; a mask turned or mirrored would not select it."""
    dataset = opened("isic2017")[:12]
    assert dataset[0].mask is not None and dataset[0].mask.shape == (767, 1022)
    prepared = Prepared(dataset, 64)
    brightness = prepared.images.mean(axis=3)
    darker = [b[m == 1].mean() < b[m == 0].mean() for b, m in zip(brightness, prepared.masks, strict=True)]
    assert np.mean(darker) > 0.9


def test_jpeg_masks_are_cut_at_127(real, opened):
    for sample in opened("kvasir_seg")[:5]:
        levels = np.asarray(Image.open(real("kvasir_seg") / f"masks/{sample.name}.jpg"))[..., 0]
        np.testing.assert_array_equal(sample.mask, levels > 127)


def test_ph2_one_bit(real):
    for sample in open_dataset("ph2", real("ph2")):
        bits = np.asarray(Image.open(real("ph2") / f"masks/{sample.name}_lesion.bmp"))
        assert bits.dtype == bool
        np.testing.assert_array_equal(sample.mask, bits)


def test_inverted_palette(real):
    for sample in open_dataset("folder", real("odd_encodings/ham10000_mini")):
        image = Image.open(real("odd_encodings/ham10000_mini") / f"masks/{sample.name}.png")
        assert image.mode == "P"
        np.testing.assert_array_equal(sample.mask, np.asarray(image) == 0)  # index 0 is white there
        frame = np.concatenate([sample.mask[0], sample.mask[-1]])
        assert frame.mean() < 0.2  # the lesion is inside, so the sense is right


def test_colour_masks_keep_red(real):
    reddish = 0
    for sample in open_dataset("folder", real("odd_encodings/busi_mini")):
        pixels = np.asarray(Image.open(real("odd_encodings/busi_mini") / f"masks/{sample.name}.png")).astype(int)
        assert sample.mask is not None and sample.mask.any()
        np.testing.assert_array_equal(sample.mask, pixels.sum(axis=2) > 0)
        reddish += pixels[..., 0].max() > 127
    assert reddish > 0


@pytest.mark.parametrize("folder", ["wbc_dataset1", "wbc_dataset2"])
def test_three_levels(real, folder):
    root = real(f"odd_encodings/{folder}")
    with pytest.raises(ValueError, match=r"4 bad files[\s\S]*value_map=\{0: 0, 128: 1, 255: 2\}"):
        open_dataset("folder", root)
    value_map = {0: 0, 128: 1, 255: 2}
    if folder == "wbc_dataset2":  # one mask has three pixels of another value
        with pytest.raises(ValueError, match=r"1 bad file [\s\S]*035\.png: 3 pixels .* does not name: 3"):
            open_dataset("folder", root, value_map=value_map)
        value_map[3] = 0
    for sample in open_dataset("folder", root, value_map=value_map):
        levels = np.asarray(Image.open(root / f"masks/{sample.name}.png"))
        np.testing.assert_array_equal(sample.mask, (levels > 64).astype(int) + (levels > 192))


def test_gif_masks_with_tiff_images(real):
    dataset = open_dataset("folder", real("odd_encodings/drive"), image_suffix="_training", mask_suffix="_manual1")
    assert dataset.names == ["21", "22", "23"]
    for sample in dataset:
        assert sample.mask is not None and sample.mask.shape == sample.image.shape[:2] == (584, 565)
        assert 0.05 < sample.mask.mean() < 0.12  # vessels


def test_dark_objects(real):
    plain, inverted = (
        open_dataset("folder", real("odd_encodings/isbi2012_em"), invert=i)[0].mask for i in (False, True)
    )
    np.testing.assert_array_equal(plain, ~inverted)
    assert inverted is not None and 0.15 < inverted.mean() < 0.3  # membranes


def test_grey_and_colour_jpeg_masks_in_one_folder(real):
    dataset = open_dataset("folder", real("odd_encodings/polypgen_150"), mask_suffix="_mask")
    assert all(0.005 < sample.mask.mean() < 0.6 for sample in dataset)


def test_empty_masks(real):
    root = real("odd_encodings/polypgen_empty")
    dataset = open_dataset("folder", root, mask_suffix="_mask")
    assert len(dataset) == 2 and not any(sample.mask.any() for sample in dataset)
    assert len(open_dataset("folder", root, mask_suffix="_mask", empty="exclude").excluded) == 2


def test_known_near_duplicates_are_found(opened):
    """Two pairs that the data set's notes name, among sixty others."""
    known = {
        ("cju30bmab08bi0835mvlr6e0r", "cju77k828z46w0871r0avuoo9"),
        ("cju76lsehyia10987u54vn8rb", "cju772304yw5t0818vbw8kkjf"),
    }
    dataset = opened("kvasir_seg")
    dataset = dataset.subset([*dataset.names[:60], *(name for pair in known for name in pair)])
    pairs = near_duplicates([difference_hash(sample.image) for sample in dataset])
    assert {(dataset.names[i], dataset.names[j]) for i, j, _ in pairs} == known


def test_check_of_a_real_data_set(real):
    report = check_dataset("ph2", real("ph2"))
    assert report.ok and sum(report.parts.values()) == 20 and report.spacings_mm == {None: 20}
    assert 0.03 < min(report.foreground.values()) < max(report.foreground.values()) < 0.99
