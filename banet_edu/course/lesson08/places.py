"""Places on an outline that the lesson looks at, and the error there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from banet_edu.explain.boundary.tables import Profile

Sector = tuple[float, float]


def telling_places(profile: pd.DataFrame) -> list[int]:
    """Three rows of a profile with errors: the most exact one, a usual one, and the one that is most off."""
    order = np.argsort(Profile.of(profile).measured("signed_error").abs().to_numpy(), kind="stable")
    return [int(order[0]), int(order[len(order) // 2]), int(order[-1])]


def most_slack(profile: pd.DataFrame) -> int:
    """The row of a profile where the network's line has the most slack."""
    return int(Profile.of(profile).measured("slack").to_numpy().argmax())


def in_sector(profile: pd.DataFrame, sector: Sector) -> pd.DataFrame:
    """The rows of a profile that are seen from the object's centre between two directions.

    `sector`: degrees, counter-clockwise from the first to the second, 0 right, 90 up, as those of `make_phantom`.
    """
    begin, end = sector
    return profile[(profile["angle_deg"] - begin) % 360 <= (end - begin) % 360]


def sector_errors(profile: pd.DataFrame, sector: Sector) -> tuple[float, float]:
    """Mean signed error in the sector (inside below 0), and mean distance elsewhere, whichever the side, in its unit."""
    error = Profile.of(profile).measured("signed_error")
    there = error.index.isin(in_sector(profile, sector).index)
    return float(error[there].mean()), float(error[~there].abs().mean())
