"""The checks of the lessons: right answers of any make pass, plausible wrong ones are told WHAT is wrong, nothing raises."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from banet_edu.models.layers import resize
from banet_edu.teach.checks import Verdict
from banet_edu.teach.lesson03 import check_edge, check_pee
from banet_edu.teach.lesson04 import check_attention
from banet_edu.teach.lesson05 import check_fusion


def average(R, k, mode="replicate"):
    return F.avg_pool2d(F.pad(R, (k // 2,) * 4, mode=mode), k, stride=1)


def edge(R, k):
    return R - average(R, k)


def edge_by_convolution(R, k):
    channels = R.shape[1]
    kernel = torch.full((channels, 1, k, k), 1 / k**2)
    return R - F.conv2d(F.pad(R, (k // 2,) * 4, mode="replicate"), kernel, groups=channels)


def edge_by_loops(R, k):
    m, total = k // 2, 0
    padded = F.pad(R, (m, m, m, m), mode="replicate")
    for i in range(k):
        for j in range(k):
            total = total + padded[..., i : i + R.shape[2], j : j + R.shape[3]]
    return R - total / k**2


def edge_of_what_is_there(R, k):
    return R - F.avg_pool2d(R, k, stride=1, padding=k // 2, count_include_pad=False)


def unwritten(*_):
    raise NotImplementedError


EDGE_WRONG = {
    "not written": (unwritten, "not written yet"),
    "nothing back": (lambda R, k: None, "gives nothing back"),
    "no stride": (lambda R, k: R - F.avg_pool2d(R, k, padding=k // 2), "stride"),
    "no stride, not subtracted": (lambda R, k: F.avg_pool2d(R, k, padding=k // 2), "stride"),
    "no padding": (lambda R, k: R - F.avg_pool2d(R, k, stride=1), "mode='replicate'"),
    "zero padding": (lambda R, k: R - F.avg_pool2d(R, k, stride=1, padding=k // 2), "zeros were averaged in"),
    "the average": (average, "the average itself"),
    "sign": (lambda R, k: average(R, k) - R, "wrong way round"),
    "absolute": (lambda R, k: edge(R, k).abs(), "the sign is lost"),
    "relu": (lambda R, k: edge(R, k).relu(), "negative values are missing"),
    "fixed window": (lambda R, k: edge(R, 3), "instead of a fixed number"),
    "max": (lambda R, k: R - F.max_pool2d(F.pad(R, (k // 2,) * 4, mode="replicate"), k, stride=1), "largest value"),
    "all channels": (lambda R, k: R - average(R, k).mean(dim=1, keepdim=True), "Each channel"),
    "zero": (lambda R, k: R - R, "0 everywhere"),
    "numpy": (lambda R, k: edge(R, k).numpy(), "Stay with tensors"),
    "typo": (lambda R, k: Q - average(R, k), "spelled right"),  # noqa: F821
    "arguments": (lambda R: R, "Compare the arguments"),
    "no function": (3, "is no function"),
    "nan": (lambda R, k: edge(R, k) / 0, "nan or infinity"),
    "scaled": (lambda R, k: 2 * edge(R, k), "off by up to"),
}


@pytest.mark.parametrize("right", [edge, edge_by_convolution, edge_by_loops, edge_of_what_is_there])
def test_check_edge_accepts(right):
    assert check_edge(right).passed, check_edge(right)


@pytest.mark.parametrize("name", EDGE_WRONG)
def test_check_edge_says_what_is_wrong(name):
    answer, said = EDGE_WRONG[name]
    refused(check_edge(answer), said)


def refused(verdict: Verdict, said: str) -> None:
    assert not verdict.passed
    assert said in repr(verdict), verdict
    assert repr(verdict).startswith("Not yet: ") and "Hint: " in repr(verdict)


def parts(block, C, own_edge=edge):
    R = block.reduce(C)
    return R, [own_edge(R, scale.kernel) for scale in block.scales.values()]


def finish(block, *maps):
    return block.fuse(block.relu(block.mix(torch.cat(maps, dim=1))))


def pee(block, C, own_edge=edge):
    R, edges = parts(block, C, own_edge)
    return finish(block, R, *edges)


def pee_of_its_scales(block, C):
    R = block.reduce(C)
    return finish(block, R, *[scale(R) for scale in block.scales.values()])


def mixed_without_relu(block, C):
    R, edges = parts(block, C)
    return block.fuse(block.mix(torch.cat([R, *edges], dim=1)))


def not_fused(block, C):
    R, edges = parts(block, C)
    return block.relu(block.mix(torch.cat([R, *edges], dim=1)))


PEE_WRONG = {
    "not written": (unwritten, "not written yet"),
    "no relu": (mixed_without_relu, "ReLU"),
    "not fused": (not_fused, "block.fuse is missing"),
    "edges first": (lambda b, C: finish(b, *parts(b, C)[1], parts(b, C)[0]), "another order"),
    "wide first": (lambda b, C: finish(b, parts(b, C)[0], *parts(b, C)[1][::-1]), "wide to narrow"),
    "without R": (lambda b, C: finish(b, *parts(b, C)[1]), "R and ALL edge maps"),
    "not reduced": (lambda b, C: finish(b, C, *[edge(C, s.kernel) for s in b.scales.values()]), "block.reduce takes c"),
    "averages": (lambda b, C: pee(b, C, average), "the averages are joined"),
    "two windows only": (lambda b, C: finish(b, b.reduce(C), edge(b.reduce(C), 5), edge(b.reduce(C), 7)), "windows"),
    "one window": (lambda b, C: pee(b, C, lambda R, k: edge(R, min(s.kernel for s in b.scales.values()))), "same window"),
    "reduced only": (lambda b, C: b.reduce(C), "differs from the block's"),
    "a list": (lambda b, C: parts(b, C)[1], "is list"),
}  # fmt: skip


@pytest.mark.parametrize(
    "right", [pee, pee_of_its_scales, lambda b, C: b(C), lambda b, C: pee(b, C, edge_of_what_is_there)]
)
def test_check_pee_accepts(right):
    assert check_pee(right).passed, check_pee(right)


@pytest.mark.parametrize("name", PEE_WRONG)
def test_check_pee_says_what_is_wrong(name):
    answer, said = PEE_WRONG[name]
    refused(check_pee(answer), said)


def branches(block, P):
    s, e = block.seg_branch(P), block.edge_branch(P)
    return s, e, block.seg_attention(s), block.edge_attention(e)


def attention(block, P):
    s, e, a, b = branches(block, P)
    return s + (1 - a) * e, e + (1 - b) * s


def attention_written_otherwise(block, P):
    s, e, a, b = branches(block, P)
    return [torch.lerp(e, torch.zeros_like(e), a) + s, e - b * s + s]


def with_weights(form):
    def answer(block, P):
        return form(*branches(block, P))

    return answer


def one_after_the_other(s, e, a, b):
    S = s + (1 - a) * e
    return S, e + (1 - b) * S


ATTENTION_WRONG = {
    "not written": (unwritten, "not written yet"),
    "one map": (with_weights(lambda s, e, a, b: s + (1 - a) * e), "one tensor"),
    "order": (with_weights(lambda s, e, a, b: (e + (1 - b) * s, s + (1 - a) * e)), "wrong order"),
    "not reversed": (with_weights(lambda s, e, a, b: (s + a * e, e + b * s)), "not 1 minus the weight"),
    "crossed weights": (with_weights(lambda s, e, a, b: (s + (1 - b) * e, e + (1 - a) * s)), "other branch's weight"),
    "crossed": (with_weights(lambda s, e, a, b: (s + b * e, e + a * s)), "other branch's weight, and not 1 minus"),
    "one after the other": (with_weights(one_after_the_other), "Both ways at once"),
    "faded": (with_weights(lambda s, e, a, b: (a * s + (1 - a) * e, b * e + (1 - b) * s)), "fades its own branch"),
    "own lost": (with_weights(lambda s, e, a, b: ((1 - a) * e, (1 - b) * s)), "lost its own branch"),
    "nothing": (with_weights(lambda s, e, a, b: (s, e)), "nothing was taken over"),
    "no weight": (with_weights(lambda s, e, a, b: (s + e, e + s)), "no weight is used"),
    "blog": (with_weights(lambda s, e, a, b: (s + (1 - a) * e, e + s.sigmoid() * s)), "blog's form"),
    "twice": (with_weights(lambda s, e, a, b: (s + (1 - a.sigmoid()) * e, e + (1 - b.sigmoid()) * s)), "applied twice"),
    "only E": (with_weights(lambda s, e, a, b: (s + (1 - a) * e, e)), "(S is right.)"),
    "of P": (lambda B, P: (B.seg_branch(P) + (1 - B.seg_attention(P)) * B.edge_branch(P), attention(B, P)[1]), "from P"),
    "unknown part": (lambda B, P: B.object_branch(P), "seg_branch, edge_branch"),
}  # fmt: skip


@pytest.mark.parametrize(
    "right", [attention, attention_written_otherwise, lambda b, P: b.exchange(b.seg_branch(P), b.edge_branch(P))]
)
def test_check_attention_accepts(right):
    assert check_attention(right).passed, check_attention(right)


@pytest.mark.parametrize("name", ATTENTION_WRONG)
def test_check_attention_says_what_is_wrong(name):
    answer, said = ATTENTION_WRONG[name]
    refused(check_attention(answer), said)


def fusion(maps, gates, stage):
    size = maps[stage - 1].shape[-2:]
    at = [resize(m, size) for m in maps]
    g = [gates[f"stage{j}"](m) for j, m in enumerate(at, start=1)]
    heard = sum(g[j] * at[j] for j in range(4) if j != stage - 1)
    return at[stage - 1] + (1 - g[stage - 1]) * heard


def fusion_from_the_whole_sum(maps, gates, stage):
    size = maps[stage - 1].shape[-2:]
    at = {f"stage{j}": resize(m, size) for j, m in enumerate(maps, start=1)}
    own = f"stage{stage}"
    everything = torch.stack([gates[name](m) * m for name, m in at.items()]).sum(0)
    heard = everything - gates[own](at[own]) * at[own]
    return at[own] + heard - gates[own](at[own]) * heard


def fused(form):
    """A wrong fusion from its parts: own map and gate, the others' maps and gates, all at the stage's size."""

    def answer(maps, gates, stage):
        size = maps[stage - 1].shape[-2:]
        at = [resize(m, size) for m in maps]
        g = [gates[f"stage{j}"](m) for j, m in enumerate(at, start=1)]
        own, gate = at.pop(stage - 1), g.pop(stage - 1)
        return form(own, gate, at, g)

    return answer


def total(maps, gates):
    return sum(g * m for m, g in zip(maps, gates, strict=True))


def not_resized(maps, gates, stage):
    own = maps[stage - 1]
    others = [m for j, m in enumerate(maps, start=1) if j != stage]
    return own + sum(others)


def gates_before_resizing(maps, gates, stage):
    size = maps[stage - 1].shape[-2:]
    g = [resize(gates[f"stage{j}"](m), size) for j, m in enumerate(maps, start=1)]
    at = [resize(m, size) for m in maps]
    heard = sum(g[j] * at[j] for j in range(4) if j != stage - 1)
    return at[stage - 1] + (1 - g[stage - 1]) * heard


def next_stage(maps, gates, stage):
    return fusion(maps, gates, stage % 4 + 1)


FUSION_WRONG = {
    "not written": (unwritten, "not written yet"),
    "not resized": (not_resized, "resize(S, size)"),
    "own gate not reversed": (fused(lambda o, h, m, g: o + h * total(m, g)), "not as 1 minus the gate"),
    "no own gate": (fused(lambda o, h, m, g: o + total(m, g)), "the own gate is missing"),
    "own in the sum": (fused(lambda o, h, m, g: o + (1 - h) * (total(m, g) + h * o)), "Only the others"),
    "no own map": (fused(lambda o, h, m, g: (1 - h) * total(m, g)), "the own map is missing"),
    "no gates": (fused(lambda o, h, m, g: o + (1 - h) * sum(m)), "the others' gates are missing"),
    "mean": (fused(lambda o, h, m, g: o + (1 - h) * total(m, g) / 3), "averaged, not added"),
    "gates first": (gates_before_resizing, "First resize each map"),
    "reversed gates": (fused(lambda o, h, m, g: o + (1 - h) * total(m, [1 - x for x in g])), "1 minus the gate"),
    "faded": (fused(lambda o, h, m, g: h * o + (1 - h) * total(m, g)), "faded by its gate"),
    "nothing": (fused(lambda o, h, m, g: o), "F is S"),
    "off by one": (next_stage, "Stages count from 1"),
    "beyond the list": (lambda maps, gates, stage: maps[stage], "Stages count from 1"),
    "list index": (lambda maps, gates, stage: maps[stage + 4], "from 0 to 3"),
    "gate name": (lambda maps, gates, stage: gates[stage](maps[0]), "Hint"),
}


@pytest.mark.parametrize("right", [fusion, fusion_from_the_whole_sum])
def test_check_fusion_accepts(right):
    assert check_fusion(right).passed, check_fusion(right)


@pytest.mark.parametrize("name", FUSION_WRONG)
def test_check_fusion_says_what_is_wrong(name):
    answer, said = FUSION_WRONG[name]
    refused(check_fusion(answer), said)


@pytest.mark.parametrize("check", [check_edge, check_pee, check_attention, check_fusion])
@pytest.mark.parametrize(
    "answer", [None, 3, "text", [], object(), print, np.zeros(3), lambda: 1, lambda *a: a, lambda *a: {}]
)
def test_checks_never_raise(check, answer):
    verdict = check(answer)
    assert isinstance(verdict, Verdict) and not verdict.passed and len(verdict.said) > 15


def test_check_leaves_the_randomness_of_the_notebook_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    for check, answer in ((check_edge, edge), (check_pee, pee), (check_attention, attention), (check_fusion, fusion)):
        check(answer)
    assert torch.rand(1) == expected


def test_answer_that_writes_into_its_input_is_judged_by_what_it_gives_back():
    def in_place(R, k):
        R -= average(R, k)
        return R

    assert check_edge(in_place).passed
