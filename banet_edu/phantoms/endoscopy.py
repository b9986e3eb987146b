"""A polyp in the colon, lit and seen by an endoscope.

Mucosa and polyp are two height fields of one scene, shaded by one lamp beside the camera; where a wet surface faces the
lamp squarely it shines white. The polyp's rendering is laid over the mucosa's with the edge profile and the contrast.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from banet_edu.phantoms.canvas import Canvas, Field, branches, mix, smoothstep
from banet_edu.phantoms.shapes import Target, star_contour

# Mucosa (R, G, B) in full light, and how each channel darkens with the light: shadows in the colon are red-brown.
_MUCOSA = np.array(
    [
        *([240, 150, 112], [238, 140, 118], [244, 166, 120], [238, 118, 78]),
        *([226, 138, 118], [240, 152, 130], [236, 156, 100]),
    ]
)
_DARKENING = np.array([0.8, 1.15, 1.25])
_ABOVE = np.array([0.0, 0.0, 1.0])  # directions are (down, right, towards the viewer)


def outline(canvas: Canvas, irregularity: float) -> list[NDArray[np.float64]]:
    """The polyp's contour in scene coordinates, inside the endoscope's octagon."""
    rng = canvas.rng("outline")
    radius = float(np.clip(np.exp(rng.normal(np.log(0.18), 0.35)), 0.09, 0.3))
    contour = star_contour(rng, radius, np.exp(abs(rng.normal(0, 0.2))), 0.8 * irregularity, rng.uniform(1.8, 2.4))
    contour *= min(1.0, 0.4 / np.abs(contour).max())
    room = np.maximum(0.43 - np.abs(contour).max(axis=0), 0.0)
    contour = contour + np.clip(rng.normal(0, 0.12, 2), -room, room)
    sideways = np.abs(contour).sum(axis=1).max()  # the octagon cuts corners at |y| + |x| = 0.76
    return [contour - contour.mean(axis=0) * float(np.clip((sideways - 0.68) * 4, 0, 1))]


def paint(canvas: Canvas, target: Target) -> Field:
    """The image, h x w x 3 float in grey levels 0..255."""
    rng = canvas.rng("look")
    tone = _MUCOSA[rng.integers(len(_MUCOSA))] * rng.normal(1, 0.03, 3)
    lamp = np.array([*rng.normal(0, 0.22, 2), 1.0])
    bumps = 0.0012 * canvas.noise("bumps", 14, 2) + 0.0007 * canvas.noise("wet", 40, 2, 0.7)
    light, folds = _wall_light(canvas, target, rng)
    light = light * _shade(canvas, 0.012 * canvas.noise("swell", 3, 2), lamp)[0]
    facing, mirror = _shade(canvas, bumps, lamp)
    shown = np.minimum(target.contrast, 1)
    side = _away_from_lamp(canvas, target, lamp)
    shadow = np.exp(-np.maximum(target.distance, 0) / rng.uniform(0.012, 0.03)) * (1 - target.alpha)
    shadow = rng.uniform(0.3, 0.5) * shadow * (0.8 + 0.2 * side) * shown
    wall = _vessels(canvas, tone * _mottle(canvas, "mucosa"), rng)
    mucosa = wall * _coloured(light * folds * facing * (1 - shadow))

    # The polyp stands in the light of its surroundings, but nearer to the lamp. Its roundness darkens the rim evenly; the
    # slant of the lamp shows on top only, so that no side of the rim fades into the wall by chance.
    dome = _dome(canvas, target, rng) + 0.8 * bumps
    dome_facing, dome_mirror = _shade(canvas, dome, lamp)
    slant = dome_facing - _shade(canvas, dome, _ABOVE)[0]
    round_light = 0.74 + 0.3 * target.depth**0.8 + 1.2 * smoothstep(0.1, 0.6, target.depth) * slant
    dome_light = light * rng.uniform(1.3, 1.55) * round_light
    pits = canvas.noise("pits", rng.uniform(56, 90), 2, 0.7)[..., None]
    own = tone * rng.normal([1.0, 0.93, 0.91], 0.02) * _mottle(canvas, "polyp")
    own = own * (1 - rng.uniform(0.01, 0.08) * pits * np.array([0.4, 1.0, 1.0]))
    polyp = own * _coloured(dome_light)

    image = mucosa + (target.alpha * target.contrast)[..., None] * (polyp - mucosa)
    image = _mucus(canvas, target, image, light)
    on_dome = target.alpha * shown
    shine = _specks(canvas, rng, mirror * np.minimum(light + 0.3, 1)) * (1 - on_dome)
    shine = shine + _glints(canvas, rng, dome_mirror) * on_dome
    red = image[..., :1]
    over = np.where(red > 190, red / (190 + 60 * np.tanh((red - 190) / 60)), 1)  # the camera saturates: red first,
    image = image / over**0.7  # most of the hue stays
    image = mix(canvas.blur(image.astype(np.float32), 0.0018), (255, 252, 246), np.minimum(shine, 1))
    return _frame(canvas, target, image)


def _wall_light(canvas: Canvas, target: Target, rng: np.random.Generator) -> tuple[Field, Field]:
    """Light on the colon wall, fading into the lumen, and a factor for its folds: each hides what lies behind it."""
    centre = target.contours[0].mean(axis=0)
    size = float(np.hypot(*(target.contours[0] - centre).T).max())
    away = rng.uniform(0, 2 * np.pi) if np.hypot(*centre) < 0.05 else np.arctan2(-centre[0], -centre[1])
    away += rng.normal(0, 0.6)
    lumen = centre + (size + rng.uniform(0.22, 0.5)) * np.array([np.sin(away), np.cos(away)])
    y, x = canvas.y - lumen[0], canvas.x - lumen[1]
    bend = canvas.noise("bend", 2.2, 3)
    ring = np.hypot(y, x * rng.uniform(0.7, 1.4)) * (1 + 0.16 * bend) + 0.02 * bend + 0.01
    turn = (
        np.log(np.maximum(ring, 0.02)) * rng.uniform(1.1, 1.9) + rng.uniform(0, 1) + 0.14 * canvas.noise("sway", 2.5, 2)
    )
    behind = turn - np.floor(turn)  # 0 just outside a fold's crest, 1 just inside the next one
    strength = smoothstep(-0.7, 0.8, canvas.noise("fold strength", 1.7)) * smoothstep(0.02, 0.14, target.distance)
    strength = strength * smoothstep(0.08, 0.2, ring)
    hidden = behind**2.5 * (1 - smoothstep(0.94, 1.0, behind))
    crest = np.exp(-((behind / 0.12) ** 2)) * smoothstep(0.0, 0.05, behind)
    folds = 1 - rng.uniform(0.45, 0.8) * strength * hidden + 0.2 * strength * crest
    fade = smoothstep(-0.12, rng.uniform(0.35, 0.6), ring)
    beside = smoothstep(0.45, 1.0, ring) * smoothstep(0.0, 0.25, target.distance)
    near = 1 + rng.uniform(0.0, 0.7) * beside  # the wall beside the camera is bright
    dim = 1 - 0.3 * smoothstep(0.25, 0.7, np.hypot(canvas.y, canvas.x))
    light = (rng.uniform(0.0, 0.2) + fade) * near * dim * rng.uniform(0.55, 0.85)
    return np.maximum(light, 0.03).astype(np.float32), folds.astype(np.float32)


def _coloured(light: Field) -> Field:
    """Light per channel, h x w x 3: red-brown in the shade, white in full light."""
    return np.minimum(light, 1)[..., None] ** _DARKENING * np.maximum(light, 1)[..., None]


def _away_from_lamp(canvas: Canvas, target: Target, lamp: NDArray[np.float64]) -> Field:
    """-1 on the polyp's lit side to 1 on the side its shadow falls."""
    centre = target.contours[0].mean(axis=0)
    y, x = canvas.y - centre[0], canvas.x - centre[1]
    return -(y * lamp[0] + x * lamp[1]) / (np.hypot(y, x) * np.hypot(lamp[0], lamp[1]) + 1e-6)


