"""A pigmented lesion on skin, seen through a dermatoscope.

The lesion is a layer of melanin: each colour is the skin's, dimmed by exp(-density * absorption). Density carries the
blotches, the pigment network and the globules; the edge profile and the contrast scale it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from banet_edu.phantoms.canvas import Canvas, Field, Path, mix, smoothstep, wander
from banet_edu.phantoms.shapes import Target, star_contour

# Skin (R, G, B) seen in dermoscopy, from pale to tanned and from white to orange light; a phantom mixes two of them.
_SKIN = np.array(
    [
        *([222, 188, 176], [206, 168, 156], [232, 212, 200], [206, 192, 164], [224, 160, 128], [178, 146, 134]),
        *([146, 122, 114], [236, 200, 166], [206, 170, 178], [166, 142, 122], [240, 184, 160], [190, 176, 158]),
    ]
)
_MELANIN = np.array([0.34, 0.82, 1.28])  # absorption of brown pigment in R, G, B
_VEIL = np.array([104, 104, 118])  # blue-grey veil over deep pigment


def outline(canvas: Canvas, irregularity: float) -> list[NDArray[np.float64]]:
    """The lesion's contour in scene coordinates, wholly inside the picture."""
    rng = canvas.rng("outline")
    radius = float(np.clip(np.exp(rng.normal(np.log(0.19), 0.35)), 0.1, 0.32))
    contour = star_contour(rng, radius, np.exp(abs(rng.normal(0, 0.28))), irregularity, rng.uniform(1.3, 2.0))
    contour *= min(1.0, 0.46 / np.abs(contour).max())
    room = np.maximum(0.46 - np.abs(contour).max(axis=0), 0.0)
    return [contour + np.clip(rng.normal(0, 0.05, 2), -room, room)]


def paint(canvas: Canvas, target: Target) -> Field:
    """The image, h x w x 3 float in grey levels 0..255."""
    rng = canvas.rng("look")
    image = _skin(canvas, target, rng) * np.exp(-_density(canvas, target, rng)[..., None] * _tint(rng))
    if rng.random() < 0.2:
        veil = smoothstep(0.0, 1.5, canvas.noise("veil", 5, 4, 0.6)) * smoothstep(0.2, 0.6, target.depth)
        image = mix(image, _VEIL * rng.uniform(0.8, 1.3), 0.55 * veil * target.alpha * np.minimum(target.contrast, 1))
    image = _hairs(canvas, target, image)
    return canvas.blur(_instrument(canvas, target, image), 0.0016)


def _skin(canvas: Canvas, target: Target, rng: np.random.Generator) -> Field:
    """Skin tone, redness, fine furrows, freckles and the lamp's uneven light."""
    one, two = _SKIN[rng.choice(len(_SKIN), 2, replace=False)]
    tone = (one + rng.uniform(0, 0.5) * (two - one)) * rng.normal(1.0, 0.05)
    furrows = np.abs(canvas.noise("furrows", rng.uniform(24, 44), 2, 0.6))
    light = 1.0 + 0.05 * canvas.noise("light", 1.2) + 0.022 * canvas.noise("mottle", 20, 4, 0.8)
    light = light + rng.uniform(0.01, 0.04) * (smoothstep(0.0, 0.5, furrows) - 0.7)
    redness = rng.uniform(0.008, 0.022) * canvas.noise("redness", 10, 5, 0.95)
    image = tone * light[..., None] * (1 + redness[..., None] * np.array([0.2, -1.0, -0.9]))
    away = smoothstep(0.0, 0.03, target.distance)  # the lesion's own edge stays free of freckles
    freckles = smoothstep(1.0, 2.4, canvas.noise("freckles", rng.uniform(7, 14), 4, 0.5)) * away
    image = image * np.exp(-rng.choice([0.0, 0.0, 0.2, 0.45]) * freckles[..., None] * _MELANIN)
    shine = smoothstep(2.6, 3.4, canvas.noise("shine", 70, 2)) * rng.uniform(0, 0.5)
    return mix(image, (246, 242, 240), shine).astype(np.float32)


def _density(canvas: Canvas, target: Target, rng: np.random.Generator) -> Field:
    """How much melanin lies in each pixel. Near the contour it is kept even, so that no sector stands out by chance."""
    core = smoothstep(0.1, 0.7, target.depth)
    blotch = canvas.noise("blotch", rng.uniform(4, 9), 5, 0.65)
    density = 1 + rng.uniform(0.12, 0.3) * canvas.noise("pigment", 26, 4, 0.9) + 0.25 * core * blotch
    density += core * (rng.uniform(-0.3, 0.9) + rng.uniform(0.0, 1.0) * smoothstep(0.2, 1.3, blotch))
    mesh = np.abs(canvas.noise("mesh", rng.uniform(50, 64)) + 0.3 * canvas.noise("mesh fine", 90))
    network = 1 - smoothstep(0.0, 0.9, mesh)  # ridges where the noise crosses zero
    density += rng.uniform(0.0, 0.45) * (network - 0.45) * (1 - 0.5 * core)
    globules = smoothstep(1.5, 2.3, canvas.noise("globules", rng.uniform(24, 44)))
    density += rng.choice([0.0, 0.4, 0.8]) * globules
    pale = smoothstep(0.5, 1.7, canvas.noise("regression", 6, 4)) * rng.choice([0.0, 0.3, 0.7])
    density *= 1 - pale * core
    density *= np.exp(rng.uniform(np.log(0.38), np.log(0.95)))
    halo = 0.06 * np.exp(-np.maximum(target.distance, 0) / 0.03)  # skin next to a lesion is a little darker
    return np.maximum(density, 0.08) * target.alpha * target.contrast + halo * np.minimum(target.contrast, 1)


