"""Several models under one roof: the same split, the same budget, the same seeds, paired image by image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from banet_edu.config import Flips, TrainConfig
from banet_edu.data.prepared import Prepared, prepare_all
from banet_edu.data.volume import Volume
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.metrics.shape import volume_ml
from banet_edu.networks.classical import CLASSICAL, Classical
from banet_edu.networks.registry import create_model
from banet_edu.prediction import Prediction, model_spec, predict_many
from banet_edu.study.machine import machine_facts
from banet_edu.study.processes import check_one_process
from banet_edu.study.result import CompareResult
from banet_edu.training.history import History
from banet_edu.training.loop import fit

if TYPE_CHECKING:
    import pandas as pd

Part = Sequence[Any]  # of Sample, or of Volume
Model = nn.Module | Classical
ModelSource = str | Callable[[], Model]
Callbacks = Sequence[Any] | Callable[[str, int], Sequence[Any]]
PARTS = ("train", "val", "test")
_WORKERS = 2  # threads that read ahead; more would only raise the peak memory


def compare(
    models: Sequence[str] | Mapping[str, ModelSource],
    dataset: Mapping[str, Part] | tuple[Part, Part, Part],
    config: TrainConfig | None = None,
    seeds: Sequence[int] = (0,),
    *,
    run_dir: str | Path,
    preset: str = "lite",
    name: str = "data set",
    split_seed: int | None = None,
    callbacks: Callbacks = (),
    resume: bool = True,
) -> CompareResult:
    """Train every model on the same images with the same budget, and measure all of them on the same test images.

    Args:
        models: names for `create_model` or of classical methods (otsu, region_growing, gabor: nothing is trained, they are
            measured once), or name -> name or function that builds a network with a `.spec` (for overrides, more
            classes, your own architecture). The FIRST one is tested against each other.
        dataset: {"train": ..., "val": ..., "test": ...} or those three in this order: samples with masks, or volumes,
            for which names stand for networks of volumes (`dims=3`). The best epoch is chosen on val; test is only measured.
        config: budget and recipe for all; its `seed` is replaced by each of `seeds`. Default: `TrainConfig()`.
        seeds: each starts the weights and orders the batches anew; the split never moves.
        run_dir: one folder `MODEL-seedK` per training (finished or half-finished ones are resumed), and
            `per_image.csv`, `summary.csv`, `paired.csv`.
        name, split_seed: what the data is called and how it was split: kept with the result.
        callbacks: as for `fit`, or a function of (model name, seed) that gives them.
        resume: False trains everything anew, see `fit`.

    Returns:
        CompareResult: per-image table, summary with 95 % bootstrap intervals, paired tests, the trained models.

    Raises:
        ValueError: no model, no seed, a seed given twice or below 0, models with different classes, or of images where the
            data are volumes, an empty part, test images that were trained on, several processes, or what `fit` refuses.

    >>> result = compare(["banet", "unet"], (train, val, test), run_dir="runs/demo")       # doctest: +SKIP
    >>> print(result.to_text())                                                            # doctest: +SKIP
    """
    import pandas as pd

    check_one_process("compare")
    config, run_dir = config or TrainConfig(), Path(run_dir)
    sources = dict(models) if isinstance(models, Mapping) else {model: model for model in models}
    parts = _check_parts(dataset)
    seeds = list(seeds)
    if not sources or not seeds:
        raise ValueError(f"compare needs at least one model and seed, got {list(sources)} and {list(seeds)}")
    if len(set(seeds)) < len(seeds) or not all(isinstance(seed, Integral) and int(seed) >= 0 for seed in seeds):
        raise ValueError(f"seeds are whole numbers from 0 on, each given once, got {seeds}")
    seeds = [int(seed) for seed in seeds]

    # A wrong name or override shows now, not after the first network has been trained.
    data = _network_arguments(parts["train"])
    first = {n: _build(source, preset, seeds[0], data) for n, source in sources.items()}
    specs = {n: model_spec(model) for n, model in first.items()}
    if odd := [n for n, spec in specs.items() if (spec.dims == 3) != bool(data)]:
        raise ValueError(f"the data are {'volumes' if data else 'images'}, which {', '.join(odd)} cannot take")
    own = {n: source for n, source in sources.items() if callable(source) and isinstance(first[n], nn.Module)}
    if len(seeds) > 1 and (same := [n for n, source in own.items() if _build(source, preset, 0, data) is first[n]]):
        raise ValueError(
            f"{', '.join(same)}: its function must build a new network each time; the seeds would train one on"
        )
    first.clear()  # they need not stay in memory while others are trained
    classes = {n: spec.class_names for n, spec in specs.items()}
    if len(set(classes.values())) > 1:
        raise ValueError(f"these models tell different classes apart, so their figures do not compare: {classes}")

    prepared: dict[tuple[tuple[int, ...], str], Prepared] = {}  # images are read once per input size, not per run
    tables: list[pd.DataFrame] = []
    histories: dict[tuple[str, int], History] = {}
    built: dict[str, Model] = {}
    measured: dict[str, pd.DataFrame] = {}  # classical methods: the same for every seed
    for seed in seeds:
        for model_name, source in sources.items():
            model = _build(source, preset, seed, data)
            built.setdefault(model_name, model)
            if isinstance(model, Classical):
                if model_name not in measured:
                    measured[model_name] = evaluate(model, parts["test"])
                tables.append(_labelled(measured[model_name], model_name, seed))
                continue
            spec = model_spec(model)
            size = spec.input_size
            for part in ("train", "val"):
                if (size, part) not in prepared:
                    prepared[size, part] = prepare_all(parts[part], spec)
            run = replace(config, seed=seed)
            told = callbacks(model_name, seed) if callable(callbacks) else callbacks
            train, val = prepared[size, "train"], prepared[size, "val"]
            history = fit(model, train, val, run, run_dir / f"{model_name}-seed{seed}", told, resume=resume)
            tables.append(_labelled(evaluate(model, parts["test"]), model_name, seed))
            histories[model_name, seed] = history

    facts = {
        "data": name,
        **{f"{part}_images": len(parts[part]) for part in PARTS},
        "split_seed": split_seed,
        "seeds": list(seeds),
        "preset": preset,
        "training": config.to_dict(),
        "parameters": {
            name: sum(p.numel() for p in model.parameters())
            for name, model in built.items()
            if isinstance(model, nn.Module)
        },
        "initial_weights": {
            name: model.initial_weights for name, model in built.items() if hasattr(model, "initial_weights")
        },
        "untrained": [name for name, model in built.items() if isinstance(model, Classical)],
        "seconds": {f"{m}-seed{s}": float(sum(row["seconds"] for row in h.rows)) for (m, s), h in histories.items()},
        "machine": machine_facts(),
    }
    result = CompareResult.from_table(pd.concat(tables, ignore_index=True), facts, histories, built)
    result.save(run_dir)
    return result


def _labelled(table: pd.DataFrame, model: str, seed: int) -> pd.DataFrame:
    """A copy of an `evaluate` table with the columns model and seed before the others."""
    table = table.copy()
    table.insert(0, "model", model)
    table.insert(1, "seed", seed)
    return table


def evaluate(model: Model, samples: Part, *, batch_size: int = 4, flips: Flips = "none") -> pd.DataFrame:
    """One row per image (and foreground class, when there are several), measured at each mask's OWN size.

    Columns: name, class, status (ok, missed, hallucinated, both_empty), overlap JA DI SE SP AC, and the figures of
    `boundary_metrics`: in mm when every sample has a spacing, otherwise in % of the image diagonal, pixels beside. Of volumes
    with a spacing also `volume_ml`, `volume_expert_ml` and `volume_off_ml`, the first minus the second.
    Samples are read `batch_size` at a time, so 12-megapixel masks fit into little memory; `flips` as for `predict`.

    Raises ValueError when there are no samples, or one has no mask, or one with a label that the model does not know.
    """
    import pandas as pd

    if len(samples) == 0:
        raise ValueError("no samples to evaluate: the data set, or this part of it, is empty")
    spec = model_spec(model)
    in_mm = all(samples[i].spacing_mm is not None for i in range(len(samples)))
    rows: list[dict[str, Any]] = []
    with ThreadPoolExecutor(_WORKERS) as pool:
        for batch in _batches(samples, batch_size, pool, spec.num_classes):
            found = predict_many(model, batch, batch_size=batch_size, flips=flips)
            for prediction, sample in zip(found, batch, strict=True):
                rows.extend(_score(prediction, sample, spec.class_names, in_mm))
    return pd.DataFrame(rows)


def _check_parts(dataset: Mapping[str, Part] | tuple[Part, Part, Part]) -> dict[str, Part]:
    parts = dict(dataset) if isinstance(dataset, Mapping) else dict(zip(PARTS, dataset, strict=False))
    if missing := [part for part in PARTS if len(parts.get(part, ())) == 0]:
        raise ValueError(f"the data set has no {' and no '.join(missing)} images; compare needs train, val and test")
    names = {part: sorted(parts[part][i].name for i in range(len(parts[part]))) for part in PARTS}
    if twice := {one for one, other in pairwise(names["test"]) if one == other}:
        raise ValueError(f"test images are told apart by name, and several are called {min(twice)}")
    if leaked := sorted({*names["test"]} & {*names["train"], *names["val"]}):
        raise ValueError(f"{len(leaked)} test image(s) are also trained or validated on: {', '.join(leaked[:5])}")
    return parts


def _network_arguments(part: Part) -> dict[str, Any]:
    """What `create_model` needs to be told where the data are volumes; nothing where they are images."""
    if not isinstance(part[0], Volume):
        return {}
    names = getattr(part, "class_names", None)
    return {"dims": 3} if names is None else {"dims": 3, "num_classes": len(names), "class_names": names}


def _build(source: ModelSource, preset: str, seed: int, data: Mapping[str, Any]) -> Model:
    """The method, or the network with its initial weights drawn from `seed`; the caller's random numbers stay as they were."""
    if isinstance(source, str) and source in CLASSICAL:
        return CLASSICAL[source]()
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if torch.cuda.is_initialized() else []):
        torch.manual_seed(seed)
        return create_model(source, preset, **data) if isinstance(source, str) else source()


