from __future__ import annotations

import csv

import numpy as np
import pytest
import torch
from dicom_files import write as write_slice
from PIL import Image

from banet_edu import create_model
from banet_edu.data.sample import as_sample
from banet_edu.datasets.unmarked import find_files, plan
from banet_edu.reports.measurements import CONTOUR_COLOUR, draw_contours
from banet_edu.storage import save_model


@pytest.fixture
def weights(tmp_path):
    """An untrained network, which finds something in noise."""
    torch.manual_seed(0)
    return save_model(tmp_path / "model.safetensors", create_model("unet", preset="nano"))


@pytest.fixture
def folder(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    generator = np.random.default_rng(0)
    for name in ("a.png", "b.jpg"):
        Image.fromarray(generator.integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(images / name)
    return images


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_folder_gives_a_mask_a_contour_and_a_row_for_each_image(banet_edu, folder, weights, tmp_path):
    code, out, _ = banet_edu("predict", folder, "--model", weights, "--out", tmp_path / "out")
    assert code == 0
    assert "Not a medical device" in out
    assert "--spacing" in out  # how to get millimetres
    rows = read(tmp_path / "out" / "measurements.csv")
    assert [row["image"] for row in rows] == ["a.png", "b.jpg"]
    assert not any(name.endswith(("_mm", "_mm2")) and row[name] for row in rows for name in row)
    for stem, row in zip("ab", rows, strict=True):
        mask = np.asarray(Image.open(tmp_path / "out" / f"{stem}_mask.png"))
        assert mask.shape == (48, 64)
        assert set(np.unique(mask)) <= {0, 255}
        assert mask.any()
        assert float(row["area_px"]) == (mask == 255).sum()
        assert Image.open(tmp_path / "out" / f"{stem}_contour.png").size == (64, 48)


def test_millimetres_with_a_spacing(banet_edu, folder, weights, tmp_path):
    code, out, _ = banet_edu("predict", folder / "a.png", "--model", weights, "--out", tmp_path, "--spacing", 0.5, 0.25)
    assert code == 0
    [row] = read(tmp_path / "measurements.csv")
    mask = np.asarray(Image.open(tmp_path / "a_mask.png"))
    assert float(row["area_mm2"]) == pytest.approx((mask == 255).sum() * 0.125)
    assert (row["spacing_row_mm"], row["spacing_column_mm"]) == ("0.5", "0.25")
    assert "no millimetres" not in out


def test_unreadable_file_is_named_and_the_others_go_on(banet_edu, folder, weights, tmp_path):
    (folder / "bad.png").write_bytes(b"not an image")
    code, _, err = banet_edu("predict", folder, "--model", weights, "--out", tmp_path)
    assert code == 1  # the others are done
    assert "left out" in err
    assert "bad.png" in err
    rows = {row["image"]: row["left_out"] for row in read(tmp_path / "measurements.csv")}
    assert rows == {"a.png": "", "b.jpg": "", "bad.png": "is not a readable image"}
    code, _, err = banet_edu("predict", folder / "bad.png", "--model", weights, "--out", tmp_path)
    assert code == 1
    assert "bad.png" in err


def test_unknown_model_and_missing_images(banet_edu, folder, tmp_path):
    assert "nowhere" in banet_edu("predict", "nowhere", "--model", "x")[2]
    code, _, err = banet_edu("predict", folder, "--model", "no-such-model")
    assert code == 1
    assert "no-such-model" in err
    with pytest.raises(FileNotFoundError, match="no image in"):
        find_files(tmp_path)


def test_images_of_one_stem_do_not_overwrite_each_other(tmp_path):
    names = {"a.jpg": "a_jpg", "a.png": "a.png", "a_png.jpg": "a_png", "b.png": "b", "B.png": "B_png_2"}
    for name in names:
        Image.new("RGB", (40, 40)).save(tmp_path / name)
    jobs = plan([tmp_path / name for name in names], None)
    assert len({job.name.casefold() for job in jobs}) == len(names)
    assert [job.name for job in jobs][:3] == ["a_jpg", "a.png", "a_png"]


def test_contour_is_drawn_where_it_lies_and_nowhere_else():
    image = np.zeros((40, 60, 3), np.uint8)
    square = np.array([[10.0, 20.0], [10.0, 40.0], [30.0, 40.0], [30.0, 20.0], [10.0, 20.0]])
    drawn = draw_contours(image, [square])
    green = CONTOUR_COLOUR[1]
    assert drawn[10, 30, 1] > green // 2
    assert drawn[20, 20, 1] > green // 2
    assert not drawn[14:27, 24:37].any()
    assert not drawn[:8].any()
    assert not image.any()


@pytest.fixture
def mixed(tmp_path):
    """A picture, a WebP, a stack of three pages, DICOM by another extension and by a UID, a broken file, notes."""
    from dicom_files import write

    images, generator = tmp_path / "mixed", np.random.default_rng(0)
    images.mkdir()

    def picture():
        return Image.fromarray(generator.integers(0, 255, (48, 64, 3), dtype=np.uint8))

    picture().save(images / "a.png")
    picture().save(images / "b.webp")
    picture().save(images / "stack.tif", save_all=True, append_images=[picture(), picture()])
    (images / "broken.png").write_bytes((images / "a.png").read_bytes()[:400])
    (images / "notes.txt").write_text("left breast first")
    for name in ("f.dicom", "1.2.826.0.1.3680043.8.498.11"):
        write(images / name, generator.integers(0, 255, (48, 64), dtype=np.uint8), ImagerPixelSpacing=[0.2, 0.2])
    return images


def test_a_folder_is_read_by_content_every_page_a_row_and_what_is_left_out_is_named(
    banet_edu, mixed, weights, tmp_path
):
    pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")
    code, out, err = banet_edu("predict", mixed, "--model", weights, "--out", tmp_path / "out")
    assert code == 1, err
    rows = {row["image"]: row for row in read(tmp_path / "out" / "measurements.csv")}
    pages = [f"stack.tif frame {page}" for page in range(3)]
    done = ["1.2.826.0.1.3680043.8.498.11", "a.png", "b.webp", "f.dicom", *pages]
    assert sorted(name for name, row in rows.items() if not row["left_out"]) == sorted(done)
    assert "damaged or truncated" in rows["broken.png"]["left_out"] and rows["notes.txt"]["left_out"] == "not an image"
    assert (tmp_path / "out" / "stack_frame2_mask.png").is_file()
    assert (tmp_path / "out" / "1.2.826.0.1.3680043.8.498.11_mask.png").is_file()
    assert "broken.png" in err and "notes.txt" in out
    assert "at the detector: true sizes in the body are smaller" in " ".join(err.split())


def test_one_page_of_a_stack(banet_edu, mixed, weights, tmp_path):
    stack = mixed / "stack.tif"
    code, _, err = banet_edu("predict", stack, "--model", weights, "--out", tmp_path / "one", "--frame", 1)
    assert code == 0, err
    assert [row["image"] for row in read(tmp_path / "one" / "measurements.csv")] == ["stack.tif frame 1"]
    code, _, err = banet_edu("predict", stack, "--model", weights, "--out", tmp_path / "none", "--frame", 3)
    assert code == 1 and "has no frame 3: it holds 3" in " ".join(err.split())


def test_whatever_fails_on_one_image_the_others_are_done(banet_edu, folder, weights, tmp_path):
    Image.new("RGB", (1, 90)).save(folder / "thin.png")
    Image.new("RGB", (20, 20)).save(folder / "small.png")
    code, _, err = banet_edu("predict", folder, "--model", weights, "--out", tmp_path / "out", "--native")
    assert code == 1, err
    rows = {row["image"]: row for row in read(tmp_path / "out" / "measurements.csv")}
    assert rows["a.png"]["area_px"] and rows["b.jpg"]["area_px"]
    assert "too small" in rows["small.png"]["left_out"] and rows["thin.png"]["left_out"]


def test_masks_beside_their_images_are_left_out_and_named(banet_edu, folder, weights, tmp_path):
    for name in ("a_mask.png", "Seg-b.png", "other_mask.png"):
        Image.new("L", (64, 48)).save(folder / name)
    code, out, _ = banet_edu("predict", folder, "--model", weights, "--out", tmp_path / "out")
    rows = {row["image"]: row["left_out"] for row in read(tmp_path / "out" / "measurements.csv")}
    assert code == 0 and "a_mask.png (the mask of a.png)" in " ".join(out.split())
    kept = {"a.png": "", "b.jpg": "", "other_mask.png": ""}
    assert rows == kept | {"a_mask.png": "the mask of a.png", "Seg-b.png": "the mask of b.jpg"}


def test_pictures_of_an_earlier_call_are_counted(banet_edu, folder, weights, tmp_path):
    assert (
        "earlier call" not in banet_edu("predict", folder / "a.png", "--model", weights, "--out", tmp_path / "out")[1]
    )
    out = banet_edu("predict", folder / "b.jpg", "--model", weights, "--out", tmp_path / "out")[1]
    assert "Beside them lie 2 pictures of an earlier call" in " ".join(out.split())


@pytest.mark.parametrize("given", ["scan.nii.gz", "."])
def test_volumes_for_a_network_of_images_are_refused_with_the_way_out(banet_edu, weights, tmp_path, given):
    scans = tmp_path / "scans"
    scans.mkdir()
    (scans / "scan.nii.gz").write_bytes(b"any")
    code, _, err = banet_edu("predict", scans / given, "--model", weights)
    assert code == 1 and "volume" in err and "it takes one trained on volumes, as banet-lite-hippocampus" in err


def test_a_picture_for_a_network_of_volumes_is_refused(banet_edu, folder):
    code, _, err = banet_edu("predict", folder / "a.png", "--model", "banet-lite-hippocampus")
    assert code == 1 and "is a picture, and this a network of volumes" in err


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (("0,05", "0,05"), "0,05 is no number"),
        (("0.05", "0.05mm"), "0.05mm is no number"),
        (("0", "0.05"), "--spacing 0 0.05: spacing_mm is"),
    ],
)
def test_a_spacing_that_is_none_is_said_with_its_value(banet_edu, folder, weights, numbers, said):
    code, _, err = banet_edu("predict", folder, "--model", weights, "--spacing", *numbers)
    assert code == 1 and said in err


