"""`banet-edu doctor`: is this machine ready for the course, and if not, what to do."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from typing import Annotated, NamedTuple

import typer
from rich.markup import escape
from rich.table import Table

from banet_edu.cli.console import out
from banet_edu.config import __version__

EPILOG = "Example, on a lab PC before the course: [bold]banet-edu doctor[/] · without the smoke run: [bold]--quick[/]"

SHOWN_VERSIONS = ("torch", "numpy", "scipy", "opencv-python-headless", "matplotlib", "jupyterlab", "ipywidgets")
SMOKE_STEPS = 12
COMFORTABLE_GIB = 4.0  # the demo stays under 2 GiB; a browser and JupyterLab want the rest


EXTRAS = (
    ("DICOM", "dicom", "pydicom", "DICOM images"),
    ("HEIC", "heic", "pillow_heif", "photos of phones"),
    ("clinic", "clinic", "voila", "banet-edu clinic"),
    ("site", "site", "latex2mathml", "banet-edu site"),
    ("ONNX", "onnx", "onnxscript", "banet-edu export"),
)


class Finding(NamedTuple):
    """One line of the report. `needed`: the course cannot do without it, so that the exit code is 1 when not `ok`."""

    name: str
    ok: bool
    text: str
    needed: bool = True


def examine(
    quick: Annotated[bool, typer.Option("--quick", help="Leave the smoke run out.")] = False,
) -> None:
    """Check this machine: versions, device, memory, what is missing and how to get it, and a short smoke run."""
    findings = [*_software(), *_machine(), *_bundled(), *_extras()]
    if not quick:
        with out.status("smoke run: a few training steps of BA-Net lite ..."):
            findings.append(_smoke_run())
    table = Table(title=f"banet-edu {__version__}", title_justify="left", show_header=False, box=None, pad_edge=False)
    for finding in findings:
        sign = "[green]ok[/]" if finding.ok else "[red]missing[/]" if finding.needed else "[yellow]without[/]"
        table.add_row(sign, finding.name, escape(finding.text))
    out.print(table)
    problems = [finding for finding in findings if finding.needed and not finding.ok]
    if problems:
        out.print(f"\nNot ready: {', '.join(problem.name for problem in problems)}.", style="red")
        for problem in problems:  # again, unwrapped: the table breaks a command over two lines in a narrow terminal
            out.print(problem.text, soft_wrap=True, markup=False)
        raise typer.Exit(1)
    out.print("\nReady. Next: [bold]banet-edu demo[/]")


def _software() -> Iterator[Finding]:
    yield Finding("Python", sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.platform()}")
    for name in SHOWN_VERSIONS:
        try:
            yield Finding(name, True, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, False, f"install it: pip install -c constraints.txt {name}")


def _machine() -> Iterator[Finding]:
    import psutil
    import torch

    yield Finding("processor", True, f"{os.cpu_count()} cores, torch uses {torch.get_num_threads()} threads")
    gib = 2**30
    memory = psutil.virtual_memory()
    roomy = memory.available >= COMFORTABLE_GIB * gib
    text = f"{memory.available / gib:.1f} of {memory.total / gib:.1f} GiB free"
    advice = "" if roomy else f"; {COMFORTABLE_GIB:.0f} GiB are comfortable: close other programs"
    yield Finding("memory", roomy, text + advice, needed=False)
    yield Finding("disk", True, f"{shutil.disk_usage('.').free / gib:.1f} GiB free here")
    if torch.cuda.is_available():
        yield Finding("GPU", True, torch.cuda.get_device_name())
    elif torch.backends.mps.is_available():
        yield Finding("GPU", True, "Apple GPU (MPS)")
    else:
        yield Finding("GPU", False, "none that torch can use; the lite and nano presets are made for this", False)


def _bundled() -> Iterator[Finding]:
    from banet_edu.datasets.bundled import load_samples
    from banet_edu.networks.weights import bundled_weights
    from banet_edu.paths import samples_root

    for kind in ("dermoscopy", "polyp", "lung"):
        try:
            yield Finding(f"{kind} samples", True, f"{len(load_samples(kind))} bundled images")
        except (FileNotFoundError, ValueError) as problem:
            yield Finding(f"{kind} samples", False, str(problem))
    folder = samples_root() / "hippocampus" / "imagesTr"
    volumes = len(list(folder.glob("*.nii.gz")))
    yield Finding(
        "volumes", volumes > 0, f"{volumes} bundled brain MRIs" if volumes else f"none in {folder}", needed=False
    )
    names = sorted(bundled_weights())
    yield Finding("weights", bool(names), ", ".join(names) or "no bundled weights: reinstall banet-edu", needed=False)


def _extras() -> Iterator[Finding]:
    for name, extra, module, use in EXTRAS:
        found = find_spec(module) is not None
        yield Finding(name, found, module if found else f'for {use}: pip install "banet-edu[{extra}]"', False)
    browser = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    advice = "only the browser tests want it; on Debian or Ubuntu: apt-get install chromium"
    yield Finding("chromium", browser is not None, browser or advice, False)


def _smoke_run() -> Finding:
    """Some steps on random images: shows that training works here, and how long a step takes."""
    from time import perf_counter

    import torch

    from banet_edu.config import LossConfig, TrainConfig
    from banet_edu.networks.registry import create_model
    from banet_edu.training.losses import segmentation_loss

    torch.manual_seed(0)
    model = create_model("banet").train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    target = torch.zeros(8, 128, 128, dtype=torch.long)
    target[:, 32:96, 32:96] = 1
    images = torch.randn(8, 3, 128, 128) + target[:, None]
    losses, start = [], perf_counter()
    for _ in range(SMOKE_STEPS):
        optimizer.zero_grad()
        total, _ = segmentation_loss(model(images), target, LossConfig())
        total.backward()
        optimizer.step()
        losses.append(total.item())
    seconds = (perf_counter() - start) / SMOKE_STEPS
    learns = losses[-1] < 0.8 * losses[0]
    minutes = TrainConfig().steps * seconds / 60
    text = (
        f"{seconds:.2f} s a step (batch 8, 128 x 128), so about {minutes:.0f} min for the default {TrainConfig().steps}"
    )
    return Finding(
        "smoke run", learns, text if learns else f"the loss does not fall: {losses[0]:.2f} -> {losses[-1]:.2f}"
    )
