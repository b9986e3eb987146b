"""The page of an audit: the answer first, then every case from the worst on, and what goes with the errors of all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from banet_edu.data.sample import Sample
from banet_edu.data.volume import Volume
from banet_edu.explain import errors
from banet_edu.explain.boundary.causes import Explanation
from banet_edu.explain.boundary.differences import in_words
from banet_edu.explain.volumes.errors import volume_in_words
from banet_edu.figures.causes import causes_figure
from banet_edu.figures.differences import differences_figure
from banet_edu.figures.volumes.planes import planes_figure
from banet_edu.prediction import predict
from banet_edu.reports.cases import ALONE, NETWORK, worst_first
from banet_edu.reports.page import Picture, Piece, Table, write_page
from banet_edu.reports.volumes.case import voxel
from banet_edu.study.result import INTERVAL_NOTE, CompareResult, metric_label

SHOWN = 6  # pictures of the worst cases
_ROWS = 100


def write_audit(
    result: CompareResult, model: Any, worst: Sequence[Sample | Volume], causes: Explanation | None, path: str | Path
) -> Path:
    """Write the page to `path` and return it. `worst` are the samples of the worst cases, for the pictures; `causes` is what
    `why` says of all cases together, None of volumes."""
    table = worst_first(result)
    assd = next(column for column in table.columns if column.startswith("assd_") and not column.endswith("px"))
    hd = assd.replace("assd", "hd")
    several = result.table["model"].nunique() > 1
    sections: dict[str, list[Piece]] = {
        "In short": [
            [*_beware(table), *_counts(table), *_typical(result, assd), *(result.verdicts() if several else [])]
        ],
        "The figures": [Table(*result.cells(), INTERVAL_NOTE)],
        "The worst cases": list(_pictures(model, worst)),
        "Every case, worst first": [_cases(table, assd, hd)],
        "What goes with the errors": [] if causes is None else _causes(causes),
        "Limits": [
            [
                "Not a medical device. One reader's outline is not the truth: another would draw another.",
                "A case that was missed has no distance to average: it is counted above, and left out of means of distances.",
            ]
        ],
        "How this was made": [{str(name): str(value) for name, value in result.facts.items()}],
    }
    title = f"Audit: {result.facts['network']} on {result.facts['images']}"
    lead = f"{len(table)} case{'s' * (len(table) != 1)} measured, none trained on here; {result.facts['left out']} left out."
    return write_page(path, title, lead, sections, "Written by banet-edu, for teaching and research.")


def _beware(table: pd.DataFrame) -> list[str]:
    """What a reader must know before any figure: images of another kind, millimetres of another place."""
    said = []
    unlike = int((table["beware"] != "").sum())
    if unlike:
        said.append(f"Beware: {unlike} of {len(table)} images are unlike all that this network has learned from.")
    for note, rows in table[table["mm_at"] != ""].groupby("mm_at"):
        said.append(f"Pixel size of {len(rows)} images: {note}")
    return said


def _counts(table: pd.DataFrame) -> list[str]:
    missed, made_up = (table["status"] == status for status in ("missed", "hallucinated"))
    both = table[table["status"] == "ok"]  # a case that is missed altogether misses no part besides
    parts, extra = int((both["parts_missed"] > 0).sum()), int((both["extra_pieces"] > 0).sum())
    return [
        f"Of {len(table)} case{'s' * (len(table) != 1)} the object is missed altogether in {int(missed.sum())}, and one is "
        f"outlined where there is none in {int(made_up.sum())}; a part is missed in {parts}, an extra piece "
        f"outlined in {extra}."
    ]


def _typical(result: CompareResult, assd: str) -> list[str]:
    rows = result.summary[result.summary["model"].isin([NETWORK, ALONE]) & (result.summary["metric"] == assd)]
    if rows.empty or rows["mean"].isna().all():
        return []
    row = rows.iloc[0]
    return [f"Where both are there, the outlines are {row['mean']:.3g} apart on average: {metric_label(assd)}."]


def _pictures(model: Any, worst: Sequence[Sample | Volume]) -> list[Piece]:
    made: list[Piece] = []
    for sample in worst[:SHOWN]:
        found = predict(model, sample)
        table = errors(sample, found)
        if isinstance(sample, Volume):
            at = voxel(table.iloc[0]) if len(table) else None
            said = volume_in_words(table, sample, found)
            made.append(Picture(planes_figure(sample, found, at), f"{sample.name}: {said}"))
            continue
        said = in_words(table, sample, found)
        made.append(Picture(differences_figure(sample, found, table), f"{sample.name}: {said}"))
    return made


def _cases(table: pd.DataFrame, assd: str, hd: str) -> Table:
    head = [
        "case",
        "status",
        "JA",
        metric_label(assd),
        metric_label(hd),
        "parts missed",
        "extra pieces",
        "largest error",
    ]
    rows = []
    for row in table.head(_ROWS).to_dict("records"):
        where = f"{row['largest_error']}"
        if isinstance(row.get("towards"), str):
            where += f", {row['towards']}"
        elif row.get("clock") is not None and row["clock"] == row["clock"]:
            where += f", {row['clock']:.0f} o'clock"
        figures = [f"{row[name]:.3g}" if row[name] == row[name] else "–" for name in ("JA", assd, hd)]
        rows.append(
            [row["name"], row["status"], *figures, f"{row['parts_missed']:.0f}", f"{row['extra_pieces']:.0f}", where]
        )
    left = f" {len(table) - _ROWS} more are in audit.csv." if len(table) > _ROWS else ""
    return Table(head, rows, f"Missed and made up first, then by the mean distance of the outlines.{left}")


def _causes(causes: Explanation) -> list[Piece]:
    if not causes.ranking.measured("effect").notna().any():
        return ["Too few errors to say what goes with them."]
    return [
        causes.sentences,
        Picture(
            causes_figure(causes),
            "How much larger the error is where a property is present, over all cases; whole images were resampled.",
            "Bars of the effect of each property on the boundary error over all cases.",
        ),
    ]
