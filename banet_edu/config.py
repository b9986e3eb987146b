"""The settings of a run as frozen dataclasses, and the presets.

Nothing here imports torch: a configuration can be read, compared and written to JSON on its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Integral
from typing import Any, Literal, get_args, get_origin, get_type_hints, overload

__version__ = "0.1.0"

# Mean and standard deviation of ImageNet's RGB values in 0..1: every model here is fed (image / 255 - mean) / std.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

PRESETS = ("nano", "lite", "fine", "paper")  # fine: lite on a grid twice as fine (docs/results.md)
INPUT_SIZE = {"nano": 64, "lite": 128, "fine": 128, "paper": 256}
VOLUME_SIZE = {"nano": (32, 32, 32), "lite": (40, 56, 40)}  # lite: a cropped hippocampus, padded, or in windows
IMAGE_KINDS = "PNG, JPEG, BMP, TIFF, WebP, HEIC or DICOM"  # by their content, whatever their names
Flips = Literal["none", "horizontal", "all"]  # mirror images that a prediction is averaged over
AXES = {2: ("row", "column"), 3: ("z", "y", "x")}  # columns of a table for a place in an image, in a volume (indices)
BASE_WIDTH = {"nano": 8, "lite": 16, "fine": 16, "paper": 64}  # first width of the comparators


@dataclass(frozen=True)
class ModelSpec:
    """All it takes to build a model again and to feed it: stored in every checkpoint, carried as `model.spec`.

    `class_names[0]` is the background. `input_size` is the (height, width) images are resized to before the network; of a
    network of volumes (`dims` 3), the (depth, height, width) it was made for. `mean` and `std` are those of RGB images; they
    are empty where volumes (or anything but three channels) go in, each made mean 0 and standard deviation 1 on its own.
    """

    name: str
    preset: str = "lite"
    num_classes: int = 2
    overrides: Mapping[str, Any] = field(default_factory=dict)
    input_size: tuple[int, ...] = (128, 128)
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    class_names: tuple[str, ...] = ("background", "lesion")
    dims: int = 2
    norm: str = "batch"
    in_channels: int = 3

    def to_dict(self) -> dict[str, Any]:
        """What describes RGB images as before volumes is left out: files and runs of then and now agree."""
        return {key: value for key, value in asdict(self).items() if _USUAL.get(key) != value}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelSpec:
        """Rebuild from JSON, where tuples have become lists."""
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"unknown field(s) {unknown} in a model specification; known: {sorted(known)}")
        spec = cls(**{key: _tuples(value) for key, value in values.items()})
        if not (isinstance(spec.name, str) and isinstance(spec.preset, str) and isinstance(spec.overrides, Mapping)):
            raise ValueError(f"a model specification has a name, a preset and overrides, not {values}")
        check_input_kind(spec.dims, spec.norm, spec.in_channels)
        check_size(spec.input_size, dims=spec.dims)
        check_classes(spec.num_classes, spec.class_names)
        channels = 3 if (spec.dims, spec.in_channels) == (2, 3) else 0
        for three in (spec.mean, spec.std):
            if len(three) != channels or not all(
                isinstance(value, float | int) and abs(value) < 1000 for value in three
            ):
                raise ValueError(f"mean and std of a model specification are {channels} numbers each, not {three}")
        if min(spec.std, default=1) <= 0:
            raise ValueError(f"std of a model specification is above 0, not {spec.std}")
        return spec


_USUAL = {"dims": 2, "norm": "batch", "in_channels": 3}


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value


def check_classes(num_classes: int, names: Sequence[str] | None = None) -> tuple[str, ...]:
    """One name per class, background first; names of our own where none are given. ValueError where they do not fit.

    >>> check_classes(2), check_classes(3)
    (('background', 'lesion'), ('class 0', 'class 1', 'class 2'))
    """
    if num_classes < 2:
        raise ValueError(f"num_classes counts the background too, so it is at least 2, got {num_classes}")
    if num_classes > 256:
        raise ValueError(f"labels are kept in 8 bits, so num_classes is at most 256, got {num_classes}")
    if names is None:
        return ("background", "lesion") if num_classes == 2 else tuple(f"class {k}" for k in range(num_classes))
    if len(names) != num_classes or len(set(names)) < num_classes:
        raise ValueError(f"{num_classes} classes need as many names, each another, got {names}")
    return tuple(names)


def check_size(size: int | Sequence[int], *, least: int = 32, dims: int = 2) -> tuple[int, ...]:
    """(height, width) of a network's input, given as both or as one number for a square; of volumes (depth, height, width).

    ValueError below `least`.

    >>> check_size(96), check_size((64, 128)), check_size((40, 56, 40), dims=3)
    ((96, 96), (64, 128), (40, 56, 40))
    """
    given: Any = size
    sides = (given,) * dims if isinstance(given, Integral) else tuple(given)
    if len(sides) != dims or not all(isinstance(side, Integral) and int(side) >= least for side in sides):
        said = "(height, width)" if dims == 2 else "(depth, height, width)"
        raise ValueError(f"an input size is one whole number or {said}, each at least {least}, got {size!r}")
    return tuple(int(side) for side in sides)


def check_input_kind(dims: int, norm: str, in_channels: int) -> None:
    """ValueError unless a network can be built for such an input."""
    if not isinstance(dims, int) or dims not in (2, 3):
        raise ValueError(f"dims is 2 (images) or 3 (volumes), got {dims!r}")
    if norm not in ("batch", "instance"):
        raise ValueError(f'norm is "batch" or "instance", got {norm!r}')
    if not isinstance(in_channels, Integral) or int(in_channels) < 1:
        raise ValueError(f"in_channels is a whole number from 1 on, got {in_channels!r}")


@overload
def check_spacing(spacing_mm: Any) -> tuple[float, float]: ...
@overload
def check_spacing(spacing_mm: Any, dims: int) -> tuple[float, ...]: ...
def check_spacing(spacing_mm: Any, dims: int = 2) -> tuple[float, ...]:
    """A pixel's size as two positive finite floats, (row, column) in mm; a voxel's as three, (z, y, x). ValueError otherwise.

    >>> check_spacing((0.5, 0.25)), check_spacing((3, 1, 1), dims=3)
    ((0.5, 0.25), (3.0, 1.0, 1.0))
    """
    try:
        sizes = tuple(float(value) for value in spacing_mm)
    except (TypeError, ValueError):
        sizes = ()
    if len(sizes) != dims or not all(0 < size < math.inf for size in sizes):
        wanted = "(row, column), two" if dims == 2 else "(z, y, x), three"
        raise ValueError(f"spacing_mm is {wanted} numbers of mm above 0, not {spacing_mm!r}")
    return sizes


def check_threshold(threshold: float) -> float:
    """A probability strictly between 0 and 1, as foreground begins at; ValueError otherwise."""
    if not 0.0 < threshold < 1.0:
        raise ValueError(f"threshold must lie between 0 and 1, got {threshold}")
    return threshold


def check_tolerance(tolerance: float) -> float:
    """A distance above 0 that counts as right, in mm or % of the image diagonal; ValueError otherwise."""
    if not 0 < tolerance < math.inf:
        raise ValueError(f"a tolerance is a number above 0, got {tolerance}")
    return tolerance


def _check_words(config: Any) -> None:
    for name, kind in get_type_hints(type(config)).items():
        if get_origin(kind) is Literal and getattr(config, name) not in get_args(kind):
            raise ValueError(f"{name} is one of {', '.join(get_args(kind))}, not {getattr(config, name)!r}")


@dataclass(frozen=True)
class LossConfig:
    """Weights of the training loss (SPEC section 2). The release's recipe sets every weight to 1.

    `side_seg` and `side_edge` are one weight for all four stages or four weights, fine to coarse.
    `dice_form="release"` and `edge_padding="zero"` are the authors' variants, here to be taught rather than used.
    """

    ce: float = 1.0
    dice: float = 1.0
    side_seg: float | tuple[float, float, float, float] = 1.0
    side_edge: float | tuple[float, float, float, float] = 1.0
    dice_form: Literal["standard", "release"] = "standard"
    edge_padding: Literal["replicate", "zero"] = "replicate"

    def __post_init__(self) -> None:
        """ValueError for a value that no run could have. Equal weights are kept alike, however they are typed."""
        _check_words(self)
        for name in ("ce", "dice", "side_seg", "side_edge"):
            value = getattr(self, name)
            weights = [float(each) for each in (value if isinstance(value, list | tuple) else [value])]
            if not all(0 <= each < math.inf for each in weights):
                raise ValueError(f"{name} is a weight from 0 on, not {value!r}")
            object.__setattr__(self, name, tuple(weights) if isinstance(value, list | tuple) else weights[0])


@dataclass(frozen=True)
class TrainConfig:
    """One training run. The budget is `steps` optimiser steps, so that data sets of any size cost the same.

    An epoch is one pass over the training part (`steps` cuts the last one short). `patience` counts epochs without a
    better validation JA; None never stops early. `augment`: "default" (flips, affine, colour),
    "upright" (the same for images that always stand one way, such as chest X-rays), "release" (SPEC
    section 3) or "none". `precision` "auto" is bf16 on a GPU that has it, fp32 elsewhere; on a GPU, fp32 means TF32 where it
    has that. `num_workers` are the processes that read ahead; "auto" takes up to 8 on a GPU, none elsewhere.
    `cuda_graph` "on" and "auto" launch a step as one CUDA graph (one process, one GPU); "auto" computes without one on
    any other device, where "on" is refused.
    """

    steps: int = 1200
    batch_size: int = 8
    learning_rate: float = 1e-3
    optimizer: Literal["adamw", "adam"] = "adamw"
    weight_decay: float = 1e-2
    schedule: Literal["one_cycle", "poly", "constant"] = "one_cycle"
    augment: Literal["default", "upright", "release", "none"] = "default"
    loss: LossConfig = field(default_factory=LossConfig)
    seed: int = 0
    patience: int | None = None
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"
    num_workers: int | Literal["auto"] = "auto"
    cuda_graph: Literal["auto", "on", "off"] = "off"

    def __post_init__(self) -> None:
        """ValueError for a value that no run could have: before data are read, for commands and Python alike."""
        for name, least in (("steps", 1), ("batch_size", 1), ("seed", 0), ("patience", 1), ("num_workers", 0)):
            value = getattr(self, name)
            whole = isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
            if not whole and (name, value) not in (("patience", None), ("num_workers", "auto")):
                raise ValueError(f"{name} is a whole number from {least} on, not {value!r}")
            object.__setattr__(self, name, int(value) if whole else value)
        if not 0 < self.learning_rate < math.inf or not 0 <= self.weight_decay < math.inf:
            raise ValueError(
                "learning_rate is a number above 0 and weight_decay one from 0 on, not "
                f"{self.learning_rate!r} and {self.weight_decay!r}"
            )
        for name in ("learning_rate", "weight_decay"):
            object.__setattr__(self, name, float(getattr(self, name)))
        _check_words(self)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"unknown field(s) {unknown} in a training configuration; known: {sorted(known)}")
        values = {key: _tuples(value) for key, value in values.items()}
        if isinstance(values.get("loss"), dict):
            values["loss"] = LossConfig(**values["loss"])
        return cls(**values)


def release_recipe(train_size: int, *, batch_size: int = 8, seed: int = 0) -> TrainConfig:
    """The authors' recipe (SPEC section 3): Adam, learning rate 1e-4, poly decay, batch 8, 150 epochs over `train_size`
    images, which are given as steps, and their augmentation ([release])."""
    base = TrainConfig(optimizer="adam", learning_rate=1e-4, weight_decay=0.0, schedule="poly", augment="release")
    return replace(base, steps=150 * max(1, train_size // batch_size), batch_size=batch_size, seed=seed)
