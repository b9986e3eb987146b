"""The panels of one cell: a press and the sliders choose the same cell, and their words hold the network's own value."""

from __future__ import annotations

import pytest
import torch
from figure_checks import assert_legible, said
from landing import rest_at_landing

from banet_edu import create_model, make_phantom
from banet_edu.course.lesson03.cell import edge_cell_explorer
from banet_edu.course.lesson04.cell import attention_cell_explorer
from banet_edu.course.lesson05.cell import fusion_cell_explorer
from banet_edu.explain import probe

SAMPLE = make_phantom("dermoscopy", seed=1, size=64)
PANELS = {
    "edge": edge_cell_explorer,
    "attention": attention_cell_explorer,
    "fusion": fusion_cell_explorer,
}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return create_model("banet", preset="nano").eval()


def signal(model, name, values):
    """The network's own map behind the result of a panel at these values."""
    stage = f"stage{values['stage']}"
    if name == "edge":
        kernel = min(scale.kernel for scale in model.head.mini_mtl[values["stage"] - 1].pee.scales.values())
        return f"{stage}.pee.edge_k{kernel}"
    return f"{stage}.ia.{values['listens']}" if name == "attention" else f"{stage}.cff.fused"


@pytest.mark.parametrize("name", PANELS)
def test_a_press_on_any_map_chooses_its_cell_and_beside_it_nothing(model, name):
    panel = PANELS[name](model, SAMPLE)
    rows, columns = panel._rows_columns
    maps = [axes for axes in panel._drawn.axes if axes.get_gid()]
    assert len(maps) == {"edge": 2, "attention": 4, "fusion": 9}[name]
    for number, (row, column) in zip((0, -1, 1), ((0, 0), (rows - 1, columns - 1), (3, 5)), strict=True):
        box = [axes for axes in panel._drawn.axes if axes.get_gid()][number].bbox
        width, height = panel._drawn.bbox.size
        panel.press((box.x0 + (column + 0.5) / columns * box.width) / width,
                    1 - (box.y1 - (row + 0.5) / rows * box.height) / height)  # fmt: skip
        assert (panel.controls["row"].value, panel.controls["column"].value) == (row, column)
        assert not panel.error
    panel.press(0.5, 0.999)
    assert (panel.controls["row"].value, panel.controls["column"].value) == (3, 5)


@pytest.mark.parametrize("name", rest_at_landing(PANELS, "edge", "attention"))
def test_words_and_picture_hold_the_networks_value_and_sliders_follow_the_stage(model, name):
    panel, trace = PANELS[name](model, SAMPLE), probe(model, SAMPLE)
    settings = [{"stage": stage} for stage in (1, 4, 2)]
    settings += [{"listens": "edge", "channel": 1}] if name == "attention" else []
    for setting in settings:
        for control, value in setting.items():
            panel.controls[control].value = value
        values = panel.values()
        result = trace[signal(model, name, values)]
        rows, columns = result.shape[-2:]
        assert (panel.controls["row"].max, panel.controls["column"].max) == (rows - 1, columns - 1)
        own = result[0, values["channel"], values["row"], values["column"]].item()
        assert f"own value: {own:.3f}" in panel.said.value
        assert f"= {own:.3f}; the network" in panel.said.value
        assert_legible(panel._drawn, f"{name}, {setting}")
        assert f"{own:.3f}".replace("-", "−") in said(panel._drawn).replace("-", "−")
