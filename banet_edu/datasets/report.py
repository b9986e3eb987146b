"""What the two reports of `banet-edu data check` share, of pictures and of volumes: pairs that look alike, and the text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from banet_edu.datasets.dataset import Cases
from banet_edu.datasets.layouts import Problem
from banet_edu.datasets.similarity import SAME_SCENE, near_duplicates
from banet_edu.datasets.splits import PARTS, named_parts

SHOWN = 20  # lines of problems and of duplicates in the text


class Duplicate(NamedTuple):
    """Two cases that show nearly the same picture, their parts, and in how many bits of their hashes they differ."""

    first: str
    first_part: str
    second: str
    second_part: str
    distance: int

    @property
    def leaks(self) -> bool:
        """Whether the two lie on different sides of the split, so that a model is tested on what it has seen."""
        return self.first_part != self.second_part

    def __str__(self) -> str:
        return f"{self.first} ({self.first_part}) and {self.second} ({self.second_part}), {self.distance} bits apart"


def parts_by_name(dataset: Cases[Any], split_seed: int) -> dict[str, str]:
    """{name: part}; {} where there are too few cases, or groups, for a split."""
    if len(dataset) < len(PARTS):
        return {}
    try:
        return {name: part for part in PARTS for name in dataset.part(part, split_seed).names}
    except ValueError:  # what opens the data to train on them says why
        return {}


def groups_in_words(dataset: Cases[Any]) -> str | None:
    """What stays on one side of the split, counted; None where every case stands for itself."""
    if dataset.groups is None:
        return None
    there = list(dict.fromkeys(dataset.groups[name] for name in dataset.names))
    if named := named_parts(dataset.groups.values()):
        cut = "" if len(named) == len(PARTS) else "; what lacks is cut from train"
        return f"{', '.join(there)}: these are the parts of the split{cut}"
    if len(there) < len(PARTS):
        return f"{len(there)}: too few for a split into {', '.join(PARTS)}; --groups '(.*)' lets each case stand for itself"
    return f"{len(there)}, none on two sides of the split"


def counted_parts(names: Sequence[str], part_of: Mapping[str, str]) -> dict[str, int]:
    return {part: sum(part_of.get(name, "all") == part for name in names) for part in (PARTS if part_of else ("all",))}


def duplicate_pairs(
    names: Sequence[str], hashes: Sequence[NDArray[np.uint64]], part_of: Mapping[str, str], limit: int = SAME_SCENE
) -> list[Duplicate]:
    return [
        Duplicate(names[i], part_of.get(names[i], "all"), names[j], part_of.get(names[j], "all"), distance)
        for i, j, distance in near_duplicates(hashes, limit)
    ]


def report_text(
    heading: str, rows: Sequence[tuple[str, str]], problems: Sequence[Problem], duplicates: Sequence[Duplicate]
) -> str:
    """The rows, then every bad file and near-duplicate pair (the first twenty of each)."""
    width = max(len(what) for what, _ in rows)
    lines = [heading, *(f"  {what:<{width}}  {finding}" for what, finding in rows)]
    ordered = sorted(duplicates, key=lambda pair: (not pair.leaks, pair.distance))
    listings: list[tuple[str, Sequence[Any]]] = [("Bad files", problems), ("Near duplicates", ordered)]
    for title, entries in listings:
        if entries:
            lines += [f"{title}:", *(f"  {entry}" for entry in entries[:SHOWN])]
        if len(entries) > SHOWN:
            lines.append(f"  ... and {len(entries) - SHOWN} more")
    return "\n".join(lines)


def counted(counts: Counter[str], most: int = 3) -> str:
    shown = [key if len(counts) == 1 else f"{key} ({count})" for key, count in counts.most_common(most)]
    return ", ".join(shown) + (f", {len(counts) - most} more" if len(counts) > most else "") or "none"


def listed(names: list[str], most: int = 5) -> str:
    more = f", {len(names) - most} more" if len(names) > most else ""
    return f"{len(names)}: {', '.join(names[:most])}{more}" if names else "none"
