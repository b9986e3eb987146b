"""A trained network as an ONNX file: for programs without torch, with what it takes to feed the network inside."""

from __future__ import annotations

import copy
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from banet_edu.config import ModelSpec, __version__
from banet_edu.storage import check_folder, may_write, write_bytes

INPUT, OUTPUT, BATCH = "image", "logits", "batch"
NOTICE = "For teaching and research. Not a medical device."
NEEDS = (
    'writing ONNX needs onnx and onnxscript: pip install "banet-edu[onnx]" (in a checkout: pip install -e ".[onnx]")'
)


def export_onnx(model: nn.Module, path: str | Path) -> Path:
    """Write `model` (with a `spec`) in eval mode to `path`, all or nothing. `model` itself stays as it is.

    Input `image`: batch x 3 x H x W float32 of any batch size; H x W is the network's own input size. Output `logits`:
    batch x K x H x W; softmax over the classes gives probabilities. Of a network of volumes D x H x W, and one channel in.
    The file's metadata says the rest, as JSON values: `input_size` [height, width], `in_channels`, `mean` and `std` (feed RGB
    (image / 255 - mean) / std; empty for volumes, each z-scored on its own), `class_names` (background first), `model`,
    `preset`, `banet_edu` (version), `notice`, and `info`, what is known about weights and their data.

    Args:
        model: from `create_model`, `load_model` or training.
        path: ends in `.onnx`; folders are made.

    Raises:
        ModuleNotFoundError: the extra `onnx` is not installed.
        ValueError: a network without spec, or a path that does not end in `.onnx`.
        OSError: the path cannot be written to.

    >>> import onnxruntime                                                                 # doctest: +SKIP
    >>> path = export_onnx(load_model("banet-lite-dermoscopy"), "banet.onnx")              # doctest: +SKIP
    >>> [logits] = onnxruntime.InferenceSession(path).run(None, {"image": images})         # doctest: +SKIP
    """
    spec, path = getattr(model, "spec", None), Path(path)
    if not isinstance(spec, ModelSpec):
        raise ValueError(f"{type(model).__name__} has no spec, so its file could not say how to feed it")
    try:
        import onnx
        import onnxscript  # noqa: F401 - torch's exporter is built on it
    except ModuleNotFoundError:
        raise ModuleNotFoundError(NEEDS) from None
    _check_path(path)

    network = copy.deepcopy(model).cpu().eval()
    example = torch.zeros(
        2, spec.in_channels, *spec.input_size
    )  # two, since a batch of one would be taken for a fixed size
    with _quiet():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: torch.export.Dim(BATCH, min=1)},),
            verbose=False,
        )
    assert program is not None  # only without dynamo
    program.model.metadata_props.update(_metadata(spec, getattr(model, "info", {})))
    proto = program.model_proto
    onnx.checker.check_model(proto)
    return write_bytes(path, proto.SerializeToString())


def _metadata(spec: ModelSpec, info: object) -> dict[str, str]:
    values = {
        "model": spec.name,
        "preset": spec.preset,
        "input_size": spec.input_size,
        "in_channels": spec.in_channels,
        "mean": spec.mean,
        "std": spec.std,
        "class_names": spec.class_names,
        "banet_edu": __version__,
        "notice": NOTICE,
        "info": info,
    }
    return {key: json.dumps(value) for key, value in values.items()}


def _check_path(path: Path) -> None:
    """Refuse what cannot be written before the network is traced, which takes seconds."""
    if path.suffix != ".onnx":
        raise ValueError(f"{path}: the name of an ONNX file ends in .onnx")
    may_write(path)
    check_folder(path.parent)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks on torchvision and on torch's own deprecations."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
