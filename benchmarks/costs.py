"""What each network costs, and how fine a grid it answers on: a table of docs/results.md.

Preset lite, and BA-Net's preset for a finer grid.
"""

from __future__ import annotations

from typing import Any

import torch

from banet_edu.banet.network import BANet
from banet_edu.networks.registry import create_model, model_names
from banet_edu.study.cost import cost


def costs_table() -> str:
    """Markdown: parameters, operations of one image, and the grid a network answers on."""
    lines = ["| network | parameters | operations of an image (1e9) | times BA-Net's | answers on |", "|---" * 5 + "|"]
    own = cost(create_model("banet"), (128, 128), rounds=0).gflops
    for name, preset in [("banet", "fine"), *((name, "lite") for name in model_names())]:
        model = create_model(name, preset)
        found = cost(model, (128, 128), rounds=0)
        cells = f"{found.parameters:,} | {found.gflops:.2f} | {found.gflops / own:.1f} | {answers_on(model)}"
        lines.append(f"| {name}{', preset fine' if preset == 'fine' else ''} | {cells} |")
    return "\n".join(lines)


@torch.no_grad()
def answers_on(model: Any) -> str:
    """The grid of the class scores, before they are resized to the image."""
    images = torch.zeros(1, 3, 128, 128)
    if not hasattr(model, "encoder"):
        return "every pixel"
    maps = model.eval().encoder(images)
    scores = model.head(maps).logits if isinstance(model, BANet) else model.decode(*maps)
    stride = 128 // scores.shape[-1]
    return "every pixel" if stride == 1 else f"every {stride}{'nd' if stride == 2 else 'th'} pixel"
