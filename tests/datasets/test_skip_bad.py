"""`on_error="skip"` at whatever stage a file turns out to be bad: what is left can be read to its end."""

from __future__ import annotations

import numpy as np
from PIL import Image

from banet_edu import open_dataset
from banet_edu.data.prepared import Prepared
from banet_edu.datasets import dataset as module


def test_what_only_decoding_shows_is_left_out_at_opening(make_set, monkeypatch):
    root, read = make_set(6), module.read_image
    large = np.zeros((1200, 1800), np.uint8)  # above what is decoded at opening otherwise
    large[:400], large[400:800] = 90, 255
    Image.fromarray(large).save(root / "masks" / "case1.png")

    def decode(path):
        if path.name == "case2.png":
            raise RuntimeError("a decoder's own words")
        return read(path)

    monkeypatch.setattr(module, "read_image", decode)
    dataset = open_dataset("folder", root, on_error="skip")
    assert {problem.file for problem in dataset.problems} == {"masks/case1.png", "images/case2.png"}
    assert len(Prepared(dataset, 32)) == 4
