"""An exported network says what torch says, and its file tells how to feed it."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch
from landing import rest_at_landing

from banet_edu import create_model, load_model, load_samples
from banet_edu.data.tensors import prepare
from banet_edu.networks.onnx_export import export_onnx
from banet_edu.networks.registry import model_names

onnxruntime = pytest.importorskip("onnxruntime", reason='needs the extra: pip install -e ".[onnx]"')
pytest.importorskip("onnxscript", reason='needs the extra: pip install -e ".[onnx]"')


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def largest_difference(model, exported, images: torch.Tensor) -> float:
    with torch.no_grad():
        expected = model(images).numpy()
    [found] = exported.run(None, {"image": images.numpy()})
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max())


@pytest.fixture(
    scope="module", params=rest_at_landing(["banet-lite-dermoscopy", "unet-lite-dermoscopy"], "unet-lite-dermoscopy")
)
def bundled(request, tmp_path_factory):
    model = load_model(request.param)
    return model, session(export_onnx(model, tmp_path_factory.mktemp("onnx") / "new" / "model.onnx"))


def test_bundled_weights_give_torchs_answer_for_any_batch(bundled):
    model, exported = bundled
    images = torch.cat([prepare(sample.image, model.spec) for sample in load_samples("dermoscopy")[:3]])
    for batch in (images[:1], images[:2], images):
        assert largest_difference(model, exported, batch) < 1e-4


def test_file_tells_how_to_feed_it(bundled):
    model, exported = bundled
    told = {key: json.loads(value) for key, value in exported.get_modelmeta().custom_metadata_map.items()}
    spec = model.spec
    assert told["input_size"] == list(spec.input_size) and told["class_names"] == list(spec.class_names)
    assert told["mean"] == list(spec.mean) and told["std"] == list(spec.std)
    assert told["model"] == spec.name and told["info"] == model.info and "Not a medical device" in told["notice"]
    [taken], [given] = exported.get_inputs(), exported.get_outputs()
    assert (taken.name, given.name) == ("image", "logits")
    assert taken.shape == ["batch", 3, *spec.input_size] and given.shape == ["batch", 2, *spec.input_size]


@pytest.mark.landing
@pytest.mark.parametrize("name", [name for name in model_names() if name not in ("banet", "unet")])  # those are above
def test_every_network_exports(name, tmp_path):
    torch.manual_seed(0)
    model = create_model(name, "nano")  # as it comes, in training mode
    exported = session(export_onnx(model, tmp_path / "model.onnx"))
    assert model.training  # left as it was
    images = torch.randn(3, 3, *model.spec.input_size)
    assert largest_difference(model.eval(), exported, images) < 1e-4
    assert [file.name for file in tmp_path.glob("[!.]*")] == ["model.onnx"]  # one file, and nothing half-written


@pytest.mark.landing
@pytest.mark.parametrize("overrides", [{}, {"slicewise": True}], ids=["in 3D", "slice by slice"])
@pytest.mark.parametrize("name", ["banet", "unet", "unet_same_encoder"])
def test_networks_of_volumes_export(name, overrides, tmp_path):
    torch.manual_seed(0)
    model = create_model(name, "nano", 3, dims=3, **overrides)
    exported = session(export_onnx(model, tmp_path / "model.onnx"))
    for batch in (1, 3):
        volumes = torch.randn(batch, 1, *model.spec.input_size)
        assert largest_difference(model.eval(), exported, volumes) < 1e-4


def test_paths_that_cannot_be_written_are_refused_at_once(tmp_path):
    model = create_model("unet", "nano")
    with pytest.raises(ValueError, match=r"ends in \.onnx"):
        export_onnx(model, tmp_path / "model.pt")
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(IsADirectoryError, match="name a file"):
        export_onnx(model, tmp_path / "folder.onnx")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="is a file, no folder"):
        export_onnx(model, tmp_path / "file" / "model.onnx")


def test_a_network_without_spec_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Linear has no spec"):
        export_onnx(torch.nn.Linear(1, 1), tmp_path / "model.onnx")


@pytest.mark.parametrize("absent", ["onnx", "onnxscript"])
def test_without_the_extra_the_error_says_the_command(absent, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, absent, None)  # importing it now raises ModuleNotFoundError
    with pytest.raises(ModuleNotFoundError, match=r'pip install "banet-edu\[onnx\]"'):
        export_onnx(create_model("unet", "nano"), tmp_path / "model.onnx")
