"""`banet-edu ablate`: BA-Net with and without its blocks, one data set or phantoms, one budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from banet_edu.cli.comparing import parse_list, parse_seeds
from banet_edu.cli.console import out, show_left_out
from banet_edu.cli.options import DataOptions, FormatOptions, TrainingOptions, spread
from banet_edu.cli.outcome import progress_bars

EPILOG = (
    "Example: [bold]banet-edu ablate --kind all --steps 300 --seeds 0,1[/] on phantoms; on images of your own: "
    "[bold]banet-edu ablate --format isic2017 --root ISIC-2017[/]. What was stopped goes on with the same command."
)
