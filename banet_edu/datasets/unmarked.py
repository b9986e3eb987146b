"""Images without masks, to be segmented: which files of a folder they are, and which frames of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from banet_edu.data.limits import regular_file
from banet_edu.data.reading import frame_count, looks_like_an_image, read_image, spacing_note, stem
from banet_edu.data.sample import Sample
from banet_edu.datasets.discovery import AFFIXES, SEPARATORS
from banet_edu.datasets.layouts import is_volume
from banet_edu.storage import written

LONGEST = 200  # bytes of a name before _contour.png: disks take 255, with what surrounds it while it is written
_RESULTS = ("measurements.json", "audit.json")  # of `predict` and `audit`, whose pictures lie beside them
_NEEDS = "and this is a network of images: it takes one trained on volumes, as banet-lite-hippocampus"


def find_files(path: Path) -> tuple[list[Path], dict[Path, str]]:
    """The image itself, or a folder's images by name, told by their content; and its other files, with what they are:
    among them masks of images that lie beside them.

    FileNotFoundError where there is no image, ValueError where there are volumes instead.
    """
    if not path.is_dir():
        regular_file(path)
        if is_volume(path):
            raise ValueError(f"{path}: is a volume, {_NEEDS}")
        return [path], {}
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    # What an earlier call has drawn is no image to segment, and is PNG; the samples that `data make` paints are JPEG.
    ours = {name for name in written(path) if not name.endswith(".jpg")}
    others = {file: "written by banet-edu" for file in files if file.name in ours}
    others |= {file: "not an image" for file in files if file not in others and not looks_like_an_image(file)}
    images = [file for file in files if file not in others]
    masks = masks_beside(images)
    others |= {mask: f"the mask of {image.name}" for mask, image in masks.items()}
    images = [file for file in images if file not in masks]
    if not images:
        if any(map(is_volume, files)):
            raise ValueError(f"{path}: its files are volumes, {_NEEDS}")
        inside = folders_of_images(path)
        raise FileNotFoundError(
            f"no image in {path}: none of its {len(files)} file(s) is a picture or DICOM by its content"
            + (f"; there are some in {', '.join(map(str, inside[:3]))}{' ...' * (len(inside) > 3)}" if inside else "")
        )
    return images, others


def folders_of_images(path: Path) -> list[Path]:
    """The folders inside a folder that hold images to segment themselves: no masks, by their names, and no results."""
    return [folder for folder in sorted(path.iterdir()) if folder.is_dir() and _holds_images(folder)]


def _holds_images(folder: Path) -> bool:
    if folder.name.startswith(".") or folder.name.lower() in AFFIXES:
        return False
    try:
        return not any((folder / name).exists() for name in _RESULTS) and any(
            file.is_file() and looks_like_an_image(file) for file in folder.iterdir()
        )
    except OSError:  # one that may not be looked into
        return False


def masks_beside(images: Sequence[Path]) -> dict[Path, Path]:
    """The masks among pictures, told by their names (scan_mask.png beside scan.jpg), and the image of each.

    >>> found = masks_beside([Path("scan.jpg"), Path("scan_mask.png"), Path("other_mask.png")])
    >>> {mask.name: image.name for mask, image in found.items()}
    {'scan_mask.png': 'scan.jpg'}
    """
    named: dict[str, list[Path]] = {}
    for image in images:
        named.setdefault(_on_disk(stem(image)), []).append(image)
    found: dict[Path, Path] = {}
    for word in AFFIXES:
        for separator in SEPARATORS:
            for name, of_name in named.items():
                for mask in (f"{name}{separator}{word}", f"{word}{separator}{name}"):
                    found |= dict.fromkeys(named.get(mask, ()), of_name[0])
    return found


@dataclass(frozen=True, eq=False)
class Job:
    """One image to segment: a file, or a frame of it; `name` is what its results are named after."""

    path: Path
    frame: int | None
    name: str
    problem: Exception | None = None  # why it is no image after all

    @property
    def frame_words(self) -> str:
        return "" if self.frame is None else f" frame {self.frame}"

    @property
    def label(self) -> str:
        return self.path.name + self.frame_words

    def read(self) -> Sample:
        pixels, stored = read_image(self.path, frame=self.frame)
        return Sample(pixels, None, stem(self.path), stored, spacing_note(self.path))


def plan(paths: list[Path], frame: int | None) -> list[Job]:
    """A job for each file, or for every frame of one that holds several unless one is asked for; no two of one name, also
    where capitals or the form of an accent do not count, as on some disks."""
    found: list[tuple[Path, int | None, Exception | None]] = []
    for path in paths:
        try:
            count = frame_count(path)
        except Exception as error:  # whatever a broken file leads its decoder to
            found.append((path, None, error))
            continue
        asked = list(range(count)) if frame is None else [frame]
        found += [(path, None if count == 1 and (frame is None or len(paths) > 1) else page, None) for page in asked]
    endings = ["" if page is None else f"_frame{page}" for _, page, _ in found]
    jobs = []
    for (path, page, problem), name in zip(found, result_names([path for path, *_ in found], endings), strict=True):
        if problem is None and len(os.fsencode(name)) > LONGEST:
            problem = ValueError(f"its name is too long for results to be named after it ({LONGEST} bytes): rename it")
        jobs.append(Job(path, page, name, problem))
    return sorted(jobs, key=lambda job: (paths.index(job.path), job.frame or 0))


def result_names(paths: Sequence[Path], endings: Sequence[str]) -> list[str]:
    """What the results of each file are named after, no two alike on any disk: its stem, or with the extension where several
    have one stem; then the ending.

    >>> result_names([Path("a.nii"), Path("a.nii.gz"), Path("a_nii.nii")], ["", "", ""])
    ['a.nii', 'a_nii_gz', 'a_nii']
    """
    stems = Counter(_on_disk(stem(path)) for path in dict.fromkeys(paths))
    taken: set[str] = set()
    named: dict[int, str] = {}
    for number in sorted(range(len(paths)), key=lambda number: stems[_on_disk(stem(paths[number]))] > 1):
        path, ending = paths[number], endings[number]
        names = [stem(path)] if stems[_on_disk(stem(path))] == 1 else []
        names += [path.name.replace(".", "_"), path.name, *(f"{path.name}_{n}" for n in range(2, 2 + len(paths)))]
        named[number] = next(name + ending for name in names if _on_disk(name + ending) not in taken)
        taken.add(_on_disk(named[number]))
    return [named[number] for number in range(len(paths))]


def _on_disk(name: str) -> str:
    return normalize("NFC", name).casefold()
