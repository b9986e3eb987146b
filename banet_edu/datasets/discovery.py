"""A folder of somebody's own: which files are images, which are masks, and which belongs to which, found by looking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from banet_edu.data.reading import looks_like_an_image, stem
from banet_edu.datasets.layouts import Layout, find_cases, is_volume

IMAGE_FOLDERS = ("images", "image", "imgs", "img", "photos", "frames", "imagestr")
MASK_FOLDERS = (
    *("masks", "mask", "labels", "label", "segmentations", "segmentation", "annotations", "groundtruth", "gt"),
    "labelstr",
)
AFFIXES = ("mask", "masks", "seg", "segmentation", "label", "labels", "gt", "groundtruth", "lesion", "annotation")
SEPARATORS = ("_", "-", " ", ".")


@dataclass(frozen=True)
class Reading:
    """One way in which a folder's files pair up."""

    layout: Layout
    pairs: int

    @property
    def options(self) -> str:
        """The command-line options that ask for it."""
        layout = self.layout
        text = f'--image-dir "{layout.image_dirs[0]}" --mask-dir "{layout.mask_dirs[0]}"'
        for name in ("image_suffix", "mask_suffix", "mask_prefix"):
            if value := getattr(layout, name):
                text += f' --{name.replace("_", "-")} "{value}"'
        return text

    def __str__(self) -> str:
        layout = self.layout
        # A pattern names files already: its last part is the case's.
        images, masks = (dirs[0].removesuffix("/*") for dirs in (layout.image_dirs, layout.mask_dirs))
        return f"{images}/CASE{layout.image_suffix} with {masks}/{layout.mask_of('CASE')}".replace("./", "")


def find_reading(root: Path, *, volumes: bool = False) -> Reading | None:
    """The one reading that pairs most pictures (or NIfTI files), or None where nothing pairs.

    ValueError where several pair as many files, each in another way: they are listed with their options.
    """
    if not root.is_dir():
        return None
    found: dict[frozenset[tuple[Path, Path]], Reading] = {}
    for candidate in _candidates(root):
        layout = replace(candidate, volumes=volumes)
        try:
            cases, _ = find_cases(root, layout)
        except (FileNotFoundError, ValueError):
            continue
        pairs = frozenset((case.image, case.mask) for case in cases)
        found.setdefault(pairs, Reading(layout, len(pairs)))
    if not found:
        return None
    most = max(reading.pairs for reading in found.values())
    best = [reading for reading in found.values() if reading.pairs == most]
    if len(best) > 1:
        listed = "\n".join(f"  {reading}: {reading.options}" for reading in best)
        raise ValueError(f"{root}: images and masks pair up in {len(best)} ways, choose one:\n{listed}")
    return best[0]


def _candidates(root: Path) -> Iterator[Layout]:
    """Plain folders first, then files side by side, then a folder for each patient."""
    images, masks = _named(root, IMAGE_FOLDERS), _named(root, MASK_FOLDERS)
    for image in images:
        for mask in masks:
            yield Layout((image,), (mask,))
            yield from _by_common_parts(root, image, mask)
    for folder in (".", *images):
        yield from _side_by_side(root, folder, nested=False)
    yield from _side_by_side(root, "*/*", nested=True)
    inside = sorted({child.name for parent in _folders(root) for child in _folders(parent)})
    for image in [name for name in inside if name.lower() in IMAGE_FOLDERS]:
        for mask in [name for name in inside if name.lower() in MASK_FOLDERS]:
            for affix in ("", *(f"{separator}{word}" for word in AFFIXES for separator in SEPARATORS)):
                yield Layout((f"*/{image}/*",), (f"*/{mask}/*",), mask_suffix=affix, nested=True)


def _side_by_side(root: Path, folder: str, *, nested: bool) -> Iterator[Layout]:
    names = [stem(path).lower() for path in (root.glob(folder) if nested else (root / folder).iterdir())]
    for word in AFFIXES:
        for separator in SEPARATORS:
            for spelled in (word, word.capitalize(), word.upper()):
                if any(name.endswith(f"{separator}{word}") for name in names):
                    yield Layout((folder,), (folder,), mask_suffix=f"{separator}{spelled}", nested=nested)
                if any(name.startswith(f"{word}{separator}") for name in names):
                    yield Layout((folder,), (folder,), mask_prefix=f"{spelled}{separator}", nested=nested)


def _by_common_parts(root: Path, image: str, mask: str) -> Iterator[Layout]:
    """All images end in one word, all masks in another (21_training, 21_manual1), or all masks begin with one."""
    image_stems, mask_stems = (
        [
            stem(path)
            for path in (root / folder).iterdir()
            if path.is_file() and (is_volume(path) or looks_like_an_image(path))
        ]
        for folder in (image, mask)
    )
    if len(image_stems) < 2 or len(mask_stems) < 2:
        return
    own, other = _common_end(image_stems), _common_end(mask_stems)
    for image_suffix, mask_suffix in ((own, other), ("", other), (own, "")):
        if image_suffix or mask_suffix:
            yield Layout((image,), (mask,), image_suffix=image_suffix, mask_suffix=mask_suffix)
    start = _common_start(mask_stems)
    if prefix := start[: 1 + max(start.rfind(separator) for separator in SEPARATORS)]:
        yield Layout((image,), (mask,), mask_prefix=prefix)


def _common_end(stems: Sequence[str]) -> str:
    """What all end in, from a separator on: "21_manual1" and "22_manual1" in "_manual1", "10" and "20" in nothing."""
    shared = _common_start([name[::-1] for name in stems])[::-1]
    starts = [shared.find(separator) for separator in SEPARATORS if separator in shared]
    return shared[min(starts) :] if starts else ""


def _common_start(names: Sequence[str]) -> str:
    return "".join(
        letters[0] for letters in takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    )


def _named(root: Path, names: Sequence[str]) -> list[str]:
    own = {path.name.lower(): path.name for path in _folders(root)}
    return [own[name] for name in names if name in own]


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
