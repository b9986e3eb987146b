"""Ready-made knobs do to the formulas what their names say, in every variant of the network."""

from __future__ import annotations

import pytest
import torch
from network_variants import VARIANTS, build, picture
from torch import nn

from banet_edu.banet.pee import convert_pee
from banet_edu.explain.inside.interventions import combine, intervene, knobs
from banet_edu.explain.inside.trace import probe, run_tensor

X = picture()


@pytest.fixture(scope="module")
def model():
    return build("default")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_knob_names_signals_the_network_has(variant: str) -> None:
    model = build(variant)
    known = set(probe(model, X).names())
    for name, replaced in knobs(model).items():
        assert replaced, name
        assert set(replaced) <= known, name
    with intervene(model, combine(model, list(knobs(model)))):
        run_tensor(model, X)


@pytest.mark.parametrize(
    ("variant", "word"),
    [
        ("no pee", "pee"), ("no pee", "edge_k"), ("no attention", "ia"), ("no edge task", "ia"), ("no cff", "cff"),
        ("no cff", "gate"), ("blog attention", "only"),
    ],
)  # fmt: skip
def test_knobs_of_a_block_that_is_not_built_are_not_named(variant: str, word: str) -> None:
    names = [name.split() for name in knobs(build(variant))]
    assert not [name for name in names if any(part.rpartition(".")[2].startswith(word) for part in name)]
    assert ["stage1", "off"] in names


def test_default_network_has_all_knobs(model) -> None:
    per_stage = ["pee off", "ia off", "ia edge to seg only", "ia seg to edge only", "cff off", "gate_own open"]
    per_stage += ["gate_own closed"]
    names = set(knobs(model))
    for i in (1, 2, 3, 4):
        expected = {f"stage{i}.{name}" for name in per_stage} | {f"stage{i} off"}
        expected |= {f"stage{i}.edge_k{k} off" for k in ((5, 7) if i < 3 else (3, 5))}
        gates = [j for j in (1, 2, 3, 4) if j != i]
        expected |= {f"stage{i}.gate_from_stage{j} {state}" for j in gates for state in ("open", "closed")}
        assert expected == {name for name in names if name.startswith(f"stage{i}")}
    assert {name for name in names if not name.startswith("stage")} == {"pee off", "ia off", "cff off"}


def cut(model: nn.Module, *knob: str):
    with intervene(model, combine(model, knob)):
        return probe(model, X)


def test_cff_off_leaves_each_stage_to_itself(model) -> None:
    trace = cut(model, "cff off")
    for i in (1, 2, 3, 4):
        assert torch.equal(trace[f"stage{i}.cff.fused"], trace[f"stage{i}.ia.seg"])
    assert not torch.equal(trace["logits"], run_tensor(model, X))


def test_one_gate_closed_lets_its_stage_out_of_the_sum(model) -> None:
    trace = cut(model, *[f"stage2.gate_from_stage{j} closed" for j in (1, 3, 4)])
    assert torch.equal(trace["stage2.cff.fused"], trace["stage2.ia.seg"])


def test_ia_off_leaves_each_branch_to_itself(model) -> None:
    trace = cut(model, "ia off")
    for i in (1, 2, 3, 4):
        assert torch.equal(trace[f"stage{i}.ia.seg"], trace[f"stage{i}.branch.seg"])
        assert torch.equal(trace[f"stage{i}.ia.edge"], trace[f"stage{i}.branch.edge"])


def test_one_way_attention_is_off_the_other_way(model) -> None:
    trace = cut(model, "stage1.ia edge to seg only")
    assert torch.equal(trace["stage1.ia.edge"], trace["stage1.branch.edge"])
    assert not torch.equal(trace["stage1.ia.seg"], trace["stage1.branch.seg"])
    trace = cut(model, "stage1.ia seg to edge only")
    assert torch.equal(trace["stage1.ia.seg"], trace["stage1.branch.seg"])
    assert not torch.equal(trace["stage1.ia.edge"], trace["stage1.branch.edge"])


def test_ia_off_in_the_blogs_form() -> None:
    trace = cut(build("blog attention"), "ia off")
    assert torch.equal(trace["stage3.ia.edge"], trace["stage3.branch.edge"])


def test_pee_off_means_the_same_in_both_forms() -> None:
    averages = build("average")
    differences = convert_pee(averages, "difference")
    for knob in ("stage1.pee off", "stage3.edge_k5 off", "pee off"):
        off = cut(averages, knob)
        twin = cut(differences, knob)
        assert (twin["stage3.pee.edge_k5" if "3" in knob else "stage1.pee.edge_k5"] == 0).all()
        torch.testing.assert_close(off["logits"], twin["logits"], atol=1e-4, rtol=1e-4)
        assert not torch.equal(off["logits"], run_tensor(averages, X))


@pytest.mark.parametrize("variant", ["default", "blog attention", "no edge task", "no cff"])
def test_stage_off_silences_it_for_all_that_follows(variant: str) -> None:
    model = build(variant)
    trace = cut(model, "stage3 off")
    source = "stage3.ia.seg" if "stage3.ia.seg" in trace else "stage3.branch.seg"
    assert (trace[source] == 0).all()
    assert not torch.equal(trace["logits"], run_tensor(model, X))


def test_knobs_of_unets_cut_their_skips() -> None:
    assert list(knobs(build("unet"))) == [f"skip.level{i} off" for i in (4, 3, 2, 1)]
    assert list(knobs(build("unet, same encoder"))) == [f"skip.stage{i} off" for i in (3, 2, 1)]
    assert knobs(nn.Conv2d(3, 2, 1)) == {}


def test_unknown_knob_gives_the_nearest(model) -> None:
    with pytest.raises(ValueError, match=r"stage1\.ia off"):
        combine(model, "stage1.ia of")
    with pytest.raises(ValueError, match=r"nearest: skip\.level1 off"):
        combine(build("unet"), "skip.level1")
