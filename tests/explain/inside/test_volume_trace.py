"""Every signal of a network of volumes can be read and replaced, and its sums worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from banet_edu.explain.inside.blocks import edge_maps, gate_matrix
from banet_edu.explain.inside.interventions import combine, intervene, knobs
from banet_edu.explain.inside.sums import Place, edge_sum, exchange_sum, fusion_sum
from banet_edu.explain.inside.trace import probe
from banet_edu.networks.registry import create_model

SIZE = (32, 40, 35)


@pytest.fixture(scope="module")
def seen():
    torch.manual_seed(0)
    model, x = create_model("banet", "nano", 3, dims=3).eval(), torch.randn(1, 1, *SIZE)
    return model, x, probe(model, x)


@pytest.mark.parametrize("name", [pytest.param("banet", marks=pytest.mark.landing), "unet", "unet_same_encoder"])
def test_every_signal_is_read_and_replaced(name):
    torch.manual_seed(0)
    model, x = create_model(name, "nano", 3, dims=3).eval(), torch.randn(1, 1, 32, 32, 32)
    trace = probe(model, x[0])
    assert trace.names() == list(trace.signals)
    with torch.no_grad():
        before = model(x)
        for signal in trace.names():
            with intervene(model, {signal: trace[signal]}):
                assert torch.equal(model(x), before), signal
            with intervene(model, {signal: lambda value: value + 1 + torch.rand_like(value)}):
                after = probe(model, x)
            assert not torch.equal(after[signal], trace[signal]), signal
        for knob in knobs(model):
            with intervene(model, combine(model, knob)):
                assert model(x).shape == before.shape


def test_maps_and_table_have_a_depth(seen):
    _, _, trace = seen
    assert repr(trace) == "Trace(77 signals of a 32 x 40 x 35 input)"
    assert trace.map("stage1.pee.edge_k5", "mean_abs").shape == (16, 20, 18)
    assert trace.map("stage1.pee.edge_k5", 0, SIZE).shape == SIZE
    assert trace.probability.shape == SIZE
    table = trace.table().set_index("name")
    assert list(table.columns) == ["stage", "stride", "channels", "depth", "height", "width", "meaning"]
    assert table.loc["stage1.pee.edge_k5", "meaning"] == "R minus its average over 5 x 5 x 5"
    assert edge_maps(trace, 1)[7].shape == (16, 20, 18)
    assert gate_matrix(trace, effective=True).shape == (4, 4)


@pytest.mark.parametrize(("stage", "slice_", "row", "column"), [(1, 0, 0, 0), (1, 8, 19, 3), (4, 1, 2, 2)])
def test_sums_agree_with_the_network(seen, stage, slice_, row, column):
    model, _, trace = seen
    place = Place(stage, row, column, 2, slice_)
    sums = [edge_sum(model, trace, place, 5), exchange_sum(trace, place, "seg"), fusion_sum(model, trace, place)]
    assert sums[0].window.shape == sums[0].beyond.shape == (5, 5, 5)
    assert np.allclose([sums[0].edge, sums[1].result, sums[2].fused], [s.network for s in sums], atol=1e-4)


def test_a_place_in_a_volume_has_a_slice(seen):
    with pytest.raises(ValueError, match="volumes need `slice`"):
        exchange_sum(seen[2], Place(1, 0, 0, 0), "seg")
    with pytest.raises(ValueError, match="slices 0 to 15, not 16"):
        exchange_sum(seen[2], Place(1, 0, 0, 0, 16), "seg")


def test_one_volume_at_a_time(seen):
    with pytest.raises(ValueError, match="one volume, N x D x H x W or 1 x N x D x H x W"):
        probe(seen[0], torch.zeros(2, 1, *SIZE))
