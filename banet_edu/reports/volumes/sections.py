"""The appendix of a volume's report: how errors lie over the surface, what goes with them, and what the blocks did."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from banet_edu.banet.network import BANet
from banet_edu.explain import probe
from banet_edu.explain.boundary.wording import number
from banet_edu.explain.inside.regions import boundary_band
from banet_edu.figures.blocks import gate_matrix_figure
from banet_edu.figures.volumes.distribution import distribution_figure
from banet_edu.figures.volumes.planes import middle_of, planes_figure
from banet_edu.prediction import model_spec
from banet_edu.reports.appendix import blocks_off, shapley_values
from banet_edu.reports.page import Picture, Piece, Table
from banet_edu.reports.volumes.case import UNITS, VolumeCase, by_class

# Properties of the surface: which end of their range makes a boundary hard to see or the network unsure.
_PROPERTIES = {
    "contrast_sd": ("the least contrast", False),
    "edge_width": ("the softest edge", True),
    "slack": ("the network the least decided", True),
    "expected": ("the largest expected error", True),
}
_QUARTER = 0.25


def _where(case: VolumeCase) -> Iterator[Piece]:
    middle = middle_of(case.volume, case.prediction)
    yield Picture(
        planes_figure(case.volume, case.prediction, middle, profile=case.along_prediction),
        f"Three planes through the middle of the {'prediction' if case.reference is None else 'reference'}.",
    )
    if table := by_class(case):
        yield table
    if case.reference is None:
        return
    profiles = {"along the prediction": case.along_prediction, "along the reference": case.along_reference}
    if not all(len(profile) and profile.measured("signed_error").notna().all() for profile in profiles.values()):
        yield "One of the two surfaces is missing or tiny: there is no distance to measure."
        return
    yield Picture(
        distribution_figure(profiles),
        "How the signed error is distributed over the predicted and over the expert's surface: a part that is missed shows on "
        "the expert's only, one that is too much on the predicted only.",
    )


def _goes_with(case: VolumeCase) -> Iterator[Piece]:
    rows = case.along_reference
    if rows is None or not len(rows) or rows.measured("signed_error").isna().any():
        yield "No error is known here, so nothing can be said about what goes with it."
        return
    error, share = rows.measured("signed_error").abs().to_numpy(), rows["share"].to_numpy()
    table = []
    for name, (said, high) in _PROPERTIES.items():
        values = (rows[name] if name in rows else rows.measured(name)).to_numpy()
        known = np.isfinite(values)
        if np.ptp(values[known]) == 0 if known.any() else True:
            continue
        end = np.quantile(values[known], 1 - _QUARTER if high else _QUARTER)
        there = known & (values >= end if high else values <= end)
        elsewhere = known & ~there
        if there.any() and elsewhere.any():
            means = [float(np.average(error[part], weights=share[part])) for part in (there, elsewhere)]
            table.append([said, *map(number, means), f"{means[0] / max(means[1], 1e-9):.2g}"])
    head = [
        "the quarter of the reference's surface with",
        f"mean error there ({UNITS[case.unit]})",
        "elsewhere",
        "ratio",
    ]
    yield Table(head, table, "Points without a readable edge are left out of the row of the softest edge. Association within "
                             "one volume, not proof of a cause.")  # fmt: skip


def _switched_off(case: VolumeCase) -> Iterator[Piece]:
    rows = yield from blocks_off(case.model, case.volume, "volume")
    if rows is not None and case.shapley and case.prediction.mask.any() and not case.prediction.mask.all():
        yield shapley_values(case.model, case.volume, boundary_band(case.prediction.mask, spacing_mm=case.spacing_mm))


def _inside(case: VolumeCase) -> Iterator[Piece]:
    if not isinstance(case.model, BANet):
        yield f"{type(case.model).__name__} has none of BA-Net's blocks: there is no exchange or gate to show."
        return
    window = model_spec(case.model).input_size
    if any(side > own for side, own in zip(case.volume.shape, window, strict=True)):
        yield (
            f"The volume went through the network in several windows of {' x '.join(map(str, window))} voxels, so there is no "
            "one value of a gate; the blocks were switched off in all of them."
        )
        return
    trace = probe(case.model, case.volume)
    if any(name.endswith(".cff.gate_own") for name in trace.names()):
        yield Picture(
            gate_matrix_figure(trace, effective=True),
            "Cross feature fusion: the weight with which each stage (row) hears the others (columns).",
        )
    yield "Maps of single signals: `probe(model, volume)` in Python reads every one."


SECTIONS: dict[str, Callable[[VolumeCase], Iterator[Piece]]] = {
    "Where the surface runs": _where,
    "What goes with the error": _goes_with,
    "Blocks switched off": _switched_off,
    "Inside the network": _inside,
}
SLOW = ("Blocks switched off", "Inside the network")  # what --quick leaves out
