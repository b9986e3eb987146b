"""The frame every widget of the course stands in, labelled controls above ONE picture, and what fills its controls.

The figure becomes a PNG in one `ipywidgets.Image`, whose bytes are exchanged when a control moves. So nothing flickers, no
figure appears twice, and an error is shown in place of the picture: inside a plain ipywidgets callback it would vanish.
Where no widget can run, a few settings of the same figure stand for it. `by_name` and `choice` make sliders over samples
and over named values.
"""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from numbers import Real
from typing import Any, NamedTuple

import ipywidgets
from matplotlib.figure import Figure

from banet_edu.data.sample import Sample
from banet_edu.figures.style import below_one_another, png_bytes

MOST_PICTURES = 160  # of a panel on a page without a kernel
MOST_VALUES = 16  # of a slider there
FEWEST_VALUES = 4

Settings = Mapping[str, Any]  # name of a control -> one of its values
Still = Sequence[Settings] | Callable[[], Figure]


class ForReader(ValueError):
    """An error whose words are meant for the reader of the page: a panel shows them as they are, without a Python name."""


class Swept(NamedTuple):
    """One control of a sweep: its label, its values, what its slider shows at each, and the number of the first value set."""

    label: str
    values: tuple[Any, ...]
    shown: tuple[str, ...]
    start: int


