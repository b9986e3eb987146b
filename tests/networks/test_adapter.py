"""Networks from elsewhere, taken in by `adapt`; and what a network costs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from banet_edu import create_model, make_phantom, predict
from banet_edu.config import TrainConfig
from banet_edu.networks.adapter import adapt
from banet_edu.study.compare import compare
from banet_edu.study.cost import cost


class Answers(nn.Module):
    """A convolution that gives its logits in the form it is told."""

    def __init__(self, form, channels=2, stride=1):
        super().__init__()
        self.form, self.conv = form, nn.Conv2d(3, channels, 3, stride=stride, padding=1)

    def forward(self, x):
        y = self.conv(x)
        return {"plain": y, "dict": {"out": y, "aux": None}, "list": [y, y], "text": "no"}[self.form]


@pytest.mark.parametrize("form", ["plain", "dict", "list"])
def test_usual_forms_of_logits(form):
    model = adapt(Answers(form, stride=2), "mine", input_size=64).eval()
    assert model(torch.zeros(2, 3, 65, 48)).shape == (2, 2, 65, 48)


def test_one_channel_is_the_logit_of_the_foreground():
    module = Answers("plain", channels=1)
    x = torch.randn(1, 3, 32, 32)
    probability = adapt(module, "mine")(x).softmax(1)[:, 1:]
    torch.testing.assert_close(probability, torch.sigmoid(module(x)))


def test_wrong_outputs_are_said_in_words():
    with pytest.raises(ValueError, match="Answers gives str, not logits"):
        adapt(Answers("text"), "mine")(torch.zeros(1, 3, 32, 32))
    with pytest.raises(ValueError, match=r"gives \(1, 5, 32, 32\); expected are logits B x 2"):
        adapt(Answers("plain", channels=5), "mine")(torch.zeros(1, 3, 32, 32))
    with pytest.raises(ValueError, match=r"torch.nn.Module, not function"):
        adapt(lambda x: x, "mine")


def test_a_monai_network_is_compared_with_banet(tmp_path):
    monai = pytest.importorskip("monai.networks.nets", reason="MONAI is not installed")

    def build():
        net = monai.UNet(spatial_dims=2, in_channels=3, out_channels=2, channels=(4, 8), strides=(2,))
        return adapt(net, "monai", input_size=64)

    samples = [make_phantom("dermoscopy", seed=s, size=64) for s in range(8)]
    result = compare(
        {"banet": "banet", "monai": build},
        (samples[:4], samples[4:6], samples[6:]),
        TrainConfig(steps=2, batch_size=2),
        run_dir=tmp_path,
        preset="nano",
    )
    assert set(result.table["model"]) == {"banet", "monai"}
    found = predict(result.models["monai"], samples[6])
    assert found.probability.shape == (64, 64) and np.isfinite(found.probability).all()


@pytest.mark.parametrize("name", ["banet", "unetpp"])
def test_cost_counts_and_leaves_the_network_as_it_was(name):
    model = create_model(name, "nano").eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    found = cost(model, (64, 64), batch_size=2, rounds=1)
    assert found.parameters == sum(p.numel() for p in model.parameters())
    assert found.gflops > 0 and found.step_s > 0
    assert not model.training and all(p.grad is None for p in model.parameters())
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in before.items())
    assert cost(model, (64, 64), rounds=0).step_s is None
    # Four times the pixels, about four times the operations.
    assert cost(model, (128, 128), rounds=0).gflops == pytest.approx(4 * found.gflops, rel=0.1)


@pytest.mark.parametrize("shape", [(), (3,), (2, 1), (2, 1, 8)])
def test_output_of_another_rank_is_said_in_words(shape):
    class Odd(nn.Module):
        def forward(self, x):
            return torch.zeros(shape)

    with pytest.raises(ValueError, match=r"Odd gives \(.*\); expected are logits B x 2 x h x w"):
        adapt(Odd(), "odd")(torch.zeros(2, 3, 64, 64))


def test_classes_and_input_size_are_checked():
    module = nn.Conv2d(3, 1, 1)
    with pytest.raises(ValueError, match="at least 2, got 1"):
        adapt(module, "one", num_classes=1)
    for bad in (0, "64", (64,), (64.5, 64)):
        with pytest.raises(ValueError, match="an input size is one whole number or"):
            adapt(module, "one", input_size=bad)
