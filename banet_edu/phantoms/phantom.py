"""Phantoms: synthetic dermoscopy, endoscopy and chest X-ray images whose boundary is known exactly.

The contour is a polygon in continuous coordinates; mask, signed distance and the anti-aliased image all follow from it.
Only the look is random: the same seed gives the same scene at every size, and softness, contrast and occlusion can be
set along the contour, so that a cause of error can be planted in one sector and looked for afterwards.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from banet_edu.config import check_spacing
from banet_edu.data.sample import Sample, Size, height_width
from banet_edu.phantoms import chest, dermoscopy, endoscopy
from banet_edu.phantoms.canvas import Canvas, Field
from banet_edu.phantoms.shapes import Setting, Target, along_contour, angles_deg, signed_distance

KINDS = ("dermoscopy", "polyp", "lung")
_OTHER_NAMES = {"endoscopy": "polyp", "chest": "lung"}
_PAINTERS = {"dermoscopy": dermoscopy, "polyp": endoscopy, "lung": chest}

# Usual values per kind: field of view along the short side in mm, edge softness in scene units, noise in grey levels.
_FIELD_MM = {"dermoscopy": 18.0, "polyp": 40.0, "lung": 350.0}
_SOFTNESS = {"dermoscopy": 0.01, "polyp": 0.004, "lung": 0.004}
_NOISE = {"dermoscopy": 3.0, "polyp": 2.5, "lung": 2.0}
_SHARPEST_PX = 0.5  # no edge is sharper: it stands for the pixel's own blur and keeps the image anti-aliased


class Phantom(Sample):
    """A Sample with the truth it was painted from.

    Attributes:
        signed_distance_px: h x w float32, distance of each pixel centre to the contour, negative inside;
            `mask` is where it is below 0.
        contour: N x 2 float64 (row, column), sub-pixel; a lung phantom has both lungs one after the other.
        contours: the same as a list with one closed contour per object.
        angle_deg: N, direction of each contour point from the centroid of its own object (0 right, 90 up): the angle
            that sectors are given in.
        parameters: every argument of `make_phantom`, by name.
    """

    def __init__(
        self,
        image: NDArray[np.uint8],
        signed_distance_px: Field,
        contours: list[NDArray[np.float64]],
        name: str,
        spacing_mm: tuple[float, float],
        parameters: dict[str, Any],
    ) -> None:
        super().__init__(image, signed_distance_px < 0, name, spacing_mm)
        self.signed_distance_px = signed_distance_px
        self.contours = contours
        self.contour = np.concatenate(contours)
        self.angle_deg = angles_deg(contours)
        self.parameters = parameters


def make_phantom(
    kind: str,
    *,
    seed: int = 0,
    size: Size = 256,
    edge_softness_px: Setting | None = None,
    contrast: Setting = 1.0,
    irregularity: float = 0.4,
    occlusion: Setting = 0.0,
    noise: float | None = None,
    spacing_mm: float | tuple[float, float] | None = None,
) -> Phantom:
    """Paint one phantom.

    `edge_softness_px`, `contrast` and `occlusion` hold for the whole contour (a number), for sectors of it
    (`{(from_deg, to_deg): value}`, the usual value elsewhere) or follow a function of the angle in degrees. Angles are
    seen from the object's centroid, 0 right, 90 up, counter-clockwise. For one lung add its index:
    `{(30, 90, 1): value}`, 0 being the lung on the left of the image.

    Args:
        kind: "dermoscopy" (pigmented lesion on skin), "polyp" or "endoscopy" (polyp in the colon), "lung" or "chest"
            (chest X-ray, both lungs are the mask).
        seed: of everything random; the scene is the same at every size.
        size: pixels, one int (square) or (h, w), at least 32.
        edge_softness_px: standard deviation of the blurred edge in pixels of this image (the edge profile is the normal
            distribution function of distance / softness); None: the kind's usual one at this size.
        contrast: 1 shows the whole difference between object and surroundings, 0 none; up to 1.5.
        irregularity: of the shape, 0 (smooth) to 1 (ragged).
        occlusion: share of the contour that is hidden, 0 to 1: under hair, mucus or cloudy opacities.
        noise: standard deviation of the camera's noise in grey levels, 0 to 64; None: the kind's usual one.
        spacing_mm: size of a pixel, one number or (row, column); None: the kind's usual field of view (18, 40 and
            350 mm along the short side) over its pixels.

    Returns:
        Phantom: image h x w x 3 uint8, mask h x w bool; the same bytes for the same arguments, at any thread count.

    Raises:
        ValueError: an unknown kind or a value outside its range.

    >>> phantom = make_phantom("dermoscopy", seed=3, size=64, contrast={(45, 90): 0.2})
    >>> phantom.image.shape, bool((phantom.mask == (phantom.signed_distance_px < 0)).all())
    ((64, 64, 3), True)
    """
    parameters = {name: value for name, value in locals().items() if name != "kind"}
    kind = _OTHER_NAMES.get(kind, kind)
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is no phantom; choose one of {', '.join((*KINDS, *_OTHER_NAMES))}.")
    height, width = height_width(size)
    if min(height, width) < 32 or max(height, width) > 2 * min(height, width):
        raise ValueError(f"size {height} x {width}: at least 32 pixels, and the long side at most twice the short one.")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a whole number from 0 on, got {seed!r}.")
    _check_range("irregularity", irregularity, 1.0)
    noise = _NOISE[kind] if noise is None else noise
    _check_range("noise", noise, 64.0)

    canvas = Canvas(kind, int(seed), height, width)
    painter = _PAINTERS[kind]
    target = _target(canvas, painter.outline(canvas, irregularity), edge_softness_px, contrast, occlusion)
    image = painter.paint(canvas, target)
    image = image + _grain(canvas, noise) * np.sqrt(np.clip(image, 0, 255) / 128)  # less where little light falls
    contours = [canvas.to_pixels(c) for c in target.contours]
    spacing = _FIELD_MM[kind] / canvas.unit if spacing_mm is None else spacing_mm
    spacing = check_spacing(spacing if isinstance(spacing, tuple) else (spacing, spacing))
    return Phantom(
        np.clip(np.rint(image), 0, 255).astype(np.uint8),
        target.distance * np.float32(canvas.unit),
        contours,
        f"phantom_{kind}_{seed}",
        spacing,
        {"kind": kind, **parameters},
    )


def _check_range(name: str, value: float, top: float) -> None:
    if not 0 <= value <= top:
        raise ValueError(f"{name} must lie between 0 and {top:g}, got {value!r}.")


def _target(
    canvas: Canvas,
    contours: list[NDArray[np.float64]],
    edge_softness_px: Setting | None,
    contrast: Setting,
    occlusion: Setting,
) -> Target:
    """Spread the settings along the contour over the image: each pixel listens to its nearest contour point."""
    usual_softness = _SOFTNESS[canvas.kind] * canvas.unit
    longest = 0.25 * canvas.unit
    setting: Setting = usual_softness if edge_softness_px is None else edge_softness_px
    softness = along_contour("edge_softness_px", setting, contours, usual_softness, longest)
    contrasts = along_contour("contrast", contrast, contours, 1.0, 1.5)
    occluded = along_contour("occlusion", occlusion, contours, 0.0, 1.0)
    distance_px, nearest = signed_distance([canvas.to_pixels(c) for c in contours], (canvas.height, canvas.width))
    alpha = ndtr(-distance_px / np.maximum(softness, _SHARPEST_PX)[nearest])
    depth = np.maximum(-distance_px, 0) / -distance_px.min()
    near = np.exp(-((depth / 0.4) ** 2))  # the sectors of opposite sides must not meet in the middle
    per_contour = contrasts.reshape(len(contours), -1)  # every contour has the same number of points
    usual = np.repeat(np.median(per_contour, axis=1), per_contour.shape[1])[nearest]
    distance = (distance_px / canvas.unit).astype(np.float32)
    return Target(
        contours=contours,
        distance=distance,
        alpha=alpha.astype(np.float32),
        contrast=(usual + near * (contrasts[nearest] - usual)).astype(np.float32),
        occlusion=occluded,
        covered=(occluded[nearest] * np.exp(-((distance_px / (0.06 * canvas.unit)) ** 4))).astype(np.float32),
    )


def _grain(canvas: Canvas, noise: float) -> Field:
    """Camera noise of unit strength, h x w x 3: mostly common to the three channels, drawn per pixel."""
    rng = canvas.rng("grain")
    grey = rng.standard_normal((canvas.height, canvas.width, 1), dtype=np.float32)
    if canvas.kind == "lung":
        return np.float32(noise) * np.repeat(grey, 3, axis=2)
    colour = rng.standard_normal((canvas.height, canvas.width, 3), dtype=np.float32)
    return np.float32(noise) * (np.float32(0.8) * grey + np.float32(0.6) * colour)
