"""Along the boundary: a place on the contour, and what its band's decision rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import ipywidgets
from matplotlib.figure import Figure
from torch import nn

from banet_edu.course.lesson08.figures import across_figure
from banet_edu.course.lesson08.places import most_slack, telling_places
from banet_edu.course.panel import Panel, by_name, choice
from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.profiles import boundary_profile
from banet_edu.explain.inside.attribution import Attribution, Method, attribute
from banet_edu.explain.inside.regions import Region
from banet_edu.explain.inside.target import Toward
from banet_edu.figures.attribution import attribution_figure
from banet_edu.figures.contour import contour_figure
from banet_edu.figures.methods import methods_figure
from banet_edu.prediction import predict

_PLACES = 100  # round an outline
_METHODS: dict[str, Method] = {
    "Integrated Gradients": "integrated_gradients",
    "occlusion": "occlusion",
    "GradCAM": "gradcam",
}


def contour_explorer(model: nn.Module, samples: Iterable[Sample]) -> Panel:
    """Walk along the expert's outline: brightness and probability across the boundary at each place, and the error there.

    Args:
        model: predicts the samples.
        samples: with masks. Of several outlines the walk goes along one after the other. Where nothing is found, or nothing
            is there, the image says so at every place: then there is no error to walk along.
    """
    cases = by_name(samples)
    found = {name: predict(model, sample) for name, sample in cases.items()}
    profiles = {name: boundary_profile(sample, found[name], along="reference") for name, sample in cases.items()}
    walks = [name for name, profile in profiles.items() if profile.has_errors]

    def render(sample: str, position: int) -> Figure:
        profile = profiles[sample]
        if sample not in walks:
            mask = cases[sample].mask
            assert mask is not None  # boundary_profile along the reference would have raised
            title = "Nothing to walk along: the expert's outline or the network's is missing"
            return contour_figure(cases[sample].image, found[sample], mask > 0, title=title)
        return across_figure(cases[sample], found[sample], profile, [position * len(profile) // _PLACES])

    def still() -> Figure:
        first = next(iter(walks or cases))
        if not walks:
            return render(first, 0)
        profile = profiles[first]
        title = "Three places: a usual one, the one that is most off, and the one with the most slack"
        rows = [*telling_places(profile)[1:], most_slack(profile)]
        return across_figure(cases[first], found[first], profile, rows, title=title)

    return Panel(
        render,
        {
            "sample": choice("image", {name: name for name in cases}),
            "position": ipywidgets.IntSlider(0, 0, _PLACES - 1, description="place (% of the way)"),
        },
        alt="A place on the outline of an image; across the boundary there, the brightness and the network's probability.",
        still=still,
    )


def attribution_explorer(
    model: nn.Module, sample: Sample, regions: Mapping[str, Region], maps: Iterable[Attribution] = ()
) -> Panel:
    """What the decision in a region of the boundary rests on: three methods of captum, two questions, your regions.

    Args:
        model: is explained.
        sample: what `predict` takes.
        regions: name -> region of this sample's size, such as `boundary_band` and `contour_segment` give.
        maps: what `attribute` said of this model, sample and one of these regions already; everything else is computed when
            it is first asked for, and once (occlusion takes about three seconds).
    """
    if not regions:
        raise ValueError("attribution_explorer needs at least one region")
    prediction, maps = predict(model, sample), tuple(maps)

    @cache
    def explained(method: Method, toward: Toward, region: str) -> Attribution:
        for known in maps:
            if (known.method, known.toward) == (method, toward) and known.region is regions[region]:
                return known
        return attribute(model, sample, method, regions[region], toward=toward)

    def render(method: Method, toward: Toward, region: str) -> Figure:
        return attribution_figure(sample.image, explained(method, toward, region), prediction)

    def still() -> Figure:
        first = next(iter(regions))
        maps = [explained(method, "decision", first) for method in _METHODS.values()]
        return methods_figure(
            sample.image, maps, prediction, title=f"What holds the decision in the {regions[first].name}"
        )

    return Panel(
        render,
        {
            "method": choice("method", _METHODS),
            "toward": choice("question", {"what holds the decision": "decision", "what pushes outward": "outward"}),
            "region": choice("region", {name: name for name in regions}),
        },
        alt="An image with a region of its boundary, and a map of where the image speaks for and against the decision there.",
        still=still,
    )
