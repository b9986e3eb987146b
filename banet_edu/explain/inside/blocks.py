"""What the blocks of BA-Net say in a trace: edges of PEE, shares of interactive attention, gates of CFF."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from banet_edu.explain.inside.trace import Trace

STAGES = (1, 2, 3, 4)  # fine to coarse


def need(trace: Trace, ending: str, what: str) -> list[int]:
    """The stages that have a signal whose name ends so; ValueError that says what is missing where none has."""
    stages = [i for i in STAGES if any(n.startswith(f"stage{i}.") and n.endswith(ending) for n in trace.names())]
    if not stages:
        raise ValueError(
            f"this network has no {what}: its trace has no signal `stageN...{ending}`; it has {_some(trace)}"
        )
    return stages


def edge_maps(trace: Trace, stage: int) -> dict[int, NDArray[np.float32]]:
    """Window size -> mean |R - AvgPool_k(R)| over the channels, h x w, of one stage; empty where PEE is off."""
    start = f"stage{stage}.pee."
    maps = {}
    for name in trace.names():
        if name.startswith(f"{start}edge_k"):
            maps[int(name.rpartition("_k")[2])] = trace.map(name, "mean_abs")
        elif name.startswith(f"{start}average_k"):
            difference = trace[f"{start}input"] - trace[name]
            maps[int(name.rpartition("_k")[2])] = difference[0].abs().mean(dim=0).cpu().numpy().astype(np.float32)
    return dict(sorted(maps.items()))


def taken_over(trace: Trace, stage: int, task: str) -> NDArray[np.float32]:
    """How much the branch ("seg" or "edge") adds of the other one, 0..1, mean over the channels, h x w."""
    weight = trace.map(f"stage{stage}.ia.{task}_weight")
    return 1 - weight if f"stage{stage}.ia.seg_weight" in trace else weight


def gate_name(stage: int, source: int) -> str:
    """The signal of the gate at `stage` for the map of `source`.

    >>> gate_name(2, 3), gate_name(2, 2)
    ('stage2.cff.gate_from_stage3', 'stage2.cff.gate_own')
    """
    return f"stage{stage}.cff.gate_{'own' if source == stage else f'from_stage{source}'}"


def gate_matrix(trace: Trace, *, effective: bool = False) -> NDArray[np.float64]:
    """4 x 4, row: the stage i that listens, column: the stage j it hears; means over channels and pixels.

    The gate g_j at stage i, on the diagonal the own gate g_i. With `effective`, what S_j is multiplied by in
    F_i = S_i + (1 - g_i) sum g_j S_j: (1 - g_i) g_j, and 1 on the diagonal. Raises ValueError without CFF.
    """
    need(trace, ".cff.gate_own", "cross feature fusion (CFF)")
    matrix = np.ones((4, 4))
    for i in STAGES:
        own = trace[gate_name(i, i)]
        for j in STAGES:
            gate = trace[gate_name(i, j)]
            if not effective:
                matrix[i - 1, j - 1] = float(gate.mean())
            elif i != j:
                matrix[i - 1, j - 1] = float(((1 - own) * gate).mean())
    return matrix


def _some(trace: Trace) -> str:
    names = trace.names()
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
