"""Train, validation and test parts: 70/10/20 by a split seed, which the training seed never touches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import permutations
from typing import Literal

Part = Literal["train", "val", "test"]
_BEGINNINGS: dict[str, Part] = {"train": "train", "val": "val", "dev": "val", "test": "test"}
PARTS: tuple[Part, ...] = ("train", "val", "test")
SHARES = (0.7, 0.1, 0.2)


def natural_key(name: str) -> list[tuple[int, int | str]]:
    """Sorting key under which frame 9 comes before frame 10.

    >>> sorted(["10", "9", "1"], key=natural_key)
    ['1', '9', '10']
    """
    return [(0, int(piece)) if piece.isdigit() else (1, piece) for piece in re.split(r"([0-9]+)", name) if piece]


def part_sizes(total: int) -> tuple[int, int, int]:
    """How many of `total` cases go to train, val and test; none is empty from three cases on.

    >>> part_sizes(800), part_sizes(48), part_sizes(3)
    ((560, 80, 160), (33, 5, 10), (1, 1, 1))
    """
    if total < 3:
        raise ValueError(f"a split into {', '.join(PARTS)} needs at least 3 cases, got {total}")
    val, test = (max(1, round(share * total)) for share in SHARES[1:])
    return total - val - test, val, test


def split_names(
    names: Sequence[str], split_seed: int = 0, *, contiguous: bool = False, groups: Mapping[str, str] | None = None
) -> dict[Part, list[str]]:
    """Divide case names into {"train": ..., "val": ..., "test": ...}, each in natural order.

    The order behind it is that of sha256(seed and name): it depends on no library's random numbers and hardly moves
    when a case is added. `contiguous` is for video frames, whose neighbours are near duplicates: three blocks of
    consecutive frames, so that only frames at the two cuts have a twin on the other side; the seed chooses the order of
    the blocks (six different splits exist). `groups` {name: group} keeps each group on one side: in that order too, each
    goes to the part that lacks most of its share, so that parts come close to 70/10/20 only where groups are small. Groups that
    are called train, val and test, or two of these, are the parts; the one that lacks is cut from train by the seed.

    >>> parts = split_names([f"case{i}" for i in range(10)])
    >>> {part: len(names) for part, names in parts.items()}
    {'train': 7, 'val': 1, 'test': 2}
    """
    ordered = sorted(names, key=natural_key)
    sizes = dict(zip(PARTS, part_sizes(len(ordered)), strict=True))
    if groups is not None and (named := named_parts(groups.values())):
        return _split_as_named(ordered, split_seed, {name: named[groups[name]] for name in ordered}, sizes)
    if groups is not None:
        return _split_groups(ordered, split_seed, groups, sizes)
    order: Sequence[Part] = PARTS
    if contiguous:
        order = list(permutations(PARTS))[split_seed % 6]
    else:
        ordered.sort(key=lambda name: sha256(f"{split_seed}/{name}".encode()).digest())
    parts: dict[Part, list[str]] = {}
    start = 0
    for part in order:
        parts[part] = sorted(ordered[start : start + sizes[part]], key=natural_key)
        start += sizes[part]
    return {part: parts[part] for part in PARTS}


def named_parts(groups: Iterable[str]) -> dict[str, Part]:
    """{group: part} where all groups are called as parts of a split are, train among them; else {}.

    >>> named_parts(["train", "valid", "TestDataset"]), named_parts(["train", "p2"]), named_parts(["train", "training"])
    ({'train': 'train', 'valid': 'val', 'TestDataset': 'test'}, {}, {})
    """
    found: dict[str, Part] = {}
    for group in dict.fromkeys(groups):
        part = next((part for word, part in _BEGINNINGS.items() if group.lower().startswith(word)), None)
        if part is None or part in found.values():
            return {}
        found[group] = part
    return found if len(found) > 1 and "train" in found.values() else {}


def _split_as_named(
    names: Sequence[str], split_seed: int, part_of: Mapping[str, Part], sizes: Mapping[Part, int]
) -> dict[Part, list[str]]:
    parts: dict[Part, list[str]] = {part: [name for name in names if part_of[name] == part] for part in PARTS}
    if lacking := next((part for part in PARTS if not parts[part]), None):
        train = sorted(parts["train"], key=lambda name: sha256(f"{split_seed}/{name}".encode()).digest())
        cut = max(1, round(len(train) * sizes[lacking] / (sizes["train"] + sizes[lacking])))
        if len(train) < 2:
            raise ValueError(f"one case to train on, and none for {lacking}: a split needs both")
        parts |= {"train": sorted(train[cut:], key=natural_key), lacking: sorted(train[:cut], key=natural_key)}
    return parts


def _split_groups(
    names: Sequence[str], split_seed: int, groups: Mapping[str, str], sizes: Mapping[Part, int]
) -> dict[Part, list[str]]:
    members: dict[str, list[str]] = {}
    for name in names:
        members.setdefault(groups[name], []).append(name)
    if len(members) < len(PARTS):
        raise ValueError(
            f"a split into {', '.join(PARTS)} needs at least 3 groups, got {len(members)} ({', '.join(sorted(members)[:3])}): "
            "choose other groups; '(.*)' lets each case stand for itself (groups=, --groups)"
        )
    parts: dict[Part, list[str]] = {part: [] for part in PARTS}
    for group in sorted(members, key=lambda group: sha256(f"{split_seed}/{group}".encode()).digest()):
        neediest = max(PARTS, key=lambda part: 1 - len(parts[part]) / sizes[part])
        parts[neediest] += members[group]
    return {part: sorted(parts[part], key=natural_key) for part in PARTS}


def check_part(part: str) -> Part:
    """`part` itself if it is one of train, val, test; ValueError otherwise."""
    if part not in PARTS:
        raise ValueError(f"split={part!r}: choose one of {', '.join(PARTS)}, or None for all cases")
    return part
