"""Figures: units on the axes, nothing clipped or too small to read, errors drawn where they are."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_legible, said, texts
from known_model import Brightness, disc_sample
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from banet_edu.course.lesson00.figures import error_profile
from banet_edu.data.sample import Sample
from banet_edu.figures.contour import contour_figure, mask_outlines
from banet_edu.figures.seeds import training_figure
from banet_edu.figures.study import cases_figure, overview_figure, pick_cases
from banet_edu.figures.style import MODEL_COLOURS, PREDICTION, model_colours, new_figure, png_bytes
from banet_edu.metrics.boundary import signed_errors
from banet_edu.prediction import Prediction, predict
from banet_edu.study.result import CompareResult
from banet_edu.training.history import History

SAMPLE = disc_sample("case", shift=2.0)


def predicted(sample: Sample = SAMPLE) -> Prediction:
    return predict(Brightness(), sample)


def history(scores: list[float]) -> History:
    rows = [
        {"epoch": k + 1, "step": 10 * (k + 1), "loss": 3.0 - k, "val_JA": score, "val_assd_pct": 5.0 - k}
        for k, score in enumerate(scores)
    ]
    return History(rows)


def result() -> CompareResult:
    frames = []
    for model, radius in (("banet", 0.0), ("unet", 1.0)):
        rows = []
        for k in range(8):
            row = dict.fromkeys(("JA", "DI", "SE", "SP", "AC", "nsd_at_1mm"), 0.5 + k / 20 - radius / 10)
            row |= dict.fromkeys(("assd_mm", "hd95_mm", "hd_mm", "bias_mm"), 2.0 - k / 10 + radius)
            rows.append({"model": model, "seed": 0, "name": f"i{k}", "class": "lesion", "status": "ok", **row})
        frames.append(pd.DataFrame(rows))
    return CompareResult.from_table(pd.concat(frames, ignore_index=True))


MANY = ("banet", "unet_same_encoder", "attention_unet", "region_growing")


def every_figure() -> dict[str, Figure]:
    found = result()
    prediction = predicted()
    errors = signed_errors(prediction.mask, SAMPLE.mask, spacing_mm=SAMPLE.spacing_mm)
    return {
        "overview": overview_figure(found.table, found.summary, ["JA", "assd_mm"], title="discs"),
        "cases": cases_figure({"best": SAMPLE, "worst": SAMPLE}, {"banet": {"best": prediction, "worst": prediction}}),
        "cases, many networks": cases_figure(
            dict.fromkeys(("best", "median", "worst"), SAMPLE),
            {name: dict.fromkeys(("best", "median", "worst"), prediction) for name in MANY},
        ),
        "contour": contour_figure(SAMPLE.image, prediction, SAMPLE.mask, title="a case"),
        "contour without reference": contour_figure(SAMPLE.image, prediction),
        "profile": error_profile(errors.points, errors.distance, unit="mm", tolerance=0.5),
        "training": training_figure({"banet": history([0.2, 0.6, 0.5]), "unet": history([0.3, 0.4])}),
    }


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    return every_figure()


def test_every_text_can_be_read_and_titles_and_labels_lie_inside_the_figure(figures) -> None:
    for name, figure in figures.items():
        assert_legible(figure, name)


def test_every_axis_with_numbers_has_a_label(figures) -> None:
    for name, figure in figures.items():
        for axes in figure.axes:
            if not axes.axison:
                continue
            labelled = axes.get_ylabel() or axes.get_title() or name == "overview"  # there the rows are model names
            assert labelled, (name, axes)
            assert axes.get_xlabel() or axes.get_label() == "<colorbar>", (name, axes)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("overview", "ASSD (mm)"),
        ("contour", "signed boundary error (mm)"),
        ("profile", "signed boundary error (mm)"),
        ("training", "% of image diagonal"),
    ],
)
def test_units_stand_on_the_axes(figures, name: str, unit: str) -> None:
    assert unit in said(figures[name])


def test_no_figure_enters_pyplots_global_list() -> None:
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    for figure in every_figure().values():
        assert png_bytes(figure).startswith(b"\x89PNG")
    assert pyplot.get_fignums() == before


def test_interval_bars_are_the_ones_of_the_summary(figures) -> None:
    summary = result().summary.set_index(["model", "metric"])
    bars = [line.get_xdata() for line in figures["overview"].axes[0].lines if len(line.get_xdata()) == 2]
    expected = [list(summary.loc[(model, "JA"), ["low", "high"]]) for model in ("banet", "unet")]
    np.testing.assert_allclose(bars, expected)


def test_cases_are_chosen_by_the_mean_of_all_models() -> None:
    rows = [("a", "x", 0.9), ("a", "y", 0.1), ("a", "z", 0.5), ("b", "x", 0.1), ("b", "y", 0.95), ("b", "z", 0.6)]
    table = pd.DataFrame(rows, columns=["model", "name", "JA"])
    assert pick_cases(table) == {"best": "z", "median": "y", "worst": "x"}
    with pytest.raises(ValueError, match="JA"):
        pick_cases(table.assign(JA=np.nan))


def test_contour_colours_are_the_signed_errors() -> None:
    prediction = predicted()
    figure = contour_figure(SAMPLE.image, prediction, SAMPLE.mask)
    [lines] = [item for item in figure.axes[1].collections if isinstance(item, LineCollection)]
    middles = np.array([segment.mean(axis=0) for segment in lines.get_segments()])
    values = lines.get_array()
    # the disc was moved to the right: too far out there, too far in on the left, by 2 image pixels = 2 mm
    assert values[np.argmax(middles[:, 0])] == pytest.approx(2.0, abs=0.3)
    assert values[np.argmin(middles[:, 0])] == pytest.approx(-2.0, abs=0.3)


def test_colours_that_end_before_the_largest_error_say_so_with_an_arrow() -> None:
    def extend(prediction: Prediction) -> str:
        figure = contour_figure(SAMPLE.image, prediction, SAMPLE.mask)
        [lines] = [item for item in figure.axes[1].collections if isinstance(item, LineCollection)]
        return lines.colorbar.extend

    level = predicted().level.copy()
    level[1, 1] = 1.0  # a speck far off, too small to reach the 99th percentile
    far = replace(predicted(), probability=level + np.float32(0.5), labels=(level >= 0).astype(np.uint8))
    assert extend(far) in ("max", "both")


def test_millimetres_and_scale_bar_only_with_a_spacing() -> None:
    sample = disc_sample("case", shift=2.0, spacing_mm=None)
    words = said(contour_figure(sample.image, predicted(sample), sample.mask))
    assert "(px)" in words
    assert "mm" not in words
    assert "10 mm" in said(contour_figure(SAMPLE.image, predicted(), SAMPLE.mask))  # a fifth of 64 mm, rounded down


@pytest.mark.parametrize(
    ("image_black", "mask_empty", "words"),
    [(True, False, "missed"), (False, True, "no reference here"), (True, True, "nothing there, nothing found")],
)
def test_cases_without_an_error_say_why(image_black: bool, mask_empty: bool, words: str) -> None:
    image = np.zeros_like(SAMPLE.image) if image_black else SAMPLE.image
    mask = np.zeros_like(SAMPLE.mask) if mask_empty else SAMPLE.mask
    sample = Sample(image, mask, "case")
    assert words in said(contour_figure(image, predicted(sample), mask))


def test_image_covers_the_field_of_view_of_the_mask(figures) -> None:
    [picture] = figures["contour"].axes[0].images
    assert picture.get_extent() == [-0.5, 127.5, 127.5, -0.5]
    [line] = mask_outlines(SAMPLE.mask)
    assert line.mean(axis=0) == pytest.approx([63.5, 63.5], abs=0.2)


def test_the_kept_epoch_is_marked(figures) -> None:
    panel = figures["training"].axes[1]
    marks = [(line.get_xdata()[0], line.get_ydata()[0]) for line in panel.lines if line.get_marker() == "D"]
    assert marks == [(20, 0.6), (20, 0.4)]


def test_profile_runs_clockwise_from_the_top() -> None:
    points = np.array([[0.0, 5], [5, 10], [10, 5], [5, 0]])  # top, right, bottom, left
    figure = error_profile(points, np.array([1.0, 2, 3, 4]), unit="px")
    shown = figure.axes[0].collections[-1].get_offsets()
    np.testing.assert_allclose(shown, [[0, 1], [90, 2], [180, 3], [270, 4]], atol=1e-9)


def test_nothing_to_draw_is_an_error_with_a_reason() -> None:
    with pytest.raises(ValueError, match="empty"):
        error_profile(np.empty((0, 2)), np.empty(0), unit="mm")
    with pytest.raises(ValueError, match="no finished epoch"):
        training_figure({"banet": History()})


def test_colours_differ_and_stay_with_their_model() -> None:
    assert len(set(MODEL_COLOURS)) == len(MODEL_COLOURS)
    assert model_colours(["a", "b", "a"]) == {"a": MODEL_COLOURS[0], "b": MODEL_COLOURS[1]}


@pytest.mark.parametrize("axis", ["linear", "offset", "log", "categories", "named ticks"])
def test_numbers_of_an_axis_are_set_as_formulas_and_names_are_not(axis):
    figure, [[axes]] = new_figure()
    if axis == "categories":
        axes.bar(["a $1$", "b $2$"], [1, 2])
    else:
        axes.plot([1e-4, 1e-3], [1, 2])
    if axis == "offset":
        axes.ticklabel_format(axis="x", style="sci", scilimits=(-3, -3), useMathText=True)
    if axis == "log":
        axes.set_xscale("log")
    if axis == "named ticks":
        axes.set_xticks([1e-4, 1e-3], ["cost $5$", "cost $6$"])
    axes.set_xlabel("cost $7$")
    png_bytes(figure)
    dollars = [text for text in texts(figure) if "$" in text.get_text()]
    formulas = [text for text in dollars if "mathdefault" in text.get_text()]
    assert bool(formulas) == (axis in ("offset", "log"))
    assert all(text.get_parse_math() for text in formulas)
    assert not any(text.get_parse_math() for text in dollars if text not in formulas)


def test_a_picture_drawn_once_is_the_one_that_matplotlib_saves():
    figure, [[axes], [below]] = new_figure(2, 1)
    axes.plot([1, 2, 3], label="line")
    axes.legend()
    below.set_ylabel("a long label that the layout must find room for")
    once, saved = png_bytes(figure, dpi=150), io.BytesIO()
    figure.savefig(saved, format="png", dpi=150)
    assert once == saved.getvalue() and png_bytes(figure, dpi=150) == once


def test_a_finding_where_nothing_is_outlined_can_be_seen() -> None:
    disc = np.hypot(*np.mgrid[-32:32, -32:32]) < 15
    found = Prediction(disc.astype(np.float32), disc.astype(np.uint8), "x", ("background", "lesion"), 0.5)
    figure = contour_figure(np.zeros((64, 64, 3), np.uint8), found, np.zeros((64, 64), bool))
    assert [line.get_color() for line in figure.axes[1].lines] == [PREDICTION]


def test_a_strip_makes_no_endless_figure() -> None:
    found = Prediction(
        np.zeros((5000, 20), np.float32), np.zeros((5000, 20), np.uint8), "x", ("background", "lesion"), 0.5
    )
    assert contour_figure(np.zeros((5000, 20, 3), np.uint8), found).get_figheight() < 16
