"""Inside, on the boundary, outside: the mean of an inner map in each, against the true mask."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch.nn.functional import adaptive_avg_pool3d

ZONES = ("inside", "boundary", "outside")


def zone_means(values: NDArray[Any], mask: NDArray[np.bool_], *, within: float = 1.0) -> NDArray[np.float64]:
    """Mean of a map in three zones of the picture: inside, on the boundary, outside.

    Args:
        values: h x w, any resolution, covering the mask's field of view; of a volume d x h x w.
        mask: H x W bool, the object; D x H x W.
        within: a cell of the map belongs to the boundary when its centre is at most this many of its cells away.

    Returns: three numbers; nan for a zone without a cell (a coarse map may have none inside a small object).

    >>> mask = np.zeros((64, 64), bool); mask[16:48, 16:48] = True
    >>> zone_means(mask.astype(float)[::4, ::4], mask).round(1).tolist()
    [1.0, 0.4, 0.0]
    """
    mask = np.asarray(mask) > 0
    if not mask.any() or mask.all():
        raise ValueError("zones need a mask with an inside and an outside")
    distance = (distance_transform_edt(~mask) - distance_transform_edt(mask)).astype(np.float32)
    if values.ndim == 3:
        cells = adaptive_avg_pool3d(torch.from_numpy(distance)[None], values.shape)[0].numpy()
    else:
        cells = cv2.resize(distance, values.shape[::-1], interpolation=cv2.INTER_AREA)
    cells = cells * values.shape[0] / mask.shape[0]
    parts = (cells < -within, np.abs(cells) <= within, cells > within)
    return np.array([values[part].mean() if part.any() else np.nan for part in parts], np.float64)
