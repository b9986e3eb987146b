"""How a command trains: the recipe, and the options that change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from banet_edu.cli.console import out, warn
from banet_edu.config import TrainConfig, release_recipe

if TYPE_CHECKING:
    from torch import nn

_DEFAULT, _STUDY = TrainConfig(), release_recipe(1)
_EPOCHS = _STUDY.steps  # one image is one step
_PRESETS = {"course": "lite", "study": "paper"}
# What networks of volumes learn well with in a quarter of an hour: pairs, at a higher rate.
VOLUMES = TrainConfig(steps=1200, batch_size=2, learning_rate=3e-3)
IMAGENET = "imagenet"  # what a bare --pretrained means
SLOW_BF16 = "--precision bf16: this processor has no bf16, a step takes 7 to 14 times as long; without it: fp32."
_training = partial(typer.Option, rich_help_panel="Training")


def with_value(arguments: Sequence[str], option: str = "--pretrained", value: str = IMAGENET) -> list[str]:
    """Arguments in which a bare `option` has `value`: it may stand alone or before a value, which typer does not know.

    >>> with_value(["train", "--pretrained", "--steps", "5"]), with_value(["--pretrained", "my.safetensors"])
    (['train', '--pretrained=imagenet', '--steps', '5'], ['--pretrained', 'my.safetensors'])
    """
    following = [*arguments[1:], "-"]
    bare = [argument == option and after.startswith("-") for argument, after in zip(arguments, following, strict=False)]
    return [f"{option}={value}" if alone else argument for argument, alone in zip(arguments, bare, strict=True)]


@dataclass(frozen=True)
class TrainingOptions:
    """Size of the networks and the budget and recipe of a run; one seed or several is the command's own matter.

    What is not given (None) is the recipe's.
    """

    recipe: Annotated[
        str,
        _training(
            "--recipe",
            help="course: small networks, minutes. study: the authors', preset paper, 256 x 256, Adam 1e-4, poly, 150 epochs, "
            "augmentation release; for a GPU. Options given beside it win.",
        ),
    ] = "course"
    preset: Annotated[
        str,
        _training(
            "--preset",
            help="Size of the networks: nano, lite, fine or paper.",
            show_default="{course}; study: {study}".format(**_PRESETS),
        ),
    ] = ""
    size: Annotated[
        int | None,
        _training("--size", min=32, help="Side of the networks' input in pixels; the preset's where not given."),
    ] = None
    pretrained: Annotated[
        str | None,
        _training(
            "--pretrained",
            metavar="[FILE]",
            help="Start networks with a ResNet of full width (preset paper) from public ImageNet weights: of this file "
            "(resnet50-0676ba61.pth or a .safetensors file), of a folder of such files, or fetched where none is named.",
        ),
    ] = None
    steps: Annotated[
        int | None,
        _training(
            "--steps",
            min=1,
            help="Optimiser steps of each run.",
            show_default=f"{_DEFAULT.steps}; study: those of {_EPOCHS} epochs",
        ),
    ] = None
    batch_size: Annotated[
        int | None,
        _training(
            "--batch-size",
            min=1,
            help="Images in a step.",
            show_default=f"{_DEFAULT.batch_size}; volumes: {VOLUMES.batch_size}",
        ),
    ] = None
    optimizer: Annotated[
        str | None,
        _training(
            "--optimizer",
            help="adamw or adam.",
            show_default=f"{_DEFAULT.optimizer}; study: {_STUDY.optimizer}",
        ),
    ] = None
    learning_rate: Annotated[
        float | None,
        _training(
            "--learning-rate",
            help="Its highest value.",
            show_default=f"{_DEFAULT.learning_rate}; study: {_STUDY.learning_rate}; volumes: {VOLUMES.learning_rate}",
        ),
    ] = None
    augment: Annotated[
        str | None,
        _training(
            "--augment",
            help="default, upright, release (the authors', of images) or none.",
            show_default=f"default, upright for sz_cxr; study: {_STUDY.augment}",
        ),
    ] = None
    patience: Annotated[
        int | None, _training("--patience", min=1, help="Stop after this many epochs without a better validation.")
    ] = None
    device: Annotated[str, _training("--device", help="auto, cuda, mps or cpu.")] = "auto"
    precision: Annotated[
        str, _training("--precision", help="auto (bf16 on a GPU that has it), fp32 (TF32 on a GPU) or bf16.")
    ] = "auto"
    num_workers: Annotated[
        str, _training("--workers", help="Processes that read ahead: auto (for a GPU) or a number.")
    ] = "auto"
    cuda_graph: Annotated[
        str, _training("--cuda-graph", help="auto, on or off: a step as one CUDA graph, up to four times faster.")
    ] = "off"
    restart: Annotated[bool, _training("--restart", help="Throw away what the run directory holds and train anew.")] = (
        False
    )

    def __post_init__(self) -> None:
        """ValueError, before any work, for a value that no run could have."""
        if self.recipe not in _PRESETS:
            raise ValueError(f"--recipe is {' or '.join(_PRESETS)}, not {self.recipe!r}")
        object.__setattr__(self, "preset", self.preset or _PRESETS[self.recipe])
        if self.pretrained not in (None, IMAGENET) and not Path(self.pretrained).exists():
            raise ValueError(
                f"{self.pretrained}: no such file; --pretrained takes torchvision's .pth file of a ResNet, a .safetensors file "
                "or a folder of them, or stands alone"
            )
        for option, value, known in (
            ("--optimizer", self.optimizer, (None, "adamw", "adam")),
            ("--augment", self.augment, (None, "default", "upright", "release", "none")),
            ("--device", self.device, ("auto", "cuda", "mps", "cpu")),
            ("--precision", self.precision, ("auto", "fp32", "bf16")),
            ("--cuda-graph", self.cuda_graph, ("auto", "on", "off")),
        ):
            if value not in known:
                raise ValueError(f"{option} is {', '.join(filter(None, known))}, not {value!r}")
        if self.num_workers != "auto" and not self.num_workers.isdecimal():
            raise ValueError(f"--workers is auto or a whole number from 0 on, not {self.num_workers!r}")
        self.config(train_size=1)  # refuses numbers that no run could have

    @property
    def label(self) -> str:
        """What the recipe is called in the name of a run directory."""
        return self.preset if self.recipe == "course" else f"{self.preset}-{self.recipe}"

    def config(
        self, train_size: int, seed: int = _DEFAULT.seed, *, upright: bool = False, dims: int = 2
    ) -> TrainConfig:
        """The run's settings; `upright` says how the data set's images stand, where neither --augment nor the recipe does.

        `dims` 3: of volumes, for which there is a recipe of its own.
        """
        base = TrainConfig(augment="upright" if upright else "default")
        if dims == 3:
            if self.recipe == "study" or self.pretrained:
                raise ValueError("--recipe study and --pretrained are of images; volumes are trained without them")
            base = VOLUMES
        elif self.recipe == "study":
            base = release_recipe(train_size, batch_size=self.batch_size or _DEFAULT.batch_size)
        shared = {option.name for option in fields(self)} & {setting.name for setting in fields(base)}
        given: dict[str, Any] = {name: value for name in shared if (value := getattr(self, name)) is not None}
        given["num_workers"] = self.num_workers if self.num_workers == "auto" else int(self.num_workers)
        if dims == 3 and self.device == "auto":
            from banet_edu.training.device import choose_device

            given["device"] = {"mps": "cpu"}.get(choose_device("auto").type, "auto")  # no volumes on an Apple GPU
        return replace(base, seed=seed, **given)

    def announce(self, config: TrainConfig, models: Sequence[str]) -> None:
        """Says what is about to run, and warns where it will be slow for no gain."""
        from banet_edu.study.cost import cpu_computes_in_bf16
        from banet_edu.training.device import choose_device

        out.print(self.in_words(config, models), style="dim")
        if (
            config.precision == "bf16"
            and choose_device(config.device).type == "cpu"
            and cpu_computes_in_bf16() is False
        ):
            warn(SLOW_BF16)

    def in_words(self, config: TrainConfig, models: Sequence[str]) -> str:
        """What is about to run, and on what; which networks start from ImageNet weights. ValueError for what cannot run."""
        import torch

        from banet_edu.networks.classical import CLASSICAL
        from banet_edu.study.processes import launched
        from banet_edu.training.device import choose_device, loader_workers, use_bf16, use_cuda_graph

        device, processes = choose_device(config.device), launched()
        if processes > 1 and device.type != "cuda":
            device = torch.device("cpu")  # as Accelerate gives it to several
        graph = "each step as one" if use_cuda_graph(config.cuda_graph, device, processes) else "no"
        said = (
            f"Recipe {self.recipe}: {self.preset}, {config.steps} steps of {config.batch_size}, {config.optimizer} "
            f"{config.learning_rate:g} {config.schedule}, augmentation {config.augment}; "
            f"{'bf16' if use_bf16(config.precision, device) else 'fp32'} on {device.type}"
            f"{f' in {processes} processes' if processes > 1 else ''}, "
            f"loader workers: {loader_workers(config.num_workers, device, processes)}"
            f"{'' if config.cuda_graph == 'off' else f', {graph} CUDA graph'}."
        )
        if not self.weights:
            return said
        resnets = self._resnets(models)
        fit = [
            f"{', '.join(name for name, (other, _) in resnets.items() if other == resnet)} ({resnet})"
            for resnet in dict.fromkeys(resnet for resnet, _ in resnets.values())
        ]
        others = [name for name in models if name not in CLASSICAL and name not in resnets]
        return f"{said} From ImageNet weights: {', '.join(fit) or 'none'}; at random: {', '.join(others) or 'none'}."

    def check_weights(self, models: Sequence[str], *, only_where_they_fit: bool = True) -> None:
        """ValueError, before data are read, where --pretrained does not fit one of the networks that stand on a ResNet; of the
        others too, unless `only_where_they_fit`."""
        from banet_edu.networks.pretrained import check_fit, check_resnet

        if self.weights:
            resnets = self._resnets(models)
            for name in () if only_where_they_fit else models:
                check_resnet(name, name in resnets)
            check_fit(self.weights, resnets)

    def _resnets(self, models: Sequence[str]) -> dict[str, tuple[str, float]]:
        """Of these networks, those that stand on a ResNet: which, and how wide."""
        from banet_edu.networks.classical import CLASSICAL
        from banet_edu.networks.registry import encoder_of

        found = {name: encoder_of(name, self.preset) for name in models if name not in CLASSICAL}
        return {name: resnet for name, resnet in found.items() if resnet is not None}

    @property
    def weights(self) -> bool | str:
        """`pretrained` as `create_model` takes it."""
        return {None: False, IMAGENET: True}.get(self.pretrained, self.pretrained or False)

    def build(self, model: str, num_classes: int, *, only_where_they_fit: bool = False, **volumes: Any) -> nn.Module:
        """The network, of volumes where `dims` and class names are given; `only_where_they_fit` starts one without a ResNet at
        random instead of refusing --pretrained."""
        from banet_edu.networks.registry import create_model, has_encoder

        weights = self.weights if has_encoder(model) or not only_where_they_fit else False
        return create_model(model, self.preset, num_classes, pretrained=weights, input_size=self.size, **volumes)