def test_a_name_too_long_for_its_results_leaves_the_others_done(banet_edu, folder, weights, tmp_path):
    Image.new("RGB", (64, 64)).save(folder / f"{'é' * 110}.png")
    code, _, err = banet_edu("predict", folder, "--model", weights, "--out", tmp_path / "out")
    assert code == 1 and "its name is too long for results to be named after it" in err
    assert (tmp_path / "out" / "measurements.csv").is_file()


def test_two_masks_of_one_name_are_both_left_out(tmp_path):
    for name in ("a.jpg", "a_mask.png", "a_mask.tif"):
        Image.new("RGB", (40, 40)).save(tmp_path / name)
    images, others = find_files(tmp_path)
    assert [image.name for image in images] == ["a.jpg"] and len(others) == 2


def test_what_must_be_said_of_the_pixel_size_is_said_again(banet_edu, weights, tmp_path):
    write_slice(
        tmp_path / "scan.dcm", np.arange(80 * 70, dtype=np.uint8).reshape(80, 70), ImagerPixelSpacing=[0.2, 0.2]
    )
    line = ("predict", tmp_path / "scan.dcm", "--model", weights, "--out", tmp_path / "out")
    for _ in range(2):
        code, _, err = banet_edu(*line)
        assert code == 0 and "at the detector" in err
    assert "at the detector" in (tmp_path / "out" / "measurements.csv").read_text(encoding="utf-8")
    assert "at the detector" in as_sample(tmp_path / "scan.dcm").spacing_note
