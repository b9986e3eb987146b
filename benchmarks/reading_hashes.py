"""Whether real images and masks are still read as they were: a hash of every one as it is prepared for a network.

    python benchmarks/reading_hashes.py ../shared/data > before.txt       # with the code of before
    python benchmarks/reading_hashes.py ../shared/data > after.txt        # with a change in it
    diff before.txt after.txt                                             # explain what differs, case by case

One line per case: data set, case, hash of the image and of the mask at 128 x 128, of the mask at its own size, the spacing. A
set that is refused has one line with the reason.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from banet_edu import open_dataset
from banet_edu.data.sample import Sample

# folder -> (format, rules)
SETS: dict[str, tuple[str, dict[str, Any]]] = {
    "isic2017": ("isic2017", {}),
    "isic2017_original_size": ("isic2017", {}),
    "kvasir_seg": ("kvasir_seg", {}),
    "kvasir_seg_original_size": ("kvasir_seg", {}),
    "cvc_colondb": ("cvc_colondb", {}),
    "sz_cxr": ("sz_cxr", {}),
    "ph2": ("ph2", {}),
    "odd_encodings/busi_mini": ("folder", {}),
    "odd_encodings/drive": ("folder", {"image_suffix": "_training", "mask_suffix": "_manual1"}),
    "odd_encodings/ham10000_mini": ("folder", {}),
    "odd_encodings/isbi2012_em": ("folder", {"invert": True}),
    "odd_encodings/polypgen_150": ("folder", {"mask_suffix": "_mask"}),
    "odd_encodings/polypgen_empty": ("folder", {"mask_suffix": "_mask"}),
    "odd_encodings/wbc_dataset1": ("folder", {"value_map": {0: 0, 128: 1, 255: 2}}),
    "odd_encodings/wbc_dataset2": ("folder", {"value_map": {0: 0, 3: 0, 128: 1, 255: 2}}),
}


def digest(array: Any) -> str:
    array = np.ascontiguousarray(array)
    return sha256(str((array.shape, array.dtype)).encode() + array.tobytes()).hexdigest()[:16]


def line(folder: str, sample: Sample) -> str:
    try:
        small = sample.at(128)
        hashes = digest(small.image), digest(small.mask), digest(sample.mask)
    except ValueError as error:
        return f"{folder} {sample.name} REFUSED {error}"
    return f"{folder} {sample.name} {' '.join(hashes)} {sample.spacing_mm}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="the folder that holds isic2017, kvasir_seg ...")
    root = parser.parse_args().root
    for folder, (format, rules) in SETS.items():
        try:
            dataset = open_dataset(format, root / folder, on_error="skip", **rules)
        except (ValueError, FileNotFoundError) as error:
            print(f"{folder} REFUSED {' '.join(str(error).split())}")
            continue
        for problem in dataset.problems:
            print(f"{folder} LEFT OUT {problem}")
        with ThreadPoolExecutor(2) as pool:
            print("\n".join(pool.map(lambda sample, folder=folder: line(folder, sample), dataset)), flush=True)


if __name__ == "__main__":
    main()
