"""The weights in data_samples/: all there, small, described, and as good on phantoms as their card says."""

from __future__ import annotations

import json

import pytest

from banet_edu.datasets.bundled import load_samples, load_volumes
from banet_edu.networks.weights import bundled_weights, load_model
from banet_edu.paths import samples_root
from banet_edu.study.compare import evaluate

WEIGHTS = samples_root() / "weights"
NAMES = [
    f"{network}-lite-{kind}" for network in ("banet", "unet") for kind in ("dermoscopy", "polyp", "lung", "phantom")
]
NAMES += [f"{network}-lite-hippocampus" for network in ("banet", "unet", "banet-slices")]


def card(name: str) -> dict:
    return json.loads((WEIGHTS / f"{name}.json").read_text(encoding="utf-8"))


def test_all_eleven_are_bundled_and_together_under_24_megabytes():
    assert bundled_weights() == sorted(NAMES)
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 24e6


@pytest.mark.parametrize("name", NAMES)
def test_each_loads_and_has_a_card(name):
    model = load_model(name)
    assert (model.spec.name, model.spec.preset) == (name.split("-")[0], "lite")
    assert model.info["name"] == name
    described = card(name)
    for entry in ("data", "terms", "not for", "training", "commands", "date", "machine", "storage"):
        assert described[entry], entry
    assert model.info["terms"] == described["terms"]


@pytest.mark.landing
@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("phantom")])
def test_phantom_weights_do_on_the_bundled_samples_what_their_card_says(name):
    """The card's figure is a mean over 144 samples; a third of them must come near it."""
    figures = next(value for key, value in card(name).items() if key.startswith("figures: "))
    model = load_model(name)
    samples = [sample for kind in ("dermoscopy", "polyp", "lung") for sample in list(load_samples(kind))[::3]]
    assert abs(evaluate(model, samples)["JA"].mean() - figures["JA"][0]) < 0.03


@pytest.mark.landing
def test_hippocampus_weights_do_on_the_bundled_volumes_what_is_near_their_card():
    """The card's figures are means over 40 volumes, of which eight are bundled."""
    for name in NAMES[-3:]:
        figures = next(value for key, value in card(name).items() if key.startswith("figures: "))
        model = load_model(name)
        assert model.spec.class_names == ("background", "anterior", "posterior")
        assert abs(evaluate(model, load_volumes())["DI"].mean() - figures["DI"][0]) < 0.02
