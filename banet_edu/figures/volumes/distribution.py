"""How the signed error is distributed over a surface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from banet_edu.figures.contour import error_colours
from banet_edu.figures.style import INK, new_figure, styled

_BINS = 40


def distribution_figure(profiles: Mapping[str, Any], *, title: str = "") -> Figure:
    """One histogram below another: the share of each surface's area by its signed error, on one scale.

    Args:
        profiles: name -> `boundary_profile` of a volume with a mask.

    The line is the mean (bias), and the text says how much of the surface is off by at most one unit. Raises ValueError where
    there is no profile, none with an error, or where units differ.

    >>> import pandas as pd
    >>> from banet_edu.explain.boundary.tables import UnitTable
    >>> table = UnitTable({"signed_error_mm": [-1.0, 0.5, 0.2], "share": [0.2, 0.3, 0.5]})
    >>> distribution_figure({"a": table}).axes[0].get_title()
    'a: mean +0.05 mm, 100 % of the surface within 1 mm'
    """
    known = {name: table for name, table in profiles.items() if _has_errors(table)}
    if not known:
        raise ValueError(
            "distribution_figure needs at least one profile with errors: of a volume with a mask, both with a surface"
        )
    units = {table.unit for table in known.values()}
    if len(units) > 1:
        raise ValueError("one profile is in mm and another in % of the diagonal: give all volumes a spacing, or none")
    unit = "mm" if units == {"mm"} else "% of the diagonal"
    end = max(float(np.abs(table.measured("signed_error")).max()) for table in known.values()) or 1.0
    edges = np.linspace(-end, end, _BINS + 1)
    middles, colours = (edges[1:] + edges[:-1]) / 2, error_colours(min(end, 2.0) if unit == "mm" else end)
    figure, axes = new_figure(len(known), 1, height=0.8 + 1.7 * len(known), sharex=True)
    with styled():
        for panel, (name, table) in zip(axes[:, 0], known.items(), strict=True):
            error, share = table.measured("signed_error").to_numpy(), table["share"].to_numpy()
            height = 100 * np.histogram(error, edges, weights=share)[0]
            panel.bar(
                middles, height, width=edges[1] - edges[0], color=colours.to_rgba(middles), edgecolor=INK, linewidth=0.4
            )
            mean, within = float((error * share).sum()), 100 * float(share[np.abs(error) <= 1].sum())
            panel.axvline(0, color=INK, linewidth=0.8)
            panel.axvline(mean, color=INK, linewidth=1.6, linestyle="--")
            said = f"{mean:+.2f}".replace("-", "\N{MINUS SIGN}")
            panel.set_title(f"{name}: mean {said} {unit}, {within:.0f} % of the surface within 1 {unit}")
            panel.set_ylabel("% of the surface")
        axes[-1, 0].set_xlabel(f"signed error ({unit}): inside the reference < 0 < outside; dashed: the mean")
        if title:
            figure.suptitle(title)
    return figure


def _has_errors(table: Any) -> bool:
    return (
        bool(len(table))
        and table.column("signed_error") in table
        and bool(table.measured("signed_error").notna().all())
    )
