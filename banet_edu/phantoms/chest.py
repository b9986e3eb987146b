"""A chest X-ray (posterior-anterior) as a sum of shadows; the two lungs are the mask.

Grey value grows with what the beam had to pass. The body is bright, the air in the lungs takes brightness away with the
edge profile and the contrast of the lungs' contour; ribs, vessels and bones add to it, and the film's curve compresses
the brightest parts. The patient's right is on the left of the image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from banet_edu.phantoms.canvas import Canvas, Field, Path, branches, mix, smoothstep
from banet_edu.phantoms.shapes import Target, resample, spline

# Outline of each lung in three pieces, (x, y) in scene units from the midline: medial edge, diaphragm, chest wall. The
# pieces meet in the corners: the angles between heart, diaphragm and ribs.
_RIGHT = (
    [
        (-0.11, -0.375),
        (-0.066, -0.34),
        (-0.05, -0.26),
        (-0.052, -0.12),
        (-0.066, -0.02),
        (-0.078, 0.08),
        (-0.074, 0.16),
    ],
    [(-0.074, 0.16), (-0.15, 0.138), (-0.23, 0.148), (-0.3, 0.195), (-0.354, 0.262)],
    [
        (-0.354, 0.262),
        (-0.362, 0.14),
        (-0.347, -0.02),
        (-0.307, -0.17),
        (-0.24, -0.3),
        (-0.17, -0.365),
        (-0.11, -0.375),
    ],
)
_LEFT = (
    [
        *((0.11, -0.375), (0.066, -0.34), (0.056, -0.28), (0.074, -0.225), (0.066, -0.16), (0.078, -0.07)),
        *((0.118, 0.03), (0.15, 0.12), (0.148, 0.175)),
    ],
    [(0.148, 0.175), (0.21, 0.163), (0.29, 0.2), (0.354, 0.27)],
    [(0.354, 0.27), (0.362, 0.14), (0.347, -0.02), (0.307, -0.17), (0.24, -0.3), (0.17, -0.365), (0.11, -0.375)],
)


def outline(canvas: Canvas, irregularity: float) -> list[NDArray[np.float64]]:
    """Both lungs' contours in scene coordinates, the one on the left of the image first."""
    rng = canvas.rng("outline")
    wide, tall = rng.normal(1.0, 0.06), np.clip(rng.normal(1.0, 0.1), 0.78, 1.15)
    shift = np.array([rng.normal(0.0, 0.02), rng.normal(0.0, 0.012)])
    heart, apex = rng.normal(0.0, 0.015), rng.normal(0.0, 0.012)
    contours = []
    for pieces in (_RIGHT, _LEFT):
        lift = rng.normal(0.0, 0.015)
        x, y = np.vstack([spline(piece)[:-1] for piece in pieces]).T
        side = np.sign(x)
        x = x + side * apex * smoothstep(-0.2, -0.36, y) * (np.abs(x) > 0.1)
        x = x + heart * np.exp(-(((y - 0.1) / 0.12) ** 2)) * ((x > 0) & (x < 0.22))
        y = y + lift * smoothstep(-0.1, 0.2, y)
        contour = resample(np.column_stack([y * tall, x * wide]))
        wave = gaussian_filter1d(rng.standard_normal(contour.shape), 40, axis=0, mode="wrap")
        contour = contour + 0.01 * irregularity * wave / wave.std()
        contours.append(resample(gaussian_filter1d(contour, 6, axis=0, mode="wrap")) + shift)
    return contours


def paint(canvas: Canvas, target: Target) -> Field:
    """The image, h x w x 3 float in grey levels 0..255, all channels equal."""
    rng = canvas.rng("look")
    middle, tall = _placement(target)
    y, x = (canvas.y - middle[0]) / tall, canvas.x - middle[1]
    body, thickness = _body(canvas, x, y, rng)
    exposure = rng.uniform(172, 196)
    shadow = exposure * thickness * (1 + 0.025 * canvas.noise("tissue", 4, 4, 0.6))
    shadow = shadow + rng.uniform(30, 50) * smoothstep(0.1, 0.22, y + 0.3 * x**2) + _midline(x, y, rng)
    if rng.random() < 0.35:
        shadow = shadow + rng.uniform(10, 22) * _breasts(x, y, rng)
    shadow = shadow + _bones(canvas, target, rng) * (1 - 0.5 * smoothstep(0.12, 0.28, y))
    near_wall = np.exp(-(((target.distance - 0.014) / 0.012) ** 2)) * smoothstep(0.12, 0.2, np.abs(x))
    shadow = shadow + 16 * near_wall * smoothstep(0.3, 0.1, y)  # ribs seen edge-on

    air = rng.uniform(70, 108) * (0.9 + 0.1 * smoothstep(0, 0.4, target.depth)) * (1 + 0.05 * canvas.noise("air", 4, 3))
    lung = -air + _vessels(canvas, target, rng) + 4.5 * canvas.noise("interstitium", 30, 4, 0.8)
    cloud = canvas.blur(canvas.patches("opacity", target.covered, 9), 0.008)  # fluid instead of air, hiding the edge
    shadow = shadow + target.alpha * target.contrast * lung * (1 - 0.92 * cloud) + 12 * cloud
    shadow = shadow - 35 * _stomach_bubble(canvas, target, rng)
    image: Field = rng.uniform(6, 24) + body * shadow
    image = np.where(image > 190, 190 + 56 * np.tanh((image - 190) / 56), image)
    image = _film(canvas, canvas.blur(image.astype(np.float32), 0.0014), rng)
    return np.repeat(image[..., None], 3, axis=2)


