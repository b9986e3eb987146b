"""A picture that one can touch: zoomed, measured with a ruler, outlined point by point, by mouse and by keyboard (anywidget).

What is drawn and how keys act stands in touch.js; this is what the page and Python tell each other.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray
from PIL import Image

from banet_edu.data.reading import PROMISES

MOST_BYTES = 300 * 2**20  # of a file that is picked or dropped
SHOWN = 1400  # pixels of the longer side: the copy that is drawn, whatever the size of the image
Place = tuple[float, float]


class Touch(anywidget.AnyWidget):
    """The widget. All places are (row, column) in the image's pixels.

    Attributes:
        points: corners of the reader's own outline, in order. ruler: its two ends, or fewer. Both come from the page.
        lines: what is drawn, each {"points", "colour", "width", "dash", "closed"}. marks: numbers, {"row", "column", "text"}.
        mode: "pan", "ruler" or "points". alt: what the picture shows, for those who cannot see it. busy: work goes on.

    >>> touch = Touch()
    >>> touch.show(np.zeros((3000, 4000, 3), np.uint8), "black")
    >>> touch.size, len(touch.picture) < 100_000
    ([3000, 4000], True)
    """

    _esm = Path(__file__).with_name("touch.js")
    _css = Path(__file__).with_name("touch.css")
    picture = traitlets.Bytes(b"").tag(sync=True)
    size = traitlets.List([0, 0]).tag(sync=True)
    lines: Any = traitlets.List([]).tag(sync=True)
    marks: Any = traitlets.List([]).tag(sync=True)
    points: Any = traitlets.List([]).tag(sync=True)
    ruler: Any = traitlets.List([]).tag(sync=True)
    mode = traitlets.Unicode("pan").tag(sync=True)
    alt = traitlets.Unicode("No picture yet.").tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    opens = traitlets.Bool(False).tag(sync=True)
    most_bytes = traitlets.Int(MOST_BYTES).tag(sync=True)
    accept = traitlets.Unicode(",".join(("image/*", *PROMISES))).tag(sync=True)

    def __init__(self, *, take: Callable[[str, str, bytes], None] | None = None, **traits: Any) -> None:
        """`take(what, name, content)` is called with a file that was picked or dropped, `what` being "picture" or "mask"."""
        super().__init__(opens=take is not None, **traits)
        self._take, self._parts = take, dict[str, list[bytes]]()
        self.on_msg(self._received)

    def show(self, image: NDArray[np.uint8] | None, alt: str) -> None:
        """Another picture (H x W x 3): points, ruler and what was drawn go with the old one. None: no picture at all."""
        with self.hold_sync():
            self.points, self.ruler, self.lines, self.marks, self.alt = [], [], [], [], alt
            self.size = [0, 0] if image is None else list(image.shape[:2])
            self.picture = b"" if image is None else small_copy(image, SHOWN)

    def save(self, name: str, content: bytes, kind: str) -> None:
        """Let the browser save a file."""
        self.send({"kind": "save", "name": name, "type": kind}, [content])

    def _received(self, _: Any, message: dict[str, Any], buffers: list[Any]) -> None:
        if message.get("kind") != "file" or self._take is None:
            return
        what = str(message["what"])
        parts = self._parts.setdefault(what, [])
        if message["part"] == 0:
            parts.clear()
        parts.append(bytes(buffers[0]))
        if sum(map(len, parts)) > MOST_BYTES:  # the page refuses it before
            parts.clear()
        elif len(parts) == message["parts"]:
            content = b"".join(parts)
            parts.clear()
            self._take(what, str(message["name"]), content)


def small_copy(image: NDArray[np.uint8], side: int) -> bytes:
    """H x W x 3 as a JPEG whose longer side has at most `side` pixels."""
    shown = Image.fromarray(image)
    shown.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
    content = io.BytesIO()
    shown.save(content, format="JPEG", quality=90)
    return content.getvalue()
