"""A DICOM series as a volume: slices in the order of space, never of file names (extra `dicom`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from banet_edu.data.dicom import dicom_header, read_stored, rescaled
from banet_edu.data.reading import is_dicom
from banet_edu.data.volume import Volume
from banet_edu.datasets.volumes.grid import Grid, check_voxels

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])  # DICOM counts to the patient's left and back, NIfTI to the right and front
UNEVEN = 0.02  # share of a step by which two steps between slices may differ: positions are rounded in files
SHOWN = 5


class _Slice(NamedTuple):
    path: Path
    series: str
    size: tuple[int, int]  # rows, columns
    spacing: NDArray[np.float64]  # between rows, between columns, in mm
    axes: NDArray[np.float64]  # 2 x 3: along a row, down a column
    position: NDArray[np.float64]  # of the first pixel's centre, in mm


def read_series(folder: str | Path, *, series: str | None = None, name: str | None = None) -> Volume:
    """The DICOM slices in a folder as one `Volume`: headers are read now, pixels when used.

    Slices are put in order by `ImagePositionPatient` along the normal of `ImageOrientationPatient`; the distance between them
    comes from these positions, neither from `SliceThickness` nor from `SpacingBetweenSlices`. Values are the modality's
    (`RescaleSlope`, `RescaleIntercept`: Hounsfield units of a CT), no window.

    Args:
        folder: further files in it, such as a DICOMDIR, are left aside; folders in it are not looked into.
        series: the SeriesInstanceUID to read, where the folder holds several.
        name: the case's; the folder's without a name.

    Raises:
        FileNotFoundError: no such folder, or no DICOM images in it. ModuleNotFoundError: pydicom is not installed.
        ValueError: names the files, what they hold and the way out: several series; frames in one file; slices of unlike
            sizes, pixel spacings or orientations; no position; one place twice; a gap or uneven steps; a tilted gantry; one
            slice; more than 268 million voxels.

    Example: `volume = read_series("study/t1_sagittal")`
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    files = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and is_dicom(path))
    slices = [found for path in files if (found := _slice(path)) is not None]
    slices = _one_series(folder, slices, series)
    _check_alike(folder, slices)
    rows, columns = slices[0].size
    check_voxels(folder, (columns, rows, len(slices)))
    slices, step = _in_order(folder, slices)
    affine = np.eye(4)
    along_row, down_column = slices[0].axes
    between_rows, between_columns = slices[0].spacing
    axes = np.stack([along_row * between_columns, down_column * between_rows, step], axis=1)
    affine[:3, :3], affine[:3, 3] = LPS_TO_RAS @ axes, LPS_TO_RAS @ slices[0].position
    try:
        grid = Grid((columns, rows, len(slices)), affine)
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from None
    paths = [one.path for one in slices]
    return Volume(
        lambda: np.ascontiguousarray(grid.to_ras(_pixels(paths, (columns, rows)))),
        None,
        folder.resolve().name if name is None else name,
        grid.lengths_zyx,
        "",
        grid.note,
        grid,
    )


def _pixels(paths: Sequence[Path], size: tuple[int, int]) -> NDArray[np.float32]:
    """(column, row, slice), the order of the grid's axes."""
    values = np.empty((*size, len(paths)), np.float32)

    def fill(index: int) -> None:
        header, stored = read_stored(paths[index])
        if stored.ndim != 2:
            raise ValueError(f"{paths[index]}: has colours: a slice of a volume has one number a pixel")
        values[:, :, index] = rescaled(stored, header).T

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(fill, range(len(paths))))
    return values


def _slice(path: Path) -> _Slice | None:
    """What a slice's header says of its place; None for a DICOM file without an image (a report, a DICOMDIR)."""
    try:
        header = dicom_header(path)
    except ValueError as error:
        if "without an image" in str(error):
            return None
        raise
    if (frames := int(header.get("NumberOfFrames") or 1)) > 1:
        raise ValueError(
            f"{path}: holds {frames} frames in one file (enhanced DICOM): convert it to NIfTI (dcm2niix FOLDER) and read that"
        )
    spacing = _numbers(path, header, "PixelSpacing", 2)
    axes = _numbers(path, header, "ImageOrientationPatient", 6).reshape(2, 3)
    position = _numbers(path, header, "ImagePositionPatient", 3)
    if (spacing <= 0).any() or np.abs(axes @ axes.T - np.eye(2)).max() > 0.01:
        raise ValueError(
            f"{path}: PixelSpacing {spacing.tolist()} and ImageOrientationPatient {axes.ravel().tolist()} are no sizes above 0 "
            "and no two directions at right angles: export the series again"
        )
    size = int(header.Rows), int(header.Columns)
    return _Slice(path, str(header.get("SeriesInstanceUID") or ""), size, spacing, axes, position)


