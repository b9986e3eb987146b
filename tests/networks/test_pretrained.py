"""ImageNet weights: from a file, from the network, or a clear error."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from banet_edu.banet.encoder import ResNetEncoder
from banet_edu.networks.registry import create_model


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A file as published: torchvision's names, the classifier included."""
    torch.manual_seed(3)
    state = ResNetEncoder("resnet18").state_dict()
    path = tmp_path_factory.mktemp("weights") / "resnet18.safetensors"
    save_file({**state, "fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}, path)
    return path, state


def test_from_a_file(published):
    path, state = published
    for name in ("banet", "unet_same_encoder"):
        model = create_model(name, encoder_width=1.0, pretrained=path)
        assert all(torch.equal(value, state[key]) for key, value in model.encoder.state_dict().items())
        assert "pretrained" not in model.spec.overrides


def test_wrong_network_in_the_file(published):
    with pytest.raises(ValueError, match=r"does not hold resnet34: .* missing or misshapen"):
        create_model("banet", encoder="resnet34", encoder_width=1.0, pretrained=published[0])


def test_width_and_model_that_no_weights_fit(published):
    with pytest.raises(ValueError, match="width 1 only; this encoder begins with 32"):
        create_model("banet", pretrained=published[0])
    with pytest.raises(ValueError, match="unet has no ResNet encoder"):
        create_model("unet", pretrained=True)


def test_missing_damaged_and_pickled_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        create_model("banet", encoder_width=1.0, pretrained=tmp_path / "none.safetensors")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"123")
    with pytest.raises(ValueError, match="damaged"):
        create_model("banet", encoder_width=1.0, pretrained=damaged)
    pickled = tmp_path / "resnet18.pth"
    pickled.write_bytes(b"123")
    with pytest.raises(ValueError, match="could run code hidden in it"):
        create_model("banet", encoder_width=1.0, pretrained=pickled)


def test_no_network_is_one_clear_error(monkeypatch):
    import huggingface_hub

    def offline(*args, **kwargs):
        raise OSError("no route")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", offline)
    with pytest.raises(ConnectionError, match=r"could not fetch ImageNet weights for resnet18 .*pretrained='PATH'"):
        create_model("banet", encoder_width=1.0, pretrained=True)


def test_where_a_network_is_the_hub_is_asked(monkeypatch, published):
    import huggingface_hub

    asked = []
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *args: asked.append(args) or str(published[0]))
    create_model("banet", encoder_width=1.0, pretrained=True)
    assert asked == [("timm/resnet18.tv_in1k", "model.safetensors")]
