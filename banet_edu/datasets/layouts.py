"""Which image belongs to which mask: the folder layouts of the data sets, and matching by name."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from banet_edu.config import check_spacing
from banet_edu.data.reading import looks_like_an_image, stem
from banet_edu.datasets.splits import natural_key

SHOWN_PROBLEMS = 20


class Problem(NamedTuple):
    """A file, relative to the data set's root, and what is wrong with it."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(frozen=True)
class Layout:
    """Where a data set keeps its files. Of several folders (or glob patterns of files) the first that exists counts.

    An image is called CASE + image_suffix, its mask mask_prefix + CASE + mask_suffix, each with any extension.
    """

    image_dirs: tuple[str, ...] = ("images",)
    mask_dirs: tuple[str, ...] = ("masks",)
    image_suffix: str = ""
    mask_suffix: str = ""
    mask_prefix: str = ""
    nested: bool = False  # one folder for each patient, whose name is part of the case's: CASE is FOLDER_CASE
    ignore_suffix: str | None = None  # files that belong to the data set but are neither
    video: bool = False  # consecutive frames are near duplicates
    upright: bool = False  # the camera always stands the same way: no image is upside down
    volumes: bool = False  # NIfTI files

    def mask_of(self, case: str) -> str:
        """What the mask of a case is called."""
        return f"{self.mask_prefix}{case}{self.mask_suffix}"


LAYOUTS = {
    "isic2017": Layout(
        ("images", "ISIC-2017_Training_Data", "ISIC-2017_Validation_Data", "ISIC-2017_Test_v2_Data"),
        (
            "masks",
            "ISIC-2017_Training_Part1_GroundTruth",
            "ISIC-2017_Validation_Part1_GroundTruth",
            "ISIC-2017_Test_v2_Part1_GroundTruth",
        ),
        mask_suffix="_segmentation",
        ignore_suffix="_superpixels",
    ),
    "ph2": Layout(
        ("images", "PH2 Dataset images/*/*_Dermoscopic_Image/*.bmp"),
        ("masks", "PH2 Dataset images/*/*_lesion/*.bmp"),
        mask_suffix="_lesion",
    ),
    "kvasir_seg": Layout(),
    "cvc_colondb": Layout(video=True),
    "sz_cxr": Layout(("images", "CXR_png"), ("masks", "mask"), mask_suffix="_mask", upright=True),
    "folder": Layout(),
    "dicom": Layout(),
    "msd": Layout(("imagesTr",), ("labelsTr",), volumes=True),
}


@dataclass(frozen=True)
class Case:
    name: str
    image: Path
    mask: Path


def find_cases(root: Path, layout: Layout) -> tuple[list[Case], list[Problem]]:
    """The pairs below `root` in natural order of their names, and every file that has no partner.

    Raises:
        FileNotFoundError: no such folder, or no images in it.
        ValueError: not a single image has a mask: the format or the name rules do not fit.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder")
    image_files, mask_files = _files(root, layout.image_dirs, layout), _files(root, layout.mask_dirs, layout)
    if set(image_files) & set(mask_files):  # one folder for both: the suffix tells them apart
        image_files, mask_files = _told_apart(image_files, layout)
        if not image_files or not mask_files:
            told = layout.mask_prefix or layout.mask_suffix or layout.image_suffix
            raise FileNotFoundError(f"{root}: {told!r} does not tell images and masks of one folder apart")
    problems: list[Problem] = []
    images = _by_case(image_files, "", layout.image_suffix, "image", root, layout, problems)
    masks = _by_case(mask_files, layout.mask_prefix, layout.mask_suffix, "mask", root, layout, problems)
    if not images.keys() & masks.keys():
        raise ValueError(
            f"{root}: no image has a mask. Images are called like {image_files[0].name!r}, masks like "
            f"{mask_files[0].name!r}; expected are CASE{layout.image_suffix} and {layout.mask_of('CASE')}. "
            + _way_out(image_files, mask_files)
        )
    for name in sorted(images.keys() - masks.keys(), key=natural_key):
        problems.append(Problem(_inside(images[name], root), f"has no mask ({layout.mask_of(name)})"))
    for name in sorted(masks.keys() - images.keys(), key=natural_key):
        problems.append(Problem(_inside(masks[name], root), "is the mask of no image here"))
    names = sorted(images.keys() & masks.keys(), key=natural_key)
    return [Case(name, images[name], masks[name]) for name in names], problems


def _way_out(images: Sequence[Path], masks: Sequence[Path]) -> str:
    """How to say what the masks are called: what stands behind the first image's name in one of theirs, if anything does."""
    name = stem(images[0])
    behind = [stem(mask).removeprefix(name) for mask in masks if stem(mask).startswith(name)]
    if suffixes := [end for end in behind if end and not end[0].isalnum()]:  # of image 1, not mask 10_seg
        return f"Say what a mask's name has after its image's: mask_suffix= (--mask-suffix {suffixes[0]})"
    return (
        "Choose another format, or format 'folder' with image_suffix=, mask_suffix= and mask_prefix= (--image-suffix, "
        "--mask-suffix, --mask-prefix)"
    )


