"""Options that several commands share, as dataclasses: which data. How to train on it: recipe.py."""

from __future__ import annotations

import csv
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints
from unicodedata import normalize

import typer

if TYPE_CHECKING:
    from banet_edu.datasets.dataset import Dataset


_data = partial(typer.Option, rich_help_panel="Data")


def check_values(
    *,
    spacing: tuple[float, float] | None = None,
    threshold: float | None = None,
    tolerance: float | None = None,
) -> None:
    """ValueError, before any work, for a value that Python's own functions would refuse only after some."""
    from banet_edu.config import check_spacing, check_threshold, check_tolerance

    if spacing is not None:
        try:
            check_spacing(spacing)
        except ValueError as error:
            raise ValueError(f"--spacing {spacing[0]:g} {spacing[1]:g}: {error}") from None
    if threshold is not None:
        check_threshold(threshold)
    if tolerance is not None:
        check_tolerance(tolerance)


def parse_value_map(text: str) -> dict[int, int]:
    """`0=0,128=1,255=2` as {0: 0, 128: 1, 255: 2}.

    >>> parse_value_map("0=0,255=1")
    {0: 0, 255: 1}
    """
    try:
        pairs = [(int(value), int(label)) for value, label in (pair.split("=") for pair in text.split(","))]
    except ValueError:
        raise ValueError(f"--value-map is VALUE=CLASS,VALUE=CLASS, as in 0=0,128=1,255=2, not {text!r}") from None
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"--value-map {text}: names a value twice")
    return dict(pairs)


def parse_groups(text: str) -> str | dict[str, str]:
    """`FILE.csv:COLUMN` as {name: group}; `folder` and regular expressions as they are."""
    file, _, column = text.rpartition(":")
    if text.lower().endswith(".csv"):
        raise ValueError(f"--groups {text}: say which column holds the groups, as in {text}:patient")
    if not file.lower().endswith(".csv"):
        return text
    from banet_edu.data.limits import regular_file

    regular_file(Path(file))
    try:
        with Path(file).open(newline="", encoding="utf-8-sig") as opened:
            rows = csv.DictReader(opened)
            if missing := {"name", column} - set(rows.fieldnames or ()):
                raise ValueError(
                    f"{file} has no column {min(missing)!r}; it has {', '.join(rows.fieldnames or ['none'])}. --groups "
                    "FILE.csv:COLUMN needs name (the image's, without its ending) and COLUMN"
                )
            named = [(normalize("NFC", row["name"] or ""), row[column] or "") for row in rows]
    except UnicodeDecodeError:
        raise ValueError(f"{file}: is no text in UTF-8; save it as such") from None
    if twice := [name for name, group in named if dict(named)[name] != group]:
        raise ValueError(f"{file}: has two groups for {twice[0]!r}")
    return dict(named)


@dataclass(frozen=True, kw_only=True)
class FormatOptions:
    """How a data set's files are named, encoded and split."""

    format: Annotated[
        str,
        _data("--format", help="isic2017, ph2, kvasir_seg, cvc_colondb, sz_cxr, dicom, msd, or folder for your own."),
    ]
    split_seed: Annotated[int, _data("--split-seed", help="Chooses the 70/10/20 split; no other seed moves it.")] = 0
    exclude_empty: Annotated[bool, _data("--exclude-empty", help="Leave out masks without any foreground.")] = False
    image_dir: Annotated[str | None, _data("--image-dir", help="Folder of the images, where not the format's.")] = None
    mask_dir: Annotated[str | None, _data("--mask-dir", help="Folder of the masks, where not the format's.")] = None
    mask_suffix: Annotated[
        str | None, _data("--mask-suffix", help="What a mask's name has after its image's, as _mask.")
    ] = None
    mask_prefix: Annotated[
        str | None, _data("--mask-prefix", help="What a mask's name has before its image's, as mask_.")
    ] = None
    image_suffix: Annotated[
        str | None, _data("--image-suffix", help="What an image's name has after the case's, as _training.")
    ] = None
    groups: Annotated[
        str | None,
        _data(
            "--groups",
            metavar="WHAT",
            help="What must stay on one side of the split: 'folder', a regular expression with one group for the names, or "
            "FILE.csv:COLUMN, a table whose column 'name' holds the images' names without their ending.",
        ),
    ] = None
    value_map: Annotated[
        str | None, _data("--value-map", metavar="MAP", help="Class of each mask value: 0=0,128=1,255=2.")
    ] = None
    invert: Annotated[bool, _data("--invert", help="The dark part of the masks is the foreground.")] = False
    spacing: Annotated[
        tuple[float, float] | None,
        _data("--spacing", metavar="R C", help="Height and width of a mask pixel in mm, where you know them."),
    ] = None

    def rules(self) -> dict[str, Any]:
        """Keywords of `open_dataset` and `check_dataset`, beside format, root and split."""
        return {
            "empty": "exclude" if self.exclude_empty else "keep",
            "image_dir": self.image_dir,
            "mask_dir": self.mask_dir,
            "mask_suffix": self.mask_suffix,
            "mask_prefix": self.mask_prefix,
            "image_suffix": self.image_suffix,
            "groups": None if self.groups is None else parse_groups(self.groups),
            "value_map": None if self.value_map is None else parse_value_map(self.value_map),
            "invert": self.invert,
            "spacing_mm": self.spacing,
        }


