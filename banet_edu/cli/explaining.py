"""`banet-edu explain`: a report on one image's boundary. `banet-edu audit`: many images with masks, worst first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banet_edu.cli.console import err, out, warn, warn_replaced
from banet_edu.cli.options import check_values, parse_value_map, reader_folders
from banet_edu.cli.outcome import html_name, own_name
from banet_edu.cli.volumes.options import same_kind
from banet_edu.config import IMAGE_KINDS, __version__

if TYPE_CHECKING:
    from banet_edu.data.sample import Sample
    from banet_edu.datasets.dataset import Dataset

EPILOG = (
    "Example: [bold]banet-edu explain photo.jpg --mask expert.png --spacing 0.05 0.05 --model banet-lite-dermoscopy[/] · "
    "without an expert's mask: [bold]banet-edu explain photo.jpg --model banet-lite-dermoscopy[/]"
)
AUDIT_EPILOG = (
    "Example: [bold]banet-edu audit images masks --model banet-lite-polyp[/] · with two readers' masks: "
    "[bold]banet-edu audit images --readers masks_a masks_b --model banet-lite-polyp[/]"
)


def explain_image(
    image: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGE",
            help=f"An image ({IMAGE_KINDS}); for a network of volumes a NIfTI file or the folder of a DICOM series.",
        ),
    ],
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
        Path | None,
        typer.Option("--out", callback=html_name, help="The HTML file.", show_default="runs/explain/case-ID.html"),
    ] = None,
    label: Annotated[
        str, typer.Option("--label", help="What the report calls the case; file names stay out of it.")
    ] = "",
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out what takes many passes through the network.")
    ] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write the first page as a PDF too.")] = False,
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
    """Explain one image or volume: where its outline is wrong, or may be, what goes with it, and what the network did. Not a
    medical device.

    Beside the report stand its figures (.csv), the mask (.png) and the outline (.json); of a volume the labels (.nii.gz).
    """
    from banet_edu.cli.volumes.explaining import explain_volume
    from banet_edu.data.dicom import name_burned_in
    from banet_edu.data.reading import is_dicom
    from banet_edu.datasets.layouts import is_volume
    from banet_edu.networks.weights import load_model
    from banet_edu.reports.beside import names_beside
    from banet_edu.reports.explanation import write_explanation
    from banet_edu.storage import check_folder, may_write

    check_values(spacing=spacing, tolerance=tolerance)
    if quick and shapley:
        raise ValueError("--quick leaves out what --shapley asks for; give one of the two")
    network: Any = load_model(model)
    told: dict[str, Any] = {"model_name": Path(model).stem, "label": label, "quick": quick, "shapley": shapley}
    told["tolerance"] = tolerance
    if network.spec.dims == 3 or is_volume(image):
        explain_volume(
            network, image, mask, target, for_images={"spacing": spacing, "frame": frame, "pdf": pdf or None}, **told
        )
        return
    if image.is_dir():
        raise ValueError(f"{image}: is a folder, not a file; of a folder of images: predict, or with masks audit")
    sample = read_case(image, mask, spacing, frame)
    target = target or own_name(sample.image.tobytes())
    check_folder(target.parent)
    may_write(target, *names_beside(target), *([target.with_suffix(".pdf")] if pdf else []))
    with err.status("reading") as status:
        scale = "" if spacing is None else "typed with --spacing"
        written = write_explanation(network, sample, target, scale=scale, pdf=pdf, **told,
                                    progress=lambda section: status.update(f"{section} ..."))  # fmt: skip
    out.print(f"Report: {written}", soft_wrap=True, markup=False)
    if pdf:
        out.print(f"One page: {written.with_suffix('.pdf')}", soft_wrap=True, markup=False)
    out.print(f"Beside it: {', '.join(path.name for path in names_beside(written))}", soft_wrap=True, markup=False)
    if is_dicom(image) and name_burned_in(image):
        warn(
            "the pixels may show the patient's name, as this kind of DICOM file often does: look before passing them on"
        )
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
    from banet_edu.data.reading import laid_on_white, read_image, read_reference, spacing_note
    from banet_edu.data.sample import Sample, same_proportions

    pixels, stored = read_image(image, frame=frame, flatten=True)
    if said := laid_on_white(image):
        warn(f"{image.name}: {said}")
    known, note = (stored, spacing_note(image)) if spacing is None else (check_spacing(spacing), "")
    if mask is None:
        return Sample(pixels, None, image.stem, known, note)
    reference = read_reference(mask)
    (height, width), (rows, columns) = pixels.shape[:2], reference.shape
    sizes = f"{mask} is {columns} x {rows}, {image} is {width} x {height}"
    if not same_proportions((height, width), (rows, columns)):
        if same_proportions((height, width), (columns, rows)):
            raise ValueError(f"{sizes}: one of them lies on its side; turn it by 90 degrees first")
        warn(f"{sizes}: taken as the same field of view, one of them stored squeezed.")
    if known is not None:
        known = (known[0] * height / rows, known[1] * width / columns)
    return Sample(pixels, reference, image.stem, known, note)


def audit_images(
    images: Annotated[Path, typer.Argument(metavar="IMAGES", help="A folder of images.")],
    model: Annotated[str, typer.Option("--model", help="Bundled weights by name, or a .safetensors file.")],
    masks: Annotated[
        Path | None, typer.Argument(metavar="MASKS", help="A folder of an expert's masks of them.")
    ] = None,
    readers: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--readers", metavar="A B", help="Folders of two readers' masks: how far are experts apart?"),
    ] = None,
    suffix: Annotated[
        str, typer.Option("--mask-suffix", help="What a mask's name has after its image's, as _mask.")
    ] = "",
    spacing: Annotated[
        tuple[float, float] | None,
        typer.Option("--spacing", metavar="R C", help="Height and width of a mask pixel in mm; DICOM files carry it."),
    ] = None,
    value_map: Annotated[
        str | None, typer.Option("--value-map", help="What mask values mean: 0=0,128=1,255=2. All but 0 is the object.")
    ] = None,
    folder: Annotated[Path, typer.Option("--out", help="Where the results go.")] = Path("runs/audit"),
) -> None:
    """Measure a trained network on images with masks, worst case first. Nothing is trained. Not a medical device.

    What was stopped goes on with the same command. Exit code 1 where a file could not be read.
    """
    from rich.progress import track

    from banet_edu.datasets.opening import open_pair
    from banet_edu.explain import cohort_profile, why
    from banet_edu.networks.weights import load_model
    from banet_edu.reports.audit import SHOWN, write_audit
    from banet_edu.reports.cases import audit_case, audited, worst_first
    from banet_edu.reports.measurements import Measurements
    from banet_edu.storage import check_folder, locked, may_write, sha256, write_table

    check_values(spacing=spacing)
    first, second = reader_folders(masks, readers)
    check_folder(folder)
    may_write(*(folder / name for name in ("audit.csv", "audit.json", "summary.csv", "audit.html")))
    network: Any = load_model(model)
    labels: Any = None if value_map is None else parse_value_map(value_map)
    data = open_pair(images, first, suffix, spacing, labels)
    same_kind(network, data)
    other = None if second is None else open_pair(images, second, suffix, spacing, labels)
    sizes = data.root / "spacing.csv"
    settings = {
        "weights": network.weights_sha256,
        "spacing_mm": spacing,
        "value_map": value_map,
        "banet_edu": __version__,
    }
    settings |= {"spacing.csv": sha256(sizes)} if sizes.is_file() else {}
    rows: list[dict[str, Any]] = []
    left_out = [str(problem) for problem in data.problems]
    if other is not None:
        known_already = {(Path(problem.file).name, problem.reason) for problem in data.problems}
        left_out += [
            f"reader B: {problem}"
            for problem in other.problems
            if (Path(problem.file).name, problem.reason) not in known_already
        ]
    with locked(folder):
        table = Measurements(folder, settings, (None, "audit.json"))
        try:
            for case in track(data.cases, "measuring", console=err, transient=True):
                theirs = None if other is None or case.name not in other.names else other[case.name]
                both = [case.image, case.mask]
                if other is not None and theirs is not None:
                    both.append(other_mask(other, case.name))
                known = "-".join(
                    [*(sha256(file)[:16] for file in both), *["B lacks"] * (second is not None and theirs is None)]
                )
                if table.take_over(case.name, known):
                    rows += table.rows[-1]["pairs"]
                    continue
                try:
                    pairs = audit_case(
                        network, data[case.name], None if theirs is None else theirs.mask, readers=1 + bool(second)
                    )
                except Exception as error:  # whatever a broken file leads its decoder, or the network, to
                    left_out.append(f"{case.name}: {' '.join(str(error).split()) or type(error).__name__}")
                    continue
                rows += pairs
                table.add({"image": case.name, "sha256": known, "pairs": pairs})
        finally:
            if table.rows:
                table.save()
        for problem in left_out:
            warn(f"left out: {problem}")
        warn_replaced(table.replaced)
        facts = {"network": Path(model).stem, "images": str(images), "masks": str(first), "left out": len(left_out)}
        result = audited(rows, facts | ({"masks of reader B": str(second)} if second else {}))
        worst = worst_first(result)
        write_table(folder / "audit.csv", worst)
        write_table(folder / "summary.csv", result.summary)
        samples = [data[name] for name in worst["name"]]
        with err.status("what goes with the errors ..."):
            causes = None if network.spec.dims == 3 else why(cohort_profile(network, samples))
        write_audit(result, network, samples[:SHOWN], causes, folder / "audit.html")
    out.print(f"Report: {folder / 'audit.html'}", soft_wrap=True, markup=False)
    out.print(f"Every case, worst first: {folder / 'audit.csv'}", soft_wrap=True, markup=False)
    out.print("For teaching and research. Not a medical device.", style="yellow")
    if left_out:
        raise typer.Exit(1)


def other_mask(dataset: Dataset, name: str) -> Path:
    """Reader B's file of a case."""
    return next(case.mask for case in dataset.cases if case.name == name)
