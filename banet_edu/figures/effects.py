"""An intervention's effect: the contour before and after, where it moved, and the knobs of a network compared."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from banet_edu.explain.inside.effects import Effect
from banet_edu.figures.contour import draw_lines, draw_scale_bar, error_colours, figures_text, mask_outlines, unit_of
from banet_edu.figures.maps import colour_bar
from banet_edu.figures.style import (
    BLUE,
    INK,
    PREDICTION,
    REFERENCE,
    VERMILLION,
    draw_image,
    new_figure,
    proportion,
    styled,
)

if TYPE_CHECKING:
    import pandas as pd

GREY = "#7F7F7F"  # moved, for better or worse
_BLOCKS = {"pee": "PEE", "ia": "attention", "cff": "fusion"}
_NO_SHIFT = {
    "missed": "nothing is found any more",
    "hallucinated": "nothing was found before",
    "both_empty": "nothing found, before and after",
}


def before_after_figure(
    image: NDArray[np.uint8], effect: Effect, reference: NDArray[np.bool_] | None = None, *, title: str = ""
) -> Figure:
    """Three panels: the contour before, the contour after, and the new one coloured by how far it moved.

    `image` H x W x 3 uint8; `reference` h x w bool of the prediction's size: its contour is drawn in yellow, and JA and
    boundary figures stand above. Shifts are in mm where the spacing is known, else in pixels; inward < 0 < outward.
    """
    size, spacing = effect.before.mask.shape, effect.before.spacing_mm
    unit = unit_of(spacing)
    figure, [axes] = new_figure(1, 3, height=2.1 + 3.1 * proportion(size, spacing))
    with styled():
        for panel, said, prediction in ((axes[0], "before", effect.before), (axes[1], "after", effect.after)):
            draw_image(panel, image, size, spacing_mm=spacing)
            if reference is not None:
                draw_lines(panel, mask_outlines(reference), colour=REFERENCE, label="reference")
                said += "\n" + figures_text(prediction.mask, reference, spacing).replace(" · HD", "\nHD")
            draw_lines(panel, prediction.contours, colour=PREDICTION, label="outline")
            panel.set_title(said)
        draw_image(axes[2], image, size, spacing_mm=spacing)
        limit = draw_shift(axes[2], effect, f"moved_{unit}")
        shift_bar(figure, axes, limit, unit)
        if spacing is not None:
            draw_scale_bar(axes[0], size, spacing)
        lines_legend(figure, axes[0], reference=reference is not None)
        figure.suptitle(title or fill(effect.name, 100))
    return figure


def shift_bar(figure: Figure, axes: Iterable[Axes], limit: float, unit: str) -> None:
    """Under all panels: what the colours of `draw_shift` mean."""
    colour_bar(figure, error_colours(limit), axes, f"shift of the boundary ({unit}): inward < 0 < outward")


def lines_legend(figure: Figure, axes: Axes, *, reference: bool) -> None:
    """Below the figure: which line is the reference, where there is one, and which the outline. `axes`: any of its panels."""
    entries = {"reference": REFERENCE} if reference else {}
    entries |= {"outline": PREDICTION}
    handles = [axes.plot([], [], color=colour, linewidth=3)[0] for colour in entries.values()]
    figure.legend(handles, list(entries), loc="outside lower center", ncols=2,
                  facecolor=INK, labelcolor="w", frameon=True, framealpha=0.8)  # fmt: skip


def draw_shift(axes: Axes, effect: Effect, column: str) -> float:
    """The new boundary's points coloured by their shift; the largest shift, where the colours end."""
    figures, unit = effect.figures, column.rpartition("_")[2]
    if effect.moved.empty:
        said = _NO_SHIFT.get(figures["moved_status"], "no boundary inside the image")
        axes.set_title("where the line moved")
        axes.text(0.5, 0.5, said, transform=axes.transAxes, ha="center", va="center", color="w",
                  bbox={"facecolor": INK, "edgecolor": "none"})  # fmt: skip
        return 1.0
    shift = effect.moved[column].to_numpy()
    limit = float(np.abs(shift).max()) or 1.0
    rows, columns = effect.moved["row"], effect.moved["column"]
    axes.scatter(columns, rows, s=16, color=INK, linewidths=0, zorder=3)
    axes.scatter(columns, rows, s=7, c=error_colours(limit).to_rgba(shift), linewidths=0, zorder=4)
    mean, most = figures[f"moved_mean_{unit}"], figures[f"moved_max_{unit}"]
    axes.set_title(f"where the line moved\nmean {mean:.2f} {unit}, at most {most:.2f} {unit}")
    return limit