def problem_message(root: Path, problems: Sequence[Problem]) -> str:
    """One sentence and a line for each bad file, the first twenty and a count of the rest."""
    lines = [f"  {problem}" for problem in problems[:SHOWN_PROBLEMS]]
    if len(problems) > SHOWN_PROBLEMS:
        lines.append(f"  ... and {len(problems) - SHOWN_PROBLEMS} more")
    count = "1 bad file" if len(problems) == 1 else f"{len(problems)} bad files"
    return f"{root}: {count} (repair them, or leave them out: on_error='skip', --skip-bad):\n" + "\n".join(lines)


def read_spacing_table(root: Path) -> dict[str, tuple[float, float]]:
    """ROOT/spacing.csv with the columns name, row_mm, column_mm (size of a mask pixel), as a dictionary; {} if absent."""
    path = root / "spacing.csv"
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        try:
            sizes: dict[str, tuple[float, float]] = {}
            for row in rows:
                size = check_spacing((float(row["row_mm"]), float(row["column_mm"])))
                if sizes.setdefault(unicodedata.normalize("NFC", row["name"]), size) != size:
                    raise ValueError(f"a second size of {row['name']}")
            return sizes
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path}, line {rows.line_num}: columns name, row_mm, column_mm expected ({error})"
            ) from None


def _files(root: Path, folders: Iterable[str], layout: Layout) -> list[Path]:
    tried = []
    for folder in folders:
        found = root.glob(folder) if "*" in folder else (root / folder).iterdir() if (root / folder).is_dir() else ()
        files = sorted(path for path in found if _is_candidate(path, layout))
        if files:
            return files
        tried.append(folder)
    said = f"{root}: no image files in {' or '.join(tried)}"
    if not any(Path(folder).is_absolute() for folder in tried):
        said += " (of folders with other names: --image-dir, --mask-dir)"
    if root.is_dir() and (loose := sum(_is_candidate(path, layout) for path in root.iterdir())):
        said += (
            f"; {loose} lie in the folder itself: to train on them, put masks beside them, as IMAGE_mask.png "
            "(--image-dir . --mask-dir . --mask-suffix _mask)"
        )
    raise FileNotFoundError(said)


def _is_candidate(path: Path, layout: Layout) -> bool:
    ignored = layout.ignore_suffix is not None and stem(path).endswith(layout.ignore_suffix)
    if ignored or path.name.startswith(".") or not path.is_file():
        return False
    return is_volume(path) if layout.volumes else looks_like_an_image(path)


def of_volumes(root: Path, layout: Layout) -> Layout:
    """The layout for volumes, where there are NIfTI files and no pictures in its folders; else as it is."""
    for kind in (layout, replace(layout, volumes=True)):
        for folder in layout.image_dirs:
            found = (
                root.glob(folder) if "*" in folder else (root / folder).iterdir() if (root / folder).is_dir() else ()
            )
            if any(_is_candidate(path, kind) for path in found):
                return kind
    return layout


def is_volume(path: Path) -> bool:
    """Whether a file is NIfTI by its name."""
    return path.name.lower().endswith((".nii", ".nii.gz"))


def _told_apart(files: list[Path], layout: Layout) -> tuple[list[Path], list[Path]]:
    if layout.mask_prefix:
        masks = [path for path in files if stem(path).startswith(layout.mask_prefix)]
        return [path for path in files if path not in masks], masks
    if layout.mask_suffix == layout.image_suffix:
        raise ValueError(
            "images and masks share a folder: give mask_suffix= (--mask-suffix) or image_suffix= to tell them apart"
        )
    longer, shorter = sorted((layout.mask_suffix, layout.image_suffix), key=len, reverse=True)
    first = [path for path in files if stem(path).endswith(longer)]
    second = [path for path in files if path not in first and stem(path).endswith(shorter)]
    return (second, first) if longer == layout.mask_suffix else (first, second)


def _by_case(
    files: list[Path], prefix: str, suffix: str, role: str, root: Path, layout: Layout, problems: list[Problem]
) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in files:
        if not (stem(path).startswith(prefix) and stem(path).endswith(suffix)):
            problems.append(Problem(_inside(path, root), f"is no {role} by its name, which lacks {prefix or suffix!r}"))
            continue
        name = unicodedata.normalize("NFC", stem(path)).removeprefix(prefix).removesuffix(suffix)
        if layout.nested:
            name = f"{group_folder(path, root)}_{name}"
        if name in found:
            problems.append(Problem(_inside(path, root), f"is a second {role} of {name!r}, beside {found[name].name}"))
            continue
        found[name] = path
    return found


def group_folder(path: Path, root: Path) -> str:
    """The folder directly below the data set's own that a file lies in: its patient's, where folders are per patient."""
    return unicodedata.normalize("NFC", path.relative_to(root).parts[0])


def _inside(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
