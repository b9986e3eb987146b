"""Reading inner signals changes nothing and reads what flows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from banet_edu import create_model
from banet_edu.data.tensors import prepare
from banet_edu.explain.signals import read_signals

IMAGE = np.random.default_rng(0).integers(0, 256, (90, 70, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return create_model("banet", preset="nano").eval()


def test_edge_scale_is_the_map_minus_its_local_average(model):
    block = "head.mini_mtl.1.pee"
    signals = read_signals(model, IMAGE, [f"{block}.reduce", f"{block}.scales.k5"])
    reduced = torch.from_numpy(signals[f"{block}.reduce"])[None]
    padded = torch.nn.functional.pad(reduced, (2, 2, 2, 2), mode="replicate")
    expected = reduced - torch.nn.functional.avg_pool2d(padded, 5, stride=1)
    np.testing.assert_allclose(signals[f"{block}.scales.k5"], expected[0].numpy(), atol=1e-6)


def test_reads_what_the_network_computes_on_the_prepared_image(model):
    with torch.no_grad():
        expected = model.encoder(prepare(IMAGE, model.spec))[0][0].numpy()
    signals = read_signals(model, IMAGE, ["encoder.layer1"])
    np.testing.assert_allclose(signals["encoder.layer1"], expected, atol=1e-6)


def test_no_hook_stays_even_after_an_error(model):
    with pytest.raises(ValueError, match="uint8"):
        read_signals(model, IMAGE.astype(float), ["head.classifier"])
    assert not any(module._forward_hooks for module in model.modules())


def test_unknown_name_gives_the_nearest(model):
    with pytest.raises(ValueError, match=r"head\.mini_mtl\.0\.pee\.scales\.k5"):
        read_signals(model, IMAGE, ["head.mini_mtl.0.pee.scale.k5"])


def test_module_with_several_outputs_is_refused(model):
    with pytest.raises(ValueError, match="BANetOutput"):
        read_signals(model, IMAGE, ["head"])
