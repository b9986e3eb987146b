"""Attribution figures: verdict, units and sums stand on them, and nothing is clipped away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from banet_edu.explain.inside.attribution import Attribution
from banet_edu.explain.inside.faithfulness import FaithfulnessResult
from banet_edu.explain.inside.randomisation import RandomisationResult
from banet_edu.explain.inside.regions import boundary_band
from banet_edu.figures.attribution import (
    attribution_figure,
    deletion_insertion_figure,
    knob_values_figure,
    randomisation_figure,
)
from banet_edu.figures.style import png_bytes
from banet_edu.prediction import Prediction

ROWS, COLUMNS = np.mgrid[:96, :128]
DISC = np.hypot(ROWS - 48, COLUMNS - 60) <= 24
IMAGE = np.where(DISC[..., None], (150, 90, 70), (220, 180, 160)).astype(np.uint8)
REGION = boundary_band(DISC, width=0.8, spacing_mm=(0.1, 0.1))
VALUES = pd.DataFrame({"knob": ["stage1.pee off", "ia off", "cff off"], "value": [0.5, -0.2, 1.7]})
MAP = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
PIXELS = Attribution("integrated_gradients", REGION, "decision", 2.5, 0.5, 2.0, MAP, None, 0.004)
KNOBS = Attribution("shapley", REGION, "decision", 2.5, 0.5, 2.0, None, VALUES, 1e-9)


def prediction() -> Prediction:
    return Prediction(DISC.astype(np.float32), DISC.astype(np.uint8), "disc", ("background", "lesion"), 0.5, (0.1, 0.1))


def curves() -> FaithfulnessResult:
    fraction = np.linspace(0, 1, 11)
    random = 2 - fraction + np.random.default_rng(0).normal(0, 0.02, (4, 11))
    return FaithfulnessResult(
        "occlusion", REGION, "decision", fraction, 2 - fraction**0.4, 1 + fraction**0.4, random, random[:, ::-1], {}
    )


def texts(figure) -> str:
    figure.canvas.draw()
    return "\n".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def assert_inside(figure):
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    for text in [figure._suptitle, *(axes.title for axes in figure.axes), *(axes.xaxis.label for axes in figure.axes)]:
        if text.get_text():
            box = text.get_window_extent()
            assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, text.get_text()


@pytest.mark.parametrize("everywhere", [True, False])
def test_map_carries_the_verdict_the_unit_and_the_error(everywhere):
    figure = attribution_figure(IMAGE, PIXELS, prediction(), verdict=curves().verdict, everywhere=everywhere)
    said = texts(figure)
    assert "faithful: " in said and "logits per pixel" in said and "within 0.4 %" in said and "mm" in said
    assert_inside(figure)


def test_map_without_a_prediction_or_a_baseline():
    cam = replace(PIXELS, method="gradcam", baseline_score=None, total_effect=None, completeness_error=None)
    cam = replace(cam, settings={"signal": "decoder.stage1"}, toward="outward")
    said = texts(attribution_figure(IMAGE, cam))
    assert "decoder.stage1" in said and "outward" in said and "without information" not in said


def test_a_map_of_zeros_draws():
    assert len(png_bytes(attribution_figure(IMAGE, replace(PIXELS, map=np.zeros_like(MAP))))) > 1000


def test_knobs_state_their_sum_longest_first():
    figure = knob_values_figure(KNOBS)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["attention off everywhere", "PEE off at stage 1", "fusion off everywhere"]
    said = texts(figure)
    assert "shares add up to 2.00, all of them together cost 2.00" in said and "logits" in said and "-0.20" in said
    assert_inside(figure)


def test_knobs_alone_that_overlap_say_so():
    alone = replace(KNOBS, method="feature_ablation", completeness_error=None)
    assert "overlap" not in texts(knob_values_figure(alone))
    assert "overlap" in texts(knob_values_figure(replace(alone, total_effect=1.0)))


def test_curves_have_the_verdict_as_title():
    figure = deletion_insertion_figure(curves())
    said = texts(figure)
    assert "4 random orders" in said and "faithful: " in said and "(%)" in said and "(logits)" in said
    assert_inside(figure)


@pytest.mark.parametrize("level", [0.1, 0.9, -0.4])
def test_randomisation_has_a_bar_per_stage_and_the_verdict(level):
    rows = [("head", 1, s, level, 0.6) for s in (0, 1)] + [("encoder", 2, s, level, 0.6) for s in (0, 1)]
    table = pd.DataFrame(rows, columns=["stage", "randomised", "seed", "similarity", "similarity_image"])
    figure = randomisation_figure(RandomisationResult("gradcam", REGION, table, {}))
    said = texts(figure)
    assert ("fails" if level > 0.5 else "passes") in said and "+ encoder" in said
    assert len(figure.axes[0].patches) == 2
    assert_inside(figure)


def test_wrong_figure_names_the_right_one():
    with pytest.raises(ValueError, match="knob_values_figure"):
        attribution_figure(IMAGE, KNOBS)
    with pytest.raises(ValueError, match="attribution_figure"):
        knob_values_figure(PIXELS)
    other = Prediction(np.ones((9, 9), np.float32), np.ones((9, 9), np.uint8), "x", ("background", "lesion"), 0.5)
    with pytest.raises(ValueError, match="one sample"):
        attribution_figure(IMAGE, PIXELS, other)
