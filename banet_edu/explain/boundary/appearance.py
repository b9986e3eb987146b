"""What the image looks like at a boundary: contrast, edge width, noise, and what lies over it.

Everything is measured on the working grid (`outline.Grid`), so that windows mean the same share of every image. At each
contour point the image is read along the normal, as RGB levels along the one colour axis that best tells inside from
outside, and a blurred step is fitted:

    y(t) = a + b * Phi(-(t - t0) / sigma)         t < 0 inside, t > 0 outside, Phi the normal distribution function

The contrast is not b but how much the outline itself stands out against what lies outside of it: 2 (y(t0) - y(out)), corrected
for what of a wide step the window does not show, and between 0 and y(in) - y(out). Where an object fades away before its
outline, b is large and the outline is still not to be seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.special import ndtr

from banet_edu.explain.boundary.outline import Outline

Array = NDArray[np.float64]

REACH = 24.0  # how far a normal reaches to either side, in working pixels
STEP = 0.5
SIGMAS = np.geomspace(0.7, 20.0, 18)  # of the blurred step, in working pixels
OFFSETS = np.array([-1.0, 0.0, 1.0])  # no more: an edge farther away is no contrast AT the outline
_ANGLES = range(0, 180, 15)
_ACROSS, _LONG = 9, 13  # working pixels: a hair is thinner than the one and longer than the other
_SMALLEST_HAIR = 45  # pixels, widened by one on each side
ALONG = 3.0  # profiles are averaged over this many points along the contour (standard deviation)


@dataclass(frozen=True, eq=False)
class Appearance:
    """One value per contour point; lengths in working pixels, brightness in RGB levels (a grey step of 1 is 1.7).

    `contrast` (at the outline; negative where inside and outside are the wrong way round), `edge_width` (sigma of the fitted
    step; nan where the contrast is too small for a width to be read), `noise` (standard deviation of the finest texture),
    `occluder` (share of the surroundings under hair or highlights), `look_alike` (share of the outside within reach that looks
    like the inside), `profile` (N x T, RGB levels along the normal at `t`).
    """

    contrast: Array
    edge_width: Array
    noise: Array
    occluder: Array
    look_alike: Array
    profile: Array
    t: Array


def looks_for_hair(model: Any) -> bool:
    """Whether the filters for hair and highlights speak of what a network is for: they are made for skin, and on X-rays and in
    endoscopy mark ribs, vessels and folds. Yes where nothing is known of the network."""
    record = getattr(model, "info", {}).get("track_record")
    return bool(record["skin"]) if record else True


def read_appearance(
    image: NDArray[np.uint8], mask: NDArray[np.bool_], outline: Outline, *, occluded: bool = True
) -> Appearance:
    """Measure the image at a contour.

    Args:
        image: h x w x 3 uint8, at working size.
        mask: h x w bool, the region that the contour bounds.
        outline: the mask's outline, N points.
        occluded: look for hair and highlights, see `looks_for_hair`.
    """
    t = np.arange(-REACH, REACH + STEP / 2, STEP)
    inside_reach = float(np.clip(0.6 * cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5).max(), 6.0, REACH))
    grey = image.astype(np.float32) @ colour_axis(image, mask)
    covered = occluders(image) if occluded else np.zeros(mask.shape, np.float32)
    at = outline.points[:, None, :] + t[None, :, None] * outline.normals[:, None, :]
    frame = np.array(grey.shape) - 1
    seen = ((at >= 0) & (at <= frame)).all(axis=2) & (t >= -inside_reach)[None]
    y = map_coordinates(grey, at.transpose(2, 0, 1), order=1, mode="nearest")
    hidden = map_coordinates(covered, at.transpose(2, 0, 1), order=1, mode="nearest") > 0.4
    free = np.where(seen & ~hidden, 1.0, 1e-3 * seen)
    weight = outline.smoothed(free, ALONG)
    y = outline.smoothed(free * y, ALONG) / np.maximum(weight, 1e-9)

    contrast, edge_width, inner, outer = read_steps(y, weight, t, inside_reach)
    grain = _grain(grey, covered)
    noise = map_coordinates(grain, outline.points.T, order=1, mode="nearest")
    near = np.abs(t) <= 8
    occluder = outline.smoothed((hidden & seen)[:, near].mean(axis=1), ALONG)
    around = weight * (t >= REACH / 2)  # not nearer: what a soft edge spills over its outline is no neighbour
    alike = (around * (y > (np.median(inner) + np.median(outer)) / 2)).sum(axis=1) / np.maximum(
        around.sum(axis=1), 1e-9
    )
    return Appearance(contrast, edge_width, noise, occluder, alike, y, t)


def read_steps(
    y: Array, weight: Array, t: Array, inside_reach: float, least: float = 1.0
) -> tuple[Array, Array, Array, Array]:
    """The blurred step of the formula above in N profiles.

    Args:
        y, weight: N x T, brightness along the normals, and how far each value counts.
        t: T, from -REACH to REACH in working pixels. inside_reach: how far inward is still inside.
        least: contrast below which no edge width is read.

    Returns: N each, contrast, edge width (nan where it cannot be read), levels inside and outside.
    """
    sigma, offset = _fit_step(y, weight, t)
    inner, _ = _level(y, weight, (t >= -inside_reach) & (t <= -inside_reach / 2))
    outer, share = _level(y, weight, t >= REACH / 2)
    contrast = _contrast(y, t, sigma, offset, inner, outer, share)
    readable = np.abs(contrast) > max(0.25 * float(np.median(np.abs(contrast))), least)
    return contrast, np.where(readable, sigma, np.nan), inner, outer


def colour_axis(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Unit vector (R, G, B) from the mean colour just outside of a region to that just inside: where they differ."""
    distance_in = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    distance_out = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    inner, outer = (distance_in > 2) & (distance_in < 20), (distance_out > 2) & (distance_out < 20)
    if not inner.any() or not outer.any():
        return np.full(3, 1 / np.sqrt(3), np.float32)
    difference = np.median(image[inner], axis=0) - np.median(image[outer], axis=0)
    length = float(np.linalg.norm(difference))
    return (difference / length if length > 0 else np.full(3, 1 / np.sqrt(3))).astype(np.float32)


