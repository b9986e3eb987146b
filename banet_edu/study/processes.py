"""Of several processes that a launcher started: how many they are, and why a comparison is none of their business."""

from __future__ import annotations

import os

_INSTEAD = {
    "compare": "train each network with them (torchrun --nproc_per_node 2 -m banet_edu train --model MODEL --seed K ..., which "
    "writes into the comparison's own folder MODEL-seedK, unless --out says otherwise), then compare in one process: it takes "
    "finished runs as they are",
    "ablate": "start it once for each GPU, with a seed of its own (CUDA_VISIBLE_DEVICES=1 banet-edu ablate --seed 1 ...), then "
    "once with all seeds: it takes finished runs as they are",
}


def launched() -> int:
    """How many processes `torchrun` or `accelerate launch` started; 1 without them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def check_one_process(what: str) -> None:
    """ValueError in one of several processes: each would measure every network, and write the same tables at the same time."""
    if launched() > 1:
        raise ValueError(
            f"{what} runs in one process, and WORLD_SIZE says that {launched()} were launched: {_INSTEAD[what]}"
        )
