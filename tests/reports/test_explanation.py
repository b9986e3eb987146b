"""The report of one image: everything in one file, true words for each situation, no name becomes markup."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from html_page import EVIL, Page

from banet_edu import create_model, load_samples
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
    for heading in ("In short", "Where the line runs", "What goes with the error", "Inside the network", "Limits"):
        assert f"<h2>{heading}</h2>" in text
    assert len(said) >= 5
    assert text.count("<img") >= 9


def test_without_a_mask_it_says_what_it_cannot_say(banet, lesion, tmp_path):
    bare = Sample(lesion.image, None, EVIL, None)
    text, words = read(write_explanation(banet, bare, tmp_path / "report.html"))
    assert "<script" not in text
    assert "there is no error to explain" in words
    assert "No error is known here" in words
    assert "no millimetres" in words
    assert not re.search(r"\bmm\b", words.replace("no mm", ""))
    assert "JA" not in words.partition("Blocks switched off")[0]


def test_a_missed_object_is_said_and_nothing_breaks(lesion, tmp_path):
    torch.manual_seed(0)
    model = create_model("unet", preset="nano").eval()
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([5.0, -5.0]))
    _, words = read(write_explanation(model, lesion, tmp_path / "report.html"))
    assert "the object was missed" in words
    assert "none of BA-Net's blocks" in words
    assert not re.search(r"\bnan\b", words)


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
