"""`banet-edu explain`: a report on one image's boundary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banet_edu.cli.console import err, out
from banet_edu.cli.options import check_values

if TYPE_CHECKING:
    from banet_edu.data.sample import Sample

EPILOG = (
    "Example: [bold]banet-edu explain photo.jpg --mask expert.png --spacing 0.05 0.05 --model banet-lite-dermoscopy[/] · "
    "without an expert's mask: [bold]banet-edu explain photo.jpg --model banet-lite-dermoscopy[/]"
)


def explain_image(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="An image or DICOM file.")],
    model: Annotated[str, typer.Option("--model", help="Bundled weights by name, or a .safetensors file.")],
    mask: Annotated[
        Path | None,
        typer.Option("--mask", help="The expert's mask of the same field of view; then errors are measured."),
    ] = None,
    spacing: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--spacing", metavar="R C", help="Height and width of an image pixel in mm; DICOM files carry it."
        ),
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="The HTML file to write.", show_default="runs/explain/IMAGE.html")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="Errors up to here count as right: mm, or % of the diagonal without a spacing.")
    ] = 1.0,
    frame: Annotated[
        int | None,
        typer.Option("--frame", min=0, help="Of an image file that holds several: this one, counted from 0."),
    ] = None,
    shapley: Annotated[
        bool, typer.Option("--shapley", help="Also divide the network's confidence among its blocks (slower).")
    ] = False,
) -> None:
    """Explain one image: where its boundary may be wrong, what goes with it, and what the network did. Not a medical device."""
    from banet_edu.networks.weights import load_model
    from banet_edu.reports.explanation import write_explanation
    from banet_edu.storage import check_folder, may_write

    target = target or Path("runs/explain") / f"{image.stem}.html"
    check_values(spacing=spacing, tolerance=tolerance)
    check_folder(target.parent)
    may_write(target)
    sample = read_case(image, mask, spacing, frame)
    network = load_model(model)
    with err.status("reading") as status:
        written = write_explanation(
            network,
            sample,
            target,
            model_name=Path(model).stem,
            shapley=shapley,
            tolerance=tolerance,
            progress=lambda section: status.update(f"{section} ..."),
        )
    out.print(f"Report: {written}", soft_wrap=True)
    if mask is None:
        out.print("No expert's mask, so no error was measured: give one with --mask.")
    if sample.spacing_mm is None:
        out.print("No pixel spacing known, so no millimetres: give it with --spacing ROW COLUMN.")
    elif sample.spacing_note:
        out.print(f"{image.name}: {sample.spacing_note}.", style="yellow", markup=False, soft_wrap=True)
    out.print("For teaching and research. Not a medical device.", style="yellow")


def read_case(image: Path, mask: Path | None, spacing: tuple[float, float] | None, frame: int | None = None) -> Sample:
    """Image, mask and the size of a MASK pixel; `spacing` is that of an image pixel, and replaces what a DICOM file says.

    A mask of other proportions is taken to show the same field of view, stored squeezed, and that is said aloud; one that
    would fit when turned by 90 degrees is refused with a ValueError.
    """
    from banet_edu.config import check_spacing
    from banet_edu.data.reading import read_image, read_reference, spacing_note
    from banet_edu.data.sample import Sample

    pixels, stored = read_image(image, frame=frame)
    known, note = (stored, spacing_note(image)) if spacing is None else (check_spacing(spacing), "")
    if mask is None:
        return Sample(pixels, None, image.stem, known, note)
    reference = read_reference(mask)
    (height, width), (rows, columns) = pixels.shape[:2], reference.shape
    sizes = f"{mask} is {rows} x {columns}, {image} is {height} x {width}"
    if _differ(height / width, rows / columns):
        if not _differ(height / width, columns / rows):
            raise ValueError(f"{sizes}: one of them lies on its side; turn it by 90 degrees first")
        err.print(
            f"{sizes}: taken as the same field of view, one of them stored squeezed.", style="yellow", markup=False
        )
    if known is not None:
        known = (known[0] * height / rows, known[1] * width / columns)
    return Sample(pixels, reference, image.stem, known, note)


def _differ(one: float, other: float) -> bool:
    return abs(one / other - 1) > 0.02
