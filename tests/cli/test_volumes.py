"""`train`, `compare` and `predict` of volumes: one command each, from NIfTI files to NIfTI files."""

from __future__ import annotations

import csv

import nibabel
import numpy as np
import pytest
from nifti_files import write

from banet_edu import load_model
from banet_edu.paths import samples_root

QUICK = ("--preset", "nano", "--steps", 4)
SHAPE = (24, 28, 20)  # (i, j, k)


@pytest.fixture(scope="module")
def brains(tmp_path_factory):
    """Ten volumes with two classes, stored from the patient's left to right, slices of 2 mm."""
    root, affine = tmp_path_factory.mktemp("brains"), np.diag([-1.0, 1.0, 2.0, 1.0])
    affine[:3, 3] = 90, -126, -72
    for index in range(10):
        random = np.random.default_rng(index)
        stored = np.zeros(SHAPE, np.uint8)
        low = random.integers(4, 8, 3)
        stored[low[0] : low[0] + 9, low[1] : low[1] + 6, low[2] : low[2] + 7] = 1
        stored[low[0] : low[0] + 9, low[1] + 6 : low[1] + 12, low[2] : low[2] + 7] = 2
        image = (random.normal(100, 20, SHAPE) + 60 * stored).astype(np.float32)
        write(root / "imagesTr" / f"case{index}.nii.gz", image, affine)
        write(root / "labelsTr" / f"case{index}.nii.gz", stored, affine)
    return root


@pytest.fixture(scope="module")
def trained(brains, tmp_path_factory):
    from typer.testing import CliRunner

    from banet_edu.cli.main import app

    folder = tmp_path_factory.mktemp("run")
    line = [
        "train",
        "--format",
        "msd",
        "--root",
        str(brains),
        *map(str, QUICK),
        "--model",
        "unet",
        "--out",
        str(folder),
    ]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 0, done.output
    assert "4 steps of 2, adamw 0.003" in done.output
    return folder / "best.safetensors"


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_train_makes_a_network_of_volumes(trained):
    spec = load_model(trained).spec
    assert (spec.name, spec.dims, spec.num_classes, spec.input_size) == ("unet", 3, 3, (32, 32, 32))


@pytest.mark.landing
def test_compare_measures_every_class_in_mm_and_ml(banet_edu, brains, tmp_path):
    line = ("compare", "--format", "msd", "--root", brains, *QUICK, "--models", "banet,unet", "--out", tmp_path)
    code, out, err = banet_edu(*line)
    assert code == 0, err
    table = rows(tmp_path / "per_image.csv")
    assert len(table) == 2 * 2 * 2  # models, cases of the test part, classes
    assert {row["class"] for row in table} == {"class 1", "class 2"}
    for column in ("DI", "assd_mm", "hd95_mm", "nsd_at_1mm", "volume_ml", "volume_off_ml"):
        assert column in table[0]
    assert float(table[0]["volume_expert_ml"]) == pytest.approx(9 * 6 * 7 * 2 / 1000)
    assert "volume off (ml)" in out and "NSD at 1 mm" in out
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "The cases are volumes: no outlines are drawn here" in page and "data:image/" in page
    code, out, _ = banet_edu(*line)
    assert code == 0 and "finished earlier" in out


def test_classical_methods_and_recipes_of_images_are_refused_before_training(banet_edu, brains, tmp_path):
    line = ("compare", "--format", "msd", "--root", brains, *QUICK, "--out", tmp_path / "run")
    for more, said in (
        (("--models", "unet,otsu"), "the data are volumes, which otsu cannot take"),
        (("--models", "unet", "--recipe", "study"), "volumes are trained without them"),
        (("--models", "fcn"), "takes RGB images"),
        (("--models", "unet", "--augment", "release"), "for volumes choose"),
    ):
        code, _, err = banet_edu(*line, *more)
        assert code == 1 and said in err, err


def test_predict_writes_labels_in_the_files_own_axes(banet_edu, brains, trained, tmp_path):
    code, out, err = banet_edu("predict", brains / "imagesTr", "--model", trained, "--out", tmp_path)
    assert code == 0, err
    given = nibabel.load(brains / "imagesTr" / "case3.nii.gz")
    found = nibabel.load(tmp_path / "case3_labels.nii.gz")
    np.testing.assert_allclose(found.affine, given.affine)
    assert found.shape == given.shape and found.header.get_xyzt_units()[0] == "mm"
    table = rows(tmp_path / "measurements.csv")
    assert len(table) == 10
    row = next(row for row in table if row["image"] == "case3.nii.gz")
    stored = np.asarray(found.dataobj)
    assert float(row["volume_ml"]) == pytest.approx(np.count_nonzero(stored) * 2 / 1000)
    assert float(row["volume_ml_class 1"]) == pytest.approx(np.count_nonzero(stored == 1) * 2 / 1000)
    assert (row["spacing_z_mm"], row["spacing_x_mm"]) == ("2.0", "1.0")
    assert "volume ml" in out and "Not a medical device" in out
    written = (tmp_path / "case3_labels.nii.gz").stat().st_mtime_ns
    assert banet_edu("predict", brains / "imagesTr", "--model", trained, "--out", tmp_path)[0] == 0
    assert (tmp_path / "case3_labels.nii.gz").stat().st_mtime_ns == written  # taken over


