"""What stands beside an image's report for other programs: its figures, its mask, its outline. No name of a file is in them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from banet_edu.explain.boundary.callipers import clinic_measures
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.metrics.shape import outlines
from banet_edu.reports.answer import Case
from banet_edu.storage import write_bytes, write_table, write_text


def names_beside(report: Path) -> list[Path]:
    """Of a report "case.html": case.csv, case-mask.png, case-outline.json."""
    return [report.with_name(report.stem + end) for end in (".csv", "-mask.png", "-outline.json")]


def write_beside(case: Case, report: Path, network: str) -> None:
    """Write the three files.

    The table has one row: sizes (see `clinic_measures`), and with a reference the figures of `overlap` and `boundary_metrics`.
    The mask is 255 on the foreground, 0 elsewhere, at the size of the reference, or of the image where there is none. The
    outline is a list of closed lines, each a list of [row, column] in the mask's pixels, whose middles are whole numbers; a
    line that the image's frame cuts is closed along the frame.
    """
    prediction = case.prediction
    row = clinic_measures(prediction.level, spacing_mm=prediction.spacing_mm)
    if case.reference is not None:
        row |= overlap(prediction.mask, case.reference)
        row |= boundary_metrics(prediction.mask, case.reference, spacing_mm=prediction.spacing_mm)
    table, mask, outline = names_beside(report)
    write_table(table, pd.DataFrame([{"network": network, "threshold": prediction.threshold, **row}]))
    pixels = io.BytesIO()
    Image.fromarray(np.where(prediction.mask, 255, 0).astype(np.uint8)).save(pixels, format="PNG")
    write_bytes(mask, pixels.getvalue())
    described = {
        "network": network,
        "threshold": prediction.threshold,
        "rows": prediction.mask.shape[0],
        "columns": prediction.mask.shape[1],
        "pixel_mm": prediction.spacing_mm,
        "outlines": [line.round(2).tolist() for line in outlines(prediction.level, closed=True)],
    }
    write_text(outline, json.dumps(described) + "\n")
