"""Pixel methods of `attribute`: Integrated Gradients, occlusion and GradCAM of a region's score, on captum.

Each returns the fields of `attribution.Attribution` that it fills.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from banet_edu.explain.inside.signals import find_signal, signals_of
from banet_edu.explain.inside.target import Baseline, RegionScore, baseline_input
from banet_edu.explain.inside.trace import resized

Progress = Callable[[int, int], None]

TOLERANCE = 0.01  # Integrated Gradients: the completeness error at which no more steps are taken


def integrated_gradients(
    score: RegionScore,
    progress: Progress | None,
    baseline: Baseline = "blur",
    blur_px: float | None = None,
    steps: int = 32,
    max_steps: int = 512,
) -> dict[str, Any]:
    """Gradients along the straight way from the baseline to the image (arXiv:1703.01365), times the way.

    The number of steps is doubled until the shares add up to the total effect within 1 %, or to `max_steps`.
    """
    from captum.attr import IntegratedGradients

    if not 1 <= steps <= max_steps:
        raise ValueError(f"steps must lie between 1 and max_steps = {max_steps}, got {steps}")
    start = baseline_input(score.x, baseline, blur_px)
    on, off = (float(value) for value in score.of(torch.cat([score.x, start])))
    forward, x = _counted(score, progress, 2 * max_steps), score.x.clone().requires_grad_()
    while True:
        with torch.enable_grad():
            found = IntegratedGradients(forward).attribute(x, start, n_steps=steps, internal_batch_size=score.batch)
        found = found.detach()
        error = relative_error(float(found.cpu().sum(dtype=torch.float64)), on - off)
        if error <= TOLERANCE or steps * 2 > max_steps:
            break
        steps *= 2
    settings = {"baseline": baseline, "blur_px": blur_px, "steps": steps, "max_steps": max_steps}
    return _result(found.sum(dim=1)[0], on, off, settings, error)


def occlusion(
    score: RegionScore,
    progress: Progress | None,
    baseline: Baseline = "blur",
    blur_px: float | None = None,
    window: int | None = None,
    stride: int | None = None,
) -> dict[str, Any]:
    """Loss of score when a square (of a volume a cube) shows the baseline (arXiv:1311.2901), the mean over
    the squares that cover a pixel."""
    from captum.attr import Occlusion

    _, channels, *sides = score.x.shape
    shorter = min(sides)
    window = max(shorter // 8, 1) if window is None else window
    stride = max(window // 2, 1) if stride is None else stride
    if not 1 <= window <= shorter or not 1 <= stride <= window:
        raise ValueError(f"1 <= stride <= window <= {shorter} must hold, got stride {stride} and window {window}")
    cover = baseline_input(score.x, baseline, blur_px)
    on, off = (float(value) for value in score.of(torch.cat([score.x, cover])))
    runs = int(np.prod([int(np.ceil((side - window) / stride)) + 1 for side in sides])) + 1
    with torch.no_grad():
        shape, steps = ((channels, *[length] * len(sides)) for length in (window, stride))
        # On the CPU captum's own sums have the score's float64, which an Apple GPU does not know.
        found = Occlusion(_counted(score, progress, runs)).attribute(
            score.x.cpu(), shape, steps, cover.cpu(), perturbations_per_eval=score.batch
        )
    settings = {"baseline": baseline, "blur_px": blur_px, "window": window, "stride": stride}
    return _result(found[0, 0], on, off, settings)


def gradcam(score: RegionScore, progress: Progress | None, signal: str | None = None) -> dict[str, Any]:
    """A layer's channels, each weighted by the score's mean gradient there (arXiv:1610.02391); signed, not rectified."""
    from captum.attr import LayerGradCam

    known = signals_of(score.model)
    if signal is None:
        decoder = [n for n in ("decoder.stage1", "decoder.level1") if n in known]
        if not decoder:
            raise ValueError(f"give gradcam the signal to look at: one of {', '.join(known)}")
        signal = decoder[0]
    about = find_signal(score.model, signal)
    if about.argument is not None:
        outputs = [name for name, other in known.items() if other.argument is None]
        raise ValueError(
            f"{signal!r} is what a module takes in, gradcam needs what one gives out: {', '.join(outputs)}"
        )
    layer = score.model.get_submodule(about.module)
    with torch.enable_grad():
        found = LayerGradCam(_counted(score, progress, 1), layer).attribute(score.x.clone().requires_grad_())
    assert isinstance(found, Tensor)
    settings = {"signal": signal, "layer_size": tuple(found.shape[2:])}
    picture = resized(found.detach()[0, 0].float().cpu().numpy(), tuple(score.x.shape[2:]))
    return {"score": float(score.of(score.x)[0]), "baseline_score": None, "total_effect": None,
            "map": picture, "settings": settings}  # fmt: skip


def relative_error(total: float, expected: float) -> float:
    """|total - expected| / |expected|; an expected total of less than a millionth counts as a millionth.

    >>> relative_error(1.5, 2.0), relative_error(0.0, 0.0)
    (0.25, 0.0)
    """
    return abs(total - expected) / max(abs(expected), 1e-6)


def _result(
    picture: Tensor, on: float, off: float, settings: dict[str, Any], error: float | None = None
) -> dict[str, Any]:
    values = picture.detach().float().cpu().numpy()
    return {"score": on, "baseline_score": off, "total_effect": on - off, "map": values,
            "completeness_error": error, "settings": settings}  # fmt: skip


def _counted(score: RegionScore, progress: Progress | None, at_most: int) -> Callable[[Tensor], Tensor]:
    """The score, reporting how many images the network has seen."""
    done = 0

    def forward(inputs: Tensor) -> Tensor:
        nonlocal done
        found = score(inputs)
        done += len(inputs)
        if progress is not None:
            progress(done, max(at_most, done))
        return found

    return forward
