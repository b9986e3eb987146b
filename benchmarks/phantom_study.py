"""The small study that lesson 07 reads: networks side by side, and BA-Net with and without its blocks, on phantoms.

    OMP_NUM_THREADS=1 python benchmarks/phantom_study.py run --out runs/phantom-study      # goes on where it was stopped
    python benchmarks/phantom_study.py switch runs/phantom-study      # the full networks' blocks, switched off once trained
    python benchmarks/phantom_study.py record runs/phantom-study --commit ID               # to docs/recorded/

All networks learn from the same 450 painted phantoms (150 of each kind) and are measured on the 144 bundled ones. `run` does
part by part what `banet-edu ablate --kind all` does, in one process, so that the phantoms are painted once.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

import pandas as pd

from banet_edu import load_model, load_samples
from banet_edu.config import TrainConfig
from banet_edu.explain import mean_effects
from banet_edu.phantoms.endless import painted_parts
from banet_edu.study.ablate import BLOCKS, FULL, KERNELS, ablate
from banet_edu.training.callbacks import PrintEpochs

KINDS = ("dermoscopy", "polyp", "lung")
STEPS, SIZE = 300, 96
COMPARED = [FULL, "unet", "unet_same_encoder"]
# In this order, so that what was stopped early still holds two seeds of everything but the windows.
PARTS = [
    ("phantom-compare", COMPARED, (0, 1)),
    ("phantom-ablation", [FULL, *BLOCKS], (0, 1)),
    ("phantom-kernels", [FULL, *KERNELS], (0,)),
    ("phantom-compare", COMPARED, (0, 1, 2)),
    ("phantom-ablation", [FULL, *BLOCKS], (0, 1, 2)),
    ("phantom-kernels", [FULL, *KERNELS], (0, 1, 2)),
]
KEPT = ["model", "seed", "name", "class", "status", "JA", "DI", "assd_mm", "hd95_mm", "nsd_at_1mm", "diagonal_mm"]
SWITCHES = {"pee off": "no-pee", "ia off": "no-attention", "cff off": "no-cff"}  # knob -> what was trained without it
DOCS = Path(__file__).resolve().parents[1] / "docs"


def run(out: Path, steps: int, painted: int) -> None:
    parts = painted_parts(KINDS, painted)
    parts = {part: [samples[i] for i in range(len(samples))] for part, samples in parts.items()}
    for name, variants, seeds in PARTS:
        result = ablate(
            parts,
            variants,
            TrainConfig(steps=steps, device="cpu"),
            seeds,
            run_dir=out,
            input_size=SIZE,
            name="phantoms",
            callbacks=told,
        )
        result.save(out / name)
        print(name, seeds, "done", flush=True)


def told(variant: str, seed: int) -> list[PrintEpochs]:
    print(f"{variant}, seed {seed}", flush=True)
    return [PrintEpochs()]


def switch(out: Path) -> None:
    """Switch blocks off in every trained full network, on the test part: `switched.csv` beside the ablation."""
    test = [sample for kind in KINDS for sample in load_samples(kind)]
    tables = []
    for folder in sorted(out.glob(f"{FULL}-seed*")):
        found = mean_effects(load_model(folder / "best.safetensors"), test, list(SWITCHES))
        tables.append(found.assign(seed=int(folder.name.rpartition("seed")[2]), variant=found["knob"].map(SWITCHES)))
    kept = [
        "variant",
        "seed",
        "knob",
        "images",
        "left_out",
        "JA_before",
        "JA_change",
        "assd_mm_before",
        "assd_mm_change",
    ]
    pd.concat(tables)[kept].to_csv(out / "phantom-ablation" / "switched.csv", index=False)


def record(out: Path, commit: str, names: list[str]) -> None:
    """Copy the tables of the finished parts to docs/recorded, per-image figures with five digits."""
    for name in names or dict.fromkeys(name for name, _, _ in PARTS):
        source, target = out / name, DOCS / "recorded" / name
        if not (source / "ablation.csv").is_file():
            continue
        target.mkdir(parents=True, exist_ok=True)
        table = pd.read_csv(source / "per_image.csv")
        table[KEPT].to_csv(target / "per_image.csv", index=False, float_format="%.5g")
        for file in ("ablation.csv", "seeds.csv", "summary.csv", "paired.csv", "switched.csv"):
            if not (source / file).is_file():
                continue
            pd.read_csv(source / file).to_csv(target / file, index=False, float_format="%.6g")
        facts = json.loads((source / "facts.json").read_text(encoding="utf-8"))
        facts |= {
            "command": "OMP_NUM_THREADS=1 python benchmarks/phantom_study.py run --out runs/phantom-study",
            "input_size": SIZE,
            "recorded": date.today().isoformat(),
            "commit": commit,
        }
        if (source / "switched.csv").is_file():
            facts["command of switched.csv"] = "python benchmarks/phantom_study.py switch runs/phantom-study"
        (target / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        print(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run")
    running.add_argument("--out", type=Path, default=Path("runs/phantom-study"))
    running.add_argument("--steps", type=int, default=STEPS)
    running.add_argument("--painted", type=int, default=150)
    commands.add_parser("switch").add_argument("run", type=Path)
    recording = commands.add_parser("record")
    recording.add_argument("run", type=Path)
    recording.add_argument("--commit", required=True, help="The commit whose code was run.")
    recording.add_argument("--part", action="append", default=[], help="Such as phantom-kernels; all where not given.")
    given = parser.parse_args()
    if given.command == "run":
        run(given.out, given.steps, given.painted)
    elif given.command == "switch":
        switch(given.run)
    else:
        record(given.run, given.commit, given.part)


if __name__ == "__main__":
    main()
