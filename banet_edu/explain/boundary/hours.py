"""Directions as hours on a clock's face."""

from __future__ import annotations

import numpy as np


def clock(from_deg: float, to_deg: float, middle_deg: float | None = None) -> str:
    """A stretch of an outline seen from the centre of its contour, as on a clock face.

    Args:
        from_deg, to_deg: the directions of its ends, 0 right, 90 up.
        middle_deg: a direction between them: tells the short way round from the long one. None: the short way.

    >>> clock(80, 100), clock(350, 10)
    ("at 12 o'clock", "at 3 o'clock")
    >>> clock(150, 30), clock(150, 30, 270)
    ("from 10 to 2 o'clock", "from 2 to 10 o'clock")
    """
    if middle_deg is None:
        half = ((to_deg - from_deg + 180) % 360 - 180) / 2
        if abs(half) < 1:
            return f"at {hour(from_deg + half)} o'clock"
        middle_deg = from_deg + half
    elif _apart(from_deg, to_deg) < 45 and min(_apart(middle_deg, end) for end in (from_deg, to_deg)) < 1:
        return clock(from_deg, to_deg)  # a stretch so short that its points turn back: its middle tells no way round
    span = (from_deg - to_deg) % 360  # clockwise
    if (from_deg - middle_deg) % 360 > span:  # the stretch runs the other way
        from_deg, to_deg, span = to_deg, from_deg, 360 - span
    if span > 330:
        return "almost all around"
    first, last = hour(from_deg), hour(to_deg)
    if span < 45 or first == last:
        return f"at {hour(from_deg - span / 2)} o'clock"
    return f"from {first} to {last} o'clock"


def _apart(one_deg: float, other_deg: float) -> float:
    return abs((one_deg - other_deg + 180) % 360 - 180)


def hour(angle_deg: float) -> int:
    """The hour, 1 to 12, that a clock's hand in this direction (0 right, 90 up) is nearest to.

    >>> hour(90), hour(0), hour(180)
    (12, 3, 9)
    """
    return int(np.rint((90 - angle_deg) / 30)) % 12 or 12
