"""docs/teaching.md stays true: it names every lesson with its minutes, and quotes the checks and quizzes word for word."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F

from banet_edu.course.lesson00.exercise import slip_of
from banet_edu.course.quiz import lesson_quiz

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
GPU_PAGE = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
SOURCES = {path.name[:2]: path for path in sorted((ROOT / "notebooks" / "src").glob("[0-9][0-9]_*.py"))}


def section(title: str) -> str:
    """The text under one heading of the page, up to the next one of the same rank."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row of a text, without heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = [number for number, line in enumerate(lines) if set(line) <= set("|-: ")]
    heads = {number - 1 for number in rules}
    kept = [line for number, line in enumerate(lines) if number not in heads and number not in rules]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in kept]


# What students write, as the page tells it. (lesson, check, what the page calls the answer) -> the answer.


def distances(a: Any, b: Any, s: Any) -> Any:
    return np.sqrt((((a[:, None] - b[None]) * np.array(s)) ** 2).sum(-1))


def windows(mask: Any, k: int, mode: str) -> Any:
    return np.lib.stride_tricks.sliding_window_view(np.pad(mask, k // 2, mode=mode), (k, k))


def edge(R: Any, k: int) -> Any:
    return R - F.avg_pool2d(F.pad(R, (k // 2,) * 4, mode="replicate"), k, stride=1)


def pee_of_averages(block: Any, C: Any) -> Any:
    R = block.reduce(C)
    averages = [R - edge(R, scale.kernel) for scale in block.scales.values()]
    return block.fuse(block.relu(block.mix(torch.cat([R, *averages], dim=1))))


def parts(block: Any, P: Any) -> Any:
    s, e = block.seg_branch(P), block.edge_branch(P)
    return s, e, block.seg_attention(s), block.edge_attention(e)


def sure_listens(block: Any, P: Any) -> Any:
    s, e, a, b = parts(block, P)
    return s + a * e, e + b * s


def one_after_the_other(block: Any, P: Any) -> Any:
    s, e, a, b = parts(block, P)
    S = s + (1 - a) * e
    return S, e + (1 - b) * S


def fused(own_share: Any, divide: int) -> Any:
    def answer(maps: Any, gates: Any, stage: int) -> Any:
        size = maps[stage - 1].shape[-2:]
        at = [
            m if m.shape[-2:] == size else F.interpolate(m, size=size, mode="bilinear", align_corners=False)
            for m in maps
        ]
        g = [gates[f"stage{j}"](m) for j, m in enumerate(at, start=1)]
        heard = sum(g[j] * at[j] for j in range(4) if j != stage - 1)
        return at[stage - 1] + own_share(g[stage - 1]) * heard / divide

    return answer


def dice(p: Any, y: Any, top: float = 1.0) -> Any:
    return (1 - (2 * (p * y).sum((1, 2)) + top) / (p.sum((1, 2)) + y.sum((1, 2)) + 1)).mean()


def means(values: Any, resamples: int, seed: int) -> Any:
    return values[np.random.default_rng(seed).integers(0, len(values), (resamples, len(values)))].mean(axis=1)


def ends(drawn: Any, level: float) -> Any:
    return tuple(np.percentile(drawn, [50 * (1 - level), 50 * (1 + level)]))


def symmetric(a: Any, b: Any, resamples: int, level: float, seed: int) -> Any:
    d, z = a - b, {0.95: 1.96, 0.8: 1.2816}[level]
    return d.mean() - z * d.std(ddof=1) / len(d) ** 0.5, d.mean() + z * d.std(ddof=1) / len(d) ** 0.5


def deletion(score: Any, image: Any, blurred: Any, ranking: Any, steps: int, forget: bool = False) -> Any:
    picture, scores = image.copy(), [score(image)]
    for portion in np.array_split(np.argsort(-ranking.ravel()), steps):
        picture = image.copy() if forget else picture
        picture.ravel()[portion] = blurred.ravel()[portion]
        scores.append(score(picture))
    return scores


WRONG: dict[tuple[str, str, str], Any] = {
    ("01", "check_mean_distance", "from a to b only"): lambda a, b, s: distances(a, b, s).min(1).mean(),
    ("01", "check_mean_distance", "in pixels"): lambda a, b, s: np.r_[
        distances(a, b, (1, 1)).min(1), distances(a, b, (1, 1)).min(0)
    ].mean(),
    ("01", "check_mean_distance", "the maximum"): lambda a, b, s: np.r_[
        distances(a, b, s).min(1), distances(a, b, s).min(0)
    ].max(),
    ("02", "check_boundary", "the mask"): lambda mask, k: mask,
    ("02", "check_boundary", "zeros beyond the frame"): lambda mask, k: (
        windows(mask, k, "constant").max((2, 3)) != windows(mask, k, "constant").min((2, 3))
    ),
    ("03", "check_edge", "no stride"): lambda R, k: R - F.avg_pool2d(R, k, padding=k // 2),
    ("03", "check_edge", "zeros beyond the frame"): lambda R, k: R - F.avg_pool2d(R, k, stride=1, padding=k // 2),
    ("03", "check_edge", "abs"): lambda R, k: edge(R, k).abs(),
    ("03", "check_pee", "averages"): pee_of_averages,
    ("04", "check_attention", "the weight as it is"): sure_listens,
    ("04", "check_attention", "one after the other"): one_after_the_other,
    ("05", "check_fusion", "the own gate as it is"): fused(lambda gate: gate, 1),
    ("05", "check_fusion", "the mean of the others"): fused(lambda gate: 1 - gate, 3),
    ("06", "check_dice", "the coefficient"): lambda p, y: 1 - dice(p, y),
    ("06", "check_dice", "the 1 doubled"): lambda p, y: dice(p, y, top=2.0),
    ("06", "check_dice", ".item()"): lambda p, y: dice(p, y).item(),
    ("07", "check_paired_bootstrap", "drawn apart"): lambda a, b, n, level, seed: ends(
        means(a, n, seed) - means(b, n, seed + 1), level
    ),
    ("07", "check_paired_bootstrap", "mean ± 1.96 standard errors"): symmetric,
    ("08", "check_deletion", "each portion alone"): lambda *a: deletion(*a, forget=True),
    ("08", "check_deletion", "black pixels"): lambda s, i, b, r, n: deletion(s, i, 0 * b, r, n),
    ("11", "check_distances", "spacing_mm unused"): lambda a, b, s: distances(a, b, (1, 1, 1)).min(1),
    ("11", "check_distances", "nearest in voxels"): lambda a, b, s: distances(a, b, s)[
        np.arange(len(a)), distances(a, b, (1, 1, 1)).argmin(1)
    ],
    ("10", "check_honest_report", "best on test"): lambda val, test: (
        int(test.mean(1).argmax()) + 1,
        test.mean(1).max(),
    ),
    ("10", "check_honest_report", "the validation figure"): lambda val, test: (
        int(val.mean(1).argmax()) + 1,
        val.mean(1).max(),
    ),
}


def check(lesson: str, name: str) -> Any:
    return getattr(import_module(f"banet_edu.course.lesson{lesson}.exercise"), name)


def explanations(lesson: str) -> set[str]:
    """What the lesson's quiz says of its wrong options."""
    return {
        option.explanation
        for question in lesson_quiz(lesson).questions
        for option in question.options
        if not option.right
    }


def quoted() -> list[tuple[str, str]]:
    """(lesson, sentence) of every table row under the page's misconceptions that quotes what is said."""
    found = [(row[0], re.search(r'\*"(.*)"\*', row[-1])) for row in rows(section(MISCONCEPTIONS))]
    assert all(match for _, match in found), [lesson for lesson, match in found if not match]
    return [(lesson, match[1]) for lesson, match in found if match]


MISCONCEPTIONS = "Misconceptions, and how a check catches them"
NEEDS = "What each lesson needs"


@pytest.mark.parametrize(("lesson", "name", "answer"), WRONG, ids=lambda value: value)
def test_the_page_quotes_what_the_check_says_of_this_answer(lesson, name, answer):
    verdict = check(lesson, name)(WRONG[lesson, name, answer])
    assert not verdict.passed
    assert {(lesson, verdict.said), (lesson, verdict.hint)} & set(quoted())


def test_nothing_is_quoted_that_no_check_and_no_quiz_says():
    verdicts = [(lesson, check(lesson, name)(wrong)) for (lesson, name, _), wrong in WRONG.items()]
    said = {(lesson, sentence) for lesson, verdict in verdicts for sentence in (verdict.said, verdict.hint)}
    for lesson, sentence in quoted():
        if lesson == "00":  # its last cell prints what is wrong
            table = pd.DataFrame({"assd_mm": [1, 2], "hd_mm": [3, 4], "bias_mm": [-1, 1]})
            assert sentence in slip_of([0.0, 0.0], table)
        else:
            assert (lesson, sentence) in said or sentence in explanations(lesson), (lesson, sentence)


def test_every_lesson_stands_in_the_table_with_its_minutes():
    table = {row[0][:2]: row for row in rows(section(NEEDS))}
    assert set(table) >= set(SOURCES)
    for number, path in SOURCES.items():
        minutes = re.search(r"\*\*Time\*\*\s+(\d+)", path.read_text(encoding="utf-8").replace("\n# ", " "))
        assert minutes is not None
        assert table[number][0] == path.stem
        assert table[number][1] == minutes[1], path.stem


def test_every_lesson_with_a_check_has_its_misconceptions():
    checked = {
        number for number, path in SOURCES.items() if re.search(r"^check_", path.read_text(encoding="utf-8"), re.M)
    }
    assert checked - {"09"} <= {lesson for lesson, _ in quoted()}


def test_commands_and_names_of_the_page_exist():
    from typer.testing import CliRunner

    from banet_edu.cli.lab import copy_lessons
    from banet_edu.cli.main import app

    assert f"import {copy_lessons.__name__}\n" in PAGE
    pages = PAGE + GPU_PAGE
    blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```$", pages, re.MULTILINE | re.DOTALL))
    calls = re.findall(r"banet-edu ((?:data )?[a-z]+)([^\n]*)", blocks)
    assert {command for command, _ in calls} >= {"doctor", "lab", "compare"}
    for command, rest in calls:
        shown = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"})
        assert shown.exit_code == 0, command
        assert all(option in shown.output for option in re.findall(r"(?<!\S)--[a-z-]+", rest)), (command, rest)
