"""What reaches `fit` for each option of training, and what is refused before any work."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from banet_edu import load_samples
from banet_edu.banet.encoder import ResNetEncoder
from banet_edu.cli.recipe import SLOW_BF16, VOLUMES, TrainingOptions, with_value
from banet_edu.config import TrainConfig, release_recipe
from banet_edu.data.prepared import Prepared
from banet_edu.networks import pretrained
from banet_edu.networks.registry import create_model, has_encoder, model_names
from banet_edu.training.checkpoint import describe_run


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory):
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("weights") / "mine.safetensors"
    save_file(ResNetEncoder("resnet18").state_dict(), path)
    return path


def test_the_course_recipe_is_the_default_configuration():
    assert TrainingOptions().config(500) == TrainConfig()
    assert TrainingOptions().config(500, 3, upright=True) == TrainConfig(seed=3, augment="upright")
    assert (TrainingOptions().preset, TrainingOptions().label) == ("lite", "lite")


def test_the_study_recipe_is_the_authors():
    study = TrainingOptions(recipe="study")
    assert (study.preset, study.label) == ("paper", "paper-study")
    config = study.config(518, upright=True)  # the recipe's augmentation, however the images stand
    assert config == TrainConfig(
        steps=150 * 64, optimizer="adam", learning_rate=1e-4, weight_decay=0.0, schedule="poly", augment="release"
    )
    spec = create_model("banet", study.preset, encoder="resnet18", width=8).spec
    assert spec.input_size == (256, 256)
    assert create_model("banet", "paper").encoder.channels[-1] == 2048  # ResNet-50


def test_options_given_beside_the_recipe_win():
    given = TrainingOptions(
        recipe="study",
        preset="nano",
        batch_size=4,
        optimizer="adamw",
        learning_rate=0.01,
        augment="none",
        precision="bf16",
        num_workers="3",
        cuda_graph="auto",
        patience=9,
    )
    config = given.config(40)
    assert config.steps == 150 * 10  # 150 epochs of batches of 4
    assert replace(config, steps=1) == TrainConfig(
        steps=1,
        batch_size=4,
        optimizer="adamw",
        learning_rate=0.01,
        weight_decay=0.0,
        schedule="poly",
        augment="none",
        precision="bf16",
        num_workers=3,
        cuda_graph="auto",
        patience=9,
    )
    assert given.preset == "nano"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"recipe": "mine"}, "--recipe is course or study, not 'mine'"),
        ({"optimizer": "sgd"}, "--optimizer is adamw, adam, not 'sgd'"),
        ({"precision": "fp16"}, "--precision is auto, fp32, bf16, not 'fp16'"),
        ({"num_workers": "-1"}, "--workers is auto or a whole number from 0 on, not '-1'"),
        ({"cuda_graph": "yes"}, "--cuda-graph is auto, on, off, not 'yes'"),
        ({"augment": "mixup"}, "--augment is default, upright, release, none, not 'mixup'"),
        ({"device": "tpu"}, "--device is auto, cuda, mps, cpu, not 'tpu'"),
        (
            {"pretrained": "no/where.safetensors"},
            "no/where.safetensors: no such file; --pretrained takes torchvision's",
        ),
    ],
)
def test_values_that_no_run_could_have_are_refused_before_any_work(banet_edu, tmp_path, options, sentence):
    with pytest.raises(ValueError) as error:
        TrainingOptions(**options)
    assert sentence in str(error.value)
    [(name, value)] = options.items()
    option = "--workers" if name == "num_workers" else f"--{name.replace('_', '-')}"
    code, _, err = banet_edu("train", "--format", "folder", "--root", tmp_path / "none", f"{option}={value}")
    assert code == 1
    assert sentence in " ".join(err.split())


def test_volumes_are_not_trained_on_an_apple_gpu_unasked(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    assert [TrainingOptions().config(9, dims=dims).device for dims in (2, 3)] == ["auto", "cpu"]
    assert TrainingOptions(device="mps").config(9, dims=3).device == "mps"


def test_pretrained_may_stand_alone():
    assert with_value(["train", "--pretrained"]) == ["train", "--pretrained=imagenet"]
    assert with_value(["--pretrained", "--steps", "3"]) == ["--pretrained=imagenet", "--steps", "3"]
    assert with_value(["--pretrained", "a.safetensors"]) == ["--pretrained", "a.safetensors"]
    assert with_value(["--pretrained=b"]) == ["--pretrained=b"]
    assert with_value([]) == []
    assert TrainingOptions(pretrained="imagenet").weights is True
    assert TrainingOptions().weights is False


def test_weights_go_to_networks_that_have_a_resnet(imagenet):
    given = TrainingOptions(preset="nano", pretrained=str(imagenet))
    assert [name for name in model_names() if not has_encoder(name)] == ["unet", "attention_unet", "unetpp"]
    assert not hasattr(given.build("unet", 2, only_where_they_fit=True), "initial_weights")
    with pytest.raises(ValueError, match="unet has no ResNet encoder"):
        given.build("unet", 2)
    with pytest.raises(ValueError, match="width 1 only"):  # nano's encoder is too narrow for them
        given.build("banet", 2, only_where_they_fit=True)
    said = given.in_words(TrainConfig(), ["banet", "unet", "otsu"])
    assert said.endswith("From ImageNet weights: banet (resnet18); at random: unet.")
    said = TrainingOptions(recipe="study", pretrained="imagenet").in_words(TrainConfig(), ["banet", "cenet", "fcn"])
    assert said.endswith("From ImageNet weights: banet, fcn (resnet50), cenet (resnet34); at random: none.")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (("compare", "--recipe", "study", "--models", "banet,cenet,unet"), "cenet stands on resnet34"),
        (
            ("train", "--model", "banet"),
            "Take preset paper or encoder_width=1 (--preset paper or --recipe study; of images)",
        ),
        (("ablate",), "Take preset paper or encoder_width=1 (--preset paper or --recipe study; of images)"),
        (("train", "--model", "unet"), "unet has no ResNet encoder that ImageNet weights would fit"),
        (("ablate", "--recipe", "study", "--variants", "banet,cenet"), "banet stands on resnet50"),
    ],
)
def test_weights_that_do_not_fit_are_refused_before_data_are_read(banet_edu, imagenet, tmp_path, line, sentence):
    data = ("--format", "folder", "--root", tmp_path / "none")
    code, _, err = banet_edu(*line, *data, "--pretrained", imagenet, "--out", tmp_path / "run")
    assert code == 1
    assert sentence in " ".join(err.split())
    assert "Name a folder that holds resnet" in err or "at random (pretrained=False; without --pretrained)" in err
    assert not (tmp_path / "run").exists()


def test_a_run_that_began_with_weights_is_another_run(imagenet):
    model = create_model("banet", "nano", encoder_width=1.0, pretrained=imagenet)
    assert model.initial_weights.startswith("mine.safetensors, sha256 ")
    data = Prepared(load_samples("polyp")[:2], 64)
    assert describe_run(model, TrainConfig(), data, data)["initial_weights"] == model.initial_weights
    assert "initial_weights" not in describe_run(create_model("banet", "nano"), TrainConfig(), data, data)


def test_offline_the_command_says_what_to_do(banet_edu, make_set, monkeypatch, tmp_path):
    monkeypatch.setattr(pretrained, "_URL", f"{(tmp_path / 'no such server').as_uri()}/")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    code, _, err = banet_edu("train", "--format", "folder", "--root", make_set(12), "--recipe", "study", "--pretrained")
    assert code == 1
    assert "could not fetch ImageNet weights for resnet50" in " ".join(err.split())
    assert "/resnet50-0676ba61.pth elsewhere and name the file" in " ".join(err.split())


@pytest.mark.parametrize(
    ("command", "networks"),
    [
        (("train", "--model", "banet"), ["run"]),
        pytest.param(
            ("compare", "--models", "banet,unet"), ["run/banet-seed0", "run/unet-seed0"], marks=pytest.mark.landing
        ),
        pytest.param(
            ("ablate", "--variants", "banet,no-cff", "--seed", 0),
            ["run/banet-seed0", "run/no-cff-seed0"],
            marks=pytest.mark.landing,
        ),
    ],
)
def test_every_option_reaches_the_run(banet_edu, make_set, tmp_path, monkeypatch, command, networks):
    monkeypatch.setattr("banet_edu.study.cost.cpu_computes_in_bf16", lambda: False)
    line = [*command, "--format", "folder", "--root", make_set(12), "--preset", "nano", "--size", 32, "--steps", 2]
    line += ["--batch-size", 4, "--recipe", "study", "--optimizer", "adamw", "--precision", "bf16", "--workers", 1]
    line += ["--learning-rate", 0.002, "--augment", "none", "--patience", 5, "--cuda-graph", "auto", "--device", "cpu"]
    code, out, err = banet_edu(*line, "--out", tmp_path / "run")
    assert code == 0, err
    said = "Recipe study: nano, 2 steps of 4, adamw 0.002 poly, augmentation none; bf16 on cpu, loader workers: 1, no CUDA "
    assert f"{said}graph." in " ".join(out.split())
    assert SLOW_BF16 in " ".join(err.split())
    study = replace(release_recipe(8, batch_size=4), steps=2, optimizer="adamw", learning_rate=0.002, augment="none")
    asked = replace(study, precision="bf16", num_workers=1, patience=5, cuda_graph="auto", device="cpu").to_dict()
    for network in networks:
        kept = json.loads((tmp_path / network / "config.json").read_text(encoding="utf-8"))
        assert {
            name: (kept["train"][name], value) for name, value in asked.items() if kept["train"][name] != value
        } == {}
        assert kept["spec"]["input_size"] == [32, 32]


@pytest.mark.parametrize(
    ("precision", "computes", "warned"),
    [("bf16", False, True), ("bf16", True, False), ("bf16", None, False), ("auto", False, False)],
)
def test_bf16_on_a_cpu_without_it_is_warned_about(capsys, monkeypatch, precision, computes, warned):
    monkeypatch.setattr("banet_edu.study.cost.cpu_computes_in_bf16", lambda: computes)
    given = TrainingOptions(precision=precision, device="cpu")
    given.announce(given.config(12), ["banet"])
    found = capsys.readouterr()
    assert (SLOW_BF16 in " ".join(found.err.split())) == warned
    assert f"{'bf16' if precision == 'bf16' else 'fp32'} on cpu, loader workers: 0." in " ".join(found.out.split())


def test_what_is_taken_is_said_for_a_gpu_and_several_processes(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: True)
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(16)), raising=False)
    given = TrainingOptions()
    assert given.in_words(given.config(12), ["unet"]).endswith("; bf16 on cuda, loader workers: 8.")
    graph = replace(given.config(12), cuda_graph="auto")
    assert given.in_words(graph, ["unet"]).endswith("; bf16 on cuda, loader workers: 8, each step as one CUDA graph.")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert given.in_words(graph, ["unet"]).endswith(", loader workers: 3, no CUDA graph.")
    assert given.in_words(given.config(12), ["unet"]).endswith("; bf16 on cuda in 4 processes, loader workers: 3.")


@pytest.mark.parametrize("command", ["train", "compare", "ablate"])
def test_a_graph_that_cannot_be_is_refused_before_images_are_read(banet_edu, make_set, tmp_path, command):
    data = ("--format", "folder", "--root", make_set(12), "--out", tmp_path / "run")
    code, out, err = banet_edu(command, *data, "--device", "cpu", "--cuda-graph", "on")
    assert code == 1 and "Recipe" not in out
    assert 'cuda_graph="on" (--cuda-graph) needs one process on CUDA, not 1 on cpu' in " ".join(err.split())


@pytest.mark.parametrize("command", ["train", "compare", "ablate"])
def test_help_names_the_defaults_of_both_recipes(banet_edu, command):
    _, out, _ = banet_edu(command, "--help")
    study, volumes = release_recipe(1), VOLUMES
    for said in (
        "lite; study: paper",
        f"{TrainConfig().steps}; study: those of {study.steps} epochs",
        f"{TrainConfig().batch_size}; volumes: {volumes.batch_size}",
        f"adamw; study: {study.optimizer}",
        f"0.001; study: {study.learning_rate:.4f}; volumes: {volumes.learning_rate}",
        f"upright for sz_cxr; study: {study.augment}",
    ):
        assert said in " ".join(out.replace("│", " ").split()), said
