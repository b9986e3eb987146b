"""`banet-edu demo`: from bundled images to two trained networks and a report, within minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from banet_edu.cli.console import out
from banet_edu.cli.outcome import may_write_results, progress_bars, show_outcome

EPILOG = "Example: [bold]banet-edu demo[/] · lungs: [bold]banet-edu demo --kind lung[/] · quicker: [bold]--steps 60[/]"

# Measured on 2 cores: both networks, their measurement and the report stay under five minutes.
DEMO_STEPS = 200


def run_demo(
    kind: Annotated[str, typer.Option("--kind", help="dermoscopy, polyp or lung.")] = "dermoscopy",
    steps: Annotated[int, typer.Option("--steps", min=1, help="Optimiser steps of each network.")] = DEMO_STEPS,
    folder: Annotated[Path | None, typer.Option("--out", help="Run directory. Default: runs/demo-KIND.")] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cuda, mps or cpu.")] = "auto",
) -> None:
    """Train BA-Net and U-Net on bundled images, measure both, write a report. It needs no network and no GPU; minutes."""
    from banet_edu.config import TrainConfig
    from banet_edu.datasets.bundled import load_samples
    from banet_edu.study.compare import compare

    run_dir = folder or Path("runs") / f"demo-{kind}"
    may_write_results(run_dir)
    parts = {part: load_samples(kind, part) for part in ("train", "val", "test")}
    out.print(
        f"[bold]banet-edu demo[/]: BA-Net and U-Net (lite) learn to outline on {len(parts['train'])} synthetic images "
        f"({kind}), {steps} steps each; {len(parts['test'])} others test them."
    )
    result = compare(
        ["banet", "unet"],
        parts,
        TrainConfig(steps=steps, augment="upright" if parts["train"].upright else "default", device=device),  # type: ignore[arg-type]
        run_dir=run_dir,
        name=f"bundled {kind} samples",
        split_seed=0,
        callbacks=progress_bars,
    )
    show_outcome(result, parts["test"], run_dir)
    out.print("Open it in a browser. Then: [bold]banet-edu lab[/] opens JupyterLab on the notebooks.")
