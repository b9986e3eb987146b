"""What lifts BA-Net lite on little data: one variant of the recipe at a time, measured on VALIDATION, never on test.

    python benchmarks/tuning.py kvasir_seg --root ../shared/data/kvasir_seg --only size192,long --out runs/tuning
    python benchmarks/tuning.py kvasir_seg --root ../shared/data/kvasir_seg               # all of VARIANTS

Each variant is one training run (resumed where it was stopped) and one row of `OUT/DATA.csv`, written as the run ends;
a variant that has its row is skipped. Columns: JA at the size of the masks with the best epoch's weights, the same with
predictions averaged over flips, and with the running average of the weights over the last steps (`averaged`, decay 0.995).
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from banet_edu import create_model, open_dataset
from banet_edu.config import Flips, LossConfig, TrainConfig
from banet_edu.study.compare import evaluate
from banet_edu.training.callbacks import PrintEpochs
from banet_edu.training.loop import fit

DECAY = 0.995

# name -> arguments of `create_model`, arguments of `TrainConfig`; "base" is what the recorded results used
VARIANTS: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "base": ({}, {}),
    "size192": ({"input_size": 192}, {}),
    "size256": ({"input_size": 256}, {}),
    "long": ({}, {"steps": 3000}),
    "stride16": ({"output_stride": 16}, {}),
    "width64": ({"width": 64}, {}),
    "context": ({"aspp_rates": (1, 2, 3), "context_channels": 64}, {}),
    "encoder1": ({"encoder_width": 1.0}, {}),
    "lr2e-3": ({}, {"learning_rate": 2e-3}),
    "lr3e-3": ({}, {"learning_rate": 3e-3}),
    "decay0.1": ({}, {"weight_decay": 0.1}),
    "edge0.3": ({}, {"loss": LossConfig(side_edge=0.3)}),
    "side0.3": ({}, {"loss": LossConfig(side_seg=0.3, side_edge=0.3)}),
    "batch16": ({}, {"batch_size": 16}),
    "size192-long": ({"input_size": 192}, {"steps": 3000}),
    "longer": ({}, {"steps": 5000}),
    "encoder1-longer": ({"encoder_width": 1.0}, {"steps": 4000}),
    "size192-lr2e-3": ({"input_size": 192}, {"learning_rate": 2e-3}),
}


class WeightAverage:
    """A callback of `fit`: the exponential running average of the weights (Polyak and Juditsky 1992)."""

    def on_start(self, total_steps: int, model: nn.Module) -> None:
        self.live, self.model = model, copy.deepcopy(model)

    @torch.no_grad()
    def on_step(self, step: int, parts: Any) -> None:
        decay = min(DECAY, step / (step + 10))
        for mine, theirs in zip(self.model.state_dict().values(), self.live.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)


def scores(name: str, model: nn.Module, val: Any, flips: Flips) -> dict[str, Any]:
    """Mean JA and boundary error on validation, with and without flips."""
    found: dict[str, Any] = {}
    looks: dict[str, Flips] = {"": "none", "_flips": flips}
    for kind, turned in looks.items():
        table = evaluate(model, val, flips=turned)
        found |= {
            f"{name}_JA{kind}": round(float(table["JA"].mean()), 4),
            f"{name}_assd_pct{kind}": round(float(table["assd_pct"].mean()), 3),
            f"{name}_missed{kind}": int((table["status"] == "missed").sum()),
        }
    return found


def run(data: str, dataset: Any, variant: str, seed: int, steps: int, out: Path) -> dict[str, Any]:
    overrides, changes = VARIANTS[variant]
    torch.manual_seed(seed)
    model = create_model("banet", "lite", **overrides)  # type: ignore[arg-type]
    augment = "upright" if dataset.upright else "default"
    config = TrainConfig(**{"steps": steps, "seed": seed, "augment": augment, **changes})
    train, val = (dataset.part(part, 0) for part in ("train", "val"))
    average = WeightAverage()
    began = time.monotonic()
    history = fit(model, train, val, config, out / f"{data}-{variant}-seed{seed}", [PrintEpochs(5), average])
    seconds = sum(row["seconds"] for row in history.rows)
    flips: Flips = "horizontal" if dataset.upright else "all"
    row = {"variant": variant, "seed": seed, "steps": config.steps, "seconds": round(seconds)}
    row |= scores("best", model, val, flips)
    if hasattr(average, "model") and time.monotonic() - began > 0.9 * seconds:  # not where a run was resumed
        row |= scores("averaged", average.model, val, flips)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--only", default=",".join(VARIANTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--out", type=Path, default=Path("runs/tuning"))
    given = parser.parse_args()
    dataset = open_dataset(given.data, given.root)
    table = given.out / f"{given.data}.csv"
    given.out.mkdir(parents=True, exist_ok=True)
    for variant in given.only.split(","):
        rows = pd.read_csv(table).to_dict("records") if table.is_file() else []
        if any(row["variant"] == variant and row["seed"] == given.seed for row in rows):
            continue
        rows.append(run(given.data, dataset, variant, given.seed, given.steps, given.out))
        pd.DataFrame(rows).to_csv(table, index=False)
        print(rows[-1], flush=True)


if __name__ == "__main__":
    main()
