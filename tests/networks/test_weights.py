"""Files of trained weights: what goes in comes out, and damage is refused."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save_file

from banet_edu import storage
from banet_edu.networks.registry import create_model
from banet_edu.networks.weights import load_model
from banet_edu.storage import read_tensors, save_model


@pytest.fixture
def model():
    torch.manual_seed(1)
    return create_model("banet", "nano", num_classes=3, input_size=(64, 96), pee_kernels=(3, 5, 7)).eval()


def test_round_trip(tmp_path, model):
    path = save_model(tmp_path / "deep" / "model.safetensors", model, {"JA": 0.5, "data": "phantoms"})
    again = load_model(path)
    x = torch.randn(1, 3, 64, 96)
    assert torch.equal(again(x), model(x))
    assert again.spec == model.spec
    assert again.info == {"JA": 0.5, "data": "phantoms"}
    assert not again.training
    assert sorted(p.name for p in path.parent.iterdir()) == [".banet-edu", "model.safetensors"]


def test_int8_storage_is_small_and_close(tmp_path, model):
    full = save_model(tmp_path / "full.safetensors", model)
    small = save_model(tmp_path / "small.safetensors", model, storage="int8")
    ours, theirs = model.state_dict(), load_model(small).state_dict()
    for name, value in ours.items():
        if value.ndim >= 2:
            step = value.abs().flatten(1).amax(1) / 127
            assert ((value - theirs[name]).abs().flatten(1).amax(1) <= 0.5 * step + 1e-7).all(), name
        else:
            assert torch.equal(value, theirs[name]), name
    assert small.stat().st_size < 0.6 * full.stat().st_size


def test_an_all_zero_channel_survives_int8(tmp_path, model):
    model.encoder.conv1.weight.data[0] = 0
    again = load_model(save_model(tmp_path / "m.safetensors", model, storage="int8"))
    assert torch.equal(again.encoder.conv1.weight[0], model.encoder.conv1.weight[0])


def test_truncated_flipped_and_foreign_files_are_refused(tmp_path, model):
    path = save_model(tmp_path / "m.safetensors", model)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"m\.safetensors: damaged"):
        load_model(path)
    flipped = bytearray(content)
    flipped[-100] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(ValueError, match="does not match its checksum"):
        load_model(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="damaged"):
        load_model(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="was not written by banet-edu"):
        load_model(path)
    save_file({"a": torch.zeros(1)}, path, metadata={"banet_edu": json.dumps({"format": 99, "sha256": ""})})
    with pytest.raises(ValueError, match="newer banet-edu"):
        load_model(path)


def test_description_that_does_not_fit_the_weights(tmp_path, model):
    other = create_model("banet", "nano")
    path = storage.write_tensors(tmp_path / "m.safetensors", dict(other.state_dict()), {"spec": model.spec.to_dict()})
    with pytest.raises(ValueError, match="do not fit each other"):
        load_model(path)


def test_a_training_state_is_not_a_model(tmp_path):
    path = storage.write_tensors(tmp_path / "last.safetensors", {"a": torch.zeros(1)}, {"step": 3})
    with pytest.raises(ValueError, match=r"load best\.safetensors"):
        load_model(path)
    assert read_tensors(path)[1]["step"] == 3


def test_unknown_name_lists_what_is_bundled():
    with pytest.raises(FileNotFoundError, match="banet-lite-nothing: neither a file nor bundled weights"):
        load_model("banet-lite-nothing")


def test_a_failed_write_leaves_the_old_file(tmp_path, model, monkeypatch):
    path = save_model(tmp_path / "m.safetensors", model)
    content = path.read_bytes()

    def broken(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(storage.files.os, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        save_model(path, create_model("banet", "nano"))
    assert path.read_bytes() == content
    assert sorted(p.name for p in tmp_path.iterdir()) == [".banet-edu", "m.safetensors"]


def test_models_without_a_spec_are_refused(tmp_path):
    with pytest.raises(ValueError, match="Linear has no spec"):
        save_model(tmp_path / "m.safetensors", torch.nn.Linear(1, 1))
