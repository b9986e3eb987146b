"""Every signal can be replaced; what follows changes, what comes before does not, and afterwards all is as before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from landing import rest_at_landing
from network_variants import VARIANTS, build, picture
from torch import nn

from banet_edu.banet.network import BANetOutput
from banet_edu.explain.inside.interventions import BYPASS, intervene
from banet_edu.explain.inside.trace import probe, run_tensor

X = picture()


@pytest.fixture(scope="module")
def model():
    return build("default")


def hooks(model: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def replacements(value: torch.Tensor) -> dict[str, tuple[Any, torch.Tensor]]:
    """One of each kind `intervene` takes, and what the signal must then be."""
    other = torch.linspace(-1, 1, value.numel()).reshape(value.shape)
    return {
        "constant": (0.25, torch.full_like(value, 0.25)),
        "tensor": (other, other),
        "function": (lambda v: v.flip(-1) * 0 + other, other),
        "array": (other[0].double().numpy(), other),
    }


@pytest.mark.parametrize("variant", rest_at_landing(VARIANTS, "default", "average", "unet"))
def test_every_name_can_be_replaced_and_by_itself_changes_nothing(variant: str) -> None:
    model = build(variant)
    trace = probe(model, X)
    wanted = {name: replacements(trace[name]) for name in trace.names()}
    for name in trace.names():
        with intervene(model, {name: trace[name]}):
            assert torch.equal(run_tensor(model, X), trace["logits"]), f"{name} by itself"
    # One pass replaces all names, each by another kind than its neighbours; four passes give each name every kind.
    kinds = ["constant", "tensor", "function", "array"]
    for first in range(4):
        turn = {name: kinds[(first + place) % 4] for place, name in enumerate(wanted)}
        with intervene(model, {name: wanted[name][kind][0] for name, kind in turn.items()}):
            seen = probe(model, X)
        assert seen.names() == trace.names()
        for name, kind in turn.items():
            assert torch.equal(seen[name], wanted[name][kind][1]), f"{name} by a {kind}"
    assert hooks(model) == 0
    assert torch.equal(run_tensor(model, X), trace["logits"])


@pytest.mark.parametrize("variant", ["default", "unet"])
def test_every_name_can_be_replaced_alone_by_what_a_function_makes_of_it(variant: str) -> None:
    model = build(variant)
    trace = probe(model, X)
    for name in trace.names():
        with intervene(model, {name: lambda value: 1 - 2 * value}):
            seen = probe(model, X)
        assert torch.equal(seen[name], 1 - 2 * trace[name]), name
        before = trace.names()[: trace.names().index(name)]
        assert all(torch.equal(seen[other], trace[other]) for other in before if upstream(other, name)), name


def upstream(other: str, name: str) -> bool:
    """Signals that never hear `name`, whatever its block: of the encoder, and of other stages before the fusion."""
    stages = [n.partition(".")[0] for n in (other, name)]
    return other.startswith("encoder.") or (stages[0] != stages[1] and ".cff." not in other)


def everything_behind_stage(i: int) -> set[str]:
    """Signals that hear S_i."""
    gates = {f"stage{j}.cff.gate_from_stage{i}" for j in (1, 2, 3, 4) if j != i} | {f"stage{i}.cff.gate_own"}
    fused = {f"stage{j}.cff.fused" for j in (1, 2, 3, 4)}
    return gates | fused | {"decoder.stage3", "decoder.stage2", "decoder.stage1", "decoder.logits", "logits"}


def stage(i: int, *parts: str) -> set[str]:
    return {f"stage{i}.{part}" for part in parts}


EXCHANGED = ("ia.seg", "ia.edge", "side.mask", "side.edge")


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        (
            "stage2.pee.edge_k7",
            stage(2, "pee.edge_k7", "pee.fused", "branch.seg", "branch.edge", "ia.seg_weight", "ia.edge_weight")
            | stage(2, *EXCHANGED)
            | everything_behind_stage(2),
        ),
        ("stage3.branch.edge", stage(3, "branch.edge", "ia.edge_weight", *EXCHANGED) | everything_behind_stage(3)),
        ("stage1.ia.seg_weight", stage(1, "ia.seg_weight", "ia.seg", "side.mask") | everything_behind_stage(1)),
        ("stage4.ia.edge", stage(4, "ia.edge", "side.edge")),
        ("stage1.side.mask", stage(1, "side.mask")),
        (
            "stage3.cff.gate_from_stage1",
            stage(3, "cff.gate_from_stage1", "cff.fused")
            | {"decoder.stage3", "decoder.stage2", "decoder.stage1", "decoder.logits", "logits"},
        ),
        ("decoder.stage2", {"decoder.stage2", "decoder.stage1", "decoder.logits", "logits"}),
        ("logits", {"logits"}),
    ],
)
def test_exactly_what_follows_changes(model, name: str, changed: set[str]) -> None:
    before = probe(model, X)
    with intervene(model, {name: lambda value: value + 0.5}):
        after = probe(model, X)
    assert {n for n in before.names() if not torch.equal(before[n], after[n])} == changed


def test_a_skip_can_be_cut_without_touching_the_way_down() -> None:
    model = build("unet")
    before = probe(model, X)
    with intervene(model, {"skip.level1": 0.0}):
        after = probe(model, X)
    changed = {n for n in before.names() if not torch.equal(before[n], after[n])}
    assert changed == {"skip.level1", "decoder.level1", "logits"}


def test_blocks_nest_and_unwind(model) -> None:
    clean = run_tensor(model, X)
    weight = "stage2.ia.seg_weight"
    with intervene(model, {weight: 0.5}):
        outer = run_tensor(model, X)
        with intervene(model, {weight: lambda w: w * 2, "stage1.pee.edge_k5": 0.0}):
            seen = probe(model, X)
            assert (seen[weight] == 1).all()  # the inner one sees what the outer one put in
            assert (seen["stage1.pee.edge_k5"] == 0).all()
        assert torch.equal(run_tensor(model, X), outer)
    assert torch.equal(run_tensor(model, X), clean)
    assert not torch.equal(outer, clean)


def fails(_: torch.Tensor) -> torch.Tensor:
    raise RuntimeError("on the way")


@pytest.mark.parametrize("where", ["in the block", "in the function", "in the shape"])
def test_the_model_is_restored_after_an_error(model, where: str) -> None:
    clean = run_tensor(model, X)
    bad = {"in the block": 0.0, "in the function": fails, "in the shape": torch.zeros(3, 3)}[where]
    with (
        pytest.raises((RuntimeError, ValueError)),
        intervene(model, {"stage1.pee.fused": 0.0}),
        intervene(model, {"stage1.branch.seg": bad}),
    ):
        run_tensor(model, X)
        raise RuntimeError("after the forward pass")
    assert hooks(model) == 0
    assert torch.equal(run_tensor(model, X), clean)


def test_unknown_name_gives_the_nearest_and_attaches_nothing(model) -> None:
    with (
        pytest.raises(ValueError, match=r"stage1\.pee\.edge_k5"),
        intervene(model, {"stage1.pee.fused": 0.0, "stage1.pee.edge5": 0.0}),
    ):
        pass
    assert hooks(model) == 0


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (torch.zeros(1, 16, 5, 5), r"1 x 16 x 12 x 16, the replacement is 1 x 16 x 5 x 5"),
        (np.zeros((12, 16)), "12 x 16"),
        (lambda v: None, "NoneType"),
        ("zero", "BYPASS"),
        (BYPASS, "must agree"),  # the stage's input has other channels than this signal
    ],
)
def test_a_bad_replacement_says_what_is_wrong(model, bad, words: str) -> None:
    with pytest.raises(ValueError, match=words) as raised, intervene(model, {"stage1.pee.input": bad}):
        run_tensor(model, X)
    assert "stage1.pee.input" in str(raised.value)


def test_patching_brings_in_what_another_image_showed(model) -> None:
    other = probe(model, picture(seed=2))
    scales = [name for name in other.names() if name.endswith(".ia.seg")]
    with intervene(model, {name: other[name] for name in scales}):
        patched = run_tensor(model, X)
    assert torch.equal(patched, other["logits"])  # the decoder hears S_1..S_4 and nothing else


def test_patching_does_not_write_into_what_it_was_given() -> None:
    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.relu = nn.Conv2d(3, 2, 1), nn.ReLU(inplace=True)

        def forward(self, x):
            return self.relu(self.conv(x))

    model, given = Small().eval(), torch.full((1, 2, 48, 64), -1.0)
    array = given[0].numpy().copy()
    array.setflags(write=False)
    for replacement in (given, array):
        with intervene(model, {"conv": replacement}):
            assert (run_tensor(model, X) == 0).all()
    assert (given == -1).all()
    assert (array == -1).all()


def test_training_mode_and_gradients(model) -> None:
    model.train()
    try:
        batch = torch.cat([X, picture(2)])
        scale, patch = torch.tensor(1.0, requires_grad=True), probe(model, X)["stage3.ia.seg_weight"]
        with intervene(model, {"stage1.pee.edge_k5": lambda e: e * scale, "stage3.ia.seg_weight": patch}):
            out = model(batch)
        assert isinstance(out, BANetOutput)
        assert out.logits.shape == (2, 2, 48, 64)
        out.logits.square().mean().backward()
        assert scale.grad is not None
        assert scale.grad != 0
        assert model.encoder.conv1.weight.grad.abs().max() > 0
        with intervene(model, {"logits": 0.5}):
            replaced = model(batch)
        assert (replaced.logits == 0.5).all()
        assert len(replaced.side_masks) == 4
    finally:
        model.zero_grad(set_to_none=True)
        model.eval()


def test_eval_mode_gradients_reach_a_replacement(model) -> None:
    weight = torch.full((16, 6, 8), 0.5, requires_grad=True)
    with intervene(model, {"stage2.ia.seg_weight": weight}):
        model(X)[0, 1].sum().backward()
    assert weight.grad is not None
    assert weight.grad.abs().max() > 0
