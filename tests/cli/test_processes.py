"""Commands in several processes: `train` shares its work among them, `compare` and `ablate` are refused with the way out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

QUICK = ("--preset", "nano", "--size", "32", "--steps", "2", "--batch-size", "4", "--device", "cpu")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("compare", "train each network with them (torchrun --nproc_per_node 2 -m banet_edu train"),
        (
            "ablate",
            "start it once for each GPU, with a seed of its own (CUDA_VISIBLE_DEVICES=1 banet-edu ablate --seed 1",
        ),
    ],
)
def test_comparisons_are_refused_in_several_processes(banet_edu, make_set, tmp_path, monkeypatch, command, sentence):
    monkeypatch.setenv("WORLD_SIZE", "2")
    code, _, err = banet_edu(command, "--format", "folder", "--root", make_set(12), *QUICK, "--out", tmp_path / "run")
    assert code == 1
    assert f"Error: {command} runs in one process, and WORLD_SIZE says that 2 were launched: {sentence}" in err
    assert not (tmp_path / "run").exists()


def test_in_python_too(tmp_path, monkeypatch):
    from banet_edu.study.ablate import ablate
    from banet_edu.study.compare import compare

    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(ValueError, match="compare runs in one process, and WORLD_SIZE says that 3 were launched"):
        compare(["banet"], ([], [], []), run_dir=tmp_path)
    with pytest.raises(ValueError, match="ablate runs in one process, and WORLD_SIZE says that 3 were launched"):
        ablate(([], [], []), run_dir=tmp_path)


@pytest.mark.landing
def test_train_in_two_processes_and_compare_what_they_trained(banet_edu, make_set, tmp_path, monkeypatch):
    """As the sentence above and docs/gpu.md say; `accelerate launch` on GPUs takes torchrun's path."""
    data = ("--format", "folder", "--root", str(make_set(12)))
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "-m",
        "banet_edu",
    ]
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [*command, "train", *data, *QUICK],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": root, "COLUMNS": "250"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("fp32 on cpu in 2 processes, loader workers: 0.") == 1  # one speaks for both
    assert done.stdout.count("Weights: ") == 1
    run = tmp_path / "runs/set-nano/banet-seed0"
    held = {path.name: path.read_bytes() for path in run.iterdir()}
    assert {"best.safetensors", "last.safetensors", "history.csv", "config.json"} <= held.keys()

    monkeypatch.chdir(tmp_path)
    code, _, err = banet_edu("compare", *data, *QUICK, "--models", "banet,otsu")
    assert code == 0, err
    assert {path.name: path.read_bytes() for path in run.iterdir()} == held  # not trained again
    assert (tmp_path / "runs/set-nano/per_image.csv").read_text().count(
        "banet,0,"
    ) == 2  # the test part of twelve cases


@pytest.mark.landing
def test_ablations_of_one_seed_each_are_put_together(banet_edu, make_set, tmp_path):
    line = ("ablate", "--format", "folder", "--root", make_set(12), *QUICK, "--variants", "banet,no-cff")
    line += ("--out", tmp_path / "run")
    held = {}
    for seed in (0, 1):
        assert banet_edu(*line, "--seed", seed)[0] == 0
        for name in ("banet", "no-cff"):
            history = tmp_path / f"run/{name}-seed{seed}/history.csv"
            held[history] = history.read_bytes()
    code, _, err = banet_edu(*line, "--seeds", "0,1")
    assert code == 0, err
    assert {path: path.read_bytes() for path in held} == held  # `seconds` would differ
    assert {row.split(",")[1] for row in (tmp_path / "run/seeds.csv").read_text().splitlines()[1:]} == {"0", "1"}
