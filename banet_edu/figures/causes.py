"""Why a boundary failed: the ranked causes as bars."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.explain.boundary.causes import Explanation
from banet_edu.explain.boundary.wording import UNITS, number
from banet_edu.figures.style import INK, VERMILLION, new_figure, styled

_GREY, _FAINT = "#7F7F7F", "#BDBDBD"


def causes_figure(explanation: Explanation, *, title: str = "") -> Figure:
    """The ranking of `why` as bars: the effect of each cause with its 95 % interval, and along how much it is present.

    Effects are in the explanation's unit (mm, or % of the image diagonal): how much larger the error is where the property is
    present, the others held. Causes that were named are coloured, the others grey; beside each bar stands its share of the
    outline and what it adds to the mean error. An interval that leaves the axis ends in an arrow. What is present nowhere has
    no bar: its effect is an extrapolation. Without errors (no reference, or nothing found) the bars are the shares, and the
    figure says so.
    """
    table, unit = explanation.ranking, explanation.unit
    share = table["share"].to_numpy(float)
    effect, low, high = (
        np.where(share > 0, table.measured(name).to_numpy(float), 0.0) for name in ("effect", "low", "high")
    )
    known = bool(table.measured("effect").notna().any())
    places, named = np.arange(len(table)), table["named"].to_numpy(bool)
    figure, [[axes]] = new_figure(height=1.6 + 0.36 * len(table))
    with styled():
        bars = effect if known else 100 * share
        axes.barh(places, bars, color=np.where(named, VERMILLION, _FAINT), height=0.62)
        if known:
            _intervals(axes, places, low, high, share)
            axes.axvline(0, color=INK, linewidth=1)
            axes.set_xlabel(
                f"larger error where it is present, the others held ({UNITS[unit]}; line: 95 % interval)\n"
                "orange and bold: named, the evidence suffices; grey: not named"
            )
            _column(axes, 1.02, "present along", [f"{100 * each:.0f} %" for each in share])
            _column(
                axes, 1.19, "adds to the\nmean error", [_amount(value, unit) for value in table.measured("explains")]
            )
        else:
            axes.set_xlim(0, 100)
            axes.set_xlabel(
                "share of the outline where it is present (%); no error is known, so no effect can be measured"
            )
            for place, each in zip(places, bars, strict=True):
                axes.text(each + 1, place, f"{each:.0f} %", va="center", fontsize=9)
        axes.set_yticks(places, [str(words) for words in table["words"]])
        for label, bold in zip(axes.get_yticklabels(), named, strict=True):
            label.set_fontweight("bold" if bold else "normal")
        axes.set_ylim(len(table) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
        if title:
            figure.suptitle(title)
    return figure


def _intervals(
    axes: Axes, places: NDArray[Any], low: NDArray[Any], high: NDArray[Any], share: NDArray[np.floating]
) -> None:
    """Intervals as lines; the axis is set by causes that are there, others end in an arrow where they leave it."""
    there = share >= 0.01 if (share >= 0.01).any() else np.ones(len(share), bool)
    least, most = min(0.0, low[there].min()), max(0.0, high[there].max())
    room = 0.06 * max(most - least, 1e-9)
    least, most = least - room, most + room
    axes.hlines(places, np.clip(low, least, most), np.clip(high, least, most), color=INK, linewidth=1.6)
    for end, beyond, marker in ((least, low < least, "<"), (most, high > most, ">")):
        axes.plot(np.full(beyond.sum(), end), places[beyond], marker, color=INK, markersize=6, clip_on=False)
    axes.set_xlim(least, most)


def _column(axes: Axes, at: float, head: str, cells: list[str]) -> None:
    axes.text(at, 1.01, head, transform=axes.transAxes, fontsize=9, color=_GREY, va="bottom")
    for place, cell in enumerate(cells):
        axes.text(at, place, cell, transform=axes.get_yaxis_transform(), fontsize=9, va="center")


def _amount(value: float, unit: str) -> str:
    """What a cause adds to the mean error; a dash where that is nothing, or less than nothing."""
    return f"{number(value)} {unit.replace('pct', '%')}" if value >= 0.005 else "–"
