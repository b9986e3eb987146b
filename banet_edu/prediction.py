"""From an image to a probability, a mask, a contour and its measurements.

The way is always the same: the image is resized to the model's input size, the network gives probabilities, the
PROBABILITY is resized back (bilinear) and only then thresholded. Resizing a finished mask would move its boundary.
A volume is not resized: it is padded, or goes through the network in windows (`data.windows`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from banet_edu.config import Flips, ModelSpec, check_spacing, check_threshold
from banet_edu.data.domain import domain_warning
from banet_edu.data.sample import Sample, as_case, as_sample, resize
from banet_edu.data.tensors import as_input, normalise, prepare
from banet_edu.data.volume import Volume, as_volume, normalised
from banet_edu.data.windows import in_windows
from banet_edu.metrics.shape import measure, measure_volume, outlines

# A network, or a method without parameters that turns an H x W x 3 image into an H x W foreground.
Model = nn.Module | Callable[[NDArray[np.uint8]], NDArray[np.float32]]

SMALLEST_SIDE = 32  # no model here takes a smaller input
# Axes of a B x K x h x w tensor that are turned round, one entry for each look at the image.
_LOOKS: dict[Flips, list[list[int]]] = {"none": [[]], "horizontal": [[], [3]], "all": [[], [3], [2], [2, 3]]}


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says about one image, at the size of the sample's mask (of the image where there is no mask).

    `probability` is h x w float32, the probability of the foreground (any class but the background). `labels` is
    h x w uint8: 0 and 1, or the most probable of K classes. `spacing_mm` is the (row, column) size of one of these
    pixels, None when unknown. Of a volume all are D x H x W, and (z, y, x). Not a medical device.
    """

    probability: NDArray[np.float32]
    labels: NDArray[np.uint8]
    name: str
    class_names: tuple[str, ...]
    threshold: float
    spacing_mm: Any = None  # two sizes or three, or None
    margin: NDArray[np.float32] | None = None  # several classes: best foreground probability minus the background's
    warning: str | None = None  # where the image is unlike all that the network has learned from (`data.domain`)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """h x w, True on the foreground."""
        return self.labels > 0

    @property
    def level(self) -> NDArray[np.float32]:
        """h x w, 0 or more exactly on the foreground: the contour is where it crosses zero."""
        return self.probability - np.float32(self.threshold) if self.margin is None else self.margin

    @cached_property
    def contours(self) -> list[NDArray[np.float64]]:
        """Sub-pixel outlines of the foreground, each N x 2 (row, column); open where the region leaves the image."""
        if self.labels.ndim == 3:
            raise ValueError(f"{self.name}: a volume has a surface and no contour; take a slice's, outlines(level[z])")
        return outlines(self.level)

    @cached_property
    def measurements(self) -> dict[str, float]:
        """Area, diameters, perimeter, or the volume, unit in each name: `metrics.shape.measure`, `measure_volume`."""
        if self.labels.ndim == 3:
            return measure_volume(self.labels, self.class_names, spacing_mm=self.spacing_mm)
        return measure(self.level, spacing_mm=self.spacing_mm)

    def with_spacing(self, spacing_mm: tuple[float, ...] | None) -> Prediction:
        """The same prediction with another pixel size."""
        return replace(self, spacing_mm=spacing_mm)


def predict(
    model: Model,
    image: Sample | Volume | NDArray[Any] | str | Path,
    *,
    native: bool = False,
    threshold: float = 0.5,
    spacing_mm: tuple[float, ...] | None = None,
    flips: Flips = "none",
) -> Prediction:
    """Segment one image: a `Sample`, an H x W x 3 (or H x W) uint8 array, or the path of an image or DICOM file; with a
    network of volumes a `Volume` (`read_nifti`) or a D x H x W array, which then sees no flips.

    `model`: a network, or a classical method (`networks.classical`), which works at the image's own size whatever
    `native` says, and sees no flips.
    Two classes: foreground where its probability reaches `threshold`. More: the most probable class of the resized
    probabilities. `native=True` runs the network at the image's full size instead of its input size: it then sees
    objects far larger than it was trained on, and needs memory accordingly. `spacing_mm`, (row, column) of one pixel
    of the result, replaces what the sample or file says; millimetres appear only when one of them is known.
    `flips`: the mean probability over the image and its mirror image ("horizontal"; 2 times the work), or over all four
    ("all"; 4 times): a little more exact, docs/results.md says how much.

    Raises ValueError on a bad array, threshold or flips, or on a model without `.spec`, FileNotFoundError on a missing file.

    >>> import numpy as np
    >>> from banet_edu import create_model, predict
    >>> result = predict(create_model("banet", preset="nano"), np.zeros((90, 120, 3), dtype=np.uint8))
    >>> result.probability.shape, sorted(result.measurements)[0]
    ((90, 120), 'area_pct_of_image')
    """
    sample = as_case(image, model_spec(model).dims)
    [prediction] = predict_many(model, [sample], native=native, threshold=threshold, spacing_mm=spacing_mm, flips=flips)
    return prediction


