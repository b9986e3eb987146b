"""An audit: a trained network on images that an expert has outlined. Nothing is trained; every case is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from banet_edu.data.sample import Sample, resize_mask, same_proportions
from banet_edu.data.volume import Volume
from banet_edu.explain.boundary.differences import errors
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.prediction import predict
from banet_edu.study.result import CompareResult

NETWORK, SECOND, READERS = "network to reader A", "network to reader B", "reader A to reader B"
ALONE = "network to reader"  # where there is only one


def audit_case(
    model: Any, sample: Sample | Volume, second: NDArray[Any] | None = None, *, readers: int = 1
) -> list[dict[str, Any]]:
    """One case: the network against reader A's mask, and where there is reader B's, against that, and both readers against
    each other.

    Args:
        sample: with reader A's mask. second: h x w, reader B's, of the same field of view; of a volume of the same voxels.
        readers: 2 where there is a reader B whose mask of this case is missing.

    Returns:
        One row for each pair (`model` names it): `name`, the figures of `overlap` and `boundary_metrics` in mm with a spacing,
        in % of the image diagonal without. The first has what `explain.errors` says besides: `parts_missed`, `extra_pieces`,
        `largest_error` (its kind) and `clock` (of a volume `towards`); `beware`, that the image is unlike all that the
        network has learned from, and `mm_at`, where its millimetres hold if not at the object.

    Raises ValueError without a mask, or where the second has other proportions.
    """
    if sample.mask is None:
        raise ValueError(f"{sample.name!r} has no mask, so there is nothing to measure the network against")
    reader, found = np.asarray(sample.mask) > 0, predict(model, sample)
    differences = errors(sample, found)
    kinds = differences["kind"].tolist()
    first = _figures(ALONE if second is None and readers == 1 else NETWORK, sample, found.mask, reader) | {
        "parts_missed": kinds.count("part missed") + kinds.count("not found"),
        "extra_pieces": kinds.count("extra piece"),
        "largest_error": kinds[0] if kinds else "none",
        **_where(differences),
        "beware": found.warning or "",
        "mm_at": sample.spacing_note,
    }
    if second is None:
        return [first]
    if second.shape != reader.shape and (second.ndim == 3 or not same_proportions(second.shape, reader.shape)):
        raise ValueError(
            f"{sample.name}: reader B's mask is {' x '.join(map(str, second.shape))}, reader A's "
            f"{' x '.join(map(str, reader.shape))}: with other proportions it cannot show the same field of view"
        )
    other = np.asarray(second) > 0
    if reader.ndim == 2:
        other = resize_mask(other, reader.shape)
    return [first, _figures(SECOND, sample, found.mask, other), _figures(READERS, sample, reader, other)]


def _where(differences: pd.DataFrame) -> dict[str, Any]:
    """Which way the largest error lies: an hour of the clock, of a volume directions."""
    name, as_value = ("clock", int) if "clock" in differences else ("towards", str)
    return {name: as_value(differences[name].iloc[0]) if len(differences) else None}


def _figures(pair: str, sample: Sample | Volume, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> dict[str, Any]:
    measured = overlap(one, other) | boundary_metrics(one, other, spacing_mm=sample.spacing_mm)
    return {"model": pair, "seed": 0, "name": sample.name, "class": "foreground", **measured}


def audited(rows: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> CompareResult:
    """The rows of all cases with means and intervals; with two readers, the network's distance to A is tested against its
    distance to B, and against that between the readers, paired image by image.

    Raises ValueError without a row, or where only some cases have a spacing: mm and % do not mix.
    """
    if not rows:
        raise ValueError("no case was measured, so there is nothing to sum up")
    table = pd.DataFrame(rows)
    if {"assd_mm", "assd_pct"} <= set(table):
        raise ValueError("only some of these cases have a spacing; give all of them one (--spacing), or none")
    return CompareResult.from_table(table, facts)


def worst_first(result: CompareResult) -> pd.DataFrame:
    """The network's row of every case: what was missed or made up first, then by ASSD, the largest first."""
    own = result.table[result.table["model"].isin([NETWORK, ALONE])]
    assd = next(column for column in own.columns if column.startswith("assd_") and not column.endswith("px"))
    failed = own["status"].isin(["missed", "hallucinated"])
    order = pd.DataFrame({"failed": failed, "assd": own[assd].fillna(-1.0)})
    worst = order.sort_values(["failed", "assd"], ascending=False, kind="stable").index
    return own.loc[worst].drop(columns=["model", "seed", "class"])
