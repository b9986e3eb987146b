"""Open a folder of images and masks as a data set, refusing or listing whatever is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from banet_edu.config import check_spacing
from banet_edu.data.mask_values import ValueMap, check_value_map
from banet_edu.datasets.dataset import Dataset, Reader
from banet_edu.datasets.discovery import Reading, find_reading
from banet_edu.datasets.faults import Size, file_fault, foreign_masks
from banet_edu.datasets.grouping import Groups, group_names
from banet_edu.datasets.layouts import (
    LAYOUTS,
    Case,
    Problem,
    find_cases,
    of_volumes,
    problem_message,
    read_spacing_table,
)
from banet_edu.datasets.splits import Part, check_part
from banet_edu.datasets.volumes.opening import open_volumes

FORMATS = tuple(LAYOUTS)
DECODED_AT_OPENING = 2**20  # pixels: masks up to here are decoded when opening, larger ones at their first use
WORKERS = 2


def open_dataset(
    format: str,
    root: str | Path,
    split: Part | None = None,
    split_seed: int = 0,
    on_error: Literal["raise", "skip"] = "raise",
    *,
    empty: Literal["keep", "exclude"] = "keep",
    value_map: ValueMap | None = None,
    invert: bool = False,
    spacing_mm: float | tuple[float, ...] | None = None,
    image_dir: str | None = None,
    mask_dir: str | None = None,
    image_suffix: str | None = None,
    mask_suffix: str | None = None,
    mask_prefix: str | None = None,
    groups: Groups = None,
    _decode: bool | None = None,  # whether every file is decoded now; `check_dataset` does it later
) -> Dataset:
    """Open a data set: pairs of ROOT/images and ROOT/masks (or the folders it is distributed in), matched by name.

    | format | image | mask |
    |---|---|---|
    | isic2017 | ISIC_0000000.jpg | ISIC_0000000_segmentation.png |
    | ph2 | IMD002.bmp | IMD002_lesion.bmp |
    | kvasir_seg, cvc_colondb | NAME.jpg, 1.png | the same name |
    | sz_cxr | CHNCXR_0001_0.jpg | CHNCXR_0001_0_mask.jpg |
    | folder | found by looking: images/ and masks/, IMAGE_mask beside IMAGE, a folder for each patient, and the like |
    | dicom | CASE.dcm or CASE | CASE, as image or DICOM |
    | msd | imagesTr/CASE.nii.gz | labelsTr/CASE.nii.gz, class names in dataset.json |

    `msd`, and `folder` where .nii or .nii.gz lie in place of pictures, give volumes: a `VolumeDataset` of `Volume` in place of
    a `Dataset` of `Sample`, with the same splits, names and problems (see `volumes.opening.open_volumes`).

    Args:
        format: one of the above. Extensions are free; further files in the folders are reported.
        root: the data set's folder. A file `spacing.csv` in it (name, row_mm, column_mm) states pixel sizes of masks.
        split: "train", "val", "test" (70/10/20) or None for all. split_seed: which split; no other seed moves it.
        on_error: "raise" one error that names every bad file, or "skip" them and list them in `.problems`: every file is then
            decoded once, so that none ends later work.
        empty: "keep" masks without foreground (a valid case; metrics give its status) or "exclude" them.
        value_map: {grey level or (r, g, b): label} for masks of several classes or unusual values.
        invert: foreground is the dark part of the masks.
        spacing_mm: size of a mask pixel, one number or (row, column), of a voxel (z, y, x); overrides table and header.
        image_dir, mask_dir, image_suffix, mask_suffix, mask_prefix: replace the format's own rules, or what was found. Both
            folders may be the same, or patterns such as "*/images/*" (one folder for each patient).
        groups: what must not lie on two sides of a split, such as the images of one patient: "folder" (the folder below
            root; where folders are per patient the default; folders called train, val and test are the parts of the split),
            a regular expression with one group for the names, {name: group}, or None. DICOM files that name several images of
            a patient are grouped by PatientID.

    Raises:
        FileNotFoundError: no such folder, or no images in it.
        ValueError: bad files (all of them named), names that do not fit the format, or an impossible argument.
    """
    if format not in LAYOUTS:
        raise ValueError(f"format={format!r}: choose one of {', '.join(FORMATS)}")
    if on_error not in ("raise", "skip") or empty not in ("keep", "exclude"):
        raise ValueError(f"on_error is 'raise' or 'skip', empty 'keep' or 'exclude', not {on_error!r} and {empty!r}")
    if split is not None:
        check_part(split)
    if value_map is not None:
        check_value_map(value_map)
        if invert:
            raise ValueError(
                "invert=True (--invert) beside a value_map (--value-map): state the labels in the map alone"
            )
    root = Path(root)
    layout = LAYOUTS[format]
    rules = (image_dir, mask_dir, image_suffix, mask_suffix, mask_prefix)
    if format == "folder" and all(rule is None for rule in rules):
        reading = find_reading(root) or find_reading(root, volumes=True)
        layout = layout if reading is None else reading.layout
    layout = replace(
        layout,
        nested=layout.nested if image_dir is None else "*/" in image_dir,
        mask_prefix=layout.mask_prefix if mask_prefix is None else mask_prefix,
        image_dirs=layout.image_dirs if image_dir is None else (image_dir,),
        mask_dirs=layout.mask_dirs if mask_dir is None else (mask_dir,),
        image_suffix=layout.image_suffix if image_suffix is None else image_suffix,
        mask_suffix=layout.mask_suffix if mask_suffix is None else mask_suffix,
    )
    decode = on_error == "skip" if _decode is None else _decode
    if layout.volumes or (format == "folder" and (layout := of_volumes(root, layout)).volumes):
        if invert:
            raise ValueError(
                f"{root}: holds volumes; invert=True (--invert) is for pictures, value_map={{0: 1, 1: 0}} (--value-map "
                "0=1,1=0) turns labels over"
            )
        opened: Any = open_volumes(
            root,
            layout,
            format=format,
            on_error=on_error,
            empty=empty,
            value_map=value_map,
            spacing_mm=spacing_mm,
            groups=groups,
            decode=decode,
        )
        return opened if split is None else opened.part(split, split_seed)
    if spacing_mm is not None:
        spacing_mm = check_spacing((spacing_mm, spacing_mm) if isinstance(spacing_mm, int | float) else spacing_mm)
    found, problems = find_cases(root, layout)
    table = read_spacing_table(root)
    if strange := sorted(set(table) - {case.name for case in found}):
        problems.append(Problem("spacing.csv", f"names no case of this data set: {', '.join(strange[:5])}"))
    reader = Reader(value_map, invert, spacing_mm, table)
    cases, faults = _without_faults(found, reader, root, decode=decode)
    problems += faults
    if problems and on_error == "raise":
        raise ValueError(problem_message(root, problems))
    kept = _with_foreground(cases, reader) if empty == "exclude" else cases
    dataset = Dataset(
        kept,
        reader,
        format=format,
        root=root,
        problems=problems,
        excluded=[case.name for case in cases if case not in kept],
        all_names=[case.name for case in found],
        video=layout.video,
        groups=group_names(found, root, groups, layout),
        reading=str(Reading(layout, len(found))),
    )
    return dataset if split is None else dataset.part(split, split_seed)


def open_pair(
    images: Path,
    masks: Path,
    suffix: str = "",
    spacing_mm: tuple[float, float] | None = None,
    value_map: ValueMap | None = None,
) -> Dataset:
    """Images and masks of two folders, wherever they lie, as a data set, bad files listed."""
    for place in (images, masks):
        if not place.is_dir():
            raise FileNotFoundError(f"{place}: no such folder")
    if images.resolve().drive != masks.resolve().drive:  # Windows
        raise ValueError(f"{images} and {masks} lie on two drives; copy both onto one")
    return open_dataset(
        "folder",
        Path(os.path.commonpath([images.resolve(), masks.resolve()])),
        on_error="skip",
        value_map=value_map,
        image_dir=str(images.resolve()),
        mask_dir=str(masks.resolve()),
        mask_suffix=suffix,
        spacing_mm=spacing_mm,
    )


def _without_faults(
    cases: Sequence[Case], reader: Reader, root: Path, *, decode: bool
) -> tuple[list[Case], list[Problem]]:
    """The cases whose files look whole, and what is wrong with the others."""

    def inspect(case: Case) -> tuple[Size | None, Size | None, list[Problem]]:
        image_size, image_fault = file_fault(case.image)
        mask_size, mask_fault = file_fault(case.mask, mask=True)
        if mask_size is not None and (decode or mask_size[0] * mask_size[1] <= DECODED_AT_OPENING):
            mask_fault = _fault(case.mask, lambda: reader.mask(case))
        if image_size is not None and decode:
            image_fault = _fault(case.image, lambda: reader.sample(case).image)
        faults = [(case.image, image_fault), (case.mask, mask_fault)]
        listed = [Problem(path.relative_to(root).as_posix(), fault) for path, fault in faults if fault is not None]
        return image_size, mask_size, listed

    problems: list[Problem] = []
    whole: list[Case] = []
    sizes: list[tuple[Size, Size]] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for case, (image_size, mask_size, listed) in zip(cases, pool.map(inspect, cases), strict=True):
            problems += listed
            if image_size is not None and mask_size is not None and not listed:
                whole.append(case)
                sizes.append((image_size, mask_size))
    foreign = foreign_masks(whole, sizes)
    for case in whole:
        if case.name in foreign:
            problems.append(Problem(case.mask.relative_to(root).as_posix(), foreign[case.name]))
    return [case for case in whole if case.name not in foreign], problems


def _fault(path: Path, read: Callable[[], Any]) -> str | None:
    try:
        read()
    except Exception as error:  # whatever a broken file leads its decoder to
        return str(error).removeprefix(f"{path}: ") or type(error).__name__
    return None


def _with_foreground(cases: Sequence[Case], reader: Reader) -> list[Case]:
    with ThreadPoolExecutor(WORKERS) as pool:
        filled = list(pool.map(lambda case: bool(reader.mask(case).any()), cases))
    return [case for case, keep in zip(cases, filled, strict=True) if keep]