def _tint(rng: np.random.Generator) -> NDArray[np.float64]:
    """Absorption from orange to grey-brown pigment."""
    return _MELANIN + rng.uniform(0, 0.35) * np.array([0.55, 0.15, -0.6])


def _hairs(canvas: Canvas, target: Target, image: Field) -> Field:
    """A few hairs anywhere, and tufts across the contour where the occlusion asks for them."""
    rng = canvas.rng("hairs")
    colour = rng.choice([[70, 46, 38], [96, 66, 48], [46, 36, 34], [124, 88, 62]])
    lie = rng.uniform(0, np.pi)
    paths: list[Path] = []
    widths: list[float] = []
    for _ in range(int(rng.choice([0, 0, 0, 2, 4, 7]))):
        paths.append(wander(rng, rng.uniform(-0.6, 0.6, 2), lie + rng.normal(0, 0.6), rng.uniform(0.3, 0.9), 0.7))
        widths.append(rng.uniform(0.0012, 0.0026))
    contour = target.contours[0]
    step = np.hypot(*(np.roll(contour, -1, axis=0) - contour).T)
    crossed = rng.random(len(contour)) < target.occlusion * step / 0.008
    leans, lengths = rng.normal(0, 0.35, len(contour)), rng.uniform(0.2, 0.5, len(contour))
    for point, lean, length in zip(contour[crossed], leans[crossed], lengths[crossed], strict=True):
        heading = lie + lean
        start = point - length * rng.uniform(0.3, 0.7) * np.array([np.sin(heading), np.cos(heading)])
        paths.append(wander(rng, start, heading, length, 0.6))
        widths.append(rng.uniform(0.0016, 0.0042))
    return mix(image, colour, 0.8 * canvas.strokes(paths, widths)) if paths else image


def _instrument(canvas: Canvas, target: Target, image: Field) -> Field:
    """What the dermatoscope adds: dark corners, sometimes a scale in mm, gel bubbles or a coloured sticker."""
    rng = canvas.rng("instrument")
    radius = np.hypot(canvas.y - rng.normal(0, 0.02), canvas.x - rng.normal(0, 0.02))
    image = image * (1 - rng.uniform(0.15, 0.75) * smoothstep(0.3, 0.85, radius) ** 1.6)[..., None]
    extra = rng.random()
    away = smoothstep(0.01, 0.025, target.distance)
    if extra < 0.25 and np.hypot(*target.contours[0].T).max() < 0.46:
        edge = radius - rng.uniform(0.49, 0.6)
        image = mix(image, (14, 11, 14), smoothstep(0.0, rng.uniform(0.02, 0.1), edge))
    elif extra < 0.5:
        image = _scale(canvas, target, rng, image)
    elif extra < 0.6:
        disc = np.hypot(canvas.y - rng.uniform(-0.4, 0.4), canvas.x - rng.choice([-1, 1]) * 0.58)
        cloth = 1 + 0.06 * canvas.noise("cloth", 90)[..., None]
        for size, colour in ((0.24, (128, 144, 200)), (0.13, (40, 140, 92))):
            image = mix(image, np.array(colour) * cloth, (1 - smoothstep(size - 0.006, size + 0.006, disc)) * away)
    if rng.random() < 0.2:
        for _ in range(int(rng.integers(2, 6))):
            y, x, size = rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5), rng.uniform(0.008, 0.022)
            ring = np.exp(-(((np.hypot(canvas.y - y, canvas.x - x) - size) / 0.005) ** 2))
            glint = np.exp(-(((canvas.y - y + 0.5 * size) ** 2 + (canvas.x - x + 0.5 * size) ** 2) / (0.3 * size) ** 2))
            image = image * (1 - 0.12 * ring * away)[..., None]
            image = mix(image, (245, 242, 240), 0.6 * glint * away)
    return image


def _scale(canvas: Canvas, target: Target, rng: np.random.Generator, image: Field) -> Field:
    """A printed millimetre scale in the emptier half: ten ticks of 1 mm, true for the usual field of view of 18 mm."""
    top = float(target.contours[0][:, 0].mean()) > 0
    tilt, millimetre = rng.normal(0, 0.2), 1 / 18
    start = np.array([-0.4 if top else 0.4, rng.uniform(-0.42, -0.2)])
    along, across = np.array([np.sin(tilt), np.cos(tilt)]), np.array([-np.cos(tilt), np.sin(tilt)])
    ticks = [np.array([start, start + 10 * millimetre * along])]
    for i in range(11):
        foot = start + i * millimetre * along
        ticks.append(np.array([foot, foot + across * (0.03 if i % 5 == 0 else 0.018)]))
    ink = canvas.strokes(ticks, [0.003] * len(ticks)) + canvas.text([("MM", start[0] + 0.035, start[1], 0.022)])
    return mix(image, (80, 58, 52), 0.7 * np.minimum(ink, 1) * smoothstep(0.0, 0.02, target.distance))
