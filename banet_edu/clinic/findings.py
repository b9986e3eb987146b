"""What the clinic says and draws of a picture on its desk: outlines, numbered places, figures as text, files to keep."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from banet_edu.clinic.desk import Desk
from banet_edu.clinic.own_points import compared
from banet_edu.clinic.uploaded import LAID_ON_WHITE
from banet_edu.data.sample import Sample
from banet_edu.explain import errors
from banet_edu.explain.boundary.callipers import clinic_measures, measured_with_doubt, nothing_found
from banet_edu.explain.boundary.causes import why
from banet_edu.explain.boundary.differences import in_words
from banet_edu.explain.boundary.expectation import track_record_in_words
from banet_edu.explain.boundary.profiles import boundary_profile
from banet_edu.explain.boundary.wording import UNITS, number, numbers, where
from banet_edu.figures.contour import mask_outlines
from banet_edu.figures.style import ORANGE, PREDICTION, REFERENCE
from banet_edu.metrics.shape import outlines

LISTED = 8
_SIZES = {"longest": "Longest diameter", "across": "Across it", "area": "Area", "perimeter": "Perimeter"}
_FINEST = 1000  # points of the longer image side: a line that is drawn needs no more


class Findings(NamedTuple):
    """`lines` and `marks` as `Touch` draws them, `text` as HTML, `alt` in one sentence."""

    lines: list[dict[str, Any]]
    marks: list[dict[str, Any]]
    text: str
    alt: str


def findings(desk: Desk, points: Sequence[Sequence[float]] = ()) -> Findings:
    """What is found in the picture on the desk. With a reference (three points of one's own, or a mask) its errors, numbered
    from the largest on; without one the places where the largest errors are expected."""
    found = desk.found()
    size = max(found.mask.shape)
    lines = [_line(line, size, PREDICTION, 2.5) for line in outlines(found.level)]
    comparison = compared(found, [(float(row), float(column)) for row, column in points], desk.sample.mask)
    said = ["The picture is partly transparent and was laid on white."] if LAID_ON_WHITE in desk.sample.name else []
    said += [f"Beware: {found.warning}"] if found.warning else []
    said += _sizes(desk)
    marks: list[dict[str, Any]] = []
    if comparison is not None:
        sample = Sample(desk.sample.image, comparison.reference, desk.sample.name, desk.spacing_mm)
        table = errors(sample, found)
        if comparison.name == "the mask":
            lines += [_line(line, size, REFERENCE, 2) for line in mask_outlines(comparison.reference)]
        marks = [_mark(k, row["row"], row["column"]) for k, row in enumerate(table.head(LISTED).rows(), start=1)]
        said += [f"Reference: {comparison.name}. {in_words(table, sample, found)}", *_error_lines(table)]
        if desk.sample.mask is not None and comparison.name != "the mask":
            said.append("A mask is open too: remove the points of your outline to compare with it.")
    elif found.mask.any():
        stretches, doubt = _doubts(desk, found)
        lines += [_line(points_, size, ORANGE, 5) for points_, _ in stretches]
        marks = [_mark(k, *points_[len(points_) // 2]) for k, (points_, _) in enumerate(stretches, start=1)]
        said += [*(f"{k} {words}" for k, (_, words) in enumerate(stretches, start=1)), doubt]
    scale = desk.source.replace("\n", " ")
    if desk.spacing_mm and desk.spacing_mm[0] != desk.spacing_mm[1]:
        scale += ", {:.4g} x {:.4g} mm".format(*desk.spacing_mm)
    said.append(f"Scale: {scale}.")
    alt = f"The picture with the outline that the network for {desk.network} draws; {len(marks)} numbered places. "
    return Findings(lines, marks, "".join(f"<p>{html.escape(line)}</p>" for line in said), alt)


def _line(points: NDArray[np.float64], size: int, colour: str, width: float) -> dict[str, Any]:
    """Thinned to what the eye can tell, so that little is sent to the page."""
    closed = len(points) > 3 and bool(np.allclose(points[0], points[-1]))
    kept = points[:-1] if closed else points
    flat = cv2.approxPolyDP(kept.astype(np.float32)[:, None], 0.5 * size / _FINEST, closed=closed)[:, 0]
    return {"points": flat.round(2).tolist(), "colour": colour, "width": width, "closed": closed}


def _mark(number_: int, row: float, column: float) -> dict[str, Any]:
    return {"row": round(float(row), 1), "column": round(float(column), 1), "text": str(number_)}


def _sizes(desk: Desk) -> list[str]:
    found, mm = desk.found(), desk.spacing_mm is not None
    rows = measured_with_doubt(found)
    if not rows["regions"][0]:
        return [nothing_found(found)]
    said = []
    for name, words in _SIZES.items():
        unit = ("mm²" if mm else "% of the image") if name == "area" else ("mm" if mm else "% of the image diagonal")
        key = f"{name}_{('mm2' if name == 'area' else 'mm') if mm else 'pct'}"
        middle, tight, wide = numbers(*rows[key])
        band = f" (band of doubt {tight if rows['regions'][1] else 'nothing'} to {wide})"
        said.append(f"{words}: {middle} {unit}{band if found.margin is None else ''}")
    return said


def _error_lines(table: Any) -> list[str]:
    unit = UNITS[table.unit]
    return [
        f"{k} {row['kind']}, towards {row['clock']} o'clock"
        + (
            f": largest {number(row['largest'])}, mean {number(row['mean'])} {unit}"
            if row["largest"] == row["largest"]
            else ""
        )
        for k, row in enumerate(table.head(LISTED).rows(), start=1)
    ]


def _doubts(desk: Desk, found: Any) -> tuple[list[tuple[NDArray[np.float64], str]], str]:
    """The marked stretches, each with its words, and the sentence of the track record."""
    bare = Sample(desk.sample.image, None, desk.sample.name, desk.spacing_mm)
    profile, expected = boundary_profile(bare, found), desk.expected()
    record = track_record_in_words(expected)
    if not len(profile) or expected.attrs["track_record"] is None:
        return [], record
    unit, made, several = UNITS[profile.unit], [], profile["contour"].nunique() > 1
    for row in why(profile, expected=expected).segments.head(LISTED).rows():
        places = profile.between(row["contour"], row["from"], row["to"])[["row", "column"]].to_numpy(float)
        made.append(
            (places, f"{where(row, several)}: expected error {number(row['expected'])} {unit} ({row['reasons']})")
        )
    return made, record


def files(desk: Desk, points: Sequence[Sequence[float]] = ()) -> list[tuple[str, bytes, str]]:
    """(name, content, kind) of what may be kept: the network's outline and one's own, its mask, the figures. No name tells
    whose picture it was."""
    found = desk.found()
    about = {
        "network": desk.network,
        "rows": found.mask.shape[0],
        "columns": found.mask.shape[1],
        "pixel_mm": desk.spacing_mm,
        "outlines": [line.round(2).tolist() for line in outlines(found.level, closed=True)],
        "own_outline": [[round(float(row), 2), round(float(column), 2)] for row, column in points],
    }
    mask, table = io.BytesIO(), io.StringIO()
    Image.fromarray(np.where(found.mask, 255, 0).astype(np.uint8)).save(mask, format="PNG")
    row: dict[str, Any] = {"network": desk.network, **clinic_measures(found.level, spacing_mm=desk.spacing_mm)}
    comparison = compared(found, [(float(r), float(c)) for r, c in points], desk.sample.mask)
    if comparison is not None:
        row |= {"reference": comparison.name, **comparison.figures}
    writer = csv.DictWriter(table, list(row))
    writer.writeheader()
    writer.writerow(row)
    return [
        ("outline.json", (json.dumps(about) + "\n").encode(), "application/json"),
        ("mask.png", mask.getvalue(), "image/png"),
        ("figures.csv", table.getvalue().encode(), "text/csv"),
    ]
