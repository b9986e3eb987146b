from __future__ import annotations

import pytest
import torch

from banet_edu import create_model
from banet_edu.storage import save_model

pytest.importorskip("onnxscript", reason='needs the extra: pip install -e ".[onnx]"')
onnxruntime = pytest.importorskip("onnxruntime", reason='needs the extra: pip install -e ".[onnx]"')


@pytest.mark.landing
def test_export_writes_a_file_and_says_how_to_feed_it(banet_edu, tmp_path):
    torch.manual_seed(0)
    weights = save_model(tmp_path / "model.safetensors", create_model("unet", preset="nano"))
    code, out, _ = banet_edu("export", weights, "--out", tmp_path / "model.onnx")
    assert code == 0
    assert "batch x 3 x 64 x 64" in out and "background, lesion" in out and "Not a medical device" in out
    assert onnxruntime.InferenceSession(tmp_path / "model.onnx").get_inputs()[0].name == "image"


@pytest.mark.parametrize(
    ("model", "name", "said"),
    [
        ("nothing-like-this", "model.onnx", "neither a file nor bundled weights"),
        ("unet-lite-phantom", "model.pt", "ends in .onnx"),
    ],
)
def test_errors_are_one_sentence(banet_edu, tmp_path, model, name, said):
    code, _, err = banet_edu("export", model, "--out", tmp_path / name)
    assert code == 1 and said in err and "Traceback" not in err
