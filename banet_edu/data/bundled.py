"""The bundled samples: phantoms in the folder layouts of real data sets."""

from __future__ import annotations

from pathlib import Path

from banet_edu.data.dataset import Dataset
from banet_edu.data.formats import open_dataset
from banet_edu.data.splits import Part

SAMPLE_FORMATS = {"dermoscopy": "isic2017", "polyp": "kvasir_seg", "lung": "sz_cxr"}


def samples_root() -> Path:
    """The folder `data_samples`: inside an installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    for root in (package / "data_samples", package.parent / "data_samples"):
        if root.is_dir():
            return root
    raise FileNotFoundError(f"{package}: the bundled data_samples are missing: install banet-edu again")


def load_samples(kind: str, split: Part | None = None) -> Dataset:
    """The bundled phantoms of a kind, "dermoscopy", "polyp" or "lung": all 48, or the part for train, val or test.

    Their boundaries are exact and their pixel size is known, so errors come in mm.
    """
    if kind not in SAMPLE_FORMATS:
        raise ValueError(f"samples of kind {kind!r}: choose one of {', '.join(SAMPLE_FORMATS)}")
    return open_dataset(SAMPLE_FORMATS[kind], samples_root() / kind, split)
