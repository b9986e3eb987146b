"""The same scene painted again without a suspected cause: what becomes of the error there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from banet_edu.course.lesson08.places import Sector, sector_errors
from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.profiles import boundary_profile
from banet_edu.figures.contour import draw_lines, draw_scale_bar, mask_outlines
from banet_edu.figures.style import INK, PREDICTION, REFERENCE, draw_image, new_figure, proportion, styled
from banet_edu.prediction import Prediction

_DASHES = (0, (4, 3))
_HALO = [Stroke(linewidth=2.8, foreground=INK), Normal()]


def repainted_figure(
    cases: Mapping[str, tuple[Sample, Prediction]], sector: Sector, *, highlight: str = "", title: str = ""
) -> Figure:
    """One image per case, cut to the objects and a margin: both outlines, the sector between two rays, the errors above.

    In the sector it is the mean signed error (inside below 0), elsewhere the mean distance, whichever the side.

    Args:
        cases: name -> (sample with mask, its prediction); two to four.
        sector: as for `in_sector`.
        highlight: the name of the case whose title is bold.

    Raises ValueError where a case has no error to measure (nothing found, or no mask).
    """
    if not 2 <= len(cases) <= 4:
        raise ValueError(f"repainted_figure compares two to four cases, got {len(cases)}")
    (sample, prediction), columns = next(iter(cases.values())), len(cases)
    part = proportion(prediction.mask.shape, prediction.spacing_mm)
    masks = [either.mask > 0 for case in cases.values() for either in case if either.mask is not None]
    top, left, height, width = _window(masks)
    # A little smaller than the column is wide: the titles then have their room.
    figure, [axes] = new_figure(1, columns, height=(1.3 if title else 1.0) + min(2.15, 9.2 / columns) * part)
    with styled():
        for panel, (name, (sample, prediction)) in zip(axes, cases.items(), strict=True):
            profile = boundary_profile(sample, prediction)
            if sample.mask is None or not profile.has_errors:
                raise ValueError(f"{name}: nothing was found or there is no mask, so no error to compare")
            inside, elsewhere = sector_errors(profile, sector)
            size, spacing = prediction.mask.shape, prediction.spacing_mm
            draw_image(panel, sample.image, size, spacing_mm=spacing)
            draw_lines(panel, mask_outlines(sample.mask > 0), colour=REFERENCE)
            draw_lines(panel, prediction.contours, colour=PREDICTION)
            centre = np.argwhere(sample.mask > 0).mean(axis=0)
            for degrees in sector:
                away = 0.47 * min(size) * np.array([-np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])
                panel.plot(*zip(centre[::-1], (centre + away)[::-1], strict=True), color="w", linewidth=1.2,
                           linestyle=_DASHES)  # fmt: skip
            panel.set_anchor("N")  # else the layout takes the room above a picture for that of its title
            panel.set_xlim(left, left + width)
            panel.set_ylim(top + height, top)
            short = profile.unit.replace("pct", "% of diag.")
            panel.set_title(
                f"{name}\nin the sector {inside:+.2f} {short}\nelsewhere off by {elsewhere:.2f} {short}",
                fontweight="bold" if name == highlight else "normal",
                fontsize=10,
            )
            if spacing is not None:
                before = len(panel.lines)
                draw_scale_bar(panel, (round(height), round(width)), spacing)
                for drawn in (*panel.lines[before:], *panel.texts):  # it stands at the lower left of a whole image
                    drawn.set_transform(Affine2D().translate(left, top) + drawn.get_transform())
        entries = [
            Line2D([], [], color=colour, linewidth=1.6, path_effects=_HALO) for colour in (REFERENCE, PREDICTION)
        ]
        entries.append(Line2D([], [], color=INK, linewidth=1.2, linestyle=_DASHES))
        figure.legend(entries, ["reference", "network's line", "sector (white)"], loc="outside lower center", ncols=3)
        if title:
            figure.suptitle(title)
    return figure


def _window(masks: list[NDArray[np.bool_]]) -> tuple[float, float, float, float]:
    """Top, left, height and width, in the image's proportions, of what holds all masks and a margin."""
    if any(mask.shape != masks[0].shape for mask in masks):
        raise ValueError("repainted_figure compares paintings of one scene: their sizes differ")
    size, found = np.array(masks[0].shape, float), np.argwhere(np.any(masks, axis=0))
    low, high = (found.min(axis=0), found.max(axis=0) + 1) if len(found) else (np.zeros(2), size)
    share = min(1.0, 1.35 * float(((high - low) / size).max()))
    top, left = np.clip((low + high - share * size) / 2, 0, (1 - share) * size) - 0.5
    height, width = share * size
    return float(top), float(left), float(height), float(width)