@dataclass(frozen=True, kw_only=True)
class DataOptions(FormatOptions):
    """A data set to train on."""

    root: Annotated[Path, _data("--root", help="The data set's folder, with images and masks in it.")]
    skip_bad: Annotated[bool, _data("--skip-bad", help="Leave bad files out and list them, instead of stopping.")] = (
        False
    )

    @property
    def name(self) -> str:
        """What run directories and reports call the data: the format, or the folder's own name where formats are generic."""
        return self.root.resolve().name if self.format in ("folder", "dicom") else self.format

    def open(self) -> Dataset:
        from banet_edu.datasets.opening import open_dataset

        return open_dataset(self.format, self.root, on_error="skip" if self.skip_bad else "raise", **self.rules())


@dataclass(frozen=True, kw_only=True)
class AnyDataOptions(DataOptions):
    """A data set to train on, or phantoms: painted ones to learn from, the bundled ones to test with."""

    # Neither is needed where --kind says which phantoms.
    format: Annotated[
        str | None, _data("--format", help="isic2017, ph2, kvasir_seg, cvc_colondb, sz_cxr, dicom, msd, or folder.")
    ] = None  # type: ignore[assignment]
    root: Annotated[Path | None, _data("--root", help="The data set's folder, with images and masks in it.")] = None  # type: ignore[assignment]
    kind: Annotated[
        str | None, _data("--kind", help="Phantoms instead of a data set: dermoscopy, polyp, lung, or all.")
    ] = None
    painted: Annotated[int, _data("--painted", min=1, help="Phantoms of each kind to train on, with --kind.")] = 150

    def check(self) -> None:
        """ValueError unless there is either --kind, or --format with --root, and nothing that has no effect beside it."""
        if (self.kind is None) == (self.format is None and self.root is None):
            raise ValueError("name the data: either --kind for phantoms, or --format and --root")
        if self.kind is None and (self.format is None or self.root is None):
            raise ValueError("a data set needs both --format and --root")
        idle = {"painted"} if self.kind is None else {field.name for field in fields(DataOptions)}
        for field in fields(self):
            if field.name in idle and getattr(self, field.name) != field.default:
                raise ValueError(
                    f"--{field.name.replace('_', '-')} has no effect beside {'--kind' if self.kind else '--root'}"
                )

    @property
    def kinds(self) -> list[str]:
        """The kinds of phantoms asked for; none with a data set."""
        if self.kind is None:
            return []
        given = [kind.strip() for kind in self.kind.split(",") if kind.strip()]
        return ["dermoscopy", "polyp", "lung"] if given == ["all"] else given

    @property
    def name(self) -> str:
        return f"phantoms-{'-'.join(self.kinds) if self.kind != 'all' else 'all'}" if self.kind else super().name


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take dataclasses of options: each of their fields becomes an option of the command line.

    The command reads `def train(data: DataOptions, training: TrainingOptions, model: ...)`; typer sees one flat
    function, so that shared options are written down once.
    """
    groups: dict[str, Any] = {}
    flat: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        if is_dataclass(parameter.annotation):
            groups[name] = parameter.annotation
            flat += _as_parameters(parameter.annotation)
        else:
            flat.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def run(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        command(**values)

    run.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    return run


def _as_parameters(group: Any) -> list[inspect.Parameter]:
    types = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=types[field.name],
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
        )
        for field in sorted(fields(group), key=lambda field: field.default is not MISSING)  # required ones come first
    ]


def reader_folders(masks: Path | None, readers: tuple[Path, Path] | None) -> tuple[Path, Path | None]:
    """The folders of reader A, whom the errors are measured against, and of reader B, if there is one."""
    if readers is None:
        if masks is None:
            raise ValueError(
                "whose masks? Name their folder after that of the images, or two with --readers A B; of masks beside the "
                "images: banet-edu audit IMAGES IMAGES --mask-suffix _mask"
            )
        return masks, None
    if masks is not None and masks.resolve() != readers[0].resolve():
        raise ValueError(
            f"MASKS is {masks}, reader A of --readers {readers[0]}: name the folder of reader A's masks once"
        )
    return readers
