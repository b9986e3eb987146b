"""How unusual the image is at each boundary point: one severity per possible cause of an error, 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from banet_edu.explain.boundary.tables import Profile

PRESENT = 0.5  # severity from which a property counts as present
_LEAST_CONTRAST = 10.0  # RGB levels: where the usual contrast is below, no ratio to it means anything


@dataclass(frozen=True)
class Cause:
    """A property that may explain an error: its name, in words, and what a reader can do about it."""

    name: str
    words: str
    there: str
    advice: str


CAUSES = (
    Cause(
        "low_contrast",
        "low contrast",
        "it hardly stands out from what surrounds it",
        "look at another lighting or colour channel",
    ),
    Cause("soft_edge", "soft edge", "the edge is smeared out", "no line is right here: give a range instead"),
    Cause(
        "occluder", "hair/line or highlight", "something lies over the outline", "clear it away or take another image"
    ),
    Cause(
        "look_alike",
        "look-alike neighbour",
        "what lies outside looks like the object",
        "compare with other views, to see whether it is part of the object",
    ),
    Cause(
        "sharp_bend",
        "sharp bend",
        "the outline turns sharply",
        "a coarse network rounds corners off: draw them by hand",
    ),
    Cause(
        "noise", "noise", "the image is grainier than elsewhere", "average several frames, or use more light or dose"
    ),
    Cause(
        "frame",
        "image frame",
        "the outline comes close to the frame",
        "take the image with more room around the object",
    ),
)


def severities(profile: pd.DataFrame) -> pd.DataFrame:
    """One column per cause, 0 (usual) to 1 (clearly unusual), for each row of a profile.

    Usual is the median of the whole profile: of this outline, or of all of a cohort's.

    Ramps, from 0 to 1: contrast from 0.5 to 0.25 of the usual one; edge width from 1.6 to 2.5 times; occluder share 0.1 to
    0.35; look-alike share 0.3 to 0.6; radius of curvature from 12 down to 6 working pixels (1/256 of the image side each);
    noise from 1.3 to 2 times; distance to the frame from 12 down to 3 working pixels.
    """
    profile = Profile.of(profile)
    pixel = _pixel(profile)
    occluder = _ramp(profile["occluder"], 0.1, 0.35)
    free = occluder < PRESENT

    def relative(values: pd.Series, least: float = 1e-6) -> pd.Series:
        values = values.abs()  # a strong edge is one whichever side is the lighter
        usual = values[free if free.any() else slice(None)].median()
        return values / max(usual, least) if usual == usual else values * np.nan

    alike = _ramp(profile["look_alike"], 0.3, 0.6) * (1 - occluder)
    low_contrast = _ramp(-relative(profile["contrast"], _LEAST_CONTRAST), -0.5, -0.25) * (1 - occluder) * (1 - alike)
    wide = np.log(relative(profile.measured("edge_width"))).fillna(0.0)
    found = {
        "low_contrast": low_contrast,
        "soft_edge": _ramp(wide, np.log(1.6), np.log(2.5)) * (1 - low_contrast) * (1 - occluder) * (1 - alike),
        "occluder": occluder,
        "look_alike": alike,
        "sharp_bend": _ramp(profile.measured("curvature_per").abs() * pixel, 1 / 12, 1 / 6),
        "noise": _ramp(relative(profile["noise"]), 1.3, 2.0) * (1 - occluder),
        "frame": _ramp(-profile.measured("frame_distance") / pixel, -12.0, -3.0),
    }
    return pd.DataFrame(found)


def _ramp(values: pd.Series, zero: float, one: float) -> pd.Series:
    return ((values - zero) / (one - zero)).clip(0.0, 1.0)


def _pixel(profile: Profile) -> pd.Series:
    """Length of a working pixel at each row: the usual distance between neighbouring points of that image."""
    steps = profile.steps()
    return steps.groupby(profile["name"], sort=False).transform("median").fillna(steps.median())
