"""The study's comparisons on real images: every network, three seeds, one small budget, cell by cell.

    OMP_NUM_THREADS=1 python benchmarks/study.py run --root ../shared/data --data isic2017 sz_cxr --minutes 120
    OMP_NUM_THREADS=1 python benchmarks/study.py run --root ../shared/data --data kvasir_seg cvc_colondb  # beside it
    python benchmarks/study.py status                                      # which cells are there, which are missing
    OMP_NUM_THREADS=1 python benchmarks/study.py again kvasir_seg banet 0 --root ../shared/data  # same figures twice?

A cell is one network (or one variant of BA-Net) trained on one data set with one seed. As a cell ends, its rows, one per
test image, are written to docs/recorded/study-DATA/SEED-NETWORK.csv and its facts beside them: commit that folder, and any
other machine goes on where this one was stopped, cell by cell; a cell that was stopped half-way resumes from `runs/study`.
Networks trained on ISIC-2017 are measured on PH2 as well, those trained on Kvasir-SEG on CVC-ColonDB, untouched.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pandas as pd
import torch

from banet_edu import open_dataset
from banet_edu.config import TrainConfig
from banet_edu.datasets.dataset import Dataset
from banet_edu.study.ablate import BLOCKS, FULL, KERNELS, variant_builders
from banet_edu.study.compare import compare, evaluate
from banet_edu.study.result import CompareResult
from banet_edu.training.callbacks import PrintEpochs

RECORDED = Path(__file__).resolve().parents[1] / "docs" / "recorded"
STEPS = 800
MAIN = [FULL, "unet", "unet_same_encoder"]
COMPARATORS = ["fcn", "deeplabv3", "cenet", "attention_unet", "unetpp"]
ABLATED = [*BLOCKS, *KERNELS]
ONLY_TESTED = {"isic2017": "ph2", "kvasir_seg": "cvc_colondb"}  # trained on the first, measured on all of the second
# In this order: first every data set's main comparison, then what needs the patience.
PLAN: dict[str, list[tuple[Sequence[str], Sequence[int]]]] = {
    "isic2017": [(MAIN, (0, 1, 2)), (COMPARATORS, (0,)), (ABLATED, (0,)), (COMPARATORS, (1,)), (ABLATED, (1,))],
    "kvasir_seg": [(MAIN, (0, 1, 2)), (COMPARATORS, (0,)), (ABLATED, (0,))],
    "cvc_colondb": [(MAIN, (0, 1, 2))],
    "sz_cxr": [(MAIN, (0, 1, 2)), (["fcn"], (0, 1, 2))],  # the one lung comparison that the article reports
}
KEPT = ["name", "class", "status", "JA", "DI", "SE", "SP", "AC", "assd_pct", "hd95_pct", "bias_pct", "nsd_at_1pct"]
KEPT += ["assd_mm", "hd95_mm", "bias_mm", "nsd_at_1mm", "volume_ml", "volume_off_ml"]  # where voxels have a size


class Cell(NamedTuple):
    data: str
    network: str
    seed: int

    def file(self, tested_on: str | None = None) -> Path:
        folder = f"study-{self.data}" if tested_on is None else f"study-{self.data}-on-{tested_on}"
        return RECORDED / folder / f"{self.seed}-{self.network}.csv"

    @property
    def recorded(self) -> bool:
        return self.file().is_file()


def cells(data: str) -> list[Cell]:
    return [Cell(data, n, seed) for networks, seeds in PLAN[data] for seed in seeds for n in networks]


def run(root: Path, names: Sequence[str], minutes: float, commit: str) -> None:
    started = time.monotonic()
    for phase in range(max(len(PLAN[name]) for name in names)):
        for name in names:
            if phase >= len(PLAN[name]):
                continue
            networks, seeds = PLAN[name][phase]
            wanted = [Cell(name, network, seed) for seed in seeds for network in networks]
            wanted = [cell for cell in wanted if not cell.recorded]
            if not wanted:
                continue
            dataset = open_dataset(name, root / name)
            other = ONLY_TESTED.get(name)
            beside = open_dataset(other, root / other) if other else None
            for cell in wanted:
                if time.monotonic() - started > 60 * minutes:
                    return
                train(cell, dataset, beside, commit)


def train(cell: Cell, dataset: Dataset, beside: Dataset | None, commit: str) -> None:
    started = time.monotonic()
    result = trained(cell, dataset, Path("runs") / "study" / cell.data)
    if beside is not None:
        table = evaluate(result.models[cell.network], beside)
        keep(cell.file(beside.format), table, result.facts | {"tested_on": beside.format}, commit, 0.0)
    keep(cell.file(), result.table, result.facts, commit, time.monotonic() - started)


def trained(cell: Cell, dataset: Dataset, run_dir: Path) -> CompareResult:
    """The cell's network, trained in `run_dir` and measured on the test part."""
    print(f"{cell.data}: {cell.network}, seed {cell.seed}", flush=True)
    # Two names are the least an ablation takes; only the cell's own network is trained.
    builder = variant_builders([cell.network, FULL if cell.network != FULL else "unet"], "lite")[cell.network]
    return compare(
        {cell.network: builder},
        {part: dataset.part(part) for part in ("train", "val", "test")},
        TrainConfig(steps=STEPS, device="cpu", augment="upright" if dataset.upright else "default"),
        [cell.seed],
        run_dir=run_dir,
        name=cell.data,
        split_seed=0,
        callbacks=[PrintEpochs()],
    )


