"""README's picture is the one that its script draws, and the figures beside it are those in it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from benchmark_scripts import benchmark
from figure_checks import assert_legible, said
from PIL import Image

from banet_edu.figures.style import png_bytes

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def drawn():
    return benchmark("glance").glance()


def test_figures_in_the_text_are_those_in_the_picture(drawn):
    [text] = re.findall(r"!\[([^\]]+)\]\(docs/glance\.png\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    shown = [number for line in re.findall(r"ASSD ([\d.]+) mm · HD ([\d.]+) mm", said(drawn)) for number in line]
    assert re.findall(r"([\d.]+) mm", text) == shown and len(shown) == 4


def test_the_picture_is_as_it_would_be_drawn_now(drawn):
    kept = Image.open(ROOT / "docs" / "glance.png")
    assert kept.info["Description"] == benchmark("glance").words(drawn)
    pixels = np.asarray(Image.open(io.BytesIO(png_bytes(drawn))).convert("RGB"), float)
    assert_legible(drawn, "glance")  # draws it again, and a second layout differs
    off = np.abs(pixels - np.asarray(kept.convert("RGB"), float)).mean(axis=2)
    assert off.mean() < 3  # of 255: the file has 256 colours
    for panel in filter(lambda axes: axes.get_title(), drawn.axes):
        left, below, right, above = (round(edge) for edge in panel.bbox.extents)
        assert off[len(off) - above : len(off) - below, left:right].mean() < 3, panel.get_title()
