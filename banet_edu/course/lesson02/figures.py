"""What training is given, in pictures: image and mask changed at random, together or wrongly, and the boundary target."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

import cv2
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes

from banet_edu.data.augment import Augment, build_augment
from banet_edu.data.sample import Sample
from banet_edu.figures.contour import draw_lines, mask_outlines, name_lines
from banet_edu.figures.style import ORANGE, PREDICTION, REFERENCE, draw_image, new_figure, styled
from banet_edu.metrics.overlap import overlap
from banet_edu.training.losses import boundary_target

Padding = Literal["replicate", "zero"]
PADDINGS: dict[str, Padding] = {"frame repeated": "replicate", "zeros beyond": "zero"}
#: what may happen to the mask while the image is changed
HANDLINGS = {
    "together": "mask moved together",
    "left behind": "mask left behind",
    "other draw": "mask of another draw",
    "bilinear": "mask enlarged bilinearly",
}
_SHRUNK = 4  # a mask kept at a quarter of the image's size, then enlarged
_PINK, _CYAN, _SMEARED = np.array([255, 60, 160]), np.array([80, 220, 255]), np.array([200, 90, 40])

_augment = cache(build_augment)


def wide_target(mask: NDArray[np.bool_], width: int, padding: Padding = "replicate") -> NDArray[np.bool_]:
    """`boundary_target` grown to `width` pixels (even): the pixels with both labels within a square around them.

    >>> wide_target(np.array([[0, 0, 0, 0, 1, 1, 1, 1]], bool), 4).astype(int).tolist()
    [[0, 0, 1, 1, 1, 1, 0, 0]]
    """
    if width < 2 or width % 2:
        raise ValueError(f"a two-sided band is 2, 4, 6, ... pixels wide, not {width}")
    reach = width // 2
    labels = np.pad(mask, reach, mode="edge") if padding == "replicate" else np.pad(mask, reach)
    grown = torch.from_numpy(labels.astype(np.float32))[None, None]
    size = 2 * reach + 1
    highest = torch.nn.functional.max_pool2d(grown, size, stride=1)[0, 0].numpy()
    lowest = -torch.nn.functional.max_pool2d(-grown, size, stride=1)[0, 0].numpy()
    return highest > lowest


def frame_share(mask: NDArray[np.bool_]) -> float:
    """Which share of the package's boundary target (2 pixels wide) is false when zeros lie beyond the frame, 0 to 1."""
    target = torch.from_numpy(np.array(mask, np.int64))[None]
    with_zeros, without = (float(boundary_target(target, p).sum()) for p in ("zero", "replicate"))
    return (with_zeros - without) / with_zeros if with_zeros else 0.0


def boundary_target_figure(sample: Sample, k: int, padding: str) -> Figure:
    """The image and the target of k x k windows at one padding; false edges along the frame in pink."""
    figure, axes = new_figure(1, 2, height=5.0)
    assert sample.mask is not None
    draw_image(axes[0][0], sample.image, sample.mask.shape)
    axes[0][0].set_title(sample.name)
    _draw_target(axes[0][1], sample, k, padding)
    return figure


def _draw_target(axes: Axes, sample: Sample, k: int, padding: str) -> None:
    assert sample.mask is not None
    mask = sample.mask > 0
    target = wide_target(mask, k - 1, PADDINGS[padding])
    false = target & ~wide_target(mask, k - 1)
    picture = np.full((*mask.shape, 3), 30, np.uint8)
    picture[mask] = 90
    picture[target], picture[false] = _CYAN, _PINK
    draw_image(axes, picture, mask.shape)
    share = 100 * false.sum() / max(1, target.sum())
    axes.set_title(f"{k} x {k} windows, {padding}\n{share:.0f} % of the target is false")
    with styled():
        for name, colour in (("target", _CYAN), ("false edge", _PINK), ("mask", np.full(3, 90))):
            axes.plot([], [], "s", color=colour / 255, label=name)
        name_lines(axes, "lower left")
    if false.any():
        _point_out(axes, false, target)


