"""The frame of every widget: one picture, errors in the open, a still picture for places without a kernel."""

from __future__ import annotations

import base64

import ipywidgets
import numpy as np
import pytest
import torch

from banet_edu import create_model, make_phantom, predict
from banet_edu.course.lesson00.explorers import threshold_explorer
from banet_edu.course.lesson00.thresholds import THRESHOLDS, threshold_curves
from banet_edu.course.panel import Panel
from banet_edu.data.sample import Sample
from banet_edu.figures.style import new_figure, png_bytes
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap


def draw(divisor: int):
    figure, [[axes]] = new_figure(height=1)
    axes.plot([0, 1 / divisor])
    return figure


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
