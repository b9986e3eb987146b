"""A viewer of a volume: three planes, sliders for each, a press on one plane moves the other two."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from banet_edu.course.panel import Still, choice
from banet_edu.course.pointing import PointedPanel
from banet_edu.data.volume import Volume, normalised
from banet_edu.explain import boundary_profile
from banet_edu.explain.volumes.one_class import of_class
from banet_edu.figures.volumes.planes import middle_of, planes_figure
from banet_edu.figures.volumes.slices import PLANES, Voxel, plane_at
from banet_edu.prediction import Prediction

_ALT = (
    "Axial, coronal and sagittal slice through one voxel of a volume, with the outlines of reference and prediction, the "
    "latter coloured by how far it is off."
)


class PlanePanel(PointedPanel):
    """`PointedPanel` whose picture holds the three planes of `planes_figure`; controls z, y and x among others."""

    def press(self, x: float, y: float) -> None:
        """Move the other two planes to a place of this one: from the left and from the top, 0 to 1. Beside them nothing
        happens."""
        if self._drawn is None or (found := plane_at(self._drawn, x, y)) is None:
            return
        plane, *place = found
        self._setting = True
        for axis, at in zip((plane.down, plane.along), place, strict=True):
            slider = self.controls["zyx"[axis]]
            slider.value = int(np.clip(round(at), slider.min, slider.max))
        self._setting = False
        self.refresh()


def volume_explorer(
    volume: Volume,
    prediction: Prediction | None = None,
    *,
    at: Voxel | None = None,
    by_class: bool = True,
    still: Still = (),
) -> PlanePanel:
    """Look through a volume, its mask and a prediction, and read the values of a voxel.

    Args:
        volume: with or without a mask.
        prediction: of that volume. With a mask its outline is coloured by the signed error at the surface.
        at: (z, y, x) to begin with; by default the middle of the mask.
        by_class: of several classes a control chooses one, or all together as foreground; False shows all together, in a
            quarter of the pictures that a page without a kernel needs.
        still: as in `Panel`: what is shown where no widget runs.

    Raises ValueError where `planes_figure` does.
    """
    begin = middle_of(volume, prediction) if at is None else at
    names = _class_names(volume, prediction)
    scaled = normalised(volume)

    @cache
    def case(label: int) -> tuple[Volume, Prediction | None, Any]:
        shown, found = of_class(volume, prediction, label) if label else (volume, prediction)
        return shown, found, None if found is None else boundary_profile(shown, found, along="prediction")

    def render(z: int, y: int, x: int, label: int = 0) -> Figure:
        shown, found, profile = case(label)
        return planes_figure(shown, found, (z, y, x), profile=profile)

    def words(z: int, y: int, x: int, label: int = 0) -> list[str]:
        _, _, profile = case(label)
        return [
            f"Voxel z = {z}, y = {y}, x = {x}: intensity {volume.image[z, y, x]:.4g}, {scaled[z, y, x]:+.1f} standard "
            "deviations from the volume's mean.",
            *_labels_in_words(volume, prediction, names, (z, y, x)),
            *([] if profile is None else [_surface_in_words(profile, volume, prediction, (z, y, x))]),
        ]

    controls: dict[str, ipywidgets.ValueWidget] = {}
    if by_class and len(names) > 2:
        controls["label"] = choice(
            "outline of", {"all classes": 0, **{name: k for k, name in enumerate(names) if k}}, 0
        )
    for plane, axis in ((plane, plane.across) for plane in PLANES):
        controls["zyx"[axis]] = ipywidgets.IntSlider(
            begin[axis], 0, volume.shape[axis] - 1, description=f"{'zyx'[axis]} ({plane.name})"
        )
    return PlanePanel(render, words, controls, alt=_ALT, still=still)


def _class_names(volume: Volume, prediction: Prediction | None) -> Sequence[str]:
    if prediction is not None:
        return prediction.class_names
    count = 2 if volume.mask is None else int(np.max(volume.mask)) + 1
    return ["background", "foreground"] if count <= 2 else [f"class {k}" for k in range(count)]


def _labels_in_words(volume: Volume, prediction: Prediction | None, names: Sequence[str], place: Voxel) -> list[str]:
    said = []
    if volume.mask is not None:
        label = int(volume.mask[place])
        said.append(f"Reference: {names[label] if label < len(names) else label}.")
    if prediction is not None:
        share = float(prediction.probability[place])
        said.append(f"Prediction: {names[int(prediction.labels[place])]}; probability of the foreground {share:.2f}.")
    return [" ".join(said)] if said else []


def _surface_in_words(profile: Any, volume: Volume, prediction: Prediction | None, place: Voxel) -> str:
    """How far the predicted surface is, and its error there."""
    if not len(profile):
        return "The prediction has no surface in this volume."
    in_mm = profile.unit == "mm"
    spacing = np.array((prediction and prediction.spacing_mm) or volume.spacing_mm or (1.0, 1.0, 1.0))
    apart = np.linalg.norm((profile[["z", "y", "x"]].to_numpy() - place) * spacing, axis=1)
    nearest = int(apart.argmin())
    said = f"The predicted surface is {apart[nearest]:.1f} {'mm' if in_mm else 'voxels'} away"
    if profile.column("signed_error") not in profile:
        return f"{said}."
    error = float(profile.measured("signed_error").iloc[nearest])
    if np.isnan(error):
        return f"{said}; its error is not known: the reference has no surface."
    unit = "mm" if in_mm else "% of the volume's diagonal"
    side = "outside" if error > 0 else "inside"
    return f"{said}; there it lies {abs(error):.1f} {unit} {side} of the reference."
