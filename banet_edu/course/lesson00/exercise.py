"""Lesson 00, quickstart: what is said of the errors that its reader measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from banet_edu.course.values import numeric

# What stands beside ASSD in the tables, by its column.
SLIPS = {
    "hd_mm": ("the errors at the worst point (HD), not on average", 'Take "assd_mm" in the place of "hd_mm".'),
    "bias_mm": ("the signed errors (bias), in which + and - cancel", 'Take "assd_mm" in the place of "bias_mm".'),
    "assd_px": (
        "in pixels, not in mm",
        'Pass spacing_mm=sample.spacing_mm, and take "assd_mm" in the place of "assd_px".',
    ),
    "JA": ("the overlaps (JA), not distances", 'Call boundary_metrics(...), not overlap(...), and take "assd_mm".'),
}


def slip_of(errors_mm: Sequence[float], measured: pd.DataFrame) -> str:
    """What is wrong with `errors_mm` beside the table of `evaluate`, with a hint below; "" where all are right.

    >>> measured = pd.DataFrame({"assd_mm": [0.2, 0.6], "hd_mm": [0.5, 2.2], "bias_mm": [0.1, 0.5]})
    >>> slip_of([0.2, 0.6], measured)
    ''
    >>> print(slip_of([0.5, 2.2], measured))
    Not yet: these are the errors at the worst point (HD), not on average.
    Take "assd_mm" in the place of "hd_mm".
    """
    try:
        found = np.asarray([numeric(each) for each in errors_mm])
        if any(np.ndim(each) for each in errors_mm):
            raise TypeError("rows")
    except (TypeError, ValueError):
        return 'Not yet: errors_mm is no list of numbers.\nTake ["assd_mm"] of what boundary_metrics gives.'
    if len(found) != len(measured):
        many = f"{len(found)} error{'' if len(found) == 1 else 's'}"
        return f"Not yet: {many} for {len(measured)} samples.\nKeep `for sample in samples` in the list."
    if np.allclose(found, measured["assd_mm"], atol=0.01):
        return ""
    for column, (said, hint) in SLIPS.items():
        if column in measured and np.allclose(found, measured[column], atol=0.01):
            return f"Not yet: these are {said}.\n{hint}"
    if len(set(found)) == 1:
        return (
            "Not yet: every sample has the same error.\nCall predict(model, sample) inside the list, for each sample."
        )
    if np.isclose(found[0], measured["assd_mm"].iloc[0], atol=0.01):
        return (
            "Not yet: the first error is right, others are not: something is still that of the first sample, or not the ASSD.\n"
            "Inside the list everything must be each sample's own: predict(model, sample).mask against sample.mask, with "
            'spacing_mm=sample.spacing_mm, then ["assd_mm"].'
        )
    return (
        "Not yet: these are not the errors of each sample's own prediction, or not their ASSD in mm.\n"
        "Inside the list: predict(model, sample).mask against sample.mask, with spacing_mm=sample.spacing_mm."
    )
