"""Trained networks by name: those that are bundled, and those in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from banet_edu.config import ModelSpec
from banet_edu.networks.registry import arguments_of, create_model
from banet_edu.paths import samples_root
from banet_edu.storage import from_int8, read_tensors, sha256


def bundled_weights() -> list[str]:
    """Names that `load_model` finds without a file."""
    return sorted(path.stem for path in (samples_root() / "weights").glob("*.safetensors"))


def load_model(name_or_path: str | Path) -> nn.Module:
    """A trained network in eval mode, with `spec` and `info`.

    Args:
        name_or_path: a bundled name such as "banet-lite-dermoscopy" (`bundled_weights()` lists them), or a file
            written by `save_model` or by training (`runs/.../best.safetensors`).

    Raises:
        FileNotFoundError: neither a bundled name nor a file.
        ValueError: damaged, or not a model of this package.

    >>> model = load_model("banet-lite-phantom")
    >>> model.spec.input_size
    (128, 128)
    """
    path = Path(name_or_path)
    bundled = samples_root() / "weights" / f"{name_or_path}.safetensors"
    if not path.is_file():
        if not bundled.is_file():
            known = ", ".join(bundled_weights()) or "none"
            raise FileNotFoundError(f"{name_or_path}: neither a file nor bundled weights; bundled are: {known}")
        path = bundled
    cards = {card["sha256"]: card for card in _cards().values()}
    tensors, meta = read_tensors(path, known=set(cards))
    digest = sha256(path)
    if "spec" not in meta:
        raise ValueError(f"{path}: holds no model (a training state? load best.safetensors instead)")
    weights = from_int8(tensors)
    try:
        model: Any = build_from_spec(ModelSpec.from_dict(meta["spec"]), weights, ours=digest in cards)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: weights and description do not fit each other: {error}") from None
    info: Any = dict(meta.get("info", {}))
    if card := cards.get(digest):
        # What it has learned from, for `domain_warning`; how well its errors were foretold, for `expected_error`.
        info |= {"data": card.get("data"), "domain": card.get("domain"), "track_record": card.get("track record")}
    model.info = info
    model.weights_sha256 = digest
    model.eval()
    return cast(nn.Module, model)


def build_from_spec(spec: ModelSpec, weights: Mapping[str, Tensor], *, ours: bool = False) -> nn.Module:
    """The network a checkpoint describes, with its weights. ValueError where these are not of such a network, before memory
    is taken for what is described; one of `ours`, known by its SHA-256, need not be looked at first (half a second)."""
    if not ours:
        _check_shapes(spec, weights)
    model = _described(spec)
    model.load_state_dict(dict(weights))
    return model


def _check_shapes(spec: ModelSpec, weights: Mapping[str, Tensor]) -> None:
    with torch.device("meta"), _NoInitialValues():
        shapes = {name: value.shape for name, value in _described(spec).state_dict().items()}
    if odd := sorted(name for name in shapes.keys() ^ weights.keys() if name not in shapes or name not in weights):
        raise ValueError(f"{len(odd)} tensor(s) too many or too few, as {odd[0]}")
    if odd := sorted(name for name, shape in shapes.items() if weights[name].shape != shape):
        raise ValueError(
            f"{odd[0]} is {list(weights[odd[0]].shape)} there, {list(shapes[odd[0]])} in the network described"
        )


class _NoInitialValues(TorchFunctionMode):
    """Inside it no initial values are drawn: on the meta device that would import torch's compiler, a second of every load."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in ("normal_", "uniform_"):
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def _described(spec: ModelSpec) -> nn.Module:
    known = arguments_of(spec.name, spec.preset, spec.dims)
    if unknown := sorted(set(spec.overrides) - known):  # `pretrained` would look for files
        raise ValueError(f"{spec.name} has no argument {', '.join(unknown)}")
    model: Any = create_model(
        spec.name,
        spec.preset,
        spec.num_classes,
        dims=spec.dims,
        norm=spec.norm,
        in_channels=spec.in_channels,
        input_size=spec.input_size,
        class_names=spec.class_names,
        **spec.overrides,
    )
    model.spec = spec
    return model


@cache
def _cards() -> dict[str, dict[str, Any]]:
    """{name: card} of the bundled weights."""
    cards = (samples_root() / "weights").glob("*.json")
    return {card.stem: json.loads(card.read_text(encoding="utf-8")) for card in cards}