def occluders(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """h x w, 1 where something thin and long (a hair, dark or light) or bright and colourless (a highlight) lies over it.

    Hair: what a closing (light hair: an opening) across it takes away, and still there after an erosion along it; pieces
    shorter than about 15 working pixels are pigment rather than hair. After DullRazor (Lee et al. 1997), with oriented lines.
    """
    grey = image.astype(np.float32).mean(axis=2)
    smooth = cv2.GaussianBlur(grey, (0, 0), 0.7)
    across = [_line(_ACROSS, angle) for angle in _ANGLES]
    along = [_line(_LONG, angle) for angle in _ANGLES]
    hair = np.zeros(grey.shape, np.uint8)
    lit = cv2.dilate(cv2.GaussianBlur(grey, (0, 0), 4), np.ones((41, 41), np.uint8))
    for sign in (1.0, -1.0):
        step = (
            np.maximum.reduce([cv2.morphologyEx(sign * smooth, cv2.MORPH_CLOSE, line) for line in across])
            - sign * smooth
        )
        kept = np.maximum.reduce([cv2.erode(step, line) for line in along])
        middle = float(np.median(kept))
        level = max(12.0, middle + 4.0 * float(np.median(np.abs(kept - middle))))
        # A light hair is lighter than anything around it; a gap between two dark patches is only as light as the skin.
        found = (kept > level) & ((sign > 0) | (smooth > lit))
        hair |= found.astype(np.uint8)
    hair = cv2.dilate(hair, np.ones((3, 3), np.uint8))
    _, parts, stats, _ = cv2.connectedComponentsWithStats(hair, connectivity=8)
    hair = (stats[:, cv2.CC_STAT_AREA] >= _SMALLEST_HAIR)[parts] & (hair > 0)
    value, least = image.max(axis=2), image.min(axis=2)
    shine = (value > 225) & (least > 0.8 * value) & (grey - cv2.GaussianBlur(grey, (0, 0), 8) > 40)
    return np.maximum(hair, cv2.dilate(shine.astype(np.uint8), np.ones((3, 3), np.uint8))).astype(np.float32)


def _line(length: int, angle_deg: float) -> NDArray[np.uint8]:
    element = np.zeros((length, length), np.uint8)
    middle = (length - 1) / 2
    reach = middle * np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])
    start, end = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
    cv2.line(element, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), 1)
    return element


