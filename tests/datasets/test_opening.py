"""Layouts, matching by name, laziness, parts."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from pictures import block, noise, save

from banet_edu.data.sample import Sample
from banet_edu.datasets.dataset import ByteCache
from banet_edu.datasets.opening import open_dataset


@pytest.mark.parametrize(
    ("format", "image", "mask"),
    [
        ("isic2017", "images/ISIC_000000{}.png", "masks/ISIC_000000{}_segmentation.png"),
        (
            "isic2017",
            "ISIC-2017_Training_Data/ISIC_000000{}.png",
            "ISIC-2017_Training_Part1_GroundTruth/ISIC_000000{}_segmentation.png",
        ),
        ("ph2", "images/IMD00{}.bmp", "masks/IMD00{}_lesion.bmp"),
        (
            "ph2",
            "PH2 Dataset images/IMD00{0}/IMD00{0}_Dermoscopic_Image/IMD00{0}.bmp",
            "PH2 Dataset images/IMD00{0}/IMD00{0}_lesion/IMD00{0}_lesion.bmp",
        ),
        ("kvasir_seg", "images/cju{}.png", "masks/cju{}.png"),
        ("cvc_colondb", "images/{}.png", "masks/{}.png"),
        ("sz_cxr", "images/CHNCXR_000{}_0.png", "masks/CHNCXR_000{}_0_mask.png"),
        ("sz_cxr", "CXR_png/CHNCXR_000{}_0.PNG", "mask/CHNCXR_000{}_0_mask.png"),
    ],
)
def test_layouts(tmp_path, format, image, mask):
    for i in range(4):
        save(tmp_path / image.format(i), noise(i))
        save(tmp_path / mask.format(i), block(i))
    (tmp_path / "readme.txt").write_text("no image")
    dataset = open_dataset(format, tmp_path)
    assert len(dataset) == 4 and dataset.format == format and dataset.root == tmp_path and dataset.problems == []
    for i, sample in enumerate(dataset):
        assert isinstance(sample, Sample) and sample.name == dataset.names[i]
        np.testing.assert_array_equal(sample.image, noise(i))
        np.testing.assert_array_equal(sample.mask, block(i) > 0)
        assert sample.spacing_mm is None


def test_superpixels_of_the_official_isic_download_are_no_images(tmp_path):
    for i in range(3):
        save(tmp_path / f"images/ISIC_{i}.png", noise(i))
        save(tmp_path / f"images/ISIC_{i}_superpixels.png", noise(i))
        save(tmp_path / f"masks/ISIC_{i}_segmentation.png", block(i))
    assert len(open_dataset("isic2017", tmp_path)) == 3


def test_folder_with_own_rules_and_one_folder_for_both(tmp_path):
    for i in range(3):
        save(tmp_path / f"all/{i}_training.tif", noise(i))
        save(tmp_path / f"all/{i}_training_mask.gif", block(i))
    dataset = open_dataset(
        "folder", tmp_path, image_dir="all", mask_dir="all", image_suffix="_training", mask_suffix="_training_mask"
    )
    assert dataset.names == ["0", "1", "2"]
    np.testing.assert_array_equal(dataset["2"].mask, block(2) > 0)


def test_names_that_fit_no_rule_are_shown(make_set):
    root = make_set(mask_suffix="_m")
    with pytest.raises(ValueError, match=r"'case0\.png'.*'case0_m\.png'.*mask_suffix="):
        open_dataset("kvasir_seg", root)
    with pytest.raises(FileNotFoundError, match="images"):
        open_dataset("folder", root / "masks")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        open_dataset("folder", root / "nowhere")
    with pytest.raises(ValueError, match=r"'isic'.*isic2017"):
        open_dataset("isic", root)


def test_empty_masks_are_kept_or_excluded(make_set):
    root = make_set()
    for i in (2, 4):
        save(root / f"masks/case{i}.png", np.zeros((40, 60), np.uint8))
    kept = open_dataset("folder", root)
    assert len(kept) == 6 and kept["case2"].mask is not None and not kept["case2"].mask.any()
    excluded = open_dataset("folder", root, empty="exclude")
    assert excluded.names == ["case0", "case1", "case3", "case5"] and excluded.excluded == ["case2", "case4"]
    assert excluded.problems == []


def test_value_map_makes_classes(tmp_path):
    for i in range(3):
        three = block(i)
        three[5:12, 12:25] = 128
        save(tmp_path / f"images/{i}.png", noise(i))
        save(tmp_path / f"masks/{i}.png", three)
    dataset = open_dataset("folder", tmp_path, value_map={0: 0, 128: 1, 255: 2})
    assert dataset.num_classes == 3
    mask = dataset[0].mask
    assert mask is not None and mask.dtype == np.uint8 and mask[8, 15] == 1 and mask[13, 15] == 2 and mask[0, 0] == 0
    for bad in ({0: 0, 128: 2}, {0: 0, (255, 0, 0): 1}, {0: 0, 255: 0}, {}):
        with pytest.raises(ValueError, match="value_map="):
            open_dataset("folder", tmp_path, value_map=bad)


def test_spacing_from_argument_and_table(make_set):
    root = make_set(3)
    (root / "spacing.csv").write_text("name,row_mm,column_mm\ncase0,0.5,0.25\ncase1,2,2\n")
    dataset = open_dataset("folder", root)
    assert [sample.spacing_mm for sample in dataset] == [(0.5, 0.25), (2.0, 2.0), None]
    assert open_dataset("folder", root, spacing_mm=0.1)[0].spacing_mm == (0.1, 0.1)
    assert open_dataset("folder", root, spacing_mm=(0.1, 0.3))[2].spacing_mm == (0.1, 0.3)
    with pytest.raises(ValueError, match="spacing_mm"):
        open_dataset("folder", root, spacing_mm=0)
    (root / "spacing.csv").write_text("name,row_mm,column_mm\ncase0,0.5,\n")
    with pytest.raises(ValueError, match=r"spacing\.csv, line 2"):
        open_dataset("folder", root)


def test_parts_stay_when_a_file_breaks(make_set):
    root = make_set(20)
    before = {part: open_dataset("folder", root, part).names for part in ("train", "val", "test")}
    assert [len(names) for names in before.values()] == [14, 2, 4]
    (root / "masks/case7.png").write_text("x")
    after = {part: open_dataset("folder", root, part, on_error="skip").names for part in ("train", "val", "test")}
    assert after == {part: [name for name in names if name != "case7"] for part, names in before.items()}
    whole = open_dataset("folder", root, on_error="skip")
    assert whole.part("test", 3).names == open_dataset("folder", root, "test", 3, "skip").names != after["test"]


def test_colondb_frames_are_split_in_blocks_by_number(tmp_path):
    for i in range(1, 31):
        save(tmp_path / f"images/{i}.png", noise(i))
        save(tmp_path / f"masks/{i}.png", block(i % 16 + 1))
        mask = block(i % 16)
        mask[30, i] = 255  # no two masks alike
        save(tmp_path / f"masks/{i}.png", mask)
    dataset = open_dataset("cvc_colondb", tmp_path)
    assert dataset.names == [str(i) for i in range(1, 31)]
    for seed in range(3):
        for part in ("train", "val", "test"):
            frames = [int(name) for name in dataset.part(part, seed).names]
            assert frames == list(range(frames[0], frames[0] + len(frames)))


def test_a_data_set_behaves_as_a_sequence(make_set):
    dataset = open_dataset("folder", make_set(12))
    assert dataset.names[:3] == ["case0", "case1", "case2"] and dataset.names[-1] == "case11"
    assert dataset[-1].name == "case11" and dataset["case3"].name == "case3"
    assert dataset[2:5].names == ["case2", "case3", "case4"] and dataset[::5].names == ["case0", "case5", "case10"]
    assert dataset.subset(["case9", "case1"]).names == ["case1", "case9"]
    with pytest.raises(KeyError, match="case99"):
        dataset.subset(["case99"])
    with pytest.raises(KeyError, match="no case 'x'"):
        dataset["x"]
    with pytest.raises(IndexError):
        dataset[12]
    again = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(again[3].mask, dataset[3].mask)


def test_cache_is_bounded_and_shared_arrays_are_read_only(make_set):
    cache, loads = ByteCache(limit=250), []
    for key in [0, 1, 2, 1, 0, 1]:  # 2 pushes 0 out, 0 then pushes 2 out
        cache.get(key, lambda key=key: loads.append(key) or np.zeros(100, np.uint8))
        assert cache.used <= 250
    assert loads == [0, 1, 2, 0]
    with pytest.raises(ValueError, match="read-only"):
        open_dataset("folder", make_set())[0].image[0, 0] = 1
