"""The logic of `banet-edu data check`: read every file of a data set once and say what is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from banet_edu.data.orientation import orientation
from banet_edu.data.reading import is_dicom, open_image
from banet_edu.datasets.dataset import Dataset
from banet_edu.datasets.grouping import proposed_pattern
from banet_edu.datasets.layouts import Problem
from banet_edu.datasets.opening import WORKERS, open_dataset
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
from banet_edu.datasets.similarity import difference_hash
from banet_edu.datasets.volumes.check import VolumeReport, check_volumes
from banet_edu.datasets.volumes.opening import VolumeDataset


class _Facts(NamedTuple):
    image_size: str
    mask_size: str
    spacing_mm: tuple[float, float] | None
    spacing_note: str
    share: float  # of the mask's pixels that are not background
    hash: NDArray[np.uint64]


@dataclass(frozen=True)
class CheckReport:
    """What `check_dataset` found. Sizes are "width x height" in pixels, as files state them.

    `image_sizes` and `mask_sizes` count the cases of each size; `spacings_mm` counts (row, column) pixel sizes, None
    where unknown; `foreground` holds each readable case's share of foreground by name.
    """

    format: str
    root: Path
    split_seed: int
    parts: dict[str, int]
    image_sizes: Counter[str]
    mask_sizes: Counter[str]
    spacings_mm: Counter[tuple[float, float] | None]
    spacing_notes: Counter[str]
    foreground: dict[str, float]
    problems: list[Problem]
    duplicates: list[Duplicate]
    reading: str = ""
    turned: tuple[int, int] = (0, 0)  # images and masks that an orientation tag turned or mirrored
    square: bool = False  # all of these are square, so that their sizes cannot show whether tags were meant
    groups: str | None = None  # of the split, in words; None where every case stands for itself
    proposal: tuple[str, int] | None = None  # a pattern for groups that the names suggest

    @property
    def ok(self) -> bool:
        """No bad file, no near duplicates across parts, and something to learn from."""
        nothing = bool(self.foreground) and len(self.empty) == len(self.foreground)
        return not self.problems and not nothing and not any(pair.leaks for pair in self.duplicates)

    @property
    def empty(self) -> list[str]:
        """Names of cases whose mask is all background."""
        return [name for name, share in self.foreground.items() if share == 0]

    def rows(self) -> list[tuple[str, str]]:
        """(what, finding) for a two-column table."""
        shares = np.array(list(self.foreground.values()) or [np.nan]) * 100
        low, middle, high = np.percentile(shares, [0, 50, 100])
        split = ", ".join(f"{part} {count}" for part, count in self.parts.items())
        rows = [
            ("read as", self.reading),
            ("cases", f"{len(self.foreground)} ({split}; split seed {self.split_seed})"),
            ("groups", self._groups()),
            ("image sizes", counted(self.image_sizes)),
            ("mask sizes", counted(self.mask_sizes)),
            ("pixel spacing", self._spacing()),
            ("foreground", f"{low:.1f} % to {high:.1f} % of the mask, median {middle:.1f} %"),
            ("empty masks", listed(self.empty)),
            ("orientation tags", self._turned()),
            ("bad files", str(len(self.problems))),
        ]
        leaking = sum(pair.leaks for pair in self.duplicates)
        rows.append(("near duplicates", f"{len(self.duplicates)} (pairs), {leaking} of them across parts of the split"))
        return rows

    def _spacing(self) -> str:
        sizes = counted(Counter({_spacing(s): n for s, n in self.spacings_mm.items()}))
        return "; ".join([sizes, *(f"{note} ({n} cases)" for note, n in self.spacing_notes.items() if note)])

    def _groups(self) -> str:
        if self.groups is not None:
            return self.groups
        if self.proposal is None:
            return "none: every case stands for itself"
        pattern, count = self.proposal
        return f'none, though names look like {count} groups: if these belong together, --groups "{pattern}"'

    def _turned(self) -> str:
        images, masks = self.turned
        if not images and not masks:
            return "none"
        said = f"applied to {images} image(s) and {masks} mask(s)"
        if self.square:
            said += ", all square: look at one, its size cannot show whether its mask was drawn upright"
        return said

    def to_text(self) -> str:
        """The rows, then every bad file and near-duplicate pair (the first twenty of each)."""
        return report_text(f"{self.root} as {self.format}", self.rows(), self.problems, self.duplicates)


def check_dataset(
    format: str,
    root: str | Path,
    *,
    split_seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> CheckReport | VolumeReport:
    """Read every image and mask of a data set and report counts, sizes, spacing, bad files and near duplicates.

    Args:
        format, root, split_seed: as in `open_dataset`; options: its further keywords.
        progress: called as progress(done, total) after each case.

    Of volumes the report is a `VolumeReport`.

    Raises:
        FileNotFoundError, ValueError: as `open_dataset`, but never for bad files, which the report lists.
    """
    dataset = open_dataset(format, root, on_error="skip", _decode=False, **options)
    if isinstance(dataset, VolumeDataset):
        return check_volumes(dataset, split_seed, progress)
    turned = {case.name: (_tag(case.image), _tag(case.mask)) for case in dataset.cases}
    part_of = parts_by_name(dataset, split_seed)
    found: dict[str, _Facts] = {}
    problems = list(dataset.problems)
    with ThreadPoolExecutor(WORKERS) as pool:
        results = pool.map(lambda name: _facts(dataset, name), dataset.names)
        for done, (name, result) in enumerate(zip(dataset.names, results, strict=True), start=1):
            if isinstance(result, Problem):
                problems.append(result)
            else:
                found[name] = result
            if progress is not None:
                progress(done, len(dataset))

    names = list(found)
    duplicates = duplicate_pairs(names, [facts.hash for facts in found.values()], part_of)
    return CheckReport(
        format=format,
        root=Path(root),
        split_seed=split_seed,
        parts=counted_parts(names, part_of),
        image_sizes=Counter(facts.image_size for facts in found.values()),
        mask_sizes=Counter(facts.mask_size for facts in found.values()),
        spacings_mm=Counter(facts.spacing_mm for facts in found.values()),
        spacing_notes=Counter(facts.spacing_note for facts in found.values()),
        foreground={name: facts.share for name, facts in found.items()},
        problems=problems,
        duplicates=duplicates,
        reading=dataset.reading,
        turned=(sum(image > 1 for image, _ in turned.values()), sum(mask > 1 for _, mask in turned.values())),
        square=_all_square(facts.image_size for name, facts in found.items() if max(turned[name]) > 1),
        groups=groups_in_words(dataset),
        proposal=proposed_pattern(names, [(pair.first, pair.second) for pair in duplicates if pair.leaks]),
    )


def _tag(path: Path) -> int:
    """The orientation tag, 1 where there is none."""
    if is_dicom(path):
        return 1
    with open_image(path) as image:
        return orientation(image, path)


def _all_square(sizes: Iterable[str]) -> bool:
    sides = [size.split(" x ") for size in sizes]
    return bool(sides) and all(width == height for width, height in sides)


def _facts(dataset: Dataset, name: str) -> _Facts | Problem:
    sample = dataset[name]
    try:
        image, mask = sample.image, sample.mask
        assert mask is not None  # an opened data set pairs every image with a mask
        sizes = [f"{array.shape[1]} x {array.shape[0]}" for array in (image, mask)]
        share = float((mask > 0).mean())
        return _Facts(sizes[0], sizes[1], sample.spacing_mm, sample.spacing_note, share, difference_hash(image))
    except Exception as error:  # whatever a broken file leads its decoder to
        said = str(error)
        if not said.startswith(str(dataset.root)):  # a decoder's own words, which name no file
            return Problem(name, said or type(error).__name__)
        file, _, reason = said.removeprefix(str(dataset.root)).lstrip("/\\").partition(": ")
        return Problem(Path(file).as_posix(), reason)


def _spacing(spacing_mm: tuple[float, float] | None) -> str:
    return "unknown" if spacing_mm is None else f"{spacing_mm[0]:.4g} x {spacing_mm[1]:.4g} mm (row x column)"
