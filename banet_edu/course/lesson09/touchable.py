"""The clinic's page inside a lesson: on a picture of the lesson's, or waiting for one of the reader's own."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

from banet_edu.clinic.app import Clinic
from banet_edu.data.sample import Sample
from banet_edu.figures.style import png_bytes


class Touchable(Clinic):
    """`Clinic` with a still picture for readers without a kernel.

    Args:
        sample: lies on the desk to begin with, with its pixel size; its mask is left out. None: the reader opens a picture.
        still: draws what is saved with the notebook instead of the live page: never what the reader opened.
        alt: the same in words.
    """

    def __init__(self, sample: Sample | None = None, *, still: Callable[[], Figure], alt: str) -> None:
        super().__init__()
        self._still, self._alt = still, alt
        if sample is not None:
            self._put(Sample(sample.image, None, sample.name, sample.spacing_mm, sample.spacing_note))

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        return {**bundle, "text/plain": self._alt, "image/png": b64encode(png_bytes(self._still())).decode()}
