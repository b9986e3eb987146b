"""From prepared arrays to batches, each fully determined by (seed, epoch, index): that is what makes resuming exact."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from banet_edu.config import ModelSpec, TrainConfig
from banet_edu.data.augment import build_augment
from banet_edu.data.augment_volume import build_volume_augment
from banet_edu.data.tensors import as_input

if TYPE_CHECKING:
    from banet_edu.data.prepared import Prepared


class Batch(NamedTuple):
    images: Tensor  # B x 3 x H x W float32, normalised; of volumes B x 1 x D x H x W
    masks: Tensor  # B x H x W uint8, or B x D x H x W
    names: list[str]


def derive_seed(*numbers: int) -> int:
    """One well-mixed 32-bit seed out of several small numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def epoch_order(seed: int, epoch: int, size: int) -> np.ndarray:
    """The order in which epoch `epoch` (0 is the first) visits the `size` training images."""
    return np.random.default_rng((seed, epoch)).permutation(size)


def global_batch_size(config: TrainConfig, train_size: int, processes: int) -> int:
    """Images per optimiser step, over all processes together: `config.batch_size`, or fewer when there are not as many.

    The same configuration so means the same number of images seen, on one GPU or on eight.
    """
    if config.batch_size % processes:
        raise ValueError(
            f"batch_size is {config.batch_size} images over all processes, which {processes} processes cannot share "
            f"evenly: choose a multiple of {processes}"
        )
    size = min(config.batch_size, train_size // processes * processes)
    if size == 0:
        raise ValueError(f"{train_size} training image(s) cannot feed {processes} process(es)")
    return size


class BatchPlan:
    """Which images every optimiser step sees: lists of (epoch, index), from step `start` to the last one.

    An epoch is one pass in a new order. Images left over when the epoch does not divide into full batches sit out this
    epoch (others do in the next one): every step has the full batch, so no batch norm ever sees a handful of images.
    Each of several processes takes every n-th image of the batch.
    """

    def __init__(self, config: TrainConfig, train_size: int, batch_size: int, start: int, rank: int, processes: int):
        self.config, self.train_size, self.batch_size = config, train_size, batch_size
        self.start, self.rank, self.processes = start, rank, processes
        self.steps_per_epoch = train_size // batch_size

    def __len__(self) -> int:
        return self.config.steps - self.start

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order, order_epoch = np.empty(0, int), -1
        for step in range(self.start, self.config.steps):
            epoch, position = divmod(step, self.steps_per_epoch)
            if epoch != order_epoch:
                order, order_epoch = epoch_order(self.config.seed, epoch, self.train_size), epoch
            batch = order[position * self.batch_size : (position + 1) * self.batch_size]
            yield [(epoch, int(index)) for index in batch[self.rank :: self.processes]]


class AugmentedImages(Dataset):
    """Prepared images seen through the augmentation; an item is asked for as (epoch, index)."""

    def __init__(self, data: Prepared, spec: ModelSpec, config: TrainConfig) -> None:
        self.data, self.spec, self.seed = data, spec, config.seed
        self.augment: Any = (build_augment if spec.dims == 2 else build_volume_augment)(config.augment)

    def __getitem__(self, item: tuple[int, int]) -> tuple[Tensor, Tensor, str]:
        _, index = item
        image, mask = self.augment(self.data.images[index], self.data.masks[index], derive_seed(self.seed, *item))
        return (as_input(image, self.spec), torch.from_numpy(np.ascontiguousarray(mask)), self.data.names[index])


def collate(items: Sequence[tuple[Tensor, Tensor, str]]) -> Batch:
    images, masks, names = zip(*items, strict=True)
    return Batch(torch.stack(images), torch.stack(masks), list(names))


def ignore_interrupt(worker: int) -> None:
    """Ctrl-C reaches the workers too; the main process decides when they stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def load_batches(
    data: Prepared, spec: ModelSpec, config: TrainConfig, plan: BatchPlan, device: torch.device, workers: int = 0
) -> DataLoader:
    """The batches of all remaining steps, through one loader, so that workers are started once and not every epoch."""
    return DataLoader(
        AugmentedImages(data, spec, config),
        batch_sampler=plan,
        collate_fn=collate,
        num_workers=workers,
        pin_memory=device.type == "cuda",
        worker_init_fn=ignore_interrupt,
        generator=torch.Generator().manual_seed(config.seed),  # or the loader would draw from the user's generator
    )
