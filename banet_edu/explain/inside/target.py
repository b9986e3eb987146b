"""What an attribution explains: one number, how firmly a network holds its decision over a region of the image.

With m(p) = logsumexp(foreground logits at p) - background logit at p (two classes: their difference; the sigmoid of m is the
probability of the foreground), w the region's weights (they add up to 1) and d(p) = +1 or -1, what the unmodified
network decides at p:

    toward="decision"    score = sum_p w(p) d(p) m(p)      more: it holds its decision more firmly
    toward="outward"     score = sum_p w(p) m(p)           more: more of the region is foreground, the boundary lies further out
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from banet_edu.config import ModelSpec
from banet_edu.data.sample import Sample, as_case
from banet_edu.data.tensors import as_input, prepare
from banet_edu.data.volume import Volume, centred, normalised
from banet_edu.explain.inside.regions import Region, boundary_band
from banet_edu.prediction import model_spec, predict

Toward = Literal["decision", "outward"]
Baseline = Literal["blur", "mean"]
BLUR_SHARE = 0.1  # of the input's longer side: the standard deviation of the blur that stands for "not seen"
BATCH = {2: 8, 3: 1}  # images, and volumes, that go through the network together


@dataclass(frozen=True, eq=False)
class RegionScore:
    """The score of one image's region as a function of the network's input. (Shapes are those of images; a volume has D in
    front of H x W.)

    Attributes:
        model: the network, in eval mode while scores are taken (see `evaluating`).
        x: 1 x 3 x h x w, the prepared image.
        region: in the sample's own pixels.
        toward: "decision" or "outward".
        weights: h x w float64 at the input's size, on the CPU, adding up to 1: the share of each input pixel in the region.
        direction: h x w float64, on the CPU, +1 or -1: the sign with which a pixel's margin counts.
    """

    model: nn.Module
    x: Tensor
    region: Region
    toward: Toward
    weights: Tensor
    direction: Tensor

    def __call__(self, inputs: Tensor) -> Tensor:
        """B x 3 x h x w -> B float64."""
        found = margin(self.model(inputs.to(self.x.device))) * self.direction * self.weights
        return found.sum(dim=tuple(range(1, found.ndim)))

    @property
    def batch(self) -> int:
        """How many images, or volumes, go through the network together."""
        return BATCH[self.weights.ndim]

    @torch.no_grad()
    def of(self, inputs: Tensor) -> NDArray[np.float64]:
        """Scores of any number of images, B x 3 x h x w -> B, `batch` at a time and without gradients."""
        return torch.cat([self(part) for part in inputs.split(self.batch)]).cpu().numpy()

    @property
    def inside(self) -> NDArray[np.bool_]:
        """h x w: the input pixels that lie in the region by half or more (all it touches, where none does)."""
        share = self.weights.cpu().numpy()
        return share >= 0.5 * share.max()


def region_score(
    model: nn.Module, sample: Sample | Any, region: Region | None = None, toward: Toward = "decision"
) -> RegionScore:
    """The score to explain. Call it, and use what it gives back, inside `evaluating(model)`.

    Args:
        model: a network with a `.spec`.
        sample: what `predict` takes; a volume goes through the network as a whole.
        region: by default the boundary band of the network's own prediction.
        toward: see the top of this module.

    Raises ValueError on an unknown `toward`, a region of another size, or no region where nothing is found.
    """
    if toward not in get_args(Toward):
        raise ValueError(f"toward is {' or '.join(map(repr, get_args(Toward)))}, not {toward!r}")
    spec = model_spec(model)
    sample = as_case(sample, spec.dims)
    if region is None:
        prediction = predict(model, sample, native=spec.dims == 3)
        region = boundary_band(prediction.mask, spacing_mm=prediction.spacing_mm)
    if not isinstance(region, Region):
        raise ValueError(f"region must be a Region (see banet_edu.explain.inside.regions), not {type(region).__name__}")
    sides = sample.image.shape[: spec.dims]
    own = sides if sample.mask is None else sample.mask.shape
    if region.mask.shape not in ((own, sides, spec.input_size) if spec.dims == 2 else (own,)):
        found, wanted = (" x ".join(map(str, shape)) for shape in (region.mask.shape, own))
        raise ValueError(f"the region is {found}, the sample {wanted}: make it from this sample's mask or prediction")
    device = next(model.parameters()).device
    x = _input(sample, spec).to(device)
    weights = torch.from_numpy(_shares(region.mask, tuple(x.shape[2:])))
    direction = torch.ones_like(weights)
    if toward == "decision":
        with torch.no_grad():
            logits = model(x).cpu()
        foreground = margin(logits)[0] >= 0 if logits.shape[1] == 2 else logits[0].argmax(dim=0) > 0
        direction = torch.where(foreground, direction, -direction)
    return RegionScore(model, x, region, toward, weights, direction)


def margin(logits: Tensor) -> Tensor:
    """B x K x h x w -> B x h x w float64: logsumexp of the foreground's logits minus the background's.

    On the CPU: an Apple GPU has no float64.

    >>> margin(torch.tensor([1.0, 4.0]).view(1, 2, 1, 1)).item()
    3.0
    """
    logits = logits.cpu().double()
    return logits[:, 1:].logsumexp(dim=1) - logits[:, 0]


def baseline_input(x: Tensor, kind: Baseline = "blur", blur_px: float | None = None) -> Tensor:
    """The image with its information taken away, 1 x 3 x h x w.

    "blur": a Gaussian blur of standard deviation `blur_px` (by default a tenth of the longer side; in pixels of the
    network's input). "mean": the image's mean colour everywhere.
    """
    if kind not in get_args(Baseline):
        raise ValueError(f"baseline is {' or '.join(map(repr, get_args(Baseline)))}, not {kind!r}")
    if kind == "mean":
        if blur_px is not None:
            raise ValueError(f"blur_px={blur_px} goes with baseline='blur', not with 'mean'")
        return x.mean(dim=tuple(range(2, x.ndim)), keepdim=True).expand_as(x).clone()
    sigma = BLUR_SHARE * max(x.shape[2:]) if blur_px is None else float(blur_px)
    if not (np.isfinite(sigma) and sigma > 0):
        raise ValueError(f"blur_px must be a positive number of pixels, got {blur_px}")
    if x.ndim == 5:
        apart = (0, 0, sigma, sigma, sigma)
        return torch.from_numpy(gaussian_filter(x.cpu().numpy(), apart, mode="reflect")).to(x)
    planes = np.ascontiguousarray(x[0].permute(1, 2, 0).cpu().numpy())
    blurred = cv2.GaussianBlur(planes, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return torch.from_numpy(blurred).permute(2, 0, 1)[None].contiguous().to(x)


def _input(sample: Sample | Volume, spec: ModelSpec) -> Tensor:
    """1 x 3 x h x w of an image; of a volume 1 x 1 x D x H x W, padded where it is smaller than the network's window."""
    if isinstance(sample, Sample):
        return prepare(sample.image, spec)
    sides = tuple(map(max, zip(sample.shape, spec.input_size, strict=True)))
    return as_input(centred(normalised(sample), sides), spec)[None]


def _shares(mask: NDArray[np.bool_], size: tuple[int, ...]) -> NDArray[np.float64]:
    """How much of each input pixel lies in the region, h x w, adding up to 1."""
    source = mask.astype(np.float32)
    if mask.ndim == 3:  # as `centred` pads it, but with nothing
        gaps = [wanted - side for side, wanted in zip(mask.shape, size, strict=True)]
        source = np.pad(source, [(gap // 2, gap - gap // 2) for gap in gaps])
    elif mask.shape != size:
        way = cv2.INTER_AREA if mask.size > size[0] * size[1] else cv2.INTER_LINEAR
        source = cv2.resize(source, (size[1], size[0]), interpolation=way).astype(np.float32, copy=False)
    total = float(source.sum(dtype=np.float64))
    if total <= 0:
        raise ValueError(f"the region ({int(mask.sum())} pixels) vanishes at the network's input size {size}: widen it")
    return source.astype(np.float64) / total