def _numbers(path: Path, header: Any, tag: str, count: int) -> NDArray[np.float64]:
    try:
        values = np.array([float(value) for value in header.get(tag) or ()])
    except (TypeError, ValueError):
        values = np.empty(0)
    if len(values) != count or not np.isfinite(values).all():
        raise ValueError(
            f"{path}: states no {tag} ({header.get(tag)!r}), so its place is unknown: leave out what is "
            "no slice (scouts, captured screens), or export the series again"
        )
    return values


def _one_series(folder: Path, slices: Sequence[_Slice], series: str | None) -> list[_Slice]:
    by_series = defaultdict(list)
    for one in slices:
        by_series[one.series].append(one)
    listed = ", ".join(
        f"{uid or 'without a UID'} ({len(group)} slices)" for uid, group in list(by_series.items())[:SHOWN]
    )
    if not by_series:
        raise FileNotFoundError(f"{folder}: no DICOM images in it")
    if series is not None and series not in by_series:
        raise ValueError(f"{folder}: has no series {series!r}; it holds {listed}")
    if series is None and len(by_series) > 1:
        raise ValueError(
            f"{folder}: holds {len(by_series)} series: {listed}. Say which: series=UID, or sort them into folders"
        )
    return by_series[series] if series is not None else list(slices)


def _check_alike(folder: Path, slices: Sequence[_Slice]) -> None:
    """ValueError unless all slices have one size, one pixel spacing and one orientation."""
    if len(slices) < 2:
        raise ValueError(
            f"{folder}: holds one slice ({slices[0].path.name}); a volume has two or more: read it as an image"
        )
    first = slices[0]
    for one in slices[1:]:
        pairs: list[tuple[str, Any, Any, float]] = [
            ("Rows x Columns", first.size, one.size, 0.0),
            ("PixelSpacing", first.spacing, one.spacing, 1e-3 * float(first.spacing.min())),
            ("ImageOrientationPatient", first.axes.ravel(), one.axes.ravel(), 5e-3),
        ]
        for what, wanted, found, tolerance in pairs:
            if np.abs(np.subtract(wanted, found)).max() > tolerance:
                raise ValueError(
                    f"{folder}: slices of unlike {what}: {first.path.name} has {np.asarray(wanted).tolist()}, {one.path.name} "
                    f"{np.asarray(found).tolist()}. Sort them into folders, or leave the scouts out"
                )


def _in_order(folder: Path, slices: Sequence[_Slice]) -> tuple[list[_Slice], NDArray[np.float64]]:
    """The slices along their normal, and the step in mm from each to the next."""
    normal = np.cross(*slices[0].axes)
    ordered = sorted(slices, key=lambda one: float(one.position @ normal))
    steps = np.diff([one.position for one in ordered], axis=0)
    pairs = [f"{one.path.name} and {other.path.name}" for one, other in pairwise(ordered)]
    for pair, one, height in zip(pairs, ordered, steps @ normal, strict=False):
        if height < 1e-3:
            raise ValueError(
                f"{folder}: {pair} lie in one place (ImagePositionPatient {one.position.tolist()}): a copy, or another time or "
                "echo? Leave one of each out"
            )
    usual = np.median(steps, axis=0)
    length = float(np.linalg.norm(usual))
    for pair, step in zip(pairs, steps, strict=True):
        if np.linalg.norm(step - usual) > max(UNEVEN * length, 0.01):
            times = float(step @ usual) / length**2
            kind = f"about {round(times) - 1} missing" if times > 1.5 else "uneven steps"
            raise ValueError(
                f"{folder}: between {pair} the step is {np.linalg.norm(step):.4g} mm, elsewhere {length:.4g} mm: {kind}. Copy "
                "the series again, or resample it"
            )
    return ordered, (ordered[-1].position - ordered[0].position) / len(steps)
