"""One cell of one map, and the numbers it was made of: what a block of BA-Net adds up there, term by term.

Each sum is worked out anew from the terms, in plain NumPy, and carries the network's own value beside it (`network`), so
that a reader, and a test, can see that they agree.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from banet_edu.banet.layers import resize
from banet_edu.banet.network import BANet
from banet_edu.explain.inside.blocks import STAGES, gate_name, need
from banet_edu.explain.inside.trace import Trace


@dataclass(frozen=True)
class Place:
    """A cell: the stage whose map it is of (1 fine to 4 coarse), row, column, channel and, in a volume, slice; from 0."""

    stage: int
    row: int
    column: int
    channel: int
    slice: int | None = None

    @property
    def cell(self) -> tuple[int, ...]:
        """(row, column) or (slice, row, column)."""
        return (self.row, self.column) if self.slice is None else (self.slice, self.row, self.column)


@dataclass(frozen=True, eq=False)
class EdgeSum:
    """`edge = own - average` of one window of PEE.

    Attributes:
        window: k x k (x k), the values of R that are averaged, those beyond the frame as the network puts them there.
        beyond: bool of that shape, which of them lie beyond the frame.
        own, average, edge: R at the cell, the mean of the window, their difference. network: the network's edge there.
    """

    window: NDArray[np.float64]
    beyond: NDArray[np.bool_]
    own: float
    average: float
    edge: float
    network: float


@dataclass(frozen=True)
class ExchangeSum:
    """`result = own + share x other` of interactive attention, with `share = 1 - weight`; `taken` is share x other."""

    own: float
    other: float
    weight: float
    share: float
    taken: float
    result: float
    network: float


@dataclass(frozen=True)
class FusionSum:
    """`fused = own + (1 - own_gate) x heard` of CFF.

    Attributes:
        values, gates, products: by the stage that is heard, 1 to 4 without the own one: its map at the cell, resized to the
            listening stage, the gate, and the two multiplied. heard: the sum of the products.
    """

    own: float
    own_gate: float
    values: Mapping[int, float]
    gates: Mapping[int, float]
    products: Mapping[int, float]
    heard: float
    fused: float
    network: float


def edge_sum(model: nn.Module, trace: Trace, place: Place, kernel: int) -> EdgeSum:
    """What the window of `kernel` x `kernel` cells around one cell of R takes away from it.

    Args:
        model: the BA-Net that was probed: it knows what its windows see beyond the frame.
        trace: `probe(model, image)`.

    Raises ValueError for a place outside the map, and a stage without that window.

    >>> import torch
    >>> from banet_edu import create_model
    >>> from banet_edu.explain import probe
    >>> model = create_model("banet", preset="nano")
    >>> sums = edge_sum(model, probe(model, torch.rand(1, 3, 64, 64)), Place(1, 0, 0, 2), 5)
    >>> sums.window.shape, int(sums.beyond.sum()), abs(sums.edge - sums.network) < 1e-5
    ((5, 5), 16, True)
    """
    scales: Any = _banet(model).head.mini_mtl[place.stage - 1].pee.scales  # type: ignore[union-attr]
    if f"k{kernel}" not in scales:
        have = ", ".join(str(scale.kernel) for scale in scales.values()) or "none"
        raise ValueError(f"stage {place.stage} has no window of {kernel} cells; it has {have}")
    scale = scales[f"k{kernel}"]
    reduced = _channel(trace[f"stage{place.stage}.pee.input"], place)
    margin = kernel // 2
    axes = [np.arange(at - margin, at + margin + 1) for at in place.cell]
    within = [(axis >= 0) & (axis < count) for axis, count in zip(axes, reduced.shape, strict=True)]
    outside = ~functools.reduce(np.logical_and.outer, within)
    window = reduced[np.ix_(*(axis.clip(0, count - 1) for axis, count in zip(axes, reduced.shape, strict=True)))]
    if scale.padding == "zero":
        window = np.where(outside, 0.0, window)
    own, average = float(reduced[place.cell]), float(window.mean())
    seen = _value(
        trace[f"stage{place.stage}.pee.{'edge' if scale.form == 'difference' else 'average'}_k{kernel}"], place
    )
    network = seen if scale.form == "difference" else own - seen
    return EdgeSum(window, outside, own, average, own - average, network)


def exchange_sum(trace: Trace, place: Place, task: str) -> ExchangeSum:
    """What the branch `task` ("seg" or "edge") takes over from the other one at a cell: the release's form of attention.

    Raises ValueError for another task, a place outside the map, and a network without that form.
    """
    need(trace, ".ia.seg_weight", "interactive attention of the release's form")
    if task not in ("seg", "edge"):
        raise ValueError(f'task is "seg" or "edge", got {task!r}')
    start, other_task = f"stage{place.stage}", "edge" if task == "seg" else "seg"
    own, other = (_value(trace[f"{start}.branch.{each}"], place) for each in (task, other_task))
    weight = _value(trace[f"{start}.ia.{task}_weight"], place)
    taken = (1 - weight) * other
    return ExchangeSum(own, other, weight, 1 - weight, taken, own + taken, _value(trace[f"{start}.ia.{task}"], place))


def fusion_sum(model: nn.Module, trace: Trace, place: Place) -> FusionSum:
    """What stage `place.stage` takes from the other stages at a cell of its own map.

    Raises ValueError for a place outside the map, and a network without cross feature fusion.
    """
    need(trace, ".cff.gate_own", "cross feature fusion (CFF)")
    values = {j: _value(stage_map(model, trace, j, place.stage), place) for j in STAGES}
    gates = {j: _value(trace[gate_name(place.stage, j)], place) for j in STAGES}
    others = [j for j in STAGES if j != place.stage]
    products = {j: gates[j] * values[j] for j in others}
    heard = sum(products.values())
    own, own_gate = values[place.stage], gates[place.stage]
    return FusionSum(
        own,
        own_gate,
        {j: values[j] for j in others},
        {j: gates[j] for j in others},
        products,
        heard,
        own + (1 - own_gate) * heard,
        _value(trace[f"stage{place.stage}.cff.fused"], place),
    )


def stage_map(model: nn.Module, trace: Trace, stage: int, at: int | None = None) -> Tensor:
    """S of a stage, 1 x D x h x w: what its object branch knows after the exchange; resized to stage `at` as CFF does."""
    names = [f"stage{i}.ia.seg" if f"stage{i}.ia.seg" in trace else f"stage{i}.branch.seg" for i in STAGES]
    own = trace[names[stage - 1]]
    size = own.shape[2:] if at is None else trace[names[at - 1]].shape[2:]
    return resize(own, size, _banet(model).head.align_corners)


def _banet(model: nn.Module) -> BANet:
    if not isinstance(model, BANet):
        raise ValueError(f"these sums are BA-Net's; got a {type(model).__name__}")
    return model


def _channel(value: Tensor, place: Place) -> NDArray[np.float64]:
    channels, *sides = value.shape[1:]
    if len(sides) != len(place.cell):
        raise ValueError(
            f"the map has {len(sides)} axes, the place {len(place.cell)}: volumes need `slice`, images none"
        )
    for name, at, count in (
        *zip(("slice", "row", "column")[-len(sides) :], place.cell, sides, strict=True),
        ("channel", place.channel, channels),
    ):
        if not 0 <= at < count:
            raise ValueError(f"stage {place.stage} has {name}s 0 to {count - 1}, not {at}")
    return value[0, place.channel].cpu().double().numpy()


def _value(value: Tensor, place: Place) -> float:
    return float(_channel(value, place)[place.cell])