def predict_many(
    model: Model,
    samples: Iterable[Sample | Volume],
    *,
    batch_size: int = 8,
    native: bool = False,
    threshold: float = 0.5,
    spacing_mm: tuple[float, ...] | None = None,
    flips: Flips = "none",
) -> Iterator[Prediction]:
    """`predict` for many samples, in order, one result at a time; the network sees `batch_size` images together.

    Only a batch of small inputs is ever held, so a folder of 12-megapixel images needs no more memory than one.
    """
    check_threshold(threshold)
    if flips not in _LOOKS:
        raise ValueError(f"flips is one of {', '.join(get_args(Flips))}, got {flips!r}")
    spec = model_spec(model)
    if spacing_mm is not None:
        check_spacing(spacing_mm, spec.dims)
    if spec.dims == 3:
        if flips != "none":
            raise ValueError(f"flips={flips!r} is for images: a volume's left is no right; leave it out")
        for volume in samples:
            yield _of_volume(model, as_volume(volume), spec, native, threshold, spacing_mm)
        return
    images = (as_sample(sample) for sample in samples)
    if not isinstance(model, nn.Module):
        for sample in images:
            found = model(sample.image)
            yield _leave(np.stack([1 - found, found]), spec, threshold, spacing_mm, **_return_to(sample))
        return
    while batch := [
        (*_enter(sample, spec, native), domain_warning(model, sample.image))
        for sample in islice(images, 1 if native else batch_size)
    ]:
        tensors, contexts, warnings = zip(*batch, strict=True)
        found = _probabilities(model, torch.cat(tensors), flips)
        for probability, context, warning in zip(found, contexts, warnings, strict=True):
            yield replace(_leave(probability, spec, threshold, spacing_mm, **context), warning=warning)


def model_spec(model: Model) -> ModelSpec:
    """The model's `.spec` (input size, normalisation, classes), or a ValueError that says how to give it one."""
    spec = getattr(model, "spec", None)
    if not isinstance(spec, ModelSpec):
        raise ValueError(
            f"{type(model).__name__} has no .spec, so its input size, normalisation and classes are unknown; use "
            "create_model(...) or load_model(...), or set model.spec = banet_edu.config.ModelSpec(name=...)"
        )
    return spec


def _enter(sample: Sample, spec: ModelSpec, native: bool) -> tuple[Tensor, dict[str, Any]]:
    """The network's input, 1 x 3 x h x w, and what is needed to bring its answer back to the sample's own size."""
    image = sample.image
    if native:
        if min(image.shape[:2]) < SMALLEST_SIDE:
            raise ValueError(
                f"{sample.name}: {image.shape[0]} x {image.shape[1]} is too small for native=True (--native); "
                f"each side needs at least {SMALLEST_SIDE} pixels"
            )
        tensor = normalise(image, spec.mean, spec.std)[None]
    else:
        tensor = prepare(image, spec)
    return tensor, _return_to(sample)


def _return_to(sample: Sample) -> dict[str, Any]:
    """The size and spacing that the answer is to have."""
    size = sample.image.shape[:2] if sample.mask is None else sample.mask.shape
    return {"size": size, "name": sample.name, "sample_spacing": sample.spacing_mm}


def _of_volume(model: Any, volume: Volume, spec: ModelSpec, native: bool, *how: Any) -> Prediction:
    """Windows of the size that the network has learned from; `native` shows it the whole volume at once."""
    sides = zip(volume.shape, spec.input_size, strict=True)
    size = tuple(max(side, own) for side, own in sides) if native else spec.input_size

    def network(window: NDArray[np.float32]) -> NDArray[np.float32]:
        return _probabilities(model, as_input(window, spec)[None], "none")[0]

    found = in_windows(normalised(volume), size, network)
    about: dict[str, Any] = {"size": volume.shape, "name": volume.name, "sample_spacing": volume.spacing_mm}
    return _leave(found, spec, *how, **about)


@torch.no_grad()
def _probabilities(model: nn.Module, batch: Tensor, flips: Flips) -> NDArray[np.float32]:
    """B x K x h x w softmax, computed in eval mode, each look turned back before the mean is taken."""
    with evaluating(model):
        batch = batch.to(next(model.parameters()).device)
        looks = [model(batch.flip(axes)).float().softmax(dim=1).flip(axes) for axes in _LOOKS[flips]]
        return torch.stack(looks).mean(dim=0).cpu().numpy()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Eval mode inside the block; afterwards every submodule has the mode it had."""
    training = [module for module in model.modules() if module.training]
    if training:  # setting all modes costs a third of a small network's forward pass
        model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _leave(
    probability: NDArray[np.float32],
    spec: ModelSpec,
    threshold: float,
    spacing_mm: tuple[float, ...] | None,
    *,
    size: tuple[int, ...],
    name: str,
    sample_spacing: tuple[float, ...] | None,
) -> Prediction:
    """Probabilities K x h x w back to `size`, then the decision."""
    about = (name, spec.class_names, threshold, spacing_mm or sample_spacing)
    if len(probability) == 2:
        foreground = _resize(probability[1], size)
        return Prediction(foreground, (foreground >= np.float32(threshold)).view(np.uint8), *about)
    full = np.stack([_resize(channel, size) for channel in probability])
    labels = full.argmax(axis=0).astype(np.uint8)
    margin = full[1:].max(axis=0) - full[0]
    margin[(labels == 0) & (margin == 0)] = -np.finfo(np.float32).tiny  # a tie goes to the background
    return Prediction(1.0 - full[0], labels, *about, margin)


def _resize(channel: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    if channel.shape == size:  # of volumes always
        return channel
    return np.asarray(resize(channel, size), dtype=np.float32)
