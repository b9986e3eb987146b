"""The training loss: cross-entropy and Dice on the output, cross-entropy on every side output (SPEC section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from banet_edu.banet.layers import resize
from banet_edu.config import LossConfig

if TYPE_CHECKING:
    from accelerate import Accelerator


def boundary_target(mask: Tensor, padding: Literal["replicate", "zero"] = "replicate") -> Tensor:
    """Pixels that have another label somewhere in their 3 x 3 neighbourhood (voxels: 3 x 3 x 3): a two-sided band, 2 px wide.

    For two classes that equals the form of the paper, |Y - AvgPool3x3(Y)| > 0; for more classes the average
    can cancel (a 1 between a 0 and a 2) and the boundary is lost. So labels are compared with their neighbours here.

    Args:
        mask: B x H x W labels, any integer type or bool.
        padding: what lies outside the frame. "replicate": the nearest pixel, so the frame is no boundary.
            "zero" ([release]): background, so a mask that touches the frame gets a false boundary along it.

    Shape: B x H x W -> B x H x W (or both B x D x H x W), int64 of 0 and 1.

    >>> boundary_target(torch.tensor([[[0, 0, 0, 1, 1]]])).tolist()
    [[[0, 0, 1, 1, 0]]]
    >>> boundary_target(torch.ones(1, 3, 3, dtype=torch.long), padding="zero").tolist()
    [[[1, 1, 1], [1, 0, 1], [1, 1, 1]]]
    """
    if padding not in ("replicate", "zero"):
        raise ValueError(f'padding must be "replicate" or "zero", not {padding!r}')
    dims = mask.ndim - 1
    labels = mask[:, None].float()  # padding by replication knows floats only
    framed = F.pad(labels, (1, 1) * dims, **({"mode": "replicate"} if padding == "replicate" else {"value": 0.0}))
    differs = torch.zeros_like(labels, dtype=torch.bool)
    for offset in product(range(3), repeat=dims):
        window: tuple[Any, ...] = tuple(slice(i, i + n) for i, n in zip(offset, mask.shape[1:], strict=True))
        differs |= framed[(..., *window)] != labels
    return differs[:, 0].long()


def dice_loss(logits: Tensor, target: Tensor, form: Literal["standard", "release"] = "standard") -> Tensor:
    """Soft Dice loss per image, then the mean; with more than two classes the mean over the foreground classes.

    With p the softmax probability of a class, y its mask and s = 1:

        standard:  1 - (2 sum(p y) + s) / (sum p + sum y + s)      0 for a perfect prediction
        [release]: 1 - 2 (sum(p y) + s) / (sum p + sum y + s)      negative for a perfect prediction, -1 on empty masks

    Shape: logits B x K x H x W, target B x H x W -> scalar; of volumes as well, as everything here.

    >>> perfect = torch.tensor([[[[-20.0, 20.0]], [[20.0, -20.0]]]])  # 1 x 2 x 1 x 2: one object of 1 px
    >>> round(dice_loss(perfect, torch.tensor([[[1, 0]]])).item(), 3)
    0.0
    >>> round(dice_loss(perfect, torch.tensor([[[1, 0]]]), "release").item(), 3)
    -0.333
    """
    if form not in ("standard", "release"):
        raise ValueError(f'the Dice form must be "standard" or "release", not {form!r}')
    probability = logits.float().softmax(1)[:, 1:]  # B x (K - 1) x H x W, the foreground classes
    classes = torch.arange(1, logits.shape[1], device=target.device).view(1, -1, *[1] * (logits.ndim - 2))
    truth = (target[:, None] == classes).float()
    cells = tuple(range(2, logits.ndim))
    overlap = (probability * truth).sum(cells)
    size = probability.sum(cells) + truth.sum(cells)
    numerator = 2 * (overlap + 1) if form == "release" else 2 * overlap + 1
    return (1 - numerator / (size + 1)).mean()


def segmentation_loss(
    output: Any, target: Tensor, config: LossConfig | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """The weighted sum to be minimised, and its parts before weighting.

        total = ce CE(logits, Y) + dice Dice(logits, Y) + sum_i w_i CE(seg_i, Y) + sum_i v_i CE(edge_i, boundary(Y))

    Args:
        output: logits B x K x H x W (any plain network), or a `BANetOutput` with `logits`, `side_masks` (B x K x .. each)
            and `side_edges` (B x 2 x .. each; empty or None when the edge task is off). Side logits of another size
            are resized (bilinear) to the target's first.
        target: B x H x W integer labels in 0..K-1.
        config: the weights and variants; the default is every weight 1.

    Returns:
        The total (scalar, with gradient), and the parts as detached scalars: `ce`, `dice`, `seg1` .. `seg4`,
        `edge1` .. `edge4` (1 is the finest stage; only those the output has).

    Raises:
        ValueError: shapes that do not fit, a label outside 0..K-1 (looked for on the CPU only: on a GPU the look
            would stall every step; `fit` checks the whole data set beforehand), or not one weight per stage.

    >>> total, parts = segmentation_loss(torch.zeros(2, 2, 8, 8), torch.zeros(2, 8, 8, dtype=torch.long))
    >>> {name: round(value.item(), 3) for name, value in parts.items()}
    {'ce': 0.693, 'dice': 0.97}
    """
    config = config or LossConfig()
    logits = output if isinstance(output, Tensor) else output.logits
    side_masks = () if isinstance(output, Tensor) else output.side_masks or ()
    side_edges = () if isinstance(output, Tensor) else output.side_edges or ()
    target = target.long()
    _check(logits, target)

    parts = {"ce": F.cross_entropy(logits.float(), target), "dice": dice_loss(logits, target, config.dice_form)}
    weights = {"ce": config.ce, "dice": config.dice}
    for name, sides, labels, weight in (
        ("seg", side_masks, target, config.side_seg),
        ("edge", side_edges, boundary_target(target, config.edge_padding) if side_edges else target, config.side_edge),
    ):
        for stage, (side, stage_weight) in enumerate(zip(sides, _per_stage(weight, len(sides), name), strict=True), 1):
            parts[f"{name}{stage}"] = _side_loss(side, labels)
            weights[f"{name}{stage}"] = stage_weight

    total = torch.stack([weights[name] * part for name, part in parts.items()]).sum()
    return total, {name: part.detach() for name, part in parts.items()}


class LossSums:
    """Sums of the loss parts over the steps of an epoch, kept on the device so that no step waits for it."""

    def __init__(self, sums: Mapping[str, float], device: torch.device) -> None:
        """Start from `sums`, as `to_dict` gave them (empty at the beginning of an epoch)."""
        values = dict(sums)
        self._steps = values.pop("steps", 0)
        self._names = list(values)
        self._sums = torch.tensor(list(values.values()), device=device)

    def add(self, parts: Mapping[str, Tensor]) -> None:
        self._steps += 1
        latest = torch.stack(list(parts.values()))
        self._sums = self._sums + latest if self._names else latest
        self._names = list(parts)

    def to_dict(self) -> dict[str, float]:
        return {"steps": self._steps, **dict(zip(self._names, self._sums.tolist(), strict=True))}

    def means(self, accelerator: Accelerator) -> dict[str, float]:
        """`loss` (the weighted total) and `loss_<part>`: the means over steps and processes."""
        means = (accelerator.reduce(self._sums, reduction="mean") / self._steps).tolist()
        return {"loss" if name == "total" else f"loss_{name}": x for name, x in zip(self._names, means, strict=True)}


def _side_loss(side: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(resize(side.float(), labels.shape[1:]), labels)


def _per_stage(weight: float | Sequence[float], stages: int, name: str) -> Sequence[float]:
    if isinstance(weight, int | float):
        return [float(weight)] * stages
    if stages and len(weight) != stages:
        raise ValueError(f"side_{name} has {len(weight)} weights, the model has {stages} stages: give one or {stages}")
    return weight[:stages]


def _check(logits: Tensor, target: Tensor) -> None:
    batch, classes, *size = logits.shape
    if target.shape != (batch, *size):
        raise ValueError(f"the target is {tuple(target.shape)}; logits {tuple(logits.shape)} ask for {(batch, *size)}")
    if target.device.type == "cpu" and target.numel() and (int(target.min()) < 0 or int(target.max()) >= classes):
        raise ValueError(
            f"the target holds labels {int(target.min())}..{int(target.max())}, the model knows 0..{classes - 1}: "
            "map mask values to classes when reading (a value map), or create the model with more classes"
        )
