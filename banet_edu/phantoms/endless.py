"""Phantoms to train on, painted when asked for: other cases than the bundled ones, which are left to test with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from banet_edu.data.sample import Sample
from banet_edu.datasets.bundled import load_samples
from banet_edu.phantoms.bundle import FOLDERS, make_sample

FIRST = {"train": 1000, "val": 2000}  # the bundled samples are the numbers 0 to 47
_ROOM = 1000  # so that train and val never share a case


class Painted(Sequence[Sample]):
    """Phantoms `first` to `first + count - 1` of each kind, made as the bundled samples are (from easy to hard).

    >>> samples = Painted(["lung", "polyp"], 1000, 3)
    >>> len(samples), samples[0].name, samples[5].name
    (6, 'lung1000', 'polyp1002')
    """

    def __init__(self, kinds: Sequence[str], first: int, count: int) -> None:
        self.kinds, self.first, self.per_kind = tuple(kinds), first, count

    def __len__(self) -> int:
        return self.per_kind * len(self.kinds)

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(index)
        kind, number = self.kinds[index // self.per_kind], self.first + index % self.per_kind
        phantom = make_sample(kind, number)
        return Sample(phantom.image, phantom.mask, f"{kind}{number}", phantom.spacing_mm)


def painted_parts(kinds: Sequence[str], train: int = 150, val: int = 20) -> dict[str, Sequence[Sample]]:
    """Parts for `compare` and `ablate`: `train` and `val` painted phantoms of each kind, and all bundled ones as test.

    Raises ValueError for an unknown kind, none, or a count below 1 or above 1000.

    >>> {part: len(samples) for part, samples in painted_parts(["dermoscopy"], 20, 4).items()}
    {'train': 20, 'val': 4, 'test': 48}
    """
    if unknown := [kind for kind in kinds if kind not in FOLDERS]:
        raise ValueError(f"phantoms of kind {', '.join(unknown)}: choose among {', '.join(FOLDERS)}")
    if not kinds or not 1 <= train <= _ROOM or not 1 <= val <= _ROOM:
        raise ValueError(f"need a kind and 1 to {_ROOM} images for train and val, got {kinds}, {train}, {val}")
    test = [sample for kind in kinds for sample in load_samples(kind)]
    return {"train": Painted(kinds, FIRST["train"], train), "val": Painted(kinds, FIRST["val"], val), "test": test}
