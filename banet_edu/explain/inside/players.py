"""Knobs as players of a game: what each inner mechanism of a network adds to the score of a region.

A coalition is the set of mechanisms left alone; the others are switched off (`intervene`). Its value is the score.
`feature_ablation` switches off one at a time; `shapley` gives each its mean contribution over the orders in which they
could be switched off, so that the shares add up to the total effect (all on minus all off).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from banet_edu.banet.network import BANet
from banet_edu.explain.inside.interventions import Replacement, combine, intervene, knobs
from banet_edu.explain.inside.signals import find_signal
from banet_edu.explain.inside.target import RegionScore

#: Names of ready-made knobs, or the players' names with the replacements that switch each one off.
Knobs = Iterable[str] | Mapping[str, Mapping[str, Replacement]]

EXACT_PLAYERS = 6  # up to here all orders are tried (720): at most 64 network runs
PERMUTATIONS = 25  # beyond: this many random orders


class Game:
    """Values of coalitions; each is computed once.

    Args:
        score: of the region, as a function of the input.
        players: name -> replacements that switch it off.
        progress: called after each network run with how many are done and how many there may be at most.
    """

    def __init__(
        self,
        score: RegionScore,
        players: Mapping[str, Mapping[str, Replacement]],
        progress: Callable[[int, int], None] | None = None,
        at_most: int = 0,
    ) -> None:
        self.score, self.players, self._progress = score, list(players.values()), progress
        self._values: dict[tuple[bool, ...], float] = {}
        self._at_most = at_most

    def value(self, left_alone: tuple[bool, ...]) -> float:
        """The score with only these mechanisms at work."""
        if left_alone not in self._values:
            off: dict[str, Replacement] = {}
            for player, alone in zip(self.players, left_alone, strict=True):
                if not alone:
                    off |= player
            with torch.no_grad(), intervene(self.score.model, off):
                self._values[left_alone] = float(self.score(self.score.x))
            if self._progress is not None:
                self._progress(len(self._values), max(self._at_most, len(self._values)))
        return self._values[left_alone]

    def forward(self, vectors: Tensor) -> Tensor:
        """B x n of 0 (off) and 1 (left alone) -> B float64: the form captum plays."""
        rows = [tuple(bool(v > 0.5) for v in row) for row in vectors.tolist()]
        return torch.tensor([self.value(row) for row in rows], dtype=torch.float64)

    @property
    def runs(self) -> int:
        """How often the network ran."""
        return len(self._values)


def shares(
    score: RegionScore,
    players: Mapping[str, Mapping[str, Replacement]],
    method: Literal["feature_ablation", "shapley"],
    *,
    permutations: int | None,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> tuple[NDArray[np.float64], float, float, dict[str, Any]]:
    """(value of each player, score with all on, score with all off, settings)."""
    from captum.attr import FeatureAblation, ShapleyValues, ShapleyValueSampling

    n = len(players)
    exact = method == "shapley" and permutations is None and n <= EXACT_PLAYERS
    orders = PERMUTATIONS if permutations is None else permutations
    if orders < 1:
        raise ValueError(f"permutations must be at least 1, got {permutations}")
    at_most = n + 2 if method == "feature_ablation" else min(2**n, (n - 1) * orders + 2) if not exact else 2**n
    game = Game(score, players, progress, at_most)
    everyone, nobody = torch.ones(1, n, dtype=torch.float64), torch.zeros(1, n, dtype=torch.float64)
    on, off = game.value((True,) * n), game.value((False,) * n)
    settings: dict[str, Any] = {"players": list(players)}
    if method == "feature_ablation":
        found = FeatureAblation(game.forward).attribute(everyone, baselines=nobody)
    elif exact:
        found = ShapleyValues(game.forward).attribute(everyone, baselines=nobody)
        settings["orders"] = "all"
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            found = ShapleyValueSampling(game.forward).attribute(everyone, baselines=nobody, n_samples=orders)
        settings |= {"orders": orders, "seed": seed}
    return found[0].double().numpy(), on, off, settings | {"network_runs": game.runs}


def as_players(model: nn.Module, chosen: Knobs | None) -> dict[str, Mapping[str, Replacement]]:
    """Players by name. By default each mechanism of each stage of BA-Net (PEE, IA, CFF), each skip of a U-Net.

    Raises ValueError on an unknown knob or signal, none at all, or two players who switch off the same signal.

    >>> from banet_edu import create_model
    >>> list(as_players(create_model("banet", preset="nano"), None))[:4]
    ['stage1.pee off', 'stage1.ia off', 'stage1.cff off', 'stage2.pee off']
    """
    if isinstance(chosen, str):
        raise ValueError(f"knobs must be several names, or name -> replacements, not the one name {chosen!r}")
    if isinstance(chosen, Mapping):
        players: dict[str, Mapping[str, Replacement]] = dict(chosen)
        if wrong := [name for name, off in players.items() if not isinstance(off, Mapping) or not off]:
            raise ValueError(f"player {wrong[0]!r} needs the replacements that switch it off: {{signal: value}}")
    else:
        names = _default_players(model) if chosen is None else list(chosen)
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"each knob plays once: {repeated[0]!r} is given twice")
        players = {name: combine(model, name) for name in names}
    if not players:
        raise ValueError(
            f"no players: {type(model).__name__} has no ready-made knobs, or none were given; name some: "
            "knobs={'my player': {signal: 0.0}}"
        )
    owner: dict[str, str] = {}
    for name, off in players.items():
        for signal in off:
            find_signal(model, signal)
            if signal in owner:
                raise ValueError(f"{owner[signal]!r} and {name!r} both switch off {signal}: give players apart")
            owner[signal] = name
    return players


def _default_players(model: nn.Module) -> list[str]:
    known = knobs(model)
    if not isinstance(model, BANet):
        return list(known)
    blocks = [f"stage{i}.{block} off" for i in (1, 2, 3, 4) for block in ("pee", "ia", "cff")]
    return [name for name in blocks if name in known] or [f"stage{i} off" for i in (1, 2, 3, 4)]
