"""What can be told of a pair of files without decoding it: cheap enough for every file when a data set is opened."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from banet_edu.data.dicom import dicom_size_and_spacing
from banet_edu.data.pairing import Case
from banet_edu.data.reading import ALPHA, DEEP, is_deep, is_dicom, open_image, read_image, read_mask
from banet_edu.data.similarity import SAME_SCENE, difference_hash, hamming

Size = tuple[int, int]
ORIENTATION = 0x0112  # EXIF tag; from 5 on the picture lies on its side


def file_fault(path: Path) -> tuple[Size | None, str | None]:
    """((height, width), None) of a file that looks whole, or (None, reason).

    PNG files are checked by their checksums, JPEG files by their end marker, others by decoding; never by the name.
    """
    try:
        if is_dicom(path):
            return dicom_size_and_spacing(path)[0], None
        with open_image(path) as image:
            if image.format in ("GIF", "TIFF") and getattr(image, "n_frames", 1) > 1:
                return None, f"holds {image.n_frames} frames: save the one to use"  # type: ignore[attr-defined]
            if is_deep(image):
                return None, DEEP
            if "A" in image.getbands():
                return None, ALPHA
            width, height = image.size
            if image.format == "JPEG" and image.getexif().get(ORIENTATION, 1) >= 5:
                width, height = height, width
            if image.format == "PNG":
                image.verify()
            elif image.format != "JPEG" or not _ends_well(path):
                image.load()
            return (height, width), None
    except (ValueError, SyntaxError, OSError) as error:
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

    - Its proportions differ from the image's while those of most pairs agree. (Where they differ in most pairs, the
      images were squashed on purpose, as in the small ISIC-2017.)
    - It is byte for byte the mask of another case whose image is another scene, and it is not empty.
    """
    found: dict[str, str] = {}
    odd = [case for case, (image, mask) in zip(cases, sizes, strict=True) if not _same_proportions(image, mask)]
    if 2 * len(odd) <= len(cases):
        shapes = dict(zip(cases, sizes, strict=True))
        for case in odd:
            (height, width), (mask_height, mask_width) = shapes[case]
            found[case.name] = (
                f"has other proportions ({mask_height} x {mask_width}) than its image ({height} x {width}): "
                "the mask of another case?"
            )
    for group in _same_bytes(cases):
        if not read_mask_safely(group[0].mask):
            continue
        hashes = {case: difference_hash(read_image(case.image)[0]) for case in group}
        for case in group:
            twins = [other for other in group if hamming(hashes[case], hashes[other]) > SAME_SCENE]
            if twins:
                found[case.name] = (
                    f"is byte for byte {twins[0].mask.name}, though the images differ: the mask of another case?"
                )
    return found


def read_mask_safely(path: Path) -> bool:
    """Whether a mask can be read and has any foreground."""
    try:
        return bool(read_mask(path).any())
    except ValueError:
        return True


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
