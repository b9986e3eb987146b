"""What the reports of an image and of a volume share below the first page."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from torch import nn

from banet_edu.data.sample import Sample
from banet_edu.data.volume import Volume
from banet_edu.explain import attribute, effects, knobs
from banet_edu.explain.inside.regions import Region
from banet_edu.figures.attribution import knob_values_figure
from banet_edu.figures.effects import effects_figure
from banet_edu.prediction import model_spec
from banet_edu.reports.page import Picture, Piece
from banet_edu.study.machine import machine_facts


class Timed(Protocol):
    @property
    def seconds(self) -> dict[str, float]:
        """How long each section took."""
        ...


AnyCase = TypeVar("AnyCase", bound=Timed)


def appendix(
    case: AnyCase,
    kind: str,
    makers: Mapping[str, Callable[[AnyCase], Iterable[Piece]]],
    slow: Collection[str],
    *,
    quick: bool,
    say: Callable[[str], None],
) -> dict[str, list[Piece]]:
    """{heading: pieces} of one section after another; `quick` leaves out the `slow` ones and says so.

    A section that cannot be made for this `kind` of case ("image") says why: such as of a region of three pixels.
    """
    sections: dict[str, list[Piece]] = {}
    for heading, make in makers.items():
        if quick and heading in slow:
            continue
        say(heading.lower())
        started = time.perf_counter()
        try:
            sections[heading] = list(make(case))
        except ValueError as error:
            sections[heading] = [[f"Cannot be shown for this {kind}: {error}."]]
        case.seconds[heading.lower()] = time.perf_counter() - started
    if quick:
        sections["Left out"] = [f"Made with --quick, without: {', '.join(heading.lower() for heading in slow)}."]
    return sections


def blocks_off(model: nn.Module, sample: Sample | Volume, kind: str) -> Generator[Piece, None, Any]:
    """Each block switched off, one at a time; returns the rows of `effects`, None of a network without knobs."""
    known = knobs(model)
    chosen = [name for name in known if name.endswith((".pee off", ".ia off", ".cff off")) or name.startswith("skip")]
    chosen += [name for name in ("pee off", "ia off", "cff off") if name in known]
    if not chosen:
        yield f"{model_spec(model).name} has no blocks or skips that are known here: nothing can be switched off."
        return None
    rows = effects(model, sample, chosen)
    yield Picture(
        effects_figure(rows, top=len(rows)),
        f"Each block switched off, one at a time. A block that hardly matters for this {kind} may matter for others; "
        f"small changes either way mean little on a single {kind}.",
        "Bars of the change when a block is switched off: " + "; ".join(rows["knob"].head(6)),
    )
    return rows


def shapley_values(model: nn.Module, sample: Sample | Volume, band: Region) -> Piece:
    """What each block adds to the network's confidence in a band around the boundary; in words where none is known."""
    if not knobs(model):
        return f"No Shapley values: {model_spec(model).name} has no blocks or skips to divide its confidence among."
    caption = f"Shapley values: what each block adds to the confidence in the {band.name}; together the effect of all."
    return Picture(knob_values_figure(attribute(model, sample, "shapley", band)), caption)


def footer() -> str:
    """What stands below every report."""
    return f"Written by banet-edu {machine_facts()['banet_edu']}, for teaching and research."


def how_made(model: nn.Module, model_name: str, threshold: float, seconds: Mapping[str, float]) -> dict[str, str]:
    """The network, the machine, the versions, and how long each section took."""
    spec, machine = model_spec(model), machine_facts()
    size = " x ".join(map(str, spec.input_size))
    return {
        "Network": f"{model_name or spec.name}: {spec.name}, preset {spec.preset}, input {size}",
        "Threshold": f"foreground from probability {threshold:g}"
        if spec.num_classes == 2
        else "the most probable class",
        "Machine": f"{machine['system']}, {machine['cores']} cores, GPU: {machine['gpu'] or 'none'}",
        "Versions": f"banet-edu {machine['banet_edu']}, torch {machine['torch']}, Python {machine['python']}",
        "Time": "; ".join(f"{name} {taken:.1f} s" for name, taken in seconds.items()),
    }
