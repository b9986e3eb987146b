"""The report of a volume: what it says with and without a mask, and where nothing is found."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from painted_volumes import ball_case
from torch import nn

from banet_edu.config import ModelSpec
from banet_edu.data.volume import Volume
from banet_edu.networks.registry import create_model
from banet_edu.reports.volumes.case import VolumeCase, by_class, facts, numbered, picture, sentences
from banet_edu.reports.volumes.explanation import names_beside, write_volume_explanation
from banet_edu.reports.volumes.sections import SECTIONS

SPACING = (2.0, 1.0, 1.0)


class Told(nn.Module):
    """A network that says what it was told to."""

    spec = ModelSpec("told", dims=3, in_channels=1, input_size=(64, 64, 64), mean=(), std=())


def case(grown: float = 1.5, *, known: bool = True, mask: bool = True, nothing: bool = False) -> VolumeCase:
    volume, prediction = ball_case(SPACING, radius=8.0, grown=grown, known=known)
    if not mask:
        volume = Volume(volume.image, None, "ball", volume.spacing_mm)
    if nothing:
        prediction = replace(prediction, probability=prediction.probability * 0.2, labels=prediction.labels * 0)
    return VolumeCase(Told(), volume, prediction, 1.0, False)


def test_sentences_and_facts_are_in_mm_and_ml():
    here = case()
    said = sentences(here)
    assert "All of the reference is found; too much: " in said[0] and "the largest error is" in said[0]
    assert "at worst (HD), in mm" in said[1] and "Dice 0." in said[1]
    known = facts(here, "mine")
    ml = 4 / 3 * np.pi * 9.5**3 / 1000
    found, reference = (float(number) for number in re.findall(r"([\d.]+) ml", known["Volume"]))
    assert found == pytest.approx(ml, rel=0.05) and reference == pytest.approx(4 / 3 * np.pi * 8**3 / 1000, rel=0.05)
    tight, wide = map(float, re.search(r"([\d.]+) to ([\d.]+) as the threshold", known["Volume"]).groups())
    assert tight < found < wide
    assert known["Scale"].startswith("a voxel is 2 x 1 x 1 mm") and known["Orientation"] == "not stated by the file"
    assert "by the network's own probabilities" in known["Doubt"] and re.search(r"measured: 1\.[456]", known["Doubt"])
    table = numbered(here)
    assert table.rows[0][1] == "too large" and float(table.rows[0][2]) == pytest.approx(here.figures["hd_mm"], rel=0.05)


def test_the_planes_run_through_the_worst_place():
    here = case()
    figure, caption, _ = picture(here)
    first = here.errors.iloc[0]
    assert [axes.get_title().split(" = ")[1] for axes in figure.axes[:3]] == [f"{first[axis]:.0f}" for axis in "zyx"]
    assert "the largest error" in caption and "does not state how the patient lies" in caption


def test_without_a_spacing_no_millimetre_is_named():
    here = case(known=False)
    everything = " ".join([*sentences(here), *facts(here, "").values(), str(numbered(here))])
    assert (
        not re.search(r"\bmm|\bml\b", everything)
        and "voxels" in everything
        and "% of the volume's diagonal" in everything
    )


def test_without_a_mask_the_page_says_where_the_network_is_least_sure():
    here = case(mask=False)
    assert sentences(here)[-1].startswith("There is no reference")
    assert numbered(here) is None and by_class(here) is None
    assert "the least sure" in picture(here)[1] and "was not tested" in facts(here, "")["Doubt"]


def test_nothing_found_is_said():
    here = case(nothing=True)
    said = sentences(here)
    assert said[0].startswith("Nothing is found: the highest probability") and "0.20" in said[0]
    assert said[1].startswith("0 % of the reference is found") and len(said) == 2
    assert "nothing to expect" in facts(here, "")["Doubt"] and numbered(here).rows[0][1:4] == ["not found", "–", "–"]
    shown = [str(piece) for name in list(SECTIONS)[:2] for piece in SECTIONS[name](here)]
    assert any("there is no distance to measure" in piece for piece in shown) and "No error is known here" in shown[-1]


def test_what_goes_with_the_error_finds_where_it_was_painted():
    volume, prediction = ball_case(SPACING, radius=9.0, blur_mm=1.0)
    x = np.arange(volume.shape[2])
    flat = np.where(x > volume.shape[2] / 2, 110.0, volume.image)  # no edge on the right, where the prediction is off
    moved = ball_case(SPACING, radius=9.0, shift_mm=(0, 0, 3.0))[1]
    here = VolumeCase(Told(), Volume(flat, volume.mask, "ball", SPACING), moved, 1.0, False)
    [table] = SECTIONS["What goes with the error"](here)
    rows = {row[0]: row for row in table.rows}
    assert float(rows["the least contrast"][3]) > 0.9  # both ends of the shift are off: contrast tells only one of them
    assert prediction.mask.any()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return create_model("banet", "nano", 3, dims=3, class_names=("background", "front", "back")).eval()


@pytest.mark.landing
def test_a_page_of_a_network_with_two_classes(network, tmp_path):
    random = np.random.default_rng(0)
    labels = np.zeros((20, 24, 22), np.uint8)
    labels[5:15, 5:12, 5:15], labels[5:15, 12:19, 5:15] = 1, 2
    volume = Volume(random.normal(100, 20, labels.shape) + 60 * labels, labels, "MUSTERMANN", SPACING)
    page = write_volume_explanation(network, volume, tmp_path / "case.html", model_name="mine", label="case <7>")
    text = page.read_text("utf-8")
    assert "MUSTERMANN" not in text and "case &lt;7&gt;" in text and "http" not in text.replace("http://www.w3.org", "")
    for heading in ("The answer", *SECTIONS, "Limits", "How this was made"):
        assert f"<h2>{heading}</h2>" in text
    assert "Volume of front" in text and "Cannot be shown" not in text
    assert all(path.exists() for path in names_beside(page))
    quick = write_volume_explanation(network, volume, tmp_path / "quick.html", quick=True).read_text("utf-8")
    assert "<h2>Blocks switched off</h2>" not in quick and "Made with --quick" in quick


@pytest.mark.landing
def test_a_volume_of_several_windows_has_blocks_switched_off_but_no_one_gate(network, tmp_path):
    volume = Volume(np.random.default_rng(0).normal(size=(34, 24, 22)), None, "a", SPACING)
    text = write_volume_explanation(network, volume, tmp_path / "case.html").read_text("utf-8")
    assert "in several windows of 32 x 32 x 32" in text and "Cannot be shown" not in text
