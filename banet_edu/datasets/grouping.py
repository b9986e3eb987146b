"""Which cases belong together, such as the slices of one patient: no group lies on two sides of a split."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from banet_edu.data.reading import is_dicom
from banet_edu.datasets.layouts import Case, Layout, group_folder

Groups = str | Mapping[str, str] | None
# Tried in this order on names that look as if several belonged together: p01_s2, 0012-3, patient7slice2.
PATTERNS = (r"^(.+?)[_\-. ]", r"^(.+)[_\-. ][^_\-. ]+$", r"^([A-Za-z]+\d+)[A-Za-z]")


def group_names(cases: Sequence[Case], root: Path, groups: Groups, layout: Layout) -> dict[str, str] | None:
    """{name: group} by `groups` as `open_dataset` takes it; None where every case stands for itself.

    Raises ValueError for a pattern that is none or has not one group, or for names without a group.
    """
    if groups is None:
        if layout.nested:
            groups = "folder"
        else:
            return _by_patient(cases)
    if groups == "folder":
        found = {case.name: group_folder(case.image, root) for case in cases}
        if len(set(found.values())) < 2:
            raise ValueError(
                f"{root}: groups by folder, but all images lie in {next(iter(found.values()), 'no folder')!r}"
            )
        return found
    if isinstance(groups, str):
        try:
            pattern = re.compile(groups)
        except re.error as error:
            raise ValueError(f"groups={groups!r} (--groups) is no regular expression: {error}") from None
        if pattern.groups != 1:
            raise ValueError(
                f"groups={groups!r} (--groups) has {pattern.groups} groups in parentheses; one says which part of a name counts"
            )
        matches = {case.name: pattern.search(case.name) for case in cases}
        found = {name: match[1] for name, match in matches.items() if match is not None and match[1]}
    else:
        given = {case.name: str(groups[case.name]).strip() for case in cases if groups.get(case.name) is not None}
        found = {name: group for name, group in given.items() if group}
    if without := [case.name for case in cases if case.name not in found]:
        raise ValueError(f"{len(without)} case(s) have no group: {', '.join(without[:5])}. Each needs one")
    return found


def proposed_pattern(names: Sequence[str], together: Iterable[tuple[str, str]] = ()) -> tuple[str, int] | None:
    r"""(regular expression, number of groups) under which names that look alike stay together, and the pairs `together` too.

    >>> pattern, groups = proposed_pattern(["p1_s1", "p1_s2", "p2_s1", "p2_s2", "p3_s1", "p3_s2"])
    >>> groups, re.search(pattern, "p2_s1")[1]
    (3, 'p2')
    """
    for pattern in PATTERNS:
        matches = {name: re.search(pattern, name) for name in names}
        if not all(matches.values()):
            continue
        found = {name: match[1] for name, match in matches.items() if match is not None}
        sizes = Counter(found.values())
        shared = sum(count for count in sizes.values() if count > 1)
        if len(sizes) >= 3 and 2 * shared > len(names) and all(found[one] == found[other] for one, other in together):
            return pattern, len(sizes)
    return None


def _by_patient(cases: Sequence[Case]) -> dict[str, str] | None:
    """By PatientID, where all images are DICOM, all name one, and some patient has several."""
    if not cases or not all(is_dicom(case.image) for case in cases):
        return None
    from banet_edu.data.dicom import patient_id

    found = {case.name: patient_id(case.image) for case in cases}
    if None in found.values() or not 3 <= len(set(found.values())) < len(found):
        return None
    return {name: str(patient) for name, patient in found.items()}
