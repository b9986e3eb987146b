"""Two Dice losses side by side, seen from outside only: perfect answers of every size, and an empty image."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.plots.style import BLUE, INK, VERMILLION, new_figure, styled

Loss = Callable[[NDArray[np.float64], NDArray[np.float64]], float]
_CELLS = 4096
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_LOOKS = ((VERMILLION, "o-"), (BLUE, "s--"))


def dice_forms_figure(losses: Mapping[str, Loss]) -> Figure:
    """`losses`: one or two functions (probabilities, mask) -> loss of one image, by name."""
    figure, [[perfect, empty]] = new_figure(1, 2, height=3.7)
    nothing = np.zeros((1, _CELLS))
    spilt = np.linspace(0, 8, 33)  # sum of the probabilities on an image without an object
    with styled():
        for (name, loss), (colour, line) in zip(losses.items(), _LOOKS, strict=False):
            answers = [(np.arange(_CELLS) < size).astype(float)[None] for size in SIZES]
            perfect.plot(SIZES, [loss(y, y) for y in answers], line, color=colour, label=name)
            values = [loss(nothing + total / _CELLS, nothing) for total in spilt]
            empty.plot(spilt, values, line, color=colour, markevery=4)
        for panel in (perfect, empty):
            panel.axhline(0, color=INK, linewidth=1)
            panel.set_ylabel("loss")
        perfect.set_xscale("log", base=2)
        ticks = (1, 4, 16, 64, 256, 1024)
        perfect.set_xticks(ticks, [str(tick) for tick in ticks])
        perfect.minorticks_off()
        perfect.set_xlabel("pixels of the object")
        perfect.set_title("perfect answers: a loss should say 0")
        perfect.legend(loc="lower right")
        empty.set_xlabel("sum of the probabilities")
        empty.set_title("an empty image: what a little too much costs")
    return figure
