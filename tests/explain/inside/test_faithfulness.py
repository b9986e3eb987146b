"""The yardsticks themselves, on networks whose right answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from known_model import Brightness, disc_sample

from banet_edu import create_model, load_model, load_samples
from banet_edu.data.sample import Sample
from banet_edu.explain import attribute
from banet_edu.explain.inside.faithfulness import deletion_insertion, randomisation_check
from banet_edu.explain.inside.randomisation import cascade, randomise
from banet_edu.explain.inside.regions import Region


@pytest.fixture(scope="module")
def noise():
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return Sample(image, np.ones((64, 64), bool), "noise")


@pytest.fixture(scope="module")
def right(noise):
    middle = np.zeros((64, 64), bool)
    middle[16:48, 16:48] = True
    return attribute(Brightness(), noise, region=Region("middle", middle), toward="outward")


def test_the_right_map_of_a_linear_network_is_faithful(noise, right):
    result = deletion_insertion(Brightness(), noise, right, cell=1)
    assert result.faithful and result.verdict.startswith("faithful: ")
    assert (result.deletion <= result.random_deletion.min(axis=0) + 1e-6).all(), "no order can be faster"
    assert (result.insertion >= result.random_insertion.max(axis=0) - 1e-6).all()
    assert f"{result.deletion_area:.2f}" in result.verdict


def test_the_map_upside_down_is_not(noise, right):
    result = deletion_insertion(Brightness(), noise, replace(right, map=-right.map), cell=1)
    assert not result.beats_deletion and not result.beats_insertion
    assert result.verdict.startswith("not better than random")


def test_curves_run_between_the_image_and_the_blurred_band(noise, right):
    result = deletion_insertion(Brightness(), noise, right, steps=8, seeds=(1, 2, 3), cell=2)
    assert result.fraction[[0, -1]].tolist() == [0, 1] and result.random_deletion.shape == (3, 9)
    assert result.deletion[0] == pytest.approx(right.score, abs=1e-9)
    for curves in (result.random_deletion, result.deletion[None]):
        np.testing.assert_allclose(curves[:, -1], result.insertion[0], atol=1e-9)
    assert result.insertion[-1] == pytest.approx(right.score, abs=1e-9)


def test_only_pixels_of_the_region_are_touched(noise, right):
    model, seen = Brightness(), []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    deletion_insertion(model, noise, right, steps=4, seeds=(0, 1))
    original, outside = seen[0][:1], ~right.region.mask
    assert all(torch.equal(x[:, :, outside], original[:, :, outside].expand(len(x), -1, -1)) for x in seen)


@pytest.mark.landing
def test_integrated_gradients_of_the_trained_network_are_faithful_and_pass():
    model, sample = load_model("banet-lite-phantom"), load_samples("dermoscopy", "test")[0]
    before = {key: value.clone() for key, value in model.state_dict().items()}
    found = attribute(model, sample)
    assert deletion_insertion(model, sample, found, steps=8, seeds=(0, 1)).faithful
    check = randomisation_check(model, sample, "gradcam", found.region, stages=["head", "encoder"], seeds=(0,))
    assert check.passed and check.verdict.startswith("passes"), check.table
    assert check.table["stage"].tolist() == ["head", "encoder"]
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_a_map_that_cannot_change_fails():
    # Its only parameter scales the score: noise for it changes no rank of the map.
    check = randomisation_check(Brightness(), disc_sample("disc"), seeds=(0, 1), stages=[""])
    assert check.final_similarity == pytest.approx(1, abs=1e-3)
    assert not check.passed and check.verdict.startswith("fails")


@pytest.mark.parametrize("name", ["banet", "unet", "unet_same_encoder"])
def test_the_cascade_runs_from_the_output_to_the_input_and_leaves_nothing_out(name):
    model = create_model(name, preset="nano")
    stages = cascade(model, torch.zeros(1, 3, 64, 64))
    assert "classifier" in stages[0] and stages[-1] in ("encoder.conv1", "down.0")
    before = [parameter.clone() for parameter in model.parameters()]
    done: set[int] = set()
    for stage in stages:
        randomise(model.get_submodule(stage).parameters(), torch.Generator().manual_seed(0), done)
    still = [torch.equal(p, old) and bool(p.any()) for p, old in zip(model.parameters(), before, strict=True)]
    assert not any(still)


def test_noise_keeps_the_size_of_the_parameters():
    layer = torch.nn.Linear(200, 200)
    before = layer.weight.square().mean().sqrt().item()
    randomise(layer.parameters(), torch.Generator().manual_seed(0))
    assert layer.weight.square().mean().sqrt().item() == pytest.approx(before, rel=0.05)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"steps": 1}, "steps=1"),
        ({"cell": 0}, "cell=0"),
        ({"seeds": (1,)}, "two seeds"),
        ({"cell": 16}, "4 cells of 16 px"),
    ],
)
def test_deletion_errors(noise, right, settings, said):
    with pytest.raises(ValueError, match=said):
        deletion_insertion(Brightness(), noise, right, **settings)


def test_knob_methods_and_other_sizes_are_refused(noise, right):
    with pytest.raises(ValueError, match="no map"):
        deletion_insertion(Brightness(), noise, replace(right, map=None, method="shapley"))
    with pytest.raises(ValueError, match="one model"):
        deletion_insertion(Brightness(size=(32, 32)), noise, right)
    with pytest.raises(ValueError, match="no map"):
        randomisation_check(Brightness(), noise, "shapley", right.region)
    with pytest.raises(ValueError, match="no submodule 'head'"):
        randomisation_check(Brightness(), noise, region=right.region, stages=["head"])
    with pytest.raises(ValueError, match="one seed"):
        randomisation_check(Brightness(), noise, region=right.region, seeds=())
