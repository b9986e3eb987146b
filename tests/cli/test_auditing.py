"""`banet-edu audit`: every case measured, worst first, two readers beside it, odd files named, gone on with."""

from __future__ import annotations

import csv
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from banet_edu.paths import samples_root
from banet_edu.reports.audit import _cases, _counts

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


def test_a_case_that_is_missed_altogether_misses_no_part_besides():
    table = pd.DataFrame({"status": ["missed", "ok"], "parts_missed": [2, 0], "extra_pieces": [0, 1]})
    [said] = _counts(table)
    assert "missed altogether in 1," in said and "a part is missed in 0, an extra piece outlined in 1." in said
    assert _counts(table[:1])[0].startswith("Of 1 case the object")


def test_the_cases_are_listed_where_none_differs():
    row = {"name": "a", "status": "ok", "JA": 1.0, "assd_mm": 0.0, "hd_mm": 0.0, "parts_missed": 0, "extra_pieces": 0}
    listed = _cases(pd.DataFrame([row | {"largest_error": "none", "clock": None}]), "assd_mm", "hd_mm")
    assert listed.rows[0][-1] == "none"


def test_pixel_sizes_given_later_measure_anew(banet_edu, cohort):
    line = ("audit", cohort / "images", cohort / "masks", *MODEL, "--out", cohort / "out")
    banet_edu(*line)
    assert "assd_pct" in rows(cohort / "out" / "audit.csv")[0]
    names = [path.stem for path in (cohort / "masks").iterdir()]
    table = "name,row_mm,column_mm\n" + "".join(f"{name},0.1,0.1\n" for name in names)
    (cohort / "spacing.csv").write_text(table, encoding="utf-8")
    banet_edu(*line)
    assert "assd_mm" in rows(cohort / "out" / "audit.csv")[0]


def test_a_bad_mask_of_reader_b_is_told_and_its_values_can_be_said(banet_edu, cohort):
    first = sorted((cohort / "second").iterdir())[0]
    mask = np.asarray(Image.open(first).convert("L")).copy()
    mask[: len(mask) // 3] = 128
    Image.fromarray(mask).save(first.with_suffix(".png"))
    if first.suffix != ".png":
        first.unlink()
    sorted((cohort / "second").iterdir())[1].unlink()
    line = ("audit", cohort / "images", "--readers", cohort / "masks", cohort / "second", *MODEL, "--out", cohort / "b")
    _, _, err = banet_edu(*line)
    told = [text for text in err.splitlines() if text.startswith("left out: reader B:")]
    assert len(told) == 2 and any("more than two values" in text for text in told)
    assert any("has no mask" in text for text in told)
    _, _, err = banet_edu(*line, "--value-map", "0=0,128=0,255=1")
    assert "more than two values" not in err


def test_a_folder_without_images_names_no_option_that_is_not_there(banet_edu, cohort):
    (cohort / "empty").mkdir()
    code, _, err = banet_edu("audit", cohort / "empty", cohort / "masks", *MODEL, "--out", cohort / "c")
    assert code == 1 and "no image files in" in err and "--image-dir" not in err


def test_a_case_without_reader_b_is_one_of_the_network_all_the_same(banet_edu, cohort):
    first = sorted((cohort / "second").iterdir())[0]
    first.unlink()
    line = ("audit", cohort / "images", *MODEL, "--spacing", 0.1, 0.1, "--out", cohort / "out")
    banet_edu(*line[:2], cohort / "masks", *line[2:])  # without B: its rows must not be taken over as they are
    banet_edu(*line, "--readers", cohort / "masks", cohort / "second")
    summary = {(row["model"], row["metric"]): row for row in rows(cohort / "out" / "summary.csv")}
    assert {model for model, _ in summary} == {"network to reader A", "network to reader B", "reader A to reader B"}
    table = rows(cohort / "out" / "audit.csv")
    mean = np.mean([float(row["assd_mm"]) for row in table if row["status"] == "ok"])
    assert float(summary["network to reader A", "assd_mm"]["mean"]) == pytest.approx(mean, rel=1e-6)
    assert "cannot be compared" not in (cohort / "out" / "audit.html").read_text(encoding="utf-8")
