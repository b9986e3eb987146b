"""The panel of one cell: a press and the sliders choose the same cell, and its words hold the network's own value."""

from __future__ import annotations

import pytest
import torch
from figure_checks import assert_legible, said

from banet_edu import create_model, make_phantom
from banet_edu.course.lesson03.cell import edge_cell_explorer
from banet_edu.explain import probe

SAMPLE = make_phantom("dermoscopy", seed=1, size=64)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return create_model("banet", preset="nano").eval()


def test_a_press_on_a_map_chooses_its_cell_and_beside_it_nothing(model):
    panel = edge_cell_explorer(model, SAMPLE)
    box = panel._drawn.axes[0].bbox
    width, height = panel._drawn.bbox.size
    rows, columns = panel._rows_columns
    for row, column in ((0, 0), (rows - 1, columns - 1), (3, 5)):
        panel.press((box.x0 + (column + 0.5) / columns * box.width) / width,
                    1 - (box.y1 - (row + 0.5) / rows * box.height) / height)  # fmt: skip
        assert (panel.controls["row"].value, panel.controls["column"].value) == (row, column)
        assert not panel.error
    panel.press(0.5, 0.999)
    assert (panel.controls["row"].value, panel.controls["column"].value) == (3, 5)


def test_words_and_picture_hold_the_networks_value_and_sliders_follow_the_stage(model):
    panel, trace = edge_cell_explorer(model, SAMPLE), probe(model, SAMPLE)
    for stage in (1, 4, 2):
        panel.controls["stage"].value = stage
        values = panel.values()
        rows, columns = trace[f"stage{stage}.pee.input"].shape[-2:]
        assert (panel.controls["row"].max, panel.controls["column"].max) == (rows - 1, columns - 1)
        kernel = min(scale.kernel for scale in model.head.mini_mtl[stage - 1].pee.scales.values())
        own = trace[f"stage{stage}.pee.edge_k{kernel}"][0, values["channel"], values["row"], values["column"]].item()
        assert f"own value: {own:.3f}" in panel.said.value
        assert_legible(panel._drawn, f"stage {stage}")
        assert f"{own:.3f}" in said(panel._drawn)
