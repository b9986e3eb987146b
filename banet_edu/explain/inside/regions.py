"""Parts of an image that a question is about: the band along its boundary, one segment of the contour."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from banet_edu.config import check_spacing

_WHY_EMPTY = (
    "Where the network found nothing, ask about the reference instead: boundary_band(sample.mask > 0, ...) or "
    "Region(name, sample.mask > 0)"
)


@dataclass(frozen=True, eq=False)
class Region:
    """Pixels of an image, and what to call them.

    Attributes:
        name: for titles and tables.
        mask: h x w bool (of a volume d x h x w), at the size of the sample's mask (of its prediction, where it has no mask),
            True on the region.

    Raises ValueError where `mask` is no bool array of two or three dimensions, or holds no pixel.

    >>> Region("left half", np.arange(8) < np.full((8, 1), 4)).mask.sum()
    np.int64(32)
    """

    name: str
    mask: NDArray[np.bool_]

    def __post_init__(self) -> None:
        mask = np.asarray(self.mask)
        if mask.ndim not in (2, 3) or mask.dtype != bool:
            raise ValueError(f"the region {self.name!r} must be an h x w bool array, got {mask.shape} {mask.dtype}")
        if not mask.any():
            raise ValueError(f"the region {self.name!r} holds no pixel. {_WHY_EMPTY}")

    def __repr__(self) -> str:
        sides, of = " x ".join(map(str, self.mask.shape)), "pixels" if self.mask.ndim == 2 else "voxels"
        return f"Region({self.name!r}, {int(self.mask.sum())} of {sides} {of})"


def boundary_band(
    mask: NDArray[np.bool_], *, width: float | None = None, spacing_mm: tuple[float, ...] | None
) -> Region:
    """The pixels on both sides of a mask's boundary.

    Args:
        mask: h x w bool, or d x h x w of a volume.
        width: of the whole band, half of it on each side, in mm with a spacing, else in pixels of the mask. None: 4 %
            of the image diagonal. The pixels that touch the boundary always belong to the band.
        spacing_mm: (row, column) size of one mask pixel in mm, (z, y, x) of a voxel, or None where it is not known.

    The image frame is not a boundary: where the object leaves the image there is no band.

    Raises ValueError on a mask without a boundary (empty, or filling the image), or a width that is not positive.

    >>> mask = np.zeros((20, 20), bool); mask[5:15, 5:15] = True
    >>> boundary_band(mask, width=2, spacing_mm=None)
    Region('boundary band, 2 px wide', 80 of 20 x 20 pixels)
    """
    mask = _checked(mask)
    spacing = None if spacing_mm is None else check_spacing(spacing_mm, mask.ndim)
    steps = spacing or (1.0,) * mask.ndim
    if width is None:
        width = 0.04 * float(np.hypot.reduce(np.multiply(mask.shape, steps)))
    if not (np.isfinite(width) and width > 0):
        raise ValueError(f"the band's width must be a positive number of {'px' if spacing is None else 'mm'}: {width}")
    # A pixel that touches the boundary is half a pixel from it, and a whole one from the nearest pixel beyond.
    reach = max(width / 2 + 0.5 * min(steps), max(steps))
    more = (int(np.ceil(reach / step)) + 1 for step in steps)
    filled = (np.flatnonzero(mask.any(axis=tuple({*range(mask.ndim)} - {axis}))) for axis in range(mask.ndim))
    # A 12-megapixel mask costs as little as its object.
    window = tuple(slice(max(at[0] - out, 0), at[-1] + out + 1) for at, out in zip(filled, more, strict=True))
    inner = mask[window]
    near = np.where(inner, _distance(inner, steps), _distance(~inner, steps)) <= reach * (1 + 1e-6)
    band = np.zeros(mask.shape, bool)
    band[window] = near
    return Region(f"boundary band, {width:.3g} {'px' if spacing is None else 'mm'} wide", band)


def contour_segment(
    mask: NDArray[np.bool_],
    *,
    from_deg: float,
    to_deg: float,
    width: float | None = None,
    spacing_mm: tuple[float, float] | None,
) -> Region:
    """The part of `boundary_band` that is seen from the object's centroid between two directions.

    Args:
        mask, width, spacing_mm: as in `boundary_band`.
        from_deg, to_deg: directions in degrees, counter-clockwise from the first to the second: 0 right, 90 up, as the
            sectors of `make_phantom`. (330, 30) spans 0; equal ones mean the whole turn. Of several objects each has its
            own centroid, and a pixel of the band belongs to the nearest.

    Raises ValueError as `boundary_band` does, and where nothing of the band lies in those directions.

    >>> mask = np.hypot(*np.mgrid[-20:21, -20:21]) <= 12
    >>> rows, columns = np.nonzero(contour_segment(mask, from_deg=80, to_deg=100, width=2, spacing_mm=None).mask)
    >>> int(rows.max()), int(columns.min()), int(columns.max())  # a little arc at the top
    (9, 18, 22)
    """
    if not np.isfinite([from_deg, to_deg]).all():
        raise ValueError(f"from_deg and to_deg must be finite angles in degrees, got {from_deg} and {to_deg}")
    band = boundary_band(mask, width=width, spacing_mm=spacing_mm)
    mask = _checked(mask)
    if mask.ndim == 3:
        raise ValueError("directions around an object are those of an image: of a volume take boundary_band")
    row, column = spacing_mm or (1.0, 1.0)
    count, parts, _, centres = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    points = np.argwhere(band.mask)
    owner = parts[tuple(points.T)]
    if count == 2:
        owner[:] = 1
    elif (owner == 0).any():
        at = distance_transform_edt(parts == 0, sampling=(row, column), return_distances=False, return_indices=True)
        owner = parts[tuple(at[:, points[:, 0], points[:, 1]])]
    offset = (points - centres[owner][:, ::-1]) * (row, column)
    angle = np.degrees(np.arctan2(-offset[:, 0], offset[:, 1]))
    span = (to_deg - from_deg) % 360.0 or 360.0
    chosen = points[(angle - from_deg) % 360.0 <= span]
    if len(chosen) == 0:
        raise ValueError(f"no part of the boundary is seen between {from_deg:g} and {to_deg:g} degrees")
    segment = np.zeros(mask.shape, bool)
    segment[tuple(chosen.T)] = True
    return Region(f"contour from {from_deg:g} to {to_deg:g} degrees", segment)


def _checked(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    mask = np.asarray(mask)
    if mask.ndim not in (2, 3) or mask.dtype != bool:
        raise ValueError(f"a mask must be an h x w bool array, got {mask.shape} {mask.dtype}; try mask > 0")
    if not mask.any():
        raise ValueError(f"the mask is empty, so there is no boundary. {_WHY_EMPTY}")
    if mask.all():
        raise ValueError("the mask fills the image, so there is no boundary: the image frame is none")
    return np.ascontiguousarray(mask)


def _distance(inside: NDArray[np.bool_], spacing: tuple[float, ...]) -> NDArray[np.floating]:
    """h x w: from each inside pixel to the nearest one outside (the array's edge counts for neither)."""
    if inside.ndim == 3 or spacing[0] != spacing[1]:
        return distance_transform_edt(inside, sampling=spacing)
    exact = cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return exact * np.float32(spacing[0])
