"""The parameter randomisation check: does an attribution change when the network forgets what it has learned?

Adebayo et al., Sanity checks for saliency maps (arXiv:1810.03292), cascading form: the parameters of the last stage are
replaced by noise, then those of the last two, and so on up to the input. A map that stays alike all the way shows edges of
the image, not what the network knows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from banet_edu.data.sample import Sample
from banet_edu.explain.inside.attribution import Method, attribute
from banet_edu.explain.inside.regions import Region
from banet_edu.explain.inside.target import Toward, region_score
from banet_edu.prediction import evaluating

if TYPE_CHECKING:
    import pandas as pd

SIMILAR = 0.5  # rank correlation from which two maps count as alike


@dataclass(frozen=True, eq=False)
class RandomisationResult:
    """What `randomisation_check` found.

    Attributes:
        method, region: what was checked.
        table: a row per stage and seed, in the order of the cascade: stage (the last one randomised), randomised (how
            many stages are), seed, similarity (of |map| inside the region) and similarity_image (everywhere): Spearman's
            rank correlation with the trained network's map, 1 alike, 0 unlike.
        settings: what the attributions were computed with.
    """

    method: Method
    region: Region
    table: pd.DataFrame
    settings: dict[str, Any]

    @property
    def final_similarity(self) -> float:
        """Mean over the seeds with every stage randomised, inside the region."""
        last = self.table["randomised"] == self.table["randomised"].max()
        return float(self.table.loc[last, "similarity"].mean())

    @property
    def passed(self) -> bool:
        """The map of a network that knows nothing is unlike the trained network's (below 0.5)."""
        return self.final_similarity < SIMILAR

    @property
    def verdict(self) -> str:
        """One line, with the figures."""
        said = "passes: the map changes" if self.passed else "fails: the map stays alike"
        return (
            f"{said} when the network forgets (rank correlation {self.final_similarity:.2f} in the region; 1 is alike)"
        )

    def __repr__(self) -> str:
        return f"RandomisationResult({self.method}, {self.region.name}: {self.verdict})"


def randomisation_check(
    model: nn.Module,
    sample: Sample | Any,
    method: Method = "integrated_gradients",
    region: Region | None = None,
    *,
    toward: Toward = "decision",
    stages: Sequence[str] | None = None,
    seeds: Sequence[int] = (0, 1),
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> RandomisationResult:
    """Compare the map of the trained network with those of copies whose parameters are noise, stage by stage.

    Each parameter tensor becomes normal noise of its own root mean square; running statistics stay. The model itself is
    not touched.

    Args:
        model, sample, method, region, toward: as in `attribute`, for a method that gives a map.
        stages: names of submodules, in the order of the cascade; by default `cascade(model, ...)`, from output to input.
        seeds: of the noise, one cascade each.
        progress: called with (maps done, maps in all).
        options: for `attribute`. For integrated_gradients `steps` is 16 here and never doubled, unless they say otherwise.

    Raises ValueError on a knob method, an unknown stage, or no seeds.
    """
    if method in ("feature_ablation", "shapley"):
        raise ValueError(f"{method} gives no map of pixels; integrated_gradients, occlusion and gradcam do")
    if len(seeds) == 0:
        raise ValueError("give at least one seed")
    if method == "integrated_gradients":
        options.setdefault("steps", 16)
        options.setdefault("max_steps", options["steps"])
    with evaluating(model):
        score = region_score(model, sample, region, toward)
    names = cascade(model, score.x) if stages is None else list(stages)
    if not names:
        raise ValueError("give at least one stage to randomise")
    known = dict(model.named_modules())
    if unknown := [name for name in names if name not in known]:
        raise ValueError(
            f"this network has no submodule {unknown[0]!r}; by default: {', '.join(cascade(model, score.x))}"
        )

    def picture(network: nn.Module) -> NDArray[np.float32]:
        found = attribute(network, sample, method, score.region, toward=toward, **options).map
        assert found is not None
        return np.abs(found)

    import pandas as pd

    trained, rows = picture(model), []
    for seed in seeds:
        network, generator = copy.deepcopy(model), torch.Generator().manual_seed(seed)
        done: set[int] = set()
        for k, name in enumerate(names, start=1):
            randomise(network.get_submodule(name).parameters(), generator, done)
            changed = picture(network)
            inside = score.inside
            rows.append({"stage": name, "randomised": k, "seed": seed, "similarity": _alike(trained[inside], changed[inside]),
                         "similarity_image": _alike(trained, changed)})  # fmt: skip
            if progress is not None:
                progress(len(rows), len(names) * len(seeds))
    return RandomisationResult(method, score.region, pd.DataFrame(rows), dict(options))


def cascade(model: nn.Module, x: Tensor) -> list[str]:
    """Submodules with parameters, to two levels of names, from the output to the input of the forward pass of `x`.

    >>> from banet_edu import create_model
    >>> cascade(create_model("banet", preset="nano"), torch.zeros(1, 3, 64, 64))[:3]
    ['head.classifier', 'head.decoder', 'head.cff']
    """
    seen: dict[str, None] = {}  # in the order in which each ran last
    with evaluating(model), torch.no_grad():
        handles = []
        for name, module in model.named_modules():
            if next(module.parameters(recurse=False), None) is not None:
                short = ".".join(name.split(".")[:2])

                def note(_: nn.Module, __: Any, ___: Any, short: str = short) -> None:
                    seen.pop(short, None)
                    seen[short] = None

                handles.append(module.register_forward_hook(note))
        try:
            model(x)
        finally:
            for handle in handles:
                handle.remove()
    return list(seen)[::-1]


@torch.no_grad()
def randomise(parameters: Iterable[Tensor], generator: torch.Generator, done: set[int] | None = None) -> None:
    """Replace each parameter, in place, by normal noise of its root mean square; those whose id is in `done` are left."""
    done = set() if done is None else done
    for parameter in parameters:
        if id(parameter) in done:
            continue
        done.add(id(parameter))
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.copy_(noise.to(parameter) * parameter.square().mean().sqrt())


def _alike(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Spearman's rank correlation; 0 where a map is the same everywhere: it says nothing."""
    from scipy.stats import spearmanr  # most of a second of import, which a report without this test need not wait for

    a, b = one.ravel(), other.ravel()
    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0 or not np.isfinite(b).all():
        return 0.0
    return float(spearmanr(a, b).statistic)
