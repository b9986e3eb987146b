"""What can be told of a pair of files without decoding it: cheap enough for every file when a data set is opened."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from banet_edu.data.dicom import dicom_size_and_spacing
from banet_edu.data.orientation import orientation, upright_size
from banet_edu.data.reading import (
    ALPHA,
    DEEP,
    frame_count,
    is_deep,
    is_dicom,
    is_transparent,
    mask_pixels,
    open_image,
    read_image,
)
from banet_edu.datasets.layouts import Case
from banet_edu.datasets.similarity import SAME_SCENE, difference_hash, hamming

Size = tuple[int, int]


def file_fault(path: Path, *, mask: bool = False) -> tuple[Size | None, str | None]:
    """((height, width), None) of a file that looks whole, or (None, reason).

    PNG files are checked by their checksums, JPEG files by their end marker, others by decoding; never by the name.
    """
    try:
        if (frames := frame_count(path)) > 1:
            return None, f"holds {frames} frames: save the one to use"
        if is_dicom(path):
            return dicom_size_and_spacing(path)[0], None
        with open_image(path) as image:
            if is_deep(image, path) and not (mask and image.mode.startswith("I")):  # deep labels may fit
                return None, DEEP
            if "A" in image.getbands() or "transparency" in image.info:
                with open_image(path) as decoded:
                    if is_transparent(decoded):
                        return None, ALPHA
            size = upright_size(image, orientation(image, path))
            if image.format == "PNG":
                image.verify()
            elif image.format not in ("JPEG", "MPO") or not _ends_well(path):
                image.load()
            return size, None
    except Exception as error:  # whatever a broken header leads its reader to
        if str(error).startswith(str(path)):
            return None, str(error).removeprefix(f"{path}: ")
        return None, f"is damaged or truncated ({error})"


def _ends_well(path: Path) -> bool:
    """Whether a JPEG file has its end marker; some writers pad after it."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        return b"\xff\xd9" in file.read()


def foreign_masks(cases: Sequence[Case], sizes: Sequence[tuple[Size, Size]]) -> dict[str, str]:
    """{case name: reason} for masks that belong to another case, as far as shapes and bytes can tell.

    - The mask's proportions differ from the image's, both turned as their orientation tags say.
    - The mask is byte for byte that of another case whose image shows another scene.

    What holds for more than half of the cases is taken for the data set's way (the small ISIC-2017 has squashed images),
    but for masks that would fit after a quarter turn: a whole set may have been drawn by a tool that ignores the tags.
    """
    found: dict[str, str] = {}
    turned: dict[str, str] = {}
    for case, (image, mask) in zip(cases, sizes, strict=True):
        if not _same_proportions(image, mask) and _same_proportions((image[1], image[0]), mask):
            turned[case.name] = (
                f"lies on its side ({_said(mask)}, its image {_said(image)} as a viewer shows it): turn the "
                "mask as its image is turned, or take the image's orientation tag away (exiftool -Orientation= FILE)"
            )
        elif not _same_proportions(image, mask):
            shapes = f"({_said(mask)}) than its image ({_said(image)})"
            found[case.name] = f"has other proportions {shapes}: the mask of another case?"
    if 2 * len(found) > len(cases):
        found = {}
    copies: dict[str, str] = {}
    for group in _same_bytes(cases):
        if not _has_outline(group[0].mask):
            continue  # empty or full: nothing that a case could own
        hashes = {case: difference_hash(read_image(case.image)[0]) for case in group}
        for case in group:
            twins = [other for other in group if hamming(hashes[case], hashes[other]) > SAME_SCENE]
            if twins:
                twin = twins[0].mask.name
                copies[case.name] = f"is byte for byte {twin}, though the images differ: the mask of another case?"
    return (found if 2 * len(copies) > len(cases) else copies | found) | turned


def _said(size: Size) -> str:
    """Width first, as files and `data check` state it."""
    return f"{size[1]} x {size[0]}"


def _has_outline(path: Path) -> bool:
    pixels, _ = mask_pixels(path)
    return bool(pixels.min() != pixels.max())


def _same_proportions(image: Size, mask: Size) -> bool:
    tolerance = 0.02 + 1.0 / min(*image, *mask)  # sizes are rounded to whole pixels
    return abs(math.log(image[0] * mask[1] / (image[1] * mask[0]))) < tolerance


def _same_bytes(cases: Sequence[Case]) -> list[list[Case]]:
    by_size, by_content = defaultdict(list), defaultdict(list)
    for case in cases:
        by_size[case.mask.stat().st_size].append(case)
    for group in by_size.values():
        if len(group) > 1:
            for case in group:
                by_content[sha256(case.mask.read_bytes()).digest()].append(case)
    return [group for group in by_content.values() if len(group) > 1]
