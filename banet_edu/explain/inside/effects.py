"""`effect`: what an intervention does to the result: the change of overlap and boundary error, and where the line moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from banet_edu.config import AXES
from banet_edu.data.sample import Sample, as_case
from banet_edu.data.volume import Volume
from banet_edu.explain.inside.interventions import Replacement, combine, intervene, knobs
from banet_edu.metrics.boundary import boundary_metrics, signed_errors
from banet_edu.metrics.overlap import overlap
from banet_edu.prediction import Prediction, model_spec, predict, predict_many

if TYPE_CHECKING:
    import pandas as pd


_TOGETHER = 8  # cases whose predictions are held at a time


@dataclass(frozen=True, eq=False)
class Effect:
    """What `effect` found.

    Attributes:
        name: of the knob, or the replaced signals.
        before, after: the predictions without and with the intervention.
        figures: one row: JA and the boundary figures before, after and their change (after minus before), against the
            sample's mask; without a mask only how far the line moved. Errors in mm where the spacing is known, else in
            % of the image diagonal; shifts (`moved_...`) in mm or pixels. nan where a region is empty: see the status.
        moved: a row per point of the NEW boundary: row, column (of a volume z, y, x), and `moved_mm` or `moved_px`, how far it
            lies from the old one, positive where the region grew. Empty where one of the two regions is empty.
    """

    name: str
    before: Prediction
    after: Prediction
    figures: dict[str, Any]
    moved: pd.DataFrame


def effect(
    model: nn.Module, sample: Sample | Any, knobs: str | Iterable[str] | Mapping[str, Replacement], *, name: str = ""
) -> Effect:
    """Predict with and without an intervention and compare.

    Args:
        model: the network.
        sample: what `predict` takes; with a Sample or Volume that has a mask, errors are measured against it.
        knobs: a ready-made knob's name, several of them together, or {signal: replacement} as for `intervene`.
        name: for tables and titles; by default the knobs' own names.

    Raises ValueError for an unknown knob or signal, with the nearest names.

    >>> from banet_edu import load_model, load_samples
    >>> found = effect(load_model("banet-lite-phantom"), load_samples("dermoscopy", "test")[0], "stage1 off")
    >>> sorted(found.figures)[:3], list(found.moved.columns)
    (['JA_after', 'JA_before', 'JA_change'], ['row', 'column', 'moved_mm'])
    """
    sample = as_case(sample, model_spec(model).dims)
    replacements = combine(model, knobs)
    before = predict(model, sample)
    with intervene(model, replacements):
        after = predict(model, sample)
    return _compared(name or _name(knobs, replacements), sample, before, after)


def effects(model: nn.Module, sample: Sample | Any, names: Iterable[str] | None = None) -> pd.DataFrame:
    """The figures of `effect` for several knobs (all ready-made ones by default), one row each, largest loss of JA first.

    Raises ValueError for an unknown knob, or a network without any.
    """
    import pandas as pd

    sample = as_case(sample, model_spec(model).dims)
    chosen = _chosen(model, names)
    rows = _figures(model, [sample], chosen)
    key = "JA_change" if "JA_change" in rows[0] else "JA_with_before"
    return pd.DataFrame(rows).sort_values(key, kind="stable", ignore_index=True)


def mean_effects(
    model: nn.Module, samples: Iterable[Sample | Volume], names: Iterable[str] | None = None
) -> pd.DataFrame:
    """`effects` of several images with masks, averaged: one row per knob, largest loss of JA first.

    Columns as in `effects`, each the mean over the images that have it (an image in which nothing is found has no
    distance); `images`, how many were looked at; `left_out`, how many have no distance before or after; `better`, in how
    many the average boundary error (ASSD) is smaller with the knob turned.

    >>> from banet_edu import load_model, load_samples
    >>> table = mean_effects(load_model("banet-lite-phantom"), load_samples("lung", "test")[:2], ["ia off"])
    >>> table[["knob", "images", "left_out"]].to_dict("records")
    [{'knob': 'ia off', 'images': 2, 'left_out': 0}]
    """
    import pandas as pd

    chosen = _chosen(model, names)
    cases, rows = (as_case(sample, model_spec(model).dims) for sample in samples), []
    while some := list(islice(cases, _TOGETHER)):
        rows += _figures(model, some, chosen)
    if not rows or not all("JA_change" in row for row in rows):
        raise ValueError("mean_effects needs at least one sample, each with a mask")
    everything = pd.DataFrame(rows)
    distance = next(c for c in everything.columns if c.startswith("assd_") and c.endswith("_change"))
    groups = everything.groupby("knob", sort=False)
    mean = groups.mean(numeric_only=True).assign(
        images=groups.size(),
        left_out=groups[distance].apply(lambda change: int(change.isna().sum())),
        better=groups[distance].apply(lambda change: int((change < 0).sum())),
        status_after="ok",
        moved_status="ok",
    )
    return mean.reset_index().sort_values("JA_change", kind="stable", ignore_index=True)


def _chosen(model: nn.Module, names: Iterable[str] | None) -> list[str]:
    if not (chosen := list(knobs(model) if names is None else names)):
        raise ValueError(f"{type(model).__name__} has no ready-made knobs: give `effect` signals to replace")
    return chosen


def _figures(model: nn.Module, cases: Sequence[Sample | Volume], chosen: Iterable[str]) -> list[dict[str, Any]]:
    """The row of each knob and case; the network sees all cases together, which is faster than one by one."""
    before, rows = list(predict_many(model, cases)), []
    for name in chosen:
        with intervene(model, combine(model, name)):
            after = list(predict_many(model, cases))
        for case, was, now in zip(cases, before, after, strict=True):
            rows.append({"knob": name, **_compared(name, case, was, now).figures})
    return rows


def _name(knob: Any, replacements: Mapping[str, Replacement]) -> str:
    if isinstance(knob, str):
        return knob
    return " + ".join(replacements if isinstance(knob, Mapping) else knob) or "nothing replaced"


def _compared(name: str, sample: Sample | Volume, before: Prediction, after: Prediction) -> Effect:
    import pandas as pd

    spacing = before.spacing_mm
    figures: dict[str, Any] = {}
    if sample.mask is not None:
        reference = sample.mask > 0
        rows = [
            overlap(p.mask, reference) | boundary_metrics(p.mask, reference, spacing_mm=spacing)
            for p in (before, after)
        ]
        unit = "pct" if spacing is None else "mm"
        for key in ("status", "JA", f"assd_{unit}", f"hd_{unit}", f"bias_{unit}"):
            figures[f"{key}_before"], figures[f"{key}_after"] = rows[0][key], rows[1][key]
            if key != "status":
                figures[f"{key}_change"] = rows[1][key] - rows[0][key]
    shift = signed_errors(after.mask, before.mask, spacing_mm=spacing)
    figures["JA_with_before"] = 1.0 if shift.status == "both_empty" else overlap(after.mask, before.mask)["JA"]
    figures["moved_status"] = shift.status
    distance = np.abs(shift.distance) if shift.status == "ok" else np.array([np.nan])
    figures |= {f"moved_mean_{shift.unit}": float(distance.mean()), f"moved_max_{shift.unit}": float(distance.max())}
    known = slice(None) if shift.status == "ok" else slice(0)
    places = dict(zip(AXES[after.mask.ndim], shift.points[known].T, strict=True))
    moved = pd.DataFrame({**places, f"moved_{shift.unit}": shift.distance[known]})
    return Effect(name, before, after, figures, moved)