def _point_out(axes: Axes, false: NDArray[np.bool_], target: NDArray[np.bool_]) -> None:
    """An arrow from the words to the false edge, so that colour alone does not say which it is; it crosses no other edge."""
    height, width = false.shape
    places = np.argwhere(false)
    end = places[np.abs(places - np.median(places, axis=0)).sum(axis=1).argmin()]
    # the words stand where there is most room, among the places that see the edge
    room = cv2.distanceTransform((~target).astype(np.uint8), cv2.DIST_L2, 3)
    true, way = target & ~false, np.linspace(0, 1, 60)[:, None]

    def sees(at: tuple[int, int]) -> bool:
        rows, columns = np.round(at + way * (end - np.array(at))).astype(int).T
        return not true[rows, columns].any()

    grid = [(r, c) for r in range(height // 8, height, 4) for c in range(width // 4, 1 + 3 * width // 4, 4)]
    text = max([at for at in grid if sees(at)] or grid, key=lambda at: room[at])
    with styled():
        axes.annotate(
            "false edge",
            xy=(end[1], end[0]),
            xytext=(text[1], text[0]),
            color="white",
            ha="center",
            va="center",
            arrowprops={"arrowstyle": "->", "color": "white"},
        )


def jpeg_figure(sample: Sample, levels: NDArray[np.uint8], read: Mapping[str, NDArray[np.bool_]]) -> Figure:
    """The grey levels of a mask that was stored as JPEG, in the corner where it ends, or how each way to `read` it (name ->
    mask) comes out there: its outer outline beside the reference's, with the JA of the whole mask."""
    assert sample.mask is not None
    rows, columns = np.nonzero(sample.mask)
    top, left = int(rows.min()) - 12, int(columns.min()) - 12
    place = (slice(max(0, top), top + 64), slice(max(0, left), left + 64))
    figure, axes = new_figure(1, max(1, len(read)), height=4.2 if not read else 3.9)
    shown = np.repeat(levels[..., None], 3, axis=2)
    shown[(levels > 0) & (levels < 255)] = _SMEARED
    shown = shown[place]
    for panel, name in zip(axes[0], read or ["a corner of the mask, read from JPEG"], strict=True):
        panel.set_title(name)
        draw_image(panel, shown, shown.shape[:2])
        if read:
            draw_lines(panel, mask_outlines(sample.mask[place] > 0), colour=REFERENCE, label="reference")
            outer = max(mask_outlines(binary_fill_holes(read[name])[place]), key=len)
            draw_lines(panel, [outer], colour=PREDICTION, label="read")
            panel.set_title(f"{name}\nJA {overlap(read[name], sample.mask > 0)['JA']:.2f}")
        panel.plot([], [], "s", color=_SMEARED / 255, label="neither 0 nor 255")
        with styled():
            name_lines(panel, "upper left")
    return figure


def masks_figure(samples: Mapping[str, Sample]) -> Figure:
    """Samples side by side, pixel by pixel: one pixel is a square of the same size in all of them; with their outlines."""
    shapes = [s.mask.shape for s in samples.values() if s.mask is not None]
    tallest, widths = max(shape[0] for shape in shapes), [shape[1] for shape in shapes]
    figure, axes = new_figure(1, len(shapes), height=min(3.8, 0.4 + 9.5 * tallest / sum(widths)), width_ratios=widths)
    for panel, (name, sample) in zip(axes[0], samples.items(), strict=True):
        assert sample.mask is not None
        _draw(panel, sample.image, sample.mask > 0, name)
        panel.set_ylim(tallest - 0.5, -0.5)
    return figure


def augmented(
    sample: Sample, seed: int, handling: str = "together", kind: str = "default"
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_]]:
    """The changed image, the mask that `handling` gives it, and the mask that belongs to it; all at the mask's size.

    `seed` decides the random change; `kind` is the recipe of `banet_edu.data.augment.build_augment`.
    """
    if handling not in HANDLINGS:
        raise ValueError(f"handling {handling!r} is unknown; known: {', '.join(HANDLINGS)}")
    assert sample.mask is not None
    sample = sample.at((sample.mask.shape[0], sample.mask.shape[1]))
    assert sample.mask is not None
    mask = (sample.mask > 0).astype(np.uint8)
    change: Augment = _augment(kind)
    image, right = change(sample.image, mask, seed)
    given = {"together": right, "left behind": mask}.get(handling)
    if handling == "other draw":
        _, given = change(sample.image, mask, seed + 1)
    elif handling == "bilinear":
        given = _enlarged(right)
    assert given is not None
    return image, given > 0, right > 0


def _enlarged(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mask from a quarter of its size, enlarged as an image is: the grey rim that `> 0` takes for object."""
    height, width = mask.shape
    size = (max(1, width // _SHRUNK), max(1, height // _SHRUNK))
    small = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def augmentation_figure(sample: Sample, seed: int, handling: str = "together") -> Figure:
    """The sample beside one changed copy, each with the outline of its mask."""
    figure, axes = new_figure(1, 2, height=5.0)
    assert sample.mask is not None
    _draw(axes[0][0], sample.image, sample.mask > 0, "as stored")
    _draw_changed(axes[0][1], sample, seed, handling)
    return figure


def _draw_changed(axes: Axes, sample: Sample, seed: int, handling: str) -> None:
    image, given, right = augmented(sample, seed, handling)
    ja = overlap(given, right)["JA"]
    _draw(axes, image, given, f"{HANDLINGS[handling]}\ndraw {seed}: JA {ja:.2f}", right_one=handling == "together")


def _draw(axes: Axes, image: NDArray[np.uint8], mask: NDArray[np.bool_], title: str, right_one: bool = True) -> None:
    draw_image(axes, image, mask.shape)
    draw_lines(axes, mask_outlines(mask), colour=REFERENCE if right_one else ORANGE, width=2.0)
    axes.set_title(title)
