"""`banet-edu predict`: masks, contours and measurements of image files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from banet_edu.cli.console import err, out
from banet_edu.config import Flips

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from banet_edu.data.sample import Sample
    from banet_edu.prediction import Prediction

EPILOG = (
    "Example: [bold]banet-edu predict photo.jpg --model banet-lite-dermoscopy[/] · your own weights: "
    "[bold]--model runs/mine/best.safetensors[/] · with millimetres: [bold]--spacing 0.05 0.05[/]"
)
CONTOUR_COLOUR = (0, 230, 118)  # green: rare in skin, mucosa and X-rays
SHOWN_ROWS = 20
SHOWN_COLUMNS = ("area_mm2", "area_px", "largest_diameter", "smallest_diameter")
NOTICE = "For teaching and research. Not a medical device: do not use these figures for diagnosis or treatment."


def predict_files(
    images: Annotated[Path, typer.Argument(metavar="IMAGE_OR_FOLDER", help="An image, or a folder of images.")],
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
    """Segment images: for each a mask, the contour drawn on it, its area and diameters. Not a medical device."""
    import pandas as pd

    from banet_edu.networks.weights import load_model
    from banet_edu.prediction import predict_many
    from banet_edu.storage import write_text

    paths, others = find_files(images)
    network = load_model(model)
    folder.mkdir(parents=True, exist_ok=True)
    stems = unique_stems(paths)
    rows: list[dict[str, Any]] = []
    notes: dict[str, list[str]] = {}
    for path, page, sample in _read_each(paths, frame, rows):
        try:
            [prediction] = predict_many(
                network, [sample], native=native, threshold=threshold, spacing_mm=spacing, flips=flips
            )
            save_pictures(folder, stems[path] + _page_suffix(page), sample.image, prediction)
            row, column = prediction.spacing_mm or (float("nan"), float("nan"))
            figures: dict[str, Any] = {"spacing_row_mm": row, "spacing_column_mm": column, **prediction.measurements}
        except Exception as problem:
            _leave_out(rows, path, page, problem, alone=images.is_file())
            continue
        if prediction.warning:
            figures["warning"] = prediction.warning
            err.print(f"{path}{_page_words(page)}: {prediction.warning}", style="yellow", markup=False, soft_wrap=True)
        rows.append({"image": path.name + _page_words(page), **figures})
        if spacing is None and sample.spacing_note:
            notes.setdefault(sample.spacing_note, []).append(path.name)
    if not any("spacing_row_mm" in row for row in rows):
        raise ValueError(f"none of the {len(paths)} image(s) in {images} could be read")
    rows += [{"image": file.name, "left_out": "not an image"} for file in others]
    table = pd.DataFrame(rows)
    write_text(folder / "measurements.csv", table.to_csv(index=False))
    measured = table[table["left_out"].isna()] if "left_out" in table else table
    show_measurements(measured)
    out.print(f"Masks, contours and measurements.csv are in {folder}", soft_wrap=True)
    if others:
        shown = ", ".join(file.name for file in others[:5]) + (" ..." if len(others) > 5 else "")
        out.print(f"Left out, not images: {shown}", markup=False, soft_wrap=True)
    if measured["spacing_row_mm"].isna().any():
        out.print("No pixel spacing known, so no millimetres: give it with --spacing ROW COLUMN.")
    for note, names in notes.items():
        shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
        out.print(f"{shown}: {note}.", style="yellow", markup=False, soft_wrap=True)
    out.print(NOTICE, style="yellow")


def find_files(path: Path) -> tuple[list[Path], list[Path]]:
    """The image itself, or a folder's images by name, told by their content; and its other files.

    FileNotFoundError where there is no image.
    """
    from banet_edu.data.reading import looks_like_an_image

    if path.is_file():
        return [path], []
    if not path.is_dir():
        raise FileNotFoundError(f"there is no image and no folder {path}")
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    images = [file for file in files if looks_like_an_image(file)]
    if not images:
        raise FileNotFoundError(
            f"no image in {path}: none of its {len(files)} file(s) is a picture or DICOM by its content"
        )
    return images, [file for file in files if file not in images]


def unique_stems(paths: list[Path]) -> dict[Path, str]:
    """What result files are named after: the file's stem, with its suffix where a.jpg and a.png lie side by side."""
    from banet_edu.data.reading import stem

    stems = [stem(path) for path in paths]
    return {path: stem(path) if stems.count(stem(path)) == 1 else path.name.replace(".", "_") for path in paths}


def _read_each(
    paths: list[Path], frame: int | None, rows: list[dict[str, Any]]
) -> Iterator[tuple[Path, int | None, Sample]]:
    """(file, frame or None, sample) of what can be read, every frame of a file that holds several unless one is asked for;
    an unreadable file of a folder is reported, gets a row with the reason and is left out, alone it is an error."""
    from rich.progress import track

    from banet_edu.data.reading import frame_count, read_image, spacing_note, stem
    from banet_edu.data.sample import Sample

    for path in track(paths, "predicting", console=err, transient=True):
        page: int | None = None
        try:
            count = frame_count(path)
            pages: list[int | None] = [frame] if frame is not None else list(range(count))
            if count == 1 and (frame is None or len(paths) > 1):
                pages = [None]
            for page in pages:
                pixels, stored = read_image(path, frame=page)
                yield path, page, Sample(pixels, None, stem(path), stored, spacing_note(path))
        except Exception as problem:  # whatever a broken file leads its decoder to
            _leave_out(rows, path, page, problem, alone=len(paths) == 1)


def _leave_out(rows: list[dict[str, Any]], path: Path, page: int | None, problem: Exception, *, alone: bool) -> None:
    if alone:
        raise problem
    reason = " ".join(str(problem).removeprefix(f"{path}: ").split()) or type(problem).__name__
    err.print(f"left out: {path}{_page_words(page)}: {reason}", style="yellow", markup=False, soft_wrap=True)
    rows.append({"image": path.name + _page_words(page), "left_out": reason})


def _page_words(page: int | None) -> str:
    return "" if page is None else f" frame {page}"


def _page_suffix(page: int | None) -> str:
    return "" if page is None else f"_frame{page}"


def save_pictures(folder: Path, stem: str, image: NDArray[np.uint8], prediction: Prediction) -> None:
    """`STEM_mask.png` (0 and 255; class numbers when there are more) and `STEM_contour.png`, the outline on the image."""
    import numpy as np
    from PIL import Image

    several = len(prediction.class_names) > 2
    mask = prediction.labels if several else prediction.labels * np.uint8(255)
    Image.fromarray(mask).save(folder / f"{stem}_mask.png")
    Image.fromarray(draw_contours(image, prediction.contours)).save(folder / f"{stem}_contour.png")


def draw_contours(image: NDArray[np.uint8], contours: Iterable[NDArray[np.float64]]) -> NDArray[np.uint8]:
    """A copy of the H x W x 3 image with (row, column) outlines drawn at sub-pixel positions, about 1/300 of it wide."""
    import cv2
    import numpy as np

    drawn = image.copy()
    shift = 4  # cv2 takes coordinates in 1/16 pixel
    width = max(1, round(max(image.shape[:2]) / 300))
    for contour in contours:
        points = np.round(contour[:, ::-1] * 2**shift).astype(np.int32)
        closed = bool(np.allclose(contour[0], contour[-1]))
        cv2.polylines(drawn, [points], closed, CONTOUR_COLOUR, width, cv2.LINE_AA, shift)
    return drawn


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
