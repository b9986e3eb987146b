"""What a user is told, where somebody who tried by hand missed it: names of options, folders and extras, classes apart."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image
from user_files import picture, squashed

from banet_edu.cli import doctor, lab
from banet_edu.cli.main import at_home

MODEL = ("--model", "banet-lite-phantom")


def three_valued(root, count=12):
    """A set whose masks hold a square in a square."""
    for k in range(count):
        picture(root / "images" / f"{k:02d}.png", k)
        mask = np.zeros((64, 80), np.uint8)
        mask[16:48, 16:56], mask[24:40, 24:48] = 128, 255
        (root / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(root / "masks" / f"{k:02d}.png")
    return root


def test_values_of_a_mask_are_explained_with_the_option_of_the_command(banet_edu, tmp_path):
    code, out, _ = banet_edu("data", "check", three_valued(tmp_path), "--format", "folder")
    assert code == 1 and "--value-map 0=0,128=1,255=2" in squashed(out) and "(0=0,128=1,255=1) for one" in squashed(out)
    assert banet_edu("data", "check", tmp_path, "--format", "folder", "--value-map", "0=0,128=1,255=2")[0] == 0


def test_folders_with_other_names_are_told_how_to_be_named(banet_edu, tmp_path):
    picture(tmp_path / "pictures" / "a.png")
    code, _, err = banet_edu("data", "check", tmp_path, "--format", "folder")
    assert code == 1 and "--image-dir, --mask-dir" in squashed(err)


def test_a_size_is_said_in_one_order(banet_edu, make_set, tmp_path):
    root = make_set(12)
    mask = next((root / "masks").iterdir())
    image = next((root / "images").glob(f"{mask.stem}.*"))
    width, height = Image.open(image).size
    Image.new("L", (height * 2, width)).save(mask)
    out = squashed(banet_edu("data", "check", root, "--format", "folder")[1])
    assert f"image sizes {width} x {height}" in out
    assert f"has other proportions ({2 * height} x {width}) than its image ({width} x {height})" in out


def test_several_classes_are_compared_apart_in_words_tables_and_pictures(banet_edu, tmp_path):
    line = ("--format", "folder", "--root", three_valued(tmp_path / "d"), "--value-map", "0=0,128=1,255=2")
    line += ("--preset", "nano", "--steps", 2, "--batch-size", 4)
    code, out, err = banet_edu("compare", *line, "--models", "banet,unet", "--out", tmp_path / "c")
    assert code == 0, err
    assert "- class 1, JA:" in squashed(out) and "- class 2, JA:" in squashed(out)
    page = (tmp_path / "c" / "report.html").read_text(encoding="utf-8")
    assert "mean JA of all models and classes" in page and "all classes taken together" in page
    assert "banet, class 2 JA" in page  # the picture in words
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "ablation-class2.png").write_bytes(b"mine")
    code, _, err = banet_edu("ablate", *line, "--variants", "banet,no-pee", "--out", tmp_path / "a")
    assert code == 1 and "ablation-class2.png: is there already" in squashed(err)
    assert not (tmp_path / "a" / "banet-seed0").exists()  # before any training


def test_one_model_has_no_table_of_pairs(banet_edu, make_set, tmp_path):
    line = ("--format", "folder", "--root", make_set(12), "--preset", "nano", "--steps", 2, "--batch-size", 4)
    code, out, err = banet_edu("compare", *line, "--models", "banet", "--out", tmp_path / "c")
    assert code == 0, err
    assert "Tables: per_image.csv and summary.csv in" in squashed(out)
    assert (tmp_path / "c" / "paired.csv").read_text().startswith("class,column,a,b,")


def test_folders_inside_a_folder_are_named(banet_edu, tmp_path):
    picture(tmp_path / "p" / "a.png")
    picture(tmp_path / "p" / "more" / "b.png")
    for _ in range(2):  # results within are none
        code, out, err = banet_edu("predict", tmp_path / "p", *MODEL, "--out", tmp_path / "p" / "results")
        assert code == 0, err
        assert "Folders of images are not looked into; name each itself: more" in squashed(out)
        assert "more" not in (tmp_path / "p" / "results" / "measurements.csv").read_text()
    (tmp_path / "p" / "a.png").unlink()
    code, _, err = banet_edu("predict", tmp_path / "p", *MODEL)
    assert code == 1 and f"there are some in {tmp_path / 'p' / 'more'}" in squashed(err)
    assert banet_edu("data", "make", tmp_path / "s", "--count", 1)[0] == 0
    err = squashed(banet_edu("predict", tmp_path / "s" / "polyp", *MODEL)[2])
    assert f"there are some in {tmp_path / 's' / 'polyp' / 'images'}" in err and "masks" not in err


def test_fewer_samples_over_many_leave_a_table_of_all(banet_edu, tmp_path):
    for count in (3, 1):
        assert banet_edu("data", "make", tmp_path, "--count", count)[0] == 0
    lines = (tmp_path / "polyp" / "spacing.csv").read_text().splitlines()
    assert len(lines) == 4 and len({line.partition(",")[2] for line in lines[1:]}) == 1
    assert "3 per folder" in (tmp_path / "README.md").read_text()


def test_shapley_values_are_refused_where_nothing_slow_is_wanted(banet_edu, tmp_path):
    code, _, err = banet_edu("explain", picture(tmp_path / "a.png"), *MODEL, "--quick", "--shapley")
    assert code == 1 and "give one of the two" in squashed(err)


def test_home_is_found_where_the_shell_left_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert at_home(["--out=~/x", "~/y", "~", "a~", "--kind=~z", "~bob/x"]) == [
        f"--out={tmp_path}/x", f"{tmp_path}/y", str(tmp_path), "a~", "--kind=~z", "~bob/x",
    ]  # fmt: skip


def test_doctor_names_every_extra(banet_edu, monkeypatch):
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    out = banet_edu("doctor", "--quick")[1].replace("\n", "").replace(" ", "")
    for extra in ("dicom", "heic", "clinic", "site", "onnx"):
        assert f"banet-edu[{extra}]" in out


def test_a_checkout_that_cannot_be_written_is_copied_to_where_one_is(banet_edu, monkeypatch, tmp_path):
    import nbformat

    shared, mine = tmp_path / "shared", tmp_path / "mine"
    (shared / "notebooks").mkdir(parents=True)
    mine.mkdir()
    nbformat.write(nbformat.v4.new_notebook(), shared / "notebooks" / "00_a.ipynb")
    monkeypatch.chdir(mine)
    monkeypatch.setattr(lab, "find_notebooks", lambda: shared / "notebooks")
    allowed = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path) not in (shared, shared / "my-course") and allowed(path, mode)
    )
    started = []
    monkeypatch.setattr(lab, "run_until_stopped", lambda command, env: started.append(command) or 0)
    code, _, err = banet_edu("lab", "--no-browser", "--allow-root")
    assert code == 0 and f"your copy is in {mine / 'my-course'}; its links to docs lead nowhere" in squashed(err)
    assert (mine / "my-course" / "00_a.ipynb").is_file() and not (shared / "my-course").exists()
    assert str(mine) in started[0] and "--allow-root" in started[0]
    monkeypatch.chdir(shared)  # where README says to stand
    code, _, err = banet_edu("lab", "--no-browser")
    assert code == 1 and "change to one of your own (cd) and call banet-edu lab there" in squashed(err)


def test_a_network_without_blocks_has_words_for_shapley_values():
    from torch import nn

    from banet_edu.config import ModelSpec
    from banet_edu.explain.inside.regions import boundary_band
    from banet_edu.reports.appendix import shapley_values

    mask = np.zeros((64, 64), bool)
    mask[20:40, 20:40] = True
    model = nn.Conv2d(3, 2, 1)
    model.spec = ModelSpec(name="plain")  # type: ignore[assignment]
    assert shapley_values(model, None, boundary_band(mask, width=None, spacing_mm=None)) == (  # type: ignore[arg-type]
        "No Shapley values: plain has no blocks or skips to divide its confidence among."
    )
