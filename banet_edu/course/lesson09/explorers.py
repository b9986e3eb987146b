"""The boundary clinic: see where an outline is likely wrong, set a ruler, measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import ipywidgets
import numpy as np
from matplotlib.figure import Figure
from torch import nn

from banet_edu.clinic.desk import NETWORKS, Desk
from banet_edu.course.lesson09.figures import card_figure, measures_figure
from banet_edu.course.lesson09.ruler import ruler_figure
from banet_edu.course.panel import Panel, choice
from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.callipers import clinic_measures
from banet_edu.explain.boundary.causes import why
from banet_edu.explain.boundary.profiles import boundary_profile
from banet_edu.figures.why import doubtful_figure

Percent = tuple[float, float]
LONGEST_RULER = 200  # mm
_STILL_RULER, _STILL_MEASURE = 3.6, 2.5  # inches: still pictures are smaller, to keep the notebook's file small
_RULER = "Pixel size from a ruler"
_MEASURE = "Measure the outline"


def doubt_figure(desk: Desk) -> Figure:
    """What is found, with the places to look at first and why; where nothing is found, the picture that says so."""
    sample, prediction = desk.sample, desk.found()
    if not prediction.mask.any():
        return measures_figure(sample, prediction, tallest=1.85)
    profile = boundary_profile(sample, prediction)
    if not len(profile):
        return measures_figure(sample, prediction)
    title = f"{sample.name}; network: {desk.network}"
    return doubtful_figure(sample, prediction, profile, why(profile, expected=desk.expected()), title=title)


def doubt_explorer(samples: Iterable[Sample], networks: Mapping[str, str | nn.Module] | None = None) -> Panel:
    """Choose a picture and a network by what it learned from; see the outline, where to look at it first, and why.

    Args:
        samples: pictures, no reference needed (a mask is not looked at). Raises ValueError without any.
        networks: what they learned from -> bundled name or network.
    """
    desks = {sample.name: Desk(sample, networks) for sample in samples}
    if not desks:
        raise ValueError("doubt_explorer needs at least one picture")
    names = list(networks or NETWORKS)

    def render(picture: str, network: str) -> Figure:
        desk = desks[picture]
        desk.choose_network(network)
        return doubt_figure(desk)

    controls = {
        "picture": choice("picture", {name: name for name in desks}),
        "network": choice("network learned from", {name: name for name in names}),
    }
    empty = "chest X-rays"  # finds nothing on skin: the second still shows what that looks like
    still: list[dict[str, str]] = [{}, {"network": empty}] if networks is None and empty in names else [{}]
    return Panel(
        render,
        controls,
        alt="A picture with the network's outline; the places to look at first are numbered and explained.",
        still=still,
    )


def ruler_explorer(desk: Desk, solved: tuple[Percent, Percent, float] | None = None) -> Panel:
    """Set two points on a ruler in the picture and say how far apart they are: the desk then measures in mm.

    Args:
        desk: gets the pixel size as soon as a length is set, and loses it again at length 0.
        solved: ((across, down), (across, down), mm), in % of the picture's width and height: for the still picture only;
            without it the still says what the panel does.
    """

    def percent(label: str, start: float) -> ipywidgets.FloatSlider:
        return ipywidgets.FloatSlider(start, min=0, max=100, step=0.2, description=f"{label} (%)", readout_format=".1f")

    controls = {
        "first_across": percent("point 1 across", 30),
        "first_down": percent("point 1 down", 50),
        "second_across": percent("point 2 across", 70),
        "second_down": percent("point 2 down", 50),
        "length": ipywidgets.IntSlider(0, 0, LONGEST_RULER, description="their distance (mm)"),
    }

    def ends(first: Percent, second: Percent) -> np.ndarray:
        height, width = desk.sample.image.shape[:2]
        return np.array([[p[1] * height, p[0] * width] for p in (first, second)]) / 100

    def draw(first: Percent, second: Percent, length: float, **size: float) -> Figure:
        level, given = desk.found().level, desk.sample.spacing_mm
        longest = clinic_measures(level, spacing_mm=None)["longest_px"]
        note = f"The file itself states {given[0]:.4g} x {given[1]:.4g} mm a pixel." if given else ""
        shown = longest if longest == longest else None
        at = ends(first, second)
        return ruler_figure(desk.sample.image, at, length or None, longest_px=shown, note=note, **size)

    def render(**at: float) -> Figure:
        return draw((at["first_across"], at["first_down"]), (at["second_across"], at["second_down"]), at["length"])

    def set_spacing(_: object = None) -> None:
        at = {name: control.value for name, control in controls.items()}
        places = ends((at["first_across"], at["first_down"]), (at["second_across"], at["second_down"]))
        desk.set_ruler(places.tolist(), at["length"])

    def start_again() -> None:
        controls["length"].value = 0  # the old picture's ruler says nothing about the new one
        panel.refresh()

    looking = [desk.network]

    def other_network() -> None:
        if looking[0] != desk.network:  # its outline has another diameter
            looking[0] = desk.network
            panel.refresh()

    def still() -> Figure:
        if solved is None:
            return card_figure(_RULER, "In a running notebook: the picture, and two points to be set on its ruler.")
        return draw(*solved, tallest=_STILL_RULER)

    panel = Panel(
        render,
        controls,
        alt="A picture with two points, each magnified, and the pixel size that follows from their distance on a ruler.",
        still=still,
    )
    for control in controls.values():
        control.observe(set_spacing, names="value")
    desk.follow(start_again, pictures_only=True)
    desk.follow(other_network)
    return panel


def measure_explorer(desk: Desk, still_spacing_mm: float | None = None) -> Panel:
    """Move the threshold: outline, longest diameter, the one across, area and perimeter follow, with their band of doubt.

    Args:
        desk: what is measured, in mm once its pixel size is known.
        still_spacing_mm: size of a pixel for the still picture only; without one the still says what the panel does.
    """

    def render(threshold: float) -> Figure:
        return measures_figure(desk.sample, desk.found(), threshold=threshold, source=desk.source)

    def still() -> Figure:
        if still_spacing_mm is None:
            return card_figure(_MEASURE, "In a running notebook: in mm as soon as the ruler above is set.")
        found = desk.found().with_spacing((still_spacing_mm, still_spacing_mm))
        return measures_figure(desk.sample, found, source="pixel size set by the ruler", tallest=_STILL_MEASURE)

    slider = ipywidgets.FloatSlider(0.5, min=0.25, max=0.75, step=0.05, description="threshold")
    panel = Panel(
        render,
        {"threshold": slider},
        alt="The outline with its longest diameter and the one across it, and the figures with their band of doubt.",
        still=still,
    )
    desk.follow(panel.refresh)
    return panel
