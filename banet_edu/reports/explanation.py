"""One image explained in one HTML file: its boundary, where and why it may be wrong, and what the network did inside."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from torch import nn

from banet_edu.config import check_tolerance
from banet_edu.data.sample import Sample
from banet_edu.explain import boundary_profile, errors, probe, why
from banet_edu.explain.boundary.differences import in_words
from banet_edu.explain.boundary.wording import UNITS, number
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.prediction import model_spec
from banet_edu.reports.page import Piece, write_page
from banet_edu.reports.sections import SECTIONS, Case
from banet_edu.storage import may_write
from banet_edu.study.compare import machine_facts


def write_explanation(
    model: nn.Module,
    sample: Sample,
    path: str | Path,
    *,
    model_name: str = "",
    shapley: bool = False,
    tolerance: float = 1.0,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Write the report of one image to `path` and return it. The file holds everything it shows.

    Args:
        model: BA-Net, or another network (the sections on BA-Net's blocks are then left out and the page says so).
        sample: with a mask the error is measured and its causes ranked; without one the page says what it cannot say.
        model_name: as the page calls it; its specification's name by default.
        shapley: also divide the network's confidence among its blocks (some seconds more).
        tolerance: errors up to here are called right, in mm, or in % of the diagonal without a spacing.
        progress: called with the name of each section before it is made.

    Raises ValueError where `predict` does.
    """
    check_tolerance(tolerance)
    may_write(path)
    say = progress or (lambda _: None)
    say("prediction")
    started = time.perf_counter()
    trace = probe(model, sample)
    assert trace.prediction is not None
    profile = boundary_profile(sample, trace.prediction, trace=trace)
    found = why(profile, tolerance=tolerance)
    case = Case(model, sample, trace, trace.prediction, profile, found, tolerance, shapley)
    case.seconds["prediction and profile"] = time.perf_counter() - started
    warning = [f"Beware: {case.prediction.warning}"] if case.prediction.warning else []
    sections: dict[str, list[Piece]] = {
        "In short": [[*warning, *_error_line(case), *_figures_line(case), *found.sentences, _finest(case)]]
    }
    for heading, make in SECTIONS.items():
        say(heading.lower())
        started = time.perf_counter()
        try:
            sections[heading] = list(make(case))
        except ValueError as error:  # such as a region of three pixels: the other parts stand all the same
            sections[heading] = [[f"Cannot be shown for this image: {error}."]]
        case.seconds[heading.lower()] = time.perf_counter() - started
    sections["Limits"] = [_limits(case)]
    sections["How this was made"] = [_facts(case, model_name)]
    return write_page(path, f"Boundary report: {sample.name}", _lead(case, model_name), sections, _footer())


def _footer() -> str:
    return f"Written by banet-edu {machine_facts()['banet_edu']}, for teaching and research."


def _lead(case: Case, model_name: str) -> str:
    """The image's size, the grid that lengths in pixels refer to where it is another one, and the size of its pixels."""
    spec, spacing = model_spec(case.model), case.prediction.spacing_mm
    image, grid = case.sample.image.shape[:2], case.prediction.mask.shape
    size = f"{image[0]} x {image[1]} pixels"
    if grid != image:
        size += f", measured on the mask's {grid[0]} x {grid[1]}"
    if spacing is None:
        size += ", their size not known, so no millimetres"
    else:
        size += f" of {spacing[0]:.4g} x {spacing[1]:.4g} mm"
        size += f" ({case.sample.spacing_note})" if case.sample.spacing_note else ""
    with_what = "compared with an expert's outline" if case.reference is not None else "without an expert's outline"
    return f"{size}; {model_name or spec.name} ({spec.preset}); {with_what}."


def _error_line(case: Case) -> list[str]:
    """What was found, what is missing, what is too much: the answer, first."""
    if case.reference is None:
        return []
    return [in_words(errors(case.sample, case.prediction), case.sample, case.prediction)]


def _figures_line(case: Case) -> list[str]:
    """Size of what was found, and the usual figures against the expert's mask."""
    said = case.prediction.measurements
    unit, area = ("px", "px") if case.prediction.spacing_mm is None else ("mm", "mm2")
    lines = []
    if case.prediction.mask.any():
        regions = int(said["regions"])
        lines.append(
            f"Found: {regions} region{'s' * (regions > 1)}, {number(said[f'area_{area}'])} {area.replace('mm2', 'mm²')} in all "
            f"({said['area_pct_of_image']:.3g} % of the image); the largest measures "
            f"{number(said[f'largest_diameter_{unit}'])} x {number(said[f'smallest_diameter_{unit}'])} {unit}."
        )
    if case.reference is not None:
        spacing = case.prediction.spacing_mm
        row = overlap(case.prediction.mask, case.reference)
        row |= boundary_metrics(case.prediction.mask, case.reference, spacing_mm=spacing)
        if row["status"] == "ok" and not row["frame_counted"]:
            u = "pct" if spacing is None else "mm"
            lines.append(
                f"Against the expert's mask: overlap JA {row['JA']:.3f} (1 is perfect); boundary distance "
                f"{number(row[f'assd_{u}'])} on average (ASSD), {number(row[f'hd95_{u}'])} at the 95th percentile (HD95), "
                f"{number(row[f'hd_{u}'])} at worst (HD), in {UNITS[u]}, from both outlines."
            )
    return lines


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
        else "Without an expert's outline nothing here says how far the line is off. Doubtful stretches are those where the "
        "image shows no clear edge or the network is undecided; a network can be sure and wrong elsewhere.",
        "What goes with an error need not have caused it. Properties that are not measured here (unusual appearance, "
        "artefacts, an expert's habit) are not considered.",
        "Hair and highlights are found by simple filters made for skin: on X-rays and in endoscopy they also mark ribs, "
        "vessels and folds.",
    ]
    if case.prediction.spacing_mm is None:
        lines.append(
            "The pixel size is not known: lengths are in % of the image diagonal. Give it with --spacing ROW COLUMN."
        )
    return lines


def _facts(case: Case, model_name: str) -> dict[str, str]:
    spec, machine = model_spec(case.model), machine_facts()
    size = " x ".join(map(str, spec.input_size))
    return {
        "Network": f"{model_name or spec.name}: {spec.name}, preset {spec.preset}, input {size}",
        "Threshold": f"foreground from probability {case.prediction.threshold:g}",
        "Machine": f"{machine['system']}, {machine['cores']} cores, GPU: {machine['gpu'] or 'none'}",
        "Versions": f"banet-edu {machine['banet_edu']}, torch {machine['torch']}, Python {machine['python']}",
        "Time": "; ".join(f"{name} {seconds:.1f} s" for name, seconds in case.seconds.items()),
    }
