"""`fit` of volumes: prepared, trained, resumed bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_resume import ENVIRONMENT, InterruptAt, same_run
from training_helpers import CONFIG, PrintSteps, discs, tiny

from banet_edu.data.prepared import PreparedVolumes, prepare_all
from banet_edu.data.volume import Volume, normalised
from banet_edu.networks.registry import create_model
from banet_edu.networks.weights import load_model
from banet_edu.training.guards import TrainingInterrupted
from banet_edu.training.loop import fit

VOLUMES = replace(CONFIG, steps=4, batch_size=2, learning_rate=3e-3)


def balls(count: int, seed: int = 0, shape: tuple[int, int, int] = (20, 26, 22)) -> list[Volume]:
    """Bright balls of two classes, one half each."""
    random, place = np.random.default_rng(seed), np.mgrid[tuple(slice(0, side) for side in shape)]
    found = []
    for index in range(count):
        middle, radius = random.uniform(0.4, 0.6, 3) * shape, random.uniform(4, 6)
        inside = ((place - middle[:, None, None, None]) ** 2).sum(axis=0) < radius**2
        mask = (inside * (1 + (place[1] > middle[1]))).astype(np.uint8)
        found.append(Volume(random.normal(90, 20, shape) + 60 * mask, mask, f"ball-{seed}-{index}", (1.0, 1.0, 1.5)))
    return found


def network(name: str = "banet") -> torch.nn.Module:
    torch.manual_seed(0)
    return create_model(name, "nano", 3, dims=3)


TRAIN, VAL = balls(5), balls(2, seed=1)


def test_prepared_volumes_are_z_scored_padded_and_named():
    prepared = PreparedVolumes(TRAIN, 32)
    assert prepared.images.shape == (5, 32, 32, 32) and prepared.images.dtype == np.float32
    np.testing.assert_array_equal(prepared.images[0][6:26, 3:29, 5:27], normalised(TRAIN[0]))
    np.testing.assert_array_equal(prepared.masks[0][6:26, 3:29, 5:27], TRAIN[0].mask)
    assert (prepared.images[0][:6] == prepared.images[0][6]).all()
    assert list(prepared.checksums()) == [volume.name for volume in TRAIN]
    assert prepare_all(prepared, network().spec) is prepared


def test_the_middle_of_a_larger_volume_is_kept_unless_that_cuts_foreground():
    volume = Volume(np.random.default_rng(0).normal(size=(40, 40, 40)), np.zeros((40, 40, 40), bool), "large")
    volume.mask[10:20] = True
    volume.mask[:, :5] = volume.mask[:, 35:] = volume.mask[..., :5] = volume.mask[..., 35:] = False
    np.testing.assert_array_equal(PreparedVolumes([volume], 32).masks[0], volume.mask[4:36, 4:36, 4:36])
    volume.mask[0, 20, 20] = True
    with pytest.raises(
        ValueError, match=r"'large' has 40 x 40 x 40 voxels, and foreground outside .* larger input_size"
    ):
        PreparedVolumes([volume], 32)


def test_images_and_volumes_are_not_taken_for_one_another(tmp_path):
    with pytest.raises(ValueError, match="is no volume"):
        fit(network(), discs(4), discs(2), VOLUMES, tmp_path / "a")
    with pytest.raises(ValueError, match="is no image"):
        fit(tiny(), TRAIN, VAL, VOLUMES, tmp_path / "b")
    with pytest.raises(ValueError, match="for volumes choose"):
        fit(network(), TRAIN, VAL, replace(VOLUMES, augment="release"), tmp_path / "c")


@pytest.mark.parametrize(("name", "augment"), [("banet", "default"), ("unet", "none")])
def test_a_cut_run_of_volumes_resumes_bit_for_bit(tmp_path, name, augment):
    config = replace(VOLUMES, augment=augment)
    history = fit(network(name), TRAIN, VAL, config, tmp_path / "whole")
    assert len(history) == 2 and np.isfinite(history.rows[-1]["loss"]) and "val_assd_pct" in history.rows[0]
    with pytest.raises(TrainingInterrupted):
        fit(network(name), TRAIN, VAL, config, tmp_path / "cut", [InterruptAt(3)])
    torch.manual_seed(99)
    fit(network(name), TRAIN, VAL, config, tmp_path / "cut")
    same_run(tmp_path / "cut", tmp_path / "whole")


def test_a_trained_network_of_volumes_comes_back_from_its_file(tmp_path):
    model = network()
    fit(model, TRAIN, VAL, replace(VOLUMES, augment="none"), tmp_path)
    loaded = load_model(tmp_path / "best.safetensors")
    assert loaded.spec == model.spec and loaded.spec.dims == 3 and loaded.info.get("domain") is None
    x = torch.randn(1, 1, 32, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(loaded(x), model(x), rtol=1e-4, atol=1e-5)  # another memory layout


@pytest.mark.landing
@pytest.mark.parametrize("until", [1, 2, 3])
def test_a_killed_run_of_volumes_resumes_bit_for_bit(tmp_path, until):
    process = subprocess.Popen(
        [sys.executable, __file__, str(tmp_path / "killed")],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT | {"PYTHONPATH": ENVIRONMENT["PYTHONPATH"] + ":" + str(Path(__file__).parent)},
    )
    assert process.stdout is not None
    assert any(line == f"step {until}\n" for line in process.stdout)
    process.kill()  # SIGKILL: no handler, no cleaning up
    assert process.wait() == (1 if os.name == "nt" else -signal.SIGKILL)
    fit(network(), TRAIN, VAL, VOLUMES, tmp_path / "killed")
    fit(network(), TRAIN, VAL, VOLUMES, tmp_path / "whole")
    same_run(tmp_path / "killed", tmp_path / "whole")


if __name__ == "__main__":
    fit(network(), TRAIN, VAL, VOLUMES, sys.argv[1], [PrintSteps()], save_every_s=0)
