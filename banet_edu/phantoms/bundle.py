"""The bundled samples: 48 phantoms of each kind, as files in the folder layouts of ISIC-2017, Kvasir-SEG and SZ-CXR."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from banet_edu.phantoms.phantom import Phantom, make_phantom
from banet_edu.storage import check_folder, may_write, write_bytes, write_text

COUNT = 48
SIZE = 256
FIRST_SEED = 10_000  # far from the small seeds of lessons and tests, so that nobody studies a bundled case by accident


class Folder(NamedTuple):
    """How one data set names its files."""

    letter: str
    mask_suffix: str
    format: str


FOLDERS = {
    "dermoscopy": Folder("D", "_segmentation", "isic2017"),
    "polyp": Folder("P", "", "kvasir_seg"),
    "lung": Folder("L", "_mask", "sz_cxr"),
}

_README = """# Bundled samples: phantoms, no patients

Synthetic images with exactly known boundaries, 48 per folder, 256 x 256 pixels. They are painted by
`banet_edu.phantoms.phantom` and written by one command, which makes this folder again, masks bit for bit:

    banet-edu data make data_samples

| folder | content | mask | layout | field of view |
|---|---|---|---|---|
| dermoscopy | pigmented lesion on skin | lesion | ISIC-2017: `NAME.jpg`, `NAME_segmentation.png` | 18 mm |
| polyp | polyp in the colon | polyp | Kvasir-SEG: one name for both | 40 mm |
| lung | chest X-ray | both lungs | SZ-CXR: `NAME.jpg`, `NAME_mask.png` | 350 mm |

Images are in `images/`, masks (0 and 255) in `masks/`; `spacing.csv` gives the size of a mask pixel in mm. Softness,
contrast, irregularity and occlusion vary from case to case, in some along one sector of the contour only.
They are made for teaching: a model trained on them knows nothing about patients.
"""


def sample_name(kind: str, index: int) -> str:
    """File name without extension of a bundled sample, index 0 to 47.

    >>> sample_name("dermoscopy", 0)
    'PHANTOM_D0001'
    """
    return f"PHANTOM_{FOLDERS[kind].letter}{index + 1:04d}"


def paths(folder: Path, name: str, named: Folder) -> tuple[Path, Path]:
    """Where a sample's image and its mask are."""
    return folder / "images" / f"{name}.jpg", folder / "masks" / f"{name}{named.mask_suffix}.png"


def sample_arguments(kind: str, index: int) -> dict[str, Any]:
    """The arguments of `make_phantom` behind a bundled sample: from easy to hard, one in three with a hard sector."""
    rng = np.random.default_rng([FIRST_SEED + index, sorted(FOLDERS).index(kind)])
    softness = rng.uniform(0.8, 2.0) + (rng.uniform(1, 5) if rng.random() < 0.3 else 0)
    contrast = rng.uniform(0.45, 1.1)
    occlusion = rng.uniform(0.05, 0.3) if rng.random() < 0.35 else 0.0
    arguments: dict[str, Any] = {
        "seed": FIRST_SEED + index,
        "size": SIZE,
        "edge_softness_px": softness,
        "contrast": contrast,
        "irregularity": rng.uniform(0.15, 0.8),
        "occlusion": occlusion,
        "noise": rng.uniform(1.5, 4.0),
    }
    begin, span = rng.uniform(0, 360), rng.uniform(50, 100)
    hard = {"edge_softness_px": softness + 8.0, "contrast": 0.3 * contrast, "occlusion": 0.75}
    if rng.random() < 1 / 3:
        name = str(rng.choice(sorted(hard)))
        rest = ((begin + span) % 360, begin)  # a sector keeps the other angles at the usual value unless they are named
        arguments[name] = {rest: arguments[name], (begin, begin + span): hard[name]}
    return arguments


def make_sample(kind: str, index: int) -> Phantom:
    """One bundled sample, painted afresh."""
    return make_phantom(kind, **sample_arguments(kind, index))


def write_samples(root: str | Path, count: int = COUNT) -> Iterator[Path]:
    """Write the bundled samples below `root`, yielding each image's path once it is written (for a progress bar).

    Args:
        root: created if missing. Files that were written here are replaced; FileExistsError at the first of somebody's own,
            but for README.md, which stays.
        count: samples per kind, the first of the 48. Further ones that are there already stay, in the tables too.
    """
    root = Path(root)
    check_folder(root)
    tables = {kind: _table(root / kind, kind, count) for kind in FOLDERS}
    for kind, table in tables.items():  # before any work
        _check_free([root / kind / "spacing.csv"], partial(_bytes, table))
        for index in range(count):
            targets = paths(root / kind, sample_name(kind, index), FOLDERS[kind])
            _check_free(targets, partial(_files, kind, index))
    for kind, table in tables.items():
        for index in range(count):
            image_path, mask_path = paths(root / kind, sample_name(kind, index), FOLDERS[kind])
            image, mask = _files(kind, index)
            write_bytes(image_path, image)
            write_bytes(mask_path, mask)
            yield image_path
        write_text(root / kind / "spacing.csv", table)
    there = [table.count("PHANTOM_") for table in tables.values()]  # samples of each kind
    with suppress(FileExistsError):  # one's own stays, as that of the checkout, which tells of more than phantoms
        per_folder = f"{there[0]}" if len(set(there)) == 1 else f"{min(there)} to {max(there)}"
        write_text(root / "README.md", _README.replace(f"{COUNT} per folder", f"{per_folder} per folder"))


def _table(folder: Path, kind: str, count: int) -> str:
    """spacing.csv of the first samples, and of those that are there already: the pixels of a kind have one size."""
    mm = [f"{size:.6f}" for size in make_sample(kind, 0).spacing_mm or ()]
    names = [sample_name(kind, index) for index in range(COUNT)]
    kept = [name for name in names[count:] if all(path.is_file() for path in paths(folder, name, FOLDERS[kind]))]
    text = io.StringIO()
    rows = [(name, *mm) for name in names[:count] + kept]
    csv.writer(text, lineterminator="\n").writerows([("name", "row_mm", "column_mm"), *rows])
    return text.getvalue()


def _check_free(targets: Sequence[Path], contents: Callable[[], Sequence[bytes]]) -> None:
    """FileExistsError, as `may_write`, for somebody's own file; `contents` are asked for only where marks do not tell."""
    try:
        may_write(*targets)
    except FileExistsError:
        for path, data in zip(targets, contents(), strict=True):
            if not path.is_file() or path.read_bytes() != data:
                may_write(path)


def _files(kind: str, index: int) -> tuple[bytes, bytes]:
    """Image and mask of a sample as they lie on disk."""
    phantom = make_sample(kind, index)
    image = Image.fromarray(phantom.image[..., 0] if kind == "lung" else phantom.image)
    mask = Image.fromarray(phantom.signed_distance_px < 0)
    return _packed(image, "JPEG", quality=92), _packed(mask, "PNG", optimize=True)


def _bytes(table: str) -> list[bytes]:
    return [table.encode()]


def _packed(image: Image.Image, kind: str, **how: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()
