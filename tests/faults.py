"""One thing changed or broken, and what comes of it: the examples of test_any_fault.py."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st

from banet_edu import create_model, load_model
from banet_edu.cli.main import main
from banet_edu.config import TrainConfig
from banet_edu.data.sample import Sample
from banet_edu.training.guards import TrainingInterrupted
from banet_edu.training.loop import fit

SIZE = 32
CONFIG = TrainConfig(steps=2, batch_size=4, device="cpu")


def network(num_classes: int = 2, **changes: Any) -> Any:
    torch.manual_seed(0)
    return create_model("unet", "nano", num_classes, input_size=SIZE, **{"base_width": 4, **changes})


def cases(count: int, start: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(start)
    distance = np.hypot(*(np.indices((SIZE, SIZE)) - 15))
    return [
        (random.integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8), distance < 6 + index % 5) for index in range(count)
    ]


TRAIN, VAL = cases(8), cases(3, 50)


def samples(pairs: list[tuple[np.ndarray, np.ndarray]]) -> list[Sample]:
    return [Sample(image, mask, f"c{index}") for index, (image, mask) in enumerate(pairs)]


class StopAt:
    def on_step(self, step: int, parts: Any) -> None:
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)


@cache
def runs() -> tuple[Path, Path]:
    """A finished run and one that was stopped, each made once in this process."""
    root = Path(tempfile.mkdtemp(prefix="any-fault-"))
    fit(network(), samples(TRAIN), samples(VAL), CONFIG, root / "finished")
    with contextlib.suppress(TrainingInterrupted):
        fit(network(), samples(TRAIN), samples(VAL), replace(CONFIG, steps=6), root / "stopped", [StopAt()])
    assert (root / "stopped" / "last.safetensors").is_file()
    return root / "finished", root / "stopped"


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def command(*arguments: Any) -> tuple[int, str, str]:
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["banet-edu", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as end:
            main()
    finally:
        sys.argv = before
    code = end.value.code
    return code if isinstance(code, int) else int(bool(code)), out.getvalue(), err.getvalue()


# --- a run, and one thing changed

OPTIONS: list[tuple[str, list[Any]]] = [
    ("steps", [1, 5, 7]),
    ("batch_size", [2, 8]),
    ("learning_rate", [1e-4, 0.1]),
    ("seed", [1, 7]),
    ("augment", ["none", "upright"]),
    ("schedule", ["poly", "constant"]),
    ("optimizer", ["adam"]),
    ("weight_decay", [0.0]),
    ("patience", [3]),
]
changes = st.one_of(
    st.tuples(
        st.just("image"),
        st.sampled_from("tv"),
        st.integers(0, 2),
        st.integers(0, SIZE * SIZE * 3 - 1),
        st.integers(1, 255),
    ),
    st.tuples(st.just("mask"), st.sampled_from("tv"), st.integers(0, 2), st.integers(0, SIZE * SIZE - 1)),
    st.tuples(st.just("rule"), st.sampled_from(["invert", "empty one", "labels", "order", "one less", "one more"])),
    st.sampled_from(OPTIONS).flatmap(
        lambda option: st.tuples(st.just("option"), st.just(option[0]), st.sampled_from(option[1]))
    ),
    st.tuples(st.just("network"), st.sampled_from(["classes", "width"])),
    st.just(("nothing",)),
)


def a_change(finished: bool, change: tuple[Any, ...]) -> str:
    held = runs()[0 if finished else 1]
    train, val = ([(i.copy(), m.copy()) for i, m in part] for part in (TRAIN, VAL))
    config, model = (CONFIG if finished else replace(CONFIG, steps=6)), network
    if change[0] in ("image", "mask"):
        part = train if change[1] == "t" else val
        pixels = part[change[2]][0 if change[0] == "image" else 1]
        pixels.flat[change[3]] = pixels.flat[change[3]] ^ (change[4] if change[0] == "image" else True)
    elif change[0] == "rule":
        rule = change[1]
        train = [(i, ~m) for i, m in train] if rule == "invert" else train
        train = [(i, m.astype(np.uint8) * 1) for i, m in train] if rule == "labels" else train
        train[0] = (train[0][0], np.zeros_like(train[0][1])) if rule == "empty one" else train[0]
        train = {"order": train[::-1], "one less": train[:-1], "one more": [*train, VAL[0]]}.get(rule, train)
    elif change[0] == "option":
        config = replace(config, **{change[1]: change[2]})
    elif change[0] == "network":
        model = (lambda: network(3)) if change[1] == "classes" else (lambda: network(base_width=8))
    same = change[0] == "nothing" or change == ("rule", "labels")  # 0 and 1 for False and True: the same pixels
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder) / "run"
        shutil.copytree(held, here)
        before = hashes(here)
        try:
            history = fit(model(), samples(train), samples(val), config, here)
        except ValueError as error:
            assert not same, error
            assert "--restart" in str(error) and hashes(here) == {
                **before,
                ".banet-edu.lock": hashes(here)[".banet-edu.lock"],
            }
            return "run refused"
        assert same, f"{change}: went on with the run of other data or settings"
        assert history.stopped == "steps"
        return "run the same"


# --- files of weights and of state

damages = st.one_of(
    st.tuples(st.just("flip"), st.floats(0, 1, exclude_max=True), st.integers(0, 7)),
    st.tuples(st.just("head"), st.integers(0, 4000), st.integers(0, 7)),  # the description is at the beginning
    st.tuples(st.just("set"), st.floats(0, 1, exclude_max=True), st.integers(0, 255)),
    st.tuples(st.just("cut"), st.floats(0, 1), st.just(0)),
    st.tuples(st.just("swap"), st.floats(0, 0.99), st.integers(1, 64)),
    st.tuples(st.just("double"), st.floats(0, 1), st.integers(1, 64)),
)


def damaged(data: bytes, damage: tuple[str, Any, int]) -> bytes:
    kind, where, what = damage
    changed = bytearray(data)
    at = min(where, len(data) - 1) if kind == "head" else int(where * (len(data) - 1))
    if kind in ("flip", "head"):
        changed[at] ^= 1 << what
    elif kind == "set":
        changed[at] = what
    elif kind == "cut":
        changed = changed[:at]
    elif kind == "swap":
        changed[at : at + what], changed[at + what : at + 2 * what] = (
            changed[at + what : at + 2 * what],
            changed[at : at + what],
        )
    else:
        changed[at:at] = changed[at : at + what]
    return bytes(changed)


def a_damaged_file(state: bool, damage: tuple[str, Any, int]) -> str:
    finished, stopped = runs()
    source = (stopped / "last.safetensors") if state else (finished / "best.safetensors")
    data = damaged(source.read_bytes(), damage)
    with tempfile.TemporaryDirectory() as folder:
        if state:
            here = Path(folder) / "run"
            shutil.copytree(stopped, here)
            (here / "last.safetensors").write_bytes(data)
        else:
            here = Path(folder) / "m.safetensors"
            here.write_bytes(data)
        try:
            if state:
                fit(network(), samples(TRAIN), samples(VAL), replace(CONFIG, steps=6), here)
            else:
                loaded: Any = load_model(here)
        except ValueError as error:
            assert ("last.safetensors" if state else "m.safetensors") in str(error)
            return "file refused"
        if state:
            assert data == source.read_bytes(), f"{damage}: went on from a damaged state"
        else:
            whole: Any = load_model(source)
            assert loaded.spec == whole.spec and loaded.info == whole.info
            pairs = zip(loaded.state_dict().values(), whole.state_dict().values(), strict=True)
            assert all(torch.equal(one, other) for one, other in pairs), f"{damage}: other weights were loaded"
        return "file equal"
