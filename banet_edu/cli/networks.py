"""`banet-edu models`: every network that `create_model` builds and what it costs. `banet-edu export`: one of them as ONNX."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from banet_edu.cli.console import out

MODELS_EPILOG = (
    "Example: [bold]banet-edu models[/] · BA-Net and its control on a grid twice as fine: [bold]--preset fine[/] · the study's "
    "sizes, without timing: [bold]--preset paper --rounds 0[/]"
)
EXPORT_EPILOG = (
    "Example: [bold]banet-edu export banet-lite-dermoscopy --out banet.onnx[/] · your own weights: "
    "[bold]banet-edu export runs/mine/best.safetensors --out mine.onnx[/]"
)


def source(doc: str) -> str:
    """The paper that a module's docstring names first.

    >>> source("A network. Source: Long et al. 2015 (arXiv:1411.4038), section 4.2.")
    'Long et al. 2015 (arXiv:1411.4038)'
    """
    found = re.search(r"Sources?: (?:\[paper\] )?(.*?arXiv:[\d.]+\d\)?)", " ".join(doc.split()))
    return found[1] if found else "none named"


def list_models(
    preset: Annotated[str, typer.Option(help="nano, lite, fine or paper.")] = "lite",
    batch_size: Annotated[int, typer.Option(help="Images in a training step.", min=2)] = 8,
    rounds: Annotated[int, typer.Option(help="Steps to time; 0 leaves the time out.", min=0)] = 3,
) -> None:
    """List the networks with their source, parameters, operations and time of a training step on this machine's CPU."""
    import inspect

    from banet_edu.config import INPUT_SIZE, PRESETS
    from banet_edu.networks.registry import arguments_of, create_model, model_names
    from banet_edu.study.cost import cost

    if preset not in PRESETS:
        raise ValueError(f"unknown preset {preset!r}; known: {', '.join(PRESETS)}")
    size = INPUT_SIZE[preset]
    table = Table(title=f"preset {preset}, {size} x {size} pixels", title_justify="left", box=None, pad_edge=False)
    for heading in ("network", "parameters", "GFLOPs per image", f"step of {batch_size} (s)"):
        table.add_column(heading, justify="left" if heading == "network" else "right")
    table.add_column("what it is")
    sources = []
    for name in model_names():
        with out.status(f"measuring {name} ..."):
            model: Any = create_model(name, preset)
            found = cost(model, (size, size), batch_size=batch_size, rounds=rounds)
        module = inspect.getmodule(type(model))
        headline = (module.__doc__ or "").strip().split(":")[0] if module else ""
        if "first_stride" in arguments_of(name, preset):  # where the preset decides how fine the grid is
            headline += f" (first_stride {model.encoder.strides[0]})"
        seconds = "-" if found.step_s is None else f"{found.step_s:.2f}"
        table.add_row(name, f"{found.parameters:,}", f"{found.gflops:.2f}", seconds, headline)
        sources.append(f"{name}: {source(module.__doc__ or '')}" if module else name)
    out.print(table)
    out.print("\nSources (what each does otherwise is said in its file in banet_edu/banet and banet_edu/networks):")
    for line in sources:
        out.print(f"- {line}", markup=False)
    out.print("GFLOPs: 1e9 operations of convolutions and matrix products; a multiply-add counts as two.", style="dim")


def export_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Bundled weights by name, or a .safetensors file.")],
    path: Annotated[Path, typer.Option("--out", metavar="FILE.onnx", help="The file to write.")],
) -> None:
    """Write a trained network as ONNX, for programs without torch; needs the extra banet-edu\\[onnx]."""
    from banet_edu.networks.onnx_export import NOTICE, export_onnx
    from banet_edu.networks.weights import load_model
    from banet_edu.prediction import model_spec

    network = load_model(model)
    with out.status("exporting ..."):
        export_onnx(network, path)
    spec = model_spec(network)
    size = " x ".join(map(str, spec.input_size))
    scaled = (
        "RGB, (image / 255 - mean) / std" if spec.dims == 2 else "each volume minus its mean, by its standard deviation"
    )
    out.print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", soft_wrap=True, markup=False)
    out.print(f"input  image: batch x {spec.in_channels} x {size} float32, {scaled}", soft_wrap=True)
    out.print(
        f"output logits: batch x {len(spec.class_names)} x {size}, classes {', '.join(spec.class_names)}", markup=False
    )
    out.print("Its metadata holds input size, mean, std and class names, as JSON values.")
    out.print(NOTICE, style="yellow")