def in_words(knob: str) -> str:
    """A ready-made knob as a reader would call it.

    >>> in_words("pee off"), in_words("stage2.ia off"), in_words("stage1 off")
    ('PEE off everywhere', 'attention off at stage 2', 'stage1 off')
    """
    found = re.fullmatch(r"(?:stage(\d)\.)?(pee|ia|cff) off", knob)
    if found is None:
        return knob
    return f"{_BLOCKS[found[2]]} off {f'at stage {found[1]}' if found[1] else 'everywhere'}"


def effects_figure(table: pd.DataFrame, *, top: int = 12, title: str = "") -> Figure:
    """Bars: what each knob of `effects(...)` does to JA and to the boundary, the `top` strongest, worst first.

    With a reference the change of JA and of ASSD (mm, or % of the image diagonal): orange is worse, blue better.
    Without one, in grey, 1 - JA of the masks before and after, and the mean shift of the boundary (mm or px). A
    distance that does not exist (nothing found any more) is said in words.

    Raises ValueError for an empty table.
    """
    if table.empty:
        raise ValueError("no knobs to draw: the table is empty")
    scored = "JA_change" in table
    if scored:
        distance = next(c for c in table.columns if c.startswith("assd_") and c.endswith("_change"))
        unit = {"mm": "mm", "pct": "% of image diagonal"}[distance.split("_")[1]]
        values, labels = table["JA_change"], ("change of JA", f"change of ASSD ({unit})")
        status = table["status_after"]
    else:
        distance = next(c for c in table.columns if c.startswith("moved_mean_"))
        values, status = 1 - table["JA_with_before"], table["moved_status"]
        labels = ("1 − JA between before and after", f"mean shift of the boundary ({distance.rpartition('_')[2]})")
    order = values.abs().sort_values(ascending=False, kind="stable").index[:top]
    order = values.loc[order].sort_values(ascending=scored, kind="stable").index
    figure, [axes] = new_figure(1, 2, height=1.3 + 0.3 * len(order), sharey=True)
    with styled():
        for panel, column, label, worse in zip(
            axes, (values, table[distance]), labels, (-1 if scored else 1, 1), strict=True
        ):
            shown = column.loc[order].to_numpy(dtype=float)
            colours = [(VERMILLION if value * worse > 0 else BLUE) if scored else GREY for value in shown]
            panel.barh(range(len(order)), np.nan_to_num(shown), color=colours, height=0.7)
            for place, (value, said) in enumerate(zip(shown, status.loc[order], strict=True)):
                if not np.isfinite(value):
                    panel.text(
                        0, place, f" {str(said).replace('_', ' ')}: no distance", va="center", fontsize=9, color=INK
                    )
            for place, value in enumerate(shown):
                if np.isfinite(value):
                    digits = 2 if panel is axes[1] else 3
                    text = f"{value:{'+' if scored else ''}.{digits}f}" if value else "0"  # "−0.00" where a bar is seen
                    panel.annotate(text.replace("-", "−"), (value, place), (4 if value >= 0 else -4, 0), va="center",
                                   textcoords="offset points", ha="left" if value >= 0 else "right", fontsize=9)  # fmt: skip
            panel.axvline(0, color=INK, linewidth=1)
            panel.set_xlabel(label)
            panel.margins(x=0.25)
            panel.locator_params(axis="x", nbins=6)
        axes[0].set_yticks(range(len(order)), [in_words(str(name)) for name in table.loc[order, "knob"]])
        axes[0].set_ylim(len(order) - 0.5, -0.5)
        for panel in axes:
            panel.grid(axis="y", visible=False)
        if scored:
            figure.supxlabel("orange: worse than the network as it is      blue: better", fontsize=9)
        if title:
            figure.suptitle(title)
    return figure
