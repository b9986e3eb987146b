"""Volumes: BA-Net, U-Net and the control in 3D, and BA-Net of images slice by slice, on 200 brain MRIs, cell by cell.

    python benchmarks/volumes.py run --root ../shared/data --minutes 120     # two cells at a time, one thread each
    python benchmarks/volumes.py run --root ../shared/data --networks banet unet --seeds 0
    python benchmarks/volumes.py status                                      # which cells are there, which are missing

A cell is one network, one recipe and one seed. Every network trains for about the time in which BA-Net takes 1200 steps (13
minutes of one idle thread of an AMD EPYC) on 140 volumes; the best epoch is chosen on 20, nothing on the 40 of the test part.
As a cell ends, its rows, one per test volume and class, are written to docs/recorded/volumes-hippocampus/ and its facts beside
them: commit that folder, and any machine goes on where this one was stopped; a cell stopped half-way resumes from
`runs/volumes`.
"""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from cells import parsers, run_cells
from study import RECORDED, keep

from banet_edu import create_model, open_dataset
from banet_edu.config import TrainConfig
from banet_edu.study.compare import compare
from banet_edu.training.callbacks import PrintEpochs

FOLDER = RECORDED / "volumes-hippocampus"
CLASSES = ("background", "anterior", "posterior")
SEEDS = (0, 1, 2)


class Recipe(NamedTuple):
    network: str
    overrides: dict[str, Any]
    steps: int


NARROW = {"encoder_width": 0.125}
# BA-Net of images is twice as wide, so that it has about as many parameters. One step takes 0.65 s of one thread (banet), 1.2
# (unet), 0.47 (control), 0.8 (banet-slices).
RECIPES = {
    "banet": Recipe("banet", NARROW, 1200),
    "unet": Recipe("unet", {}, 650),
    "control": Recipe("unet_same_encoder", {}, 1650),
    "banet-slices": Recipe("banet", {"slicewise": True, "encoder_width": 0.25}, 950),
}
# Beside the comparison: how far BA-Net gets with twice the widths and twice the time.
LONGER = {"banet-long": Recipe("banet", {"encoder_width": 0.25}, 2000)}


class Cell(NamedTuple):
    name: str
    seed: int

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.name}-seed{self.seed}.csv"


def train(cell: Cell, root: Path, commit: str) -> str:
    started, cpu = time.monotonic(), time.process_time()
    dataset = open_dataset("msd", root / "msd_hippocampus")
    recipe = (RECIPES | LONGER)[cell.name]
    classes = {"num_classes": len(CLASSES), "class_names": CLASSES}
    result = compare(
        {cell.name: partial(create_model, recipe.network, "lite", dims=3, **classes, **recipe.overrides)},
        {part: dataset.part(part) for part in ("train", "val", "test")},
        TrainConfig(steps=recipe.steps, batch_size=2, learning_rate=3e-3, device="cpu"),
        [cell.seed],
        run_dir=Path("runs") / "volumes" / cell.name,
        name="msd_hippocampus",
        split_seed=0,
        callbacks=[PrintEpochs()],
    )
    [history] = result.histories.values()
    epochs = [{key: round(row[key], 4) for key in ("step", "val_JA", "seconds")} for row in history.rows]
    cpu_minutes = (time.process_time() - cpu) / 60  # of this process: too few where a killed cell was resumed
    facts = dict(result.facts) | {
        "overrides": recipe.overrides,
        "validation": epochs,
        "cpu_minutes": round(cpu_minutes, 1),
    }
    keep(cell.file, result.table, facts, commit, time.monotonic() - started)
    dice = result.table.groupby("class")["DI"].mean()
    return f"{cell.name}, seed {cell.seed}: mean Dice {dice.mean():.4f} ({', '.join(f'{v:.3f}' for v in dice)})"


def status() -> None:
    for seed in SEEDS:
        for name in RECIPES:
            file = Cell(name, seed).file
            minutes = json.loads(file.with_suffix(".json").read_text())["cpu_minutes"] if file.is_file() else None
            print("missing" if minutes is None else f"there ({minutes} CPU minutes)", name, f"seed {seed}")


def main() -> None:
    parser, training = parsers(str(__doc__), "msd_hippocampus")
    training.add_argument("--networks", nargs="+", default=list(RECIPES), choices=[*RECIPES, *LONGER])
    training.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    given = parser.parse_args()
    if given.command == "status":
        status()
        return
    wanted = [Cell(name, seed) for seed in given.seeds for name in given.networks]
    run_cells(train, lambda: (cell for cell in wanted if not cell.file.is_file()), given)


if __name__ == "__main__":
    main()
