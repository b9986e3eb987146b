"""Every widget of the course at the values of its controls, at a landing but for one: no exception, and the picture follows."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd
import pytest
import torch
from known_model import Brightness, disc_sample
from landing import rest_at_landing
from matplotlib.image import imread
from matplotlib.text import Text
from painted_volumes import ball_case
from sweeps import FEW, sweep, values_of

from banet_edu import create_model, load_samples, make_phantom
from banet_edu.clinic.desk import Desk
from banet_edu.course.lesson00.explorers import threshold_explorer
from banet_edu.course.lesson01.explorers import brightness_explorer, pooling_explorer, region_growing_explorer
from banet_edu.course.lesson02.explorers import augmentation_explorer, boundary_target_explorer
from banet_edu.course.lesson03.cell import edge_cell_explorer
from banet_edu.course.lesson03.explorers import edge_explorer, softness_explorer
from banet_edu.course.lesson04.cell import attention_cell_explorer
from banet_edu.course.lesson04.explorers import attention_explorer
from banet_edu.course.lesson05.cell import fusion_cell_explorer
from banet_edu.course.lesson06.explorers import loss_explorer, schedule_explorer
from banet_edu.course.lesson07.explorers import paired_explorer, resampling_explorer
from banet_edu.course.lesson08.explorers import attribution_explorer, contour_explorer
from banet_edu.course.lesson09.explorers import doubt_explorer, measure_explorer, ruler_explorer
from banet_edu.course.lesson10.explorers import align_corners_explorer, selection_explorer
from banet_edu.course.lesson11.explorers import answers_explorer, thickness_explorer
from banet_edu.course.panel import Panel
from banet_edu.course.switches import gate_explorer, switch_explorer
from banet_edu.course.viewer import volume_explorer
from banet_edu.data.sample import Sample
from banet_edu.explain.inside.regions import boundary_band


def case() -> tuple[Any, list[Any]]:
    """A small network with attention weights and gates far from 0.5, so that every switch shows; two small samples."""
    torch.manual_seed(0)
    model = create_model("banet", preset="nano").eval()
    for name, value in model.named_parameters():
        if "attention" in name or "gates" in name:
            torch.nn.init.normal_(value, std=0.5)
    return model, [make_phantom(kind, size=64) for kind in ("dermoscopy", "lung")]


def bands(sample: Any) -> dict[str, Any]:
    return {f"{width} px": boundary_band(sample.mask, width=width, spacing_mm=None) for width in (6, 12)}


def seeing() -> dict[str, Any]:
    return {"one": Brightness(), "another": Brightness(threshold=0.3)}


def soft_sample() -> Any:
    """A disc whose brightness falls off slowly: another threshold, another outline."""
    rows, columns = np.mgrid[:64, :64]
    grey = np.clip(255 - 5 * np.hypot(rows - 32, columns - 32), 0, 255).astype(np.uint8)
    return Sample(grey[..., None].repeat(3, axis=2), None, "soft", None)


SWITCHES = {"all attention": "ia off", "fusion at stage 1": "stage1.cff off", "all PEE": "pee off"}


def two_networks() -> tuple[pd.DataFrame, list[Any], dict[str, Any]]:
    """Per-image figures of two networks for two samples, as lesson 07 has them."""
    model, samples = case()
    samples.append(make_phantom("polyp", size=64))
    models = {"banet": model, "unet": create_model("unet", preset="nano").eval()}
    rows = [
        {"model": name, "name": sample.name, "JA": 0.5 + 0.1 * i * j, "assd_mm": 2.0 - i * j}
        for i, name in enumerate(models)
        for j, sample in enumerate(samples)
    ]
    return pd.DataFrame(rows), samples, models


@cache
def painted_ball() -> tuple[Any, Any]:
    return ball_case(radius=9.0, grown=1.0, shift_mm=(1.0, 0.5, 0.0))


def two_answers() -> tuple[Any, dict[str, Any]]:
    volume, prediction = painted_ball()
    jumps = prediction.labels.copy()
    jumps[::2] = np.roll(jumps[::2], 1, axis=1)
    return volume, {"expert": volume.mask.astype(np.uint8), "in 3D": prediction.labels, "slice by slice": jumps}


def figures_of_two() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame({"banet": random.normal(2, 1, 30), "unet": random.normal(2, 1, 30)})


# One entry for every widget that a lesson shows: a function that builds it small and fast.
WIDGETS: dict[str, Callable[[], Panel]] = {
    "paired_explorer": lambda: paired_explorer(*two_networks()),
    "volume_explorer": lambda: volume_explorer(*painted_ball()),
    "answers_explorer": lambda: answers_explorer(*two_answers()),
    "thickness_explorer": lambda: thickness_explorer(painted_ball()[0], painted_ball()[1].labels),
    "resampling_explorer": lambda: resampling_explorer(figures_of_two(), "assd_mm"),
    "threshold_explorer": lambda: threshold_explorer(*case()),
    "softness_explorer": lambda: softness_explorer(size=64),
    "edge_explorer": lambda: edge_explorer(*case()),
    "edge_cell_explorer": lambda: edge_cell_explorer(case()[0], case()[1][0]),
    "attention_cell_explorer": lambda: attention_cell_explorer(case()[0], case()[1][0]),
    "fusion_cell_explorer": lambda: fusion_cell_explorer(case()[0], case()[1][0]),
    "attention_explorer": lambda: attention_explorer(*case()),
    "switch_explorer": lambda: switch_explorer(*case(), SWITCHES),
    "gate_explorer": lambda: gate_explorer(*case()),
    "brightness_explorer": lambda: brightness_explorer(case()[1]),
    "region_growing_explorer": lambda: region_growing_explorer(load_samples("dermoscopy", "test")[:2]),
    "augmentation_explorer": lambda: augmentation_explorer(case()[1]),
    "boundary_target_explorer": lambda: boundary_target_explorer(case()[1]),
    "loss_explorer": lambda: loss_explorer(),
    "schedule_explorer": lambda: schedule_explorer(),
    "selection_explorer": lambda: selection_explorer(figures_of_two().assign(third=1.9), draws=60),
    "align_corners_explorer": lambda: align_corners_explorer(pixel_mm=1.4),
    "contour_explorer": lambda: contour_explorer(
        Brightness(), [disc_sample("right"), disc_sample("moved", 14, shift=3)]
    ),
    "attribution_explorer": lambda: attribution_explorer(case()[0], case()[1][0], bands(case()[1][0])),
    "pooling_explorer": lambda: pooling_explorer(),
    "doubt_explorer": lambda: doubt_explorer([disc_sample("a"), disc_sample("b", 14)], seeing()),
    "ruler_explorer": lambda: ruler_explorer(Desk(disc_sample("a"), seeing())),
    "measure_explorer": lambda: measure_explorer(Desk(soft_sample(), seeing())),
}


@cache
def widget(name: str) -> Panel:
    """Built once for all tests of this file; a sweep leaves every control where it was."""
    return WIDGETS[name]()


SLOW = (
    "edge_cell_explorer",
    "attention_cell_explorer",
    "fusion_cell_explorer",
    "attribution_explorer",
    "region_growing_explorer",
    "augmentation_explorer",
    "loss_explorer",
    "attention_explorer",
    "gate_explorer",
    "edge_explorer",
    "softness_explorer",
    "paired_explorer",
    "ruler_explorer",
    "threshold_explorer",
    "align_corners_explorer",
    "volume_explorer",
    "answers_explorer",
    "thickness_explorer",
    "pooling_explorer",
    "contour_explorer",
    "switch_explorer",
    "doubt_explorer",
)  # built in 4 to 20 seconds each
QUICK = [name for name in WIDGETS if name not in SLOW]


@pytest.mark.parametrize("name", rest_at_landing(WIDGETS, "resampling_explorer"))
def test_every_value_draws_another_picture(name):
    assert list(sweep(widget(name))) == []


@pytest.mark.parametrize("name", rest_at_landing(WIDGETS, *QUICK))
def test_every_control_is_a_labelled_slider_and_the_picture_described(name):
    panel = widget(name)
    # JupyterLab takes the up and down keys from everything else: no choice without a mouse.
    sliders = ipywidgets.IntSlider | ipywidgets.FloatSlider | ipywidgets.SelectionSlider
    assert all(isinstance(control, sliders) and control.description for control in panel.controls.values())
    assert len(panel.alt) > 20


def test_sweep_finds_an_error_and_a_dead_control():
    def draw(divisor: int, idle: int):
        from banet_edu.figures.style import new_figure

        figure, [[axes]] = new_figure(height=1)
        axes.plot([0, 1 / divisor])
        return figure

    slider = ipywidgets.IntSlider
    panel = Panel(draw, {"divisor": slider(1, 0, 2), "idle": slider(0, 0, 1)}, alt="a line")
    found = list(sweep(panel))
    assert "divisor=0: ZeroDivisionError: division by zero" in found
    assert "idle=1: the picture did not change" in found


def test_sweep_reaches_both_ends_of_long_and_short_ranges():
    assert values_of(ipywidgets.IntSlider(0, 0, 1000))[0::24] == [0, 1000]
    assert values_of(ipywidgets.FloatSlider(0.5, min=0.0, max=1.0, step=0.25)) == [0, 0.25, 0.5, 0.75, 1]
    assert values_of(ipywidgets.SelectionSlider(options=[("a", 1), ("b", 2)])) == [1, 2]
    assert values_of(ipywidgets.IntSlider(0, 0, 1000), FEW) == [0, 500, 1000]
    assert values_of(ipywidgets.SelectionSlider(options=list("abcdef")), FEW) == list("abcdef")
    assert values_of(ipywidgets.SelectionSlider(options=range(11)), FEW) == [0, 5, 10]


def test_every_widget_of_every_lesson_is_swept():
    sources = Path(__file__).resolve().parents[2] / "notebooks" / "src"
    shown = {
        name for path in sources.glob("*.py") for name in re.findall(r"\b(\w+_explorer)\(", path.read_text("utf-8"))
    }
    assert shown == set(WIDGETS)


@pytest.mark.parametrize("name", rest_at_landing(WIDGETS, *QUICK))
def test_still_picture_of_every_widget_is_drawn_and_fits_a_screen_or_two(name):
    png = b64decode(widget(name)._repr_mimebundle_()["image/png"])
    assert len(png) > 5000
    height, width = imread(io.BytesIO(png)).shape[:2]
    assert width <= 1100 and height <= 1410


def test_walk_along_an_outline_says_so_where_nothing_is_found():
    dark = disc_sample("missed")
    dark = Sample(dark.image // 4, dark.mask, "missed", dark.spacing_mm)
    panel = contour_explorer(Brightness(), [dark, disc_sample("found")])
    missed = panel.picture.value
    said = [text.get_text() for text in panel.render("missed", 0).findobj(Text)]
    assert "missed: nothing found" in said and any("Nothing to walk along" in text for text in said)
    panel.controls["sample"].value = "found"
    assert panel.error is None and panel.picture.value != missed
    assert contour_explorer(Brightness(), [dark])._repr_mimebundle_()["image/png"]
