"""Folders of NIfTI files as data sets of volumes."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from banet_edu.config import check_classes, check_spacing
from banet_edu.data.mask_values import ValueMap
from banet_edu.data.volume import Volume
from banet_edu.datasets.dataset import ByteCache, Cases
from banet_edu.datasets.discovery import Reading
from banet_edu.datasets.grouping import Groups, group_names
from banet_edu.datasets.layouts import Case, Layout, Problem, find_cases, problem_message
from banet_edu.datasets.volumes.grid import Grid
from banet_edu.datasets.volumes.nifti import grid_of, read_intensities, read_labels, read_nifti

DECODED_AT_OPENING = 2**22  # voxels: files up to here are decoded when opening, larger ones at their first use
CACHE_BYTES = 512 * 2**20
WORKERS = 2


@dataclass(frozen=True)
class VolumeReader:
    """How one data set's files become volumes. Masks are bool where `class_names` are two, else labels."""

    value_map: ValueMap | None = None
    spacing_mm: tuple[float, ...] | None = None
    class_names: tuple[str, ...] = ("background", "lesion")
    cache: ByteCache = field(default_factory=lambda: ByteCache(CACHE_BYTES), compare=False)

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    def image(self, case: Case) -> NDArray[np.float32]:
        return self.cache.get(case.image, lambda: read_intensities(case.image))

    def labels(self, case: Case) -> NDArray[Any]:
        return self.cache.get(("mask", case.mask), lambda: read_labels(case.mask, self.value_map, _grid(case)))

    def mask(self, case: Case) -> NDArray[Any]:
        labels = self.labels(case)
        if labels.max() >= self.num_classes:
            raise ValueError(
                f"{case.mask}: holds the label {labels.max()}, but the classes are {dict(enumerate(self.class_names))}: "
                "name it in dataset.json, or say what it counts as: value_map={VALUE: LABEL, ...} (--value-map VALUE=LABEL,...)"
            )
        return labels.astype(bool) if self.num_classes == 2 else labels

    def sample(self, case: Case) -> Volume:
        """The headers are read and compared now, the voxels when they are used."""
        found = read_nifti(case.image, case.mask, spacing_mm=self.spacing_mm)
        return Volume(
            lambda: self.image(case),
            lambda: self.mask(case),
            case.name,
            found.spacing_mm,
            found.spacing_note,
            found.orientation_note,
            found.grid,
        )


def _grid(case: Case) -> Grid | None:
    """Of the image; None where it cannot be read, which is said of the image itself."""
    try:
        return grid_of(case.image)
    except (ValueError, OSError):
        return None


class VolumeDataset(Cases[Volume]):
    """A sequence of `Volume`, lazy: `open_dataset` makes one of NIfTI files. See `Cases`; the last 512 MB are kept."""

    _reader: VolumeReader

    @property
    def class_names(self) -> tuple[str, ...]:
        """Background first: as dataset.json names them."""
        return self._reader.class_names

    @property
    def network(self) -> dict[str, Any]:
        """What `create_model` has to be told of these data."""
        return {"num_classes": self.num_classes, "dims": 3, "class_names": self.class_names}

    @property
    def upright(self) -> bool:
        """A patient's left stays left: no volume is to be mirrored without a reason."""
        return True