def _fit_step(y: Array, weight: Array, t: Array) -> tuple[Array, Array]:
    """Weighted least squares of a + b * Phi(-(t - t0) / sigma) over a grid: the best sigma and t0 of each profile."""
    sigma, offset = (grid.ravel() for grid in np.meshgrid(SIGMAS, OFFSETS, indexing="ij"))
    phi = ndtr(-(t[:, None] - offset) / sigma)  # T x candidates
    s0, s1, s2 = weight.sum(axis=1, keepdims=True), weight @ phi, weight @ phi**2
    sy, sy1, syy = (
        (weight * y).sum(axis=1, keepdims=True),
        (weight * y) @ phi,
        (weight * y * y).sum(axis=1, keepdims=True),
    )
    spread = np.maximum(s2 - s1**2 / s0, 1e-6 * s0)
    b = (sy1 - s1 * sy / s0) / spread
    residual = syy - sy**2 / s0 - b**2 * spread
    residual = residual + 1e-3 * (np.abs(offset) + sigma) * s0  # among equals the sharper edge nearer to the outline
    best = residual.argmin(axis=1)
    return sigma[best], offset[best]


def _contrast(y: Array, t: Array, sigma: Array, offset: Array, inner: Array, outer: Array, share: Array) -> Array:
    """The height of the step as its outer half tells it, between 0 and the whole difference that is there."""
    at_edge = y[np.arange(len(y)), np.rint((offset - t[0]) / STEP).astype(int)]
    outside = t >= REACH / 2
    shown = (share * (0.5 - ndtr(-(t[outside] - offset[:, None]) / sigma[:, None]))).sum(axis=1)
    whole = inner - outer  # negative where inside and outside are the other way round
    told = (at_edge - outer) / np.maximum(shown, 0.4)  # of a sharp edge 0.5 shows
    return np.clip(told, np.minimum(whole, 0), np.maximum(whole, 0))


def _level(y: Array, weight: Array, chosen: NDArray[np.bool_]) -> tuple[Array, Array]:
    share = weight[:, chosen] / np.maximum(weight[:, chosen].sum(axis=1, keepdims=True), 1e-9)
    return (share * y[:, chosen]).sum(axis=1), share


def _grain(grey: NDArray[np.float32], covered: NDArray[np.float32]) -> NDArray[np.float32]:
    """Local standard deviation of what a 3 x 3 median takes away, over about 15 x 15 pixels.

    Occluders are left out, and single deviations (bits of a hair) count as three usual ones at most.
    """
    fine = np.abs(grey - cv2.medianBlur(grey, 3))
    fine = np.minimum(fine, 3 * max(float(np.median(fine[covered == 0])) if (covered == 0).any() else 0.0, 1.0)) ** 2
    free = 1.0 - cv2.dilate(covered, np.ones((5, 5), np.uint8))
    total = cv2.GaussianBlur(fine * free, (0, 0), 4) / np.maximum(cv2.GaussianBlur(free, (0, 0), 4), 1e-3)
    return np.sqrt(np.maximum(total, 0)).astype(np.float32)
