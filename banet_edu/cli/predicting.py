"""`banet-edu predict`: masks, contours and measurements of image files."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from banet_edu.cli.console import err, first_of, out, warn, warn_replaced
from banet_edu.cli.options import check_values
from banet_edu.cli.volumes.options import for_images_only
from banet_edu.config import IMAGE_KINDS, Flips, __version__

if TYPE_CHECKING:
    import pandas as pd


EPILOG = (
    "Example: [bold]banet-edu predict photo.jpg --model banet-lite-dermoscopy[/] · your own weights: "
    "[bold]--model runs/mine/best.safetensors[/] · with millimetres: [bold]--spacing 0.05 0.05[/]"
)
SHOWN_ROWS = 20
SHOWN_COLUMNS = ("area_mm2", "area_px", "largest_diameter", "smallest_diameter")
NOTICE = "For teaching and research. Not a medical device: do not use these figures for diagnosis or treatment."


def predict_files(
    images: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGE_OR_FOLDER",
            help=f"An image ({IMAGE_KINDS}) or a folder of images; for a network of volumes NIfTI files, or a folder "
            "of them or of a DICOM series.",
        ),
    ],
    model: Annotated[str, typer.Option("--model", help="Bundled weights by name, or a .safetensors file.")],
    spacing: Annotated[
        tuple[float, float] | None,
        typer.Option("--spacing", metavar="R C", help="Height and width of a pixel in mm; DICOM files carry it."),
    ] = None,
    folder: Annotated[Path, typer.Option("--out", help="Where the results go.")] = Path("runs/predict"),
    native: Annotated[
        bool, typer.Option("--native", help="Run at the image's own size, not the one trained at.")
    ] = False,
    threshold: Annotated[float, typer.Option(help="Foreground where its probability reaches this.")] = 0.5,
    frame: Annotated[
        int | None,
        typer.Option(
            "--frame", min=0, help="Of files that hold several: this one, counted from 0. Default: every one."
        ),
    ] = None,
    flips: Annotated[
        Flips, typer.Option("--flips", help="Average over mirror images: slower, a little more exact.")
    ] = "none",
) -> None:
    """Segment images: for each a mask, the contour drawn on it, its area and diameters. Not a medical device.

    A folder that was stopped is gone on with by the same command. Exit code 1 where an image could not be read.
    """
    import pandas as pd

    from banet_edu.data.limits import regular_file
    from banet_edu.datasets.unmarked import Job, find_files, folders_of_images, plan
    from banet_edu.networks.weights import load_model
    from banet_edu.prediction import predict_many
    from banet_edu.reports.measurements import STATE, TABLE, Measurements, draw_pictures
    from banet_edu.storage import check_folder, locked, may_write, sha256, write_bytes, written

    check_values(spacing=spacing, threshold=threshold)
    check_folder(folder)
    if not images.is_dir():
        regular_file(images)
    network: Any = load_model(model)
    if threshold != 0.5 and network.spec.num_classes > 2:
        raise ValueError("--threshold is for two classes; of more the most probable one is taken: leave it out")
    if network.spec.dims == 3:
        from banet_edu.cli.volumes.predicting import predict_volumes

        for_images_only(spacing=spacing, frame=frame, flips=None if flips == "none" else flips)
        predict_volumes(network, images, folder, threshold=threshold, native=native)
        out.print(NOTICE, style="yellow")
        return
    paths, others = find_files(images)
    settings = {
        "weights": network.weights_sha256,
        "spacing_mm": spacing,
        "native": native,
        "threshold": threshold,
        "flips": flips,
        "banet_edu": __version__,
    }
    alone = images.is_file()
    jobs = plan(paths, frame)
    pictures = {job: [folder / f"{job.name}_{kind}.png" for kind in ("mask", "contour")] for job in jobs}
    may_write(*chain(*pictures.values()), folder / TABLE, folder / STATE)
    notes: dict[str, list[str]] = {}

    def beware(job: Job, row: dict[str, Any]) -> None:
        if row.get("warning"):
            warn(f"{job.path}{job.frame_words}: {row['warning']}")
        if row.get("mm_at"):
            notes.setdefault(row["mm_at"], []).append(job.path.name)

    failed = taken_over = 0
    with locked(folder):
        table = Measurements(folder, settings)
        try:
            for job in track(jobs, "predicting", console=err, transient=True):
                try:
                    if job.problem is not None:
                        raise job.problem
                    known = sha256(job.path)
                    if table.take_over(job.label, known, pictures[job]):
                        taken_over += 1
                        beware(job, table.rows[-1])
                        continue
                    sample = job.read()
                    [found] = predict_many(
                        network, [sample], native=native, threshold=threshold, spacing_mm=spacing, flips=flips
                    )
                    row, column = found.spacing_mm or (float("nan"), float("nan"))
                    figures: dict[str, Any] = {"spacing_row_mm": row, "spacing_column_mm": column, **found.measurements}
                    images_of = draw_pictures(sample.image, found)
                except Exception as problem:  # whatever a broken file leads its decoder, or the network, to
                    if alone:
                        raise
                    reason = " ".join(str(problem).removeprefix(f"{job.path}: ").split()) or type(problem).__name__
                    warn(f"left out: {job.path}{job.frame_words}: {reason}")
                    table.add({"image": job.label, "left_out": reason})
                    failed += 1
                    continue
                for path, picture in zip(pictures[job], images_of, strict=True):
                    write_bytes(path, picture)
                if found.warning:
                    figures["warning"] = found.warning
                if spacing is None and sample.spacing_note:
                    figures["mm_at"] = sample.spacing_note
                beware(job, figures)
                table.add({"image": job.label, **figures, "sha256": known})
            table.rows += [{"image": file.name, "left_out": why} for file, why in others.items()]
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"{len(table.rows)} of {len(jobs)} done and kept in {folder}; the same command goes on"
            ) from None
        finally:
            if table.rows:
                table.save()
            warn_replaced(table.replaced)
    if failed == len(jobs):
        raise ValueError(f"none of the {len(paths)} image(s) in {images} could be read")
    rows = pd.DataFrame(table.rows)
    measured = rows[rows["left_out"].isna()] if "left_out" in rows else rows
    show_measurements(measured)
    if taken_over:
        out.print(f"{taken_over} of {len(jobs)} were done earlier and are kept as they were.")
    out.print(f"Masks, contours and {TABLE} are in {folder}", soft_wrap=True, markup=False)
    drawn = {path.name for path in chain(*pictures.values())}
    if earlier := {name for name in written(folder) - drawn if name.endswith(("_mask.png", "_contour.png"))}:
        out.print(f"Beside them lie {len(earlier)} pictures of an earlier call, which {TABLE} does not list.")
    if images.is_dir() and (inside := folders_of_images(images)):
        out.print(
            f"Folders of images are not looked into; name each itself: {first_of([folder.name for folder in inside])}",
            markup=False,
            soft_wrap=True,
        )
    if others:
        named = first_of([f"{file.name} ({why})" for file, why in others.items()])
        out.print(f"Left out: {named}", markup=False, soft_wrap=True)
    if measured["spacing_row_mm"].isna().any():
        out.print("No pixel spacing known, so no millimetres: give it with --spacing ROW COLUMN.")
    for note, names in notes.items():
        warn(f"{first_of(names)}: {note}.")
    out.print(NOTICE, style="yellow")
    if failed:
        raise typer.Exit(1)


def show_measurements(table: pd.DataFrame) -> None:
    """Print area and diameters of the first images; the file has the other figures and images."""
    names = [name for name in table.columns if name.startswith(SHOWN_COLUMNS)]
    view = Table(box=SIMPLE_HEAD)
    view.add_column("image", overflow="fold")
    for name in names:
        view.add_column(name.replace("_", " "), justify="right")  # headings break at spaces only
    for row in table.head(SHOWN_ROWS).to_dict("records"):
        view.add_row(escape(row["image"]), *(_short(row[name]) for name in names))
    out.print(view)
    if len(table) > SHOWN_ROWS:
        out.print(f"... and {len(table) - SHOWN_ROWS} more")


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
