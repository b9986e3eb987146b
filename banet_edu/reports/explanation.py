"""One image explained: the answer on the first page, everything else in an appendix, and the same as files beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from torch import nn

from banet_edu.config import check_tolerance
from banet_edu.data.sample import Sample
from banet_edu.explain import boundary_profile, expected_error, probe, why
from banet_edu.explain.boundary.appearance import looks_for_hair
from banet_edu.explain.boundary.wording import UNITS
from banet_edu.reports.answer import Case, facts, numbered, picture, sentences
from banet_edu.reports.appendix import appendix, footer, how_made
from banet_edu.reports.beside import names_beside, write_beside
from banet_edu.reports.one_page import write_pdf
from banet_edu.reports.page import Picture, Piece, write_page
from banet_edu.reports.sections import SECTIONS, SLOW
from banet_edu.storage import may_write


def write_explanation(
    model: nn.Module,
    sample: Sample,
    path: str | Path,
    *,
    model_name: str = "",
    label: str = "",
    scale: str = "",
    quick: bool = False,
    pdf: bool = False,
    shapley: bool = False,
    tolerance: float = 1.0,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Write the report of one image to `path` and return it. The file holds everything it shows.

    Beside it, under the same name, stand a table of figures (.csv), the mask (-mask.png), and the outline (-outline.json):
    `reports.beside` says what they hold. Nothing of the sample's name is in any of them.

    Args:
        model: BA-Net, or another network (the sections on BA-Net's blocks are then left out and the page says so).
        sample: with a mask the error is measured and its causes ranked; without one the page says where it is expected.
        model_name: as the page calls it; its specification's name by default.
        label: what the page calls the case; nothing by default, since file names often tell who the patient is.
        scale: where the millimetres come from, if not from the file: "typed", "set by a ruler".
        quick: leave out what takes many passes through the network.
        pdf: write the first page as one A4 page too (.pdf).
        shapley: also divide the network's confidence among its blocks (some seconds more).
        tolerance: errors up to here are called right, in mm, or in % of the diagonal without a spacing.
        progress: called with the name of each section before it is made.

    Raises ValueError where `predict` does.
    """
    check_tolerance(tolerance)
    path = Path(path)
    may_write(path, *names_beside(path), *([path.with_suffix(".pdf")] if pdf else []))
    sample = Sample(sample.image, sample.mask, label or "the image", sample.spacing_mm, sample.spacing_note)
    say = progress or (lambda _: None)
    say("prediction")
    started = time.perf_counter()
    case = _read(model, sample, tolerance, shapley)
    shown, caption, alt = picture(case)
    table, about = numbered(case), facts(case, model_name, scale)
    answer: list[Piece] = [sentences(case), Picture(shown, caption, alt), *([table] if table else []), about]
    case.seconds["the answer"] = time.perf_counter() - started
    title = "Boundary report" + (f": {label}" if label else "")
    if pdf:
        say("pdf")
        write_pdf(path.with_suffix(".pdf"), title, answer, footer())
    write_beside(case, path, model_name)
    sections: dict[str, list[Piece]] = {"The answer": answer}
    sections |= appendix(case, "image", SECTIONS, SLOW, quick=quick, say=say)
    sections["Limits"] = [_limits(case)]
    sections["How this was made"] = [how_made(model, model_name, case.prediction.threshold, case.seconds)]
    return write_page(path, title, _lead(case), sections, footer(), appendix_from=next(iter(SECTIONS)))


def _read(model: nn.Module, sample: Sample, tolerance: float, shapley: bool) -> Case:
    trace = probe(model, sample)
    assert trace.prediction is not None
    profile = boundary_profile(sample, trace.prediction, trace=trace, occluders=looks_for_hair(model))
    expected = expected_error(model, sample, trace=trace)
    along_prediction = not len(profile) or (profile["along"] == "prediction").all()
    found = why(profile, tolerance=tolerance, expected=expected if along_prediction else None)
    return Case(model, sample, trace, trace.prediction, profile, expected, found, tolerance, shapley)


def _lead(case: Case) -> str:
    """The image's size, width first as viewers say it, and the grid that lengths in pixels refer to where it is another one."""
    image, grid = case.sample.image.shape[:2], case.prediction.mask.shape
    other = "" if image == grid else f", the reference {grid[1]} x {grid[0]}: lengths in pixels are the reference's"
    return f"Image of {image[1]} x {image[0]} pixels{other}."


def _finest(case: Case) -> str:
    """How fine the network sees and draws: details below that are lost, however it was trained."""
    unit = case.found.unit
    rows, columns = case.prediction.mask.shape
    row_mm, column_mm = case.prediction.spacing_mm or (1.0, 1.0)
    scale = 1.0 if case.prediction.spacing_mm else 100.0 / (rows**2 + columns**2) ** 0.5
    height, width = case.trace.input_size
    pixel = max(rows * row_mm / height, columns * column_mm / width) * scale
    text = f"The network sees the image at {height} x {width}: one of its pixels is {pixel:.2g} {UNITS[unit]}"
    if "decoder.logits" in case.trace:
        stride = case.trace.stride("decoder.logits")
        text += f", one cell of its answer {pixel * stride:.2g} ({stride:.0f} x {stride:.0f} pixels)"
    return (
        text + ". Corners and thin parts smaller than that are rounded off or lost; along smooth edges it can be finer."
    )


def _limits(case: Case) -> list[str]:
    lines = [
        "Not a medical device. The network is small and was trained for teaching; do not use this page for diagnosis, staging "
        "or treatment.",
        "One expert's outline is not the truth: another expert would draw another."
        if case.reference is not None
        else "Without a reference nothing here says how far the outline is off in this image. Marks say where errors were the "
        "largest in other images like it; a network can be sure and wrong elsewhere.",
        "What goes with an error need not have caused it. Properties that are not measured here (unusual appearance, "
        "artefacts, an expert's habit) are not considered.",
        _finest(case),
    ]
    if not looks_for_hair(case.model):
        lines.append(
            "Hair and highlights are not looked for: the filters are made for skin, and mark ribs, vessels and folds."
        )
    return lines
