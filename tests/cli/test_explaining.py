from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from banet_edu import create_model
from banet_edu.cli.explaining import read_case
from banet_edu.storage import save_model


@pytest.fixture
def weights(tmp_path):
    torch.manual_seed(0)
    return save_model(tmp_path / "model.safetensors", create_model("unet", preset="nano"))


@pytest.fixture
def files(tmp_path):
    """An image of 48 x 64 and masks: one of twice its size, one squeezed, one turned."""
    image = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    mask = np.zeros((96, 128), np.uint8)
    mask[30:70, 40:90] = 255
    for name, pixels in (("image", image), ("mask", mask), ("square", mask[:, :96]), ("turned", mask.T)):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    return tmp_path


def test_writes_the_report_and_says_what_was_not_known(banet_edu, files, weights):
    code, out, _ = banet_edu("explain", files / "image.png", "--model", weights, "--out", files / "report.html")
    assert code == 0
    page = (files / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") == 3 and "No block moves the line" in page  # of an untrained network
    assert "--mask" in out
    assert "--spacing" in out
    assert "Not a medical device" in out


def test_spacing_is_of_an_image_pixel(files):
    sample = read_case(files / "image.png", files / "mask.png", (0.2, 0.4))
    assert sample.mask.shape == (96, 128)
    assert sample.spacing_mm == pytest.approx((0.1, 0.2))
    assert read_case(files / "image.png", None, (0.2, 0.4)).spacing_mm == (0.2, 0.4)


def test_a_mask_on_its_side_is_refused_and_a_squeezed_one_is_said(banet_edu, files, weights, capsys):
    code, _, err = banet_edu("explain", files / "image.png", "--mask", files / "turned.png", "--model", weights)
    assert code == 1
    assert "96 x 128" in err
    assert "90 degrees" in err
    sample = read_case(files / "image.png", files / "square.png", (0.2, 0.4))
    assert sample.spacing_mm == pytest.approx((0.1, 0.4 * 64 / 96))
    assert "squeezed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.png"], "nothing.png"),
        (["image.png", "--mask", "nothing.png"], "nothing.png"),
        (["image.png", "--spacing", "0", "1"], "spacing"),
        (["image.png", "--tolerance", "0"], "tolerance is a number above 0"),
    ],
)
def test_bad_input_is_one_sentence(banet_edu, files, weights, arguments, said, monkeypatch):
    monkeypatch.chdir(files)
    code, _, err = banet_edu("explain", *arguments, "--model", weights)
    assert code == 1
    assert said in err
    assert not (files / "runs").exists()


def test_a_transparent_screenshot_is_flattened_and_said(banet_edu, files, weights):
    pixels = np.dstack([np.asarray(Image.open(files / "image.png")), np.full((48, 64), 255, np.uint8)])
    pixels[:9, :, 3] = 0
    Image.fromarray(pixels).save(files / "shot.png")
    code, _, err = banet_edu(
        "explain", files / "shot.png", "--model", weights, "--quick", "--out", files / "out" / "r.html"
    )
    assert code == 0 and "shot.png: it is partly transparent" in err and "laid on white" in err


@pytest.mark.parametrize("rest", [[], ["--quick"]])
def test_one_number_of_two_is_said_with_the_way_out(banet_edu, files, weights, rest):
    code, _, err = banet_edu("explain", files / "image.png", "--model", weights, "--spacing", "0.008", *rest)
    assert code == 1 and "it needs two numbers" in err and "--spacing 0.008 0.008" in err


def test_the_name_of_the_file_stays_out_of_what_is_written(banet_edu, files, weights, monkeypatch):
    monkeypatch.chdir(files)
    (files / "image.png").rename(files / "MUSTERMANN.png")
    code, out, _ = banet_edu("explain", "MUSTERMANN.png", "--model", weights, "--quick", "--pdf", "--label", "case 7")
    assert code == 0, out
    written = [path for path in (files / "runs" / "explain").iterdir() if path.is_file()]
    assert {path.suffix for path in written} >= {".html", ".pdf", ".csv", ".png", ".json"}
    assert not any("MUSTERMANN" in path.name or b"MUSTERMANN" in path.read_bytes() for path in written)
    assert all(path.name.startswith(("case-", ".")) for path in written)
