"""The first page of an image's report: where the outline is wrong, or may be, and how large what it holds is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import isnan
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from torch import nn

from banet_edu.data.sample import Sample
from banet_edu.explain import errors
from banet_edu.explain.boundary.callipers import measured_with_doubt, nothing_found
from banet_edu.explain.boundary.causes import Explanation
from banet_edu.explain.boundary.differences import in_words
from banet_edu.explain.boundary.expectation import track_record_in_words
from banet_edu.explain.boundary.tables import UnitTable
from banet_edu.explain.boundary.wording import UNITS, number, numbers, where
from banet_edu.explain.inside.trace import Trace
from banet_edu.figures.contour import contour_figure
from banet_edu.figures.differences import SHOWN, differences_figure
from banet_edu.figures.why import doubtful_figure
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.prediction import Prediction, model_spec
from banet_edu.reports.page import Table

_SIZES = {"area": "Area", "longest": "Longest diameter", "across": "Across it", "perimeter": "Perimeter"}


@dataclass(frozen=True, eq=False)
class Case:
    """What every section of the page looks at. `expected` is `expected_error` of the network and the image."""

    model: nn.Module
    sample: Sample
    trace: Trace
    prediction: Prediction
    profile: Any
    expected: pd.DataFrame
    found: Explanation
    tolerance: float
    shapley: bool
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def reference(self) -> Any:
        return None if self.sample.mask is None else self.sample.mask > 0

    @cached_property
    def errors(self) -> UnitTable:
        """Where the outline is wrong; of a case with a reference."""
        return errors(self.sample, self.prediction)


def sentences(case: Case) -> list[str]:
    """What to know before any picture: a wrong network, what is wrong or may be, what was found."""
    said = [f"Beware: {case.prediction.warning}"] if case.prediction.warning else []
    if not case.prediction.mask.any():
        said.append(nothing_found(case.prediction))
    if case.reference is None:
        if len(case.found.segments):
            said.append(case.found.sentences[-1])
        return [*said, "There is no reference, so no error is known: give an expert's mask with --mask."]
    said.append(in_words(case.errors, case.sample, case.prediction))
    row = overlap(case.prediction.mask, case.reference)
    row |= boundary_metrics(case.prediction.mask, case.reference, spacing_mm=case.prediction.spacing_mm)
    if row["status"] == "ok" and not row["frame_counted"]:
        u = "pct" if case.prediction.spacing_mm is None else "mm"
        said.append(
            f"Against the reference: overlap JA {row['JA']:.3f} (1 is perfect); the two outlines are "
            f"{number(row[f'assd_{u}'])} apart on average (ASSD), {number(row[f'hd95_{u}'])} at the 95th percentile (HD95), "
            f"{number(row[f'hd_{u}'])} at worst (HD), in {UNITS[u]}."
        )
    return said


def picture(case: Case) -> tuple[Figure, str, str]:
    """The figure of the first page, its caption, and what it shows in words."""
    if case.reference is not None:
        table = case.errors
        caption = "What is missing (blue) and what is too much (orange), numbered from the largest error on."
        return (
            differences_figure(case.sample, case.prediction, table),
            caption,
            in_words(table, case.sample, case.prediction),
        )
    if not len(case.profile):
        return contour_figure(case.sample.image, case.prediction), "The image: no outline is drawn in it.", "The image."
    figure = doubtful_figure(case.sample, case.prediction, case.profile, case.found)
    caption = "The outline, and where the largest errors are expected, by main reason; hours as on a clock around the outline."
    if case.expected.attrs["track_record"] is None:
        caption = "The outline that the network draws; hours as on a clock around it."
    return figure, caption, "The image with the outline: " + case.found.sentences[-1]


def numbered(case: Case) -> Table | None:
    """The numbered errors, or where there is no reference the numbered doubts; None where there are none."""
    return _doubts(case) if case.reference is None else _errors(case)


def _errors(case: Case) -> Table | None:
    table = case.errors
    if not len(table):
        return None
    unit, in_mm = UNITS[table.unit], table.unit == "mm"
    area, in_area = ("area_mm2", "mm²") if in_mm else ("area_pct_of_image", "% of the image")
    head = ["error", "what", f"largest ({unit})", f"mean ({unit})", f"length ({unit})", f"area ({in_area})", "towards"]
    rows = []
    for k, row in enumerate(table.head(SHOWN).rows(), start=1):
        sizes = [known(row[name]) for name in ("largest", "mean", "length")]
        rows.append([str(k), row["kind"], *sizes, number(row[area]), f"{row['clock']}\u00a0o'clock"])
    left = f" {len(table) - SHOWN} smaller ones are left out." if len(table) > SHOWN else ""
    caption = (
        "Distances between the two outlines along each region in which they differ; the first holds the largest (HD)."
    )
    if table.measured("largest").isna().all():
        caption = "One of the two outlines is missing, so there is no distance to measure."
    return Table(head, rows, caption + left)


def _doubts(case: Case) -> Table | None:
    segments, unit = case.found.segments, UNITS[case.found.unit]
    if not len(segments):
        return None
    several = segments["contour"].nunique() > 1
    head = ["place", "where", f"length ({unit})", f"expected error ({unit})", "nine of ten below", "reasons"]
    rows = []
    for k, row in enumerate(segments.head(SHOWN).rows(), start=1):
        rows.append(
            [
                str(k),
                where(row, several),
                number(row["length"]),
                number(row["expected"]),
                number(row["high"]),
                row["reasons"],
            ]
        )
    left = f" {len(segments) - SHOWN} more are left out." if len(segments) > SHOWN else ""
    return Table(head, rows, f"Where to look first, the largest expected error first; means over the stretch.{left}")


def known(value: float) -> str:
    """A figure, or a dash where it could not be measured."""
    return "–" if value != value else number(value)


def facts(case: Case, network: str, scale: str) -> dict[str, str]:
    """Sizes with their band of doubt, the scale, the network and what it learned from, the track record."""
    spec, info = model_spec(case.model), getattr(case.model, "info", {})
    learned = f", learned from {info['data']}" if info.get("data") else ""
    return {
        **_sizes(case.prediction),
        "Scale": _scale(case, scale),
        "Network": f"{network or spec.name}{learned}",
        "Doubt": track_record_in_words(case.expected),
    }


def _sizes(prediction: Prediction) -> dict[str, str]:
    """Each size at the network's threshold, and from the tight to the wide end of what it may mean."""
    spacing = prediction.spacing_mm
    rows = measured_with_doubt(prediction)
    regions = int(rows["regions"][0])
    if not regions:
        return {}
    parts = {"Parts": f"{regions}; the diameters are those of the largest"} if regions > 1 else {}
    return {words: _size(rows, name, spacing is not None) for name, words in _SIZES.items()} | parts


