"""A run that was cut short ends with the same bits as one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from training_helpers import CONFIG, discs, tiny

from banet_edu.networks.registry import create_model
from banet_edu.training.checkpoint import read_tensors
from banet_edu.training.guards import TrainingInterrupted
from banet_edu.training.loop import fit

TRAIN, VAL = discs(14), discs(5, seed=1)
SCRIPT = Path(__file__).with_name("training_helpers.py")
ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": str(torch.get_num_threads()),  # sums over another number of threads round otherwise
    "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
}


class InterruptAt:
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, step, parts):
        if step == self.step:
            signal.raise_signal(signal.SIGINT)


def same_run(one: Path, two: Path) -> None:
    """Every stored bit but the wall time."""
    assert (one / "best.safetensors").read_bytes() == (two / "best.safetensors").read_bytes()
    (tensors, meta), (tensors_two, meta_two) = (read_tensors(path / "last.safetensors") for path in (one, two))
    assert tensors.keys() == tensors_two.keys()
    for name, value in tensors.items():
        assert value.numpy().tobytes() == tensors_two[name].numpy().tobytes(), name

    def rows(meta):
        return [{key: value for key, value in row.items() if key != "seconds"} for row in meta["progress"]["rows"]]

    assert rows(meta) == rows(meta_two)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Path:
    run_dir = tmp_path_factory.mktemp("uninterrupted")
    fit(tiny(), TRAIN, VAL, CONFIG, run_dir)
    return run_dir


@pytest.mark.parametrize("step", [1, 3, 10, 23])
def test_ctrl_c_saves_between_two_steps_and_the_run_goes_on(tmp_path, uninterrupted, step):
    with pytest.raises(TrainingInterrupted, match=f"step {step} of 24, state saved in .*same arguments"):
        fit(tiny(), TRAIN, VAL, CONFIG, tmp_path, [InterruptAt(step)])
    assert load_file(tmp_path / "last.safetensors")["optimizer.0.step"] == step
    torch.manual_seed(99)  # whatever else the user does in between
    history = fit(tiny(), TRAIN, VAL, CONFIG, tmp_path)
    assert len(history) == 8
    same_run(tmp_path, uninterrupted)


def test_a_real_network_resumes_bit_for_bit(tmp_path):
    def network():
        torch.manual_seed(0)
        return create_model("banet", preset="nano", input_size=32)

    config = replace(CONFIG, steps=4)
    fit(network(), discs(8), VAL, config, tmp_path / "whole")
    with pytest.raises(TrainingInterrupted):
        fit(network(), discs(8), VAL, config, tmp_path / "cut", [InterruptAt(3)])
    fit(network(), discs(8), VAL, config, tmp_path / "cut")
    same_run(tmp_path / "cut", tmp_path / "whole")


def test_the_second_ctrl_c_interrupts_at_once(tmp_path):
    class Impatient:
        def on_step(self, step, parts):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as error:
        fit(tiny(), TRAIN, VAL, CONFIG, tmp_path, [Impatient()])
    assert not isinstance(error.value, TrainingInterrupted)
    assert signal.getsignal(signal.SIGINT) is handler


def start(run_dir: Path, until: int) -> subprocess.Popen[str]:
    """Training in a process of its own, past step `until`."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(run_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line == f"step {until}\n":
            return process
    raise AssertionError(f"ended before step {until}: {process.stderr.read() if process.stderr else ''}")


@pytest.mark.parametrize("moment", [0, *(pytest.param(more, marks=pytest.mark.landing) for more in range(1, 20))])
def test_a_run_killed_at_a_random_moment_resumes_bit_for_bit(tmp_path, uninterrupted, moment):
    until, wait_s = random.randint(1, 20), random.uniform(0, 0.03)
    print(f"killed {wait_s:.4f} s after step {until}")  # shown when the test fails
    process = start(tmp_path, until)
    time.sleep(wait_s)
    process.kill()  # SIGKILL: no handler, no cleaning up
    assert process.wait() == (1 if os.name == "nt" else -signal.SIGKILL)
    last = tmp_path / "last.safetensors"
    # A step is printed before its state is saved: killed in between, the first step leaves nothing, and training starts anew.
    saved = 0
    if until > 1 or last.exists():
        saved = read_tensors(last)[1]["progress"]["step"]  # whole, though saved after every step
    assert until - 1 <= saved < 24
    fit(tiny(), TRAIN, VAL, CONFIG, tmp_path)
    same_run(tmp_path, uninterrupted)


