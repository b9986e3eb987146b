"""A data set read once, kept as bytes at the network's size: what training iterates over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from banet_edu.data.sample import Sample, Size, height_width

WORKERS = 2  # decoding releases the interpreter lock; more would only raise the peak memory of 12-megapixel masks


class Prepared:
    """All images and masks of `samples` at one size. The originals are never kept.

    Args:
        samples: a data set with masks. Reading stops at the first unreadable file with its name.
        size: int or (h, w).
        progress: called as progress(done, total) after each case.

    Attributes:
        images: N x h x w x 3 uint8. masks: N x h x w uint8, 0 is background. names: N names.

    >>> sample = Sample(np.zeros((60, 80, 3), np.uint8), np.ones((120, 160), bool), "a")
    >>> Prepared([sample], 32).masks.shape
    (1, 32, 32)
    """

    def __init__(
        self, samples: Sequence[Sample], size: Size, progress: Callable[[int, int], None] | None = None
    ) -> None:
        self.size = height_width(size)
        total = len(samples)
        if total == 0:
            raise ValueError("no samples to prepare: the data set, or this part of it, is empty")
        self.images = np.empty((total, *self.size, 3), np.uint8)
        self.masks: NDArray[np.uint8] = np.empty((total, *self.size), np.uint8)
        self.names: list[str] = [""] * total

        def read(index: int) -> None:
            sample = samples[index].at(self.size)
            if sample.mask is None:
                raise ValueError(f"{sample.name!r} has no mask: nothing to learn from or to compare with")
            self.images[index], self.masks[index], self.names[index] = sample.image, sample.mask, sample.name

        pool = ThreadPoolExecutor(WORKERS)
        try:
            for done, _ in enumerate(pool.map(read, range(total)), start=1):
                if progress is not None:
                    progress(done, total)
        finally:
            pool.shutdown(cancel_futures=True)  # after an error or Ctrl-C the rest is not read

    def checksums(self) -> dict[str, list[str]]:
        """{name: [of the image, of the mask]}, 12 digits of a SHA-256 each: what exactly a network has learnt from."""
        pairs = zip(self.images, self.masks, strict=True)
        sums = [[sha256(array.tobytes()).hexdigest()[:12] for array in pair] for pair in pairs]
        again = [
            f" ({self.names[:index].count(name)})" * (name in self.names[:index])
            for index, name in enumerate(self.names)
        ]
        return {name + nth: pair for name, nth, pair in zip(self.names, again, sums, strict=True)}

    def __len__(self) -> int:
        return len(self.names)
