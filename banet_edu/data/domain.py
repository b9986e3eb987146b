"""How far an image lies from those a network has learned from, as far as its colours tell.

A network for skin draws an outline on a chest X-ray too, and nothing in its answer says that it has never seen one. So the
colours of the training images are kept with the weights, and an image that has none like it among them is said to be far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from banet_edu.data.sample import resize_image

SIDE = 32
MOST = 500  # training images that are kept
# Far is farther from its nearest training image than this share of the training images are from theirs. How often that tells
# the bundled kinds apart: benchmarks/domains.py, recorded in benchmarks/README.md.
TYPICAL = 0.999
LEAST_SD = 0.005  # of 0..1: grey training images would make the faintest tint infinitely far


def colours(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """H x W x 3 uint8 -> 6: lightness, green to red, blue to yellow (CIE Lab, 0..1), their means, then their deviations."""
    lab = cv2.cvtColor(resize_image(image, SIDE), cv2.COLOR_RGB2LAB).reshape(-1, 3) / 255
    return np.concatenate([lab.mean(axis=0), lab.std(axis=0)])


def domain_of(images: Sequence[NDArray[np.uint8]]) -> dict[str, Any] | None:
    """What to keep of training images with the weights, as JSON values: the colours of up to 500, and how far is far.

    None of fewer than 20, which say too little about others.
    """
    if len(images) < 20:
        return None
    chosen = np.unique(np.linspace(0, len(images) - 1, min(MOST, len(images))).round().astype(int))
    known = np.array([colours(images[index]) for index in chosen]).round(3)
    apart = np.array([_nearest(one, np.delete(known, index, axis=0), known) for index, one in enumerate(known)])
    return {"colours": known.tolist(), "far": round(float(np.quantile(apart, TYPICAL)), 3)}


def distance(image: NDArray[np.uint8], domain: Mapping[str, Any]) -> float:
    """From an image's `colours` to those of the nearest training image, in standard deviations of the training images."""
    known = np.array(domain["colours"])
    return _nearest(colours(image), known, known)


def domain_warning(model: Any, image: NDArray[np.uint8]) -> str | None:
    """A sentence where the image lies far from what `model` has learned from; None where it does not, or that is unknown."""
    domain = getattr(model, "info", {}).get("domain")
    if not domain or (found := distance(image, domain)) <= domain["far"]:
        return None
    return (
        f"no image like this one among those the network has learned from (colours {found:.1f} deviations from the nearest; "
        f"beyond {domain['far']:.1f} is far): is it the right network for this kind of image?"
    )


def _nearest(one: NDArray[np.float64], known: NDArray[np.float64], all_known: NDArray[np.float64]) -> float:
    scale = np.maximum(all_known.std(axis=0), LEAST_SD)
    return float(np.sqrt((((known - one) / scale) ** 2).sum(axis=1)).min())
