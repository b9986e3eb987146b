"""One volume explained: the answer on the first page, the rest in an appendix, a table and the labels beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from torch import nn

from banet_edu.config import check_tolerance
from banet_edu.data.volume import Volume
from banet_edu.datasets.volumes.writing import write_nifti
from banet_edu.prediction import model_spec, predict
from banet_edu.reports.appendix import appendix, footer, how_made
from banet_edu.reports.page import Picture, Piece, write_page
from banet_edu.reports.volumes.case import VolumeCase, facts, numbered, picture, sentences
from banet_edu.reports.volumes.sections import SECTIONS, SLOW
from banet_edu.storage import may_write, write_table


def names_beside(report: Path) -> list[Path]:
    """Of a report "case.html": case.csv, case-labels.nii.gz."""
    return [report.with_name(report.stem + end) for end in (".csv", "-labels.nii.gz")]


def write_volume_explanation(
    model: nn.Module,
    volume: Volume,
    path: str | Path,
    *,
    model_name: str = "",
    label: str = "",
    quick: bool = False,
    shapley: bool = False,
    tolerance: float = 1.0,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Write the report of one volume to `path` and return it. The file holds everything it shows.

    Beside it, under the same name, stand a table of figures (.csv) and the labels (-labels.nii.gz, in the axes and with the
    affine of the volume's file). Nothing of the volume's name is in any of them.

    Args:
        model: a network of volumes.
        volume: with a mask errors are measured; without one the page says where the network is the least sure.
        model_name, label, quick, progress: as in `write_explanation`.
        shapley: also divide the network's confidence among its blocks (minutes more).
        tolerance: errors up to here are called right, in mm, or in % of the diagonal without a spacing.

    Raises ValueError where `predict` does.
    """
    check_tolerance(tolerance)
    path = Path(path)
    may_write(path, *names_beside(path))
    say = progress or (lambda _: None)
    say("prediction")
    started = time.perf_counter()
    named = Volume(volume.image, volume.mask, label or "the volume", volume.spacing_mm, volume.spacing_note,
                   volume.orientation_note, volume.grid)  # fmt: skip
    case = VolumeCase(model, named, predict(model, named), tolerance, shapley)
    shown, caption, alt = picture(case)
    table = numbered(case)
    known = facts(case, model_name)
    answer: list[Piece] = [sentences(case), Picture(shown, caption, alt), *([table] if table else []), known]
    case.seconds["the answer"] = time.perf_counter() - started
    _write_beside(case, path, model_name)
    sections: dict[str, list[Piece]] = {"The answer": answer}
    sections |= appendix(case, "volume", SECTIONS, SLOW, quick=quick, say=say)
    sections["Limits"] = [_limits(case)]
    sections["How this was made"] = [how_made(model, model_name, case.prediction.threshold, case.seconds)]
    lead = f"Volume of {' x '.join(map(str, named.shape))} voxels (z, y, x)."
    title = "Boundary report" + (f": {label}" if label else "")
    return write_page(path, title, lead, sections, footer(), appendix_from=next(iter(SECTIONS)))


def _write_beside(case: VolumeCase, path: Path, network: str) -> None:
    table, labels = names_beside(path)
    row = {"network": network, "threshold": case.prediction.threshold, **case.prediction.measurements, **case.figures}
    row.pop("nsd", None)
    write_table(table, pd.DataFrame([row]))
    write_nifti(labels, case.prediction.labels, like=case.volume)


def _limits(case: VolumeCase) -> list[str]:
    window = " x ".join(map(str, model_spec(case.model).input_size))
    return [
        "Not a medical device. The network is small and was trained for teaching; do not use this page for diagnosis, staging "
        "or treatment.",
        "One expert's mask is not the truth: another expert would draw another."
        if case.reference is not None
        else "Without a reference nothing here says how far the surface is off; a network can be sure and wrong.",
        "What goes with an error need not have caused it.",
        f"The network was made for windows of {window} voxels. The surface of a mask is known to about a "
        "third of a voxel, no better.",
    ]
