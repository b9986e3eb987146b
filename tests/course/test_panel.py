"""The frame of every widget: one picture, errors in the open, a still picture for places without a kernel."""

from __future__ import annotations

import base64
import io

import ipywidgets
import numpy as np
import pytest
import torch
from figure_checks import said
from matplotlib.image import imread

from banet_edu import create_model, make_phantom, predict
from banet_edu.course.lesson00.explorers import threshold_explorer
from banet_edu.course.lesson00.thresholds import THRESHOLDS, threshold_curves
from banet_edu.course.panel import Panel, choice
from banet_edu.data.sample import Sample
from banet_edu.figures.style import new_figure, png_bytes
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap


def draw(divisor: int):
    figure, [[axes]] = new_figure(height=1)
    axes.plot([0, 1 / divisor])
    return figure


def pixels(png: bytes) -> np.ndarray:
    return imread(io.BytesIO(png))


def make_panel(start: int = 1, **options) -> Panel:
    return Panel(draw, {"divisor": ipywidgets.IntSlider(start, 0, 3, description="divisor")}, alt="a line", **options)


def test_an_error_stands_in_the_panel_and_goes_away():
    panel = make_panel()
    panel.controls["divisor"].value = 0
    assert panel.error == "ZeroDivisionError: division by zero"
    assert "division by zero" in panel.message.value
    # An old picture beside new values would be a lie.
    assert panel.picture.layout.display == "none" and panel.message.layout.display is None
    panel.controls["divisor"].value = 2
    assert panel.error is None
    assert panel.picture.layout.display is None and panel.message.layout.display == "none"
    assert panel.picture.value == png_bytes(draw(2))


def test_message_cannot_inject_html():
    def fail(k: int):
        if k:
            raise ValueError("<script>")
        return draw(1)

    panel = Panel(fail, {"k": ipywidgets.IntSlider(0, 0, 1)}, alt="a line")
    panel.controls["k"].value = 1
    assert "<script>" not in panel.message.value and "&lt;script&gt;" in panel.message.value


def test_broken_from_the_start_fails_in_the_open():
    with pytest.raises(ZeroDivisionError):
        make_panel(start=0)


def test_a_reader_without_a_kernel_gets_the_still_picture():
    bundle = make_panel(still=lambda: draw(3))._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]) == png_bytes(draw(3))
    assert bundle["text/plain"] == "a line"
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert base64.b64decode(make_panel()._repr_mimebundle_()["image/png"]) == png_bytes(draw(1))


def sliders(**options) -> Panel:
    controls = {
        "divisor": ipywidgets.IntSlider(1, 1, 5, 2, description="divided by"),
        "power": choice("power", {"one": 1, "two": 2}),
        "share": ipywidgets.FloatSlider(0.5, min=0, max=1, step=0.05, description="share"),
    }
    return Panel(lambda divisor, power, share: draw(divisor**power), controls, alt="a line", **options)


def test_settings_of_the_controls_make_a_still_picture_of_the_same_figure():
    panel = sliders(still=[{"divisor": 3}, {"divisor": 5, "power": 2, "share": 0.15}])
    assert said(panel.still_figure()).split("\n") == ["divided by: 3", "divided by: 5 · power: two · share: 0.15"]
    png = base64.b64decode(panel._repr_mimebundle_()["image/png"])
    whole = pixels(png)
    parts = [pixels(png_bytes(draw(divisor))) for divisor in (3, 25)]
    line = (len(whole) - sum(map(len, parts))) // 2
    assert 15 < line < 40  # room for a line of text above each
    np.testing.assert_array_equal(whole[line : line + len(parts[0])], parts[0])
    np.testing.assert_array_equal(whole[-len(parts[1]) :], parts[1])


def test_a_control_that_the_still_does_not_name_keeps_its_value():
    panel = sliders(still=[{"divisor": 3}])
    panel.controls["power"].value = 2
    png = base64.b64decode(panel._repr_mimebundle_()["image/png"])
    nine = pixels(png_bytes(draw(9)))
    np.testing.assert_array_equal(pixels(png)[-len(nine) :], nine)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"height": 1}, "still sets height; the controls are divisor, power, share"),
        ({"divisor": 2}, "still sets divisor to 2; its values are 1 to 5 in steps of 2"),
        ({"divisor": 7}, "its values are 1 to 5 in steps of 2"),
        ({"divisor": "3"}, "still sets divisor to '3'"),
        ({"power": "two"}, "still sets power to 'two'; its values are 1, 2"),
        ({"share": 0.17}, "its values are 0 to 1 in steps of 0.05"),
    ],
)
def test_a_still_that_no_slider_can_be_set_to_is_an_error(settings, words):
    with pytest.raises(ValueError, match=words):
        sliders(still=[settings])


def test_threshold_curves_measure_what_predict_says_at_each_threshold():
    torch.manual_seed(0)
    model, phantom = create_model("banet", preset="nano").eval(), make_phantom("polyp", size=64)
    curves = threshold_curves(phantom, predict(model, phantom))
    for index in (2, 9, 15):
        mask = predict(model, phantom, threshold=THRESHOLDS[index]).mask
        np.testing.assert_allclose(curves.overlap[index], overlap(mask, phantom.mask)["JA"])
        expected = boundary_metrics(mask, phantom.mask, spacing_mm=phantom.spacing_mm)["assd_mm"]
        np.testing.assert_allclose(curves.error[index], expected)


def test_threshold_explorer_runs_the_network_once_per_sample():
    torch.manual_seed(0)
    model, calls = create_model("banet", preset="nano").eval(), []
    model.register_forward_hook(lambda *_: calls.append(1))
    panel = threshold_explorer(model, [make_phantom("polyp", seed=seed, size=64) for seed in (0, 1)])
    panel.controls["threshold"].value = 0.3
    panel.controls["sample"].value = "phantom_polyp_1"
    panel.controls["threshold"].value = 0.7
    assert len(calls) == 2


def test_threshold_explorer_says_what_is_missing():
    model = create_model("banet", preset="nano")
    with pytest.raises(ValueError, match="at least one sample"):
        threshold_explorer(model, [])
    with pytest.raises(ValueError, match="bare: no reference mask"):
        threshold_explorer(model, [Sample(np.zeros((64, 64, 3), np.uint8), None, "bare")])
