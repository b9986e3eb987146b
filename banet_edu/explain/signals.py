"""Read what named submodules of a network give out while it looks at one image. No copy of the forward pass: hooks."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from banet_edu.data.sample import Sample
from banet_edu.prediction import predict


def read_signals(
    model: nn.Module, image: Sample | NDArray[np.uint8] | str | Path, modules: Iterable[str]
) -> dict[str, NDArray[np.float32]]:
    """The outputs of `modules` during `predict(model, image)`: name -> C x h x w float32.

    `modules` are names as in `model.named_modules()`; of BA-Net's stages 1 to 4 (fine to coarse), for example,
    `head.mini_mtl.0.pee.scales.k5` is the edge scale of window 5 at stage 1. The model is left as it was.

    Raises ValueError for a name the model does not have, with the nearest ones, and for a module without one tensor
    as its output.

    >>> from banet_edu import create_model
    >>> edges = read_signals(
    ...     create_model("banet", preset="nano"), np.zeros((64, 64, 3), np.uint8), ["head.mini_mtl.0.pee.scales.k5"]
    ... )
    >>> {name: values.shape for name, values in edges.items()}
    {'head.mini_mtl.0.pee.scales.k5': (16, 16, 16)}
    """
    wanted, known = list(modules), dict(model.named_modules())
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, n=3, cutoff=0.3)
            raise ValueError(f"the model has no submodule {name!r}; nearest: {', '.join(near) or 'none'}")
    outputs: dict[str, object] = {}
    hooks = [
        known[name].register_forward_hook(lambda *call, key=name: outputs.update({key: call[2]})) for name in wanted
    ]
    try:
        predict(model, image)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: _first(name, outputs.get(name)) for name in wanted}


def _first(name: str, output: object) -> NDArray[np.float32]:
    if not isinstance(output, Tensor):
        raise ValueError(f"{name!r} gives no single tensor but {type(output).__name__}: name one of its submodules")
    return output[0].detach().float().cpu().numpy()
