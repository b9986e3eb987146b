"""`train`, `compare` and `demo` on a few bundled images: what they leave behind, and that they go on where they were."""

from __future__ import annotations

import csv
import shutil

import pytest

from banet_edu import load_model
from banet_edu.paths import samples_root

QUICK = ("--preset", "nano", "--size", 32, "--batch-size", 4, "--steps", 4)


@pytest.fixture(scope="module")
def lungs(tmp_path_factory):
    """Sixteen bundled chest images as somebody's own folder: names of their own, the spacing unknown."""
    root = tmp_path_factory.mktemp("lungs")
    for part, suffix in (("images", ""), ("masks", "_lungs")):
        (root / part).mkdir()
        for number, path in enumerate(sorted((samples_root() / "lung" / part).iterdir())[:16]):
            shutil.copy(path, root / part / f"case{number}{suffix}{path.suffix}")
    return root


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_train_leaves_weights_and_history_and_is_not_repeated(banet_edu, lungs, tmp_path):
    line = ("train", "--format", "folder", "--root", lungs, "--mask-suffix", "_lungs", *QUICK, "--out", tmp_path)
    code, out, err = banet_edu(*line)
    assert code == 0, err
    assert "best.safetensors" in out
    model = load_model(tmp_path / "best.safetensors")
    assert (model.spec.name, model.spec.preset, model.spec.input_size) == ("banet", "nano", (32, 32))
    history = (tmp_path / "history.csv").read_text()
    assert banet_edu(*line)[0] == 0
    assert (tmp_path / "history.csv").read_text() == history
    code, _, err = banet_edu(*line, "--learning-rate", 0.1)
    assert code == 1
    assert "learning_rate" in err


def test_compare_reports_in_a_page_and_tables(banet_edu, lungs, tmp_path):
    line = ("compare", "--format", "folder", "--root", lungs, "--mask-suffix", "_lungs", *QUICK, "--out", tmp_path)
    code, out, err = banet_edu(*line, "--models", "banet, unet", "--seeds", "0,1")
    assert code == 0, err
    per_image = rows(tmp_path / "per_image.csv")
    assert {(row["model"], row["seed"]) for row in per_image} == {(m, s) for m in ("banet", "unet") for s in "01"}
    assert len(per_image) == 4 * 3  # 20 % of 16 images are the test part
    assert "assd_mm" not in per_image[0]  # nobody told the spacing
    assert "% of image diagonal" in out
    assert "too few images to test" in out
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "data:image/" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert 'src="http' not in page
    assert (tmp_path / "summary.csv").exists()


@pytest.mark.landing
def test_compare_with_a_spacing_measures_in_mm(banet_edu, lungs, tmp_path):
    line = ("compare", "--format", "folder", "--root", lungs, "--mask-suffix", "_lungs", *QUICK, "--out", tmp_path)
    code, out, err = banet_edu(*line, "--models", "unet", "--spacing", 1.5, 1.5)
    assert code == 0, err
    assert "assd_mm" in rows(tmp_path / "per_image.csv")[0]
    assert "(mm)" in out


def test_classical_methods_are_not_trained(banet_edu, lungs, tmp_path):
    code, _, err = banet_edu(
        "train", "--model", "otsu", "--format", "folder", "--root", lungs, "--out", tmp_path / "run"
    )
    assert code != 0
    assert "otsu learns nothing, so there is nothing to train" in err
    assert not (tmp_path / "run").exists()


def test_compare_names_bad_input_before_training(banet_edu, lungs, tmp_path):
    line = ("compare", "--format", "folder", "--root", lungs, "--mask-suffix", "_nowhere", *QUICK, "--out", tmp_path)
    code, _, err = banet_edu(*line)
    assert code == 1
    assert str(lungs) in err
    assert not list(tmp_path.iterdir())


@pytest.mark.landing  # README's other command is the demo
def test_demo_ends_with_a_table_a_report_and_the_way_on(banet_edu, tmp_path):
    code, out, err = banet_edu("demo", "--steps", 2, "--out", tmp_path)
    assert code == 0, err
    assert "banet" in out
    assert "unet" in out
    assert "(mm)" in out  # bundled samples know their pixel size
    assert "report.html" in out
    assert "banet-edu lab" in out
    assert (tmp_path / "report.html").stat().st_size > 100_000


def test_demo_of_an_unknown_kind_names_the_known_ones(banet_edu, tmp_path):
    code, _, err = banet_edu("demo", "--kind", "kidney", "--out", tmp_path)
    assert code == 1
    assert "dermoscopy" in err
