"""What a user did by hand and no test had done: names with brackets, frames, results over results, files of one's own."""

from __future__ import annotations

import os

import pytest
from PIL import Image
from user_files import picture, squashed

MODEL = ("--model", "banet-lite-phantom")


def test_painting_samples_leaves_files_of_ones_own(banet_edu, tmp_path):
    (tmp_path / "README.md").write_text("mine")
    own = picture(tmp_path / "lung" / "images" / "mine.jpg").read_bytes()
    code, _, err = banet_edu("data", "make", tmp_path, "--count", 1)
    name = next(path.name for path in (tmp_path / "dermoscopy" / "images").iterdir() if path.suffix == ".jpg")
    assert code == 0, err
    assert (tmp_path / "README.md").read_text() == "mine" and own == (tmp_path / "lung/images/mine.jpg").read_bytes()
    (tmp_path / "dermoscopy" / "images" / name).write_bytes(own)
    code, _, err = banet_edu("data", "make", tmp_path, "--count", 1)
    assert code == 1 and f"{name}: is there already and was not written by banet-edu, or was changed" in squashed(err)
    assert (tmp_path / "dermoscopy" / "images" / name).read_bytes() == own


def test_painted_samples_are_painted_anew_and_predicted(banet_edu, tmp_path):
    for count in (1, 2):
        assert banet_edu("data", "make", tmp_path / "s", "--count", count)[0] == 0
        assert f"{count} per folder" in (tmp_path / "s" / "README.md").read_text()
    assert len((tmp_path / "s" / "lung" / "spacing.csv").read_text().splitlines()) == 3
    for again in ("", "2 of 2 were done earlier"):
        code, out, err = banet_edu("predict", tmp_path / "s" / "lung" / "images", *MODEL, "--out", tmp_path / "out")
        assert code == 0 and again in out, err


def test_a_page_a_table_and_a_pdf_have_names_of_their_own(banet_edu, tmp_path):
    for name in ("r.pdf", "r.csv", "r.v1"):
        code, _, err = banet_edu("explain", picture(tmp_path / "a.png"), *MODEL, "--quick", "--out", tmp_path / name)
        assert code == 1 and f"{name}: name a file that ends in .html" in squashed(err)
        code, _, err = banet_edu("explain", "no.nii.gz", "--model", "none", "--out", tmp_path / name)  # before any work
        assert code == 1 and f"{name}: name a file that ends in .html" in squashed(err)
        assert not (tmp_path / name).exists()


def test_the_mask_beside_a_report_is_no_picture_to_predict(banet_edu, tmp_path):
    image = picture(tmp_path / "pictures" / "a.png")
    assert banet_edu("explain", image, *MODEL, "--quick", "--out", tmp_path / "pictures" / "case.html")[0] == 0
    assert (tmp_path / "pictures" / "case-mask.png").is_file()
    code, _, _ = banet_edu("predict", tmp_path / "pictures", *MODEL, "--out", tmp_path / "out")
    assert code == 0 and not (tmp_path / "out" / "case-mask_mask.png").exists()


def test_each_frame_has_a_report_of_its_own(banet_edu, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pages = [Image.open(picture(tmp_path / f"{seed}.png", seed)) for seed in (0, 1)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    for frame in (0, 1):
        assert banet_edu("explain", "stack.tif", *MODEL, "--quick", "--frame", frame)[0] == 0
    assert len(list((tmp_path / "runs" / "explain").glob("*.html"))) == 2


def test_brackets_in_a_name_are_said_as_they_are(banet_edu, make_set, tmp_path):
    root = make_set(12).rename(tmp_path / "skin [v2]")
    line = ("--format", "folder", "--root", root, "--preset", "nano", "--steps", 2, "--batch-size", 4)
    code, out, err = banet_edu("train", *line, "--out", tmp_path / "a[/b]")
    assert code == 0, err
    assert f"Weights: {tmp_path / 'a[/b]' / 'best.safetensors'}" in squashed(out)
    if os.name == "posix":  # to be pasted
        assert f"--model '{tmp_path / 'a[/b]' / 'best.safetensors'}'" in squashed(out)
    code, out, err = banet_edu("compare", *line, "--models", "otsu,region_growing", "--out", tmp_path / "c [final]")
    assert code == 0, err
    assert "skin [v2]: " in out and f"Report: {tmp_path / 'c [final]' / 'report.html'}" in squashed(out)


def test_results_of_other_pictures_with_the_same_names_are_said_to_be_replaced(banet_edu, tmp_path):
    for patient, replaced, threshold in (("a", False, 0.5), ("a", False, 0.5), ("a", False, 0.6), ("b", True, 0.5)):
        folder = picture(tmp_path / patient / "1.png", seed=ord(patient)).parent
        code, _, err = banet_edu("predict", folder, *MODEL, "--threshold", threshold, "--out", tmp_path / "out")
        assert code == 0
        assert ("of other pictures with the same names were replaced: 1.png" in squashed(err)) == replaced


def test_an_audit_whose_every_mask_is_bad_names_them(banet_edu, tmp_path):
    picture(tmp_path / "images" / "a.png")
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_bytes(b"no picture")
    code, _, err = banet_edu("audit", tmp_path / "images", tmp_path / "masks", *MODEL, "--out", tmp_path / "out")
    assert code == 1 and "none of its cases can be used" in err and "a.png: is not a readable image" in squashed(err)


def test_a_threshold_is_for_two_classes(banet_edu, tmp_path):
    line = ("predict", tmp_path / "none.nii.gz", "--model", "banet-lite-hippocampus", "--threshold", 0.9)
    (tmp_path / "none.nii.gz").write_bytes(b"")
    code, _, err = banet_edu(*line, "--out", tmp_path / "out")
    assert code == 1 and "--threshold is for two classes" in squashed(err)


@pytest.mark.landing
def test_a_network_of_volumes_is_exported_in_words_of_its_own(banet_edu, tmp_path):
    pytest.importorskip("onnxscript")
    code, out, err = banet_edu("export", "banet-lite-hippocampus", "--out", tmp_path / "v.onnx")
    assert code == 0, err
    assert "batch x 1 x " in squashed(out) and "each volume minus its mean" in squashed(out)
