"""What every section of a volume's report looks at, and the first page: where the surface is wrong, or may be, and how much it
holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from torch import nn

from banet_edu.data.volume import Volume
from banet_edu.explain import boundary_profile, errors
from banet_edu.explain.boundary.wording import number, size
from banet_edu.explain.volumes.errors import volume_in_words
from banet_edu.explain.volumes.one_class import of_class
from banet_edu.figures.volumes.planes import middle_of, planes_figure
from banet_edu.figures.volumes.slices import Voxel
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.metrics.shape import measure_volume
from banet_edu.prediction import Prediction, model_spec
from banet_edu.reports.answer import known
from banet_edu.reports.page import Table

SHOWN = 8  # errors in the table
UNITS = {"mm": "mm", "pct": "% of the volume's diagonal"}
BAND = (0.75, 0.25)  # thresholds: the tight and the wide end of what the network may mean
DISTANCES = {"assd": "ASSD", "hd95": "HD95", "hd": "HD", "bias": "bias"}


@dataclass(frozen=True, eq=False)
class VolumeCase:
    """A network, a volume and what it predicts; `tolerance` in mm (% of the diagonal without a spacing) counts as right."""

    model: nn.Module
    volume: Volume
    prediction: Prediction
    tolerance: float
    shapley: bool
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def reference(self) -> Any:
        return None if self.volume.mask is None else np.asarray(self.volume.mask) > 0

    @property
    def spacing_mm(self) -> Any:
        return self.prediction.spacing_mm

    @property
    def unit(self) -> str:
        """ "mm" or "pct"."""
        return "pct" if self.spacing_mm is None else "mm"

    @cached_property
    def along_prediction(self) -> Any:
        return boundary_profile(self.volume, self.prediction, along="prediction")

    @cached_property
    def along_reference(self) -> Any:
        """None without a mask."""
        return None if self.reference is None else boundary_profile(self.volume, self.prediction, along="reference")

    @cached_property
    def errors(self) -> Any:
        """None without a mask."""
        return None if self.reference is None else errors(self.volume, self.prediction)

    @cached_property
    def figures(self) -> dict[str, Any]:
        """Overlap and distances of the foreground against the reference; empty without one."""
        return {} if self.reference is None else figures_of(self.volume, self.prediction, self.tolerance)

    @property
    def worst(self) -> tuple[Voxel, str]:
        """The voxel to look at first, and what it is."""
        if self.errors is not None and len(self.errors):
            first = self.errors.iloc[0]
            size = first[self.errors.column("largest")]
            what = f"the largest error, {size:.3g} {UNITS[self.unit]}" if np.isfinite(size) else first["kind"]
            return voxel(first), what
        expected = self.along_prediction
        if self.reference is None and len(expected):
            row = expected.loc[expected.measured("expected").idxmax()]
            return voxel(row), "the place where the network's own probabilities are the least sure of the surface"
        return middle_of(self.volume, self.prediction), "the middle"


def voxel(row: Any) -> Voxel:
    """The nearest voxel of a table's row."""
    z, y, x = (int(np.floor(row[axis] + 0.5)) for axis in "zyx")
    return z, y, x


def figures_of(volume: Volume, prediction: Prediction, tolerance: float) -> dict[str, Any]:
    """`overlap` and `boundary_metrics` of the foreground; `nsd` beside, at the tolerance."""
    truth, spacing = np.asarray(volume.mask) > 0, prediction.spacing_mm
    row = overlap(prediction.mask, truth)
    row |= boundary_metrics(prediction.mask, truth, spacing_mm=spacing, tolerance_mm=tolerance, tolerance_pct=tolerance)
    return row | {"nsd": next(value for name, value in row.items() if name.startswith("nsd_at_"))}


def sentences(case: VolumeCase) -> list[str]:
    """What to know before any picture."""
    said = []
    if not case.prediction.mask.any():
        most = float(case.prediction.probability.max())
        said.append(
            f"Nothing is found: the highest probability of the foreground anywhere in the volume is {most:.2f}, below the "
            f"threshold of {case.prediction.threshold:g}. That is no proof that nothing is there."
        )
    if case.reference is None:
        return [*said, "There is no reference, so no error is known: give an expert's mask with --mask."]
    said.append(volume_in_words(case.errors, case.volume, case.prediction))
    row, unit = case.figures, case.unit
    if row["status"] == "ok" and not row["frame_counted"]:
        said.append(
            f"Against the reference: Dice {row['DI']:.3f} (1 is perfect); the two surfaces are "
            f"{number(row[f'assd_{unit}'])} apart on average (ASSD), {number(row[f'hd95_{unit}'])} at the 95th percentile "
            f"(HD95), {number(row[f'hd_{unit}'])} at worst (HD), in {UNITS[unit]}. Of both surfaces {100 * row['nsd']:.0f} % "
            f"lie within {case.tolerance:g} of the other (NSD)."
        )
    return said


