"""A network says where an image is unlike those it has learned from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from landing import rest_at_landing

from banet_edu import load_model, load_samples, predict
from banet_edu.config import TrainConfig
from banet_edu.data.domain import distance, domain_of, domain_warning
from banet_edu.networks.registry import create_model
from banet_edu.training.loop import fit

KINDS = ("dermoscopy", "polyp", "lung")


@pytest.mark.parametrize("kind", rest_at_landing(KINDS, "dermoscopy"))
def test_the_bundled_networks_know_their_own_kind_and_most_of_the_others(kind):
    model = load_model(f"banet-lite-{kind}")
    warned = {other: [bool(predict(model, s).warning) for s in load_samples(other, "test")] for other in KINDS}
    assert not any(warned.pop(kind))
    if kind != "dermoscopy":  # skin comes in many colours: benchmarks/README.md
        assert all(np.mean(found) > 0.8 for found in warned.values())
    assert not any(predict(load_model("banet-lite-phantom"), s).warning for s in load_samples(kind, "test"))


def test_the_sentence_says_how_far_is_far():
    model, image = load_model("banet-lite-lung"), load_samples("polyp", "test")[0].image
    said = domain_warning(model, image)
    assert said is not None and f"beyond {model.info['domain']['far']:.1f} is far" in said
    assert f"colours {distance(image, model.info['domain']):.1f} deviations" in said


def test_training_keeps_what_it_has_seen_with_the_weights(tmp_path):
    train, val = load_samples("lung", "train")[:24], load_samples("lung", "val")
    model = create_model("unet", "nano", input_size=32)
    fit(model, train, val, TrainConfig(steps=1, batch_size=4, device="cpu"), tmp_path)
    loaded = load_model(tmp_path / "best.safetensors")
    assert domain_warning(loaded, load_samples("polyp", "test")[0].image)
    assert domain_warning(loaded, train[0].image) is None


def test_few_images_say_nothing_of_others():
    images = [np.full((8, 8, 3), 10 * i, np.uint8) for i in range(19)]
    assert domain_of(images) is None
    assert domain_of([*images, images[0]]) is not None
    assert domain_warning(create_model("unet", "nano"), images[0]) is None  # nothing is known


def test_many_images_are_thinned_evenly():
    images = [np.full((4, 4, 3), i % 256, np.uint8) for i in range(1200)]
    assert len(domain_of(images)["colours"]) == 500


def test_a_prediction_keeps_its_warning_with_another_pixel_size():
    found = predict(load_model("banet-lite-lung"), load_samples("polyp", "test")[0])
    assert (
        found.warning and replace(found, threshold=0.4).warning == found.with_spacing((1, 1)).warning == found.warning
    )