def again(cell: Cell, root: Path) -> bool:
    """Trains a recorded cell anew and says whether every figure of every test image comes out as recorded."""
    if not cell.recorded:
        raise SystemExit(f"{cell.file()} is not there: nothing to compare with")
    before = pd.read_csv(cell.file())
    with TemporaryDirectory() as scratch:
        table = trained(cell, open_dataset(cell.data, root / cell.data), Path(scratch)).table
    now = table[before.columns].round(4)
    figures = before.select_dtypes("number").columns
    apart = (now[figures] - before[figures]).abs().max().max()
    same = now["name"].tolist() == before["name"].tolist() and now["status"].tolist() == before["status"].tolist()
    same = same and bool((now[figures].isna() == before[figures].isna()).all(axis=None)) and apart < 1e-4
    verdict = "the same figures" if same else "OTHER figures"
    print(
        f"{cell.file().name}: {verdict}, {len(now)} images, JA {now['JA'].mean():.4f}, recorded {before['JA'].mean():.4f}"
    )
    return same


def keep(file: Path, table: object, facts: object, commit: str, wall: float) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    more = {"recorded": date.today().isoformat(), "commit": commit, "wall_seconds": round(wall)}
    file.with_suffix(".json").write_text(json.dumps(dict(facts) | more, indent=1) + "\n", encoding="utf-8")
    columns = [column for column in KEPT if column in table.columns]
    half = file.with_suffix(".half")
    table[columns].round(4).to_csv(half, index=False)
    half.replace(file)


def status() -> None:
    for name in PLAN:
        for cell in cells(name):
            print(f"{'there  ' if cell.recorded else 'missing'} {name} {cell.network} seed {cell.seed}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("run")
    training.add_argument("--root", type=Path, required=True, help="folder that holds isic2017, ph2, kvasir_seg ...")
    training.add_argument("--data", nargs="+", choices=list(PLAN), default=list(PLAN))
    training.add_argument("--minutes", type=float, default=360, help="start no further cell after so long")
    training.add_argument("--commit", help="default: the checkout's")
    commands.add_parser("status")
    twice = commands.add_parser("again")
    twice.add_argument("data", choices=list(PLAN))
    twice.add_argument("network")
    twice.add_argument("seed", type=int)
    twice.add_argument("--root", type=Path, required=True)
    given = parser.parse_args()
    if given.command == "status":
        status()
        return
    torch.set_num_threads(1)
    if given.command == "again":
        raise SystemExit(0 if again(Cell(given.data, given.network, given.seed), given.root) else 1)
    commit = given.commit or subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], text=True).strip()
    run(given.root, given.data, given.minutes, commit)


if __name__ == "__main__":
    main()
