"""What phantoms are painted with: seeded noise, strokes and branching vessels that look the same at every image size.

Scene coordinates are (y, x) with (0, 0) in the middle of the image, y down, and the short side as the unit. Every part
of a scene draws from its own random stream, so changing one part (say the occlusion) leaves the others alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Field = NDArray[np.floating]
Path = NDArray[np.float64]


@dataclass(frozen=True)
class Canvas:
    """An empty image of a given size that hands out random streams and resolution-independent textures."""

    kind: str
    seed: int
    height: int
    width: int

    @property
    def unit(self) -> int:
        """Pixels per scene unit: the short side."""
        return min(self.height, self.width)

    @property
    def y(self) -> Field:
        return ((np.arange(self.height, dtype=np.float32) - (self.height - 1) / 2) / self.unit)[:, None]

    @property
    def x(self) -> Field:
        return ((np.arange(self.width, dtype=np.float32) - (self.width - 1) / 2) / self.unit)[None, :]

    def rng(self, part: str) -> np.random.Generator:
        """The random stream of one part of the scene."""
        return np.random.default_rng([self.seed, zlib.crc32(f"{self.kind}/{part}".encode())])

    def to_pixels(self, points: Path) -> Path:
        """Scene (y, x) to pixel (row, column) coordinates."""
        return points * self.unit + np.array([(self.height - 1) / 2, (self.width - 1) / 2])

    def noise(self, part: str, cells: float, octaves: int = 1, gain: float = 0.5) -> Field:
        """Smooth random field, mean about 0, variance about 1: `cells` bumps per scene unit, doubled per octave."""
        rng = self.rng(part)
        total = np.zeros((self.height, self.width), dtype=np.float32)
        for octave in range(octaves):
            frequency = cells * 2**octave
            lattice = rng.standard_normal((round(2 * frequency), round(2 * frequency)), dtype=np.float32)
            visible = np.clip(2.0 - 2.0 * frequency / self.unit, 0.0, 1.0)  # details below the pixel size fade out
            if visible > 0:
                rows = _spline_rows(lattice, (self.y[:, 0] + 1.0) * frequency)
                field = _spline_rows(np.ascontiguousarray(rows.T), (self.x[0] + 1.0) * frequency).T
                total += np.float32(gain**octave * visible / 0.479) * field
        return total / np.float32(np.sqrt(sum(gain ** (2 * o) for o in range(octaves))))

    def strokes(self, paths: Sequence[Path], widths: Sequence[float], opacity: Sequence[float] | None = None) -> Field:
        """Coverage 0..1 of round-ended strokes along scene paths, drawn on a finer grid and averaged."""
        fine = max(1, round(768 / self.unit))
        drawn = np.zeros((self.height * fine, self.width * fine), dtype=np.uint8)
        for i, (path, width) in enumerate(zip(paths, widths, strict=True)):
            corners = (self.to_pixels(path) + 0.5) * fine - 0.5
            fixed = np.round(corners[:, ::-1] * 16).astype(np.int32).reshape(-1, 1, 2)
            grey = 255 if opacity is None else round(255 * opacity[i])
            thickness = max(1, round(width * self.unit * fine))
            cv2.polylines(drawn, [fixed], False, grey, thickness, cv2.LINE_AA, shift=4)
        return self._shrink(drawn)

    def text(self, lines: Sequence[tuple[str, float, float, float]]) -> Field:
        """Coverage of text lines, each (text, y, x of its lower left corner, letter height) in scene units."""
        fine = max(1, round(768 / self.unit))
        drawn = np.zeros((self.height * fine, self.width * fine), dtype=np.uint8)
        for words, y, x, size in lines:
            row, column = (self.to_pixels(np.array([[y, x]]))[0] + 0.5) * fine
            scale = size * self.unit * fine / 21.0  # OpenCV's letters are 21 pixels high at scale 1
            at, thickness = (round(column), round(row)), max(1, round(2.2 * scale))
            cv2.putText(drawn, words, at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thickness, cv2.LINE_AA)
        return self._shrink(drawn)

    def blur(self, field: Field, sigma: float) -> Field:
        """Gaussian blur with sigma in scene units."""
        pixels = max(sigma * self.unit, 0.05)
        blurred = cv2.GaussianBlur(np.asarray(field, np.float32), (0, 0), pixels, borderType=cv2.BORDER_REPLICATE)
        return blurred.astype(np.float32, copy=False)

    def patches(self, part: str, share: Field, cells: float) -> Field:
        """Soft-edged random patches that cover about `share` (a map, 0..1) of the area: all at 1, nothing at 0."""
        level = ndtri(np.clip(share, 1e-4, 1 - 1e-4))
        return _sigmoid(6.0 * (self.noise(part, cells, 3) + level) * 0.7) * (share > 0)

    def _shrink(self, drawn: NDArray[np.uint8]) -> Field:
        small = cv2.resize(drawn.astype(np.float32), (self.width, self.height), interpolation=cv2.INTER_AREA)
        return small / np.float32(255.0)


def _spline_rows(lattice: Field, at: Field) -> Field:
    """Uniform cubic B-spline along axis 0 of a periodic lattice, evaluated at `at`."""
    cell = np.floor(at).astype(int)
    t = (at - cell).astype(np.float32)[:, None]
    weights = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    return sum(w / 6 * lattice[(cell + k - 1) % len(lattice)] for k, w in enumerate(weights))


def _sigmoid(x: Field) -> Field:
    return (1.0 / (1.0 + np.exp(-np.clip(x, -30, 30)))).astype(np.float32)


def smoothstep(low: float, high: float, x: Field) -> Field:
    """0 below low, 1 above high, a smooth cubic between; with low > high it falls instead."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3 - 2 * t)


def mix(a: Field, b: ArrayLike, weight: Field) -> Field:
    """Colours a (h x w x 3) towards b by weight (h x w)."""
    return a + weight[..., None] * (np.asarray(b, dtype=np.float32) - a)


def wander(rng: np.random.Generator, start: ArrayLike, heading: float, length: float, bend: float) -> Path:
    """A gently curving path from `start` (y, x): the heading (radians, 0 right, clockwise) drifts by about `bend`."""
    n = 16
    turn = np.interp(np.linspace(0, 4, n), np.arange(5), np.cumsum(rng.normal(0, bend / 2, 5)))
    steps = np.column_stack([np.sin(heading + turn), np.cos(heading + turn)]) * length / n
    return np.vstack([start, np.asarray(start) + np.cumsum(steps, axis=0)])


def branches(
    rng: np.random.Generator, start: ArrayLike, heading: float, length: float, width: float, depth: int
) -> list[tuple[Path, float]]:
    """A vessel tree: (path, width) of a trunk and its ever thinner children."""
    path = wander(rng, start, heading, length, 0.5)
    tree = [(path, width)]
    if depth > 0:
        for at in rng.choice(np.arange(4, len(path)), size=rng.integers(2, 4), replace=False):
            side = rng.choice([-1.0, 1.0]) * rng.uniform(0.35, 0.9)
            tree += branches(rng, path[at], heading + side, length * rng.uniform(0.5, 0.8), width * 0.65, depth - 1)
    return tree