def test_predict_names_what_it_cannot_read_and_what_is_for_images(banet_edu, brains, trained, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a.nii.gz").write_bytes((brains / "imagesTr" / "case0.nii.gz").read_bytes())
    (folder / "b.nii.gz").write_bytes(b"nothing")
    code, _, err = banet_edu("predict", folder, "--model", trained, "--out", tmp_path / "out")
    assert code == 1 and "left out" in err and "b.nii.gz" in err
    assert (tmp_path / "out" / "a_labels.nii.gz").exists()
    code, _, err = banet_edu("predict", folder / "b.nii.gz", "--model", trained, "--out", tmp_path / "one")
    assert code == 1 and "not a readable NIfTI file" in err
    code, _, err = banet_edu("predict", folder, "--model", trained, "--spacing", 1, 1, "--out", tmp_path / "two")
    assert code == 1 and "for images" in err
    (tmp_path / "empty").mkdir()
    code, _, err = banet_edu("predict", tmp_path / "empty", "--model", trained, "--out", tmp_path / "three")
    assert code == 1 and "no volume in" in err


def test_explain_writes_a_report_of_a_volume_and_its_labels(banet_edu, brains, trained, tmp_path):
    image, mask = (brains / folder / "case1.nii.gz" for folder in ("imagesTr", "labelsTr"))
    target = tmp_path / "report.html"
    line = ("explain", image, "--mask", mask, "--model", trained, "--out", target, "--quick")
    code, out, err = banet_edu(*line)
    assert code == 0, err
    assert "Beside it: report.csv, report-labels.nii.gz" in out and "Not a medical device" in out
    page = target.read_text("utf-8")
    assert "Three planes through" in page and "Volume of class 1" in page and "case1" not in page
    stored, source = nibabel.load(tmp_path / "report-labels.nii.gz"), nibabel.load(image)
    assert stored.shape == source.shape and np.allclose(stored.affine, source.affine)
    [row] = csv.DictReader((tmp_path / "report.csv").open())
    assert (
        float(row["volume_ml"]) == pytest.approx(np.count_nonzero(stored.get_fdata()) * 2 / 1000) and "assd_mm" in row
    )
    code, out, _ = banet_edu("explain", image, "--model", trained, "--out", tmp_path / "bare.html", "--quick")
    assert code == 0 and "No expert's mask, so no error was measured" in out


def test_explain_reads_a_dicom_series(banet_edu, trained, tmp_path):
    pytest.importorskip("pydicom", reason="the extra 'dicom' is not installed")
    from dicom_files import write as write_dicom

    series, random = tmp_path / "series", np.random.default_rng(0)
    series.mkdir()
    place = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "PixelSpacing": [1, 1], "SeriesInstanceUID": "1.2.3"}
    for index in range(6):
        pixels = random.integers(0, 4000, (20, 24)).astype(np.uint16)
        write_dicom(series / f"{index}.dcm", pixels, ImagePositionPatient=[0, 0, 3 * index], **place)
    code, out, err = banet_edu("explain", series, "--model", trained, "--out", tmp_path / "page.html", "--quick")
    assert code == 0, err
    assert "a voxel is 3 x 1 x 1 mm" in (tmp_path / "page.html").read_text("utf-8") and "Report: " in out