def _batches(samples: Part, size: int, pool: Executor, classes: int) -> Iterator[list[Any]]:
    """Samples with image and mask loaded, the next batch being read while the current one is measured."""

    def load(index: int) -> Any:
        sample = samples[index]
        if sample.mask is None:
            raise ValueError(f"{sample.name} has no mask: nothing to measure the prediction against")
        if sample.mask.max(initial=0) >= classes:
            raise ValueError(
                f"{sample.name}: its mask holds label {sample.mask.max()}, the model knows 0..{classes - 1}"
            )
        _ = sample.image
        return sample

    starts = range(0, len(samples), size)
    ahead = [pool.submit(load, i) for i in range(min(size, len(samples)))]
    for start in starts:
        current = [future.result() for future in ahead]
        following = range(start + size, min(start + 2 * size, len(samples)))
        ahead = [pool.submit(load, i) for i in following]
        yield current


def _score(prediction: Prediction, sample: Any, class_names: Sequence[str], in_mm: bool) -> list[dict[str, Any]]:
    """One row per foreground class."""
    spacing, mask = sample.spacing_mm if in_mm else None, sample.mask
    assert mask is not None  # _batches has refused those
    rows = []
    for label in range(1, len(class_names)):
        found, truth = prediction.labels == label, np.asarray(mask == label)
        boundary = boundary_metrics(found, truth, spacing_mm=spacing)
        rows.append({"name": sample.name, "class": class_names[label], **overlap(found, truth), **boundary})
        if truth.ndim == 3 and spacing is not None:
            ours, theirs = volume_ml(found, spacing_mm=spacing), volume_ml(truth, spacing_mm=spacing)
            rows[-1] |= {"volume_ml": ours, "volume_expert_ml": theirs, "volume_off_ml": ours - theirs}
    return rows