@pytest.mark.landing
def test_ctrl_c_in_a_terminal_says_how_to_go_on(tmp_path, uninterrupted):
    process = start(tmp_path, 5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    assert process.returncode != 0
    assert "state saved in" in errors
    assert "call fit again with the same arguments" in errors
    fit(tiny(), TRAIN, VAL, CONFIG, tmp_path)
    same_run(tmp_path, uninterrupted)


def test_a_finished_run_comes_back_at_once(tmp_path):
    class Never:
        def on_start(self, total_steps, model):
            raise AssertionError("trained again")

    config = replace(CONFIG, steps=6)
    trained, fresh = tiny(), tiny()
    history = fit(trained, TRAIN, VAL, config, tmp_path)
    again = fit(fresh, TRAIN, VAL, config, tmp_path, [Never()])
    assert again.rows == history.rows
    assert again.stopped == "steps"
    assert all(
        torch.equal(a, b) for a, b in zip(trained.state_dict().values(), fresh.state_dict().values(), strict=True)
    )
    assert not fresh.training
    assert all(parameter.is_contiguous() for parameter in fresh.parameters())


def test_another_configuration_is_refused_with_the_fields(tmp_path):
    fit(tiny(), TRAIN, VAL, replace(CONFIG, steps=3), tmp_path)
    other = replace(CONFIG, steps=6, loss=replace(CONFIG.loss, dice=0.5))
    with pytest.raises(
        ValueError, match=r"train\.loss\.dice is 1\.0 there and 0\.5 here; train\.steps is 3 there and 6"
    ):
        fit(tiny(), TRAIN, VAL, other, tmp_path)
    with pytest.raises(ValueError, match=r"of its 14 training cases 1 gone \(disc-0-13\)"):
        fit(tiny(), TRAIN[:-1], VAL, replace(CONFIG, steps=3), tmp_path)
    with pytest.raises(ValueError, match=r"spec\.num_classes"):
        fit(tiny(3), TRAIN, VAL, replace(CONFIG, steps=3), tmp_path)
    assert len(fit(tiny(), TRAIN, VAL, replace(CONFIG, steps=3, device="cpu", num_workers=1), tmp_path)) == 1
    assert len(fit(tiny(), TRAIN, VAL, other, tmp_path, resume=False)) == 2


def test_a_state_without_its_configuration_is_refused(tmp_path):
    fit(tiny(), TRAIN, VAL, replace(CONFIG, steps=3), tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config\.json cannot be read .*resume=False"):
        fit(tiny(), TRAIN, VAL, replace(CONFIG, steps=3), tmp_path)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "a model"])
def test_a_damaged_state_is_refused(tmp_path, damage):
    with pytest.raises(TrainingInterrupted):
        fit(tiny(), TRAIN, VAL, CONFIG, tmp_path, [InterruptAt(4)])
    last = tmp_path / "last.safetensors"
    content = bytearray(last.read_bytes())
    content[-40] ^= 1
    last.write_bytes(
        {
            "cut": content[:-100],
            "flipped": content,
            "empty": b"",
            "a model": (tmp_path / "best.safetensors").read_bytes(),
        }[damage]
    )
    with pytest.raises(ValueError, match=r"cannot continue the run in .*resume=False"):
        fit(tiny(), TRAIN, VAL, CONFIG, tmp_path)
    assert fit(tiny(), TRAIN, VAL, CONFIG, tmp_path, resume=False).stopped == "steps"


@pytest.mark.landing
def test_two_processes_train_as_one(tmp_path):
    """`torchrun` takes the code path of `accelerate launch`; without batch norm and dropout the share does not matter."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(SCRIPT)]
    done = subprocess.run(
        [*command, str(tmp_path / "two"), "--plain", "--device", "auto"],
        env=ENVIRONMENT | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("step")] == [f"step {i}" for i in range(1, 25)]
    one = fit(tiny(plain=True), TRAIN, VAL, CONFIG, tmp_path / "one")
    two = fit(tiny(plain=True), TRAIN, VAL, CONFIG, tmp_path / "two")  # finished: read back
    for row, row_two in zip(one.rows, two.rows, strict=True):
        for key in row.keys() - {"seconds"}:
            assert row_two[key] == pytest.approx(row[key], rel=1e-3, abs=1e-6), key
    weights, weights_two = (load_file(tmp_path / name / "best.safetensors") for name in ("one", "two"))
    for name, value in weights.items():
        assert np.allclose(value, weights_two[name], atol=1e-4), name


def test_an_accelerator_made_earlier_gets_a_sentence_of_ours(tmp_path):
    code = (
        "from accelerate import Accelerator; Accelerator(mixed_precision='bf16', cpu=True)\n"
        "from training_helpers import CONFIG, discs, tiny\nfrom banet_edu.training.loop import fit\n"
        f"fit(tiny(), discs(8), discs(2), CONFIG, {str(tmp_path / 'run')!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parent, env=ENVIRONMENT
    )
    assert "RuntimeError: an Accelerator was created earlier in this process" in done.stderr
    assert "restart the kernel" in done.stderr and not (tmp_path / "run").exists()


def test_a_state_that_takes_long_to_save_is_saved_more_rarely(tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr("banet_edu.training.checkpoint.save_last", lambda *arguments: saved.append(time.sleep(0.3)))
    fit(tiny(), TRAIN, VAL, CONFIG, tmp_path / "often", save_every_s=0)
    assert len(saved) == CONFIG.steps
    saved.clear()
    fit(tiny(), TRAIN, VAL, CONFIG, tmp_path / "rarely", save_every_s=1e-9)
    assert len(saved) == 2  # the first, and the last one; the next would have come 6 seconds later
