"""Several classes in the pictures of a comparison: a line, an outline and a share in the figure for each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_legible, said

from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.callipers import measured_with_doubt, nothing_found
from banet_edu.figures.contour import mask_outlines
from banet_edu.figures.seeds import seeds_figure
from banet_edu.figures.study import cases_figure, overview_figure
from banet_edu.figures.style import PREDICTION, REFERENCE
from banet_edu.prediction import Prediction
from banet_edu.reports.answer import _sizes
from banet_edu.study.statistics import summarise

CLASSES = ("background", "core", "rim")
MASK = np.zeros((64, 64), np.uint8)
MASK[8:48, 8:48], MASK[20:40, 20:40] = 2, 1


def test_each_class_has_a_line_of_its_own() -> None:
    rows = [
        {"model": model, "seed": 0, "name": f"i{k}", "class": label, "status": "ok", "JA": base + step + k / 100}
        for model, base in (("banet", 0.5), ("unet", 0.4))
        for k in range(8)
        for label, step in (("core", 0.0), ("rim", 0.3))
    ]
    table = pd.DataFrame(rows)
    summary = summarise(table, ["JA"], by=["model", "class"])
    figure = overview_figure(table, summary, ["JA"])
    assert_legible(figure, "overview")
    [axes] = figure.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["banet\ncore", "banet\nrim", "unet\ncore", "unet\nrim"]
    bars = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2]
    np.testing.assert_allclose(bars, summary[["low", "high"]].to_numpy())
    assert [len(dots.get_offsets()) for dots in axes.collections] == [8] * 4


def test_seeds_of_several_classes_are_refused() -> None:
    rows = [{"variant": "banet", "seed": 0, "metric": "JA", "mean": 0.5, "class": label} for label in ("core", "rim")]
    with pytest.raises(ValueError, match="several classes"):
        seeds_figure(pd.DataFrame(rows), ["JA"])
    seeds_figure(pd.DataFrame(rows[:1]), ["JA"])


def test_each_class_is_outlined_and_the_figure_is_their_mean() -> None:
    image = np.full((64, 64, 3), 90, np.uint8)
    labels = np.where(MASK == 1, 2, MASK).astype(np.uint8)  # the core is missed, the rim found with it
    share = np.float32(labels > 0)
    found = Prediction(share, labels, "case", CLASSES, 0.5, margin=share - np.float32(0.5))
    figure = cases_figure({"best": Sample(image, MASK, "case")}, {"banet": {"best": found}})
    rim = (MASK == 2).sum() / (MASK > 0).sum()
    assert f"banet: mean JA {rim / 2:.2f}" in said(figure)  # 0 for the core, that of the rim
    for colour, mask in ((REFERENCE, MASK), (PREDICTION, labels)):
        drawn = [line.get_xydata()[:, ::-1] for line in figure.axes[1].lines if line.get_color() == colour]
        expected = [line for k in (1, 2) for line in mask_outlines(mask == k)]
        assert len(drawn) == len(expected)
        for one, other in zip(drawn, expected, strict=True):
            np.testing.assert_array_equal(one, other)
    assert "reference, each class" in said(figure)
    nothing = np.zeros_like(MASK)
    empty = Prediction(share * 0, nothing, "case", CLASSES, 0.5, margin=share * 0 - np.float32(0.5))
    assert "banet: both empty" in said(cases_figure({"best": Sample(image, nothing, "c")}, {"banet": {"best": empty}}))


def test_sizes_of_several_classes_are_those_of_the_drawn_mask() -> None:
    foreground = np.hypot(*np.mgrid[-32:32, -32:32]) < 12
    labels = foreground.astype(np.uint8)
    share = np.where(
        foreground, np.float32(0.6), np.float32(0.55)
    )  # of two classes together: 0.55 of them is background
    margin = np.where(foreground, np.float32(0.2), np.float32(-0.2))
    found = Prediction(share, labels, "case", CLASSES, 0.5, spacing_mm=(1.0, 1.0), margin=margin)
    area = measured_with_doubt(found)["area_mm2"]
    assert area[0] == found.measurements["area_mm2"] < 500 and np.isnan(area[1:]).all()
    sizes = _sizes(found)
    assert not any("threshold" in text or "nan" in text for text in sizes.values())
    empty = Prediction(share, 0 * labels, "case", CLASSES, 0.5, margin=margin - 1)
    assert "nowhere in the image is another class more probable" in nothing_found(empty)
