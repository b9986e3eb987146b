"""Files written all or nothing, and tensors in them: safetensors with a JSON description. Nothing is ever unpickled.

torch is imported where tensors are read or written: what only writes text does without it.

`int8` storage keeps convolution weights as integers with one scale per output channel (1 byte a weight instead of 4); the
bundled weights use it, and their cards give figures measured with exactly the stored values.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from banet_edu.config import ModelSpec

if TYPE_CHECKING:
    from torch import Tensor, nn

FORMAT = 1
_SCALE = ".int8_scale"  # suffix of the scales beside an integer weight


def write_bytes(path: str | Path, data: bytes) -> Path:
    """Write a file all or nothing; folders are made. OSError where that is not possible."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def write_text(path: str | Path, text: str) -> Path:
    """`write_bytes` of a text as UTF-8."""
    return write_bytes(path, text.encode("utf-8"))


def write_tensors(path: str | Path, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> Path:
    """Write tensors and their JSON description into one file, atomically: a reader sees the old file or the new one."""
    from safetensors.torch import save

    header = {"format": FORMAT, "sha256": _digest(tensors), **meta}
    return write_bytes(path, save(dict(tensors), metadata={"banet_edu": json.dumps(header)}))


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote, and check that no byte changed since. Raises ValueError on a damaged file."""
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get("banet_edu")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        meta = json.loads(header) if header is not None else None
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: damaged or not a safetensors file ({error}); copy or download it again") from None
    if meta is None:
        raise ValueError(f"{path}: was not written by banet-edu (its header has no 'banet_edu' entry)")
    if meta["format"] > FORMAT:
        raise ValueError(f"{path}: written by a newer banet-edu (format {meta['format']}); update the package")
    if meta["sha256"] != _digest(tensors):
        raise ValueError(f"{path}: damaged, its weights do not match their checksum; copy or download it again")
    return tensors, meta


def save_model(
    path: str | Path,
    model: nn.Module,
    info: Mapping[str, Any] | None = None,
    storage: Literal["float32", "int8"] = "float32",
) -> Path:
    """Write `model` (with a `spec`) to `path`, all or nothing.

    Args:
        path: ends in `.safetensors`; folders are made.
        info: JSON values to keep with the weights (data, figures, command); back as `load_model(...).info`.
        storage: int8 shrinks the file fourfold, and changes the weights by up to 0.4 % of the largest in their channel.
    """
    spec = getattr(model, "spec", None)
    if not isinstance(spec, ModelSpec):
        raise ValueError(f"{type(model).__name__} has no spec, so it could not be built again; use create_model()")
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    if storage == "int8":
        tensors = _to_int8(tensors)
    return write_tensors(path, tensors, {"spec": spec.to_dict(), "info": dict(info or {})})


def _digest(tensors: Mapping[str, Tensor]) -> str:
    import torch

    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
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
