"""Record the training curves that lesson 06 reads: good, too high and too low a learning rate, and overfitting.

    python benchmarks/lesson06.py            # writes docs/recorded/lesson06/, about 4 minutes on one core

BA-Net nano (64 x 64 pixels) on the bundled dermoscopy phantoms, seed 0. "overfit" sees 6 training images without
augmentation; the others see all bundled training images.
"""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path

import torch

from banet_edu import create_model, load_samples
from banet_edu.config import TrainConfig
from banet_edu.study.machine import machine_facts
from banet_edu.training.loop import fit

TARGET = Path(__file__).resolve().parents[1] / "docs" / "recorded" / "lesson06"
RUNS = {
    "good": (None, TrainConfig(steps=600, learning_rate=3e-3)),
    "too high": (None, TrainConfig(steps=600, learning_rate=3e-1)),
    "too low": (None, TrainConfig(steps=600, learning_rate=3e-5)),
    "overfit": (6, TrainConfig(steps=600, learning_rate=3e-3, augment="none", batch_size=6)),
}


def main() -> None:
    train, val = load_samples("dermoscopy", "train"), load_samples("dermoscopy", "val")
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, (count, config) in RUNS.items():
        torch.manual_seed(config.seed)
        model = create_model("banet", preset="nano")
        with tempfile.TemporaryDirectory() as run_dir:
            history = fit(model, list(train)[:count], val, config, run_dir)
        table = history.table.drop(columns="seconds").round(5)
        if len(table) > 60:  # epochs of a few steps: every tenth, and the one whose weights are kept
            epochs = table["epoch"]
            table = table[(epochs % 10 == 0) | (epochs == history.best["epoch"])]
        table.to_csv(TARGET / f"{name.replace(' ', '-')}.csv", index=False)
        print(name, history, flush=True)
    facts = {
        "command": "python benchmarks/lesson06.py",
        "recorded": date.today().isoformat(),
        "train_images": len(train),
        "val_images": len(val),
        "training": {name: config.to_dict() for name, (_, config) in RUNS.items()},
        "machine": machine_facts(),
    }
    (TARGET / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
