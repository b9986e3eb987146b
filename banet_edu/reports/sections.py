"""The appendix of an image's report: what goes with the error, and what the network did inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from banet_edu.banet.network import BANet
from banet_edu.explain import attribute, effect
from banet_edu.explain.boundary.wording import UNITS, number, whose
from banet_edu.explain.inside.faithfulness import deletion_insertion
from banet_edu.explain.inside.regions import Region, boundary_band
from banet_edu.figures.attribution import attribution_figure
from banet_edu.figures.blocks import attention_figure, gate_matrix_figure, pyramid_figure
from banet_edu.figures.causes import causes_figure
from banet_edu.figures.contour import contour_figure
from banet_edu.figures.effects import before_after_figure
from banet_edu.figures.ladder import ladder_figure
from banet_edu.figures.unrolled import unrolled_figure
from banet_edu.reports.answer import Case, known
from banet_edu.reports.appendix import blocks_off, shapley_values
from banet_edu.reports.page import Picture, Piece, Table

_RANDOM_ORDERS = 9  # to beat both ways by chance happens about once in ten; lesson 08 takes 20
_SIGNS = "blue where it runs inside the expert's, white on it, orange outside"


def _where(case: Case) -> Iterator[Piece]:
    shown = contour_figure(case.sample.image, case.prediction, case.reference)
    if not case.prediction.mask.any():
        caption = "The network found nothing here."
    else:
        both = case.reference is not None and case.reference.any()
        caption = f"The outline that the network draws{f': {_SIGNS}' if both else ''}."
    yield Picture(shown, caption, f"The image of {case.sample.name}; beside it with the network's outline.")
    if not len(case.profile):
        return
    yield Picture(
        unrolled_figure(case.sample, case.profile, explanation=case.found, tolerance=case.tolerance),
        f"The image unrolled along {whose(case.profile)} outline, and below it, point by point, what was measured there.",
        "Strip of the image along the outline over curves of error, contrast, edge width and occlusion.",
    )


def _why(case: Case) -> Iterator[Piece]:
    found = case.found
    yield found.sentences
    if not found.ranking.measured("effect").notna().any():
        yield (
            "No error is known here, so nothing can be said about its causes. Give an expert's mask with --mask to measure it."
            if case.reference is None
            else "One of the two outlines is missing, tiny or thin: nothing can be explained point by point."
        )
        return
    yield Picture(
        causes_figure(found),
        "How much larger the error is where a property is present, the others held, with 95 % interval (resampled along "
        "the outline). Named is what is present along at least 10 % of the outline, "
        "explains at least 10 % of the mean error, and has an interval above zero.",
        "Bars of the effect of each property on the boundary error; the figures stand in the table below.",
    )
    rows = []
    for row in found.ranking.rows():
        effect = (
            "{} [{}, {}]".format(*(number(row[name], "+") for name in ("effect", "low", "high")))
            if row["share"]
            else "–"
        )
        errors = [known(row["error_there"]), known(row["error_elsewhere"])]
        rows.append([row["words"], f"{100 * row['share']:.0f} %", *errors, effect, "named" if row["named"] else ""])
    head = ["property", "of the outline", "error there", "elsewhere", "difference, others held", ""]
    yield Table(head, rows, f"Errors in {UNITS[found.unit]}. Association within one image, not proof of a cause.")


def _inside(case: Case) -> Iterator[Piece]:
    if not isinstance(case.model, BANet):
        yield (
            f"{type(case.model).__name__} has none of BA-Net's blocks: there is no pyramid, exchange or gate to show."
        )
        return
    image, trace = case.sample.image, case.trace
    makers: list[tuple[str, Callable[[], Any], str]] = [
        (
            ".pee.edge_" if any(".pee.edge_" in n for n in trace.names()) else ".pee.average_",
            lambda: pyramid_figure(trace, image),
            "Pyramid edge extraction: what each stage (fine to coarse) takes for an edge at each window size.",
        ),
        (
            ".ia.edge_weight",
            lambda: attention_figure(trace, image),
            "Interactive attention: how much of the other branch each branch takes over, and where.",
        ),
        (
            ".cff.gate_own",
            lambda: gate_matrix_figure(trace, effective=True),
            "Cross feature fusion: the weight with which each stage (row) hears the others (columns).",
        ),
        (
            ".side.mask",
            lambda: ladder_figure(trace, image, case.reference),
            "The side outputs, fine to coarse, and the final probability: where stages disagree, the outline is uncertain.",
        ),
    ]
    for part, make, caption in makers:
        if any(part in name for name in trace.names()):
            yield Picture(make(), caption)


def _switched_off(case: Case) -> Iterator[Piece]:
    rows = yield from blocks_off(case.model, case.sample, "image")
    if rows is None:
        return
    if (rows["JA_with_before"] >= 1).all():
        yield "No block moves the line: with each switched off alone the mask is the same."
        return
    largest = str(rows["knob"].iloc[int(rows["JA_with_before"].argmin())])
    changed = effect(case.model, case.sample, largest)
    caption = f"The one that moves the line most, {largest}: before, after, and where the line moved."
    yield Picture(before_after_figure(case.sample.image, changed, case.reference), caption)


def _relied_on(case: Case) -> Iterator[Piece]:
    band = _band(case)
    if band is None:
        yield "Neither the network nor an expert drew a boundary here: there is no band to explain."
        return
    found = attribute(case.model, case.sample, "integrated_gradients", band)
    tested = deletion_insertion(case.model, case.sample, found, seeds=range(_RANDOM_ORDERS))
    caption = (
        f"Integrated gradients for the {band.name}: where the image speaks for (and against) the decisions made there. "
        f"Tested by deleting and inserting pixels in this order: {tested.verdict}"
    )
    shown = attribution_figure(case.sample.image, found, case.prediction)
    yield Picture(shown, caption)
    if case.shapley:
        yield shapley_values(case.model, case.sample, band)


def _band(case: Case) -> Region | None:
    for mask in (case.prediction.mask, case.reference):
        if mask is not None and mask.any() and not mask.all():
            return boundary_band(mask, width=None, spacing_mm=case.prediction.spacing_mm)
    return None


SECTIONS: dict[str, Callable[[Case], Iterator[Piece]]] = {
    "Where the outline runs": _where,
    "What goes with the error": _why,
    "What the network relied on": _relied_on,
    "Blocks switched off": _switched_off,
    "Inside the network": _inside,
}
SLOW = ("What the network relied on", "Blocks switched off", "Inside the network")  # what --quick leaves out
