"""A network whose answers are known, and images to show it."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from banet_edu.config import ModelSpec
from banet_edu.data.sample import Sample


class Brightness(nn.Module):
    """The foreground's probability is the brightness of the first channel; further classes read the next channels."""

    def __init__(self, size: tuple[int, int] = (64, 64), num_classes: int = 2, threshold: float = 0.5) -> None:
        super().__init__()
        self.spec = ModelSpec(
            "brightness",
            num_classes=num_classes,
            input_size=size,
            mean=(0.0, 0.0, 0.0),
            std=(1.0, 1.0, 1.0),
            class_names=tuple(f"class {k}" for k in range(num_classes)),
        )
        self.scale = nn.Parameter(torch.tensor(8.0))
        self.threshold = threshold
        self.seen: list[tuple[int, ...]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(tuple(x.shape))
        logits = [(x[:, k : k + 1] - self.threshold) * self.scale for k in range(self.spec.num_classes - 1)]
        return torch.cat([torch.zeros_like(logits[0]), *logits], dim=1)


def disc(height: int, width: int, radius: float, centre: tuple[float, float]) -> np.ndarray:
    """An anti-aliased bright disc, H x W x 3 uint8."""
    rows, columns = np.mgrid[:height, :width]
    inside = np.clip(radius - np.hypot(rows - centre[0], columns - centre[1]) + 0.5, 0, 1)
    return np.repeat((255 * inside).round().astype(np.uint8)[..., None], 3, axis=2)


def disc_sample(name: str, radius: float = 18, *, shift: float = 0.0, spacing_mm=(0.5, 0.5)) -> Sample:
    """A 64 x 64 disc and its mask at twice the size; the image's disc is moved `shift` pixels to the right."""
    image = disc(64, 64, radius, (31.5, 31.5 + shift))
    rows, columns = np.mgrid[:128, :128]
    return Sample(image, np.hypot(rows - 63.5, columns - 63.5) <= 2 * radius, name, spacing_mm)
