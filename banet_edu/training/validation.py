"""How good the model is now: Jaccard index and boundary error on the validation part, at the network's size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import nn

from banet_edu.config import ModelSpec
from banet_edu.data.tensors import as_input
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap

if TYPE_CHECKING:
    from accelerate import Accelerator

    from banet_edu.data.prepared import Prepared
    from banet_edu.training.step import Forward


def validate(
    model: nn.Module, data: Prepared, accelerator: Accelerator, batch_size: int, forward: Forward
) -> dict[str, float | int]:
    """The validation columns of the history; several processes share the images. Leaves the model in eval mode."""
    from accelerate.utils import broadcast, gather_object

    if accelerator.num_processes > 1:  # each process has gathered its own batch norm statistics: use the ones we save
        broadcast(list(model.buffers()))
    share = range(accelerator.process_index, len(data), accelerator.num_processes)
    records = measure(model, data, share, batch_size, forward)
    return summarise_validation(gather_object(records) if accelerator.num_processes > 1 else records)


def measure(
    model: nn.Module, data: Prepared, indices: Sequence[int], batch_size: int, forward: Forward
) -> list[dict[str, float | str]]:
    """One record per image and foreground class: `index`, `JA`, `assd_pct`, `status`."""
    model.eval()
    spec = cast(ModelSpec, model.spec)
    records: list[dict[str, float | str]] = []
    for start in range(0, len(indices), batch_size):
        chosen = indices[start : start + batch_size]
        images = torch.stack([as_input(data.images[i], spec) for i in chosen])
        logits = forward(images)
        for index, labels in zip(chosen, logits.argmax(1).cpu().numpy(), strict=True):
            for label in range(1, logits.shape[1]):
                predicted, truth = labels == label, data.masks[index] == label
                found = overlap(predicted, truth) | boundary_metrics(predicted, truth, spacing_mm=None)
                records.append({"index": index, **{key: found[key] for key in ("JA", "assd_pct", "status")}})
    return records


def summarise_validation(records: Sequence[Mapping[str, float | str]]) -> dict[str, float | int]:
    """Means over the records where a figure exists, and the count of those where it does not.

    A mask that is missed, or found where there is none, counts with JA 0 and has no boundary distance. Where both masks
    are empty there is nothing to measure: the record is left out of both means.
    """
    records = sorted(records, key=lambda record: record["index"])  # the same sum for any number of processes
    statuses = [record["status"] for record in records]
    return {
        "val_JA": _mean([float(record["JA"]) for record in records]),
        "val_assd_pct": _mean([float(record["assd_pct"]) for record in records]),
        "val_missed": statuses.count("missed"),
        "val_hallucinated": statuses.count("hallucinated"),
    }


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
