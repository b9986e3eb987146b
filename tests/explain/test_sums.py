"""What is added up at a cell, from its terms, is the network's own value: every block, corners, both forms of PEE."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from banet_edu import create_model
from banet_edu.explain import probe
from banet_edu.explain.inside.sums import Place, edge_sum, exchange_sum, fusion_sum

OPTIONS = {"default": {}, "release": {"pee": "average", "pee_padding": "zero", "align_corners": True}}


@pytest.fixture(scope="module", params=OPTIONS)
def seen(request):
    torch.manual_seed(0)
    model = create_model("banet", preset="nano", **OPTIONS[request.param]).eval()
    return model, probe(model, torch.randn(1, 3, 64, 96))


def places(trace):
    """Every corner, a side and the middle of each stage, in two channels."""
    for stage in (1, 2, 3, 4):
        rows, columns = trace[f"stage{stage}.pee.input"].shape[-2:]
        for row, column in (
            (0, 0),
            (0, columns - 1),
            (rows - 1, 0),
            (rows - 1, columns - 1),
            (rows // 2, columns // 2),
        ):
            for channel in (0, 5):
                yield Place(stage, row, column, channel)


def test_edge_is_r_minus_the_average_of_the_window_also_at_the_frame(seen):
    model, trace = seen
    for place in places(trace):
        for scale in model.head.mini_mtl[place.stage - 1].pee.scales.values():
            sums = edge_sum(model, trace, place, scale.kernel)
            assert sums.window.shape == (scale.kernel, scale.kernel)
            assert sums.own - np.mean(sums.window) == pytest.approx(sums.edge)
            assert sums.edge == pytest.approx(sums.network, abs=1e-5), place
            assert sums.beyond.any() or (place.row and place.column)


def test_exchange_and_fusion_add_up_to_the_networks_values(seen):
    model, trace = seen
    for place in places(trace):
        for task in ("seg", "edge"):
            sums = exchange_sum(trace, place, task)
            assert sums.own + (1 - sums.weight) * sums.other == pytest.approx(sums.network, abs=1e-5), (place, task)
        fused = fusion_sum(model, trace, place)
        assert sorted([*fused.gates, place.stage]) == [1, 2, 3, 4]
        heard = sum(fused.gates[j] * fused.values[j] for j in fused.gates)
        assert fused.own + (1 - fused.own_gate) * heard == pytest.approx(fused.network, abs=1e-5), place


def test_what_is_not_there_is_said(seen):
    model, trace = seen
    with pytest.raises(ValueError, match="stage 1 has rows 0 to 15, not 16"):
        edge_sum(model, trace, Place(1, 16, 0, 0), 5)
    with pytest.raises(ValueError, match="no window of 9 cells; it has 5, 7"):
        edge_sum(model, trace, Place(1, 0, 0, 0), 9)
    with pytest.raises(ValueError, match='task is "seg" or "edge"'):
        exchange_sum(trace, Place(1, 0, 0, 0), "object")
    with pytest.raises(ValueError, match="no cross feature fusion"):
        plain = create_model("banet", preset="nano", cff=False)
        fusion_sum(plain, probe(plain, torch.zeros(1, 3, 64, 64)), Place(1, 0, 0, 0))