def _dome(canvas: Canvas, target: Target, rng: np.random.Generator) -> Field:
    """Height of the polyp: a round cap over the signed distance, flatter or steeper."""
    radius = -float(target.distance.min())
    q = np.clip(-target.distance / radius, 0, 1)
    cap = np.sqrt(np.clip(1 - (1 - q) ** 2, 0, 1)).astype(np.float32)
    lumps = 0.02 * rng.random() ** 2 * canvas.noise("lumps", rng.uniform(5, 10))
    return canvas.blur(radius * rng.uniform(0.45, 0.75) * cap, 0.016) + lumps


def _shade(canvas: Canvas, height: Field, lamp: NDArray[np.float64]) -> tuple[Field, Field]:
    """Lambert's diffuse light and the cosine of the mirror angle, for a surface seen from straight above."""
    slope_y, slope_x = np.gradient(height * np.float32(canvas.unit))
    length = np.sqrt(slope_y**2 + slope_x**2 + 1)
    cosines = []
    for way in (lamp / np.linalg.norm(lamp), lamp / np.linalg.norm(lamp) + _ABOVE):
        cosine = (way[2] - slope_y * way[0] - slope_x * way[1]) / (length * np.linalg.norm(way))
        cosines.append(np.clip(cosine, 0.05, 1).astype(np.float32))
    return cosines[0], cosines[1]


