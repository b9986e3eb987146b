"""An opened data set: a sequence of samples that are read when they are used."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Generic, Protocol, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from banet_edu.data.mask_values import ValueMap
from banet_edu.data.reading import is_dicom, read_image, read_mask, spacing_note
from banet_edu.data.sample import Sample
from banet_edu.datasets.layouts import LAYOUTS, Case, Problem
from banet_edu.datasets.splits import Part, check_part, split_names

CACHE_BYTES = 64 * 2**20
Item = TypeVar("Item", covariant=True)


class ByteCache:
    """Keeps the arrays used last, up to a number of bytes; safe between threads."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self.limit, self.used = limit, 0
        self._arrays: OrderedDict[Any, NDArray[Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Any, load: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
                return self._arrays[key]
        array = load()
        array.setflags(write=False)  # it is shared: writing into it would change the data set
        with self._lock:
            if key not in self._arrays:
                self._arrays[key] = array
                self.used += array.nbytes
            while self.used > self.limit:
                self.used -= self._arrays.popitem(last=False)[1].nbytes
        return array

    def __reduce__(self) -> tuple[Any, ...]:  # a worker process starts with an empty cache
        return ByteCache, (self.limit,)


class ReadsCases(Protocol[Item]):
    """How one data set's files become samples, or volumes."""

    @property
    def num_classes(self) -> int: ...
    def sample(self, case: Case) -> Item: ...


@dataclass(frozen=True)
class Reader:
    """How one data set's files become samples."""

    value_map: ValueMap | None = None
    invert: bool = False
    spacing_mm: tuple[float, float] | None = None
    spacing_table: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    cache: ByteCache = field(default_factory=ByteCache, compare=False)

    def image(self, case: Case) -> NDArray[np.uint8]:
        return self.cache.get(case.image, lambda: read_image(case.image)[0])

    def mask(self, case: Case) -> NDArray[Any]:
        return self.cache.get(
            ("mask", case.mask), lambda: read_mask(case.mask, value_map=self.value_map, invert=self.invert)
        )

    def spacing(self, case: Case) -> tuple[float, float] | None:
        """The argument, else the table, else the DICOM header, scaled from the image's pixels to the mask's."""
        if self._spacing_is_given(case):
            return self.spacing_mm or self.spacing_table[case.name]
        if not is_dicom(case.image):
            return None
        from banet_edu.data.dicom import dicom_size_and_spacing

        (height, width), spacing = dicom_size_and_spacing(case.image)
        if spacing is None:
            return None
        rows, columns = self.mask(case).shape
        return spacing[0] * height / rows, spacing[1] * width / columns

    def sample(self, case: Case) -> Sample:
        return Sample(
            lambda: self.image(case),
            lambda: self.mask(case),
            case.name,
            lambda: self.spacing(case),
            lambda: "" if self._spacing_is_given(case) else spacing_note(case.image),
        )

    @property
    def num_classes(self) -> int:
        return 2 if self.value_map is None else max(self.value_map.values()) + 1

    def _spacing_is_given(self, case: Case) -> bool:
        return self.spacing_mm is not None or case.name in self.spacing_table


class Cases(Sequence[Item], Generic[Item]):
    """A lazy sequence of the cases of a data set.

    Images and masks are decoded at their first use; the last of them are kept. Index it with a number, a name or a slice;
    `part` gives train, val or test.

    Attributes:
        names: the cases' names, in natural order.
        problems: every file left out because something is wrong with it (`on_error="skip"`).
        excluded: names left out on request (`empty="exclude"`).
        format, root: as opened. num_classes: 2, or as many as masks have.
        groups: {name: group} of what stays on one side of a split, or None. reading: where images and masks were found.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        reader: ReadsCases[Item],
        *,
        format: str,
        root: Path,
        problems: Sequence[Problem] = (),
        excluded: Sequence[str] = (),
        all_names: Sequence[str] | None = None,
        video: bool = False,
        groups: Mapping[str, str] | None = None,
        reading: str = "",
    ) -> None:
        self._cases, self._reader, self._video = list(cases), reader, video
        self.groups, self.reading = groups, reading
        self.format, self.root = format, root
        self.problems, self.excluded = list(problems), list(excluded)
        self.names = [case.name for case in self._cases]
        self._all_names = list(self.names if all_names is None else all_names)

    @property
    def cases(self) -> list[Case]:
        """Names and files."""
        return list(self._cases)

    @property
    def num_classes(self) -> int:
        return self._reader.num_classes

    def __len__(self) -> int:
        return len(self._cases)

    @overload
    def __getitem__(self, index: int | str) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | str | slice) -> Item | Self:
        if isinstance(index, slice):
            return self.subset(self.names[index])
        if isinstance(index, str):
            if index not in self.names:
                raise KeyError(f"no case {index!r} among the {len(self)} of {self!r}")
            index = self.names.index(index)
        return self._reader.sample(self._cases[index])

    def subset(self, names: Iterable[str]) -> Self:
        """The cases with these names, in the data set's order; they share its cache. KeyError for an unknown name."""
        wanted = set(names)
        if unknown := sorted(wanted - set(self.names)):
            raise KeyError(f"no case {', '.join(unknown[:5])} among the {len(self)} of {self!r}")
        return self._with([case for case in self._cases if case.name in wanted])

    def part(self, split: Part, split_seed: int = 0) -> Self:
        """The 70 % for "train", 10 % for "val" or 20 % for "test".

        The split is made over all cases that were found, before bad or excluded ones are dropped, so a damaged file
        moves no other case. Frames of `cvc_colondb` stay in contiguous blocks, and a group on one side.
        """
        if self.problems and not self._cases:
            raise ValueError(f"{self.root}: every case is bad, the first: {self.problems[0]}; see banet-edu data check")
        parts = split_names(self._all_names, split_seed, contiguous=self._video, groups=self.groups)
        chosen = set(parts[check_part(split)])
        return self._with([case for case in self._cases if case.name in chosen])

    def _with(self, cases: Sequence[Case]) -> Self:
        return type(self)(
            cases,
            self._reader,
            format=self.format,
            root=self.root,
            problems=self.problems,
            excluded=self.excluded,
            all_names=self._all_names,
            video=self._video,
            groups=self.groups,
            reading=self.reading,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.format!r}, {self.root.name!r}, {len(self)} cases)"


class Dataset(Cases[Sample]):
    """A sequence of `Sample`, lazy: `open_dataset` makes one. See `Cases`."""

    @property
    def network(self) -> dict[str, Any]:
        """What `create_model` has to be told of these data."""
        return {"num_classes": self.num_classes}

    @property
    def upright(self) -> bool:
        """Whether the images always stand one way (chest X-rays), so that augmentation should not turn them over."""
        return LAYOUTS[self.format].upright
