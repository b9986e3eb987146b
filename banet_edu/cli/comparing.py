"""`banet-edu compare`: several networks, one data set, one budget."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from banet_edu.cli.console import show_left_out
from banet_edu.cli.options import DataOptions, spread
from banet_edu.cli.outcome import may_write_results, progress_bars, show_outcome
from banet_edu.cli.recipe import TrainingOptions

EPILOG = (
    "Example: [bold]banet-edu compare --format isic2017 --root ISIC-2017 --models banet,unet --preset lite --seed 0[/]. "
    "What was stopped goes on with the same command."
)


def parse_list(text: str) -> list[str]:
    """`banet, unet` as ["banet", "unet"].

    >>> parse_list("banet, unet")
    ['banet', 'unet']
    """
    return [item.strip() for item in text.split(",") if item.strip()]


def parse_models(text: str) -> list[str]:
    """Names of networks and classical methods, each once; ValueError for any other."""
    from banet_edu.networks.classical import CLASSICAL
    from banet_edu.networks.registry import model_names

    names, known = parse_list(text), [*model_names(), *CLASSICAL]
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"unknown model {', '.join(map(repr, unknown))}; known: {', '.join(known)}")
    if len(set(names)) < len(names):
        raise ValueError(f"each model is compared once, got {', '.join(names)}")
    return names


def parse_seeds(text: str) -> list[int]:
    """`0,1,2` as [0, 1, 2]."""
    try:
        return [int(seed) for seed in parse_list(text)]
    except ValueError:
        raise ValueError(f"seeds are whole numbers with commas between, as in 0,1,2, not {text!r}") from None


@spread
def run_comparison(
    models: Annotated[
        str,
        typer.Option(
            "--models",
            help="Names with commas between, as `banet-edu models` lists them; otsu, region_growing and gabor too. "
            "The first is tested against each other.",
        ),
    ] = "banet,unet",
    seeds: Annotated[str, typer.Option("--seed", "--seeds", help="One, or several with commas between.")] = "0",
    folder: Annotated[Path | None, typer.Option("--out", help="Run directory. Default: runs/DATA-PRESET.")] = None,
    *,
    data: DataOptions,
    training: TrainingOptions,
) -> None:
    """Train several networks on the same images with the same budget, and measure all on the same test images."""
    from banet_edu.networks.classical import CLASSICAL
    from banet_edu.study.compare import compare
    from banet_edu.study.processes import check_one_process

    check_one_process("compare")
    names, numbers = parse_models(models), parse_seeds(seeds)  # before the images are looked at
    run_dir = folder or Path("runs") / f"{data.name}-{training.label}"
    may_write_results(run_dir)
    training.check_weights(names)
    dataset = data.open()
    show_left_out(dataset)
    parts = {part: dataset.part(part, data.split_seed) for part in ("train", "val", "test")}
    config = training.config(len(parts["train"]), upright=dataset.upright, dims=dataset.network.get("dims", 2))
    training.announce(config, names)
    build = partial(training.build, only_where_they_fit=True, **dataset.network)
    result = compare(
        {name: name if name in CLASSICAL else partial(build, name) for name in names},
        parts,
        config,
        numbers,
        run_dir=run_dir,
        preset=training.preset,
        name=data.name,
        split_seed=data.split_seed,
        callbacks=progress_bars,
        resume=not training.restart,
    )
    show_outcome(result, parts["test"], run_dir)