def open_volumes(
    root: Path,
    layout: Layout,
    *,
    format: str = "folder",
    on_error: Literal["raise", "skip"] = "raise",
    empty: Literal["keep", "exclude"] = "keep",
    value_map: ValueMap | None = None,
    spacing_mm: float | tuple[float, ...] | None = None,
    groups: Groups = None,
    decode: bool = False,
) -> VolumeDataset:
    """The NIfTI files below `root` as a data set: pairs of one name, shape and affine.

    Arguments and errors as `open_dataset`, but: `spacing_mm` is one number or (z, y, x); `value_map` {value in the files:
    label}. Classes are those of ROOT/dataset.json (`labels`) where it is, else of the value map, else as many as the labels
    found: for that every mask is read once.

    Example: `open_dataset("msd", "Task04_Hippocampus", "train")`
    """
    if isinstance(spacing_mm, int | float):
        spacing_mm = (spacing_mm,) * 3
    if spacing_mm is not None and len(spacing_mm) == 2:
        raise ValueError(
            "--spacing is of pictures: a volume's file states the size of its voxels (spacing_mm: three numbers)"
        )
    found, problems = find_cases(root, layout)
    names = _class_names(root, value_map)
    reader = VolumeReader(value_map, None if spacing_mm is None else check_spacing(spacing_mm, 3), names or ())
    with ThreadPoolExecutor(WORKERS) as pool:
        looked = list(pool.map(lambda case: _look(case, reader, root, decode, names is None), found))
    if names is None:
        names = check_classes(max(2, 1 + max((top for top, _ in looked), default=1)))
        reader = replace(reader, class_names=names)
    cases = [case for case, (_, faults) in zip(found, looked, strict=True) if not faults]
    problems += [fault for _, faults in looked for fault in faults]
    if problems and on_error == "raise":
        raise ValueError(problem_message(root, problems))
    kept = [case for case in cases if empty == "keep" or reader.labels(case).any()]
    return VolumeDataset(
        kept,
        reader,
        format=format,
        root=root,
        problems=problems,
        excluded=[case.name for case in cases if case not in kept],
        all_names=[case.name for case in found],
        groups=group_names(found, root, groups, layout),
        reading=str(Reading(layout, len(found))),
    )


def _look(case: Case, reader: VolumeReader, root: Path, decode: bool, count_classes: bool) -> tuple[int, list[Problem]]:
    """(the greatest label where the mask was decoded, what is wrong with the two files)."""
    problems: list[Problem] = []

    def fault(path: Path, read: Any) -> Any:
        try:
            return read()
        except ModuleNotFoundError:
            raise
        except Exception as error:  # whatever a broken file leads its reader to
            reason = str(error).removeprefix(f"{path}: ") or type(error).__name__
            problems.append(Problem(path.relative_to(root).as_posix(), reason))
            return None

    image = fault(case.image, lambda: read_nifti(case.image, spacing_mm=reader.spacing_mm))
    mask = fault(case.mask, lambda: read_nifti(case.mask, spacing_mm=reader.spacing_mm))
    top = 0
    if image is not None and mask is not None:
        fault(case.mask, lambda: reader.sample(case))
    if mask is not None and (count_classes or decode or _small(mask)):
        labels = fault(case.mask, lambda: reader.labels(case) if count_classes else reader.mask(case))
        top = 0 if labels is None else int(labels.max())
    if image is not None and (decode or _small(image)):
        fault(case.image, lambda: reader.image(case))
    return top, problems


def _small(volume: Volume) -> bool:
    return math.prod(volume.shape) <= DECODED_AT_OPENING


def _class_names(root: Path, value_map: ValueMap | None) -> tuple[str, ...] | None:
    """Names by dataset.json ({"labels": {"0": "background", ...}}, or the other way round), or by the value map; None where
    only the masks can tell."""
    path = root / "dataset.json"
    if value_map is not None:
        return check_classes(max(value_map.values()) + 1)
    if not path.is_file():
        return None
    try:
        stated = json.loads(path.read_text(encoding="utf-8-sig"))["labels"]
        pairs = [(int(key), str(name)) if key.isdigit() else (int(name), key) for key, name in stated.items()]
        names = dict(sorted(pairs))
        if list(names) != list(range(len(names))):
            raise ValueError(f"the labels {list(names)} are not 0, 1, 2 ...")
        return check_classes(len(names), tuple(names.values()))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{path}: does not say what the labels mean ({error!r}); expected is "
            '{"labels": {"0": "background", "1": "anterior", ...}}: correct it, or take it away'
        ) from None
