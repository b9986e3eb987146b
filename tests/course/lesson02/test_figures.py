"""The figures of lesson 02: legible, complete, and following their numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from figure_checks import assert_legible, assert_no_empty_axes, said

from banet_edu import make_phantom
from banet_edu.course.lesson02.figures import (
    augmentation_figure,
    boundary_target_figure,
    frame_share,
    jpeg_figure,
    masks_figure,
    wide_target,
)
from banet_edu.course.lesson02.traps import jpeg_levels
from banet_edu.data.sample import Sample
from banet_edu.training.losses import boundary_target

PHANTOM = make_phantom("dermoscopy", seed=1, size=96)
CUT = Sample(PHANTOM.image[48:], PHANTOM.mask[48:], "cut", PHANTOM.spacing_mm)

FIGURES = {
    "augmentation": lambda: augmentation_figure(PHANTOM, 3, "left behind"),
    "target": lambda: boundary_target_figure(CUT, 5, "zeros beyond"),
    "jpeg levels": lambda: jpeg_figure(PHANTOM, jpeg_levels(PHANTOM.mask), {}),
    "jpeg read": lambda: jpeg_figure(PHANTOM, jpeg_levels(PHANTOM.mask), {"above 0": jpeg_levels(PHANTOM.mask) > 0}),
    "masks": lambda: masks_figure({"before": PHANTOM, "after": PHANTOM.at((24, 48))}),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figure_is_legible_and_complete(name):
    figure = FIGURES[name]()
    assert_legible(figure, name)
    assert_no_empty_axes(figure, name)


def test_target_of_width_2_is_the_packages_and_false_edges_are_counted():
    for padding in ("replicate", "zero"):
        own = boundary_target(torch.from_numpy(CUT.mask.astype(np.int64))[None], padding)[0].numpy()
        assert np.array_equal(wide_target(CUT.mask, 2, padding), own)
    assert frame_share(CUT.mask) > 0.1 and frame_share(PHANTOM.mask) == 0 == frame_share(np.zeros((9, 9), bool))
    assert "\n0 % of the target is false" in said(boundary_target_figure(CUT, 5, "frame repeated"))
    assert "false edge" in said(boundary_target_figure(CUT, 5, "zeros beyond"))
    with pytest.raises(ValueError, match=r"2, 4, 6, ... pixels wide, not 3"):
        wide_target(CUT.mask, 3)
