"""What the panels of the boundary clinic share: one picture, the network that looks at it, and the size of its pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from banet_edu.config import check_spacing
from banet_edu.data.sample import Sample
from banet_edu.explain import expected_error
from banet_edu.explain.boundary.callipers import Spacing, clinic_measures
from banet_edu.explain.boundary.tables import UnitTable
from banet_edu.networks.weights import load_model
from banet_edu.prediction import Prediction, predict

LARGEST_MM = 1000  # of a pixel
BY_RULER = "set by the ruler"
NETWORKS: dict[str, str | nn.Module] = {
    "painted pictures": "banet-lite-phantom",
    "skin": "banet-lite-dermoscopy",
    "polyps": "banet-lite-polyp",
    "chest X-rays": "banet-lite-lung",
}


class Desk:
    """One picture at a time, with what is known about it. Panels that `follow` it draw again when something changes.

    Args:
        sample: the picture to begin with. Its mask, if any, is left out: a reference comes in by `compare_with`.
        networks: what they learned from -> bundled name or network; the first looks at the picture to begin with.

    Attributes:
        sample: the picture, its mask the reference. network: the name of the network that looks at it.
        spacing_mm: (row, column) of a pixel in mm, or None. source: where it comes from, in words.

    >>> from banet_edu.course.lesson09.ruler_photo import ruler_photo
    >>> desk = Desk(ruler_photo(size=(120, 160)).sample)
    >>> sorted(desk.measured())[:2], desk.source
    (['across_pct', 'across_px'], 'pixel size not known')
    >>> desk.set_spacing((0.15, 0.15), "set by the ruler")
    >>> sorted(desk.measured())[:2]
    ['across_mm', 'area_mm2']
    """

    def __init__(self, sample: Sample, networks: Mapping[str, str | nn.Module] | None = None) -> None:
        self.networks = dict(networks or NETWORKS)
        self.network = next(iter(self.networks))
        self._followers: list[tuple[Callable[[], Any], bool]] = []
        self._models: dict[str, nn.Module] = {}
        self.put(sample)

    def put(self, sample: Sample) -> None:
        """Lay another picture on the desk: its reference, its ruler and what was found go with the old one."""
        self.sample = Sample(sample.image, None, sample.name, sample.spacing_mm, sample.spacing_note)
        self._found: dict[str, Prediction] = {}
        self.spacing_mm = sample.spacing_mm
        self.source = self._stated()
        self._tell(new_picture=True)

    def compare_with(self, mask: NDArray[np.bool_] | None) -> None:
        """Take a mask (h x w bool, of the picture's size) as the reference; None: there is none any more."""
        self.sample = Sample(
            self.sample.image, mask, self.sample.name, self.sample.spacing_mm, self.sample.spacing_note
        )
        self._tell()

    def set_spacing(self, spacing_mm: tuple[float, float] | None, source: str = BY_RULER) -> None:
        """Use another pixel size; None: back to what the file says."""
        self.spacing_mm = spacing_mm or self.sample.spacing_mm
        self.source = f"pixel size {source}" if spacing_mm else self._stated()
        self._tell()

    def set_ruler(self, ends: Sequence[Sequence[float]], length_mm: float) -> None:
        """The pixel size from two points on a ruler, (row, column), so far apart; the proportions of the file's pixels stay.

        Fewer points, or no length, take back what a ruler said, and nothing else.
        """
        places, sides = np.array(ends, float), self._sides()
        pixels = float(np.linalg.norm(places[1] - places[0])) if places.shape == (2, 2) else 0.0
        if BY_RULER in self.source:
            self.set_spacing(None)
        if length_mm > 0 and pixels >= 1:
            size = _plausible(length_mm / np.linalg.norm((places[1] - places[0]) * sides) * sides)
            self.set_spacing(size, f"{BY_RULER}, ± {100 * math.sqrt(2) / pixels:.1f} %")

    def set_pixel(self, size_mm: float) -> None:
        """The pixel size as typed (of a pixel that is not square, the root of its area); 0: back to what the file says."""
        self.set_spacing(_plausible(size_mm * self._sides()) if size_mm else None, "typed in")

    def _sides(self) -> NDArray[np.float64]:
        """Row and column of a pixel with the area 1 and the file's proportions."""
        sides = np.asarray(self.sample.spacing_mm or (1.0, 1.0), float)
        return sides / np.sqrt(sides.prod())

    def _stated(self) -> str:
        if self.sample.spacing_mm is None:
            return "pixel size not known"
        # a line of its own: it stands below figures
        return "pixel size from the file" + (f":\n{self.sample.spacing_note}" if self.sample.spacing_note else "")

    def choose_network(self, name: str) -> None:
        """Let another of the networks look at the picture."""
        if name not in self.networks:
            raise ValueError(f"no network {name!r}; there are {', '.join(self.networks)}")
        if name != self.network:
            self.network = name
            self._tell()

    def found(self) -> Prediction:
        """What the chosen network finds, in mm where the pixel size is known. Computed once for a picture."""
        if self.network not in self._found:
            if self.network not in self._models:
                entry = self.networks[self.network]
                self._models[self.network] = load_model(entry) if isinstance(entry, str) else entry
            bare = Sample(self.sample.image, None, self.sample.name)
            self._found[self.network] = predict(self._models[self.network], bare)
        return self._found[self.network].with_spacing(self.spacing_mm)

    def expected(self) -> UnitTable:
        """`expected_error` of the chosen network on the picture, in mm where the pixel size is known."""
        self.found()  # the network is there from now on
        bare = Sample(self.sample.image, None, self.sample.name, self.spacing_mm)
        return expected_error(self._models[self.network], bare)

    def measured(self) -> dict[str, float]:
        """The measurements of what is found: see `clinic_measures`."""
        return clinic_measures(self.found().level, spacing_mm=self.spacing_mm)

    def follow(self, draw: Callable[[], Any], *, pictures_only: bool = False) -> None:
        """Call `draw` after each change, or only after another picture was put."""
        self._followers.append((draw, pictures_only))

    def _tell(self, *, new_picture: bool = False) -> None:
        for draw, pictures_only in self._followers:
            if new_picture or not pictures_only:
                draw()


def _plausible(sides: NDArray[np.float64]) -> Spacing:
    row, column = check_spacing(sides)
    if not max(row, column) <= LARGEST_MM:
        raise ValueError(
            f"a pixel of {max(row, column):.3g} mm: at most {LARGEST_MM} mm are taken; check what was entered"
        )
    return row, column
