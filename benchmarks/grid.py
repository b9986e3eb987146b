"""What makes a boundary better: the grid, the blocks, the encoder or the budget? Five networks, cell by cell.

    python benchmarks/grid.py run --root ../shared/data --minutes 120     # two cells at a time, one thread each
    python benchmarks/grid.py run --root ../shared/data --device cuda --jobs 4     # on a GPU; not tried
    python benchmarks/grid.py status                                      # which cells are there, which are missing
    python benchmarks/grid.py time        # a step of each network, one thread, on an idle machine: docs/recorded/step-times

`banet` and `control` (U-Net's decoder on BA-Net's encoder) answer on every fourth pixel, `banet-s2` and `control-s2`
(first_stride 2: no max pooling) on every second, `unet` on every one. A cell is one of them, or banet-s2 without a block,
trained on one data set with one budget, rate and seed. In this order: (1) seed 0 with three rates, 1200 steps; each network
then keeps the rate with the best validation JA in the mean over the data sets; (2) with it, both seeds, banet-s2 with the
steps it can take in U-Net's time; (3) U-Net's second seed, banet-s2 without each block on polyps, where the blocks seem to
matter, banet in U-Net's time, and the second seed of all these and the others; (4) 5000 steps, or U-Net's time for them;
(5) banet-s2 without each block elsewhere; (6) the second seed of (4), and banet in U-Net's time of 5000 steps.

As a cell ends, its rows, one per test image, are written to docs/recorded/grid-DATA/ and its facts (best epoch, every
epoch's validation, minutes) beside them: commit that folder, and any machine goes on where this one was stopped; a cell
stopped half-way resumes from `runs/grid`. Nothing is chosen on the test part.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any, Literal, NamedTuple

import torch
from cells import parsers, run_cells
from speed import medians, training_step
from study import RECORDED, keep

from banet_edu import create_model, open_dataset
from banet_edu.config import TrainConfig
from banet_edu.storage import write_text
from banet_edu.study.ablate import BLOCKS
from banet_edu.study.compare import compare
from banet_edu.study.cost import cpu_computes_in_bf16
from banet_edu.study.machine import machine_facts

DATA = ("kvasir_seg", "sz_cxr", "isic2017")
FINE: dict[str, Any] = {"first_stride": 2}
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "banet": ("banet", {}),
    "banet-s2": ("banet", FINE),
    "control": ("unet_same_encoder", {}),
    "control-s2": ("unet_same_encoder", FINE),
    "unet": ("unet", {}),
}
ABLATED = {f"banet-s2-{variant}": ("banet", {**FINE, **overrides}) for variant, overrides in BLOCKS.items()}
RATES = (0.001, 0.0005, 0.002)
SHORT, LONG = 1200, 5000
SEEDS = (0, 1)
# Steps in the time of U-Net's SHORT or LONG: a step of U-Net, with its loading, takes 0.60 of banet-s2's time (0.155 and
# 0.263 s in bf16, 0.226 and 0.373 in fp32; one thread, AMD EPYC with AVX512 and bf16, 2026-11-26). With AVX2 alone it is 0.59,
# and 1.82 of banet's (`time`).
IN_UNETS_TIME = {"banet-s2": {SHORT: 720, LONG: 3000}, "banet": {SHORT: 2180, LONG: 9100}}
TIMES = RECORDED / "step-times" / "facts.json"


class Cell(NamedTuple):
    data: str
    network: str
    steps: int
    rate: float
    seed: int

    @property
    def file(self) -> Path:
        return RECORDED / f"grid-{self.data}" / f"{self.network}-{self.steps}-{self.rate}-seed{self.seed}.csv"

    @property
    def recorded(self) -> bool:
        return self.file.is_file()

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads(self.file.with_suffix(".json").read_text(encoding="utf-8"))


def best_rate(network: str) -> float:
    """The rate whose best validation JA, seed 0 and 1200 steps, is highest in the mean over the data sets; a network without
    a block has the rate of the whole one. LookupError while one of these cells is missing."""
    if network in ABLATED:
        network = "banet-s2"
    tried = {rate: [Cell(data, network, SHORT, rate, 0) for data in DATA] for rate in RATES}
    if missing := [cell.file.name for cells in tried.values() for cell in cells if not cell.recorded]:
        raise LookupError(f"no rate chosen for {network} yet: {', '.join(missing)} missing")
    return max(RATES, key=lambda rate: mean(cell.facts["validation"]["best_JA"] for cell in tried[rate]))


def long(seed: int) -> list[tuple[str, str, int, float | None, int]]:
    """The cells of LONG steps, network by network, what the aim asks for first."""
    order = [("unet", LONG), ("banet-s2", IN_UNETS_TIME["banet-s2"][LONG])]
    order += [(name, LONG) for name in ("banet", "control", "control-s2", "banet-s2")]
    return [(data, network, steps, None, seed) for network, steps in order for data in DATA]


def phases() -> list[list[tuple[str, str, int, float | None, int]]]:
    """The cells in the order in which they say most; rate None stands for `best_rate`."""
    return [
        [(data, network, SHORT, rate, 0) for rate in RATES for data in DATA for network in NETWORKS],
        [(data, "banet-s2", IN_UNETS_TIME["banet-s2"][SHORT], None, seed) for seed in SEEDS for data in DATA],
        [(data, "unet", SHORT, None, 1) for data in DATA],
        [("kvasir_seg", network, SHORT, None, 0) for network in ABLATED],
        [(data, "banet", IN_UNETS_TIME["banet"][SHORT], None, 0) for data in DATA],
        [("kvasir_seg", network, SHORT, None, 1) for network in ("banet-s2", "banet-s2-no-cff")],
        [(data, network, SHORT, None, 1) for network in ("banet", "control") for data in DATA],
        [(data, "banet", IN_UNETS_TIME["banet"][SHORT], None, 1) for data in DATA],
        [(data, network, SHORT, None, 1) for data in DATA for network in ("control-s2", "banet-s2")],
        [("kvasir_seg", network, SHORT, None, 1) for network in ABLATED],
        long(0),
        [(data, network, SHORT, None, seed) for data in DATA for seed in SEEDS for network in ABLATED],
        long(1)[: 2 * len(DATA)],
        [(data, "banet", IN_UNETS_TIME["banet"][LONG], None, 0) for data in DATA],
        long(1),
    ]


def cells() -> Iterator[Cell]:
    """All of them, as far as the rates are chosen, each at its first place."""
    told: set[Cell] = set()
    for phase in phases():
        for data, network, steps, rate, seed in phase:
            try:
                cell = Cell(data, network, steps, best_rate(network) if rate is None else rate, seed)
            except LookupError:
                continue
            if cell not in told:
                told.add(cell)
                yield cell


def precision(cell: Cell, device: str) -> Literal["auto", "bf16", "fp32"]:
    """bf16 on a processor that computes in it (less time there, 7 to 14 times as much elsewhere), kept with the cell; fp32
    without a block where the whole network had it; on a GPU `fit` knows."""
    if device != "cpu":
        return "auto"
    whole = cell._replace(network="banet-s2")
    paired = cell.network in ABLATED and whole.recorded and whole.facts["training"]["precision"] == "fp32"
    return "bf16" if cpu_computes_in_bf16() and not paired else "fp32"


def train(cell: Cell, root: Path, commit: str, *, device: Literal["cpu", "cuda", "mps"] = "cpu") -> str:
    started = time.monotonic()
    dataset = open_dataset(cell.data, root / cell.data)
    network, overrides = (NETWORKS | ABLATED)[cell.network]
    result = compare(
        {cell.network: partial(create_model, network, "lite", **overrides)},
        {part: dataset.part(part) for part in ("train", "val", "test")},
        TrainConfig(
            steps=cell.steps,
            learning_rate=cell.rate,
            precision=precision(cell, device),
            device=device,
            augment="upright" if dataset.upright else "default",
        ),
        [cell.seed],
        run_dir=Path("runs") / "grid" / cell.data / cell.file.stem,
        name=cell.data,
        split_seed=0,
    )
    [history] = result.histories.values()
    best = history.best
    assert best is not None
    validation = {
        "best_JA": best["val_JA"],
        "best_assd_pct": best["val_assd_pct"],
        "best_step": best["step"],
        "epochs": [
            {key: round(row[key], 4) for key in ("step", "val_JA", "val_assd_pct", "seconds")} for row in history.rows
        ],
    }
    facts = dict(result.facts) | {"overrides": overrides, "validation": validation}
    keep(cell.file, result.table, facts, commit, time.monotonic() - started)
    return f"{cell.file.parent.name}/{cell.file.stem}: validation JA {best['val_JA']:.3f}, {time.monotonic() - started:.0f} s"


def time_steps(rounds: int = 15) -> None:
    """Seconds of a training step of 8 images, fp32, one thread: the networks in turns, so that all have the same machine. The
    cells were trained on several, beside other work: their own minutes do not compare."""
    torch.set_num_threads(1)
    steps = {name: training_step(network, 8, 128, **overrides) for name, (network, overrides) in NETWORKS.items()}
    facts = {"date": time.strftime("%Y-%m-%d"), "rounds": rounds, "machine": machine_facts()}
    facts["seconds"] = {name: round(seconds, 4) for name, seconds in medians(steps, rounds).items()}
    write_text(TIMES, json.dumps(facts, indent=2) + "\n", over=True)
    print(json.dumps(facts, indent=2))


def status() -> None:
    for cell in cells():
        print("there  " if cell.recorded else "missing", cell.file.parent.name, cell.file.stem)
    for network in NETWORKS:
        try:
            print(f"{network}: rate {best_rate(network)}")
        except LookupError as error:
            print(error)


def main() -> None:
    parser, run = parsers(str(__doc__), "kvasir_seg, sz_cxr and isic2017", "time")
    run.add_argument("--device", choices=("cpu", "cuda", "mps"), default="cpu", help="where to train (default: cpu)")
    given = parser.parse_args()
    if given.command in ("status", "time"):
        {"status": status, "time": time_steps}[given.command]()
    else:
        run_cells(partial(train, device=given.device), lambda: (cell for cell in cells() if not cell.recorded), given)


if __name__ == "__main__":
    main()
