"""`banet-edu train`: one network on one data set."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from banet_edu.cli.console import FIRST, out, show_left_out
from banet_edu.cli.options import DataOptions, spread
from banet_edu.cli.outcome import RichProgress
from banet_edu.cli.recipe import TrainingOptions

EPILOG = (
    "Example: [bold]banet-edu train --format isic2017 --root ISIC-2017 --model banet[/]. "
    "A run that was stopped goes on with the same command. On several GPUs: "
    "[bold]torchrun --nproc_per_node 2 -m banet_edu train ...[/]"
)


@spread
def train(
    model: Annotated[str, typer.Option("--model", help="A name that `banet-edu models` lists.")] = "banet",
    seed: Annotated[int, typer.Option("--seed", help="Initial weights and order of the images.", min=0)] = 0,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Run directory. Default: runs/DATA-PRESET/MODEL-seedSEED.")
    ] = None,
    *,
    data: DataOptions,
    training: TrainingOptions,
) -> None:
    """Train one network. The best epoch is chosen on the validation part; the test part stays untouched."""
    import torch

    from banet_edu.networks.classical import CLASSICAL
    from banet_edu.storage import check_folder
    from banet_edu.training.loop import fit

    if model in CLASSICAL:
        raise ValueError(f"{model} learns nothing, so there is nothing to train; banet-edu compare measures it")
    run_dir = folder or Path("runs") / f"{data.name}-{training.label}" / f"{model}-seed{seed}"
    if FIRST:  # it tries by making the folder, and of several processes one is enough
        check_folder(run_dir)
    training.check_weights([model], only_where_they_fit=False)
    dataset = data.open()
    show_left_out(dataset)
    torch.manual_seed(seed)
    network = training.build(model, **dataset.network)
    images, val = (dataset.part(part, data.split_seed) for part in ("train", "val"))
    config = training.config(len(images), seed, upright=dataset.upright, dims=dataset.network.get("dims", 2))
    training.announce(config, [model])
    history = fit(network, images, val, config, run_dir, [RichProgress(model)], resume=not training.restart)

    best = history.best
    out.print(f"Best of {len(history)} epochs: number {best['epoch']}, validation JA {best['val_JA']:.3f}.")
    out.print(f"Weights: {run_dir / 'best.safetensors'}", soft_wrap=True, markup=False)
    out.print(f"Course of the training: {run_dir / 'history.csv'}", soft_wrap=True, markup=False)
    following = ["banet-edu", "predict", "IMAGE", "--model", str(run_dir / "best.safetensors")]
    pasted = subprocess.list2cmdline(following) if os.name == "nt" else shlex.join(following)
    out.print(f"Next: {pasted}", soft_wrap=True, markup=False)
