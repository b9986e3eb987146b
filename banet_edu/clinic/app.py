"""The clinic as a page: a picture that one can touch, a network chosen by example pictures, one scale, figures as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ipywidgets
from torch import nn

from banet_edu.clinic.desk import NETWORKS, Desk
from banet_edu.clinic.findings import files, findings
from banet_edu.clinic.guard import on_the_page
from banet_edu.clinic.touch import Touch, small_copy
from banet_edu.clinic.uploaded import images_at, uploaded_image, uploaded_mask
from banet_edu.data.sample import Sample
from banet_edu.datasets.bundled import load_samples

# A painted picture of each kind: no patient's.
_EXAMPLES = {
    "painted pictures": ("polyp", 3),
    "skin": ("dermoscopy", 0),
    "polyps": ("polyp", 0),
    "chest X-rays": ("lung", 0),
}
_NOTICE = (
    "Not a medical device: for teaching and research. Nothing is kept: pictures stay in the memory of this computer."
)


class Clinic(ipywidgets.VBox):
    """The page.

    Args:
        files: images to choose from; the first lies on the desk to begin with. None: wait for one to be opened or dropped.
        networks: what they learned from -> bundled name or network.

    Attributes:
        desk: the picture with its scale, None before the first. touch: the picture. said: the figures. problem: what went
        wrong. drawn: how often the findings were made: settings that change nothing make none.
    """

    def __init__(self, files: list[Path] | None = None, networks: Mapping[str, str | nn.Module] | None = None) -> None:
        self.networks = dict(networks or NETWORKS)
        self.desk: Desk | None = None
        self.drawn = 0
        self._known: Any = None
        self._changing = False
        self.touch = Touch(take=self._take)
        self.touch.observe(self._set, names=["points", "ruler"])
        self.said = ipywidgets.HTML("<p>Open a picture, or drop one on the dark field.</p>")
        self.problem = ipywidgets.HTML()
        self.pixel = ipywidgets.FloatText(0, description="pixel (mm)", step=0.001, layout={"width": "13rem"})
        self.length = ipywidgets.FloatText(0, description="ruler (mm)", step=1, layout={"width": "13rem"})
        self.pixel.observe(self._typed, names="value")
        self.length.observe(self._set, names="value")
        self.choices = {name: self._choice(name) for name in self.networks}
        self.files = ipywidgets.Select(
            options=[(path.name, path) for path in files or []], rows=6, layout={"width": "100%"}
        )
        self.files.observe(lambda change: self._open(change["new"]), names="value")
        self.save = ipywidgets.Button(
            description="Save outline, mask, figures", icon="download", layout={"width": "16rem"}
        )
        self.save.on_click(self._save)
        scale = ipywidgets.HBox([self.pixel, self.length], layout={"flex_flow": "row wrap"})
        beside = [
            *([self.files] if files and len(files) > 1 else []),
            ipywidgets.HTML("<b>Which network?</b> The one that learned from such pictures:"),
            ipywidgets.HBox([self._example(name) for name in self.networks], layout={"flex_flow": "row wrap"}),
            ipywidgets.HTML("<b>Millimetres</b> (0: not known): set both ends of a ruler, or type the size of a pixel"),
            *(scale, self.said, self.save),
        ]
        left = ipywidgets.VBox([self.problem, self.touch], layout={"flex": "3 1 34rem", "min_width": "20rem"})
        right = ipywidgets.VBox(beside, layout={"flex": "1 1 20rem", "min_width": "18rem", "padding": "0 .5rem 0 1rem"})
        super().__init__([
            ipywidgets.HTML(f'<p style="line-height:1.4">{_NOTICE}</p>'),
            ipywidgets.HBox([left, right], layout={"flex_flow": "row wrap", "width": "100%"}),
        ])  # fmt: skip
        self._mark_choice()
        if files:
            self._open(files[0])

    # --- what comes in

    def _open(self, path: Path) -> None:
        self._take("picture", path.name, path.read_bytes)

    @on_the_page
    def _take(self, what: str, name: str, content: bytes | Callable[[], bytes]) -> None:
        """A picture or a mask. Where it is refused, nothing of the patient before is left on the page."""
        try:
            read = content() if callable(content) else content
            if what == "mask":
                self._take_mask(name, read)
            else:
                self._put(uploaded_image(name, read))
        except Exception:
            if what == "picture":
                self._clear()
            raise

    def _take_mask(self, name: str, content: bytes) -> None:
        if self.desk is None:
            raise ValueError(f"{name}: open the picture first, then its mask")
        self.desk.compare_with(uploaded_mask(name, content, self.desk.sample.image.shape[:2]))
        self._draw()

    def _put(self, sample: Sample) -> None:
        if self.desk is None:
            self.desk = Desk(sample, self.networks)
        else:
            self.desk.put(sample)
        self._known = None
        self._show(sample.image, "The picture, before a network looked at it.")
        self._draw()

    def _clear(self) -> None:
        if self.desk is not None:  # the network that is marked looks at the next one
            self.networks = {self.desk.network: self.networks[self.desk.network], **self.networks}
        self.desk, self._known, self.said.value = None, None, ""
        self._show(None, "No picture.")

    def _show(self, image: Any, alt: str) -> None:
        self._changing = True  # points and ruler go with the old picture; that sets nothing of the new one
        try:
            self.touch.show(image, alt)
        finally:
            self._show_scale(0.0)

    # --- what is set

    @on_the_page
    def _set(self, change: dict[str, Any]) -> None:
        if change["name"] != "points":
            self._measure()
        self._draw()

    @on_the_page
    def _typed(self, change: dict[str, Any]) -> None:
        if self.desk is None:
            return
        size = float(change["new"])
        if size < 0 or not math.isfinite(size):
            self._show_scale(self.length.value)
            return
        self.desk.set_pixel(size)
        self._show_scale(0.0)
        self._draw()

    def _measure(self) -> None:
        """The scale from the ruler: its two ends and their distance."""
        if self.desk is not None:
            self.desk.set_ruler(self.touch.ruler, self.length.value)
            self._show_scale(self.length.value)

    def _show_scale(self, length: float) -> None:
        """Both boxes say what holds: the size of a pixel that is used, and the ruler's length where that comes from one."""
        spacing = None if self.desk is None else self.desk.spacing_mm
        self._changing = True
        self.pixel.value = float(f"{math.sqrt(spacing[0] * spacing[1]):.5g}") if spacing else 0.0
        self.length.value = length
        self._changing = False

    @on_the_page
    def _choose(self, name: str) -> None:
        if self.desk is None:
            self.networks = {name: self.networks[name], **self.networks}  # the first is the one that looks
        else:
            before = self.desk.network
            try:
                self.desk.choose_network(name)
                self._draw()
            except Exception:
                self.desk.choose_network(before)
                raise
        self._mark_choice(name)

    # --- what is shown

    def _draw(self) -> None:
        if self.desk is None:
            return
        wanted = (
            id(self.desk.sample),
            self.desk.network,
            self.desk.spacing_mm,
            self.desk.source,
            str(self.touch.points),
        )
        if wanted == self._known:
            return
        seen = findings(self.desk, self.touch.points)
        self._known = wanted
        self.drawn += 1
        with self.touch.hold_sync():
            self.touch.lines, self.touch.marks, self.touch.alt = seen.lines, seen.marks, seen.alt
        self.said.value = f'<div style="line-height:1.4">{seen.text}</div>'

    @on_the_page
    def _save(self, _: Any = None) -> None:
        if self.desk is not None:
            for name, content, kind in files(self.desk, self.touch.points):
                self.touch.save(name, content, kind)

    def _choice(self, name: str) -> ipywidgets.Button:
        made = ipywidgets.Button(
            description=name.removesuffix(" pictures"),
            layout={"width": "6.2rem"},
            tooltip=f"the network that learned from {name}",
        )
        made.on_click(lambda _: self._choose(name))
        return made

    def _example(self, name: str) -> ipywidgets.VBox:
        """A network's button under a picture of the kind that it is for."""
        children: list[ipywidgets.Widget] = [self.choices[name]]
        if name in _EXAMPLES:
            kind, index = _EXAMPLES[name]
            image = small_copy(load_samples(kind, "test")[index].image, 160)
            children.insert(0, ipywidgets.Image(value=image, format="jpeg", layout={"width": "6.2rem"}))
        return ipywidgets.VBox(children, layout={"margin": "0 .2rem .4rem 0"})

    def _mark_choice(self, chosen: str | None = None) -> None:
        chosen = chosen or next(iter(self.networks))
        for name, button in self.choices.items():
            button.button_style = "primary" if name == chosen else ""
            button.icon = "check" if name == chosen else ""


def clinic(place: str | Path | None = None) -> Clinic:
    """The clinic's page on an image, on the images of a folder, or waiting for one to be opened.

    Raises FileNotFoundError where there is nothing, ValueError for a folder without an image.
    """
    if place is None:
        return Clinic()
    return Clinic(images_at(Path(place)))
