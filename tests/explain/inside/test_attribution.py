"""Attributions against answers known in advance, sums that must hold, and a model that must stay as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from known_model import Brightness, disc_sample
from torch import nn

from banet_edu import create_model, load_model, load_samples
from banet_edu.config import ModelSpec
from banet_edu.explain import attribute, intervene
from banet_edu.explain.inside.players import as_players
from banet_edu.explain.inside.regions import Region
from banet_edu.explain.inside.target import baseline_input, margin, region_score

SAMPLE = disc_sample("disc")
METHODS = ("integrated_gradients", "occlusion", "gradcam", "feature_ablation", "shapley")
NETWORKS = ("banet", "unet", "unet_same_encoder")


class Parts(nn.Module):
    """Three mechanisms, each the brightness of one channel; their sum, or the product of the first two, is the score."""

    def __init__(self, product: bool = False) -> None:
        super().__init__()
        self.spec = ModelSpec("parts", input_size=(32, 32), mean=(0.0,) * 3, std=(1.0,) * 3)
        self.a, self.b, self.c = nn.Conv2d(3, 1, 1), nn.Conv2d(3, 1, 1), nn.Conv2d(3, 1, 1)
        self.product = product

    def forward(self, x):
        a, b, c = self.a(x), self.b(x), self.c(x)
        total = a * b + 0 * c if self.product else a + b + c
        return torch.cat([torch.zeros_like(total), total], dim=1)


OFF = {name: {name: 0.0} for name in "abc"}


@pytest.fixture(scope="module")
def trained():
    return load_model("banet-lite-phantom")


@pytest.fixture(scope="module")
def lesion():
    return load_samples("dermoscopy", "test")[0]


def nano(name: str) -> nn.Module:
    torch.manual_seed(0)
    model = create_model(name, preset="nano").eval()
    model.spec = replace(model.spec, input_size=(64, 64))
    return model


def disc_region() -> Region:
    return Region("the disc", SAMPLE.mask)


def test_margin_is_the_logit_of_the_foregrounds_probability():
    logits = torch.randn(2, 4, 5, 6)
    torch.testing.assert_close(margin(logits).sigmoid(), 1 - logits.double().softmax(dim=1)[:, 0])


def test_toward_decision_counts_background_pixels_the_other_way():
    everywhere = Region("image", np.ones((128, 128), bool))
    outward = region_score(Brightness(), SAMPLE, everywhere, "outward")
    decision = region_score(Brightness(), SAMPLE, everywhere, "decision")
    margins = margin(outward.model(outward.x))[0]
    assert outward.of(outward.x)[0] == pytest.approx(margins.mean().item())
    assert decision.of(decision.x)[0] == pytest.approx(margins.abs().mean().item())


@pytest.mark.parametrize("baseline", ["blur", "mean"])
def test_integrated_gradients_of_a_linear_network_are_its_weights_times_the_way(baseline):
    found = attribute(Brightness(), SAMPLE, "integrated_gradients", disc_region(), toward="outward", baseline=baseline)
    score = region_score(Brightness(), SAMPLE, disc_region(), "outward")
    way = (score.x - baseline_input(score.x, baseline))[0, 0].double()
    np.testing.assert_allclose(found.map, (8 * score.weights * way).numpy(), atol=1e-6)
    assert found.completeness_error < 1e-4 and found.settings["steps"] == 32


def test_occlusion_is_positive_only_where_the_disc_is():
    model = Brightness(size=(32, 32))
    found = attribute(model, SAMPLE, "occlusion", disc_region(), toward="outward", baseline="mean", window=1, stride=1)
    inside = region_score(model, SAMPLE, disc_region()).weights.numpy() > 0
    bright = region_score(model, SAMPLE, disc_region()).x[0, 0].numpy() > 0.9
    assert (found.map[bright & inside] > 0).all() and (found.map[~inside] == 0).all()
    assert found.map.sum() == pytest.approx(
        found.total_effect, rel=1e-4
    )  # no interaction: windows of 1 px share it out


def test_gradcam_of_one_channel_is_that_channel_times_its_mean_gradient():
    torch.manual_seed(0)
    model, region = Parts(), Region("image", np.ones((128, 128), bool))
    found = attribute(model, SAMPLE, "gradcam", region, toward="outward", signal="a")
    score = region_score(model, SAMPLE, region, "outward")
    expected = model.a(score.x)[0, 0].detach().numpy() / 32**2  # d score / d a = 1 / pixels, everywhere
    np.testing.assert_allclose(found.map, expected, atol=1e-7)


@pytest.mark.parametrize("settings", [{}, {"permutations": 3}])
def test_shapley_of_an_additive_game_are_the_individual_effects(settings):
    torch.manual_seed(0)
    model = Parts()
    shapley = attribute(model, SAMPLE, "shapley", disc_region(), toward="outward", knobs=OFF, **settings)
    alone = attribute(model, SAMPLE, "feature_ablation", disc_region(), toward="outward", knobs=OFF)
    score = region_score(model, SAMPLE, disc_region(), "outward")
    expected = [(layer(score.x)[0, 0] * score.weights).sum().item() for layer in (model.a, model.b, model.c)]
    np.testing.assert_allclose(shapley.values["value"], expected, atol=1e-5)
    np.testing.assert_allclose(alone.values["value"], expected, atol=1e-5)


def test_shapley_halves_what_two_do_only_together_and_gives_a_dummy_nothing():
    torch.manual_seed(1)
    model = Parts(product=True)
    found = attribute(model, SAMPLE, "shapley", disc_region(), toward="outward", knobs=OFF)
    half = found.total_effect / 2
    np.testing.assert_allclose(found.values["value"], [half, half, 0], atol=1e-6)
    alone = attribute(model, SAMPLE, "feature_ablation", disc_region(), toward="outward", knobs=OFF)
    np.testing.assert_allclose(alone.values["value"], [2 * half, 2 * half, 0], atol=1e-6)


def test_trained_network_ig_is_complete_within_1_percent(trained, lesion):
    found = attribute(trained, lesion)
    assert found.completeness_error <= 0.01
    assert found.map.sum(dtype=float) == pytest.approx(found.total_effect, rel=0.0101)
    assert found.map.shape == trained.spec.input_size and found.map.dtype == np.float32
    assert found.score > 0, "a network is, on average, sure of what it decided"


@pytest.mark.parametrize("settings", [{"knobs": ["pee off", "ia off", "cff off"]}, {"permutations": 2, "seed": 3}])
def test_trained_network_shapley_adds_up_to_the_total_effect(trained, lesion, settings):
    found = attribute(trained, lesion, "shapley", **settings)
    assert abs(found.values["value"].sum() - found.total_effect) < 1e-4
    assert found.completeness_error < 1e-4
    score = region_score(trained, lesion, found.region)
    everything_off = {k: v for off in as_players(trained, settings.get("knobs")).values() for k, v in off.items()}
    with intervene(trained, everything_off):
        assert found.baseline_score == pytest.approx(score.of(score.x)[0])
    assert found.total_effect == pytest.approx(score.of(score.x)[0] - found.baseline_score)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("method", METHODS)
def test_the_model_is_left_exactly_as_found(name, method):
    model = nano(name)
    model.train()
    next(model.children()).eval()  # a mixture must come back as a mixture
    first, *others = model.parameters()
    first.grad = torch.full_like(first, 3.0)
    others[0].requires_grad_(False)
    modes = [module.training for module in model.modules()]
    before = {key: value.clone() for key, value in model.state_dict().items()}
    random = torch.get_rng_state()
    few = {
        "integrated_gradients": {"steps": 4, "max_steps": 4},
        "occlusion": {"window": 32, "stride": 32},
        "shapley": {"permutations": 1},
    }.get(method, {})
    found = attribute(model, SAMPLE, method, disc_region(), **few)

    assert (found.map is None) != (found.values is None)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert bool((first.grad == 3).all()) and all(p.grad is None for p in others) and not others[0].requires_grad
    assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in model.modules())
    assert torch.equal(torch.get_rng_state(), random)


def test_the_model_is_left_as_found_after_an_error():
    model = nano("banet").train()
    with pytest.raises(ValueError, match="no signal"):
        attribute(model, SAMPLE, "shapley", disc_region(), knobs={"mine": {"stage1.pee.edge_k55": 0.0}})
    assert all(module.training for module in model.modules())


def test_works_without_gradients_around_it():
    with torch.no_grad():
        assert (
            np.ptp(attribute(nano("banet"), SAMPLE, "integrated_gradients", disc_region(), steps=2, max_steps=2).map)
            > 0
        )


@pytest.mark.landing
def test_sampling_is_seeded_and_coalitions_are_run_once():
    model, seen = nano("banet"), []
    names = ["stage1.pee off", "stage2.pee off", "stage3.pee off", "stage4.pee off", "ia off", "cff off"]
    settings = {"knobs": names, "permutations": 2, "progress": lambda done, most: seen.append((done, most))}
    one, two = (attribute(model, SAMPLE, "shapley", disc_region(), seed=5, **settings) for _ in range(2))
    np.testing.assert_array_equal(one.values["value"], two.values["value"])
    assert len(seen) == 2 * one.settings["network_runs"] and all(done <= most for done, most in seen)
    other = attribute(model, SAMPLE, "shapley", disc_region(), seed=6, **settings)
    assert not np.array_equal(one.values["value"], other.values["value"])
    exact = attribute(model, SAMPLE, "shapley", disc_region(), knobs=["pee off", "ia off", "cff off"])
    assert exact.settings["network_runs"] == 8 and exact.settings["orders"] == "all"


def test_steps_are_doubled_up_to_the_limit():
    model = nano("banet")
    found = attribute(model, SAMPLE, "integrated_gradients", disc_region(), steps=1, max_steps=16)
    assert found.completeness_error <= 0.01 or found.settings["steps"] == 16
    assert found.settings["steps"] in (1, 2, 4, 8, 16)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "gradients"}, "integrated_gradients, occlusion.*not 'gradients'"),
        ({"toward": "inward"}, "'decision' or 'outward', not 'inward'"),
        ({"baseline": "black"}, "'blur' or 'mean', not 'black'"),
        ({"baseline": "mean", "blur_px": 3.0}, "goes with baseline='blur'"),
        ({"blur_px": -1.0}, "positive number of pixels, got -1"),
        ({"steps": 0}, "steps must lie between 1 and max_steps"),
        ({"window": 8}, "integrated_gradients takes .*not window"),
        ({"method": "occlusion", "window": 8, "stride": 9}, "stride 9 and window 8"),
        ({"method": "gradcam", "signal": "decoder.stage9"}, "nearest: .*decoder.stage"),
        ({"method": "shapley", "knobs": "pee off"}, "several names"),
        ({"method": "shapley", "knobs": ["pee of"]}, "pee off"),
        ({"method": "shapley", "knobs": ["pee off", "pee off"]}, "given twice"),
        ({"method": "shapley", "knobs": ["pee off", "stage1.pee off"]}, "both switch off stage1.pee.edge_k5"),
        ({"method": "shapley", "knobs": []}, "no players"),
        ({"method": "shapley", "knobs": {"mine": 0.0}}, "'mine' needs the replacements"),
        ({"method": "shapley", "permutations": 0}, "at least 1, got 0"),
        ({"region": np.ones((128, 128), bool)}, "must be a Region"),
    ],
)  # fmt: skip
def test_errors_name_the_value_and_the_way_out(settings, said):
    with pytest.raises(ValueError, match=said):
        attribute(nano("banet"), SAMPLE, **{"region": disc_region(), **settings})


def test_gradcam_needs_an_output_and_a_layer():
    with pytest.raises(ValueError, match="takes in"):
        attribute(nano("unet"), SAMPLE, "gradcam", disc_region(), signal="skip.level1")
    with pytest.raises(ValueError, match="one of a, b, c, logits"):
        attribute(Parts(), SAMPLE, "gradcam", disc_region())
    with pytest.raises(ValueError, match="no ready-made knobs"):
        attribute(Parts(), SAMPLE, "shapley", disc_region())


def test_nothing_found_says_to_give_a_reference():
    dark = Brightness(threshold=2.0)
    with pytest.raises(ValueError, match=r"no boundary.*sample\.mask > 0"):
        attribute(dark, SAMPLE)
    assert attribute(dark, SAMPLE, region=disc_region()).map is not None
