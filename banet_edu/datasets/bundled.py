"""The bundled samples: phantoms in the folder layouts of real data sets, and eight brain MRIs."""

from __future__ import annotations

from typing import cast

from banet_edu.datasets.dataset import Dataset
from banet_edu.datasets.opening import open_dataset
from banet_edu.datasets.splits import Part
from banet_edu.datasets.volumes.opening import VolumeDataset
from banet_edu.paths import samples_root

SAMPLE_FORMATS = {"dermoscopy": "isic2017", "polyp": "kvasir_seg", "lung": "sz_cxr"}


def load_samples(kind: str, split: Part | None = None) -> Dataset:
    """The bundled phantoms of a kind, "dermoscopy", "polyp" or "lung": all 48, or the part for train, val or test.

    Their boundaries are exact and their pixel size is known, so errors come in mm.
    """
    if kind not in SAMPLE_FORMATS:
        raise ValueError(f"samples of kind {kind!r}: choose one of {', '.join(SAMPLE_FORMATS)}")
    return open_dataset(SAMPLE_FORMATS[kind], samples_root() / kind, split)


def load_volumes() -> VolumeDataset:
    """The eight bundled brain MRIs with an expert's labels of the hippocampus: anterior and posterior part, voxels of 1 mm.

    From the Medical Segmentation Decathlon (terms: CC BY-SA 4.0, see data_samples/hippocampus/README.md); no bundled network
    was trained on them.

    >>> volumes = load_volumes()
    >>> len(volumes), volumes[0].shape, volumes.class_names
    (8, (38, 48, 33), ('background', 'anterior', 'posterior'))
    """
    return cast(VolumeDataset, open_dataset("msd", samples_root() / "hippocampus"))
