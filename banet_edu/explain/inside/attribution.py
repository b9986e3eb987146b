"""`attribute`: which pixels, or which inner mechanisms, a network's decision over a region rests on.

What is explained is one number, the score of a region: see `banet_edu.explain.inside.target`. Whether an answer can be
believed is measured in `banet_edu.explain.inside.faithfulness`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from torch import nn

from banet_edu.data.sample import Sample
from banet_edu.explain.inside.pixels import Progress, gradcam, integrated_gradients, occlusion, relative_error
from banet_edu.explain.inside.players import Knobs, as_players, shares
from banet_edu.explain.inside.regions import Region
from banet_edu.explain.inside.target import Baseline, RegionScore, Toward, region_score
from banet_edu.prediction import evaluating

if TYPE_CHECKING:
    import pandas as pd

Method = Literal["integrated_gradients", "occlusion", "gradcam", "feature_ablation", "shapley"]
_OPTIONS: dict[str, tuple[str, ...]] = {
    "integrated_gradients": ("baseline", "blur_px", "steps", "max_steps"),
    "occlusion": ("baseline", "blur_px", "window", "stride"),
    "gradcam": ("signal",),
    "feature_ablation": ("knobs",),
    "shapley": ("knobs", "permutations", "seed"),
}


@dataclass(frozen=True, eq=False)
class Attribution:
    """What `attribute` found. All figures are in units of the score: logits, the difference of foreground and background.

    Attributes:
        method, region, toward: what was asked.
        score: of the unmodified network.
        baseline_score: of the image without information (pixel methods) or with all players off (knob methods); None for
            gradcam, which compares with nothing.
        total_effect: score minus baseline_score, what there is to share out; None for gradcam.
        map: h x w float32 at the network's input size, for pixel methods: positive where the image supports the score. (Of a
            volume D x H x W, padded as the network's input: `data.volume.centred(map, volume.shape)` is its own part.)
            integrated_gradients: adds up to the total effect. occlusion: mean loss of score over the windows that cover a
            pixel. gradcam: in units of the layer, not of the score.
        values: columns knob, value, for knob methods: how much score turning that knob costs (its mechanism's share).
        completeness_error: |sum of the shares - total effect| / |total effect|, for the methods that promise a sum
            (integrated_gradients, shapley); None for the others.
        settings: what it was computed with.
    """

    method: Method
    region: Region
    toward: Toward
    score: float
    baseline_score: float | None
    total_effect: float | None
    map: NDArray[np.float32] | None = None
    values: pd.DataFrame | None = None
    completeness_error: float | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Attribution({self.method}, {self.region.name}, score {self.score:.3g})"


def attribute(
    model: nn.Module,
    sample: Sample | Any,
    method: Method = "integrated_gradients",
    region: Region | None = None,
    *,
    toward: Toward = "decision",
    baseline: Baseline | None = None,
    blur_px: float | None = None,
    steps: int | None = None,
    max_steps: int | None = None,
    window: int | None = None,
    stride: int | None = None,
    signal: str | None = None,
    knobs: Knobs | None = None,
    permutations: int | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Attribution:
    """Explain the score of a region by pixels or by knobs. The model is left exactly as it was found.

    Args:
        model: a network with a `.spec`; it runs in eval mode, under whatever `intervene` is active.
        sample: what `predict` takes; of a volume "pixel" below means voxel, and a square is a cube.
        method: for pixels "integrated_gradients" (arXiv:1703.01365), "occlusion" (arXiv:1311.2901) or "gradcam"
            (arXiv:1610.02391); for knobs "feature_ablation" (each alone) or "shapley" (Castro et al. 2009,
            doi:10.1016/j.cor.2008.04.004). All run on captum.
        region: see `banet_edu.explain.inside.regions`; by default the boundary band of the prediction.
        toward: "decision" (how firmly the network holds what it decided in the region) or "outward" (how far out the
            boundary lies); formulas in `banet_edu.explain.inside.target`.
        baseline: integrated_gradients, occlusion: what stands for no information, "blur" (default) or "mean" colour.
        blur_px: with "blur": its standard deviation in input pixels, by default a tenth of the input's longer side.
        steps, max_steps: integrated_gradients: points on the way from the baseline, first 32, doubled until the
            completeness error is 1 % or less, or `max_steps` (512) is reached; the result says which.
        window, stride: occlusion: side and step of the covering square in input pixels (an eighth and a sixteenth of the
            shorter side).
        signal: gradcam: a name from `signals_of(model)`; by default the last decoder step.
        knobs: feature_ablation, shapley: names from `banet_edu.explain.knobs(model)`, or name -> {signal: replacement};
            see `players.as_players` for the default.
        permutations, seed: shapley: random orders and their seed (0). By default all orders up to 6 players, else 25.
        progress: called with (network runs done, most there may be).

    Raises ValueError on an unknown method, an option of another method, a bad value or region.

    >>> from banet_edu import load_model, load_samples
    >>> model, sample = load_model("banet-lite-phantom"), load_samples("dermoscopy", "test")[0]
    >>> found = attribute(model, sample, "shapley", knobs=["pee off", "ia off", "cff off"])
    >>> list(found.values.columns), bool(abs(found.values["value"].sum() - found.total_effect) < 1e-4)
    (['knob', 'value'], True)
    """
    if method not in _OPTIONS:
        raise ValueError(f"method is one of {', '.join(get_args(Method))}, not {method!r}")
    given: dict[str, Any] = {
        "baseline": baseline, "blur_px": blur_px, "steps": steps, "max_steps": max_steps, "window": window,
        "stride": stride, "signal": signal, "knobs": knobs, "permutations": permutations, "seed": seed,
    }  # fmt: skip
    options = {name: value for name, value in given.items() if value is not None}
    if foreign := [name for name in options if name not in _OPTIONS[method]]:
        raise ValueError(f"{method} takes {', '.join(_OPTIONS[method])}, not {', '.join(foreign)}")
    runs: dict[str, Callable[..., dict[str, Any]]] = {
        "integrated_gradients": integrated_gradients,
        "occlusion": occlusion,
        "gradcam": gradcam,
        "feature_ablation": _feature_ablation,
        "shapley": _shapley,
    }
    with evaluating(model):
        score = region_score(model, sample, region, toward)
        found = runs[method](score, progress, **options)
    return Attribution(method, score.region, toward, **found)


def _feature_ablation(score: RegionScore, progress: Progress | None, knobs: Knobs | None = None) -> dict[str, Any]:
    players = as_players(score.model, knobs)
    return _table(*shares(score, players, "feature_ablation", permutations=None, seed=0, progress=progress))


def _shapley(
    score: RegionScore,
    progress: Progress | None,
    knobs: Knobs | None = None,
    permutations: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    players = as_players(score.model, knobs)
    found = _table(*shares(score, players, "shapley", permutations=permutations, seed=seed, progress=progress))
    error = relative_error(float(found["values"]["value"].sum()), found["total_effect"])
    return found | {"completeness_error": error}


def _table(values: NDArray[np.float64], on: float, off: float, settings: dict[str, Any]) -> dict[str, Any]:
    import pandas as pd

    table = pd.DataFrame({"knob": settings["players"], "value": values})
    return {"score": on, "baseline_score": off, "total_effect": on - off, "values": table, "settings": settings}
