"""The inner signals of a network by readable names: which module gives each one out, and what it means.

A signal is what a named submodule gives out (or, for U-Net's skips, what it takes in). Plain forward hooks read and
replace it, so there is no second copy of any forward pass. Formulas: the files of `banet_edu.banet`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from banet_edu.banet.mini_mtl import MiniMTL
from banet_edu.banet.network import BANet
from banet_edu.networks.unet import UNet
from banet_edu.networks.unet_same_encoder import UNetSameEncoder

#: Called with a signal's value and the first input of the module it comes from; a Tensor it returns replaces the value.
Action = Callable[[Tensor, Tensor], Tensor | None]


@dataclass(frozen=True)
class Signal:
    """One inner signal.

    Attributes:
        name: such as `stage2.pee.edge_k5`; stages count from 1 (fine) to 4 (coarse).
        module: where it comes from, as in `model.named_modules()`; "" is the network itself.
        meaning: one phrase, with the symbol of docs/method.md.
        stage: 1 to 4, or None where the network has no stages.
        argument: None for what the module gives out, else which of its inputs is meant.
    """

    name: str
    module: str
    meaning: str
    stage: int | None = None
    argument: int | None = None


def signals_of(model: nn.Module) -> dict[str, Signal]:
    """Every inner signal of `model` by name, in the order of its forward pass.

    BA-Net, U-Net and U-Net on BA-Net's encoder have names of their own. Any other network lists its submodules down to
    two levels, by their own names, and `logits`.

    >>> from banet_edu import create_model
    >>> [name for name in signals_of(create_model("banet", preset="nano")) if name.startswith("stage2.pee")]
    ['stage2.pee.input', 'stage2.pee.edge_k5', 'stage2.pee.edge_k7', 'stage2.pee.fused']
    """
    listed = _banet if isinstance(model, BANet) else _unet if isinstance(model, UNet) else None
    if listed is None:
        listed = _unet_same_encoder if isinstance(model, UNetSameEncoder) else _any_network
    signals = [*listed(model), Signal("logits", "", "class scores before softmax, at the input's size")]
    return {signal.name: signal for signal in signals}


def find_signal(model: nn.Module, name: str) -> Signal:
    """The signal of that name; ValueError with the nearest names where the network has none."""
    known = signals_of(model)
    if name not in known:
        raise ValueError(f"this network has no signal {name!r}; nearest: {nearest(name, known)}")
    return known[name]


def nearest(name: str, known: Collection[str]) -> str:
    """The known names most like `name`, for an error message; all of them where none is like it.

    >>> nearest("stage1.ia", ["stage1.ia.seg", "stage1.ia.edge", "logits"])
    'stage1.ia.seg, stage1.ia.edge'
    """
    return ", ".join(get_close_matches(name, known, n=3, cutoff=0.3) or known) or "none"


def attach(model: nn.Module, signal: Signal, action: Action, *, skip_others: bool = False) -> RemovableHandle:
    """Call `action` with the signal's value in every forward pass until the handle is removed.

    A module that gives out something else than one tensor is an error then, or with `skip_others` left alone.
    """
    module = model.get_submodule(signal.module)
    at = signal.argument

    def on_input(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        assert at is not None
        changed = action(inputs[at], inputs[0])
        return None if changed is None else (*inputs[:at], changed, *inputs[at + 1 :])

    def on_output(_: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
        if isinstance(output, Tensor):
            return action(output, inputs[0] if inputs else output)
        if not hasattr(output, "logits"):
            if skip_others:
                return None
            raise ValueError(f"{signal.name!r} is no single tensor but {type(output).__name__}: name a part of it")
        changed = action(output.logits, inputs[0])  # a BANetOutput, in training mode
        return None if changed is None else output._replace(logits=changed)

    return module.register_forward_hook(on_output) if at is None else module.register_forward_pre_hook(on_input)


def _banet(model: nn.Module) -> Iterator[Signal]:
    assert isinstance(model, BANet)
    head = model.head
    for i in (1, 2, 3, 4):
        yield Signal(f"encoder.c{i}", f"encoder.layer{i}", f"encoder map C{i}", i)
    if model.context is not None:
        yield Signal("context", "context", "context of the whole image: ASPP(C4)", 4)
    for i, block in enumerate(head.mini_mtl, start=1):
        assert isinstance(block, MiniMTL)
        yield from _mini_mtl(block, f"head.mini_mtl.{i - 1}", i, model.spec.dims)
    for i in range(1, 1 + len(head.cff or ())):
        for j in range(1, 5):
            path = f"head.cff.{i - 1}.gates.stage{j}"
            if j == i:
                yield Signal(f"stage{i}.cff.gate_own", path, f"own gate g{i} of stage {i}: near 1, it listens less", i)
            else:
                said = f"gate g{j} at stage {i}: how much of S{j} is let in"
                yield Signal(f"stage{i}.cff.gate_from_stage{j}", path, said, i)
        yield Signal(
            f"stage{i}.cff.fused", f"head.cff.{i - 1}", f"F{i}: S{i} and what it took from the other stages", i
        )
    if head.context_fuse is not None:
        yield Signal("decoder.stage4", "head.context_fuse", "D4: F4 and the context", 4)
    for i in (3, 2, 1):
        yield Signal(f"decoder.stage{i}", f"head.decoder.stage{i}", f"D{i}: F{i} and the coarser D{i + 1}", i)
    yield Signal("decoder.logits", "head.classifier", "class scores at the size of stage 1", 1)


def _mini_mtl(block: MiniMTL, path: str, i: int, dims: int) -> Iterator[Signal]:
    yield Signal(f"stage{i}.pee.input", f"{path}.pee.reduce", f"R: C{i} reduced, what every edge scale starts from", i)
    for key, scale in block.pee.scales.items():
        k = " x ".join([str(scale.kernel)] * dims)
        kind, said = (
            ("edge", f"R minus its average over {k}")
            if scale.form == "difference"
            else ("average", f"average of R over {k}")
        )
        yield Signal(f"stage{i}.pee.{kind}_{key}", f"{path}.pee.scales.{key}", said, i)
    yield Signal(f"stage{i}.pee.fused", f"{path}.pee", "P: R and all edge scales, fused", i)
    yield Signal(f"stage{i}.branch.seg", f"{path}.seg_branch", "s: object branch before the exchange", i)
    if block.edge_task:
        yield Signal(f"stage{i}.branch.edge", f"{path}.edge_branch", "e: edge branch before the exchange", i)
    if block.interactive_attention == "release":
        yield Signal(f"stage{i}.ia.seg_weight", f"{path}.seg_attention", "a_s: near 0, s listens to e", i)
        yield Signal(f"stage{i}.ia.seg", f"{path}.seg_exchange", "S = s + (1 - a_s) e", i)
        yield Signal(f"stage{i}.ia.edge_weight", f"{path}.edge_attention", "a_e: near 0, e listens to s", i)
        yield Signal(f"stage{i}.ia.edge", f"{path}.edge_exchange", "E = e + (1 - a_e) s", i)
    elif block.interactive_attention == "blog":
        yield Signal(f"stage{i}.ia.edge_weight", f"{path}.edge_attention", "sigmoid(s): near 1, e listens to s", i)
        yield Signal(f"stage{i}.ia.edge", f"{path}.edge_exchange", "E = e + sigmoid(s) s", i)
    yield Signal(f"stage{i}.side.mask", f"{path}.seg_side", "side scores of the object", i)
    if block.edge_task:
        yield Signal(f"stage{i}.side.edge", f"{path}.edge_side", "side scores of the edge", i)


def _unet(model: nn.Module) -> Iterator[Signal]:
    assert isinstance(model, UNet)
    coarsest = len(model.down) - 1
    for i in range(coarsest):
        yield Signal(f"encoder.level{i + 1}", f"down.{i}", f"contracting path, level {i + 1}")
    yield Signal("bottleneck", f"down.{coarsest}", "the coarsest map")
    for at in range(coarsest):
        yield from _up(f"up.{at}", f"level{coarsest - at}")


def _unet_same_encoder(model: nn.Module) -> Iterator[Signal]:
    for i in (1, 2, 3, 4):
        yield Signal(f"encoder.c{i}", f"encoder.layer{i}", f"encoder map C{i}", i)
    for at, i in enumerate((3, 2, 1)):
        yield from _up(f"up.{at}", f"stage{i}", i)
    yield Signal("decoder.logits", "classifier", "class scores at the size of stage 1", 1)


def _up(path: str, level: str, stage: int | None = None) -> Iterator[Signal]:
    yield Signal(f"skip.{level}", path, "what the skip brings across (here only: the way down keeps its own)", stage, 1)
    yield Signal(f"decoder.{level}.up", f"{path}.up", "the coarser map, brought to this size", stage)
    yield Signal(f"decoder.{level}", path, "skip and coarser map, convolved", stage)


def _any_network(model: nn.Module) -> Iterator[Signal]:
    for name, module in model.named_modules():
        if name and name.count(".") < 2 and not isinstance(module, nn.ModuleList | nn.ModuleDict):
            yield Signal(name, name, type(module).__name__)
