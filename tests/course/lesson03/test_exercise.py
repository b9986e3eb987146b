"""Lesson 03, edge pyramid: right answers of any make pass, plausible wrong ones are told WHAT is wrong."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from lesson_checks import assert_leaves_randomness_alone, assert_never_raises, cell, refused, unwritten, without

from banet_edu.course.lesson03.exercise import check_edge, check_pee


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


def average_of_ones(R, k):
    return F.avg_pool2d(F.pad(R, (k // 2,) * 4, value=1), k, stride=1)


EDGE_WRONG = {
    "not written": (unwritten, "not written yet"),
    "nothing back": (lambda R, k: None, "gives nothing back"),
    "no stride": (lambda R, k: R - F.avg_pool2d(R, k, padding=k // 2), "stride"),
    "no stride, not subtracted": (lambda R, k: F.avg_pool2d(R, k, padding=k // 2), "stride"),
    "no padding": (lambda R, k: R - F.avg_pool2d(R, k, stride=1), "mode='replicate'"),
    "zero padding": (lambda R, k: R - F.avg_pool2d(R, k, stride=1, padding=k // 2), "zeros were averaged in"),
    "gradient": (
        lambda R, k: F.max_pool2d(R, k, 1, k // 2) + F.max_pool2d(-R, k, 1, k // 2),
        "largest minus the smallest",
    ),
    "one side": (
        lambda R, k: R - F.avg_pool2d(F.pad(R, (k - 1, 0, k - 1, 0), mode="replicate"), k, 1),
        "above and on the left",
    ),
    "padding of ones": (
        lambda R, k: R - average_of_ones(R, k),
        "along its frame your function finds some (up to 0.83).\n",
    ),
    "zeros and added": (
        lambda R, k: R + F.avg_pool2d(R, k, 1, k // 2),
        "the average is added to R, not subtracted. And: zeros",
    ),
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


def zeros_along_the_frame(R, k):
    m = k // 2
    return F.pad(R[..., m:-m, m:-m] - F.avg_pool2d(R, k, stride=1), (m,) * 4)


def subtracted_from_the_padded(R, k):
    R = F.pad(R, (k // 2,) * 4, mode="replicate")
    return R - F.avg_pool2d(R, k, stride=1)


def padded_twice(R, k):
    return R - F.avg_pool2d(F.pad(R, (k // 2,) * 4, mode="replicate"), k, stride=1, padding=k // 2)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (zeros_along_the_frame, "your edge map is 0, whatever R is"),
        (subtracted_from_the_padded, "You subtract from the padded map"),
        (padded_twice, "once (F.pad or padding=, not both)"),
    ],
)
def test_what_goes_wrong_at_the_frame_is_named(answer, said):
    refused(check_edge(answer), said)


def test_a_frame_that_is_not_the_blocks_own_is_said():
    padded = lambda R, k: R - F.avg_pool2d(R, k, stride=1, padding=k // 2)  # noqa: E731
    assert "but for the cells near the frame" in check_pee(lambda b, C: pee(b, C, padded)).said
    assert "near the frame" not in check_pee(pee).said


@pytest.mark.parametrize("name", PEE_WRONG)
def test_check_pee_says_what_is_wrong(name):
    answer, said = PEE_WRONG[name]
    refused(check_pee(answer), said)


def test_answer_that_writes_into_its_input_is_judged_by_what_it_gives_back():
    def in_place(R, k):
        R -= average(R, k)
        return R

    assert check_edge(in_place).passed


CHECKS = {"my_edge": check_edge, "my_pee": check_pee}
RIGHT = {"my_edge": edge, "my_pee": pee}
# A line of the solution, what stands there instead ("" for nothing), and what the check must then say.
CUTS = [
    ("my_edge", 'padded = F.pad(R, (m, m, m, m), mode="replicate")', "padded = R", "replicate"),
    ("my_edge", "return R - average", "", "return"),
    ("my_edge", "average = F.avg_pool2d(padded, k, stride=1)", "average = F.avg_pool2d(padded, k)", "stride=1"),
    ("my_pee", "pyramid = torch.cat([R, *edges], dim=1)", "pyramid = R", "R and ALL edge maps"),
    ("my_pee", "edges = [my_edge(R, scale.kernel) for scale in block.scales.values()]", "", "spelled right"),
    ("my_pee", "return block.fuse(block.relu(block.mix(pyramid)))", "return block.fuse(block.mix(pyramid))", "ReLU"),
]


def checked(name, source):
    """The verdict on a cell of the lesson, run after the solution of the exercise before."""
    scope = {"torch": torch, "F": F}
    if name == "my_pee":
        exec(cell("03", "my_edge", "solution"), scope)
    exec(source, scope)
    return CHECKS[name](scope[name])


@pytest.mark.parametrize("name", CHECKS)
def test_stub_runs_and_is_not_passed_and_the_solution_is(name):
    refused(checked(name, cell("03", name, "exercise")), "not written yet")
    assert checked(name, cell("03", name, "solution")).passed


@pytest.mark.parametrize(("name", "line", "instead", "said"), CUTS)
def test_without_its_key_line_the_solution_fails_with_a_useful_hint(name, line, instead, said):
    refused(checked(name, without(cell("03", name, "solution"), line, instead)), said)


@pytest.mark.parametrize("name", CHECKS)
def test_check_never_raises_and_leaves_the_randomness_of_the_notebook_alone(name):
    assert_never_raises(CHECKS[name])
    assert_leaves_randomness_alone(CHECKS[name], RIGHT[name])
