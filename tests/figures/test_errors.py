"""Boundary errors of several masks, and of one prediction at several thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from banet_edu.course.lesson00.figures import threshold_figure
from banet_edu.course.lesson00.thresholds import THRESHOLDS, threshold_curves
from banet_edu.data.sample import Sample
from banet_edu.figures.contour import error_colours, errors_figure, figures_text, largest_error
from banet_edu.figures.style import png_bytes
from banet_edu.prediction import Prediction

ROWS, COLUMNS = np.indices((64, 64))
RADIUS = np.hypot(ROWS - 32, COLUMNS - 32)
DISC, WIDE, EMPTY = RADIUS < 15, RADIUS < 18, np.zeros((64, 64), bool)
IMAGE = np.full((64, 64, 3), 200, np.uint8)


def sloping_prediction() -> Prediction:
    """Probability 1 at the centre, falling to 0 at the radius 30: threshold t cuts at 30 (1 - t)."""
    probability = np.clip(1 - RADIUS / 30, 0, 1).astype(np.float32)
    level = probability - np.float32(0.5)
    return Prediction(probability, (level >= 0).astype(np.uint8), level, "disc", ("background", "lesion"), (0.1, 0.1))


def test_one_panel_per_mask_with_its_own_figures():
    figure = errors_figure(IMAGE, {"right": DISC, "wide": WIDE}, DISC, spacing_mm=(0.1, 0.1))
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == [
        f"{name}\n{figures_text(mask, DISC, (0.1, 0.1))}" for name, mask in (("right", DISC), ("wide", WIDE))
    ]
    assert "JA 1.00 · ASSD 0.00 mm" in titles[0]
    assert "mm" in figure.axes[-1].get_xlabel()


def test_without_a_spacing_there_are_no_millimetres():
    figure = errors_figure(IMAGE, {"wide": WIDE}, DISC, spacing_mm=None)
    texts = [axes.get_title() + axes.get_xlabel() + "".join(t.get_text() for t in axes.texts) for axes in figure.axes]
    assert "mm" not in "".join(texts) and "px" in "".join(texts)


def test_a_missed_object_says_so_and_still_draws():
    figure = errors_figure(IMAGE, {"nothing": EMPTY}, DISC, spacing_mm=(0.1, 0.1))
    assert figure.axes[0].get_title() == "nothing\nmissed"
    assert len(png_bytes(figure)) > 1000
    assert largest_error(EMPTY, DISC, None) == 0.0


def test_no_mask_is_an_error():
    with pytest.raises(ValueError, match="at least one mask"):
        errors_figure(IMAGE, {}, DISC, spacing_mm=None)


def test_outside_is_red_and_inside_blue_as_in_every_figure():
    inside, on, outside = (to_hex(colour) for colour in error_colours(2.0).to_rgba([-2.0, 0.0, 2.0]))
    assert (inside, outside) == ("#00457a", "#a23b00")
    assert on.startswith("#fff")  # white, up to the steps of the colour map


def test_curves_are_best_where_the_threshold_cuts_at_the_reference():
    curves = threshold_curves(Sample(IMAGE, DISC, "disc", (0.1, 0.1)), sloping_prediction())
    assert curves.thresholds[int(np.argmax(curves.overlap))] == 0.5
    assert curves.thresholds[int(np.nanargmin(curves.error))] == 0.5
    # At 0.1 the cut is at radius 27: 12 pixels of 0.1 mm too far out.
    assert curves.error[THRESHOLDS.index(0.1)] == pytest.approx(1.2, abs=0.1)


def test_colours_mean_the_same_at_every_threshold():
    curves = threshold_curves(Sample(IMAGE, WIDE, "disc", (0.1, 0.1)), sloping_prediction())
    figures = [threshold_figure(curves, t) for t in (0.2, 0.5, 0.8)]
    scales = [figure.axes[1].get_ylim() for figure in figures]
    assert scales[0] == scales[1] == scales[2]
    titles = [figure.axes[0].get_title().split("\n")[0] for figure in figures]
    assert titles == ["threshold 0.20", "threshold 0.50", "threshold 0.80"]


def test_nothing_found_at_any_threshold_still_draws():
    prediction = sloping_prediction()
    prediction.probability[:] = 0.01
    curves = threshold_curves(Sample(IMAGE, DISC, "disc", (0.1, 0.1)), prediction)
    assert np.isnan(curves.error).all()
    assert "missed" in threshold_figure(curves, 0.5).axes[0].get_title()
    assert len(png_bytes(threshold_figure(curves, 0.5))) > 1000
