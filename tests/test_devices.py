"""What must hold wherever a network lies: on the CPU, and on a GPU where there is one.

Bits are compared on the CPU only (tests/training). Here results equal the CPU's within rounding; its turn is at a landing.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from banet_edu import create_model, load_model, predict
from banet_edu.config import TrainConfig
from banet_edu.course.lesson04.explorers import attention_explorer
from banet_edu.course.switches import gate_explorer
from banet_edu.datasets.bundled import load_samples, load_volumes
from banet_edu.explain import attribute, boundary_profile, effect, intervene, probe, why
from banet_edu.explain.inside.faithfulness import deletion_insertion
from banet_edu.explain.inside.randomisation import randomisation_check
from banet_edu.networks.onnx_export import export_onnx
from banet_edu.study.compare import compare, evaluate
from banet_edu.training.loop import fit

sys.path.insert(0, str(Path(__file__).with_name("training")))
from training_helpers import CONFIG, discs, tiny

DEVICES = [
    pytest.param("cpu", marks=pytest.mark.landing),
    *(["cuda"] if torch.cuda.is_available() else []),
    *(["mps"] if torch.backends.mps.is_available() else []),
]
CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
ROUNDING = 0.02  # a GPU computes in TF32 or bf16
TRAIN, VAL = discs(14), discs(5, seed=1)


@pytest.fixture(params=DEVICES)
def device(request):
    return request.param


@pytest.fixture(scope="module")
def phantom():
    return load_samples("dermoscopy", "test")[0]


@pytest.fixture
def networks(device):
    """The bundled network on the CPU and the same on the device."""
    model = load_model("banet-lite-phantom")
    return model, copy.deepcopy(model).to(device)


def test_training_learns_on_the_device_and_the_result_works_at_once(device, tmp_path, phantom):
    model = tiny()
    history = fit(model, TRAIN, VAL, replace(CONFIG, steps=90, device=device, precision="fp32"), tmp_path)
    assert history.best["val_JA"] > 0.8
    assert next(model.parameters()).device.type == device
    assert predict(model, VAL[0]).mask.shape == VAL[0].mask.shape
    assert len(evaluate(model, VAL)) == len(VAL)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_run_cut_short_goes_on(device, tmp_path, precision):
    class PullThePlug:
        def on_step(self, step, parts):
            if step == 7:
                raise RuntimeError("the plug")

    config = replace(CONFIG, device=device, precision=precision, num_workers=0)
    with pytest.raises(RuntimeError, match="the plug"):
        fit(tiny(), TRAIN, VAL, config, tmp_path / "cut", [PullThePlug()], save_every_s=0)
    cut = fit(tiny(), TRAIN, VAL, config, tmp_path / "cut")
    whole = fit(tiny(), TRAIN, VAL, config, tmp_path / "whole")
    assert [row["step"] for row in cut.rows] == [row["step"] for row in whole.rows]
    assert cut.rows[-1]["loss"] == pytest.approx(whole.rows[-1]["loss"], rel=0.05)


def test_a_loss_that_is_not_a_number_stops_the_run_before_it_is_saved(device, tmp_path):
    class Spoil:
        def on_start(self, total_steps, model):
            self.model = model

        def on_step(self, step, parts):
            if step == 5:
                self.model.seg.bias.data[0] = float("inf")

    with pytest.raises(FloatingPointError, match=r"step [56]"):
        fit(tiny(), TRAIN, VAL, replace(CONFIG, device=device), tmp_path, [Spoil()])
    assert not (tmp_path / "last.safetensors").exists()


def test_the_choice_of_the_machine_ends_well(tmp_path):
    """Device, precision and workers as on a machine nobody has told anything about."""
    history = fit(tiny(), TRAIN, VAL, TrainConfig(steps=12, batch_size=4, cuda_graph="auto"), tmp_path)
    assert len(history) == 4


def test_networks_are_compared(device, tmp_path):
    parts = {"train": TRAIN, "val": VAL, "test": discs(3, seed=2)}
    result = compare(
        ["banet", "unet"],
        parts,
        TrainConfig(steps=2, batch_size=4, device=device, num_workers=0),
        run_dir=tmp_path,
        preset="nano",
    )
    assert len(result.table) == 6


def test_predictions_and_what_explains_them_are_those_of_the_cpu(networks, phantom):
    on_cpu, on_device = networks
    there, here = predict(on_device, phantom, flips="all"), predict(on_cpu, phantom, flips="all")
    assert np.abs(there.probability - here.probability).max() < ROUNDING

    trace, own = probe(on_device, phantom), probe(on_cpu, phantom)
    assert trace.names() == own.names()
    assert np.abs(trace.map("stage1.pee.edge_k5") - own.map("stage1.pee.edge_k5")).max() < ROUNDING
    assert probe(on_device, torch.zeros(3, 128, 128)).names() == own.names()  # a tensor that lies on the CPU

    patch = {"stage1.ia.seg_weight": 0.0, "stage1.pee.edge_k5": own["stage1.pee.edge_k5"]}
    with intervene(on_device, patch):
        patched = predict(on_device, phantom)
    assert patched.mask.shape == phantom.mask.shape
    change, expected = (effect(model, phantom, "stage1 off").figures["JA_change"] for model in (on_device, on_cpu))
    assert change == pytest.approx(expected, abs=ROUNDING)

    found = why(boundary_profile(phantom, predict(on_device, phantom), trace=trace))
    assert found.unit == "mm"
    assert len(found.ranking) == len(why(boundary_profile(phantom, predict(on_cpu, phantom), trace=own)).ranking)


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion", "gradcam", "feature_ablation", "shapley"])
def test_attributions(networks, phantom, method):
    options = {
        "integrated_gradients": {"steps": 4, "max_steps": 4},
        "occlusion": {"window": 32, "stride": 32},
        "shapley": {"permutations": 1, "knobs": ["stage1 off", "stage2 off"]},
        "feature_ablation": {"knobs": ["stage1 off", "stage2 off"]},
    }.get(method, {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few steps do not add up
        found, expected = (attribute(model, phantom, method, **options) for model in reversed(networks))
    one, other = (f.map if f.map is not None else f.values["value"].to_numpy() for f in (found, expected))
    assert np.abs(one - other).max() <= 0.05 * np.abs(other).max()


def test_checks_of_attributions(networks, phantom, device):
    brain_network = load_model("banet-lite-hippocampus").to(device)  # of three classes
    assert attribute(brain_network, load_volumes()[0], "gradcam").map is not None
    _, on_device = networks
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = attribute(on_device, phantom, "integrated_gradients", steps=4, max_steps=4)
    deletion_insertion(on_device, phantom, found, steps=2, seeds=(0, 1))
    randomisation_check(on_device, phantom, "gradcam", seeds=(0,))


def test_the_lessons_panels_move(networks, phantom):
    _, on_device = networks
    for explorer in (attention_explorer, gate_explorer):
        assert explorer(on_device, [phantom]).controls


@CUDA
def test_export_from_the_device(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    model = create_model("banet", "nano").eval().cuda()
    path = export_onnx(model, tmp_path / "banet.onnx")
    [logits] = onnxruntime.InferenceSession(path).run(None, {"image": np.zeros((1, 3, 64, 64), np.float32)})
    assert logits.shape == (1, 2, 64, 64)
    assert next(model.parameters()).is_cuda  # left where it was


@CUDA
@pytest.mark.parametrize("name", ["banet", "unet", "unet_same_encoder"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_fifty_steps_as_a_graph_are_fifty_steps(name, precision, tmp_path):
    """Loss by loss within 1e-3 of the eager run (in bf16, whose own rounding is 4e-3, within 2e-2); validation likewise."""

    class Keep:
        def __init__(self):
            self.losses = []

        def on_step(self, step, parts):
            self.losses.append(parts["total"])

    def run(graph):
        torch.manual_seed(0)
        keep, model = Keep(), create_model(name, "nano", input_size=64)
        config = TrainConfig(
            steps=50, batch_size=4, learning_rate=1e-4, device="cuda", precision=precision, cuda_graph=graph
        )
        history = fit(model, discs(20), VAL, config, tmp_path / graph, [keep])
        return torch.stack(keep.losses).cpu(), [row["val_JA"] for row in history.rows]

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # said when nothing could be recorded
        graphed, its_validation = run("on")
    eager, validation = run("off")
    assert ((graphed - eager).abs() / eager).max() < {"fp32": 1e-3, "bf16": 2e-2}[precision]
    assert its_validation == pytest.approx(validation, abs=ROUNDING)


@CUDA
def test_a_network_that_cannot_be_recorded_trains_all_the_same(tmp_path):
    class Looks(type(tiny())):
        def forward(self, x):
            if float(x.mean()) > 1e9:  # waits for the GPU, which no recording allows
                raise AssertionError
            return super().forward(x)

    torch.manual_seed(0)
    with pytest.warns(UserWarning, match="no CUDA graph of this network's step, training goes on without one"):
        history = fit(Looks(), TRAIN, VAL, replace(CONFIG, device="cuda", cuda_graph="auto"), tmp_path)
    assert history.stopped == "steps"


@CUDA
def test_a_graphed_run_goes_on_and_may_change_its_mind(tmp_path):
    class Interrupt:
        def on_step(self, step, parts):
            if step == 10:
                raise KeyboardInterrupt

    config = replace(CONFIG, device="cuda", cuda_graph="on")
    with pytest.raises(KeyboardInterrupt):
        fit(tiny(), TRAIN, VAL, config, tmp_path, [Interrupt()], save_every_s=0)
    history = fit(tiny(), TRAIN, VAL, replace(config, cuda_graph="off"), tmp_path)
    assert len(history) == 8


def test_commands_run_on_the_device(device, make_set):
    root = make_set(12)
    line = ["--format", "folder", "--root", root, "--preset", "nano", "--steps", 2, "--device", device, "--out"]
    run = {"best.safetensors", "last.safetensors", "history.csv", "config.json"}
    for command, networks, tables in (
        ("train", ["."], set()),
        ("compare", ["banet-seed0", "unet-seed0"], {"per_image.csv", "summary.csv", "paired.csv", "report.html"}),
    ):
        folder = root.parent / command
        whole = [sys.executable, "-m", "banet_edu", command, *map(str, line), str(folder)]
        done = subprocess.run(whole, capture_output=True, text=True, env=os.environ | {"COLUMNS": "250"}, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f" on {device}, loader workers: " in done.stdout
        assert tables <= {path.name for path in folder.iterdir()}
        for network in networks:
            assert run <= {path.name for path in (folder / network).iterdir()}
            assert json.loads((folder / network / "config.json").read_text())["train"]["device"] == device
            assert predict(load_model(folder / network / "best.safetensors"), VAL[0]).mask.shape == VAL[0].mask.shape
