"""A machine that looks for silently wrong readings: a painted disc, stored in some way, comes back right or is refused.

Right means: the disc found in the image and the mask of the sample both overlap with the painted one by 0.95 or more, at the
right place and in the right class. By default 50 examples; for a landing, `pytest -m landing`, 2000, with the counts printed.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from PIL import Image

from banet_edu.datasets.opening import open_dataset

COUNTS: Counter[str] = Counter()
REASONS: Counter[str] = Counter()
# EXIF orientation -> how an upright picture is stored so that a viewer shows it upright again.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}
LOSSY = ("jpg", "mpo")
TAGGED = ("jpg", "mpo", "png", "tif", "webp")


@st.composite
def encodings(draw: Any) -> dict[str, Any]:
    """How image and mask of one disc are stored."""
    return {
        "size": (draw(st.integers(70, 150)), draw(st.integers(70, 190))),
        "radius": draw(st.integers(14, 24)),
        "place": (draw(st.floats(0.3, 0.7)), draw(st.floats(0.3, 0.7))),
        "image": draw(st.sampled_from(["jpg", "mpo", "png", "tif", "webp", "bmp", "gif", "dcm", "uid"])),
        "image_mode": draw(
            st.sampled_from(["RGB"] * 8 + ["L"] * 5 + ["P"] * 2 + ["RGBA"] * 2 + ["RGBA see-through", "16 bit"])
        ),
        "image_turned": draw(st.integers(1, 8)),
        "mask": draw(st.sampled_from(["jpg", "mpo", "webp", "bmp", "gif", "dcm"] + ["png", "tif"] * 3)),
        "mask_mode": draw(st.sampled_from(["1", "L", "P", "RGB", "RGBA", "16 bit", "red"])),
        "mask_turned": draw(st.integers(1, 8)),
        "mask_values": draw(
            st.sampled_from([(0, 255)] * 8 + [(0, 1)] * 4 + [(255, 0)] * 2 + [(0, 128), (0, 100), (1, 2)])
        ),
        "mask_scale": draw(st.sampled_from([1, 1, 2])),
        "mask_ignores_the_turn": draw(st.booleans()) and draw(st.booleans()) and draw(st.booleans()),
        "classes": draw(st.sampled_from([2, 2, 2, 3])),
        "layout": draw(
            st.sampled_from(["images/masks", "masks with suffix", "side by side", "a folder for each patient"])
        ),
        "compression": draw(st.sampled_from([None, "tiff_lzw", "tiff_deflate", "packbits"])),
        "upper_case": draw(st.booleans()),
    }


def disc(how: dict[str, Any], scale: int = 1) -> np.ndarray:
    height, width = how["size"]
    rows, columns = np.mgrid[: height * scale, : width * scale]
    row, column = how["place"][0] * height * scale, how["place"][1] * width * scale
    return np.hypot(rows - row, columns - column) < how["radius"] * scale


def store(path: Path, pixels: np.ndarray, kind: str, mode: str, turned: int, how: dict[str, Any]) -> Path:
    """`pixels` h x w uint8 in one of many encodings; the path written to."""
    if kind in ("dcm", "uid"):
        from dicom_files import write

        path = path if kind == "uid" else path.with_name(f"{path.name}.dcm")  # archives give no extension
        return write(path, pixels.astype(np.uint16) * 16 if mode == "16 bit" else np.ascontiguousarray(pixels))
    path = path.with_name(f"{path.name}.{kind.upper() if how['upper_case'] else kind}")
    if kind in TAGGED:
        pixels = STORED[turned](pixels)
    else:
        turned = 1
    if mode == "16 bit" and kind in ("png", "tif"):
        image = Image.fromarray(pixels.astype(np.uint16) * 257)
    elif mode in ("RGBA", "RGBA see-through") and kind in ("png", "tif", "webp"):
        alpha = np.full(pixels.shape, 255, np.uint8)
        alpha[: len(alpha) // 4] = 255 if mode == "RGBA" else 90
        image = Image.fromarray(np.dstack([pixels] * 3 + [alpha]))
    elif mode == "red" and kind != "gif":
        image = Image.fromarray(np.dstack([pixels, pixels * 0, pixels * 0]))
    elif mode == "1" and how["classes"] == 2:
        image = Image.fromarray(pixels > pixels.min()) if kind not in (*LOSSY, "webp") else Image.fromarray(pixels)
    elif mode == "P" and kind in ("png", "gif", "bmp", "tif"):
        image = Image.fromarray(pixels).convert("P")
    elif mode == "RGB":
        image = Image.fromarray(np.dstack([pixels] * 3))
    else:
        image = Image.fromarray(pixels)
    options: dict[str, Any] = {}
    if turned != 1:
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = turned
    if kind in LOSSY:
        image = image.convert("RGB" if image.mode not in ("L", "RGB") else image.mode)
        options["quality"] = 95
    if kind == "mpo":
        options |= {"save_all": True, "append_images": [Image.new("RGB", (8, 8))]}
    if kind == "webp":
        image = image.convert("RGBA" if "A" in image.mode else "RGB")
        options["lossless"] = True
    if kind == "tif" and how["compression"]:
        options["compression"] = how["compression"]
    image.save(path, format={"jpg": "JPEG", "tif": "TIFF"}.get(kind, kind.upper()), **options)
    return path


def write_set(root: Path, how: dict[str, Any]) -> None:
    """Three cases, all stored alike; the first is looked at."""
    for case in range(3):
        name = f"case{case}"
        folders = {
            "images/masks": (root / "images" / name, root / "masks" / name),
            "masks with suffix": (root / "images" / name, root / "masks" / f"{name}_mask"),
            "side by side": (root / name, root / f"{name}_mask"),
            "a folder for each patient": (root / f"patient{case}" / "scan", root / f"patient{case}" / "scan_mask"),
        }[how["layout"]]
        for folder in folders:
            folder.parent.mkdir(parents=True, exist_ok=True)
        shown = {**how, "place": (how["place"][0] + 0.02 * case, how["place"][1])}
        found = disc(shown)
        noise = np.random.default_rng(case).integers(0, 12, found.shape)
        picture = np.where(found, 60, 200).astype(np.uint8) + noise.astype(np.uint8)
        store(folders[0], picture, how["image"], how["image_mode"], how["image_turned"], how)
        labels = disc(shown, how["mask_scale"]).astype(np.uint8)
        if how["classes"] == 3:
            labels[: len(labels) // 8] = 2  # a strip along the upper edge
        values = np.array([*how["mask_values"], 200], np.uint8)[labels]
        turned = how["mask_turned"]
        if how["mask_ignores_the_turn"] and how["image"] in TAGGED:  # drawn on the stored pixels, without a tag
            values, turned = np.ascontiguousarray(STORED[how["image_turned"]](values)), 1
        store(folders[1], values, how["mask"], how["mask_mode"], turned, how)


def outcome(how: dict[str, Any]) -> str:
    """ "right", "refused: REASON" or "wrong: WHAT"."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_set(root, how)
        low, high = how["mask_values"]
        rules: dict[str, Any] = (
            {"invert": low > high} if how["classes"] == 2 else {"value_map": {low: 0, high: 1, 200: 2}}
        )
        if how["classes"] == 3 and how["mask_mode"] == "red" and how["mask"] != "gif":
            rules = {"value_map": {(low, 0, 0): 0, (high, 0, 0): 1, (200, 0, 0): 2}}
        try:
            sample = open_dataset("folder", root, **rules)[0]
            image, mask = sample.image, sample.mask
        except (ValueError, FileNotFoundError) as error:
            message = " ".join(str(error).split())
            assert len(message) > 20, f"refused without a sentence: {message!r}"
            return f"refused: {message.rpartition('case0')[2][:90] or message[:90]}"
        if how["mask"] in LOSSY and not np.any(mask) and stored_is_flat(root):
            return "undecidable, not counted"  # JPEG has made 0 and 1 one value
        painted = disc(how)
        dark = image.astype(int).sum(axis=2) < 3 * 135
        if dark.shape != painted.shape or overlap(dark, painted) < 0.95:
            return f"wrong: the image, {dark.shape} for {painted.shape}"
        wanted = disc(how, how["mask_scale"])
        found = np.asarray(mask) == 1 if how["classes"] == 3 else np.asarray(mask) > 0
        if how["classes"] == 3:
            wanted = wanted & (np.arange(len(wanted)) >= len(wanted) // 8)[:, None]
        if found.shape != wanted.shape:
            return f"wrong: the mask is {found.shape} for {wanted.shape}"
        if overlap(found, wanted) < 0.95:
            return f"wrong: the mask overlaps by {overlap(found, wanted):.2f}"
        return "right"


def stored_is_flat(root: Path) -> bool:
    """Whether the first case's mask file holds one value only."""
    [path] = [
        path for path in root.rglob("*") if path.stem in ("case0_mask", "scan_mask") or path.parent.name == "masks"
    ][:1]
    with Image.open(path) as image:
        return np.ptp(np.asarray(image)) == 0


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))


