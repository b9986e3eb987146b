"""One bad file, or odd arguments, and what a command makes of it: further examples of test_any_fault.py."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from faults import TRAIN, cases, command, hashes, runs
from hypothesis import strategies as st
from PIL import Image

# --- one bad file among good ones

BAD: dict[str, Callable[[bytes, int], bytes]] = {
    "cut": lambda data, n: data[: len(data) * (n % 90 + 5) // 100],
    "empty": lambda data, n: b"",
    "noise": lambda data, n: np.random.default_rng(n).bytes(200 + n),
    "head only": lambda data, n: data[:8] + np.random.default_rng(n).bytes(500),
    "text": lambda data, n: b"a note, and no picture" * (n % 9 + 1),
}
bad_files = st.tuples(
    st.sampled_from(["predict", "check", "train"]), st.sampled_from(list(BAD)), st.integers(0, 999), st.integers(0, 3)
)


def a_bad_file(what: str, kind: str, number: int, which: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        root, own = Path(folder), Path(folder) / "mine"
        for part in ("images", "masks"):
            (own / part).mkdir(parents=True)
        for index, (image, mask) in enumerate(cases(12)):
            Image.fromarray(image).save(own / "images" / f"c{index}.png")
            Image.fromarray(mask).save(own / "masks" / f"c{index}.png")
        spoilt = own / ("masks" if what != "predict" and number % 2 else "images") / f"c{which}.png"
        spoilt.write_bytes(BAD[kind](spoilt.read_bytes(), number))
        before = hashes(own / "images"), hashes(own / "masks")
        if what == "predict":
            code, _, err = command(
                "predict", own / "images", "--model", runs()[0] / "best.safetensors", "--out", root / "out"
            )
            table = pd.read_csv(root / "out" / "measurements.csv")
            assert code == 1 and table["left_out"].isna().sum() == 11 and spoilt.name in err, err
        elif what == "check":
            code, out, err = command("data", "check", own, "--format", "folder")
            assert code == 1 and f"{spoilt.parent.name}/{spoilt.name}: " in out and "11 (" in out, out + err
        else:
            line = ("train", "--format", "folder", "--root", own, "--preset", "nano", "--size", 32, "--steps", 1)
            code, _, err = command(*line, "--out", root / "run")
            assert code == 1 and spoilt.name in err and not (root / "run").exists(), err
            code, _, err = command(*line, "--out", root / "run", "--skip-bad")
            assert code == 0 and f"{spoilt.parent.name}/{spoilt.name}" in err, err
        assert (hashes(own / "images"), hashes(own / "masks")) == before
        return "bad file named, the others done"


# --- arguments

number = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.integers(-3, 9), st.sampled_from([0.5, 0.1, 1.0, 1e-9, 1e9])
)
arguments = st.fixed_dictionaries(
    {},
    optional={
        "--spacing": st.tuples(number, number),
        "--threshold": number,
        "--frame": st.integers(-2, 3),
        "--flips": st.sampled_from(["none", "horizontal", "all", "vertical", ""]),
        "--native": st.just(()),
    },
)


def an_argument(given_options: dict[str, Any]) -> str:
    line: list[Any] = []
    for option, value in given_options.items():
        values = value if isinstance(value, tuple) else (value,)
        line += [option, *(repr(v) if isinstance(v, float) else v for v in values)]
    with tempfile.TemporaryDirectory() as folder:
        photo, target = Path(folder) / "a.png", Path(folder) / "out"
        Image.fromarray(np.kron(TRAIN[0][0], np.ones((2, 2, 1), np.uint8))).save(photo)
        code, _, err = command("predict", photo, "--model", runs()[0] / "best.safetensors", "--out", target, *line)
        assert "Traceback" not in err
        if code:
            assert len(err.strip()) > 20, f"{line}: no sentence"
            assert not target.exists() or all(path.name.startswith(".") for path in target.iterdir()), (
                f"{line}: after work"
            )
            return "arguments refused"
        [row] = pd.read_csv(target / "measurements.csv").to_dict("records")
        [file] = target.glob("*_mask.png")  # a_frame0_mask.png where a frame was asked for
        mask = np.asarray(Image.open(file)) > 0
        assert mask.shape == (64, 64)
        if "--spacing" in given_options:
            high, wide = given_options["--spacing"]
            assert row["area_mm2"] == pytest.approx(mask.sum() * high * wide)
        else:
            assert row["area_px"] == mask.sum()
        return "arguments right"
