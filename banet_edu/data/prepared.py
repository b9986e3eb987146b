"""A data set read once, kept as bytes at the network's size: what training iterates over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.config import ModelSpec, check_size
from banet_edu.data.sample import Sample, Size, height_width
from banet_edu.data.volume import Volume, centred, normalised

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

    def __init__(self, samples: Sequence[Any], size: Size, progress: Callable[[int, int], None] | None = None) -> None:
        self.size = self._checked(size)
        total = len(samples)
        if total == 0:
            raise ValueError("no samples to prepare: the data set, or this part of it, is empty")
        self.images = self._room(total)
        self.masks: NDArray[np.uint8] = np.empty((total, *self.size), np.uint8)
        self.names: list[str] = [""] * total

        def read(index: int) -> None:
            sample = samples[index]
            image, mask = self._at_size(sample)
            if mask is None:
                raise ValueError(f"{sample.name!r} has no mask: nothing to learn from or to compare with")
            self.images[index], self.masks[index], self.names[index] = image, mask, sample.name

        pool = ThreadPoolExecutor(WORKERS)
        try:
            for done, _ in enumerate(pool.map(read, range(total)), start=1):
                if progress is not None:
                    progress(done, total)
        finally:
            pool.shutdown(cancel_futures=True)  # after an error or Ctrl-C the rest is not read

    def _checked(self, size: Size) -> tuple[int, ...]:
        return height_width(size)

    def _room(self, total: int) -> NDArray[Any]:
        return np.empty((total, *self.size, 3), np.uint8)

    def _at_size(self, sample: Sample) -> tuple[NDArray[Any], NDArray[Any] | None]:
        if not isinstance(sample, Sample):
            raise ValueError(f"{sample!r} is no image; a network of volumes (create_model(..., dims=3)) takes volumes")
        small = sample.at(self.size)
        return small.image, small.mask

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


class PreparedVolumes(Prepared):
    """`Prepared` of volumes: nothing is resampled, a voxel stays a voxel.

    Args:
        samples: `Volume`s with masks of at most 256 classes.
        size: (D, H, W), or one number for all three. A smaller volume is padded by its outermost voxels, mask and all, a
            larger one is cut out around its middle: where that would cut foreground away, a ValueError says so.

    Attributes:
        images: N x D x H x W float32, each volume z-scored as a whole (`normalised`). masks: N x D x H x W uint8.

    >>> volume = Volume(np.arange(60.0).reshape(3, 4, 5), np.ones((3, 4, 5), bool), "a")
    >>> PreparedVolumes([volume], 32).images.shape
    (1, 32, 32, 32)
    """

    def _checked(self, size: Size) -> tuple[int, ...]:
        return check_size(size, dims=3)

    def _room(self, total: int) -> NDArray[Any]:
        return np.empty((total, *self.size), np.float32)

    def _at_size(self, sample: Any) -> tuple[NDArray[Any], NDArray[Any] | None]:
        if not isinstance(sample, Volume):
            raise ValueError(f"{sample!r} is no volume; a network of images (dims=2) takes images")
        if sample.mask is None:
            return sample.image, None
        mask = centred(sample.mask, self.size)
        if np.count_nonzero(mask) < np.count_nonzero(sample.mask) or sample.mask.max() > 255:
            raise ValueError(
                f"{sample.name!r} has {' x '.join(map(str, sample.shape))} voxels, and foreground outside of the middle "
                f"{' x '.join(map(str, self.size))} that the network is trained on: build it with a larger input_size, or crop "
                "the volumes to their object"
            )
        return centred(normalised(sample), self.size), mask


def prepare_all(samples: Sequence[Any] | Prepared, spec: ModelSpec) -> Prepared:
    """Samples, or volumes, as a network with this `spec` learns from them; what is prepared already as it is."""
    if isinstance(samples, Prepared):
        return samples
    return (Prepared if spec.dims == 2 else PreparedVolumes)(samples, spec.input_size)
