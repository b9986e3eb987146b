"""`banet-edu explain` with a network of volumes: a report on one NIfTI file, or the DICOM series of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from banet_edu.cli.console import err, out
from banet_edu.cli.outcome import own_name
from banet_edu.cli.volumes.options import for_images_only

if TYPE_CHECKING:
    from banet_edu.data.volume import Volume


def explain_volume(
    network: Any,
    image: Path,
    mask: Path | None,
    target: Path | None,
    *,
    for_images: dict[str, Any],
    **told: Any,
) -> None:
    """Write the report, say where it is and what was not known. `told` goes to `write_volume_explanation`.

    Raises ValueError for a network of images, and where one of the options `for_images` was given.
    """
    from banet_edu.reports.volumes.explanation import names_beside, write_volume_explanation
    from banet_edu.storage import check_folder, may_write

    if network.spec.dims == 2:
        raise ValueError(
            f"{image} is a volume and {told['model_name']} a network of images: it takes one trained on volumes"
        )
    for_images_only(**for_images)
    volume = read_case(image, mask, network.spec)
    target = target or own_name(volume.image.tobytes())
    check_folder(target.parent)
    may_write(target, *names_beside(target))
    with err.status("reading") as status:
        written = write_volume_explanation(
            network,
            volume,
            target,
            progress=lambda section: status.update(f"{section} ..."),
            **told,
        )
    out.print(f"Report: {written}", soft_wrap=True, markup=False)
    out.print(f"Beside it: {', '.join(path.name for path in names_beside(written))}", soft_wrap=True, markup=False)
    if mask is None:
        out.print("No expert's mask, so no error was measured: give one with --mask.")
    for note in (volume.spacing_note, volume.orientation_note):
        if note:
            out.print(f"{image.name}: {note}.", style="yellow", markup=False, soft_wrap=True)
    out.print("For teaching and research. Not a medical device.", style="yellow")


def read_case(image: Path, mask: Path | None, spec: Any) -> Volume:
    """The volume and its mask; ValueError in words for what is no volume, or a mask that is none of this network's."""
    from banet_edu.cli.volumes.predicting import read
    from banet_edu.data.limits import regular_file
    from banet_edu.datasets.layouts import is_volume
    from banet_edu.datasets.volumes.nifti import read_nifti

    if not image.exists():
        regular_file(image)
    if not image.is_dir() and not is_volume(image):
        raise ValueError(
            f"{image}: this is a network of volumes: give a NIfTI file (.nii, .nii.gz) or the folder of a DICOM series"
        )
    if mask is None:
        return read(image)
    if image.is_dir():
        raise ValueError(f"{image}: a mask goes with a NIfTI file: save the series as one (.nii.gz) first")
    if not is_volume(mask):
        regular_file(mask)
        raise ValueError(f"{mask}: the mask of a volume is a NIfTI file of the same voxels (.nii, .nii.gz)")
    volume = read_nifti(image, mask)
    assert volume.mask is not None
    if (top := int(volume.mask.max())) >= spec.num_classes:
        raise ValueError(
            f"{mask}: holds the label {top}, but this network knows {dict(enumerate(spec.class_names))}: a mask of other "
            "structures?"
        )
    return volume