class Panel(ipywidgets.VBox):
    """Controls and a picture that follows them.

    Args:
        render: called with the value of every control by name, returns a Figure. Pure: same values, same picture.
        controls: name -> ipywidgets slider with a `description`; a SelectionSlider for a choice of names. Tab reaches each,
            the left and right keys move it. (JupyterLab keeps up and down for itself, so a dropdown is out of reach.)
        still: what stands for the widget where it cannot run (GitHub, PDF, a notebook opened without a kernel): two or three
            settings of its controls, whose pictures are put below one another, each under a line that says what is set (a
            control that is not named keeps its value); or, where no setting will do, a function that draws another
            figure. Default: the picture as it is.
        alt: what the picture shows, in words: its caption, and all that remains for those who cannot see it.
        extras: buttons, uploads and texts, shown below the sliders; what they change is drawn by `refresh()`.

    Attributes:
        picture: the ipywidgets.Image. error: None, or what went wrong with the values set now.

    Raises what `render` raises on the first values, so that a broken cell fails in the open; later errors stand in the
    panel itself. ValueError for a setting of `still` that is no value of its control.

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
        still: Still = (),
        extras: Sequence[ipywidgets.Widget] = (),
    ) -> None:
        self.render, self.controls, self.alt, self.still = render, dict(controls), alt, still
        self.error: str | None = None
        if not callable(still):
            for settings in still:
                self._said(settings)  # now, not only when the notebook is saved
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
        figure = self.still_figure()
        still = self.picture.value if figure is None else png_bytes(figure)
        return {**bundle, "text/plain": self.alt, "image/png": b64encode(still).decode()}

    def still_figure(self) -> Figure | None:
        """What `still` asks for; None where the picture as it is will do."""
        if callable(self.still):
            return self.still()
        figures = {self._said(settings): self.render(**{**self.values(), **settings}) for settings in self.still}
        return below_one_another(figures) if figures else None

    def swept(self, most: int = MOST_PICTURES) -> dict[str, Swept]:
        """The values of each control whose every combination is at most about `most` pictures: for a page without a kernel.

        Names are kept all. Long ranges of numbers are thinned evenly; both ends, the value set now and those of `still` stay.
        Empty where fewer than `FEWEST_VALUES` of a range would remain: such a panel cannot be shown by pictures.
        """
        everything = {name: values_of(control) for name, control in self.controls.items()}
        counts = {
            name: len(values) if hasattr(self.controls[name], "options") else min(len(values), MOST_VALUES)
            for name, values in everything.items()
        }
        while prod(counts.values()) > most:
            ranges = [name for name in counts if not hasattr(self.controls[name], "options")]
            longest = max(ranges, key=counts.__getitem__, default=None)
            if longest is None or counts[longest] <= FEWEST_VALUES:
                return {}
            counts[longest] -= 1
        asked = () if callable(self.still) else self.still
        found = {}
        for name, control in self.controls.items():
            keep = [control.value, *(settings[name] for settings in asked if name in settings)]
            values = thinned(everything[name], counts[name], keep)
            shown = tuple(_shown(name, control, value) for value in values)
            start = _nearest(values, control.value)
            found[name] = Swept(control.description, tuple(values), shown, start)
        return found

    def sweep(self, swept: Mapping[str, Swept]) -> Iterator[Figure | str]:
        """The picture of every combination of `swept` values, the last control's moving fastest; in its place, where
        there is none, the words that the panel would show."""
        for values in product(*(control.values for control in swept.values())):
            try:
                yield self.render(**dict(zip(swept, values, strict=True)))
            except Exception as error:
                yield str(error) if isinstance(error, ForReader) else f"No picture for these settings. {error}"

    def _said(self, settings: Settings) -> str:
        if unknown := settings.keys() - self.controls.keys():
            raise ValueError(f"still sets {', '.join(sorted(unknown))}; the controls are {', '.join(self.controls)}")
        shown = {name: _shown(name, self.controls[name], value) for name, value in settings.items()}
        return " · ".join(f"{self.controls[name].description}: {text}" for name, text in shown.items())


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


def values_of(control: ipywidgets.ValueWidget) -> list[Any]:
    """Every value that a reader can choose with a slider.

    >>> values_of(ipywidgets.IntSlider(1, 0, 4, 2)), values_of(choice("place", {"here": "a", "there": "b"}))
    ([0, 2, 4], ['a', 'b'])
    """
    if hasattr(control, "options"):
        return [option[1] if isinstance(option, tuple) else option for option in control.options]
    steps = round((control.max - control.min) / control.step)
    return [min(control.min + i * control.step, control.max) for i in range(steps + 1)]  # not a rounding error beyond


def thinned(values: Sequence[Any], count: int, keep: Iterable[Any] = ()) -> list[Any]:
    """`count` of the values, evenly, with both ends, and the ones nearest to those to `keep`, in order.

    >>> thinned(range(11), 3, keep=[4])
    [0, 4, 5, 10]
    """
    if count >= len(values):
        return list(values)
    last = len(values) - 1
    chosen = {round(i * last / (count - 1)) for i in range(count)}
    chosen |= {_nearest(values, wanted) for wanted in keep}
    return [values[i] for i in sorted(chosen)]


def _nearest(values: Sequence[Any], at: Any) -> int:
    """The place of the value that is `at`, or of the number next to it."""
    if isinstance(at, Real) and all(isinstance(value, Real) for value in values):
        return min(range(len(values)), key=lambda i: abs(values[i] - at))
    # What a choice holds may be a sample, whose arrays cannot be compared as a whole.
    same = [value is at or (isinstance(value, str | tuple) and value == at) for value in values]
    return same.index(True) if any(same) else 0


def _shown(name: str, control: ipywidgets.ValueWidget, value: Any) -> str:
    """A value as its slider shows it; ValueError that names the slider's values where it is none of them."""
    if isinstance(control, ipywidgets.SelectionSlider):
        options = [option if isinstance(option, tuple) else (str(option), option) for option in control.options]
        for label, option in options:
            if option == value:
                return str(label)
        raise ValueError(f"still sets {name} to {value!r}; its values are {', '.join(repr(o) for _, o in options)}")
    if isinstance(value, Real) and control.min <= value <= control.max:
        nearest = control.min + round((value - control.min) / control.step) * control.step
        if abs(nearest - value) < 1e-6:
            return format(nearest, control.readout_format)
    raise ValueError(
        f"still sets {name} to {value!r}; its values are {control.min:g} to {control.max:g} in steps of {control.step:g}"
    )
