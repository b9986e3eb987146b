"""`intervene`: run a network with some of its inner signals replaced. `knobs`: ready-made interventions by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from banet_edu.banet.network import BANet
from banet_edu.explain.inside.signals import Action, attach, find_signal, nearest, signals_of

#: Stands for "as if this step were not there": the signal becomes what it was computed from (of equal shape).
BYPASS: Literal["bypass"] = "bypass"

#: A number, a tensor of the signal's shape (C x h x w or 1 x C x h x w), a function of the signal, or BYPASS.
Replacement = float | Tensor | NDArray[Any] | Callable[[Tensor], Any] | Literal["bypass"]


@contextmanager
def intervene(model: nn.Module, replacements: Mapping[str, Replacement]) -> Iterator[nn.Module]:
    """Replace inner signals while the `with` block runs; afterwards, even after an error, the model is as it was.

    Args:
        model: the network; it is given back, so that `with intervene(...) as cut:` reads well.
        replacements: signal name (see `probe(...).names()`) -> a number (the whole signal becomes it), a tensor or
            array (patching: say, the same signal of another image's trace), a function of the signal's tensor that
            returns one of these, or `BYPASS`.

    Blocks nest: an inner one sees what the outer one put in. What follows the signal is computed from the replacement,
    with gradients where they are on.

    Raises:
        ValueError: a name the network does not have (with the nearest), or a replacement of another shape.

    >>> from banet_edu import create_model
    >>> model, x = create_model("banet", preset="nano").eval(), torch.randn(1, 3, 64, 64)
    >>> with torch.no_grad(), intervene(model, {"stage1.pee.edge_k5": 0.0, "stage2.ia.seg_weight": lambda w: 1 - w}):
    ...     changed = model(x)
    >>> bool((changed != model(x)).any())
    True
    """
    found = {name: find_signal(model, name) for name in replacements}
    with ExitStack() as stack:
        for name, signal in found.items():
            handle = attach(model, signal, _replace(name, replacements[name]))
            stack.callback(handle.remove)
        yield model


def _replace(name: str, replacement: Replacement) -> Action:
    def action(value: Tensor, source: Tensor) -> Tensor:
        if isinstance(replacement, str):
            if replacement != BYPASS:
                raise ValueError(
                    f"{name}: a replacement is a number, a tensor, a function or BYPASS, not {replacement!r}"
                )
            new: Any = source
        else:
            new = replacement(value) if callable(replacement) else replacement
        return _like(name, value, new)

    return action


def _like(name: str, value: Tensor, new: Any) -> Tensor:
    """`new` as a tensor of the signal's shape, type and device."""
    if isinstance(new, float | int | np.number):
        return torch.full_like(value, float(new))
    if not isinstance(new, Tensor | np.ndarray):
        raise ValueError(f"{name}: a replacement must be or return a number or a tensor, not {type(new).__name__}")
    tensor = new if isinstance(new, Tensor) else torch.from_numpy(np.array(new))
    tensor = tensor.to(device=value.device, dtype=value.dtype)
    if tensor.shape not in (value.shape, (1, *value.shape[1:]), value.shape[1:], ()):
        raise ValueError(f"{name} is {_shape(value)}, the replacement is {_shape(tensor)}: they must agree")
    return tensor.expand_as(value).clone()  # what follows may work in place: not on the caller's own tensor


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape))


def knobs(model: nn.Module) -> dict[str, dict[str, Replacement]]:
    """Ready-made interventions, name -> what to give `intervene`.

    BA-Net: `stage1.edge_k5 off` (that edge scale shows nothing), `stage1.pee off` (none does), `stage1.ia off`,
    `stage1.ia edge to seg only` and `seg to edge only` (one-way), `stage1.gate_own open` or `closed`,
    `stage1.gate_from_stage3 open` or `closed`, `stage1.cff off` (the stage hears no other), `stage1 off` (its S is 0 for
    all that follows), and `pee off`, `ia off`, `cff off` at all stages. U-Nets: `skip.level1 off` and so on.

    An own gate of 1 ("open") lets nothing of the other stages in: the formula has 1 - g.

    >>> from banet_edu import create_model
    >>> knobs(create_model("banet", preset="nano"))["stage1.ia off"]
    {'stage1.ia.seg_weight': 1.0, 'stage1.ia.edge_weight': 1.0}
    """
    if isinstance(model, BANet):
        return _banet_knobs(model)
    return {f"{name} off": {name: 0.0} for name in signals_of(model) if name.startswith("skip.")}


def combine(model: nn.Module, knob: str | Iterable[str] | Mapping[str, Replacement]) -> dict[str, Replacement]:
    """Replacements from one knob's name, from several names, or as they are; ValueError for an unknown name."""
    if isinstance(knob, Mapping):
        return dict(knob)
    known = knobs(model)
    merged: dict[str, Replacement] = {}
    for name in [knob] if isinstance(knob, str) else knob:
        if name not in known:
            raise ValueError(f"this network has no knob {name!r}; nearest: {nearest(name, known)}")
        merged |= known[name]
    return merged


def _banet_knobs(model: BANet) -> dict[str, dict[str, Replacement]]:
    names = signals_of(model)
    found: dict[str, dict[str, Replacement]] = {}
    everywhere: dict[str, dict[str, Replacement]] = {"pee off": {}, "ia off": {}, "cff off": {}}
    for i in (1, 2, 3, 4):
        stage = f"stage{i}"
        own = [name for name in names if name.startswith(f"{stage}.")]

        # An average over no window is R itself, so the difference form's 0 is the average form's BYPASS.
        scales: dict[str, Replacement] = {n: 0.0 for n in own if ".pee.edge_" in n}
        scales |= {n: BYPASS for n in own if ".pee.average_" in n}
        for name, value in scales.items():
            found[f"{stage}.edge_{name.rpartition('_')[2]} off"] = {name: value}

        # The weight at which a branch listens to nothing: 1 - a = 0 in the release's form, a = 0 in the blog's.
        deaf = 1.0 if model.head.mini_mtl[i - 1].interactive_attention == "release" else 0.0
        weights: dict[str, Replacement] = {n: deaf for n in own if n.endswith("_weight")}
        if len(weights) == 2:
            found[f"{stage}.ia edge to seg only"] = {f"{stage}.ia.edge_weight": deaf}
            found[f"{stage}.ia seg to edge only"] = {f"{stage}.ia.seg_weight": deaf}

        gates = [name for name in own if ".cff.gate_" in name]
        for name in gates:
            short = f"{stage}.{name.rpartition('.')[2]}"
            found[f"{short} open"], found[f"{short} closed"] = {name: 1.0}, {name: 0.0}
        alone: dict[str, Replacement] = {f"{stage}.cff.gate_own": 1.0} if gates else {}

        for block, off in (("pee", scales), ("ia", weights), ("cff", alone)):
            if off:
                found[f"{stage}.{block} off"] = off
                everywhere[f"{block} off"] |= off
        last = f"{stage}.ia.seg"
        found[f"{stage} off"] = {last if last in names else f"{stage}.branch.seg": 0.0}
    return found | {name: off for name, off in everywhere.items() if off}
