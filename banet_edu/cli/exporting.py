"""`banet-edu export`: a trained network as an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from banet_edu.cli.console import out

EPILOG = (
    "Example: [bold]banet-edu export banet-lite-dermoscopy --out banet.onnx[/] · your own weights: "
    "[bold]banet-edu export runs/mine/best.safetensors --out mine.onnx[/]"
)


def export_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Bundled weights by name, or a .safetensors file.")],
    path: Annotated[Path, typer.Option("--out", metavar="FILE.onnx", help="The file to write.")],
) -> None:
    """Write a trained network as ONNX, for programs without torch; needs the extra banet-edu\\[onnx]."""
    from banet_edu.models.onnx_export import NOTICE, export_onnx
    from banet_edu.models.weights import load_model
    from banet_edu.prediction import model_spec

    network = load_model(model)
    with out.status("exporting ..."):
        export_onnx(network, path)
    spec = model_spec(network)
    height, width = spec.input_size
    out.print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", soft_wrap=True, markup=False)
    out.print(f"input  image: batch x 3 x {height} x {width} float32, RGB, (image / 255 - mean) / std", soft_wrap=True)
    out.print(
        f"output logits: batch x {len(spec.class_names)} x {height} x {width}, classes {', '.join(spec.class_names)}"
    )
    out.print("Its metadata holds input size, mean, std and class names, as JSON values.")
    out.print(NOTICE, style="yellow")
