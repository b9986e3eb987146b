from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def real() -> Callable[[str], Path]:
    """A folder of the real data sets; skips where they are not there."""
    root = Path(os.environ.get("BANET_EDU_DATA", CHECKOUT.parent / "shared" / "data"))

    def folder(name: str) -> Path:
        if not (root / name).is_dir():
            pytest.skip(f"no real data: {name} is not in {root} (BANET_EDU_DATA names another place)")
        return root / name

    return folder


@pytest.fixture
def make_set(tmp_path: Path) -> Callable[..., Path]:
    """A healthy folder of `count` pairs, images and masks 40 x 60 PNG called case0 ... in images/ and masks/."""

    def make(count: int = 6, mask_suffix: str = "", root: str = "set") -> Path:
        folder = tmp_path / root
        for name in ("images", "masks"):
            (folder / name).mkdir(parents=True)
        for i in range(count):
            rng = np.random.default_rng(i)
            Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(folder / f"images/case{i}.png")
            mask = np.zeros((40, 60), np.uint8)
            mask[5 : 15 + i, 10:30] = 255
            Image.fromarray(mask).save(folder / f"masks/case{i}{mask_suffix}.png")
        return folder

    return make
