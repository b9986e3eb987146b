"""A predicted disc, moved off the true one and blurred: what each part of the loss, JA and ASSD say of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.training.losses import boundary_target, dice_loss

SIZE = 128
SHIFTS = tuple(range(0, 17, 2))  # pixels


@dataclass(frozen=True, eq=False)
class Disc:
    """One prediction (maps 128 x 128); `parts` is what `loss_parts` says of it, `at_shifts` of that disc at each of SHIFTS."""

    radius: float
    shift: float
    softness: float
    probability: NDArray[np.float64]
    truth: NDArray[np.bool_]
    parts: dict[str, float]
    at_shifts: list[dict[str, float]]


def measured_disc(radius: float, shift: float, softness: float) -> Disc:
    """A moved disc with all that `loss_figure` draws of it."""
    at_shifts = [loss_parts(radius, each, softness) for each in SHIFTS]
    parts = loss_parts(radius, shift, softness)
    return Disc(radius, shift, softness, *moved_disc(radius, shift, softness), parts, at_shifts)


def moved_disc(radius: float, shift: float, softness: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The probability of a predicted disc, moved to the right by `shift` pixels and blurred over `softness`, and the truth.

    Both 128 x 128. The probability is the logistic function of the distance to the disc's edge over `softness`, as of a
    network that is sure inside and unsure at the edge.
    """
    rows, columns = np.indices((SIZE, SIZE)) - SIZE / 2 + 0.5
    true = np.hypot(rows, columns) - radius
    predicted = np.hypot(rows, columns - shift) - radius
    return 1 / (1 + np.exp(np.clip(predicted / softness, -30, 30))), true < 0


def loss_parts(radius: float, shift: float, softness: float) -> dict[str, float]:
    """Cross entropy and Dice of the mask, cross entropy of its boundary, and JA and ASSD (pixels) of the thresholded disc.

    The boundary's probability is 4 p (1 - p): 1 where the network is undecided, 0 where it is sure.

    >>> parts = loss_parts(30, 0, 0.5)
    >>> {name: round(value, 1) for name, value in parts.items() if name in ("dice", "JA", "ASSD (px)")}
    {'dice': 0.0, 'JA': 1.0, 'ASSD (px)': 0.0}
    """
    probability, truth = moved_disc(radius, shift, softness)
    logit = torch.from_numpy(np.log(probability) - np.log1p(-probability))
    logits = torch.stack([torch.zeros_like(logit), logit])[None].float()
    target = torch.from_numpy(truth.astype(np.int64))[None]
    edge = np.clip(4 * probability * (1 - probability), 1e-4, 1 - 1e-4)
    on_edge = boundary_target(target)[0].numpy()
    scores = boundary_metrics(probability >= 0.5, truth, spacing_mm=None)
    return {
        "cross entropy": float(torch.nn.functional.cross_entropy(logits, target)),
        "dice": float(dice_loss(logits, target)),
        "edge cross entropy": float(-np.where(on_edge, np.log(edge), np.log1p(-edge)).mean()),
        "JA": float(overlap(probability >= 0.5, truth)["JA"]),
        "ASSD (px)": float(scores["assd_px"]),
    }
