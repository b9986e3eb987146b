"""The exercises as they stand in the lessons: the stub is not passed, the solution is, and without its key line it is not."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import jupytext
import pytest
import torch
import torch.nn.functional as F

from banet_edu.models.layers import resize
from banet_edu.teach.checks import Verdict
from banet_edu.teach.lesson03 import check_edge, check_pee
from banet_edu.teach.lesson04 import check_attention
from banet_edu.teach.lesson05 import check_fusion

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
BUILDER = SimpleNamespace(**runpy.run_path(str(NOTEBOOKS / "build.py")))
CHECKS = {
    "my_edge": ("03", check_edge),
    "my_pee": ("03", check_pee),
    "my_attention": ("04", check_attention),
    "my_fusion": ("05", check_fusion),
}
# A line of the solution, what stands there instead ("" for nothing), and what the check must then say.
CUTS = [
    ("my_edge", 'padded = F.pad(R, (m, m, m, m), mode="replicate")', "padded = R", "replicate"),
    ("my_edge", "return R - average", "", "return"),
    ("my_edge", "average = F.avg_pool2d(padded, k, stride=1)", "average = F.avg_pool2d(padded, k)", "stride=1"),
    ("my_pee", "pyramid = torch.cat([R, *edges], dim=1)", "pyramid = R", "R and ALL edge maps"),
    ("my_pee", "edges = [my_edge(R, scale.kernel) for scale in block.scales.values()]", "", "spelled right"),
    ("my_pee", "return block.fuse(block.relu(block.mix(pyramid)))", "return block.fuse(block.mix(pyramid))", "ReLU"),
    ("my_attention", "S = s + (1 - block.seg_attention(s)) * e", "S = s", "nothing was taken over"),
    ("my_attention", "E = e + (1 - block.edge_attention(e)) * s", "E = e", "S is right"),
    ("my_attention", "return S, E", "", "return"),
    ("my_fusion", "continue", "pass", "Only the others"),
    ("my_fusion", "other = resize(maps[j - 1], size)", "other = maps[j - 1]", "resize(S, size)"),
    ("my_fusion", 'heard = heard + gates[f"stage{j}"](other) * other', "heard = heard + other", "gates are missing"),
    ("my_fusion", 'return own + (1 - gates[f"stage{stage}"](own)) * heard', "return own", "nothing was taken"),
]


def cell(name: str, tag: str) -> str:
    [source] = BUILDER.lessons([CHECKS[name][0]])
    [found] = [c.source for c in jupytext.read(source).cells if tag in BUILDER.tags(c) and f"def {name}(" in c.source]
    return found


def checked(name: str, source: str) -> Verdict:
    """The verdict on a cell, run after the solutions of the lesson's earlier exercises."""
    scope = {"torch": torch, "F": F, "resize": resize}
    if name == "my_pee":
        exec(cell("my_edge", "solution"), scope)
    exec(source, scope)
    return CHECKS[name][1](scope[name])


@pytest.mark.parametrize("name", CHECKS)
def test_stub_runs_and_is_not_passed(name):
    verdict = checked(name, cell(name, "exercise"))
    assert not verdict.passed and "not written yet" in verdict.said


@pytest.mark.parametrize("name", CHECKS)
def test_solution_is_passed(name):
    assert checked(name, cell(name, "solution")).passed


@pytest.mark.parametrize(("name", "line", "instead", "said"), CUTS)
def test_without_its_key_line_the_solution_fails_with_a_useful_hint(name, line, instead, said):
    source = cell(name, "solution")
    assert source.count(line) == 1
    verdict = checked(name, source.replace(line, instead))
    assert not verdict.passed and verdict.hint
    assert said in repr(verdict), verdict