def picture(case: VolumeCase) -> tuple[Figure, str, str]:
    """Three planes through the worst place, their caption, and what they show in words."""
    at, what = case.worst
    figure = planes_figure(case.volume, case.prediction, at, profile=case.along_prediction)
    z, y, x = at
    caption = f"Three planes through {what} (z = {z}, y = {y}, x = {x}), as hospital screens show them."
    if not case.volume.oriented:
        caption += " The file does not state how the patient lies: the sides are named by the axes of the array."
    return figure, caption, caption


def numbered(case: VolumeCase) -> Table | None:
    """The largest errors; None where there is none, or no reference."""
    table = case.errors
    if table is None or not len(table):
        return None
    size, in_size = ("volume_mm3", "mm³") if case.unit == "mm" else ("volume_pct_of_mask", "% of the reference")
    head = ["error", "what", f"largest ({UNITS[case.unit]})", "mean", f"volume ({in_size})", "at z, y, x", "towards"]
    rows = [
        [str(k), row["kind"], known(row["largest"]), known(row["mean"]), known(row[size]),
         ", ".join(map(str, voxel(row))), row["towards"]]
        for k, row in enumerate(table.head(SHOWN).rows(), start=1)
    ]  # fmt: skip
    left = f" {len(table) - SHOWN} smaller ones are left out." if len(table) > SHOWN else ""
    return Table(
        head, rows, "Each region in which prediction and reference differ; the first holds the largest distance." + left
    )


def facts(case: VolumeCase, network: str) -> dict[str, str]:
    """How much the prediction holds, with its band of doubt, and what all figures rest on."""
    spec, info = model_spec(case.model), getattr(case.model, "info", {})
    learned = f", learned from {info['data']}" if info.get("data") else ""
    size = " x ".join(f"{step:.4g}" for step in case.spacing_mm) if case.spacing_mm else ""
    scale = f"a voxel is {size} mm (z, y, x), {case.volume.spacing_note or 'as the file says'}"
    way = "as the file states it" if case.volume.oriented else "not stated by the file"
    return {
        **_volumes(case),
        "Scale": scale if size else "not known, so lengths are in % of the volume's diagonal",
        "Orientation": case.volume.orientation_note or way,
        "Network": f"{network or spec.name}{learned}",
        "Doubt": _doubt(case),
    }


def _volumes(case: VolumeCase) -> dict[str, str]:
    names, spacing = case.prediction.class_names, case.spacing_mm
    unit = "ml" if spacing else "voxels"
    found = case.prediction.measurements
    expert = (
        {} if case.volume.mask is None else measure_volume(case.volume.mask.astype(np.uint8), names, spacing_mm=spacing)
    )
    shown = {}
    for key, value in found.items():
        name = key.removeprefix(f"volume_{unit}").removeprefix("_") or "foreground"
        said = f"{size(value, 4)} {unit}"
        if name == "foreground":
            tight, wide = (_of(case.prediction.probability >= threshold, spacing) for threshold in BAND)
            said += f"; {size(tight, 4)} to {size(wide, 4)} as the threshold goes from 0.75 to 0.25"
        shown[f"Volume of {name}" if len(found) > 1 else "Volume"] = said + (
            f"; the reference's is {size(expert[key], 4)} {unit}" if expert else ""
        )
    return shown


def _of(mask: Any, spacing: Any) -> float:
    return float(np.count_nonzero(mask)) * (float(np.prod(spacing)) / 1000 if spacing else 1.0)


def _doubt(case: VolumeCase) -> str:
    """What the probabilities say of the error, beside what it is."""
    rows = case.along_prediction
    if not len(rows):
        return "no surface was found, so there is nothing to expect an error of"
    mean = float(np.average(rows.measured("expected"), weights=rows["share"]))
    said = f"by the network's own probabilities its surface is off by {number(mean)} {UNITS[case.unit]} on average"
    if rows.column("signed_error") in rows and rows.measured("signed_error").notna().all():
        measured = float(np.average(rows.measured("signed_error").abs(), weights=rows["share"]))
        return f"{said}; measured: {number(measured)}"
    return f"{said}. Networks of volumes have no track record: how far that holds for other volumes was not tested"


def by_class(case: VolumeCase) -> Table | None:
    """Dice, distances and volume of each class; None for two classes or without a reference."""
    if case.reference is None or len(case.prediction.class_names) <= 2:
        return None
    unit, size = case.unit, "ml" if case.spacing_mm else "voxels"
    rows = []
    for label, name in enumerate(case.prediction.class_names):
        if label == 0:
            continue
        alone, found = of_class(case.volume, case.prediction, label)
        assert found is not None
        row = figures_of(alone, found, case.tolerance)
        volumes = [_of(mask, case.spacing_mm) for mask in (found.mask, alone.mask)]
        distances = [known(row[f"{key}_{unit}"]) for key in DISTANCES]
        rows.append(
            [
                name,
                "–" if np.isnan(row["DI"]) else f"{row['DI']:.3f}",
                *distances,
                known(row["nsd"]),
                *map(number, volumes),
            ]
        )
    head = ["class", "Dice", *(f"{said} ({UNITS[unit]})" for said in DISTANCES.values()),
            f"NSD at {case.tolerance:g}", f"volume ({size})", f"reference ({size})"]  # fmt: skip
    return Table(head, rows, "Each class against the same class of the reference.")
