"""The training loop: one function, from a model and two sets of samples to trained weights in a run directory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.random import fork_rng

from banet_edu.config import ModelSpec, TrainConfig
from banet_edu.data.domain import domain_of
from banet_edu.data.prepared import Prepared, prepare_all
from banet_edu.data.sample import Sample
from banet_edu.data.volume import Volume
from banet_edu.storage import locked, save_model
from banet_edu.training import checkpoint
from banet_edu.training.batches import BatchPlan, derive_seed, global_batch_size, load_batches
from banet_edu.training.checkpoint import BEST, HISTORY, LAST, Progress
from banet_edu.training.cuda_graph import GraphedForward, GraphedStep
from banet_edu.training.device import (
    loader_workers,
    make_accelerator,
    memory_format,
    place,
    tensor_float,
    use_cuda_graph,
)
from banet_edu.training.guards import CatchInterrupt, FiniteGuard, TrainingInterrupted
from banet_edu.training.history import History
from banet_edu.training.losses import LossSums
from banet_edu.training.schedule import learning_rate
from banet_edu.training.step import Forward, TrainingStep, make_optimizer, seed_generators, set_learning_rate
from banet_edu.training.validation import validate


def fit(
    model: nn.Module,
    train: Sequence[Sample] | Sequence[Volume] | Prepared,
    val: Sequence[Sample] | Sequence[Volume] | Prepared,
    config: TrainConfig,
    run_dir: str | Path,
    callbacks: Sequence[Any] = (),
    *,
    resume: bool = True,
    save_every_s: float = 20.0,
) -> History:
    """Train `model` for `config.steps` optimiser steps and keep the weights that are best on `val`.

    Called again after a crash, a kill or Ctrl-C with the same arguments, it goes on where it was and ends with the same
    weights as if nothing had happened: bit for bit with the same versions and the same number of threads, in one process, on
    a CPU of the same kind. A finished run is not repeated, its history comes back at once. Start from the same initial
    weights (`torch.manual_seed` before `create_model`): they are the caller's. Everything random after them comes from
    `config.seed`, and torch's own generators are left as found.

    Args:
        model: any network with `.spec` (`create_model`). Ends with the best weights, in eval mode.
        train, val: samples with masks, or volumes for a network of volumes; or `Prepared` (`PreparedVolumes`) at
            `model.spec.input_size` to read them once for several runs. The best epoch is chosen on `val`, so figures to
            report need a third part.
        config: budget, optimiser, schedule, loss. `batch_size` counts the images of all processes together.
        run_dir: gets `last.safetensors` (to resume), `best.safetensors` (for `load_model`), `history.csv`, `config.json`.
        callbacks: told what happens, see `callbacks.py`.
        resume: False throws away the run that `run_dir` holds.
        save_every_s: least time between two saves of `last.safetensors`, at most that much is lost; 20 times what a save takes
            where that is more, up to 10 minutes; 0 saves after every step.

    Several GPUs or machines: start the script that calls `fit` with `accelerate launch`. The batch is shared evenly; each
    process normalises (batch norm) over its own share. Only the main process writes files and calls callbacks; all read them,
    so several machines need a disk that all see.

    Returns:
        History, one row per epoch.

    Raises:
        ValueError: `run_dir` holds another run (also one of other data: corrected masks, another way to read them) or a
            damaged state, no or unfit data, an unknown setting.
        BlockingIOError: another process is at work in `run_dir`. FileExistsError: it holds files of somebody's own.
        FloatingPointError: the loss is not finite; names the step and the samples of the batch.
        TrainingInterrupted: Ctrl-C (a KeyboardInterrupt), after saving.

    >>> model = create_model("banet", preset="nano")                                      # doctest: +SKIP
    >>> fit(model, train, val, TrainConfig(steps=200), "runs/first").table.tail()         # doctest: +SKIP
    """
    run_dir, spec = Path(run_dir), cast(ModelSpec, model.spec)
    accelerator, device, bf16 = make_accelerator(config, spec.dims)
    rank, processes, is_main = accelerator.process_index, accelerator.num_processes, accelerator.is_main_process
    graphed = use_cuda_graph(config.cuda_graph, device, processes)
    workers = loader_workers(config.num_workers, device, processes)
    train, val = _prepared(train, spec), _prepared(val, spec)
    if not train.masks.any():
        raise ValueError(
            f"none of the {len(train)} training masks has any foreground, so there is nothing to learn: look at the mask "
            "files, and at what their values mean (a value map, or invert)"
        )
    batch_size = global_batch_size(config, len(train), processes)
    steps_per_epoch = len(train) // batch_size

    # Kept with the weights: an image unlike these will be said to be. Of volumes, z-scored each, grey values tell nothing.
    domain = domain_of(list(train.images)) if spec.dims == 2 else None

    with locked(run_dir) if is_main else nullcontext():
        # A new run directory, one to go on with, or a finished one.
        description = checkpoint.describe_run(model, config, train, val)
        going_on = resume and (run_dir / LAST).exists()
        if going_on or (resume and (run_dir / BEST).exists()):
            description = checkpoint.check_same_run(run_dir, description)
        place(model, device)
        optimizer = make_optimizer(model, config, graphed)
        progress = checkpoint.load_last(run_dir, model, optimizer) if going_on else Progress()
        history = History(progress.rows, progress.stopped)
        tell = _Callbacks(callbacks if is_main else ())
        if going_on:
            tell("on_resume", progress.step, history.stopped)
        if history.stopped:
            checkpoint.load_best(run_dir, model, description, history)
            return history

        network = accelerator.prepare_model(model, device_placement=False)  # itself, or wrapped for several processes
        step = (GraphedStep if graphed else TrainingStep)(network, optimizer, accelerator, config.loss, device, bf16)
        forward = (GraphedForward if graphed else Forward)(model, device, bf16)
        plan = BatchPlan(config, len(train), batch_size, progress.step, rank, processes)
        batches = load_batches(train, spec, config, plan, device, workers)
        accelerator.wait_for_everyone()  # all have read what there was, and nothing is refused from here on
        if is_main:
            checkpoint.start_run(run_dir, description, going_on=going_on, restart=not resume)
        sums = LossSums(progress.sums, device)
        finite = FiniteGuard()
        saved_at, pause = time.monotonic(), save_every_s
        best: dict[str, Tensor] = {}  # weights of a best epoch that is not on disk yet
        epoch_began = saved_at - progress.seconds

        def keep_best() -> None:
            nonlocal best
            if best:
                info = {key: history.best[key] for key in ("epoch", "step", "val_JA")} | {"domain": domain}
                save_model(run_dir / BEST, model, info | {"run": checkpoint.run_id(description)}, state=best)
            best = {}

        def save() -> None:
            nonlocal saved_at, pause
            finite.check(model)
            began = time.monotonic()
            keep_best()  # together with `last`: a run that goes on from there must find the best that it knows of
            if is_main:
                now = Progress(progress.step, history.rows, sums.to_dict(), began - epoch_began, history.stopped)
                checkpoint.save_last(run_dir, model, optimizer, now)
            saved_at = time.monotonic()
            pause = save_every_s and max(save_every_s, min(20 * (saved_at - began), 600))  # of the time at most 5 %

        tell("on_start", config.steps, model)
        gpus = [torch.cuda.current_device()] if device.type == "cuda" else []
        try:
            with fork_rng(gpus), tensor_float(device), CatchInterrupt(processes == 1) as interrupt:
                for images, masks, names in batches:
                    rate = learning_rate(progress.step, config)
                    set_learning_rate(optimizer, rate)
                    seed_generators(derive_seed(config.seed, progress.step, rank), device)  # for dropout
                    network.train()
                    parts = step(
                        images.to(device, memory_format=memory_format(device, spec.dims), non_blocking=True),
                        masks.to(device, non_blocking=True),
                        watch=partial(finite.watch, progress.step + 1, names),
                    )
                    progress.step += 1
                    sums.add(parts)
                    tell("on_step", progress.step, parts)

                    if progress.step % steps_per_epoch == 0 or progress.step == config.steps:
                        finite.check(model)
                        row = {
                            "epoch": len(history) + 1,
                            "step": progress.step,
                            **sums.means(accelerator),
                            **validate(model, val, accelerator, batch_size, forward),
                            "learning_rate": rate,
                            "seconds": time.monotonic() - epoch_began,
                        }
                        history.rows.append(row)
                        history.stopped = _reason_to_stop(history, config)
                        sums, epoch_began = LossSums({}, device), time.monotonic()
                        if is_main:
                            if history.best is row:
                                best = {name: value.to("cpu", copy=True) for name, value in model.state_dict().items()}
                            history.to_csv(run_dir / HISTORY)
                        tell("on_epoch", row)

                    if history.stopped or interrupt.asked or time.monotonic() - saved_at > pause:
                        save()
                    if history.stopped:
                        break
                    if interrupt.asked:
                        raise TrainingInterrupted(
                            f"stopped at step {progress.step} of {config.steps}, state saved in {run_dir}: "
                            "call fit again with the same arguments (or run the same command) to go on"
                        )
        finally:
            optimizer.zero_grad()  # or they would stay in memory with the model
            keep_best()  # also after an error
            tell("on_end", history)
        accelerator.wait_for_everyone()  # the main process may still be writing
        checkpoint.load_best(run_dir, model, description, history)
        return history


def _reason_to_stop(history: History, config: TrainConfig) -> str | None:
    if history.rows[-1]["step"] >= config.steps:
        return "steps"
    if config.patience is not None and history.rows[-1]["epoch"] - history.best["epoch"] >= config.patience:
        return "patience"
    return None


def _prepared(data: Sequence[Any] | Prepared, spec: ModelSpec) -> Prepared:
    """The data at the network's size, with every label one the model knows."""
    data = prepare_all(data, spec)
    if data.size != spec.input_size:
        raise ValueError(f"the data are prepared at {data.size}, the model takes {spec.input_size}")
    for name, mask in zip(data.names, data.masks, strict=True):
        if mask.max() >= spec.num_classes:
            raise ValueError(
                f"the mask of {name} holds label {mask.max()}, the model knows 0..{spec.num_classes - 1}: "
                "map mask values to classes when reading (a value map), or create the model with more classes"
            )
    return data


class _Callbacks:
    """Calls a method on every callback that has it."""

    def __init__(self, callbacks: Sequence[Any]) -> None:
        self._callbacks = callbacks

    def __call__(self, method: str, *arguments: Any) -> None:
        for callback in self._callbacks:
            if hasattr(callback, method):
                getattr(callback, method)(*arguments)
