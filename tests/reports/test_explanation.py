"""The report of one image: everything in one file, true words for each situation, no name becomes markup."""

from __future__ import annotations

import json
import re

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from html_page import EVIL, Page
from PIL import Image

from banet_edu import create_model, load_model, load_samples
from banet_edu.data.sample import Sample
from banet_edu.explain import probe
from banet_edu.reports.explanation import write_explanation


@pytest.fixture(scope="module")
def lesion():
    return load_samples("dermoscopy", "test")[0]


@pytest.fixture(scope="module")
def banet(lesion):
    """Untrained, its last layer set so that it finds a third of the image: fast, and there is a boundary."""
    torch.manual_seed(0)
    model = create_model("banet", preset="nano").eval()
    logits = probe(model, lesion)["decoder.logits"][0]
    with torch.no_grad():
        last = model.head.classifier[3]
        last.weight *= 1000
        last.bias *= 1000
        last.bias[1] -= 1000 * (logits[1] - logits[0]).quantile(2 / 3)
    return model


def read(path) -> tuple[str, str]:
    text = path.read_text(encoding="utf-8")
    return text, re.sub(r"\s+", " ", " ".join(Page(text).words))


def test_with_a_mask_it_measures_in_millimetres_and_ranks_causes(banet, lesion, tmp_path):
    said = []
    path = write_explanation(banet, lesion, tmp_path / "deep" / "report.html", model_name="mine", progress=said.append)
    text, words = read(path)
    assert "http" not in re.sub(r'src="data:[^"]*"', "", text)  # nothing is loaded from elsewhere
    assert "Not a medical device" in words
    assert re.search(r"overlap JA 0\.\d+", words)
    assert "mm" in words
    assert "goes with the error" in words or "None of the measured properties" in words
    assert not re.search(r"\bnan\b", words)
    for heading in ("The answer", "Where the outline runs", "What goes with the error", "Inside the network", "Limits"):
        assert f"<h2>{heading}</h2>" in text
    assert len(said) >= 5
    assert text.count("<img") >= 9


@pytest.mark.landing
def test_without_a_mask_it_says_what_it_cannot_say(banet, lesion, tmp_path):
    bare = Sample(lesion.image, None, EVIL, None)
    text, words = read(write_explanation(banet, bare, tmp_path / "report.html"))
    assert "<script" not in text
    assert "there is no error to explain" in words
    assert "No error is known here" in words
    assert "so lengths are in % of the image diagonal" in words
    assert not re.search(r"\bmm\b", words.replace("no mm", ""))
    assert "JA" not in words.partition("Blocks switched off")[0]


@pytest.mark.landing
def test_a_missed_object_is_said_and_nothing_breaks(lesion, tmp_path):
    torch.manual_seed(0)
    model = create_model("unet", preset="nano").eval()
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([5.0, -5.0]))
    _, words = read(write_explanation(model, lesion, tmp_path / "report.html"))
    assert "the object was missed" in words and "the first holds the largest (HD)" not in words
    assert "none of BA-Net's blocks" in words
    assert not re.search(r"\bnan\b", words)


@pytest.mark.landing
def test_nothing_there_and_nothing_found(banet, tmp_path):
    torch.manual_seed(0)
    model = create_model("unet", preset="nano").eval()
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([5.0, -5.0]))
    empty = Sample(np.full((80, 120, 3), 127, np.uint8), np.zeros((80, 120), bool), "empty", (0.5, 0.5))
    _, words = read(write_explanation(model, empty, tmp_path / "report.html"))
    assert "There is no outline" in words
    assert "no band to explain" in words


def test_the_first_page_is_the_answer_and_stands_beside_as_files_without_a_name(banet, lesion, tmp_path):
    named = Sample(lesion.image, lesion.mask, "MUSTERMANN_ERIKA", lesion.spacing_mm)
    path = write_explanation(banet, named, tmp_path / "r.html", label="costs $5 or $6", quick=True, pdf=True)
    _, words = read(path)
    first, _, appendix = words.partition("Appendix")
    assert "Boundary report: costs $5 or $6" in first and "of the reference is found" in first and "Scale" in first
    assert "No track record: this network has none" in first and "learned from" not in first
    assert "Blocks switched off" not in appendix.replace("without: what the network relied on, blocks switched off", "")
    assert "Made with --quick" in appendix
    written = {path.name for path in tmp_path.iterdir()}
    assert {"r.html", "r.pdf", "r.csv", "r-mask.png", "r-outline.json"} <= written
    for path in tmp_path.iterdir():
        assert b"MUSTERMANN" not in path.read_bytes(), path.name
    mask = np.asarray(Image.open(tmp_path / "r-mask.png")) > 0
    described = json.loads((tmp_path / "r-outline.json").read_text(encoding="utf-8"))
    assert mask.shape == (described["rows"], described["columns"]) == lesion.mask.shape
    assert described["pixel_mm"] == list(lesion.spacing_mm)
    figures = pd.read_csv(tmp_path / "r.csv").iloc[0]
    assert (
        figures["area_mm2"] == pytest.approx(mask.sum() * np.prod(lesion.spacing_mm), rel=0.02)
        and 0 < figures["JA"] < 1
    )
    drawn = np.zeros(mask.shape, np.uint8)
    lines = [np.rint(np.array(line)[:, ::-1] * 16).astype(np.int32) for line in described["outlines"]]
    cv2.fillPoly(drawn, lines, 1, shift=4)
    assert ((drawn > 0) ^ mask).sum() < 0.08 * mask.sum()
    # The PDF is one page, and its text can be selected.
    content = (tmp_path / "r.pdf").read_bytes()
    assert content.startswith(b"%PDF") and content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") == 1
    assert b"/FontFile2" in content  # letters, not shapes


def test_nothing_found_says_how_probable_the_most_probable_was(lesion, tmp_path):
    torch.manual_seed(0)
    model = create_model("unet", preset="nano").eval()
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([1.0, -1.0]))
    bare = Sample(lesion.image, None, "bare")
    _, words = read(write_explanation(model, bare, tmp_path / "r.html", quick=True, pdf=True))
    assert "the highest probability of the foreground anywhere in the image is 0.12" in words
    assert "no proof that nothing is there" in words


@pytest.mark.landing
def test_hair_is_looked_for_on_skin_alone(tmp_path):
    lung = load_samples("lung", "test")[0]
    _, words = read(write_explanation(load_model("banet-lite-lung"), lung, tmp_path / "lung.html", quick=True))
    assert "Hair and highlights are not looked for" in words and "hair/line or highlight goes" not in words.lower()
    skin = load_samples("dermoscopy", "test")[0]
    bare = Sample(skin.image, None, "bare", skin.spacing_mm)
    _, words = read(write_explanation(load_model("banet-lite-phantom"), bare, tmp_path / "skin.html", quick=True))
    assert "The largest errors are expected along" in words and "Track record on 120 test images" in words
    assert "expected error (mm)" in words


def test_the_scale_tells_the_typed_size_of_the_images_pixel(banet, lesion, tmp_path):
    mask = cv2.resize(lesion.mask.astype(np.uint8), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_NEAREST)
    sample = Sample(lesion.image, mask > 0, "half", (0.1, 0.1))
    _, words = read(write_explanation(banet, sample, tmp_path / "r.html", scale="typed with --spacing", quick=True))
    assert "a pixel of the mask is 0.1 x 0.1 mm, of the image 0.05 x 0.05 mm, typed with --spacing" in words