def test_explain_refuses_in_words(banet_edu, brains, trained, tmp_path):
    picture = min((samples_root() / "lung" / "images").iterdir())
    volume = brains / "imagesTr" / "case1.nii.gz"
    other = write(tmp_path / "other.nii.gz", np.zeros((9, 9, 9), np.uint8))
    labels = write(tmp_path / "labels.nii.gz", np.full(SHAPE, 7, np.uint8), nibabel.load(volume).affine)
    (tmp_path / "folder").mkdir()
    for given, said in (
        ((picture, "--model", trained), "this is a network of volumes: give a NIfTI file"),
        ((tmp_path / "no.nii.gz", "--model", trained), "no.nii.gz"),
        ((volume, "--model", "banet-lite-dermoscopy"), "is a volume and banet-lite-dermoscopy a network of images"),
        (
            (volume, "--model", trained, "--spacing", 1, 1),
            "--spacing is for images: a volume's file states the size of its voxels",
        ),
        ((volume, "--model", trained, "--pdf"), "--pdf is for images, not for volumes"),
        ((volume, "--model", trained, "--mask", picture), "the mask of a volume is a NIfTI file"),
        ((volume, "--model", trained, "--mask", tmp_path / "no.png"), "no.png"),
        ((volume, "--model", trained, "--mask", other), "9 x 9 x 9 voxels"),
        ((volume, "--model", trained, "--mask", labels), "holds the label 7, but this network knows"),
        ((tmp_path / "folder", "--model", trained), "folder"),
        ((tmp_path / "folder", "--model", trained, "--mask", labels), "a mask goes with a NIfTI file"),
    ):
        code, _, err = banet_edu("explain", *given, "--out", tmp_path / "page.html")
        assert code == 1 and said in err, (given, err)
    assert not (tmp_path / "page.html").exists()


@pytest.mark.landing
def test_audit_measures_volumes_worst_first(banet_edu, brains, trained, tmp_path):
    line = ("audit", brains / "imagesTr", brains / "labelsTr", "--model", trained, "--out", tmp_path / "audit")
    code, _, err = banet_edu(*line)
    assert code == 0, err
    rows = list(csv.DictReader((tmp_path / "audit" / "audit.csv").open()))
    assert len(rows) == 10 and {"assd_mm", "towards", "largest_error"} <= set(rows[0]) and "clock" not in rows[0]
    distances = [float(row["assd_mm"]) for row in rows if row["status"] == "ok"]
    assert distances == sorted(distances, reverse=True)
    page = (tmp_path / "audit" / "audit.html").read_text("utf-8")
    assert "The worst cases" in page and "data:image/png" in page and "What goes with the errors" not in page
    two = tmp_path / "two"
    code, _, err = banet_edu("audit", brains / "imagesTr", "--readers", brains / "labelsTr", brains / "labelsTr",
                               "--model", trained, "--out", two)  # fmt: skip
    assert code == 0, err
    assert "reader A to reader B" in (two / "audit.html").read_text("utf-8")


def test_audit_and_ablate_refuse_in_words(banet_edu, brains, trained, tmp_path):
    lung = samples_root() / "lung"
    for folders, model, said in (
        (
            (brains / "imagesTr", brains / "labelsTr"),
            "banet-lite-lung",
            "these are volumes, and the network takes images",
        ),
        (
            (lung / "images", lung / "masks", "--mask-suffix", "_mask"),
            trained,
            "these are images, and the network takes volumes",
        ),
    ):
        code, _, err = banet_edu("audit", *folders, "--model", model, "--out", tmp_path)
        assert code == 1 and said in err, err
    code, _, err = banet_edu("ablate", "--format", "msd", "--root", brains, "--out", tmp_path)
    assert code == 1 and "ablations are of images" in err


def test_volumes_of_one_name_get_results_of_their_own_and_masks_none(banet_edu, trained, tmp_path):
    for seed, name in enumerate(("a.nii", "a.nii.gz", "a_seg.nii.gz", "b.nii.gz")):
        write(tmp_path / "in" / name, np.random.default_rng(seed).normal(100, 20, (34, 36, 33)).astype(np.float32))
    code, out, err = banet_edu("predict", tmp_path / "in", "--model", trained, "--out", tmp_path / "out")
    assert code == 0, err
    made = sorted(path.name for path in (tmp_path / "out").glob("*.nii.gz"))
    assert made == ["a_nii_gz_labels.nii.gz", "a_nii_labels.nii.gz", "b_labels.nii.gz"]
    assert "Left out: a_seg.nii.gz (the mask of a.nii" in out


def test_a_size_of_pixels_is_not_taken_for_one_of_voxels(banet_edu, brains, tmp_path):
    code, _, err = banet_edu("data", "check", brains, "--format", "msd", "--spacing", 1, 1)
    assert code == 1 and "--spacing is of pictures: a volume's file states the size of its voxels" in err


def test_predict_tells_again_what_must_be_known_of_volumes_made_earlier(banet_edu, trained, tmp_path):
    for name in ("a", "b"):
        write(
            tmp_path / "in" / f"{name}.nii", np.zeros((8, 9, 7), np.float32), unit="unknown", sform_code=0, qform_code=0
        )
    for _ in range(2):
        _, _, err = banet_edu("predict", tmp_path / "in", "--model", trained, "--out", tmp_path / "out")
        assert "a.nii, b.nii: the file names no unit of length" in err and "states no orientation" in err
    assert all("states no orientation" in row["beware"] for row in rows(tmp_path / "out" / "measurements.csv"))
