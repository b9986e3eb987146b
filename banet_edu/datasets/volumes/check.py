"""`banet-edu data check` of volumes: read every file once and say what is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from banet_edu.datasets.layouts import Problem
from banet_edu.datasets.report import (
    Duplicate,
    counted,
    counted_parts,
    duplicate_pairs,
    groups_in_words,
    listed,
    parts_by_name,
    report_text,
)
from banet_edu.datasets.similarity import SAME_SCENE, difference_hash
from banet_edu.datasets.volumes.opening import WORKERS, VolumeDataset
from banet_edu.metrics.shape import volume_ml


class _Facts(NamedTuple):
    size: tuple[int, ...]
    spacing: str
    notes: tuple[str, ...]
    volumes: tuple[float | None, ...]  # in ml, of each class from 1 on, None where it is not there
    hash: NDArray[np.uint64]


@dataclass(frozen=True)
class VolumeReport:
    """What `check_dataset` found in a data set of volumes. Sizes and spacings are along (z, y, x) of the patient; `volumes_ml`
    holds those of each class (from 1 on) in the cases that have it."""

    format: str
    root: Path
    split_seed: int
    parts: dict[str, int]
    sizes: Counter[tuple[int, ...]]
    spacings: Counter[str]
    notes: Counter[str]
    class_names: tuple[str, ...]
    volumes_ml: list[list[float]]
    empty: list[str]
    problems: list[Problem]
    duplicates: list[Duplicate]
    reading: str
    groups: str | None

    @property
    def ok(self) -> bool:
        """No bad file, no near duplicates across parts, and something to learn from."""
        return not self.problems and any(self.volumes_ml) and not any(pair.leaks for pair in self.duplicates)

    def rows(self) -> list[tuple[str, str]]:
        """(what, finding) for a two-column table."""
        split = ", ".join(f"{part} {count}" for part, count in self.parts.items())
        leaking = sum(pair.leaks for pair in self.duplicates)
        notes = [f"{note} ({count} cases)" for note, count in self.notes.items()]
        return [
            ("read as", f"volumes, {self.reading}"),
            ("cases", f"{sum(self.parts.values())} ({split}; split seed {self.split_seed})"),
            ("groups", "none: every case stands for itself" if self.groups is None else self.groups),
            ("sizes", f"{self._sizes()} voxels (z x y x x)"),
            ("voxel size", "; ".join([f"{counted(self.spacings)} (z x y x x)", *notes])),
            *((f"{label}: {name}", self._volumes(label)) for label, name in enumerate(self.class_names) if label),
            ("empty masks", listed(self.empty)),
            ("bad files", str(len(self.problems))),
            ("near duplicates", f"{len(self.duplicates)} (pairs), {leaking} of them across parts of the split"),
        ]

    def _sizes(self) -> str:
        if len(self.sizes) <= 3:
            return counted(Counter({" x ".join(map(str, size)): count for size, count in self.sizes.items()}))
        return " x ".join(f"{min(side)} to {max(side)}" for side in zip(*self.sizes, strict=True))

    def _volumes(self, label: int) -> str:
        sizes = self.volumes_ml[label - 1]
        if not sizes:
            return "in no case"
        low, middle, high = np.percentile(sizes, [0, 50, 100])
        low, middle, high = (f"{ml:.3g}" if ml < 999.5 else f"{ml:,.0f}" for ml in (low, middle, high))
        return f"{low} to {high} ml, median {middle} ml, in {len(sizes)} cases"

    def to_text(self) -> str:
        """The rows, then every bad file and near-duplicate pair (the first twenty of each)."""
        return report_text(f"{self.root} as {self.format}", self.rows(), self.problems, self.duplicates)


def check_volumes(
    dataset: VolumeDataset, split_seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> VolumeReport:
    """Read every volume and mask; see `datasets.check.check_dataset`."""
    part_of = parts_by_name(dataset, split_seed)
    found: dict[str, _Facts] = {}
    problems = list(dataset.problems)
    with ThreadPoolExecutor(WORKERS) as pool:
        for done, (name, result) in enumerate(
            pool.map(lambda name: (name, _facts(dataset, name)), dataset.names), start=1
        ):
            if isinstance(result, Problem):
                problems.append(result)
            else:
                found[name] = result
            if progress is not None:
                progress(done, len(dataset))
    names = list(found)
    by_class = list(zip(*(facts.volumes for facts in found.values()), strict=True))
    return VolumeReport(
        format=dataset.format,
        root=dataset.root,
        split_seed=split_seed,
        parts=counted_parts(names, part_of),
        sizes=Counter(facts.size for facts in found.values()),
        spacings=Counter(facts.spacing for facts in found.values()),
        notes=Counter(note for facts in found.values() for note in facts.notes if note),
        class_names=dataset.class_names,
        volumes_ml=[[size for size in sizes if size is not None] for sizes in by_class],
        empty=[name for name, facts in found.items() if not any(facts.volumes)],
        problems=problems,
        duplicates=duplicate_pairs(names, [facts.hash for facts in found.values()], part_of, 3 * SAME_SCENE),
        reading=dataset.reading,
        groups=groups_in_words(dataset),
    )


def _facts(dataset: VolumeDataset, name: str) -> _Facts | Problem:
    try:
        volume = dataset[name]
        image, mask, spacing = volume.image, volume.mask, volume.spacing_mm
        assert mask is not None and spacing is not None  # files pair up, and state a size
        classes = [mask == label for label in range(1, dataset.num_classes)]
        return _Facts(
            volume.shape,
            " x ".join(f"{size:.4g}" for size in spacing) + " mm",
            (volume.spacing_note, volume.orientation_note),
            tuple(volume_ml(one, spacing_mm=spacing) if one.any() else None for one in classes),
            volume_hash(image),
        )
    except Exception as error:  # whatever a broken file leads its reader to
        file, _, reason = str(error).removeprefix(str(dataset.root)).lstrip("/\\").partition(": ")
        return Problem(Path(file).as_posix(), reason) if reason else Problem(name, str(error) or type(error).__name__)


def volume_hash(image: NDArray[np.float32]) -> NDArray[np.uint64]:
    """`difference_hash` of the three middle slices, 12 x uint64: it survives another scale of intensities and resampling."""
    low, high = np.percentile(image, [0.5, 99.5])
    hashes = []
    for axis, side in enumerate(image.shape):
        grey = np.clip((image.take(side // 2, axis) - low) / max(high - low, 1e-9), 0, 1)
        hashes.append(difference_hash(np.repeat((grey * 255).astype(np.uint8)[..., None], 3, axis=2)))
    return np.concatenate(hashes)
