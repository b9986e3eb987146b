"""The frame every widget of the course stands in: labelled controls above ONE picture.

The figure becomes a PNG in one `ipywidgets.Image`, whose bytes are exchanged when a control moves. So nothing flickers, no
figure appears twice, and an error is shown in place of the picture: inside a plain ipywidgets callback it would vanish.

What the widgets share: samples by name, and a slider over named values.
"""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import ipywidgets
from matplotlib.figure import Figure

from banet_edu.data.sample import Sample
from banet_edu.figures.style import png_bytes


class ForReader(ValueError):
    """An error whose words are meant for the reader of the page: a panel shows them as they are, without a Python name."""


class Panel(ipywidgets.VBox):
    """Controls and a picture that follows them.

    Args:
        render: called with the value of every control by name, returns a Figure. Pure: same values, same picture.
        controls: name -> ipywidgets slider with a `description`; a SelectionSlider for a choice of names. Tab reaches each,
            the left and right keys move it. (JupyterLab keeps up and down for itself, so a dropdown is out of reach.)
        still: draws what stands for the widget where it cannot run (GitHub, PDF, a notebook opened without a kernel).
            Default: the first picture.
        alt: what the picture shows, in words: its caption, and all that remains for those who cannot see it.
        extras: buttons, uploads and texts, shown below the sliders; what they change is drawn by `refresh()`.

    Attributes:
        picture: the ipywidgets.Image. error: None, or what went wrong with the values set now.

    Raises what `render` raises on the first values, so that a broken cell fails in the open; later errors stand in the
    panel itself.

    >>> from banet_edu.figures.style import new_figure
    >>> def draw(height):
    ...     figure, [[axes]] = new_figure(height=1)
    ...     axes.plot([0, height])
    ...     return figure
    >>> panel = Panel(draw, {"height": ipywidgets.IntSlider(1, 1, 3, description="height")}, alt="a line")
    >>> before = panel.picture.value
    >>> panel.controls["height"].value = 2
    >>> panel.picture.value == before, panel.error
    (False, None)
    """

    def __init__(
        self,
        render: Callable[..., Figure],
        controls: Mapping[str, ipywidgets.ValueWidget],
        *,
        alt: str,
        still: Callable[[], Figure] | None = None,
        extras: Sequence[ipywidgets.Widget] = (),
    ) -> None:
        self.render, self.controls, self.alt, self.still = render, dict(controls), alt, still
        self.error: str | None = None
        # No tooltip: ipywidgets 8.1's picture fails in the browser with one ("Click to show javascript error").
        self.picture = ipywidgets.Image(value=png_bytes(render(**self.values())), format="png")
        # As wide as it was drawn where there is room, smaller where there is not; never wider than the notebook.
        self.picture.layout.width, self.picture.layout.height = "auto", "auto"
        self.picture.layout.max_width, self.picture.layout.object_fit = "100%", "contain"
        self.picture.layout.align_self = "flex-start"
        # ipywidgets gives an image no alternative text (and a tooltip breaks its view): a caption is read out as well.
        caption = ipywidgets.HTML(f'<p style="line-height:1.3">{html.escape(alt)}</p>')
        self.message = ipywidgets.HTML(layout={"display": "none"})
        for control in self.controls.values():
            control.layout.width = "min(100%, 32rem)"
            control.style.description_width = "10rem"
            control.observe(lambda _: self.refresh(), names="value")
        super().__init__([*self.controls.values(), *extras, self.message, self.picture, caption])

    def values(self) -> dict[str, Any]:
        """The value of each control, by name."""
        return {name: control.value for name, control in self.controls.items()}

    def refresh(self) -> None:
        """Draw again, from the values set now and from whatever else `render` reads."""
        try:
            self.picture.value = png_bytes(self.render(**self.values()))
            self.error = None
        except Exception as error:  # whatever it is, the reader must see it
            self.error = str(error) if isinstance(error, ForReader) else f"{type(error).__name__}: {error}"
            heading = "" if isinstance(error, ForReader) else "<b>No picture for these settings.</b> "
            said = f"{heading}{html.escape(self.error)}"
            self.message.value = f'<p role="alert" style="color:#A23B00">{said}</p>'
        self.message.layout.display = None if self.error else "none"
        self.picture.layout.display = "none" if self.error else None

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        # ipywidgets gives plain text and the live view; a reader without the live view gets the still picture.
        still = png_bytes(self.still()) if self.still else self.picture.value
        return {**bundle, "text/plain": self.alt, "image/png": b64encode(still).decode()}


def by_name(samples: Iterable[Sample]) -> dict[str, Sample]:
    """The samples by name; ValueError where there is none, or one without a mask."""
    cases = {sample.name: sample for sample in samples}
    if not cases:
        raise ValueError("this widget needs at least one sample")
    for name, sample in cases.items():
        if sample.mask is None:
            raise ValueError(f"{name}: no reference mask, so nothing to compare with")
    return cases


def choice(label: str, options: Mapping[str, Any], value: Any = None) -> ipywidgets.SelectionSlider:
    """A slider over `options`, shown name -> value; it starts at `value`, or at the first."""
    start = next(iter(options.values())) if value is None else value
    return ipywidgets.SelectionSlider(options=list(options.items()), value=start, description=label)
