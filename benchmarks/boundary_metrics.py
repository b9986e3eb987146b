"""Boundary metrics against MONAI, medpy and surface-distance: python benchmarks/boundary_metrics.py

Ours computes HD, HD95, ASSD, NSD and the bias in one call; each peer is timed for one metric at a time. All take turns on
the same pairs in one process with one thread, and processor time is counted (on a quiet machine it is the time on the
clock), so that the figures mean something on a busy machine too. The masks are made from seeds; the prediction is the
target with its contour moved by a few percent. Peers get their own input type ready made, and warnings are silenced,
because printing would cost them time.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
import warnings
from collections.abc import Callable
from statistics import median

import cv2
import medpy.metric.binary as medpy
import numpy as np
import surface_distance
import torch
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice

from banet_edu.metrics.boundary import boundary_metrics

PAIRS, REPEATS = 5, 3
SPACING = (0.5, 0.5)
Masks = tuple[np.ndarray, np.ndarray]


def make_pair(seed: int, height: int, width: int) -> Masks:
    """An irregular target away from the frame, and a prediction that is off by a few percent of its radius."""
    rng = np.random.default_rng(seed)
    y, x = np.ogrid[:height, :width]
    y, x = y - height * rng.uniform(0.45, 0.55), x - width * rng.uniform(0.45, 0.55)
    angle, distance = np.arctan2(y, x, dtype=np.float32), np.hypot(y, x, dtype=np.float32)
    base = min(height, width) * rng.uniform(0.2, 0.3)
    radii = []
    for roughness in (0.15, 0.05):
        radii.append(np.ones_like(angle))
        for k in range(2, 12):
            amount, phase = np.float32(roughness * rng.normal() / k), np.float32(rng.uniform(0, 2 * np.pi))
            radii[-1] += amount * np.cos(k * angle + phase)
    target = distance < base * radii[0]
    return distance < base * radii[0] * radii[1], target


def peers(prediction: np.ndarray, target: np.ndarray) -> dict[str, Callable[[], float]]:
    """Each peer's metrics, one function each, on inputs of its own kind."""
    batch = [torch.tensor(mask)[None, None] for mask in (prediction, target)]
    monai = {"include_background": True, "spacing": SPACING}

    def surface(read: Callable[[dict], float]) -> Callable[[], float]:
        return lambda: read(surface_distance.compute_surface_distances(target, prediction, SPACING))

    return {
        "MONAI HD": lambda: float(compute_hausdorff_distance(*batch, **monai)),
        "MONAI HD95": lambda: float(compute_hausdorff_distance(*batch, percentile=95, **monai)),
        "MONAI ASSD": lambda: float(compute_average_surface_distance(*batch, symmetric=True, **monai)),
        "MONAI NSD": lambda: float(compute_surface_dice(*batch, [1.0], **monai)),
        "medpy HD": lambda: medpy.hd(prediction, target, SPACING),
        "medpy HD95": lambda: medpy.hd95(prediction, target, SPACING),
        "medpy ASSD": lambda: medpy.assd(prediction, target, SPACING),
        "surface-distance HD95": surface(lambda d: surface_distance.compute_robust_hausdorff(d, 95)),
        "surface-distance NSD": surface(lambda d: surface_distance.compute_surface_dice_at_tolerance(d, 1.0)),
    }


def ours_for(name: str, prediction: np.ndarray, target: np.ndarray) -> float:
    """Our figure under the definition of that peer."""
    row = boundary_metrics(
        prediction,
        target,
        spacing_mm=SPACING,
        pooled=name.startswith("medpy"),
        weighting="length" if name.startswith("surface-distance") else "pixels",
    )
    metric = name.split()[-1].lower()
    return row["nsd_at_1mm" if metric == "nsd" else f"{metric}_mm"]


def best(function: Callable[[], object], repeats: int = 1) -> float:
    """Milliseconds of processor time, the best of `repeats`."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return 1e3 * min(times)


def against_peers(size: int) -> None:
    times: dict[str, list[float]] = {}
    difference: dict[str, float] = {}
    for seed in range(PAIRS):
        masks = make_pair(seed, size, size)
        functions: dict[str, Callable[[], object]] = {
            "ours, all four": lambda masks=masks: boundary_metrics(*masks, spacing_mm=SPACING),
            "ours by length": lambda masks=masks: boundary_metrics(*masks, spacing_mm=SPACING, weighting="length"),
        }
        theirs = peers(*masks)
        for name, function in theirs.items():
            difference[name] = max(difference.get(name, 0.0), abs(function() - ours_for(name, *masks)))
        rounds = [{name: best(f) for name, f in (functions | theirs).items()} for _ in range(REPEATS)]
        for name in functions | theirs:
            times.setdefault(name, []).append(min(r[name] for r in rounds))
    print(f"{size} x {size}, {PAIRS} pairs, best of {REPEATS} turns each; median over pairs")
    print(f"{'':24}{'ms':>8}{'x ours':>9}{'largest difference':>21}")
    ours = times["ours, all four"]
    for name, values in times.items():
        ratio = median(t / o for t, o in zip(values, ours, strict=True))
        agreement = f"{difference[name]:.1e}" if name in difference else ""
        print(f"{name:24}{median(values):8.1f}{ratio:9.2f}{agreement:>21}")
    fastest = min((name for name in times if not name.startswith("ours")), key=lambda name: median(times[name]))
    worst = max(o / min(times[n][i] for n in difference) for i, o in enumerate(ours))
    print(f"all four of ours / one of the fastest peer ({fastest}): {median(ours) / median(times[fastest]):.2f}")
    print(f"worst pair: {worst:.2f} (at most 1 is the aim)\n")


def large(height: int, width: int) -> None:
    masks = make_pair(0, height, width)
    pixels = best(lambda: boundary_metrics(*masks, spacing_mm=SPACING), 3)
    length = best(lambda: boundary_metrics(*masks, spacing_mm=SPACING, weighting="length"), 3)
    print(f"{height} x {width} pair: {pixels:.0f} ms by pixels, {length:.0f} ms by length")


def ragged(height: int, width: int) -> None:
    """The unkind case: blotches all over the image, so the boundary is as long as it gets in a thresholded picture."""
    rng = np.random.default_rng(0)
    fields = [cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), 8) for _ in range(2)]
    masks = (fields[0] > 0, fields[1] > 0)
    milliseconds = best(lambda: boundary_metrics(*masks, spacing_mm=SPACING), 2)
    print(f"{height} x {width} blotches all over: {milliseconds:.0f} ms")


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    against_peers(1024)
    large(3000, 4000)
    large(5000, 6000)
    ragged(3000, 4000)


if __name__ == "__main__":
    main()
