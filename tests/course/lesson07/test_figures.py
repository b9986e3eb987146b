"""Figures of lesson 07: legible, complete, and showing what their tables say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_legible, assert_no_empty_axes, said
from network_variants import build

from banet_edu import make_phantom, predict
from banet_edu.course.lesson07.figures import case_figure, forest_figure, heap_figure, pairs_figure
from banet_edu.course.lesson07.resampling import resampled_differences
from banet_edu.figures.seeds import seeds_figure, two_questions_figure
from banet_edu.figures.style import BLUE, VERMILLION


@pytest.fixture(scope="module")
def values() -> pd.DataFrame:
    random = np.random.default_rng(0)
    hard = random.uniform(0, 0.4, 12)
    names = [f"image{i}" for i in range(12)]
    return pd.DataFrame({"banet": 0.9 - hard, "unet": 0.88 - hard + random.normal(0, 0.05, 12)}, index=names)


ROWS = pd.DataFrame(
    {
        "label": ["skin: banet − unet", "lungs: banet − unet", "polyps: banet − unet"],
        "column": "JA",
        "mean_difference": [-0.0001, -0.01, 0.05],
        "low": [-0.01, -0.012, 0.02],
        "high": [0.01, -0.008, 0.08],
    }
)
ASSD = ROWS.assign(column="assd_pct")
SEEDS = pd.DataFrame(
    {"variant": ["banet", "banet", "unet", "unet"], "seed": [0, 1] * 2, "metric": "JA", "mean": [0.8, 0.79, 0.81, 0.8]}
)


@pytest.fixture(scope="module")
def figures(values):
    sample = make_phantom("polyp", size=64)
    found = {name: predict(build("default"), sample) for name in ("banet", "unet")}
    means = resampled_differences(values["banet"], values["unet"], resamples=200)
    return {
        "forest": forest_figure(pd.concat([ROWS, ASSD]), ("JA", "assd_pct"), title="three data sets"),
        "pairs": pairs_figure(values, "JA", title="pairs"),
        "pairs of distances": pairs_figure(values, "assd_mm"),
        "case": case_figure(values, "JA", 0, sample, found),
        "last case": case_figure(values, "JA", 11, sample, found),
        "heap": heap_figure(means, "paired", "banet − unet, JA", limits=(-0.2, 0.2)),
        "seeds": seeds_figure(SEEDS, ["JA"], title="seeds"),
        "two questions": two_questions_figure(
            {"PEE": [-0.05, -0.1], "CFF": [-0.02]}, {"PEE": [0.0, -0.01], "CFF": [-0.02]}
        ),
    }


def test_every_figure_is_legible_and_has_no_empty_panel(figures):
    for name, figure in figures.items():
        assert_legible(figure, name)
        assert_no_empty_axes(figure, name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("forest", "+0.050"),
        ("forest", "0.000"),
        ("forest", "[+"),  # an interval in digits
        ("forest", "left: banet is better"),
        ("pairs", "drawn apart"),
        ("pairs", "unet better"),
        ("case", "image 1 of 12"),
        ("last case", "image 12 of 12"),
        ("heap", "0 lies"),
        ("seeds", "one seed, mean over all test images"),
        ("two questions", "trained without it"),
    ],
)
def test_figure_says(figures, name, words):
    assert words in said(figures[name])


def colours(figure, panel):
    return [line.get_color() for line in figure.axes[panel].lines if line.get_marker() == "|"]


def test_forest_colours_whoever_is_better_also_where_lower_is(figures):
    assert colours(figures["forest"], 0)[1:] == [VERMILLION, BLUE]
    assert colours(figures["forest"], 1)[1:] == [BLUE, VERMILLION]
    assert colours(figures["forest"], 0)[0] not in (BLUE, VERMILLION)
