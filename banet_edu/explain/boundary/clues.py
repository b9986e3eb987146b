"""What is known of an outline without a mask: at each point, how much networks disagree about it and what the image shows.

All of it is cheap to have: the network and a second one, trained on the same images, look at the image, at three mirror images
of it, and at a finer copy. Where their outlines run apart, one of them is wrong at least.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from banet_edu.data.sample import Sample, resize_image, resize_mask
from banet_edu.data.tensors import prepare
from banet_edu.explain.boundary.across import nearest_run
from banet_edu.explain.boundary.appearance import read_appearance
from banet_edu.explain.boundary.outline import Array, Grid, Outline, distance_to, outline_of_level
from banet_edu.explain.inside.trace import Trace, probe
from banet_edu.prediction import Prediction, evaluating, model_spec

_MIRRORED: tuple[list[int], ...] = ([], [3], [2], [2, 3])  # axes of a B x 3 x h x w input that are turned round
_FINER = 1.5  # times the network's input size
_FARTHEST = 64.0  # working pixels: two outlines farther apart than a quarter of the image are simply elsewhere
_T = np.arange(-24.0, 24.25, 0.5)  # working pixels along the normal in which the probability is looked for
_UNDECIDED = (0.3, 0.7)
_FRAME = 60.0  # working pixels from the image's frame: beyond, it has no say


@dataclass(frozen=True, eq=False)
class Clues:
    """The N points of the predicted outline, and for each clue one value at each of them.

    `outline` in working pixels of `grid`, `values` name -> N.
    """

    outline: Outline
    grid: Grid
    values: dict[str, Array]

    def table(self, names: list[str]) -> Array:
        """N x K: the named clues."""
        return np.column_stack([self.values[name] for name in names]) if names else np.empty((len(self.outline), 0))


def read_clues(model: nn.Module, second: nn.Module, sample: Sample, *, trace: Trace | None = None) -> Clues:
    """Every clue along the outline that `model` draws (two classes, threshold 0.5). The sample's mask is not looked at.

    Args:
        second: another network for the same kind of images.
        trace: what `probe` saw of this sample, if it was asked before.

    Distances are logarithms of working pixels (1/256 of the longer side): `second`, `mirrored`, `second_mirrored`, `finer`,
    `second_finer` and `sides` from the outline to those of the second network, of the mirror images (mean of three), of the
    finer copy, and of BA-Net's two finest side outputs; `slack` and `second_slack` how far along the normal the probability
    stays between 0.3 and 0.7. `spread`: logarithm of the standard deviation of all these probabilities at the point;
    `together`: how far their mean is from undecided. Of the image: `contrast`, `edge_width`, `noise`, `look_alike`, `frame`
    (see `boundary_profile`), `bend` and `bulge` of the outline, `part` (share of the outlined area that this point bounds).
    """
    trace = probe(model, sample) if trace is None else trace
    assert trace.prediction is not None
    prediction = trace.prediction
    grid = Grid.of(prediction.mask.shape, prediction.spacing_mm)
    outline = outline_of_level(prediction.level, grid)
    if not len(outline):
        return Clues(outline, grid, {})
    (own, own_finer), (other, other_finer) = (_looks(network, sample) for network in (model, second))
    at = outline.points[:, None, :] + _T[None, :, None] * outline.normals[:, None, :]

    def apart(*maps: NDArray[np.float32]) -> Array:
        return np.asarray(np.mean([_log_distance(outline, outline_of_level(m - 0.5, grid)) for m in maps], axis=0))

    def slack(probability: NDArray[np.float32]) -> Array:
        line = grid.read(probability, at.reshape(-1, 2)).reshape(len(outline), len(_T))
        undecided = (line > _UNDECIDED[0]) & (line < _UNDECIDED[1])
        return _log([len(nearest_run(row, np.abs(_T))) * (_T[1] - _T[0]) for row in undecided])

    here = np.stack([grid.read(m, outline.points) for m in (*own, own_finer, *other, other_finer)]).clip(0.001, 0.999)
    values = {
        "slack": slack(own[0]),
        "second_slack": slack(other[0]),
        "second": apart(other[0]),
        "mirrored": apart(*own[1:]),
        "second_mirrored": apart(*other[1:]),
        "finer": apart(own_finer),
        "second_finer": apart(other_finer),
        "spread": np.log(here.std(axis=0) + 0.02),
        "together": np.abs(np.log(here / (1 - here)).mean(axis=0)),
    }
    if sides := [name for name in trace.names() if name.endswith("side.mask")][:2]:
        values["sides"] = apart(*(np.asarray(trace.mask_probability(name), np.float32) for name in sides))
    values |= _image_clues(sample, prediction, outline, grid)
    return Clues(outline, grid, values)


def _image_clues(sample: Sample, prediction: Prediction, outline: Outline, grid: Grid) -> dict[str, Array]:
    region = resize_mask(prediction.mask, grid.shape)
    seen = read_appearance(resize_image(sample.image, grid.shape), region, outline)
    row, column = outline.points.T
    to_frame = np.minimum.reduce([row, column, grid.shape[0] - 1 - row, grid.shape[1] - 1 - column]) + 0.5
    area = np.array([_area(outline, one) for one in range(outline.contour.max() + 1)])
    return {
        "contrast": np.log(np.maximum(seen.contrast, 1.0) + 5),
        "edge_width": np.log(np.where(np.isfinite(seen.edge_width), seen.edge_width, 4.0)),
        "noise": np.log(seen.noise + 1),
        "look_alike": seen.look_alike,
        "frame": np.log(np.minimum(to_frame, _FRAME) + 3),
        "bend": np.minimum(np.abs(outline.curvature()), 0.3),
        "bulge": outline.curvature(8.0).clip(-0.3, 0.3),
        "part": (area / max(area.max(), 1e-9))[outline.contour],
    }


def _area(outline: Outline, contour: int) -> float:
    """What one contour encloses (the frame closing an open one), in square working pixels."""
    row, column = outline.points[outline.contour == contour].T
    return abs(float((row * np.roll(column, -1) - column * np.roll(row, -1)).sum())) / 2


@torch.no_grad()
def _looks(model: nn.Module, sample: Sample) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """4 x h x w: the foreground's probability on the image and on its mirror images, turned back; h' x w' on a finer copy."""
    spec, device = model_spec(model), next(model.parameters()).device
    finer = replace(spec, input_size=(round(_FINER * spec.input_size[0]), round(_FINER * spec.input_size[1])))
    with evaluating(model):
        image = prepare(sample.image, spec).to(device)
        found = _foreground(model(torch.cat([image.flip(axes) for axes in _MIRRORED])))
        turned = [np.flip(one, tuple(axis - 2 for axis in axes)) for one, axes in zip(found, _MIRRORED, strict=True)]
        return np.stack(turned), _foreground(model(prepare(sample.image, finer).to(device)))[0]


def _foreground(logits: Any) -> NDArray[np.float32]:
    return np.asarray(1 - logits.float().softmax(dim=1)[:, 0].cpu().numpy(), np.float32)


def _log(pixels: Any) -> Array:
    return np.log(np.asarray(pixels, np.float64) + 0.5)


def _log_distance(outline: Outline, other: Outline) -> Array:
    if not len(other):
        return np.full(len(outline), np.log(_FARTHEST + 0.5))
    return _log(np.minimum(distance_to(outline.points, other), _FARTHEST))
