"""`banet-edu audit`: every case measured, worst first, two readers beside it, odd files named, gone on with."""

from __future__ import annotations

import csv
import shutil

import numpy as np
import pytest
from PIL import Image

from banet_edu.paths import samples_root

MODEL = ("--model", "banet-lite-polyp")


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def cohort(tmp_path):
    """Five bundled polyps, one with a damaged image, and a second reader who draws everything four pixels lower."""
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
        for path in sorted((samples_root() / "polyp" / part).iterdir())[:5]:
            shutil.copy(path, tmp_path / part / path.name)
    (tmp_path / "second").mkdir()
    for path in (tmp_path / "masks").iterdir():
        Image.fromarray(np.roll(np.asarray(Image.open(path).convert("L")), 4, axis=0)).save(
            tmp_path / "second" / path.name
        )
    broken = sorted((tmp_path / "images").iterdir())[2]
    broken.write_bytes(broken.read_bytes()[:500])
    return tmp_path


def test_an_audit_lists_every_case_worst_first_and_names_what_it_could_not_read(banet_edu, cohort):
    line = ("audit", cohort / "images", cohort / "masks", *MODEL, "--spacing", 0.1, 0.1, "--out", cohort / "out")
    code, out, err = banet_edu(*line)
    assert code == 1 and "left out: images/" in err and "audit.html" in out
    table = rows(cohort / "out" / "audit.csv")
    assert len(table) == 4
    ok = [float(row["assd_mm"]) for row in table if row["status"] == "ok"]
    assert ok == sorted(ok, reverse=True)
    assert {row["largest_error"] for row in table} <= {
        "too small",
        "too large",
        "part missed",
        "extra piece",
        "not found",
        "none",
    }
    page = (cohort / "out" / "audit.html").read_text(encoding="utf-8")
    assert "Every case, worst first" in page and "Of 4 cases the object is missed altogether in" in page
    before = (cohort / "out" / "audit.csv").read_bytes()
    assert banet_edu(*line)[0] == 1  # taken over
    assert (cohort / "out" / "audit.csv").read_bytes() == before


@pytest.mark.landing
def test_two_readers_say_how_far_experts_are_apart(banet_edu, cohort):
    line = ("audit", cohort / "images", *MODEL, "--spacing", 0.1, 0.1, "--out", cohort / "out")
    code, _, err = banet_edu(*line, "--readers", cohort / "masks", cohort / "second")
    assert code == 1, err
    summary = {(row["model"], row["metric"]): row for row in rows(cohort / "out" / "summary.csv")}
    between = summary["reader A to reader B", "hd_mm"]
    assert 0.35 <= float(between["mean"]) <= 0.45  # four pixels of 0.1 mm
    page = (cohort / "out" / "audit.html").read_text(encoding="utf-8")
    assert all(pair in page for pair in ("network to reader A", "network to reader B", "reader A to reader B"))


def test_whose_masks_are_measured_against_is_said_once(banet_edu, cohort):
    line = ("audit", cohort / "images", *MODEL, "--out", cohort / "out")
    code, _, err = banet_edu(*line)
    assert code == 1 and "whose masks?" in err and "--readers A B" in err
    code, _, err = banet_edu(*line[:2], cohort / "second", *line[2:], "--readers", cohort / "masks", cohort / "second")
    assert code == 1 and "name the folder of reader A's masks once" in err
    assert not (cohort / "out").exists()


@pytest.mark.landing
def test_images_unlike_those_of_the_training_are_counted(banet_edu, tmp_path):
    folder = samples_root() / "dermoscopy"
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
        for path in sorted((folder / part).iterdir())[:2]:
            shutil.copy(path, tmp_path / part / path.name)
    line = ("audit", tmp_path / "images", tmp_path / "masks", "--model", "banet-lite-lung", "--out", tmp_path / "out")
    code, _, err = banet_edu(*line)
    assert code == 1 and "--mask-suffix" in err  # the way out is a word of the command
    assert banet_edu(*line, "--mask-suffix", "_segmentation")[0] == 0
    page = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert "Beware: 2 of 2 images are unlike all that this network has learned from." in page


def test_a_missing_folder_is_named(banet_edu, cohort):
    code, _, err = banet_edu("audit", cohort / "images", cohort / "none", *MODEL, "--out", cohort / "out")
    assert code == 1 and "none: no such folder" in err and not (cohort / "out").exists()


def test_the_suffix_of_the_masks_is_proposed(banet_edu, tmp_path):
    for name in ("images/1.png", "masks/10_segmentation.png", "masks/1_segmentation.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (64, 48)).save(tmp_path / name)
    code, _, err = banet_edu("audit", tmp_path / "images", tmp_path / "masks", "--model", "banet-lite-polyp")
    assert code == 1 and "(--mask-suffix _segmentation)" in err