def cannot_be_known(how: dict[str, Any]) -> bool:
    """A mask drawn on turned pixels whose size does not tell: nobody could see it."""
    if not (how["mask_ignores_the_turn"] and how["image"] in TAGGED) or how["image_turned"] == 1:
        return False
    height, width = how["size"]
    return how["image_turned"] < 5 or abs(np.log(height / width)) < 0.06


def look(how: dict[str, Any]) -> None:
    if cannot_be_known(how):
        COUNTS["undecidable, not counted"] += 1
        return
    said = outcome(how)
    COUNTS[said.partition(":")[0]] += 1
    if said.startswith("refused"):
        REASONS[said] += 1
    assert not said.startswith("wrong"), said


SETTINGS = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=50, derandomize=True, **SETTINGS)
@given(encodings())
def test_read_right_or_refused(how):
    look(how)


@pytest.mark.landing
def test_two_thousand_are_read_right_or_refused_and_most_are_read(capsys):
    COUNTS.clear()
    REASONS.clear()

    @seed(20261126)
    @settings(max_examples=2000, **SETTINGS)
    @given(encodings())
    def many(how):
        look(how)

    many()
    with capsys.disabled():
        print(f"\n{dict(COUNTS)}")
        for reason, count in REASONS.most_common(15):
            print(f"  {count:4d} {reason}")
    assert COUNTS["wrong"] == 0
    assert COUNTS["right"] >= 0.8 * (COUNTS["right"] + COUNTS["refused"])
