"""The result of a comparison in tables and words: the words follow the figures, whoever wins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from banet_edu.study.result import CompareResult, metric_label


def table_of(ja_a: np.ndarray, ja_b: np.ndarray, missed: int = 0) -> pd.DataFrame:
    """Per-image rows of models a and b; ASSD falls as JA rises; the first `missed` images of b are missed."""
    frames = []
    for model, values in (("a", ja_a), ("b", ja_b)):
        rows = [
            {"model": model, "seed": 0, "name": f"i{k}", "class": "lesion", "status": "ok"} for k in range(len(values))
        ]
        frame = pd.DataFrame(rows)
        for column in ("JA", "DI", "SE", "SP", "AC"):
            frame[column] = values
        for column in ("assd_pct", "hd95_pct", "hd_pct", "bias_pct"):
            frame[column] = 10 * (1 - values)
        frame["nsd_at_1pct"] = values
        frames.append(frame)
    gone = frames[1].index < missed
    frames[1].loc[gone, "status"] = "missed"
    frames[1].loc[gone, ["JA", "DI", "SE"]] = 0.0
    frames[1].loc[gone, ["assd_pct", "hd95_pct", "hd_pct", "bias_pct", "nsd_at_1pct"]] = np.nan
    return pd.concat(frames, ignore_index=True)


BASE = np.linspace(0.5, 0.9, 12)
STEPS = np.linspace(0.01, 0.05, 12)


def test_the_better_model_is_named_whichever_place_it_has() -> None:
    ja, assd = CompareResult.from_table(table_of(BASE, BASE + STEPS)).verdicts()
    assert ja.startswith("JA: b is better than a: 0.030 higher on average")
    assert assd.startswith("ASSD (% of image diagonal): b is better than a: 0.300 lower on average")
    ja, assd = CompareResult.from_table(table_of(BASE + STEPS, BASE)).verdicts()
    assert ja.startswith("JA: a is better than b: 0.030 higher")
    assert assd.startswith("ASSD (% of image diagonal): a is better than b: 0.300 lower")


@pytest.mark.landing
def test_no_winner_without_a_clear_difference() -> None:
    noise = np.tile([0.02, -0.02], 6) * np.linspace(0.5, 1, 12)
    assert "no clear difference between a and b" in CompareResult.from_table(table_of(BASE, BASE + noise)).verdicts()[0]
    skewed = np.full(12, 0.02)
    skewed[0] = -0.25  # eleven of twelve images favour b, and one outweighs them all
    said = CompareResult.from_table(table_of(BASE, BASE + skewed)).verdicts()[0]
    assert "no clear difference" in said
    assert "the test and the interval disagree" in said
    few = CompareResult.from_table(table_of(BASE[:3], BASE[:3] + 0.2)).verdicts()[0]
    assert "too few images to test whether" in few and "disagree" not in few
    assert "only 3 differing pairs" in few


def test_missed_cases_stand_in_the_table_and_the_verdict() -> None:
    result = CompareResult.from_table(table_of(BASE, BASE + 0.01, missed=2))
    head, rows = result.cells()
    assert dict(zip(head, rows[1], strict=True))["missed"] == "2 of 12"
    assert dict(zip(head, rows[0], strict=True))["missed"] == "0 of 12"
    assert "2 of 12 images left out" in result.verdicts()[1]


def test_text_shows_every_mean_with_its_interval() -> None:
    result = CompareResult.from_table(table_of(BASE, BASE + STEPS))
    ja = result.summary.set_index(["model", "metric"]).loc[("b", "JA")]
    cell = f"{ja['mean']:.3f} [{ja['low']:.3f}, {ja['high']:.3f}]"
    assert cell in result.to_text()
    assert (
        result.to_text().split("\n")[0].split("  ")[0] == "model" and "ASSD (% of image diagonal)" in result.to_text()
    )
    assert "bootstrap interval over images" in result.to_text()


def test_one_model_gives_a_table_and_no_test() -> None:
    table = table_of(BASE, BASE)
    result = CompareResult.from_table(table[table["model"] == "a"])
    assert result.tests.empty
    assert result.verdicts() == []
    assert len(result.cells()[1]) == 1


def test_classes_are_summarised_and_tested_apart() -> None:
    other = table_of(BASE + STEPS, BASE).assign(**{"class": "rim"})
    result = CompareResult.from_table(pd.concat([table_of(BASE, BASE + STEPS), other], ignore_index=True))
    groups = sorted(row[:2] for row in result.cells()[1])
    assert groups == [["a", "lesion"], ["a", "rim"], ["b", "lesion"], ["b", "rim"]]
    said = result.verdicts()
    assert any("b is better than a" in line and line.startswith("lesion, ") for line in said)
    assert any("a is better than b" in line and line.startswith("rim, ") for line in said)


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("hd95_mm", "HD95 (mm)"),
        ("bias_pct", "bias (% of image diagonal)"),
        ("nsd_at_0.5mm", "NSD at 0.5 mm"),
        ("nsd_at_1pct", "NSD at 1 % of image diagonal"),
    ],
)
def test_labels_carry_the_unit(column: str, label: str) -> None:
    assert metric_label(column) == label


def test_small_millimetres_are_not_told_as_0() -> None:
    table = table_of(BASE, BASE - STEPS)
    for column in ("assd_pct", "hd95_pct", "hd_pct", "bias_pct"):
        table[column.replace("pct", "mm")] = table.pop(column) * 1e-4
    result = CompareResult.from_table(table)
    [said] = [verdict for verdict in result.verdicts() if verdict.startswith("ASSD")]
    assert "a is better than b: 0.000030 lower on average" in said and "0.000 " not in said
    head, rows = result.cells()
    assert rows[0][head.index("ASSD (mm)")].startswith("0.00030 [0.0002")


def test_one_image_is_told_as_one() -> None:
    said = " ".join(CompareResult.from_table(table_of(BASE[:1], BASE[:1] + 0.1)).verdicts())
    assert "(1 image)" in said and "1 images" not in said
