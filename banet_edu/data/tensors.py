"""From uint8 images to what a network is fed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from banet_edu.config import ModelSpec
from banet_edu.data.sample import resize_image


def normalise(image: NDArray[np.uint8], mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """H x W x 3 uint8 -> 3 x H x W float32, (image / 255 - mean) / std per channel.

    >>> normalise(np.full((2, 2, 3), 255, np.uint8), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)).unique().tolist()
    [1.0]
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"H x W x 3 uint8 expected, got {image.shape} {image.dtype}")
    if len(mean) != 3:
        raise ValueError("this network takes no RGB images: what it is fed has to be z-scored, a volume as a whole")
    # One scale and one shift per channel; the channels go first while the data are still bytes.
    scale = torch.tensor([1 / (255 * s) for s in std], dtype=torch.float32).view(3, 1, 1)
    shift = torch.tensor([m / s for m, s in zip(mean, std, strict=True)], dtype=torch.float32).view(3, 1, 1)
    planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
    return planes * scale - shift


def as_input(image: NDArray[Any], spec: ModelSpec) -> torch.Tensor:
    """What `Prepared` or `PreparedVolumes` keeps of one case -> C x H x W float32 of an image, 1 x D x H x W of a volume.

    The one place where a prepared case becomes what the network sees.
    """
    if spec.dims == 3:
        return torch.from_numpy(np.ascontiguousarray(image, np.float32))[None]
    return normalise(image, spec.mean, spec.std)


def prepare(image: NDArray[np.uint8], spec: ModelSpec) -> torch.Tensor:
    """H x W x 3 uint8 -> 1 x 3 x h x w float32: resized to `spec.input_size`, normalised with its mean and std."""
    return normalise(resize_image(image, spec.input_size), spec.mean, spec.std).unsqueeze(0)
