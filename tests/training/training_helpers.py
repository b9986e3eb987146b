"""A tiny network, tiny images, and a script that trains on them: `python training_helpers.py RUN_DIR [--plain]`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from banet_edu.config import ModelSpec, TrainConfig
from banet_edu.data.sample import Sample
from banet_edu.training.loop import fit

SIZE = 32
# The CPU: tests compare bits. tests/test_devices.py has what holds on every device.
CONFIG = TrainConfig(steps=24, batch_size=4, learning_rate=1e-2, device="cpu")


class Output(NamedTuple):
    logits: Tensor
    side_masks: tuple[Tensor, ...]
    side_edges: tuple[Tensor, ...]


class Tiny(nn.Module):
    """Two convolutions with side outputs; batch norm and dropout so that a resumed run has state to get wrong."""

    def __init__(self, num_classes: int = 2, plain: bool = False) -> None:
        super().__init__()
        self.spec = ModelSpec(name="tiny", preset="nano", num_classes=num_classes, input_size=(SIZE, SIZE))
        between = nn.Identity() if plain else nn.Sequential(nn.BatchNorm2d(8), nn.Dropout(0.2))
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), between, nn.ReLU())
        self.seg, self.edge = nn.Conv2d(8, num_classes, 1), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor | Output:
        features = self.body(x)
        logits = self.seg(features)
        return Output(logits, (logits[..., ::2, ::2],), (self.edge(features),)) if self.training else logits


def tiny(num_classes: int = 2, plain: bool = False) -> Tiny:
    torch.manual_seed(0)
    return Tiny(num_classes, plain)


def discs(count: int, seed: int = 0, size: int = 40) -> list[Sample]:
    """Bright discs on a dark noisy ground."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size]
    samples = []
    for index in range(count):
        (row, column), radius = random.uniform(14, size - 14, 2), random.uniform(6, 12)
        mask = (rows - row) ** 2 + (columns - column) ** 2 < radius**2
        image = np.clip(random.normal(90, 20, (size, size, 3)) + 80 * mask[..., None], 0, 255).astype(np.uint8)
        samples.append(Sample(image, mask, f"disc-{seed}-{index}"))
    return samples


class PrintSteps:
    def on_step(self, step, parts):
        print(f"step {step}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run_dir")
    parser.add_argument("--plain", action="store_true", help="no batch norm, no dropout")
    parser.add_argument("--steps", type=int, default=CONFIG.steps)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    fit(
        tiny(plain=arguments.plain),
        discs(14),
        discs(5, seed=1),
        replace(CONFIG, steps=arguments.steps, device=arguments.device),
        arguments.run_dir,
        [PrintSteps()],
        save_every_s=0,
    )


if __name__ == "__main__":
    main()
