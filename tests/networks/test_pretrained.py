"""ImageNet weights: from a file, from the network, or a clear error."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from banet_edu.banet.encoder import ResNetEncoder
from banet_edu.networks.pretrained import check_fit
from banet_edu.networks.registry import create_model, encoder_of


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
    with pytest.raises(ValueError, match=r"does not hold resnet34: .* missing or misshapen") as error:
        create_model("banet", encoder="resnet34", encoder_width=1.0, pretrained=published[0])
    assert "Name a file that does, as model.safetensors of timm/resnet34.tv_in1k" in str(error.value)
    assert str(error.value).endswith("or start at random (pretrained=False; without --pretrained)")


def names_of(resnet, path):
    """A file with the names that `resnet` has, which tell it from others, and next to nothing else."""
    path.parent.mkdir(exist_ok=True)
    save_file({name: torch.zeros(1) for name in ResNetEncoder(resnet, width=0.125).state_dict()}, path)
    return path


PAPER = {name: encoder_of(name, "paper") for name in ("banet", "cenet")}


def test_one_file_fits_one_resnet(tmp_path):
    assert PAPER == {"banet": ("resnet50", 1.0), "cenet": ("resnet34", 1.0)}
    assert encoder_of("unet", "paper") is None
    for resnet in ("resnet18", "resnet34", "resnet50", "resnet101"):
        check_fit(names_of(resnet, tmp_path / "mine.safetensors"), {"fcn": (resnet, 1.0)})
    file = names_of("resnet50", tmp_path / "mine.safetensors")
    check_fit(True, PAPER)  # each is fetched for itself
    with pytest.raises(ValueError) as error:
        check_fit(str(file), PAPER)
    said = str(error.value)
    assert said.startswith(
        f"cenet stands on resnet34, not on what {file} holds (resnet50). It fits banet. Name a folder"
    )
    assert "that holds resnet34.safetensors and resnet50.safetensors (model.safetensors of timm/NAME.tv_in1k" in said
    assert "leave out what does not fit" in said
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(1)}, other)
    with pytest.raises(ValueError, match=r"holds \(none of resnet18, .*\). It fits none"):
        check_fit(other, PAPER)


def test_a_folder_holds_a_file_for_each_resnet(tmp_path, published):
    folder = names_of("resnet50", tmp_path / "weights/resnet50.safetensors").parent
    with pytest.raises(FileNotFoundError, match=r"resnet34.safetensors: no such file; .* a folder that holds resnet34"):
        check_fit(folder, PAPER)
    names_of("resnet34", folder / "resnet34.safetensors")
    check_fit(str(folder), PAPER)
    model = create_model("banet", "nano", encoder_width=1.0, pretrained=published[0].parent)
    assert all(torch.equal(value, published[1][key]) for key, value in model.encoder.state_dict().items())
    assert model.initial_weights.startswith("resnet18.safetensors, sha256 ")


def test_width_and_model_that_no_weights_fit(published):
    with pytest.raises(
        ValueError, match=r"width 1 only; this encoder begins with 32 .*--preset paper or --recipe study"
    ):
        create_model("banet", pretrained=published[0])
    with pytest.raises(ValueError, match="width 1 only; this encoder begins with 8 "):
        check_fit(True, {"banet": encoder_of("banet", "nano")})
    with pytest.raises(ValueError, match=r"unet has no ResNet encoder .*without --pretrained"):
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
    with pytest.raises(ConnectionError, match=r"could not fetch ImageNet weights for resnet18 .*--pretrained FILE"):
        create_model("banet", encoder_width=1.0, pretrained=True)


def test_where_a_network_is_the_hub_is_asked(monkeypatch, published):
    import huggingface_hub

    asked = []
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *args: asked.append(args) or str(published[0]))
    create_model("banet", encoder_width=1.0, pretrained=True)
    assert asked == [("timm/resnet18.tv_in1k", "model.safetensors")]
