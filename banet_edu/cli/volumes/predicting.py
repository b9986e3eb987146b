"""`banet-edu predict` with a network of volumes: labels as NIfTI in each file's own axes, and their volumes in ml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from banet_edu.cli.console import err, first_of, out, warn, warn_replaced
from banet_edu.config import __version__

if TYPE_CHECKING:
    from banet_edu.data.volume import Volume

SHOWN_ROWS = 20


def predict_volumes(network: Any, given: Path, folder: Path, *, threshold: float, native: bool) -> None:
    """Segment a NIfTI file, every one in a folder, or the DICOM series of a folder: CASE_labels.nii.gz and `measurements.csv`.

    What an earlier call has finished is kept. Exit code 1 where a volume could not be read.
    """
    from banet_edu.datasets.unmarked import masks_beside, result_names
    from banet_edu.datasets.volumes.writing import write_nifti
    from banet_edu.prediction import predict
    from banet_edu.reports.measurements import STATE, TABLE, Measurements
    from banet_edu.storage import check_folder, locked, may_write, sha256

    check_folder(folder)
    paths = find_volumes(given)
    masks = masks_beside(paths)
    paths = [path for path in paths if path not in masks]
    named_after = [path.resolve() if path.is_dir() else path for path in paths]  # a series in "." has its folder's name
    names = result_names(named_after, [""] * len(paths))
    settings = {
        "weights": network.weights_sha256,
        "native": native,
        "threshold": threshold,
        "banet_edu": __version__,
        "class_names": network.spec.class_names,
        "columns": 2,  # the second has `beware`
    }
    results = {path: folder / f"{name}_labels.nii.gz" for path, name in zip(paths, names, strict=True)}
    may_write(*results.values(), folder / TABLE, folder / STATE)
    failed = 0
    with locked(folder):
        table = Measurements(folder, settings)
        for path in track(paths, "predicting", console=err, transient=True):
            try:
                known = sha256(path) if path.is_file() else ""
                if known and table.take_over(path.name, known, [results[path]]):
                    continue
                volume = read(path)
                found = predict(network, volume, threshold=threshold, native=native)
                sizes = volume.spacing_mm or (float("nan"),) * 3
                figures: dict[str, Any] = {
                    f"spacing_{axis}_mm": size for axis, size in zip("zyx", sizes, strict=True)
                } | found.measurements
                figures["beware"] = "; ".join(filter(None, [volume.spacing_note, volume.orientation_note]))
                write_nifti(results[path], found.labels, like=volume)
            except Exception as problem:  # whatever a broken file leads its reader, or the network, to
                if len(paths) == 1:
                    raise
                reason = " ".join(str(problem).removeprefix(f"{path}: ").split()) or type(problem).__name__
                warn(f"left out: {path}: {reason}")
                table.add({"image": path.name, "left_out": reason})
                failed += 1
                continue
            table.add({"image": path.name, **figures, **({"sha256": known} if known else {})})
        table.rows += [{"image": mask.name, "left_out": f"the mask of {image.name}"} for mask, image in masks.items()]
        if table.rows:
            table.save()
        warn_replaced(table.replaced)
    if failed == len(paths):
        raise ValueError(f"none of the {len(paths)} volume(s) in {given} could be read")
    show_volumes([row for row in table.rows if "left_out" not in row])
    out.print(f"Labels (CASE_labels.nii.gz) and {TABLE} are in {folder}", soft_wrap=True, markup=False)
    if masks:
        left = first_of([f"{mask.name} (the mask of {image.name})" for mask, image in masks.items()])
        out.print(f"Left out: {left}", markup=False, soft_wrap=True)
    notes = {
        row["beware"]: None for row in table.rows if row.get("beware")
    }  # also of those that an earlier call has made
    for note in notes:
        warn(f"{first_of([row['image'] for row in table.rows if row.get('beware') == note])}: {note}.")
    if failed:
        raise typer.Exit(1)


def find_volumes(given: Path) -> list[Path]:
    """The file itself; a folder's NIfTI files by name, but those written by banet-edu; the folder, where it has none but
    DICOM slices. FileNotFoundError where there is no volume."""
    from banet_edu.data.limits import regular_file
    from banet_edu.data.reading import is_dicom, looks_like_an_image
    from banet_edu.datasets.layouts import is_volume
    from banet_edu.storage import written

    if not given.is_dir():
        regular_file(given)
        takes = "and this a network of volumes: it takes .nii, .nii.gz, or the folder of a DICOM series"
        if not is_volume(given) and looks_like_an_image(given):
            raise ValueError(f"{given}: is {'one DICOM slice' if is_dicom(given) else 'a picture'}, {takes}")
        return [given]
    files = sorted(file for file in given.iterdir() if file.is_file() and not file.name.startswith("."))
    ours = written(given)
    if volumes := [file for file in files if is_volume(file) and file.name not in ours]:
        return volumes
    if any(is_dicom(file) for file in files):
        return [given]
    raise FileNotFoundError(f"no volume in {given}: none of its {len(files)} file(s) is .nii, .nii.gz or a DICOM slice")


def read(path: Path) -> Volume:
    """A NIfTI file, or the series in a folder."""
    from banet_edu.datasets.volumes.nifti import read_nifti
    from banet_edu.datasets.volumes.series import read_series

    return read_series(path) if path.is_dir() else read_nifti(path)


def show_volumes(rows: list[dict[str, Any]]) -> None:
    """Print the volumes of the first cases."""
    from banet_edu.explain.boundary.wording import size

    names = [name for name in rows[0] if name.startswith("volume")]
    view = Table(box=SIMPLE_HEAD)
    view.add_column("image", overflow="fold")
    for name in names:
        view.add_column(name.replace("_", " "), justify="right")
    for row in rows[:SHOWN_ROWS]:
        view.add_row(escape(row["image"]), *(size(row[name], 4) for name in names))
    out.print(view)
    if len(rows) > SHOWN_ROWS:
        out.print(f"... and {len(rows) - SHOWN_ROWS} more")
