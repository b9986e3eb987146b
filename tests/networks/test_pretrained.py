"""ImageNet weights: from a file, from the network, or a clear error."""

from __future__ import annotations

import hashlib

import pytest
import torch
from safetensors.torch import save_file

from banet_edu.banet.encoder import ResNetEncoder
from banet_edu.networks import pretrained
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
    assert "Name a file that does, as https://download.pytorch.org/models/resnet34-b627a593.pth" in str(error.value)
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
    assert (
        "that holds resnet34-b627a593.pth and resnet50-0676ba61.pth (from https://download.pytorch.org/models/)" in said
    )
    assert "leave out what does not fit" in said
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(1)}, other)
    with pytest.raises(ValueError, match=r"holds \(none of resnet18, .*\). It fits none"):
        check_fit(other, PAPER)


def test_a_folder_holds_a_file_for_each_resnet(tmp_path, published):
    folder = names_of("resnet50", tmp_path / "weights/resnet50.safetensors").parent
    with pytest.raises(FileNotFoundError, match=r"resnet34-b627a593.pth: no such file; .* or resnet34.safetensors"):
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
    pickled = tmp_path / "resnet18-f37072fd.pth"  # the name alone does not make it torchvision's
    pickled.write_bytes(b"123")
    sha = hashlib.sha256(b"123").hexdigest()
    for refused in (
        lambda: create_model("banet", encoder_width=1.0, pretrained=pickled),
        lambda: check_fit(pickled, {"banet": ("resnet18", 1.0)}),
    ):
        with pytest.raises(
            ValueError, match=rf"neither .* resnet18-f37072fd.pth, .*{sha}.*delete it.*code hidden in it"
        ):
            refused()


@pytest.fixture
def torchvision(published, tmp_path, monkeypatch):
    """Their server, with a resnet18 of our own whose SHA-256 stands in the table, and an empty folder of torch.hub's."""
    file = tmp_path / "new.pth"
    torch.save({**published[1], "fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}, file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setitem(pretrained._SHA256, "resnet18", digest)
    server = tmp_path / "server"
    server.mkdir()
    monkeypatch.setattr(pretrained, "_URL", f"{server.as_uri()}/")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return file.rename(server / f"resnet18-{digest[:8]}.pth")


def test_what_torchvision_publishes_is_fetched_once_and_read(torchvision, published, capsys):
    for _ in range(2):
        model = create_model("banet", "nano", encoder_width=1.0, pretrained=True)
        assert all(torch.equal(value, published[1][key]) for key, value in model.encoder.state_dict().items())
        assert model.initial_weights == f"{torchvision.name}, sha256 {pretrained._SHA256['resnet18']}"
    assert capsys.readouterr().err.count("Fetching ") == 1
    kept = torchvision.parent.parent / "hub" / "checkpoints"
    assert [file.name for file in kept.iterdir()] == [torchvision.name]
    for source in (torchvision, torchvision.parent, kept):  # the file, or a folder that holds it, as torch.hub's own
        check_fit(source, {"banet": ("resnet18", 1.0)})
        assert (
            create_model("banet", "nano", encoder_width=1.0, pretrained=source).initial_weights == model.initial_weights
        )
    with pytest.raises(ValueError, match=r"cenet stands on resnet34, not on what .* holds \(resnet18\)"):
        check_fit(torchvision, {"cenet": ("resnet34", 1.0)})
    (kept / torchvision.name).write_bytes(b"123")
    with pytest.raises(ValueError, match=r"neither a .safetensors file nor what .* delete it and fetch it"):
        create_model("banet", "nano", encoder_width=1.0, pretrained=True)


def test_a_download_that_is_not_what_was_published_is_not_kept(torchvision):
    torchvision.write_bytes(b"<html>Welcome to our hotel</html>")
    with pytest.raises(ConnectionError, match=r"could not fetch .*invalid hash value .*--pretrained FILE"):
        create_model("banet", encoder_width=1.0, pretrained=True)
    assert not any((torchvision.parent.parent / "hub" / "checkpoints").iterdir())


def test_no_network_is_one_clear_error(torchvision):
    torchvision.unlink()
    with pytest.raises(
        ConnectionError, match=r"could not fetch ImageNet weights for resnet18 .*URLError.*--pretrained FILE"
    ):
        create_model("banet", encoder_width=1.0, pretrained=True)


def test_the_name_of_a_file_is_that_of_torchvisions():
    """As in torchvision's `models/resnet.py`: each name holds the first digits of the file's SHA-256."""
    named = ("resnet18-f37072fd", "resnet34-b627a593", "resnet50-0676ba61", "resnet101-63fe2227")
    assert [pretrained._published(name) for name in pretrained._SHA256] == [f"{name}.pth" for name in named]
    assert all(len(digest) == 64 for digest in pretrained._SHA256.values())


def test_a_larger_resnets_file_is_not_taken_for_a_smaller_one(tmp_path):
    file = tmp_path / "resnet34.safetensors"
    save_file(ResNetEncoder("resnet34", width=1.0).state_dict(), file)
    with pytest.raises(ValueError, match=r"does not hold resnet18: .* of another network, e.g. .*layer1.2"):
        create_model("banet", encoder="resnet18", encoder_width=1.0, pretrained=file)


def test_instance_norm_and_what_else_a_file_holds_do_no_harm(tmp_path):
    file = tmp_path / "resnet18.safetensors"
    save_file({**ResNetEncoder("resnet18", width=1.0).state_dict(), "classifier.weight": torch.zeros(2)}, file)
    create_model("banet", encoder="resnet18", encoder_width=1.0, norm="instance", pretrained=file)
