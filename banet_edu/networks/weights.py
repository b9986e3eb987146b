"""Trained networks by name: those that are bundled, and those in a file."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, cast

from torch import nn

from banet_edu.config import ModelSpec
from banet_edu.networks.registry import build_from_spec
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


@cache
def _cards() -> dict[str, dict[str, Any]]:
    """{name: card} of the bundled weights."""
    cards = (samples_root() / "weights").glob("*.json")
    return {card.stem: json.loads(card.read_text(encoding="utf-8")) for card in cards}
