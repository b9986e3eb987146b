"""The reader's own picture on the desk of the clinic: uploaded, read by the package's readers, kept nowhere."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets
from matplotlib.figure import Figure

from banet_edu.clinic.desk import Desk
from banet_edu.clinic.uploaded import uploaded_image, uploaded_mask
from banet_edu.course.lesson09.explorers import doubt_figure
from banet_edu.course.lesson09.figures import card_figure
from banet_edu.course.panel import ForReader, Panel, choice
from banet_edu.data.limits import MOST_PIXELS

LARGEST_PIXEL = 10.0  # mm
_CARD = (
    "In a running notebook: upload a picture (PNG, JPEG, BMP, TIFF, WebP, HEIC or DICOM, of at most "
    f"{MOST_PIXELS // 10**6} million pixels)\nand, if there is one, an expert's mask of it. "
    "The network that fits the kind of picture draws its outline; the panels below measure it."
)


def upload_explorer(desk: Desk) -> Panel:
    """Put a picture of one's own on the desk, with a mask and a pixel size where they are known; see where to look first.

    What cannot be read is said in the panel, with the file's name and the way out, and the picture before stays. The picture
    on the desk at the start is shown until another is uploaded.

    Args:
        desk: made with `private=True`, so that no still picture shows what lies on it.
    """
    problems: list[str] = []
    drawing: list[bool] = []

    def render(network: str) -> Figure:
        if problems:
            raise ForReader(problems.pop())
        drawing.append(True)
        try:
            desk.choose_network(network)  # the other panels follow; this one is drawn here
        finally:
            drawing.pop()
        beware = desk.found().warning
        said.value = f'<p role="status" style="line-height:1.3">Beware: {html.escape(beware)}</p>' if beware else ""
        return doubt_figure(desk)

    def upload(label: str, take: Callable[[str, Any], None]) -> ipywidgets.FileUpload:
        # of any name: archives give DICOM files none, and content decides
        made = ipywidgets.FileUpload(multiple=False, description=label, layout={"width": "16rem"})
        made.tooltip = f"At most {MOST_PIXELS // 10**6} million pixels"

        def received(change: dict[str, Any]) -> None:
            if not change["new"]:
                return  # emptied below
            [file] = change["new"]
            made.value = ()  # the bytes are read once and let go
            try:
                take(file["name"], file["content"])
            except Exception as error:  # whatever it is, the reader must see it
                problems.append(str(error))
                panel.refresh()

        made.observe(received, names="value")
        return made

    def take_image(name: str, content: Any) -> None:
        sample = uploaded_image(name, content)
        pixel.value = 0.0  # the old picture's
        desk.put(sample)

    def take_mask(name: str, content: Any) -> None:
        desk.compare_with(uploaded_mask(name, content, desk.sample.image.shape[:2]))

    def set_pixel(change: dict[str, Any]) -> None:
        desk.set_spacing((change["new"], change["new"]) if change["new"] else None, "typed in")

    pixel = ipywidgets.BoundedFloatText(
        0, min=0, max=LARGEST_PIXEL, step=0.001, description="pixel (mm), 0: not known",
        style={"description_width": "11rem"}, layout={"width": "18rem"},
    )  # fmt: skip
    pixel.observe(set_pixel, names="value")
    said = ipywidgets.HTML()
    files = [upload("Upload a picture", take_image), upload("Upload its mask", take_mask)]
    panel = Panel(
        render,
        {"network": choice("network learned from", {name: name for name in desk.networks})},
        alt="The picture on the desk with the network's outline; the places to look at first, or the errors, are numbered.",
        still=lambda: card_figure("Your own picture", _CARD),
        extras=[ipywidgets.HBox([*files, pixel], layout={"flex_flow": "row wrap"}), said],
    )
    desk.follow(lambda: None if drawing else panel.refresh())
    return panel