def _placement(target: Target) -> tuple[NDArray[np.float64], float]:
    """Where the chest's own origin lies (all drawing below is in template coordinates), and its height over the usual."""
    low, high = np.vstack(target.contours).min(axis=0), np.vstack(target.contours).max(axis=0)
    tall = float(high[0] - low[0]) / 0.645
    return np.array([low[0] + 0.375 * tall, (low[1] + high[1]) / 2]), tall


def _body(canvas: Canvas, x: Field, y: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """Silhouette (soft edge) and relative thickness of neck, shoulders and trunk."""
    trunk, armpit, neck = rng.uniform(0.41, 0.47), rng.uniform(-0.1, 0.1), rng.uniform(0.11, 0.15)
    half = np.interp(
        y[:, 0],
        [-0.6, -0.46, -0.42, -0.36, -0.3, armpit - 0.06, armpit + 0.06, 0.2, 0.6],
        [neck, neck + 0.02, neck + 0.06, 0.4, 0.64, 0.6, trunk, trunk - 0.015, trunk + 0.01],
    )
    half = gaussian_filter1d(half, 0.025 * canvas.unit)[:, None]
    silhouette = smoothstep(-0.008, 0.014, half - np.abs(x))
    chord = np.sqrt(np.clip(1 - (x / (half + 0.01)) ** 2, 0, 1))
    high = 0.84 + 0.16 * smoothstep(-0.42, -0.15, y)  # the shoulders are thinner than the trunk
    flank = smoothstep(0.33, 0.42, np.abs(x)) * smoothstep(-0.25, -0.1, y)  # beside the ribs there is only soft tissue
    return silhouette.astype(np.float32), ((0.35 + 0.65 * chord**0.7) * (1 - 0.12 * flank) * high).astype(np.float32)


def _breasts(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Soft tissue over the lower lungs: fading in from above, ending in a round lower edge."""
    ring = np.hypot((np.abs(x) - rng.uniform(0.2, 0.24)) / 0.17, (y - rng.uniform(0.03, 0.1)) / rng.uniform(0.14, 0.2))
    return smoothstep(1.02, 0.92, ring) * smoothstep(-0.1, 0.16, y)


def _midline(x: Field, y: Field, rng: np.random.Generator) -> Field:
    """Spine with its discs, heart, and the dark air of the trachea."""
    column = np.exp(-((x / 0.036) ** 8))
    discs = 0.5 + 0.5 * np.cos(2 * np.pi * y / rng.uniform(0.05, 0.06))
    heart = np.exp(-(((x - 0.04) / 0.11) ** 2 + ((y - 0.07) / 0.13) ** 2))
    trachea = np.exp(-(((x + 0.004) / 0.017) ** 4)) * smoothstep(-0.14, -0.24, y)
    return rng.uniform(20, 34) * column - 12 * column * discs + 14 * heart - 30 * trachea


def _bones(canvas: Canvas, target: Target, rng: np.random.Generator) -> Field:
    """Ribs (behind: arcs from the spine; in front: steep and faint), clavicles, shoulder blades and upper arms."""
    middle, tall = _placement(target)
    behind: list[Path] = []
    front: list[Path] = []
    others: list[Path] = []
    t = np.linspace(0, 1, 32)
    pitch, top, drop = rng.uniform(0.056, 0.064), rng.uniform(-0.375, -0.355), rng.uniform(0.085, 0.13)
    for side, contour in zip((-1, 1), target.contours, strict=True):
        rows, columns = ((contour - middle) / [tall, 1]).T
        for i in range(9):
            start = top + pitch * i
            end = start + drop + 0.008 * i
            level = np.abs(rows - end) < 0.02
            wall = (float(np.abs(columns[level]).max()) if level.any() else 0.34) + 0.012
            across = 0.03 + (wall - 0.03) * np.sin(np.pi / 2 * t) ** 0.9
            rise = -(0.05 - 0.003 * i) * np.sin(np.pi * t**0.8)
            behind.append(np.column_stack([start + rise + (end - start) * t**2.5, side * across]))
            inward = wall - (wall - 0.12) * np.sin(np.pi / 2 * t)
            front.append(np.column_stack([end + 0.16 * t**1.2, side * inward])[: rng.integers(18, 27)])
        others.append(spline([(-0.255, side * 0.02), (-0.28, side * 0.1), (-0.33, side * 0.23), (-0.345, side * 0.38)]))
        others.append(spline([(-0.3, side * 0.37), (-0.15, side * 0.355), (0.0, side * 0.375)]))
        others.append(spline([(-0.31, side * 0.37), (-0.32, side * 0.43), (-0.29, side * 0.48)]))
        others.append(spline([(-0.29, side * 0.43), (-0.25, side * 0.455), (-0.1, side * 0.53)]))
    shadow = rng.uniform(17, 27) * _hollow(canvas, [p * [tall, 1] + middle for p in behind], [0.024] * 18)
    shadow += rng.uniform(7, 13) * _hollow(canvas, [p * [tall, 1] + middle for p in front], [0.022] * 18)
    return shadow + 30 * _hollow(canvas, [p * [tall, 1] + middle for p in others], [0.026, 0.012, 0.03, 0.06] * 2)


def _hollow(canvas: Canvas, paths: list[Path], widths: list[float]) -> Field:
    """A long bone: brighter along its two edges."""
    whole = canvas.blur(canvas.strokes(paths, widths), 0.0016)
    inner = canvas.blur(canvas.strokes(paths, [0.72 * w for w in widths]), 0.002)
    return 1.3 * whole - 0.55 * inner


def _vessels(canvas: Canvas, target: Target, rng: np.random.Generator) -> Field:
    """The shadow of each hilum and of the vessels that fan out from it, thinning towards the wall."""
    stream = canvas.rng("vessels")
    tree: list[tuple[Path, float]] = []
    hila = []
    for side, contour in zip((-1, 1), target.contours, strict=True):
        centre = contour.mean(axis=0)
        hila.append(np.array([centre[0] - 0.01, centre[1] - side * 0.1]))
        outward = 0.3 if side > 0 else np.pi - 0.3
        for spread in np.linspace(-1.5, 1.1, 8) + stream.normal(0, 0.12, 8):
            tree += branches(stream, hila[-1], outward + spread, stream.uniform(0.1, 0.2), 0.0065, 2)
    lines = canvas.blur(canvas.strokes([p for p, _ in tree], [w for _, w in tree]), 0.0025)
    fog = sum(np.exp(-(((canvas.y - h[0]) / 0.07) ** 2 + ((canvas.x - h[1]) / 0.035) ** 2)) for h in hila)
    far = np.min([np.hypot(canvas.y - h[0], canvas.x - h[1]) for h in hila], axis=0)
    return rng.uniform(16, 28) * lines * np.exp(-((far / 0.24) ** 2)) + rng.uniform(14, 26) * fog


def _stomach_bubble(canvas: Canvas, target: Target, rng: np.random.Generator) -> Field:
    """Air in the stomach below the left half of the diaphragm, flat below where the fluid begins."""
    row, column = target.contours[1].mean(axis=0) + np.array([0.27, -0.04])
    size, level = rng.uniform(0.02, 0.055), rng.uniform(-0.2, 1.2)
    y, x = canvas.y - row, canvas.x - column
    blob = 1 - smoothstep(0.8, 1.1, np.hypot(y * 1.3, x) / size + 0.1 * canvas.noise("stomach", 8, 2))
    return blob * smoothstep(level + 0.15, level - 0.15, y / size) * smoothstep(0.01, 0.02, target.distance)


def _film(canvas: Canvas, image: Field, rng: np.random.Generator) -> Field:
    """Collimator edges and the side marker."""
    left, right, top = rng.choice([0.0, 0.0, 0.03, 0.07], 3) * rng.uniform(0.5, 1.2, 3)
    seen = (canvas.x > -0.5 + left) & (canvas.x < 0.5 - right) & (canvas.y > -0.5 + 0.3 * top) & (canvas.y < 0.488)
    image = np.where(seen, image, 2.0)
    letter, column = ("L", rng.uniform(0.3, 0.4)) if rng.random() < 0.7 else ("R", rng.uniform(-0.38, -0.28))
    marks = canvas.text([(letter, -0.43, column, 0.032), ("pa", -0.39, column + 0.02, 0.014)])
    return mix(image[..., None], [248.0], marks)[..., 0]
