"""Tensors in files: safetensors with a JSON description. Nothing is ever unpickled.

torch is imported where tensors are read or written: what only writes text does without it.

`int8` storage keeps convolution weights as integers with one scale per output channel (1 byte a weight instead of 4); the
bundled weights use it, and their cards give figures measured with exactly the stored values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from banet_edu.config import ModelSpec
from banet_edu.storage.files import sha256, write_bytes

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT = 2  # 1 had a checksum of the numbers alone
_SCALE = ".int8_scale"  # suffix of the scales beside an integer weight


def write_tensors(path: str | Path, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> Path:
    """Write tensors and their JSON description into one file, atomically: a reader sees the old file or the new one."""
    from safetensors.torch import save

    seen: set[int] = set()
    own = dict(tensors)
    for name, value in tensors.items():  # a weight that two layers share is written twice: the file knows no sharing
        place = value.untyped_storage().data_ptr()
        own[name] = value.clone() if place in seen else value
        seen.add(place)
    header = {"format": FORMAT, **meta}
    header["sha256"] = _digest(tensors, json.loads(json.dumps(header)))
    return write_bytes(path, save(own, metadata={"banet_edu": json.dumps(header)}))


def read_tensors(path: str | Path, *, known: Collection[str] = ()) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote, and check that nothing changed since: numbers, names, types, shapes, description.

    Args:
        known: SHA-256 of whole files that are taken although their own checksum covers their numbers alone (format 1).

    Raises FileNotFoundError, and ValueError for a damaged file, one of somebody else's, or numbers that are none.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get("banet_edu")
            # Copied: a tensor that outlives `file` keeps it mapped, and Windows replaces or deletes no mapped file.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 - not a mapping
        meta = json.loads(header) if header is not None else None
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: damaged or not a safetensors file ({error}); copy or download it again") from None
    if not isinstance(meta, dict) or not isinstance(meta.get("format"), int):
        raise ValueError(f"{path}: was not written by banet-edu (its header has no 'banet_edu' entry)")
    if meta["format"] > FORMAT:
        raise ValueError(f"{path}: written by a newer banet-edu (format {meta['format']}); update the package")
    if meta["format"] < FORMAT and sha256(path) not in known:
        raise ValueError(
            f"{path}: damaged, or written by an earlier banet-edu, whose checksum did not cover its description; train it "
            "again, or copy it again where it came with the package"
        )
    described = {key: value for key, value in meta.items() if key != "sha256"}
    if meta["format"] == FORMAT and meta.get("sha256") != _digest(tensors, described):
        raise ValueError(f"{path}: damaged, it does not match its checksum; copy or download it again")
    if broken := [
        name for name, value in tensors.items() if value.is_floating_point() and not torch.isfinite(value).all()
    ]:
        raise ValueError(f"{path}: {broken[0]} holds numbers that are not finite; train it again")
    return tensors, meta


def save_model(
    path: str | Path,
    model: nn.Module,
    info: Mapping[str, Any] | None = None,
    storage: Literal["float32", "int8"] = "float32",
    state: Mapping[str, Tensor] | None = None,
) -> Path:
    """Write `model` (with a `spec`) to `path`, all or nothing.

    Args:
        path: ends in `.safetensors`; folders are made.
        info: JSON values to keep with the weights (data, figures, command); back as `load_model(...).info`.
        state: weights of another moment than now, as its `state_dict()` gave them.
        storage: int8 shrinks the file fourfold, and changes the weights by up to 0.4 % of the largest in their channel.
    """
    spec = getattr(model, "spec", None)
    if not isinstance(spec, ModelSpec):
        raise ValueError(f"{type(model).__name__} has no spec, so it could not be built again; use create_model()")
    tensors = {name: value.detach().cpu().contiguous() for name, value in (state or model.state_dict()).items()}
    if storage == "int8":
        tensors = _to_int8(tensors)
    return write_tensors(path, tensors, {"spec": spec.to_dict(), "info": dict(info or {})})


def _digest(tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> str:
    """SHA-256 of the description and of every tensor's name, type, shape and bytes."""
    import torch

    shapes = {name: [str(value.dtype), list(value.shape)] for name, value in tensors.items()}
    digest = hashlib.sha256(json.dumps([dict(header), shapes], sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _to_int8(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    import torch

    stored = {}
    for name, value in tensors.items():
        if value.ndim < 2 or not value.is_floating_point():
            stored[name] = value
            continue
        # the smallest positive float keeps an all-zero channel at zero instead of 0 / 0
        largest = value.abs().flatten(1).amax(1).clamp_min(torch.finfo(torch.float32).tiny)
        scale = largest / 127
        stored[name] = (value / scale.view(-1, *[1] * (value.ndim - 1))).round().to(torch.int8)
        stored[name + _SCALE] = scale
    return stored


def from_int8(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    import torch

    values = {}
    for name, value in tensors.items():
        if name.endswith(_SCALE):
            continue
        if value.dtype == torch.int8:
            value = value.float() * tensors[name + _SCALE].view(-1, *[1] * (value.ndim - 1))
        values[name] = value
    return values
