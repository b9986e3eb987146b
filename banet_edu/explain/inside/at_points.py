"""What the network's own signals say at the points of a boundary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.explain.inside.trace import Trace

Array = NDArray[np.float64]


def signal_columns(trace: Trace, read: Callable[[NDArray[Any]], Array]) -> dict[str, Array]:
    """Columns of a profile: `side_disagreement` (standard deviation of the foreground probability over the side masks and the
    result), and under their own names each PEE scale (mean |edge|), IA weight and CFF gate (mean over channels).

    `read` gives a map's values at the points; maps have any size and cover the same field of view.
    """
    columns: dict[str, Array] = {}
    sides = [name for name in trace.names() if name.endswith("side.mask")]
    if sides:
        stack = [read(trace.mask_probability(name)) for name in (*sides, "logits")]
        columns["side_disagreement"] = np.std(stack, axis=0)
    for name in trace.names():
        kind = name.partition(".")[2]
        if kind.startswith(("pee.edge_", "pee.average_")):
            columns[name] = read(trace.map(name, "mean_abs"))
        elif kind.startswith("cff.gate_") or kind in ("ia.seg_weight", "ia.edge_weight"):
            columns[name] = read(trace.map(name))
    return columns