def _mottle(canvas: Canvas, part: str) -> Field:
    """Uneven blood supply: colour factor h x w x 3."""
    blood = canvas.noise(f"blood {part}", 8, 5, 0.8)[..., None]
    fine = canvas.noise(f"fine {part}", 64, 2, 1.0)[..., None]
    return (1 + (0.04 * blood + 0.03 * fine) * np.array([0.5, 1.0, 1.0])).astype(np.float32)


def _vessels(canvas: Canvas, image: Field, rng: np.random.Generator) -> Field:
    """Thin branching vessels shining through the mucosa, and a fine net between them."""
    stream = canvas.rng("vessels")
    tree = []
    for _ in range(int(rng.integers(3, 8))):
        start, heading = stream.uniform(-0.5, 0.5, 2), stream.uniform(0, 2 * np.pi)
        tree += branches(stream, start, heading, stream.uniform(0.2, 0.4), stream.uniform(0.003, 0.006), 3)
    lines = canvas.blur(canvas.strokes([p for p, _ in tree], [w for _, w in tree]), 0.002)
    net = 1 - smoothstep(0.0, 0.35, np.abs(canvas.noise("net", 16, 3, 0.6)))
    red = rng.uniform(0.1, 0.35) * lines + rng.uniform(0.0, 0.18) * net
    return image * (1 - red[..., None] * np.array([0.4, 1.0, 0.9]))


def _specks(canvas: Canvas, rng: np.random.Generator, mirror: Field) -> Field:
    """Clusters of small white reflections on the wall."""
    where = smoothstep(0.3, 1.2, canvas.noise("clusters", 4, 2)) * smoothstep(0.9, 0.99, mirror)
    limit = rng.uniform(1.5, 2.6)
    return smoothstep(limit, limit + 0.5, canvas.noise("specks", 44, 2, 0.7)) * where


def _glints(canvas: Canvas, rng: np.random.Generator, mirror: Field) -> Field:
    """A few reflections on the polyp, where its cap faces the lamp."""
    limit = rng.uniform(0.9, 1.6)
    wet = smoothstep(limit, limit + 0.4, canvas.noise("glints", 28, 3, 0.8))
    return wet * smoothstep(0.955, 0.995, mirror)


def _mucus(canvas: Canvas, target: Target, image: Field, light: Field) -> Field:
    """Yellow-brown mucus and stool, where the occlusion asks for it."""
    cover = canvas.patches("mucus", target.covered, 14)
    clots = 1 + 0.12 * canvas.noise("clots", 30, 3, 0.8)[..., None]
    return mix(image, np.array([236, 164, 72]) * _coloured(1.25 * light) * clots, 0.9 * cover)


def _frame(canvas: Canvas, target: Target, image: Field) -> Field:
    """The endoscope's screen: black cut corners, patient lines, in some a black inset below on the left."""
    rng = canvas.rng("frame")
    corner = rng.uniform(0.77, 0.83)
    black = smoothstep(corner - 0.003, corner + 0.003, np.abs(canvas.y) + np.abs(canvas.x))
    inset_top = rng.uniform(0.16, 0.2)
    if rng.random() < 0.4:
        contour = target.contours[0]
        inset = (canvas.y > inset_top) & (canvas.x < -0.17)
        free = not ((contour[:, 0] > inset_top - 0.02) & (contour[:, 1] < -0.15)).any()
        black = np.maximum(black, inset & free)
    image = image * (1 - black)[..., None]
    if rng.random() < 0.75:
        day = f"{rng.integers(1, 29):02d}/{rng.integers(1, 13):02d}/20{rng.integers(10, 17)}"
        clock = f"{rng.integers(7, 17):02d}:{rng.integers(0, 60):02d}:{rng.integers(0, 60):02d}"
        lines = [(t, y, -0.49, 0.018) for t, y in (("PHANTOM", -0.2), (day, -0.17), (clock, -0.14), ("CVP:2", -0.11))]
        image = mix(image, (225, 225, 225), 0.9 * canvas.text(lines))
    return image
