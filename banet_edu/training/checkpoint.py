"""The run directory: `last.safetensors` to go on from, and the settings it belongs to.

Everything is safetensors with JSON in its header: nothing is pickled, so opening a checkpoint never runs code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from banet_edu.data.prepared import Prepared
from banet_edu.storage import may_write, read_tensors, remove, write_tensors, write_text
from banet_edu.training.history import History

LAST, BEST, HISTORY, CONFIG = "last.safetensors", "best.safetensors", "history.csv", "config.json"
_MAY_DIFFER = {"train.device", "train.num_workers", "train.cuda_graph"}  # they change where a run computes, not what


@dataclass
class Progress:
    """Where a run stands: everything besides weights and optimiser that the next step depends on."""

    step: int = 0  # optimiser steps done
    rows: list[dict[str, Any]] = field(default_factory=list)  # the finished epochs
    sums: dict[str, float] = field(default_factory=dict)  # loss parts summed over the steps of the current epoch
    seconds: float = 0.0  # spent in the current epoch
    stopped: str | None = None  # why the run is over, None while it is not


def save_last(run_dir: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    """Replace `last.safetensors` in one go: whenever the process is killed, the file is the old or the new one."""
    tensors = {f"model.{name}": _plain(tensor) for name, tensor in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": _plain(value) for key, value in state.items()}
    write_tensors(run_dir / LAST, tensors, {"progress": asdict(progress)})


def load_last(run_dir: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """Put weights and optimiser back to where `save_last` found them; ValueError when the file is damaged."""
    try:
        tensors, meta = read_tensors(run_dir / LAST)
        progress = Progress(**meta["progress"])
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"cannot continue the run in {run_dir}: {error}. Start over with resume=False (--restart), or use another run "
            "directory"
        ) from error
    model.load_state_dict({name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")})
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".", 2)
            weight = parameters[int(index)]  # whose memory layout the moments share
            kept = torch.empty_like(weight).copy_(tensor) if tensor.shape == weight.shape else tensor
            state.setdefault(int(index), {})[key] = kept
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return progress


def load_best(run_dir: Path, model: nn.Module, description: Mapping[str, Any], history: History) -> None:
    """Put the weights of the best epoch into `model`, in eval mode and in the usual memory layout.

    ValueError where the file is damaged, or is another run's or another epoch's.
    """
    try:
        tensors, meta = read_tensors(run_dir / BEST)
        if (meta["info"].get("run"), meta["info"].get("step")) != (run_id(description), history.best["step"]):
            raise ValueError(f"{run_dir / BEST}: holds the weights of another run or epoch")
    except (ValueError, FileNotFoundError) as error:
        raise ValueError(f"{error}. Start over with resume=False (--restart), or use another run directory") from error
    model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    model.load_state_dict(tensors)
    model.eval()


def describe_run(model: Any, config: Any, train: Prepared, val: Prepared) -> dict[str, Any]:
    """What a run directory belongs to, as JSON values. The data are the very pixels and labels that the network sees, each
    case's by a checksum; weights that training began with are named by their file, where they came from one."""
    description = {
        "spec": model.spec.to_dict(),
        "train": config.to_dict(),
        "data": {"train": train.checksums(), "val": val.checksums()},
        "versions": {"banet-edu": _version("banet-edu"), "torch": str(torch.__version__)},
    }
    if initial := getattr(model, "initial_weights", None):
        description["initial_weights"] = initial
    frozen = [name for name, weight in model.named_parameters() if not weight.requires_grad]
    description["frozen"] = f"{len(frozen)} weights, {hashlib.sha256(repr(frozen).encode()).hexdigest()[:8]}"
    return json.loads(json.dumps(description))  # tuples become lists, as they will in the file


def check_same_run(run_dir: Path, description: Mapping[str, Any]) -> dict[str, Any]:
    """ValueError naming every field in which the run that `run_dir` holds differs from `description`; its own one, as it is
    written there, since 1 and 1.0 are equal, but no checksum is."""
    path = run_dir / CONFIG
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        there = _settings(held)
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{path} cannot be read ({error}), so it is unknown which run this is; "
            "use another run directory, or resume=False (--restart) to start over"
        ) from error
    cases = held.get("data")
    if not isinstance(cases, dict) or not all(isinstance(part, dict) for part in cases.values()):
        raise ValueError(
            f"{run_dir} holds a run of an earlier banet-edu, which did not keep what its data were: use another run "
            "directory, or delete this one"
        )
    asked = _settings(description)
    if "frozen" not in there:  # of before that was kept
        del asked["frozen"]
    differing = [
        f"{name} is {there.get(name, 'absent')!r} there and {asked.get(name, 'absent')!r} here"
        for name in sorted(there.keys() | asked.keys())
        if there.get(name) != asked.get(name)
    ]
    for part, said in (("train", "training"), ("val", "validation")):
        differing += _other_data(cases.get(part, {}), description["data"][part], f"{said} cases")
    if differing:
        raise ValueError(
            f"{run_dir} holds another run: {'; '.join(differing)}. "
            "Use another run directory, or resume=False (--restart) to overwrite this one"
        )
    return {**held, "versions": description["versions"]}


def run_id(description: Mapping[str, Any]) -> str:
    """A checksum of everything that decides about a run's weights: its best weights carry it."""
    decisive = [_settings(description), {part: list(cases.items()) for part, cases in description["data"].items()}]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


def _settings(description: Mapping[str, Any]) -> dict[str, Any]:
    """All but the data, and what may differ."""
    flat = _flat({key: value for key, value in description.items() if key not in ("data", "versions")})
    return {name: value for name, value in flat.items() if name not in _MAY_DIFFER}


def _other_data(there: Mapping[str, list[str]], here: Mapping[str, list[str]], cases: str) -> list[str]:
    """In words, how the cases here differ from those that the run has seen; nothing where they do not."""
    both = [name for name in here if name in there]
    kinds = {
        "new": [name for name in here if name not in there],
        "gone": [name for name in there if name not in here],
        "with another image": [name for name in both if there[name][0] != here[name][0]],
        "with another mask": [name for name in both if there[name][1] != here[name][1]],
    }
    said = [
        f"{len(names)} {kind} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
        for kind, names in kinds.items()
        if names
    ]
    if not said and list(there) != list(here):
        said = ["in another order"]
    return [f"of its {len(there)} {cases} {', '.join(said)}"] if said else []


def start_run(run_dir: Path, description: Mapping[str, Any], *, going_on: bool, restart: bool) -> None:
    """Make the directory and write `config.json`, before the first step.

    Unless the run goes on, what an earlier one left is removed; what was changed by hand since only on request (`restart`).
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    if not restart:  # that the state is whole, `load_last` has said
        may_write(*(run_dir / name for name in (BEST, HISTORY, CONFIG)))
    if not going_on:
        for name in (LAST, BEST, HISTORY, CONFIG):
            remove(run_dir / name)
    write_text(run_dir / CONFIG, json.dumps(description, indent=2) + "\n")


def _plain(value: Any) -> Tensor:
    return torch.as_tensor(value).detach().cpu().contiguous()


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as {"train.loss.ce": 1.0, ...}."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except Exception:  # run from a checkout that was never installed
        return "not installed"