def _size(rows: dict[str, tuple[float, float, float]], name: str, in_mm: bool) -> str:
    is_area = name == "area"
    unit = ("mm²" if is_area else "mm") if in_mm else "% of the image" if is_area else "% of the image diagonal"
    middle, tight, wide = numbers(*rows[f"{name}_{('mm2' if is_area else 'mm') if in_mm else 'pct'}"])
    beside = "" if in_mm else f" ({rows[f'{name}_px'][0]:,.0f} pixels)"
    if isnan(rows["regions"][1]):
        return f"{middle} {unit}{beside}"
    tight = tight if rows["regions"][1] else "nothing"
    return f"{middle} {unit}{beside}; {tight} to {wide} as the threshold goes from 0.75 to 0.25"


def _scale(case: Case, scale: str) -> str:
    if case.prediction.spacing_mm is None:
        return (
            "not known, so lengths are in % of the image diagonal; give the size of a pixel with --spacing ROW COLUMN"
        )
    row, column = case.prediction.spacing_mm
    said, what = case.sample.spacing_note or scale or "as the file says", "a pixel"
    if case.sample.mask is not None and case.sample.mask.shape != (size := case.sample.image.shape[:2]):
        rows, columns = case.sample.mask.shape
        said = f"of the image {row * rows / size[0]:.4g} x {column * columns / size[1]:.4g} mm, {said}"
        what = "a pixel of the mask"
    return f"{what} is {row:.4g} x {column:.4g} mm, {said}"
